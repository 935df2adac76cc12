//! Faults of brokers among flows: what stops, when clients go on, and what is caught up.
//!
//! The controller decides for both engines ([`crate::engine::control`]). Here a partition without
//! a leader takes and gives nothing, one whose in-sync replicas are gone takes nothing from
//! acks=all, and a broker that returns copies what it lacks beside the load. Clients go on when
//! they have asked who leads: after a crash at the next of their growing waits, after a clean
//! change when the broker that does not lead any more has refused them.

use super::feeds::Feed;
use super::world::{Copying, Event, Life, World};
use crate::cluster::{BrokerId, PartitionId};
use crate::engine::control::{Control, Effect, Step};
use crate::model::client::Acks;
use crate::model::failover::next_ask;
use crate::model::operation::Move;
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeMap;

/// What follows from faults.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    pub control: Control,
    /// By feed, and by group and slot: when its client knows the leader.
    writes: Vec<SimTime>,
    reads: Vec<Vec<SimTime>>,
    /// By partition: since when its clients have known that its leader is gone.
    lost: Vec<Option<SimTime>>,
    /// Replicas that do not follow, with the bytes that had been appended when they stopped and
    /// when that was.
    behind: BTreeMap<(PartitionId, BrokerId), (f64, SimTime)>,
    /// By partition: followers that catch up and hold up the high watermark, and until when.
    holds: BTreeMap<(PartitionId, BrokerId), SimTime>,
}

impl World<'_> {
    /// The controller, when the scenario has faults, and their first steps.
    pub(super) fn expect_faults(&mut self) {
        let Some(control) = Control::of(self.scenario, self.chance, std::iter::empty()) else {
            return;
        };
        for (at, step) in control.first_steps(self.scenario) {
            self.agenda.schedule(at, Event::Control { step });
        }
        let slots = self.groups.iter().map(|group| vec![SimTime::ZERO; group.slots.len()]);
        self.faults = Some(Box::new(Faults {
            control,
            writes: vec![SimTime::ZERO; self.feeds.len()],
            reads: slots.collect(),
            lost: vec![None; self.cluster.partitions.len()],
            behind: BTreeMap::new(),
            holds: BTreeMap::new(),
        }));
    }

    /// A step of the controller.
    pub(super) fn control_step(&mut self, step: Step) {
        let Some(mut faults) = self.faults.take() else { return };
        let mut recorder = std::mem::take(&mut self.recorder);
        let recovery = |broker: BrokerId| self.recovery(broker);
        let control = &mut faults.control;
        let outcome = control.happen(self.now, step, self.scenario, recovery, &mut recorder);
        (self.recorder, self.faults) = (recorder, Some(faults));
        for effect in outcome.effects {
            match effect {
                Effect::Gone { broker, resets } => self.broker_gone(broker, resets),
                Effect::Leads { partition } => self.lead(PartitionId::from_index(partition)),
                Effect::Back { broker } => self.broker_back(broker),
            }
        }
        for (at, step) in outcome.later {
            self.agenda.schedule(at.max(self.now), Event::Control { step });
        }
        (self.rewired, self.resized) = (true, true);
    }

    /// How long a broker checks its logs after a crash: the log dirs side by side.
    fn recovery(&self, broker: BrokerId) -> SimSpan {
        let mut bytes: BTreeMap<u32, f64> = BTreeMap::new();
        for (partition, log) in self.cluster.partitions.iter().zip(&self.logs) {
            let mine = partition.replicas.iter().find(|replica| replica.broker == broker);
            if let Some(replica) = mine {
                *bytes.entry(replica.log_dir).or_default() += log.active_bytes();
            }
        }
        // What was written last is in the page cache of a process that died.
        let all: f64 = bytes.values().sum();
        let cache = self.cache(self.cluster.broker(broker).host);
        let cold = (1.0 - cache / all.max(1.0)).max(0.0);
        let threads = self.scenario.brokers.failover.recovery_threads;
        let spans = bytes.into_iter().map(|(log_dir, bytes)| {
            let (host, disk) = self.disk_of(broker, log_dir);
            let read = self.cluster.host(host).disks[disk as usize].read.get();
            self.scenario.costs.failover.recovery([bytes, bytes * cold], threads, read)
        });
        spans.max().unwrap_or(SimSpan::ZERO)
    }

    fn broker_gone(&mut self, broker: BrokerId, resets: bool) {
        self.brokers[broker.index()].life = Life::Down;
        let patience = self.longest_patience();
        let noticed = if resets { self.now } else { self.after(patience) };
        let Some(faults) = &mut self.faults else { return };
        faults.holds.retain(|(_, one), _| *one != broker);
        for (index, partition) in self.cluster.partitions.iter_mut().enumerate() {
            let id = PartitionId::from_index(index);
            if partition.replicas.iter().any(|replica| replica.broker == broker) {
                let appended = self.logs[index].appended_bytes;
                faults.behind.entry((id, broker)).or_insert((appended, self.now));
            }
            // Nobody reads from it, although the controller still counts it.
            partition.isr.retain(|one| *one != broker);
            if partition.leader == Some(broker) {
                partition.leader = None;
                faults.lost[index] = Some(noticed);
            }
        }
        self.catching.retain(|copy| copy.step.to != broker);
    }

    /// The longest that a client waits for an answer before it gives its connection up.
    fn longest_patience(&self) -> SimSpan {
        let producers = self.scenario.producers.iter().map(|one| one.settings.request_timeout);
        let groups = self.scenario.groups.iter().map(|one| one.settings.request_timeout);
        producers.chain(groups).max().unwrap_or(SimSpan::ZERO)
    }

    /// A partition has the leader and the in-sync replicas that the controller says.
    fn lead(&mut self, id: PartitionId) {
        let Some(faults) = &mut self.faults else { return };
        let leader = faults.control.leader(id.index());
        let partition = &mut self.cluster.partitions[id.index()];
        let before = std::mem::replace(&mut partition.leader, leader);
        let isr = faults.control.in_sync(id.index()).iter().copied();
        partition.isr = isr.filter(|one| faults.control.is_up(*one)).collect();
        let lost = &mut faults.lost[id.index()];
        let Some(leader) = leader else {
            if before.is_some() {
                *lost = Some(self.now);
            }
            return;
        };
        let lost = lost.take();
        faults.behind.remove(&(id, leader));
        faults.holds.remove(&(id, leader));
        self.catching.retain(|copy| (copy.step.partition, copy.step.to) != (id, leader));
        if before != Some(leader) {
            self.tell_clients(id, lost);
            self.catch_up_with(id);
        }
    }

    /// Clients of a partition learn of its new leader.
    fn tell_clients(&mut self, id: PartitionId, lost: Option<SimTime>) {
        let trip = self.scenario.links.same_zone;
        let now = self.now;
        let after = |[base, most]: [SimSpan; 2], clean: SimSpan| match lost {
            Some(since) if since > now => since + trip,
            Some(since) => now + next_ask(base, most, now - since) + trip,
            None => now + trip * 2 + clean,
        };
        let Some(faults) = &mut self.faults else { return };
        let mut at = Vec::new();
        for (index, feed) in self.feeds.iter().enumerate().filter(|(_, f)| f.partition == id) {
            let settings = &self.scenario.producers[feed.producer].settings;
            let waits = [settings.retry_backoff, settings.retry_backoff_max];
            faults.writes[index] = after(waits, settings.retry_backoff);
            at.push(faults.writes[index]);
        }
        for (group, state) in self.groups.iter().enumerate() {
            let settings = &self.scenario.groups[group].settings;
            let waits = [settings.retry_backoff, settings.retry_backoff_max];
            for (slot, _) in state.slots.iter().enumerate().filter(|(_, s)| s.partition == id) {
                faults.reads[group][slot] = after(waits, SimSpan::ZERO);
                at.push(faults.reads[group][slot]);
            }
        }
        at.sort_unstable();
        at.dedup();
        for at in at {
            self.agenda.schedule(at, Event::Learned);
        }
    }

    /// A broker serves again and copies what it lacks.
    fn broker_back(&mut self, broker: BrokerId) {
        self.brokers[broker.index()].life = Life::InService;
        let recent = self.scenario.brokers.replica_lag_max;
        let Some(faults) = &mut self.faults else { return };
        let mine = faults.behind.iter().filter(|((_, one), _)| *one == broker);
        let mine: Vec<(PartitionId, f64, SimTime)> =
            mine.map(|((partition, _), (bytes, since))| (*partition, *bytes, *since)).collect();
        let mut lacks = 0.0;
        for (partition, bytes, since) in mine {
            lacks += self.logs[partition.index()].appended_bytes - bytes;
            if self.now.saturating_since(since) < recent {
                faults.holds.insert((partition, broker), since + recent);
                self.agenda.schedule((since + recent).max(self.now), Event::Learned);
            }
        }
        faults.control.lacks(broker, lacks);
        let partitions: Vec<PartitionId> =
            faults.behind.keys().filter(|(_, one)| *one == broker).map(|(p, _)| *p).collect();
        for partition in partitions {
            self.catch_up_with(partition);
        }
    }

    /// Followers of a partition that run and lack something fetch it from the leader.
    fn catch_up_with(&mut self, id: PartitionId) {
        let partition = self.cluster.partition(id);
        let (Some(leader), Some(faults)) = (partition.leader, &self.faults) else { return };
        for replica in partition.replicas.iter().filter(|replica| replica.broker != leader) {
            let to = replica.broker;
            let Some((had, _)) = faults.behind.get(&(id, to)) else { continue };
            let known =
                self.catching.iter().any(|one| (one.step.partition, one.step.to) == (id, to));
            if known || !faults.control.is_up(to) {
                continue;
            }
            let log = &self.logs[id.index()];
            let missing = (log.appended_bytes - had).min(log.bytes).max(0.0);
            let step = Move { partition: id, from: leader, to };
            self.catching.push(Copying { step, log_dir: replica.log_dir, missing, rate: 0.0 });
        }
    }

    /// Followers that have caught up are in sync.
    pub(super) fn caught_up(&mut self, arrived: Vec<Copying>) {
        let Some(faults) = &mut self.faults else { return };
        for copy in arrived {
            let (partition, broker) = (copy.step.partition, copy.step.to);
            faults.behind.remove(&(partition, broker));
            faults.holds.remove(&(partition, broker));
            let recorder = &mut self.recorder;
            faults.control.expands(self.now, partition.index(), broker, recorder);
            self.cluster.partitions[partition.index()].isr.push(broker);
        }
        self.rewired = true;
    }

    /// Commits take what was processed half an interval ago, on average over their phases.
    pub(super) fn age_commits(&mut self, seconds: f64) {
        if self.faults.is_none() {
            return;
        }
        for (state, spec) in self.groups.iter_mut().zip(&self.scenario.groups) {
            let behind = spec.settings.auto_commit_interval.as_secs_f64() / 2.0;
            let keep = libm::exp(-seconds / behind);
            for slot in &mut state.slots {
                slot.uncommitted *= keep;
            }
        }
    }

    /// Whether a replica takes part in appends.
    pub(super) fn replicates(&self, partition: PartitionId, broker: BrokerId) -> bool {
        self.faults.as_ref().is_none_or(|faults| !faults.behind.contains_key(&(partition, broker)))
    }

    /// Whether the high watermark stands still.
    fn is_stalled(&self, faults: &Faults, id: PartitionId) -> bool {
        let from = (id, BrokerId(0));
        let held = faults.holds.range(from..).take_while(|((partition, _), _)| *partition == id);
        faults.control.is_stalled(id.index())
            || held.into_iter().any(|(_, until)| self.now < *until)
    }

    /// Whether a feed's records are taken at the moment.
    pub(super) fn takes(&self, index: usize, feed: &Feed) -> bool {
        let Some(faults) = &self.faults else { return true };
        let waits = self.scenario.producers[feed.producer].settings.acks == Acks::All;
        faults.writes[index] <= self.now && !(waits && self.is_stalled(faults, feed.partition))
    }

    /// Whether a group gets the records of a slot at the moment.
    pub(super) fn gives(&self, group: usize, slot: usize) -> bool {
        let Some(faults) = &self.faults else { return true };
        let partition = self.groups[group].slots[slot].partition;
        faults.reads[group][slot] <= self.now && !self.is_stalled(faults, partition)
    }

    /// Records that wait for a leader for longer than `delivery.timeout.ms` fail; the records.
    pub(super) fn expired(&mut self) -> Vec<f64> {
        let mut expired = vec![0.0; self.producers.len()];
        for index in 0..self.feeds.len() {
            let feed = self.feeds[index];
            if feed.queued <= 0.0 || self.faults.is_none() || self.takes(index, &feed) {
                continue;
            }
            let patience = self.scenario.producers[feed.producer].settings.delivery_timeout;
            let most = self.offered(&feed) * patience.as_secs_f64();
            expired[feed.producer] += (feed.queued - most).max(0.0);
            self.feeds[index].queued = feed.queued.min(most);
        }
        expired
    }
}
