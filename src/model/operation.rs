//! Operations: what an operator or an autoscaler does to a cluster, as effects on its state.
//!
//! # Rule
//! An operation looks at a cluster and answers a plan: which replicas are copied where, and which
//! leaders change without a copy. The engine carries the plan out and pays for it.
//! # Assumes
//! A copy starts at the log's start and ends when the new replica is in sync; then the old one is
//! dropped (KIP-455).
//! # Breaks
//! A plan does not look at load, only at counts; a skewed cluster needs a plan by load.
//! # Source
//! Kafka's `ReassignPartitionsCommand` and the controller's `ReplicationControlManager`.

use crate::cluster::{BrokerId, PartitionId};

/// One replica that moves from broker to broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The partition.
    pub partition: PartitionId,
    /// Who drops its replica in the end.
    pub from: BrokerId,
    /// Who gets a copy.
    pub to: BrokerId,
}

/// What a reassignment does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Replicas to copy.
    pub moves: Vec<Move>,
    /// Partitions whose preferred leader becomes another replica that is there after the moves.
    pub leaders: Vec<(PartitionId, BrokerId)>,
}

impl Plan {
    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.leaders.is_empty()
    }
}
