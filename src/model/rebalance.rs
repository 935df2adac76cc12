//! Rebalance protocols: how long which partitions pause when ownership changes.
//!
//! # Rule
//! Given the old and new owner of each partition, a protocol answers for each partition the pause
//! (from the instant the membership changed) during which nobody consumes it.
//! # Assumes
//! Members are healthy; timings are those of the protocol and of the members' poll loops.
//! # Breaks
//! A member that fails to rejoin in time (`max.poll.interval.ms`) is a fault, not a rebalance.
//! # Source
//! Classic protocol: `GroupCoordinator`, KIP-429; consumer protocol: KIP-848.

use crate::units::SimSpan;

pub use super::rebalances::Rebalance;

/// What a protocol needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The old owner of each partition, as a member id that is stable across the change.
    pub old: &'a [Option<u32>],
    /// The new owner of each partition.
    pub new: &'a [Option<u32>],
    /// `heartbeat.interval.ms` of the protocol in use.
    pub heartbeat: SimSpan,
    /// The time a member needs to finish the batch of its current poll.
    pub poll_loop: SimSpan,
    /// Round trip to the coordinator.
    pub round_trip: SimSpan,
    /// A uniform number in (0, 1) per member id that shifts its heartbeat phase; the caller draws.
    pub phase: &'a [f64],
}

/// When nobody consumes a partition, counted from the instant the membership changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pause {
    /// The old owner stops.
    pub from: SimSpan,
    /// The new owner starts; equal to `from` when there is no pause.
    pub until: SimSpan,
}

/// What every protocol does.
pub trait RebalanceProtocol {
    /// The pause of each partition.
    fn pauses(&self, change: &Change<'_>) -> Vec<Pause>;
}
