//! Kinds of assignors; the contract is `model::assignor`.
//!
//! # Rule
//! One file per kind; this file lists them once, with the words of `partition.assignment.strategy`
//! and of the server-side assignors.
//! # Assumes
//! All members subscribe to the same topics.
//! # Breaks
//! Nothing.
//! # Source
//! `model::assignor`.

mod range;
mod round_robin;
mod sticky;

pub use range::Range;
pub use round_robin::RoundRobin;
pub use sticky::Sticky;

use super::assignor::{Assignment, PartitionAssignor};
use super::registry::kinds;

kinds! {
    /// An assignor of any kind.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Assignor: PartitionAssignor {
        /// Adjacent partitions of each topic.
        Range(Range),
        /// Partitions in turn over members.
        RoundRobin(RoundRobin),
        /// Balanced, and as few moves as possible: `sticky`, `cooperative_sticky`, `uniform`.
        Sticky(Sticky),
    }
    read {
        fn assign(&self, assignment: &Assignment<'_>) -> Vec<Option<u32>>;
    }
    write {}
}

impl Assignor {
    /// Words of the classic protocol's assignors.
    pub const CLASSIC: &'static [&'static str] =
        &["range", "round_robin", "sticky", "cooperative_sticky"];
    /// Words of the consumer protocol's server-side assignors.
    pub const CONSUMER: &'static [&'static str] = &["uniform", "range"];

    /// The assignor that a word of one of the lists names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "range" => Some(Range.into()),
            "round_robin" => Some(RoundRobin.into()),
            "sticky" | "cooperative_sticky" | "uniform" => Some(Sticky.into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(owners: &[Option<u32>], members: usize) -> Vec<usize> {
        let mut counts = vec![0; members];
        for owner in owners.iter().flatten() {
            counts[*owner as usize] += 1;
        }
        counts
    }

    #[test]
    fn range_gives_adjacent_partitions_of_each_topic() {
        let assignment = Assignment { members: 2, topics: &[3, 3], previous: &[None; 6] };
        let owners = Range.assign(&assignment);
        assert_eq!(owners, [0, 0, 1, 0, 0, 1].map(Some));
        assert_eq!(RoundRobin.assign(&assignment), [0, 1, 0, 1, 0, 1].map(Some));
    }

    #[test]
    fn sticky_moves_no_more_than_the_new_member_must_get() {
        let previous: Vec<Option<u32>> = (0..12).map(|p| Some(p % 2)).collect();
        let owners = Sticky.assign(&Assignment { members: 3, topics: &[12], previous: &previous });
        assert_eq!(counts(&owners, 3), [4, 4, 4]);
        let moved = owners.iter().zip(&previous).filter(|(a, b)| a != b).count();
        assert_eq!(moved, 4);
    }

    #[test]
    fn without_members_nobody_owns_anything() {
        let assignment = Assignment { members: 0, topics: &[2], previous: &[None, None] };
        for word in Assignor::CLASSIC.iter().chain(Assignor::CONSUMER) {
            let assignor = Assignor::from_word(word).unwrap();
            assert_eq!(assignor.assign(&assignment), [None, None], "{word}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn every_partition_has_one_owner_and_members_are_even(
            members in 1_usize..9,
            topics in prop::collection::vec(1_u32..12, 1..4),
            owners in prop::collection::vec(prop::option::of(0_u32..9), 36),
        ) {
            let total: u32 = topics.iter().sum();
            let previous: Vec<Option<u32>> = owners
                .iter()
                .take(total as usize)
                .map(|owner| owner.filter(|owner| (*owner as usize) < members))
                .collect();
            let previous = if previous.len() < total as usize { vec![None; total as usize] }
                else { previous };
            let assignment = Assignment { members, topics: &topics, previous: &previous };
            for assignor in [Sticky.into(), Assignor::from(RoundRobin)] {
                let owners = assignor.assign(&assignment);
                let exists = |owner: &Option<u32>| owner.is_some_and(|o| (o as usize) < members);
                prop_assert!(owners.iter().all(exists));
                let counts = counts(&owners, members);
                let most = counts.iter().max().copied().unwrap_or(0);
                let least = counts.iter().min().copied().unwrap_or(0);
                prop_assert!(most - least <= 1, "{:?}", counts);
            }
            let owners = Assignor::from(Range).assign(&assignment);
            let counts = counts(&owners, members);
            let most = counts.iter().max().copied().unwrap_or(0);
            let least = counts.iter().min().copied().unwrap_or(0);
            prop_assert!(most - least <= topics.len());
        }

        #[test]
        fn a_balanced_sticky_assignment_stays(members in 1_usize..9, partitions in 1_u32..40) {
            let previous: Vec<Option<u32>> =
                (0..partitions).map(|p| Some(p % members as u32)).collect();
            let topics = [partitions];
            let assignment = Assignment { members, topics: &topics, previous: &previous };
            prop_assert_eq!(Sticky.assign(&assignment), previous);
        }
    }
}
