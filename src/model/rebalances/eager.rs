//! The classic eager protocol.
//!
//! # Rule
//! The coordinator answers each member's next heartbeat with "rebalance in progress". The member
//! finishes the poll in hand, gives all partitions up and joins again; when the last one has
//! joined, all synchronise (one more round trip) and start.
//! # Assumes
//! Nobody needs longer than `max.poll.interval.ms`.
//! # Breaks
//! The wait for an empty group (`group.initial.rebalance.delay.ms`) is not part of a change.
//! # Source
//! Kafka's `AbstractCoordinator` and `GroupMetadataManager` (classic groups).

use super::{members, next_heartbeat};
use crate::model::rebalance::{Change, Pause, RebalanceProtocol};
use crate::units::SimSpan;

/// Everyone stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eager;

impl RebalanceProtocol for Eager {
    fn pauses(&self, change: &Change<'_>) -> Vec<Pause> {
        let stop = |member: u32| next_heartbeat(change, member) + change.poll_loop;
        let until = round(change);
        let of_owner = |owner: &Option<u32>| {
            let from = owner.map_or(SimSpan::ZERO, stop);
            Pause { from: from.min(until), until }
        };
        change.old.iter().map(of_owner).collect()
    }
}

/// One round of join and sync: over when the slowest of those that owned something has rejoined.
pub(super) fn round(change: &Change<'_>) -> SimSpan {
    let owned = |member: &u32| change.old.contains(&Some(*member));
    let slowest = members(change)
        .into_iter()
        .filter(owned)
        .map(|member| next_heartbeat(change, member) + change.poll_loop)
        .max();
    slowest.unwrap_or(SimSpan::ZERO) + change.round_trip * 2
}
