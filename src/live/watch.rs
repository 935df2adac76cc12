//! Watches a run: series, the cluster's health, this machine.

use super::cluster::{Admin, Layout};
use super::host::{self, Used};
use super::signals::Asked;
use super::tally::Tally;
use crate::metrics::{Event, Recorder, Series, Shape};
use crate::scenario::Scenario;
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

/// Time between two samples, in ns.
const SAMPLE: u64 = 500_000_000;
/// Samples between two looks at the cluster.
const LOOKS: u64 = 10;

/// How a run came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// It lasted as long as the scenario says.
    End,
    /// Somebody asked.
    Asked,
    /// A cap was reached.
    Cap,
    /// The cluster is not well.
    Unwell(String),
}

/// The watcher of one run.
pub(super) struct Watch<'w> {
    tally: &'w Tally,
    scenario: &'w Scenario,
    recorder: Recorder,
    before: Sample,
    /// Acknowledged records of what a group reads, over time: for the age of what is not read yet.
    history: Vec<Vec<(u64, f64)>>,
    processes: BTreeMap<i32, u32>,
    /// CPU at t = 0, at the end of the warm-up and at the last sample.
    pub used: [Used; 3],
    warm: bool,
}

#[derive(Debug, Clone, Default)]
struct Sample {
    at: u64,
    offered: Vec<u64>,
    acked: Vec<u64>,
    processed: Vec<u64>,
    used: Used,
}

impl<'w> Watch<'w> {
    pub(super) fn new(
        tally: &'w Tally,
        scenario: &'w Scenario,
        processes: BTreeMap<i32, u32>,
    ) -> Self {
        let used = host::used(&processes);
        let history = vec![vec![(0, 0.0)]; scenario.groups.len()];
        Self {
            tally,
            scenario,
            recorder: Recorder::new(),
            before: Sample { used: used.clone(), ..Sample::default() },
            history,
            processes,
            used: [used.clone(), used.clone(), used],
            warm: false,
        }
    }

    /// Samples until the run ends, one way or another.
    pub(super) fn run(&mut self, asked: &Asked, admin: Option<&Admin>, healthy: &Layout) -> Stop {
        let zero = self.tally.clock.zero();
        self.tally.clock.sleep_until(zero);
        let mut number = 0;
        loop {
            number += 1;
            let next = (number * SAMPLE).min(self.tally.end());
            while self.tally.clock.now() < zero + next {
                let soon = self.tally.clock.now() + 50_000_000;
                self.tally.clock.sleep_until(soon.min(zero + next));
                if asked.load(Relaxed) || self.tally.stop.load(Relaxed) {
                    break;
                }
            }
            let t = self.tally.clock.now().saturating_sub(zero).min(self.tally.end());
            self.sample(t);
            if asked.load(Relaxed) {
                self.tally.end_at(t);
                return Stop::Asked;
            }
            if t >= self.tally.end() {
                self.tally.end_at(t);
                return Stop::End;
            }
            if self.tally.stop.load(Relaxed) {
                self.tally.end_at(t);
                return Stop::Cap;
            }
            if let Some(admin) = admin.filter(|_| number.is_multiple_of(LOOKS))
                && let Some(why) = unwell(admin, healthy)
            {
                self.tally.end_at(t);
                return Stop::Unwell(why);
            }
        }
    }

    /// Everything that was recorded.
    pub(super) fn finish(self, end: u64) -> (Vec<Series>, Vec<Event>, [Used; 3]) {
        let (series, events) = self.recorder.finish(SimTime::from_nanos(end));
        (series, events, self.used)
    }

    fn point(&mut self, name: &str, entity: &str, unit: &'static str, shape: Shape, value: f64) {
        let id = self.recorder.series(name, entity, unit, shape);
        let before = SimTime::from_nanos(self.before.at);
        if shape == Shape::Mean && self.recorder.last(id).is_none() {
            self.recorder.push(id, before, 0.0);
        }
        let now = SimTime::from_nanos(self.now());
        self.recorder.push(id, now, value);
    }

    fn now(&self) -> u64 {
        self.history.first().and_then(|one| one.last()).map_or(self.before.at, |last| last.0)
    }

    fn sample(&mut self, t: u64) {
        if t <= self.before.at {
            return;
        }
        let used = host::used(&self.processes);
        if !self.warm && t >= self.tally.from {
            self.warm = true;
            self.used[1] = used.clone();
        }
        self.used[2] = used.clone();
        let load = |of: &dyn Fn(&super::tally::Sent) -> u64| -> Vec<u64> {
            self.tally.producers.iter().map(of).collect()
        };
        let now = Sample {
            at: t,
            offered: load(&|one| one.offered.load(Relaxed)),
            acked: load(&|one| one.acked.load(Relaxed)),
            processed: self.tally.groups.iter().map(|one| one.processed.load(Relaxed)).collect(),
            used,
        };
        for (history, spec) in self.history.iter_mut().zip(&self.scenario.groups) {
            let end: u64 = spec.reads.iter().map(|topic| self.tally.end_of(*topic)).sum();
            history.push((t, end as f64));
        }
        if self.history.is_empty() {
            self.history.push(vec![(t, 0.0)]);
        } else if self.scenario.groups.is_empty() {
            self.history[0].push((t, 0.0));
        }
        self.rates(&now);
        self.lags(&now);
        self.machine(&now);
        self.before = now;
    }

    fn rates(&mut self, now: &Sample) {
        let seconds = (now.at - self.before.at) as f64 / 1e9;
        let before = self.before.clone();
        let rate = |now: &[u64], before: &[u64], index: usize| {
            (now[index] - before.get(index).copied().unwrap_or(0)) as f64 / seconds
        };
        let scenario = self.scenario;
        let mut all = [0.0; 2];
        for (index, spec) in scenario.producers.iter().enumerate() {
            let offered = rate(&now.offered, &before.offered, index);
            let acked = rate(&now.acked, &before.acked, index);
            all = [all[0] + offered, all[1] + acked];
            self.point("offered_records_s", &spec.name, "records/s", Shape::Mean, offered);
            self.point("acked_records_s", &spec.name, "records/s", Shape::Mean, acked);
        }
        self.point("offered_records_s", "all", "records/s", Shape::Mean, all[0]);
        self.point("acked_records_s", "all", "records/s", Shape::Mean, all[1]);
        for (index, spec) in scenario.groups.iter().enumerate() {
            let processed = rate(&now.processed, &before.processed, index);
            self.point("processed_records_s", &spec.name, "records/s", Shape::Mean, processed);
        }
    }

    fn lags(&mut self, now: &Sample) {
        let scenario = self.scenario;
        for (index, spec) in scenario.groups.iter().enumerate() {
            let received = &self.tally.groups[index];
            let (mut end, mut committed_lag) = (0, 0);
            for topic in &spec.reads {
                let ends = &self.tally.ends[topic.index()];
                for (end_of, committed) in ends.iter().zip(&received.committed[topic.index()]) {
                    let last = end_of.load(Relaxed);
                    end += last;
                    committed_lag += last.saturating_sub(committed.load(Relaxed));
                }
            }
            let processed = now.processed[index];
            let lag = end.saturating_sub(processed);
            let age = if lag == 0 { 0.0 } else { age(&self.history[index], processed as f64) };
            let owning = received.owned.iter().filter(|one| one.load(Relaxed) > 0).count();
            let name = &spec.name;
            self.point("lag_records", name, "records", Shape::Linear, committed_lag as f64);
            self.point("processing_lag_records", name, "records", Shape::Linear, lag as f64);
            self.point("lag_seconds", name, "s", Shape::Linear, age);
            let members = f64::from(spec.members);
            self.point("members_ready", name, "members", Shape::Step, members);
            self.point("members_owning", name, "members", Shape::Step, owning as f64);
        }
    }

    fn machine(&mut self, now: &Sample) {
        let seconds = (now.at - self.before.at) as f64 / 1e9;
        let cores = host::cores();
        let before = self.before.used.clone();
        let share = |now: f64, before: f64| ((now - before) / seconds / cores).clamp(0.0, 1.0);
        let machine = share(now.used.machine, before.machine);
        let own = share(now.used.own, before.own);
        // What others do on this machine does not grow with the load of the scenario.
        let brokers: f64 =
            now.used.brokers.values().sum::<f64>() - before.brokers.values().sum::<f64>();
        let others = (machine - own - share(brokers, 0.0)).max(0.0);
        self.point("demand", "machine CPU", "share", Shape::Mean, machine);
        self.point("fixed_demand", "machine CPU", "share", Shape::Mean, others);
        self.point("demand", "generator CPU", "share", Shape::Mean, own);
        for (id, seconds_used) in now.used.brokers.clone() {
            let entity = id.to_string();
            let old = before.brokers.get(&id).copied().unwrap_or(seconds_used);
            // The machine is shared by everything on it, as the scenario's host is.
            self.point("cpu_utilisation", &entity, "share", Shape::Mean, machine);
            let process = ((seconds_used - old) / seconds).max(0.0);
            self.point("process_cpu_cores", &entity, "cores", Shape::Mean, process);
        }
    }
}

/// How long ago, in seconds, as many records had been acknowledged as are processed now.
fn age(history: &[(u64, f64)], processed: f64) -> f64 {
    let Some((now, _)) = history.last().copied() else { return 0.0 };
    let after = history.partition_point(|(_, total)| *total <= processed);
    let (Some((t0, v0)), Some((t1, v1))) =
        (after.checked_sub(1).and_then(|index| history.get(index)), history.get(after))
    else {
        return 0.0;
    };
    let share = (processed - v0) / (v1 - v0);
    let then = *t0 as f64 + share * (t1 - t0) as f64;
    ((now as f64 - then) / 1e9).max(0.0)
}

/// Why the cluster is less well than at the start; `None` if it is not.
fn unwell(admin: &Admin, healthy: &Layout) -> Option<String> {
    let now = match admin.layout() {
        Ok(now) => now,
        Err(error) => {
            return Some(format!(
                "it stopped answering: {}",
                super::cluster::rdkafka_words(&error)
            ));
        }
    };
    let lost = healthy.brokers.keys().find(|id| !now.brokers.contains_key(id));
    if let Some(id) = lost {
        return Some(format!("broker {id} is gone"));
    }
    let shrunk = healthy.partitions.iter().filter(|(key, before)| {
        let now = now.partitions.get(*key);
        now.is_some_and(|now| now.in_sync.len() < before.in_sync.len())
    });
    let count = shrunk.count();
    (count > 0).then(|| format!("{count} partitions have fewer in-sync replicas than before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_read_off_the_line_of_acknowledgements() {
        let history = [(0, 0.0), (1_000_000_000, 100.0), (2_000_000_000, 300.0)];
        assert!((age(&history, 200.0) - 0.5).abs() < 1e-12);
        assert!((age(&history, 50.0) - 1.5).abs() < 1e-12);
        assert!(age(&history, 300.0).abs() < 1e-12);
    }
}
