//! Assignors: which member owns which partition.
//!
//! # Rule
//! A pure function of the members, the partitions and the previous owners. Every partition gets
//! exactly one owner while there is a member; with more members than partitions the rest idle.
//! # Assumes
//! All members subscribe to the same topics.
//! # Breaks
//! Static membership and mixed subscriptions are decided by the caller.
//! # Source
//! Kafka's `RangeAssignor`, `RoundRobinAssignor`, `StickyAssignor`, `CooperativeStickyAssignor`,
//! and the broker-side `UniformAssignor` (KIP-848).

pub use super::assignors::Assignor;

/// What an assignor decides about. Members are dense indices in the order of their ids.
#[derive(Debug, Clone, Copy)]
pub struct Assignment<'a> {
    /// Number of members.
    pub members: usize,
    /// Partitions per topic, in topic order.
    pub topics: &'a [u32],
    /// The previous owner of each partition (topics concatenated), by member index in the *new*
    /// numbering; `None` for a partition whose owner is gone or that is new.
    pub previous: &'a [Option<u32>],
}

/// What every assignor does.
pub trait PartitionAssignor {
    /// The owner of each partition (topics concatenated); `None` only when there is no member.
    fn assign(&self, assignment: &Assignment<'_>) -> Vec<Option<u32>>;
}
