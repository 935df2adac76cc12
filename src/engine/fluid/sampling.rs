//! Series get their points at even intervals.

use super::network::{Limit, Resource};
use super::world::{Life, World};
use crate::cluster::{BrokerId, HostId};
use crate::metrics::Shape;
use crate::model::policy::Target;
use crate::units::SimSpan;

/// Intervals to choose from, and how many points a run may have.
const INTERVALS: [u64; 5] = [1, 10, 60, 300, 3_600];
const MOST_POINTS: f64 = 2_880.0;

/// The shortest interval that keeps a run of this length within the number of points.
pub(super) fn interval(duration: SimSpan) -> SimSpan {
    let fits = |seconds: &&u64| duration.ratio_to(SimSpan::from_secs(**seconds)) <= MOST_POINTS;
    let day = 86_400;
    SimSpan::from_secs(INTERVALS.iter().find(fits).copied().unwrap_or(day))
}

impl World<'_> {
    /// Points for everything that is a mean since the last sample, and for sizes and capacities.
    pub(super) fn sample(&mut self) {
        let seconds = self.now.saturating_since(self.meters.since).as_secs_f64();
        if seconds > 0.0 {
            self.sample_brokers(seconds);
            self.sample_demand();
            self.sample_flows(seconds);
            self.meters.since = self.now;
        }
        self.sample_sizes();
        self.forget_marks();
    }

    fn point(&mut self, name: &str, entity: &str, unit: &'static str, shape: Shape, value: f64) {
        let id = self.recorder.series(name, entity, unit, shape);
        self.recorder.push(id, self.now, value);
    }

    fn sample_brokers(&mut self, seconds: f64) {
        const NAMES: [&str; 4] =
            ["cpu_utilisation", "nic_in_utilisation", "nic_out_utilisation", "disk_utilisation"];
        for (broker, sums) in std::mem::take(&mut self.meters.brokers) {
            let entity = self.cluster.broker(broker).node_id.to_string();
            for (name, sum) in NAMES.into_iter().zip(sums) {
                let id = self.recorder.series(name, &entity, "share", Shape::Mean);
                if self.recorder.last(id).is_none() {
                    self.recorder.push(id, self.meters.since, 0.0);
                }
                self.recorder.push(id, self.now, sum / seconds);
            }
            let stored = self.stored(broker);
            self.point("stored_bytes", &entity, "bytes", Shape::Linear, stored);
        }
        let moved = std::mem::take(&mut self.meters.moved);
        self.point("moved_bytes_s", "cluster", "bytes/s", Shape::Mean, moved / seconds);
    }

    fn sample_demand(&mut self) {
        let mut busiest: Vec<Option<[f64; 2]>> = vec![None; self.groups.len()];
        for (resource, [demand, fixed, seconds]) in std::mem::take(&mut self.meters.demand) {
            if seconds <= 0.0 {
                continue;
            }
            let means = [demand / seconds, fixed / seconds];
            if let Resource::Member(group, _) = resource {
                let best = &mut busiest[group];
                if best.is_none_or(|best| best[0] < means[0]) {
                    *best = Some(means);
                }
            } else if let Some(words) = self.resource_words(resource) {
                self.demand_points(&words, means);
            }
        }
        for (group, means) in busiest.into_iter().enumerate() {
            if let Some(means) = means {
                let words = format!("group {} members", self.scenario.groups[group].name);
                self.demand_points(&words, means);
            }
        }
    }

    fn demand_points(&mut self, words: &str, means: [f64; 2]) {
        self.point("demand", words, "share", Shape::Mean, means[0]);
        self.point("fixed_demand", words, "share", Shape::Mean, means[1]);
    }

    /// How a person calls a resource; `None` for what is not a resource of the brokers.
    pub(super) fn resource_words(&self, resource: Resource) -> Option<String> {
        let of = |host: HostId| {
            let mut there = self.cluster.brokers.iter().filter(|broker| broker.host == host);
            match (there.next(), there.next()) {
                (Some(broker), None) => Some(format!("broker {}", broker.node_id)),
                (Some(_), Some(_)) => Some(format!("host {}", self.cluster.host(host).name)),
                (None, _) => None,
            }
        };
        match resource {
            Resource::Cpu(host) => of(host).map(|name| format!("{name} CPU")),
            Resource::NicIn(host) => of(host).map(|name| format!("{name} NIC in")),
            Resource::NicOut(host) => of(host).map(|name| format!("{name} NIC out")),
            Resource::Disk(host, disk) => of(host).map(|name| format!("{name} disk {}", disk + 1)),
            Resource::ProducerQuota(producer, broker, limit) => {
                let name = &self.scenario.producers[producer].name;
                Some(self.quota_words(broker, &format!("producer {name}"), limit))
            }
            Resource::ConsumerQuota(group, broker, limit) => {
                let name = &self.scenario.groups[group].name;
                Some(self.quota_words(broker, &format!("group {name}"), limit))
            }
            Resource::Link(way) => {
                let name = self.scenario.links.lines().find(|(one, _, _)| *one == way);
                name.map(|(_, name, _)| name)
            }
            Resource::ProducerFlows(producer, broker) => {
                let name = &self.scenario.producers[producer].name;
                let broker = self.cluster.broker(broker).node_id;
                Some(format!("broker {broker} producer {name} connections"))
            }
            Resource::FollowerFlows(leader, follower) => {
                let [from, to] = [leader, follower].map(|one| self.cluster.broker(one).node_id);
                Some(format!("broker {from} to {to} replica fetchers"))
            }
            Resource::LeaderThrottle(_)
            | Resource::FollowerThrottle(_)
            | Resource::Member(_, _)
            | Resource::MemberFlow(..) => None,
        }
    }

    fn quota_words(&self, broker: BrokerId, client: &str, limit: Limit) -> String {
        let of = match limit {
            Limit::Bytes => "quota",
            Limit::Requests => "request quota",
        };
        format!("broker {} {client} {of}", self.cluster.broker(broker).node_id)
    }

    fn sample_flows(&mut self, seconds: f64) {
        let (mut all_offered, mut all_acked) = (0.0, 0.0);
        self.meters.producers.resize(self.producers.len(), [0.0; 2]);
        for producer in 0..self.producers.len() {
            let state = self.producers[producer];
            let before = self.meters.producers[producer];
            let offered = (state.total_offered - before[0]) / seconds;
            let acked = (state.total_acked - before[1]) / seconds;
            self.meters.producers[producer] = [state.total_offered, state.total_acked];
            all_offered += offered;
            all_acked += acked;
            let name = &self.scenario.producers[producer].name;
            self.point("offered_records_s", name, "records/s", Shape::Mean, offered);
            self.point("acked_records_s", name, "records/s", Shape::Mean, acked);
        }
        self.point("offered_records_s", "all", "records/s", Shape::Mean, all_offered);
        self.point("acked_records_s", "all", "records/s", Shape::Mean, all_acked);
        self.meters.groups.resize(self.groups.len(), 0.0);
        for group in 0..self.groups.len() {
            let total: f64 = self.groups[group].slots.iter().map(|slot| slot.processed).sum();
            let rate = (total - self.meters.groups[group]) / seconds;
            self.meters.groups[group] = total;
            let name = &self.scenario.groups[group].name;
            self.point("processed_records_s", name, "records/s", Shape::Mean, rate);
        }
    }

    /// Sizes and capacities; also called when one of them changes.
    pub(super) fn sample_sizes(&mut self) {
        if let Some(capacity) = self.capacity(Target::Brokers, None) {
            self.point("capacity_records_s", "brokers", "records/s", Shape::Step, capacity);
        }
        let ready = self.in_service().count() as f64;
        let useful = self.useful_brokers() as f64;
        let wanted = f64::from(self.wanted_brokers);
        for (name, value) in
            [("brokers_desired", wanted), ("brokers_ready", ready), ("brokers_useful", useful)]
        {
            self.point(name, "cluster", "brokers", Shape::Step, value);
        }
        for group in 0..self.groups.len() {
            let name = &self.scenario.groups[group].name;
            let capacity = self.group_capacity(group);
            self.point("capacity_records_s", name, "records/s", Shape::Step, capacity);
            let state = &self.groups[group];
            let (wanted, ready, owning) =
                (f64::from(state.wanted), state.joined().count() as f64, state.owning() as f64);
            self.point("members_desired", name, "members", Shape::Step, wanted);
            self.point("members_ready", name, "members", Shape::Step, ready);
            self.point("members_owning", name, "members", Shape::Step, owning);
        }
    }

    /// Bytes that a broker stores, copies in progress included.
    pub(super) fn stored(&self, broker: BrokerId) -> f64 {
        let mut bytes = 0.0;
        for (partition, log) in self.cluster.partitions.iter().zip(&self.logs) {
            if partition.replicas.iter().any(|replica| replica.broker == broker) {
                bytes += log.bytes;
            }
        }
        for copy in self.reassignment.copies.iter().filter(|copy| copy.step.to == broker) {
            bytes += (self.logs[copy.step.partition.index()].bytes - copy.missing).max(0.0);
        }
        if self.brokers[broker.index()].life == Life::Gone { 0.0 } else { bytes }
    }

    fn forget_marks(&mut self) {
        let mut oldest: Vec<f64> = self.logs.iter().map(|log| log.end).collect();
        for slot in self.groups.iter().flat_map(|state| &state.slots) {
            let position = &mut oldest[slot.partition.index()];
            *position = position.min(slot.position);
        }
        for (log, position) in self.logs.iter_mut().zip(oldest) {
            log.forget_before(position);
        }
    }
}
