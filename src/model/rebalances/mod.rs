//! Kinds of rebalance protocols; the contract is `model::rebalance`.
//!
//! # Rule
//! One file per kind; this file lists them once.
//! # Assumes
//! Members are healthy.
//! # Breaks
//! Nothing.
//! # Source
//! `model::rebalance`.

mod consumer_protocol;
mod cooperative;
mod eager;

pub use consumer_protocol::ConsumerProtocol;
pub use cooperative::Cooperative;
pub use eager::Eager;

use super::rebalance::{Change, Pause, RebalanceProtocol};
use super::registry::kinds;
use crate::units::SimSpan;

kinds! {
    /// A protocol of any kind.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Rebalance: RebalanceProtocol {
        /// Classic: everyone stops.
        Eager(Eager),
        /// Classic: only moved partitions stop.
        Cooperative(Cooperative),
        /// KIP-848: no barrier.
        Consumer(ConsumerProtocol),
    }
    read {
        fn pauses(&self, change: &Change<'_>) -> Vec<Pause>;
    }
    write {}
}

/// When a member next hears from the coordinator: its heartbeat phase of an interval.
fn next_heartbeat(change: &Change<'_>, member: u32) -> SimSpan {
    let phase = change.phase.get(member as usize).copied().unwrap_or(1.0);
    SimSpan::from_secs_f64(change.heartbeat.as_secs_f64() * phase)
}

/// Members that own something before or after.
fn members(change: &Change<'_>) -> Vec<u32> {
    let mut members: Vec<u32> = change.old.iter().chain(change.new).flatten().copied().collect();
    members.sort_unstable();
    members.dedup();
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: SimSpan = SimSpan::from_secs(1);

    fn change<'a>(old: &'a [Option<u32>], new: &'a [Option<u32>], phase: &'a [f64]) -> Change<'a> {
        Change {
            old,
            new,
            heartbeat: SECOND * 4,
            poll_loop: SimSpan::from_millis(100),
            round_trip: SimSpan::from_millis(10),
            phase,
        }
    }

    const OLD: [Option<u32>; 4] = [Some(0), Some(0), Some(1), None];
    const NEW: [Option<u32>; 4] = [Some(0), Some(2), Some(1), Some(2)];
    const PHASE: [f64; 3] = [0.25, 0.75, 0.5];

    fn millis(pauses: &[Pause]) -> Vec<(u64, u64)> {
        pauses.iter().map(|pause| (pause.from.as_millis(), pause.until.as_millis())).collect()
    }

    #[test]
    fn eager_stops_everyone_until_the_slowest_has_rejoined() {
        let pauses = Eager.pauses(&change(&OLD, &NEW, &PHASE));
        // Member 1 hears after 3 s, finishes its poll after 3.1 s, joins and syncs in two trips.
        // Members 0 and 1 stop when they have heard and finished their poll.
        let until = 3_120;
        assert_eq!(millis(&pauses), [(1_100, until), (1_100, until), (3_100, until), (0, until)]);
    }

    #[test]
    fn cooperative_stops_only_what_moves() {
        let pauses = Cooperative.pauses(&change(&OLD, &NEW, &PHASE));
        // First round ends at 3.12 s; the revoked partition waits for a second one. What had no
        // owner is assigned in the first.
        assert_eq!(millis(&pauses), [(0, 0), (3_120, 6_240), (0, 0), (0, 3_120)]);
    }

    #[test]
    fn the_consumer_protocol_has_no_barrier() {
        let pauses = ConsumerProtocol.pauses(&change(&OLD, &NEW, &PHASE));
        // Member 0 learns at 1 s, revokes after its poll and reports in one trip (1.11 s); member 2
        // heartbeats at 2 s, 6 s …; it learns at 2 s that it may have both.
        assert_eq!(millis(&pauses), [(0, 0), (1_100, 2_010), (0, 0), (0, 2_010)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn pauses_end_after_they_begin_and_stay_out_of_what_does_not_change(
            owners in prop::collection::vec((prop::option::of(0_u32..5), 0_u32..5), 1..30),
            phase in prop::collection::vec(0.001_f64..0.999, 5),
        ) {
            let old: Vec<_> = owners.iter().map(|pair| pair.0).collect();
            let new: Vec<_> = owners.iter().map(|pair| Some(pair.1)).collect();
            let change = change(&old, &new, &phase);
            for protocol in [Cooperative.into(), ConsumerProtocol.into(), Rebalance::from(Eager)] {
                for (index, pause) in protocol.pauses(&change).into_iter().enumerate() {
                    prop_assert!(pause.from <= pause.until);
                    if old[index] == new[index] && protocol != Rebalance::from(Eager) {
                        prop_assert_eq!(pause, Pause::default());
                    }
                }
            }
        }
    }
}
