//! Policies look, decide, and what they decided happens.

use super::rates::NOTHING;
use super::world::{Awaited, Life, World};
use crate::cluster::GroupId;
use crate::metrics::{DecisionEntry, Shape};
use crate::model::policy::{Decision, Observation, Sample, ScalingPolicy, Target};
use crate::scenario::TimelineAction;
use crate::units::SimTime;

impl World<'_> {
    /// One evaluation of one policy.
    pub(super) fn evaluate(&mut self, scaler: usize) {
        let spec = &self.scenario.autoscaling[scaler];
        let group = spec.group.map(GroupId::index);
        let wants = self.policies[scaler].wants();
        if let Some(group) = group.filter(|_| !wants.is_empty()) {
            for decision in self.evaluate_controller(scaler, &wants, group) {
                self.act(scaler, Some(group), decision);
            }
            return;
        }
        let mut policy = self.policies[scaler].clone();
        let seen: Vec<(String, Option<f64>)> = policy
            .metrics()
            .into_iter()
            .map(|metric| (metric.to_owned(), self.measure(metric, group)))
            .collect();
        let samples: Vec<Sample<'_>> =
            seen.iter().map(|(metric, value)| Sample { metric, value: *value }).collect();
        let decisions = policy.decide(
            self.now,
            &Observation {
                samples: &samples,
                brokers: self.wanted_brokers,
                consumers: group.map(|group| self.groups[group].wanted),
                partitions: group.map(|group| self.groups[group].slots.len() as u32),
                workload: None,
            },
        );
        self.record_metrics(&policy.thresholds(), &seen, group);
        self.policies[scaler] = policy;
        for decision in decisions {
            self.act(scaler, group, decision);
        }
    }

    /// A metric under the name that policies use; `None` when there is nothing to measure.
    fn measure(&self, metric: &str, group: Option<usize>) -> Option<f64> {
        match metric {
            "cpu_usage" => self.meters.broker_means(self.now).map(|(cpu, _)| cpu * 100.0),
            "network_in_bytes" => self.meters.broker_means(self.now).map(|(_, bytes)| bytes),
            "consumer_lag" => group.map(|group| self.committed_lag(group)),
            "processing_time_ms" => {
                self.meters.processing_time(self.now, group?).map(|seconds| seconds * 1e3)
            }
            "input_rate" => {
                group.map(|group| self.groups[group].slots.iter().map(|slot| slot.rate).sum())
            }
            "true_rate" => group.map(|group| self.group_capacity(group)),
            _ => None,
        }
    }

    fn record_metrics(
        &mut self,
        thresholds: &[crate::model::policy::Threshold],
        seen: &[(String, Option<f64>)],
        group: Option<usize>,
    ) {
        for threshold in thresholds {
            let Some(value) = seen
                .iter()
                .find(|(metric, _)| *metric == threshold.metric)
                .and_then(|(_, value)| *value)
            else {
                continue;
            };
            let Some(entity) = self.target_name(threshold.target, group) else { continue };
            let unit = unit_of(&threshold.metric);
            let id = self.recorder.series(&threshold.metric, &entity, unit, Shape::Step);
            let before = self.recorder.last(id);
            self.recorder.push(id, self.now, value);
            let above = |value: f64| value > threshold.up;
            let crossed = before.map_or(above(value), |before| above(before) != above(value));
            if crossed {
                let way = if above(value) { "rises above" } else { "falls below" };
                let words = format!(
                    "{} {way} the threshold of {} ({})",
                    threshold.metric,
                    crate::units::count(threshold.up),
                    crate::units::count(value)
                );
                self.recorder.event(self.now, "threshold_crossed", &entity, words);
            }
        }
    }

    fn target_name(&self, target: Target, group: Option<usize>) -> Option<String> {
        match target {
            Target::Brokers => Some("brokers".to_owned()),
            Target::Consumers => group.map(|group| self.scenario.groups[group].name.clone()),
        }
    }

    fn act(&mut self, scaler: usize, group: Option<usize>, decision: Decision) {
        let spec = &self.scenario.autoscaling[scaler];
        let acts = match decision.target {
            Target::Brokers => spec.brokers,
            Target::Consumers => group.is_some(),
        };
        let Some(target) = self.target_name(decision.target, group).filter(|_| acts) else {
            return;
        };
        if !decision.action {
            return;
        }
        let failed = decision.desired == decision.current;
        self.decisions.push(DecisionEntry {
            at: self.now,
            policy: decision.policy,
            target,
            from: decision.current,
            to: decision.desired,
            reason: decision.reason.word().to_owned(),
            words: decision.words,
            failed,
            effective_after: None,
            capacity_before: self.capacity(decision.target, group),
            capacity_after: None,
        });
        if failed {
            return;
        }
        self.awaited.push(Awaited {
            decision: self.decisions.len() - 1,
            target: decision.target,
            group: group.unwrap_or(0),
            from: decision.current,
            to: decision.desired,
        });
        match (decision.target, group) {
            (Target::Brokers, _) => self.scale_brokers(decision.desired, spec.rebalancing),
            (Target::Consumers, Some(group)) => self.scale_group(group, decision.desired),
            (Target::Consumers, None) => {}
        }
    }

    /// Notes which awaited actions have taken effect: capacity is there, and nothing pauses or
    /// moves for it any more.
    pub(super) fn settle_awaited(&mut self) {
        if self.awaited.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.awaited);
        for one in waiting {
            if !self.is_effective(&one) {
                self.awaited.push(one);
                continue;
            }
            let group = (one.target == Target::Consumers).then_some(one.group);
            let capacity = self.capacity(one.target, group);
            let entry = &mut self.decisions[one.decision];
            entry.effective_after = Some(self.now - entry.at);
            entry.capacity_after = capacity;
        }
    }

    fn is_effective(&self, one: &Awaited) -> bool {
        let up = one.to > one.from;
        match one.target {
            Target::Brokers => {
                let serving = self.in_service().count() as u32;
                let there = if up { serving >= one.to } else { serving <= one.to };
                there && !self.reassignment.active
            }
            Target::Consumers => {
                let group = &self.groups[one.group];
                let joined = group.joined().count() as u32 + group.away;
                let there = if up { joined >= one.to } else { joined <= one.to };
                there && !group.rebalancing(self.now)
            }
        }
    }

    /// The largest load in records/s that a target could carry at the present mix: offered load
    /// times the factor at which its tightest resource is full.
    pub(super) fn capacity(&self, target: Target, group: Option<usize>) -> Option<f64> {
        match (target, group) {
            (Target::Brokers, _) => self.broker_capacity(),
            (Target::Consumers, Some(group)) => Some(self.group_capacity(group)),
            (Target::Consumers, None) => None,
        }
    }

    fn broker_capacity(&self) -> Option<f64> {
        use super::network::Resource;
        let offered: f64 = self.producers.iter().map(|p| p.offered).sum();
        let factor = self
            .network
            .resources
            .iter()
            .zip(self.network.demand.iter().zip(&self.network.standing))
            .filter(|(resource, _)| {
                matches!(
                    resource,
                    Resource::Cpu(_)
                        | Resource::NicIn(_)
                        | Resource::NicOut(_)
                        | Resource::Disk(_, _)
                )
            })
            .filter(|(_, (demand, fixed))| *demand - *fixed > 0.0)
            .map(|(_, (demand, fixed))| (1.0 - fixed).max(0.0) / (demand - fixed))
            .fold(f64::INFINITY, f64::min);
        (factor.is_finite() && offered > 0.0).then_some(factor * offered)
    }

    /// The load at which the member with the largest part of the group's records is full.
    pub(super) fn group_capacity(&self, group: usize) -> f64 {
        let state = &self.groups[group];
        let weight = |index: usize| self.weights[state.slots[index].partition.index()];
        let total: f64 = (0..state.slots.len()).map(weight).sum();
        let busiest = state
            .joined()
            .map(|number| {
                (0..state.slots.len())
                    .filter(|index| state.slots[*index].owner == Some(number))
                    .map(|index| weight(index) * self.service(&self.network, group, index))
                    .sum::<f64>()
            })
            .fold(0.0, f64::max);
        if busiest > 0.0 { total / busiest } else { 0.0 }
    }

    /// An entry of the timeline happens.
    pub(super) fn timeline(&mut self, entry: usize) {
        match &self.scenario.timeline[entry].action {
            TimelineAction::AddBrokers { count } => {
                let wanted = self.wanted_brokers + count;
                self.scale_brokers(wanted, crate::scenario::Rebalancing::None);
            }
            TimelineAction::Reassign { rebalancing } => self.reassign(*rebalancing),
            TimelineAction::Fault(_) => {}
            TimelineAction::ScaleGroup { group, members } => {
                self.scale_group(group.index(), *members);
            }
            TimelineAction::KillMembers { group, count, lasts } => {
                self.kill_members(group.index(), *count, *lasts);
            }
            TimelineAction::AddMembers { group, count } => {
                let wanted = self.groups[group.index()].wanted.saturating_add(*count);
                self.scale_group(group.index(), wanted);
            }
            TimelineAction::RemoveMembers { group, count } => {
                let wanted = self.groups[group.index()].wanted.saturating_sub(*count);
                self.scale_group(group.index(), wanted);
            }
        }
    }

    /// Brokers that hold replicas.
    pub(super) fn useful_brokers(&self) -> usize {
        let mut holds = vec![false; self.brokers.len()];
        for replica in self.cluster.partitions.iter().flat_map(|p| &p.replicas) {
            holds[replica.broker.index()] = true;
        }
        let serving = self.in_service().filter(|index| holds[*index]);
        serving.filter(|index| self.brokers[*index].life != Life::Gone).count()
    }

    /// Points of the lag series; lags are straight lines between events.
    pub(super) fn record_lags(&mut self) {
        for group in 0..self.groups.len() {
            let (committed, processing) = (self.committed_lag(group), self.processing_lag(group));
            let seconds = self.lag_seconds(group, self.now);
            let name = &self.scenario.groups[group].name;
            for (series, unit, value) in [
                ("lag_records", "records", committed),
                ("processing_lag_records", "records", processing),
                ("lag_seconds", "s", seconds),
            ] {
                let id = self.recorder.series(series, name, unit, Shape::Linear);
                self.recorder.push(id, self.now, value);
            }
        }
    }

    /// Age of the oldest record that the group has not processed: the largest over its partitions
    /// of lag over the mean rate at which the partition was appended to since.
    fn lag_seconds(&self, group: usize, now: SimTime) -> f64 {
        let age = |slot: &super::groups::Slot| {
            let log = &self.logs[slot.partition.index()];
            let lag = log.end - slot.position;
            if lag <= NOTHING { 0.0 } else { log.age_of(slot.position, now) }
        };
        self.groups[group].slots.iter().map(age).fold(0.0, f64::max)
    }
}

/// Units of the metrics that policies know.
fn unit_of(metric: &str) -> &'static str {
    match metric {
        "cpu_usage" => "%",
        "network_in_bytes" => "bytes/s",
        "processing_time_ms" => "ms",
        _ => "records",
    }
}
