//! Kinds of assignors; the contract is `model::assignor`.
//!
//! # Rule
//! One file per kind; this file lists them once.
//! # Assumes
//! All members subscribe to the same topics.
//! # Breaks
//! Nothing.
//! # Source
//! `model::assignor`.

use super::assignor::{Assignment, PartitionAssignor};

/// An assignor of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    /// Partitions in turn over members.
    RoundRobin,
}

impl PartitionAssignor for Assignor {
    fn assign(&self, assignment: &Assignment<'_>) -> Vec<Option<u32>> {
        let total: u32 = assignment.topics.iter().sum();
        let members = assignment.members as u32;
        (0..total).map(|index| index.checked_rem(members)).collect()
    }
}
