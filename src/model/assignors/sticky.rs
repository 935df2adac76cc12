//! The sticky assignors: `sticky`, `cooperative_sticky` and the server-side `uniform`.
//!
//! # Rule
//! Every member keeps what it has up to its quota (P div M, and one more for P mod M members, those
//! that have the most first); what is left over goes to members below their quota.
//! # Assumes
//! All members subscribe to all topics, which makes the three assignors agree on counts and moves.
//! # Breaks
//! Which of several equal partitions moves may differ from Kafka's choice.
//! # Source
//! Kafka's `AbstractStickyAssignor` (`ConstrainedAssignmentBuilder`),
//! `UniformHomogeneousAssignmentBuilder`.

use crate::model::assignor::{Assignment, PartitionAssignor};

/// Balanced with the fewest moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sticky;

impl PartitionAssignor for Sticky {
    fn assign(&self, assignment: &Assignment<'_>) -> Vec<Option<u32>> {
        let total: u32 = assignment.topics.iter().sum();
        let members = assignment.members as u32;
        if members == 0 {
            return vec![None; total as usize];
        }
        let quotas = quotas(assignment, total, members);
        let mut counts = vec![0; assignment.members];
        let mut owners: Vec<Option<u32>> = Vec::with_capacity(total as usize);
        for index in 0..total as usize {
            let kept = assignment.previous.get(index).copied().flatten().filter(|owner| {
                quotas.get(*owner as usize).is_some_and(|quota| counts[*owner as usize] < *quota)
            });
            if let Some(owner) = kept {
                counts[owner as usize] += 1;
            }
            owners.push(kept);
        }
        let mut member = 0;
        for owner in owners.iter_mut().filter(|owner| owner.is_none()) {
            while counts[member] >= quotas[member] {
                member = (member + 1) % quotas.len();
            }
            counts[member] += 1;
            *owner = Some(member as u32);
            member = (member + 1) % quotas.len();
        }
        owners
    }
}

/// How many partitions each member may have; the larger quotas go to those that have the most.
fn quotas(assignment: &Assignment<'_>, total: u32, members: u32) -> Vec<u32> {
    let mut held = vec![0_u32; assignment.members];
    for owner in assignment.previous.iter().flatten() {
        if let Some(count) = held.get_mut(*owner as usize) {
            *count += 1;
        }
    }
    let mut order: Vec<usize> = (0..held.len()).collect();
    order.sort_by_key(|member| (std::cmp::Reverse(held[*member]), *member));
    let mut quotas = vec![total / members; held.len()];
    for member in order.into_iter().take((total % members) as usize) {
        quotas[member] += 1;
    }
    quotas
}
