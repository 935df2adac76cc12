//! What is measured between samples, and over the last minute for policies.

use super::network::Resource;
use super::world::World;
use crate::cluster::BrokerId;
use crate::units::{SimSpan, SimTime};
use std::collections::{BTreeMap, VecDeque};

/// The window over which autoscalers' broker metrics are means.
pub(super) const POLICY_WINDOW: SimSpan = SimSpan::from_secs(60);

/// Integrals over time of what is only known as a rate.
#[derive(Debug, Clone, Default)]
pub(super) struct Meters {
    /// When the last sample was taken.
    pub since: SimTime,
    /// By broker: CPU, NIC in, NIC out, busiest disk, in utilisation seconds since the last sample.
    pub brokers: BTreeMap<BrokerId, [f64; 4]>,
    /// By resource: demand and fixed demand in seconds, and the seconds it existed.
    pub demand: BTreeMap<Resource, [f64; 3]>,
    pub moved: f64,
    /// Totals at the last sample: by producer (offered, acked), by group (processed).
    pub producers: Vec<[f64; 2]>,
    pub groups: Vec<f64>,
    window: VecDeque<Reading>,
    total: Totals,
}

/// Cumulative values; a difference over the window is its mean.
#[derive(Debug, Clone, Default)]
struct Totals {
    /// Mean CPU utilisation over brokers in service, in seconds.
    cpu: f64,
    /// Mean NIC in over brokers in service, in bytes.
    net_in: f64,
    /// By group: records processed, and their processing times in seconds.
    records: Vec<f64>,
    work: Vec<f64>,
}

#[derive(Debug, Clone)]
struct Reading {
    at: SimTime,
    total: Totals,
}

impl Meters {
    /// The means over the last minute of CPU utilisation and of bytes/s in, over the brokers in
    /// service; `None` before anything was measured.
    pub(super) fn broker_means(&self, now: SimTime) -> Option<(f64, f64)> {
        let (then, seconds) = self.window_start(now)?;
        let cpu = (self.total.cpu - then.cpu) / seconds;
        Some((cpu, (self.total.net_in - then.net_in) / seconds))
    }

    /// Mean seconds from poll to processed over the records of the last minute.
    pub(super) fn processing_time(&self, now: SimTime, group: usize) -> Option<f64> {
        let (then, _) = self.window_start(now)?;
        let before = |list: &[f64]| list.get(group).copied().unwrap_or(0.0);
        let records = before(&self.total.records) - before(&then.records);
        let work = before(&self.total.work) - before(&then.work);
        (records > 0.0).then(|| work / records)
    }

    /// The totals a minute ago (rates are constant between readings, so a line is exact).
    fn window_start(&self, now: SimTime) -> Option<(Totals, f64)> {
        let from = SimTime::ZERO
            .saturating_add(now.saturating_since(SimTime::ZERO.saturating_add(POLICY_WINDOW)));
        let after = self.window.partition_point(|reading| reading.at <= from);
        let old = self.window.get(after.checked_sub(1)?)?;
        let seconds = now.checked_since(from)?.as_secs_f64();
        if seconds <= 0.0 {
            return None;
        }
        let Some(next) = self.window.get(after) else { return Some((old.total.clone(), seconds)) };
        let share = (from - old.at).ratio_to(next.at - old.at);
        Some((old.total.between(&next.total, share), seconds))
    }

    fn remember(&mut self, now: SimTime) {
        if self.window.back().is_some_and(|last| last.at == now) {
            self.window.pop_back();
        }
        self.window.push_back(Reading { at: now, total: self.total.clone() });
        while self
            .window
            .get(1)
            .is_some_and(|second| now.saturating_since(second.at) > POLICY_WINDOW)
        {
            self.window.pop_front();
        }
    }
}

impl Totals {
    fn between(&self, next: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        let lists = |a: &[f64], b: &[f64]| {
            b.iter().enumerate().map(|(i, b)| mix(a.get(i).copied().unwrap_or(0.0), *b)).collect()
        };
        Self {
            cpu: mix(self.cpu, next.cpu),
            net_in: mix(self.net_in, next.net_in),
            records: lists(&self.records, &next.records),
            work: lists(&self.work, &next.work),
        }
    }
}

impl World<'_> {
    /// Adds the present rates over `seconds` to all integrals.
    pub(super) fn meter(&mut self, seconds: f64) {
        let mut meters = std::mem::take(&mut self.meters);
        let (mut cpu, mut net_in, mut serving) = (0.0, 0.0, 0.0);
        for index in self.in_service() {
            let broker = BrokerId::from_index(index);
            let use_of = self.broker_use(broker);
            let sums = meters.brokers.entry(broker).or_insert([0.0; 4]);
            for (sum, value) in sums.iter_mut().zip(use_of) {
                *sum += value * seconds;
            }
            let host = self.cluster.host(self.cluster.broker(broker).host);
            cpu += use_of[0];
            net_in += use_of[1] * host.nic_in.get();
            serving += 1.0;
        }
        if serving > 0.0 {
            meters.total.cpu += cpu / serving * seconds;
            meters.total.net_in += net_in / serving * seconds;
        }
        for (index, resource) in self.network.resources.iter().enumerate() {
            let sums = meters.demand.entry(*resource).or_insert([0.0; 3]);
            sums[0] += self.network.demand[index] * seconds;
            sums[1] += self.network.standing[index] * seconds;
            sums[2] += seconds;
        }
        meters.total.records.resize(self.groups.len(), 0.0);
        meters.total.work.resize(self.groups.len(), 0.0);
        for group in 0..self.groups.len() {
            let rate: f64 = self.groups[group].slots.iter().map(|slot| slot.rate).sum();
            meters.total.records[group] += rate * seconds;
            meters.total.work[group] += rate * seconds * self.processing_time(group, rate);
        }
        meters.moved += self.copies().map(|copy| copy.rate).sum::<f64>() * seconds;
        meters.remember(self.now);
        self.meters = meters;
    }

    /// Utilisation of a broker's CPU, NIC in, NIC out and busiest disk.
    pub(super) fn broker_use(&self, broker: BrokerId) -> [f64; 4] {
        let spec = self.cluster.broker(broker);
        let of = |resource| self.network.utilisation(resource);
        let disk = spec.log_dirs.iter().map(|dir| of(Resource::Disk(spec.host, dir.disk)));
        [
            of(Resource::Cpu(spec.host)),
            of(Resource::NicIn(spec.host)),
            of(Resource::NicOut(spec.host)),
            disk.fold(0.0, f64::max),
        ]
    }

    /// Mean seconds from poll to processed at the present rate.
    fn processing_time(&self, group: usize, rate: f64) -> f64 {
        let spec = &self.scenario.groups[group];
        let state = &self.groups[group];
        let readers = state.owning().max(1) as f64;
        let behind = self.processing_lag(group) > 1.0;
        let work = super::groups::poll_loop(spec);
        let costs = &self.scenario.costs;
        let per_poll = work.per_poll(costs, &spec.settings, rate / readers, behind);
        work.processing_time(costs, per_poll)
    }
}
