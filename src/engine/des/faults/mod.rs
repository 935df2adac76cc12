//! Faults of brokers among requests: what breaks, who notices when, and how it heals.
//!
//! The controller decides for both engines ([`crate::engine::control`]); here connections break
//! (`gone.rs`), leaders change and logs are cut off (`leaders.rs`), brokers come back
//! (`back.rs`) and clients learn of it (`refresh.rs`). Nothing of it costs anything in a scenario
//! without faults.

mod back;
mod gone;
mod laws;
mod leaders;
mod refresh;

pub(super) use refresh::Who;

use super::client::NONE;
use super::event::Event;
use super::session::Slot;
use super::world::World;
use crate::chance::{Chance, Stream};
use crate::cluster::BrokerId;
use crate::engine::control::{Control, Effect, Step};
use crate::units::{SimSpan, SimTime};
use refresh::Refresh;
use std::collections::BTreeMap;

/// What follows from faults.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    pub control: Control,
    errands: Vec<Errand>,
    refreshes: BTreeMap<Who, Refresh>,
    /// Sessions of followers by (follower, leader, fetcher thread).
    fetchers: BTreeMap<[u32; 3], u32>,
    chance: Stream,
    /// Records that are in a log although their client has given them up, by partition and
    /// position.
    given_up: BTreeMap<(u32, u64), u64>,
    /// Records that were acknowledged and are in no log any more.
    pub lost: u64,
    /// Of those, records that nobody had said to be safe: `acks=0`.
    pub lost_on_the_way: u64,
}

/// Something that happens at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    Control(Step),
    /// A client learns that its connection is gone.
    Severed {
        conn: u32,
    },
    /// A client has asked who leads.
    Refresh {
        who: Who,
    },
}

impl World<'_> {
    /// Everything that is known of faults before the first event.
    pub(super) fn expect_faults(&mut self) {
        let partitions = self.scenario.cluster.partitions.len();
        let offsets = self.logs[partitions..].iter().map(|log| {
            log.disks.iter().map(|(broker, _)| BrokerId(*broker)).collect::<Vec<BrokerId>>()
        });
        let chance = Chance::new(self.seed, self.replication);
        let Some(control) = Control::of(self.scenario, chance, offsets) else { return };
        let steps = control.first_steps(self.scenario);
        let mut faults = Faults {
            control,
            errands: Vec::new(),
            refreshes: BTreeMap::new(),
            fetchers: BTreeMap::new(),
            chance: chance.stream("faults", "back-off"),
            given_up: BTreeMap::new(),
            lost: 0,
            lost_on_the_way: 0,
        };
        for (index, session) in self.sessions.iter().enumerate() {
            let Some((follower, first)) = session.follower().zip(session.slots.first()) else {
                continue;
            };
            let leader = self.conns[session.conn as usize].broker;
            let thread = self.fetcher_of(first.partition as usize);
            faults.fetchers.insert([follower, leader, thread], index as u32);
        }
        self.faults = Some(Box::new(faults));
        for (at, step) in steps {
            self.plan(at, Errand::Control(step));
        }
    }

    /// Puts an errand on the agenda.
    fn plan(&mut self, at: SimTime, errand: Errand) {
        let now = self.agenda.now();
        let Some(faults) = &mut self.faults else { return };
        let number = faults.errands.len() as u32;
        faults.errands.push(errand);
        self.agenda.schedule(at.max(now), Event::Errand { number });
    }

    /// Something that follows from a fault.
    pub(super) fn errand(&mut self, number: u32) {
        let Some(errand) = self.faults.as_ref().map(|one| one.errands[number as usize]) else {
            return;
        };
        match errand {
            Errand::Control(step) => self.control_step(step),
            Errand::Severed { conn } => self.severed(conn),
            Errand::Refresh { who } => self.refresh(who),
        }
    }

    fn control_step(&mut self, step: Step) {
        let now = self.agenda.now();
        let Some(mut faults) = self.faults.take() else { return };
        let mut recorder = std::mem::take(&mut self.recorder);
        let recovery = |broker: BrokerId| self.recovery(broker.0);
        let control = &mut faults.control;
        let outcome = control.happen(now, step, self.scenario, recovery, &mut recorder);
        (self.recorder, self.faults) = (recorder, Some(faults));
        for effect in outcome.effects {
            match effect {
                Effect::Gone { broker, resets } => self.broker_gone(broker.0, resets),
                Effect::Leads { partition } => self.lead(partition),
                Effect::Back { broker } => self.broker_back(broker.0),
            }
        }
        for (at, step) in outcome.later {
            if at < self.end {
                self.plan(at, Errand::Control(step));
            }
        }
    }

    /// How long a broker checks its logs after a crash: the log dirs side by side.
    fn recovery(&self, broker: u32) -> SimSpan {
        let mut bytes: BTreeMap<u32, u64> = BTreeMap::new();
        for log in &self.logs {
            let mine = log.disks.iter().enumerate().find(|(_, (holder, _))| *holder == broker);
            if let Some((replica, (_, disk))) = mine {
                *bytes.entry(*disk).or_default() += log.active_bytes(replica);
            }
        }
        let machine = self.brokers[broker as usize].machine as usize;
        let (host, cache) = (&self.scenario.machines[machine], self.machines[machine].cache);
        // What was written last is in the page cache of a process that died.
        let all: u64 = bytes.values().sum();
        let cold = (1.0 - cache.max(0) as f64 / all.max(1) as f64).max(0.0);
        let threads = self.scenario.brokers.failover.recovery_threads;
        let spans = bytes.into_iter().map(|(disk, bytes)| {
            let read = host.disks[disk as usize].read.get();
            self.costs.failover.recovery([bytes as f64, bytes as f64 * cold], threads, read)
        });
        spans.max().unwrap_or(SimSpan::ZERO)
    }

    /// Whether a broker's process runs and can be reached.
    fn is_up(&self, broker: u32) -> bool {
        let faults = self.faults.as_ref();
        faults.is_none_or(|faults| faults.control.is_up(BrokerId(broker)))
    }

    /// The broker that leads a partition, if it runs.
    fn leader_of(&self, partition: u32) -> Option<u32> {
        let leader = self.logs[partition as usize].leader;
        (leader != NONE && self.is_up(leader)).then_some(leader)
    }

    /// Whether a partition has a leader that runs.
    pub(super) fn is_led(&self, partition: usize) -> bool {
        self.faults.is_none() || self.leader_of(partition as u32).is_some()
    }

    /// Whether a partition has a leader that runs and may change its ISR.
    pub(super) fn may_shrink(&self, partition: usize) -> bool {
        let faults = self.faults.as_ref();
        self.is_led(partition) && faults.is_none_or(|one| one.control.may_alter(partition))
    }

    /// A follower that is not in sync has told what it has: it may join the ISR.
    pub(super) fn join(&mut self, slot: Slot) {
        let now = self.agenda.now();
        let (partition, log) = (slot.partition as usize, &mut self.logs[slot.partition as usize]);
        let follower = log.followers[slot.follower as usize];
        if !log.is_caught_up(follower.has) {
            return;
        }
        let broker = BrokerId(follower.broker);
        if let Some(faults) = &mut self.faults {
            if !faults.control.may_join(broker) || !faults.control.may_alter(partition) {
                return;
            }
            faults.control.expands(now, partition, broker, &mut self.recorder);
        }
        let follower = &mut log.followers[slot.follower as usize];
        (follower.in_sync, follower.holds) = (true, false);
        follower.caught_up = now;
    }

    /// A client gives a batch up, although it may be in the log.
    pub(super) fn note_given_up(&mut self, batch: u32) {
        let one = &self.batches[batch];
        if let Some(faults) = &mut self.faults
            && one.appended > 0
        {
            faults.given_up.insert((one.partition, one.appended), u64::from(one.records));
        }
    }

    /// A leader has found that followers lag; the controller notes it.
    pub(super) fn tell_of_shrinks(&mut self, partition: usize) {
        let now = self.agenda.now();
        let Some(faults) = &mut self.faults else { return };
        for follower in self.logs[partition].followers.iter().filter(|one| !one.in_sync) {
            let broker = BrokerId(follower.broker);
            if faults.control.in_sync(partition).contains(&broker) {
                faults.control.shrinks(now, partition, broker, &mut self.recorder);
            }
        }
    }
}
