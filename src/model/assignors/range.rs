//! The range assignor.
//!
//! # Rule
//! Topic by topic, members in order get adjacent partitions: each P div M of them, the first
//! P mod M members one more.
//! # Assumes
//! All members subscribe to all topics.
//! # Breaks
//! Many topics with few partitions load the first members: the remainders add up.
//! # Source
//! Kafka's `RangeAssignor` (without racks).

use crate::model::assignor::{Assignment, PartitionAssignor};

/// Adjacent partitions of each topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range;

impl PartitionAssignor for Range {
    fn assign(&self, assignment: &Assignment<'_>) -> Vec<Option<u32>> {
        let members = assignment.members as u32;
        let mut owners = Vec::with_capacity(assignment.previous.len());
        for partitions in assignment.topics {
            if members == 0 {
                owners.extend((0..*partitions).map(|_| None));
                continue;
            }
            let (each, more) = (partitions / members, partitions % members);
            for member in 0..members {
                let count = each + u32::from(member < more);
                owners.extend((0..count).map(|_| Some(member)));
            }
        }
        owners
    }
}
