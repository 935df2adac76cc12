//! What a run measures: latencies over records, phases of requests, series.

use super::accounts::Accounts;
use super::log::Stored;
use super::session::Reader;
use super::world::World;
use crate::metrics::{Histogram, Journey, Latencies, LatencyWindow, Shape};
use crate::units::{SimSpan, SimTime};

/// Everything measured after the warm-up.
#[derive(Debug, Clone, Default)]
pub(super) struct Measures {
    /// Publish latency by producer, end-to-end latency by group, in nanoseconds.
    pub publish: Vec<Histogram>,
    pub delivery: Vec<Histogram>,
    /// Latencies over time, producers first, and the state of their histograms at the last sample;
    /// empty unless an objective asks for them.
    pub latencies: Vec<Latencies>,
    pub latencies_seen: Vec<Histogram>,
    /// Phases by broker and kind: produce, fetch of consumers, fetch of followers.
    pub phases: Vec<[Phases; 3]>,
    /// Where publish time goes, for a sample of batches.
    pub paths: Paths,
    /// Batches that were refused for too few in-sync replicas, and sent again.
    pub refused: u64,
    /// Requests that waited in purgatory for too long.
    pub timed_out: u64,
    pub retries: u64,
    /// Responses whose clients were muted for their quotas.
    pub throttled: u64,
    /// Accounts when the warm-up ended.
    pub at_warm_up: Accounts,
    pub last_sample: Accounts,
    pub last_at: SimTime,
}

/// Sums over requests of one kind, by Kafka's phases.
#[derive(Debug, Clone, Default)]
pub(super) struct Phases {
    pub count: u64,
    /// Queue, local, remote, response queue and send; nanoseconds.
    pub sums: [u64; 4],
    pub total: Histogram,
}

/// A bounded, evenly thinned sample of the way of a batch: waiting in the accumulator, sending,
/// request queue, local, remote, response.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pub kept: Vec<[u64; 6]>,
    stride: u64,
    seen: u64,
}

/// Most batches whose way is kept.
const MOST_PATHS: usize = 8_192;

impl Default for Paths {
    fn default() -> Self {
        Self { kept: Vec::new(), stride: 1, seen: 0 }
    }
}

impl Paths {
    fn add(&mut self, path: [u64; 6]) {
        self.seen += 1;
        if !self.seen.is_multiple_of(self.stride) {
            return;
        }
        if self.kept.len() == MOST_PATHS {
            // Every other one stays, and from now on half as many come.
            let mut index = 0;
            self.kept.retain(|_| {
                index += 1;
                index % 2 == 0
            });
            self.stride *= 2;
            return;
        }
        self.kept.push(path);
    }
}

/// Records of a batch stand for their instants of arrival, evenly spaced, in so many groups.
const STRATA: u32 = 4;

impl World<'_> {
    /// Publish latencies of acknowledged batches.
    pub(super) fn measure_publish(&mut self, client: u32, request: u32, batches: &[u32]) {
        let now = self.agenda.now();
        if now < self.from {
            return;
        }
        let producer = self.clients[client as usize].producer as usize;
        let histogram = &mut self.measures.publish[producer];
        for batch in batches {
            let one = &self.batches[*batch];
            record(histogram, now, [one.first, one.last], one.records);
        }
        let Some(batch) = batches.first().map(|batch| self.batches[*batch]) else { return };
        let entry = &self.requests[request];
        if entry.forgotten {
            return;
        }
        let span = |from: SimTime, to: SimTime| to.saturating_since(from).as_nanos();
        let waited = span(batch.first, batch.drained);
        let path = [
            waited,
            span(batch.drained, entry.arrived),
            span(entry.arrived, entry.started),
            span(entry.started, entry.handled),
            span(entry.handled, entry.completed),
            span(entry.completed, now),
        ];
        self.measures.paths.add(path);
        let broker = self.conns[entry.conn as usize].broker as usize;
        let phases = &mut self.measures.phases[broker][0];
        phases.add(path[2], path[3], path[4], span(entry.completed, entry.responded));
    }

    /// Phases of a fetch.
    pub(super) fn measure_fetch(&mut self, session: u32, request: u32) {
        if self.agenda.now() < self.from {
            return;
        }
        let entry = &self.requests[request];
        let span = |from: SimTime, to: SimTime| to.saturating_since(from).as_nanos();
        let kind = match self.sessions[session as usize].reader {
            Reader::Consumer { .. } => 1,
            Reader::Follower { .. } => 2,
        };
        let broker = self.conns[entry.conn as usize].broker as usize;
        self.measures.phases[broker][kind].add(
            span(entry.arrived, entry.started),
            span(entry.started, entry.handled),
            span(entry.handled, entry.completed),
            span(entry.completed, entry.responded),
        );
    }

    /// End-to-end latency of `taken` records of a batch, after `done` others.
    pub(super) fn measure_delivery(
        &mut self,
        group: usize,
        ready: SimTime,
        stored: &Stored,
        [done, taken]: [u32; 2],
    ) {
        if ready < self.from {
            return;
        }
        let span = stored.last.saturating_since(stored.first).as_nanos() as f64;
        let at = |records: u32| {
            let share = f64::from(records) / f64::from(stored.records.max(1));
            stored.first + SimSpan::from_nanos((span * share) as u64)
        };
        let histogram = &mut self.measures.delivery[group];
        record(histogram, ready, [at(done), at(done + taken)], taken);
    }

    /// Points of all series.
    pub(super) fn sample(&mut self) {
        let now = self.agenda.now();
        let accounts = self.accounts();
        let seconds = now.saturating_since(self.measures.last_at).as_secs_f64();
        if seconds > 0.0 {
            self.sample_rates(&accounts, seconds);
        }
        self.sample_lags();
        self.sample_latencies();
        self.measures.last_sample = accounts;
        self.measures.last_at = now;
    }

    /// Prepares a series of distributions for each producer and group.
    pub(super) fn measure_latencies_over_time(&mut self) {
        let publish = self.scenario.producers.iter().map(|one| (Journey::Publish, &one.name));
        let delivery = self.scenario.groups.iter().map(|one| (Journey::EndToEnd, &one.name));
        let all = publish.chain(delivery);
        self.measures.latencies = all.map(|(what, name)| Latencies::new(what, name)).collect();
        self.measures.latencies_seen = vec![Histogram::new(); self.measures.latencies.len()];
    }

    /// A window of each latency: what its histogram got since the last sample.
    fn sample_latencies(&mut self) {
        let now = self.agenda.now();
        let Measures { publish, delivery, latencies, latencies_seen, .. } = &mut self.measures;
        for ((one, seen), all) in
            latencies.iter_mut().zip(latencies_seen).zip(publish.iter().chain(&*delivery))
        {
            let part = all.since(seen);
            let mix = vec![(one.parts.len(), part.count() as f64)];
            one.windows.push(LatencyWindow { until: now, mix, later: SimSpan::ZERO });
            one.parts.push(part);
            seen.clone_from(all);
        }
    }

    fn mean_point(&mut self, name: &str, entity: &str, unit: &'static str, value: f64) {
        let id = self.recorder.series(name, entity, unit, Shape::Mean);
        if self.recorder.last(id).is_none() {
            self.recorder.push(id, self.measures.last_at, 0.0);
        }
        let now = self.agenda.now();
        self.recorder.push(id, now, value);
    }

    fn sample_rates(&mut self, accounts: &Accounts, seconds: f64) {
        let scenario = self.scenario;
        let last = std::mem::take(&mut self.measures.last_sample);
        let before = |list: &[f64], index: usize| list.get(index).copied().unwrap_or(0.0);
        let mut all = [0.0; 2];
        for (index, spec) in scenario.producers.iter().enumerate() {
            let old = last.producers.get(index).copied().unwrap_or_default();
            let rate = |part: usize| (accounts.producers[index][part] - old[part]) / seconds;
            all = [all[0] + rate(0), all[1] + rate(1)];
            self.mean_point("offered_records_s", &spec.name, "records/s", rate(0));
            self.mean_point("acked_records_s", &spec.name, "records/s", rate(1));
            let old = last.clients.get(index).copied().unwrap_or_default();
            let busy = |part: usize| (accounts.clients[index][part] - old[part]) / seconds;
            let clients = f64::from(spec.clients.max(1));
            let blocked = (accounts.blocked[index] - before(&last.blocked, index)) / seconds;
            self.demand(&format!("producer {} application thread", spec.name), busy(0), 0.0);
            self.demand(&format!("producer {} connections", spec.name), busy(1), 0.0);
            // These do not grow with the load: they are full, or they are no limit.
            let (room, memory) = (busy(2), blocked / clients);
            self.demand(&format!("producer {} requests in flight", spec.name), room, room);
            self.demand(&format!("producer {} buffer.memory", spec.name), memory, memory);
            if !self.producers[index].meters.is_empty() {
                self.demand(&format!("producer {} quota", spec.name), busy(3), 0.0);
            }
        }
        self.mean_point("offered_records_s", "all", "records/s", all[0]);
        self.mean_point("acked_records_s", "all", "records/s", all[1]);
        for (index, spec) in scenario.groups.iter().enumerate() {
            let rate = (accounts.groups[index] - before(&last.groups, index)) / seconds;
            self.mean_point("processed_records_s", &spec.name, "records/s", rate);
            let busy = (accounts.members[index] - before(&last.members, index)) / seconds;
            self.demand(&format!("group {} members", spec.name), busy, 0.0);
            if !self.groups[index].meters.is_empty() {
                let used = (accounts.quotas[index] - before(&last.quotas, index)) / seconds;
                self.demand(&format!("group {} quota", spec.name), used, 0.0);
            }
        }
        for (index, (_, name, _)) in scenario.links.lines().enumerate() {
            let busy = (accounts.lines[index] - before(&last.lines, index)) / seconds;
            self.demand(&name, busy, 0.0);
        }
        for (index, broker) in scenario.cluster.brokers.iter().enumerate() {
            let old = last.brokers.get(index).copied().unwrap_or_default();
            let share = |part: usize| (accounts.brokers[index][part] - old[part]) / seconds;
            let entity = broker.node_id.to_string();
            for (part, name) in BROKER_SERIES.iter().enumerate() {
                self.mean_point(name, &entity, "share", share(part).min(1.0));
            }
            let idle = self.machines[broker.host.index()].idle_utilisation();
            for (part, name) in BROKER_RESOURCES {
                let fixed = if part == CPU { idle.min(share(part)) } else { 0.0 };
                self.demand(&format!("broker {entity} {name}"), share(part), fixed);
            }
        }
    }

    fn demand(&mut self, resource: &str, value: f64, fixed: f64) {
        self.mean_point("demand", resource, "share", value);
        self.mean_point("fixed_demand", resource, "share", fixed);
    }

    fn sample_lags(&mut self) {
        let now = self.agenda.now();
        let scenario = self.scenario;
        for (index, spec) in scenario.groups.iter().enumerate() {
            let topics = spec.reads.iter().flat_map(|topic| scenario.cluster.partitions_of(*topic));
            let end: u64 = topics.map(|partition| self.logs[partition.index()].records).sum();
            let state = &self.groups[index];
            let values = [
                ("lag_records", end.saturating_sub(state.committed)),
                ("processing_lag_records", end.saturating_sub(state.processed)),
            ];
            for (name, value) in values {
                let id = self.recorder.series(name, &spec.name, "records", Shape::Linear);
                self.recorder.push(id, now, value as f64);
            }
            let members = f64::from(spec.members);
            let owning = f64::from(state.owning);
            for (name, value) in [("members_ready", members), ("members_owning", owning)] {
                let id = self.recorder.series(name, &spec.name, "members", Shape::Step);
                self.recorder.push(id, now, value);
            }
        }
    }
}

/// Series of a broker and words of its resources, in the order of [`Accounts::brokers`].
const BROKER_SERIES: [&str; 6] = [
    "cpu_utilisation",
    "nic_in_utilisation",
    "nic_out_utilisation",
    "disk_utilisation",
    "request_handler_utilisation",
    "network_thread_utilisation",
];
const CPU: usize = 0;
const BROKER_RESOURCES: [(usize, &str); 8] = [
    (CPU, "CPU"),
    (1, "NIC in"),
    (2, "NIC out"),
    (3, "disk"),
    (6, "request handlers"),
    (5, "network threads"),
    (7, "replica fetchers"),
    (8, "fsync"),
];

impl Phases {
    fn add(&mut self, queue: u64, local: u64, remote: u64, send: u64) {
        self.count += 1;
        for (sum, value) in self.sums.iter_mut().zip([queue, local, remote, send]) {
            *sum += value;
        }
        self.total.record(queue + local + remote + send);
    }
}

/// Records of a batch arrived evenly between two instants and are done at `now`.
fn record(histogram: &mut Histogram, now: SimTime, [first, last]: [SimTime; 2], records: u32) {
    let groups = records.min(STRATA);
    let half = last.saturating_since(first).as_nanos() as f64 / f64::from(2 * groups.max(1));
    let mut counted = 0;
    for group in 0..groups {
        let upto = records * (group + 1) / groups;
        let sent = first + SimSpan::from_nanos((half * f64::from(2 * group + 1)) as u64);
        histogram.record_n(now.saturating_since(sent).as_nanos(), u64::from(upto - counted));
        counted = upto;
    }
}
