//! The round-robin assignor.
//!
//! # Rule
//! All partitions of all topics, in order, go to the members in turn.
//! # Assumes
//! All members subscribe to all topics.
//! # Breaks
//! A new member moves nearly every partition.
//! # Source
//! Kafka's `RoundRobinAssignor`.

use crate::model::assignor::{Assignment, PartitionAssignor};

/// Partitions in turn over members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundRobin;

impl PartitionAssignor for RoundRobin {
    fn assign(&self, assignment: &Assignment<'_>) -> Vec<Option<u32>> {
        let total: u32 = assignment.topics.iter().sum();
        let members = assignment.members as u32;
        (0..total).map(|index| index.checked_rem(members)).collect()
    }
}
