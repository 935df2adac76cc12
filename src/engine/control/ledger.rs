//! For how long partitions were unavailable.

use super::Control;
use crate::cluster::{Cluster, PartitionId};
use crate::metrics::{OutageEntry, Recorder, Shape};
use crate::units::{SimSpan, SimTime};

/// A condition of a partition over time.
#[derive(Debug, Clone, Copy, Default)]
struct Condition {
    since: Option<SimTime>,
    total: SimSpan,
    longest: SimSpan,
}

impl Condition {
    /// Notes whether it holds from now on; the change in the number of those that it holds for.
    fn note(&mut self, now: SimTime, holds: bool) -> i32 {
        match (self.since, holds) {
            (None, true) => {
                self.since = Some(now);
                1
            }
            (Some(since), false) => {
                let span = now - since;
                self.total += span;
                self.longest = self.longest.max(span);
                self.since = None;
                -1
            }
            _ => 0,
        }
    }
}

/// Conditions of a partition that count as unavailable, or nearly so.
const NAMES: [&str; 3] =
    ["offline_partitions", "stalled_partitions", "under_replicated_partitions"];

/// Conditions of all partitions of topics: without a leader; with one, but nothing can be
/// acknowledged to acks=all; fewer replicas in sync than there are.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    all: Vec<[Condition; 3]>,
    counts: [i32; 3],
}

impl Ledger {
    pub(super) fn new(partitions: usize) -> Self {
        Self { all: vec![[Condition::default(); 3]; partitions], counts: [0; 3] }
    }

    fn note(&mut self, now: SimTime, partition: usize, holds: [bool; 3]) {
        let Some(conditions) = self.all.get_mut(partition) else { return };
        for ((condition, count), holds) in conditions.iter_mut().zip(&mut self.counts).zip(holds) {
            *count += condition.note(now, holds);
        }
    }

    /// Partitions that were unavailable or under-replicated, the longest without a leader first.
    pub(super) fn finish(&mut self, end: SimTime, cluster: &Cluster) -> Vec<OutageEntry> {
        let mut entries = Vec::new();
        for (index, conditions) in self.all.iter_mut().enumerate() {
            let open = conditions.map(|condition| condition.since.is_some());
            for condition in conditions.iter_mut() {
                condition.note(end, false);
            }
            let [offline, stalled, under] = *conditions;
            if conditions.iter().all(|one| one.total.is_zero()) {
                continue;
            }
            let partition = cluster.partition(PartitionId::from_index(index));
            entries.push(OutageEntry {
                topic: cluster.topic(partition.topic).name.clone(),
                partition: partition.number,
                offline: offline.total,
                longest_offline: offline.longest,
                stalled: stalled.total,
                longest_stalled: stalled.longest,
                under_replicated: under.total,
                lasts: open[0] || open[1],
            });
        }
        entries.sort_by_key(|one| std::cmp::Reverse((one.offline, one.stalled)));
        entries
    }
}

impl Control {
    /// Notes how available a partition is from now on.
    pub(super) fn review(&mut self, now: SimTime, partition: usize) {
        let offline = self.leader(partition).is_none();
        let part = &self.parts[partition];
        let stalled = !offline && part.waited_for && self.is_stalled(partition);
        let under = part.isr.len() < part.registration.replicas.len();
        self.ledger.note(now, partition, [offline, stalled, under]);
    }

    /// Points of the series of unavailable partitions.
    pub(super) fn sample(&self, now: SimTime, recorder: &mut Recorder) {
        for (name, count) in NAMES.into_iter().zip(self.ledger.counts) {
            let id = recorder.series(name, "cluster", "partitions", Shape::Step);
            if recorder.last(id).is_none() {
                recorder.push(id, SimTime::ZERO, 0.0);
            }
            recorder.push(id, now, f64::from(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_add_up_and_the_longest_is_kept() {
        let at = |seconds: u64| SimTime::ZERO + SimSpan::from_secs(seconds);
        let mut one = Condition::default();
        let steps = [(1, true), (2, true), (4, false), (5, false), (10, true), (11, false)];
        let counts = steps.map(|(seconds, holds)| one.note(at(seconds), holds));
        assert_eq!(counts, [1, 0, -1, 0, 1, -1]);
        assert_eq!((one.total, one.longest), (SimSpan::from_secs(4), SimSpan::from_secs(3)));
    }
}
