//! The classic cooperative protocol.
//!
//! # Rule
//! Members keep consuming while they rejoin. The first round tells the owners of moving partitions
//! to revoke them, and hands out those that nobody owns; the revocation starts a second round,
//! after which the new owners start. Only moving partitions pause, from the first round's end to
//! the second's.
//! # Assumes
//! The second round is as slow as the first.
//! # Breaks
//! A member that dies between the rounds starts a third.
//! # Source
//! KIP-429, Kafka's `ConsumerCoordinator.onJoinComplete`.

use super::eager::round;
use crate::model::rebalance::{Change, Pause, RebalanceProtocol};
use crate::units::SimSpan;

/// Only moved partitions stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooperative;

impl RebalanceProtocol for Cooperative {
    fn pauses(&self, change: &Change<'_>) -> Vec<Pause> {
        let round = round(change);
        let of_partition = |(old, new): (&Option<u32>, &Option<u32>)| match (old, new) {
            (Some(old), Some(new)) if old == new => Pause::default(),
            (Some(_), _) => Pause { from: round, until: round * 2 },
            (None, _) => Pause { from: SimSpan::ZERO, until: round },
        };
        change.old.iter().zip(change.new).map(of_partition).collect()
    }
}
