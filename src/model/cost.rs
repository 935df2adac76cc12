//! CPU and time costs of requests, batches, records and bytes on a broker.
//!
//! # Equation
//! CPU seconds of one second of load on a broker, on a core of speed 1:
//! produce: `requests·a + batches·b + records·c + bytes·d`; follower fetches served, follower
//! appends and consumer fetches likewise, each with its own coefficients.
//! # Assumes
//! Costs are linear in requests, batches, records and bytes within the calibrated range; a faster
//! core divides all of them by its speed.
//! # Breaks
//! Message-format conversion costs extra and is not in these terms; compression has cards of its
//! own (`models/codecs`).
//! # Source
//! Starting values: kafsim's own priors (×/÷ 1.7), on the card with their uncertainty.

use super::client::Acks;
use super::failover::FailoverCosts;
use super::heap::Heaps;
use crate::units::{Bytes, SimSpan};

/// The costs of one cost card. Every value is for a core of speed 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Waking a sleeping thread: latency, hardly CPU.
    pub hand_off: SimSpan,
    /// CPU per produce request at the leader.
    pub produce_request: SimSpan,
    /// CPU per fetch request at the leader, from followers and consumers.
    pub fetch_request: SimSpan,
    /// CPU per batch appended at the leader.
    pub leader_batch: SimSpan,
    /// CPU per batch appended at a follower.
    pub follower_batch: SimSpan,
    /// CPU per record validated at the leader.
    pub leader_record: SimSpan,
    /// CPU per byte received and appended at the leader, in nanoseconds per byte.
    pub produce_ns_per_byte: f64,
    /// CPU per byte fetched and appended at a follower, in nanoseconds per byte.
    pub follower_ns_per_byte: f64,
    /// CPU per byte sent from the page cache, in nanoseconds per byte.
    pub send_ns_per_byte: f64,
    /// CPU at the leader per partition of a fetch session and fetch.
    pub session_partition: SimSpan,
    /// CPU per record in a consumer's `poll`, before the application's own work.
    pub consumer_record: SimSpan,
    /// CPU and waiting per `poll` call, before the application's own work.
    pub consumer_poll: SimSpan,
    /// Of the request costs, what network threads do: once for the request, once for the response.
    pub network_request: SimSpan,
    /// Of `produce_ns_per_byte`, what network threads do.
    pub socket_in_ns_per_byte: f64,
    /// CPU per partition that a parked fetch watches, each time it is looked at.
    pub watch_partition: SimSpan,
    /// CPU at a follower per partition of a fetch that it builds.
    pub follower_partition: SimSpan,
    /// CPU of the producer's application thread per record: serialising, `send`.
    pub producer_record: SimSpan,
    /// CPU of the producer's application thread per byte, in nanoseconds per byte.
    pub producer_ns_per_byte: f64,
    /// CPU of the producer's sender thread per request, its response included.
    pub producer_request: SimSpan,
    /// CPU of the producer's sender thread per batch: drain and callbacks.
    pub producer_batch: SimSpan,
    /// CPU of the producer's sender thread per known partition and loop.
    pub sender_partition: SimSpan,
    /// CPU of a consumer per fetch.
    pub consumer_fetch: SimSpan,
    /// CPU of a consumer per byte: socket, checksum, iteration, in nanoseconds per byte.
    pub consumer_ns_per_byte: f64,
    /// CPU per offset commit at the coordinator.
    pub commit_request: SimSpan,
    /// Coefficient of variation of a piece of CPU work.
    pub cpu_noise: f64,
    /// CPU of a running broker without any load, in cores of speed 1.
    pub idle_cores: f64,
    /// Making the files of a new segment, under the log's lock.
    pub segment_roll: SimSpan,
    /// CPU per byte encrypted or decrypted, in nanoseconds.
    pub tls_ns_per_byte: f64,
    /// Waking a thread takes Pareto's law with exponent 2, from this share of `hand_off` on.
    pub wake_least: f64,
    /// Cut off where this share of wake-ups is slower.
    pub wake_rarest: f64,
    /// Bytes of a request, or of a response, beside its batches.
    pub header_bytes: u64,
    /// Bytes of a partition in a fetch request whose position has changed.
    pub fetch_partition_bytes: u64,
    /// Bytes of a committed offset.
    pub offset_bytes: u64,
    /// When processes pause to collect garbage.
    pub heap: Heaps,
    /// What changes of leaders and starts of brokers take.
    pub failover: FailoverCosts,
    /// Memory of a broker that is not page cache: heap and the system's own.
    pub broker_memory: Bytes,
}

/// Threads that a request wakes in turn: network thread, request handler, network thread, client.
const HAND_OFFS: u64 = 4;

impl Costs {
    /// Time from sending a small produce request to an idle cluster until its response; with
    /// acks=all a follower's fetch lies in between.
    pub fn produce_response(&self, acks: Acks, round_trip: SimSpan) -> SimSpan {
        let leader = round_trip + self.hand_off * HAND_OFFS + self.produce_request;
        match acks {
            Acks::None | Acks::Leader => leader,
            Acks::All => leader + self.fetch_cycle(round_trip, 1),
        }
    }

    /// Time of one fetch over a session of `partitions` from an idle leader that has data.
    pub fn fetch_cycle(&self, round_trip: SimSpan, partitions: u32) -> SimSpan {
        round_trip
            + self.hand_off * HAND_OFFS
            + self.fetch_request
            + self.session_partition * u64::from(partitions)
    }
}
