//! The consumer protocol of KIP-848.
//!
//! # Rule
//! There is no barrier. The old owner learns at its next heartbeat that it must give a partition
//! up, finishes the poll in hand, and reports the revocation with an immediate heartbeat. The new
//! owner gets the partition at its first heartbeat after that, one round trip later it starts.
//! # Assumes
//! Heartbeats come every `group.consumer.heartbeat.interval.ms` at a phase per member.
//! # Breaks
//! A new member's very first heartbeats, which come at once, are counted as its start-up time.
//! # Source
//! KIP-848, Kafka's `CurrentAssignmentBuilder` and `ConsumerHeartbeatRequestManager`.

use super::next_heartbeat;
use crate::model::rebalance::{Change, Pause, RebalanceProtocol};
use crate::units::SimSpan;

/// No barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerProtocol;

impl RebalanceProtocol for ConsumerProtocol {
    fn pauses(&self, change: &Change<'_>) -> Vec<Pause> {
        let of_partition = |(old, new): (&Option<u32>, &Option<u32>)| {
            if old == new {
                return Pause::default();
            }
            let (stopped, free) = match old {
                Some(old) => {
                    let stopped = next_heartbeat(change, *old) + change.poll_loop;
                    (stopped, stopped + change.round_trip)
                }
                None => (SimSpan::ZERO, SimSpan::ZERO),
            };
            let learns = new.map_or(free, |new| heartbeat_after(change, new, free));
            Pause { from: stopped, until: learns + change.round_trip }
        };
        change.old.iter().zip(change.new).map(of_partition).collect()
    }
}

/// The member's first heartbeat at or after an instant.
fn heartbeat_after(change: &Change<'_>, member: u32, instant: SimSpan) -> SimSpan {
    let first = next_heartbeat(change, member);
    let late = instant.saturating_sub(first).as_nanos();
    let beats = late.div_ceil(change.heartbeat.as_nanos().max(1));
    first + change.heartbeat * beats
}
