//! Where requests spend their time.

use super::Quantiles;

/// Mean time of a kind of request in Kafka's phases.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestPhases {
    /// Requests/s.
    pub requests_s: f64,
    /// `RequestQueueTimeMs`.
    pub request_queue_ms: f64,
    /// `LocalTimeMs`.
    pub local_ms: f64,
    /// `RemoteTimeMs`.
    pub remote_ms: f64,
    /// `ResponseQueueTimeMs` and `ResponseSendTimeMs` together.
    pub response_ms: f64,
    /// `TotalTimeMs`.
    pub total_ms: Option<Quantiles>,
}
