//! Objectives: what must hold, of which metric, where.

use crate::cluster::{GroupId, ProducerId};
use crate::units::SimSpan;

/// `METRIC(ENTITY)[.STAT] (<|≤|>|≥) QUANTITY [in P % of (time | SPAN windows)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// As written.
    pub text: String,
    /// The metric and its entity.
    pub metric: Metric,
    /// The statistic; `None` looks at the value itself.
    pub stat: Option<Stat>,
    /// The comparison.
    pub comparison: Comparison,
    /// The limit, in the unit of the metric.
    pub limit: f64,
    /// Where it must hold.
    pub window: Window,
}

/// Metrics that objectives may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Committed lag of a group in records.
    Lag(GroupId),
    /// Age of the oldest unprocessed record of a group in seconds.
    LagSeconds(GroupId),
    /// Publish latency of a producer's records in milliseconds.
    Publish(ProducerId),
    /// End-to-end latency of what a group reads in milliseconds.
    EndToEnd(GroupId),
    /// Mean CPU utilisation of the brokers in service, 0–1.
    BrokerCpu,
}

impl Metric {
    /// Whether it is a distribution over records instead of a value over time.
    pub const fn is_latency(self) -> bool {
        matches!(self, Self::Publish(_) | Self::EndToEnd(_))
    }
}

/// A statistic over a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// Mean over time.
    Mean,
    /// Largest value.
    Max,
    /// A quantile over time, 0–1.
    Quantile(f64),
}

/// How a value is compared with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `≤` or `<=`
    AtMost,
    /// `>`
    Above,
    /// `≥` or `>=`
    AtLeast,
}

/// Where an objective must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// Over the whole run, as one value.
    Run,
    /// At a share of all instants.
    Time {
        /// Share, 0–1.
        share: f64,
    },
    /// In a share of consecutive windows of one length.
    Windows {
        /// Share, 0–1.
        share: f64,
        /// Length of a window.
        span: SimSpan,
    },
}

impl Comparison {
    /// Whether `value` satisfies the comparison with `limit`.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
    /// The sign as written in outputs.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "≤",
            Self::Above => ">",
            Self::AtLeast => "≥",
        }
    }
}
