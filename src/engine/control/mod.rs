//! The controller during a run, for both engines: who runs, who leads, who is in sync.
//!
//! Engines tell it what happens ([`Step`]s, in the order of time) and carry out what follows
//! ([`Effect`]s): connections that break, leaders that change, brokers that fetch again. So both
//! engines move the same leaders after the same delays, and count the same unavailability.

mod ledger;
mod lives;
mod marks;
mod parts;

use crate::chance::{Chance, Stream};
use crate::cluster::{BrokerId, Cluster};
use crate::metrics::{OperationEntry, OutageEntry, Recorder};
use crate::model::failover::{Failover, FailoverCosts};
use crate::model::fault::FaultKind;
use crate::scenario::{Scenario, TimelineAction};
use crate::units::{SimSpan, SimTime};
use ledger::Ledger;
use parts::Part;

/// What happens at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A fault of the timeline, by its entry.
    Fault { entry: usize },
    /// A controlled shutdown is over.
    Ended { broker: BrokerId, turn: u32 },
    /// The session of a dead broker is over.
    Fenced { broker: BrokerId, session: u32 },
    /// All brokers act on a decision of the controller.
    InForce { change: usize },
    /// A process is started, or a zone is on the network again.
    Starts { broker: BrokerId, turn: u32 },
    /// A broker has read its logs and registers.
    Registers { broker: BrokerId, turn: u32 },
    /// The controller looks for partitions that their preferred replica does not lead.
    Balance,
}

/// What an engine has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// A broker is gone; its connections are closed or reset, or just silent.
    Gone { broker: BrokerId, resets: bool },
    /// Leader and in-sync replicas of a partition are as [`Control`] has them.
    Leads { partition: usize },
    /// A broker serves and fetches again.
    Back { broker: BrokerId },
}

/// A broker in the controller's eyes, and its process.
#[derive(Debug, Clone, Copy)]
struct Life {
    node_id: u32,
    /// Its process runs and can be reached.
    up: bool,
    standing: Standing,
    /// How it went.
    how: FaultKind,
    awaits: Awaits,
    /// Counts its faults, so that old steps can be told.
    turn: u32,
    /// Counts its registrations.
    session: u32,
    /// Partitions whose ISR it should be in and is not.
    missing: u32,
    /// The operation that its fault is.
    operation: Option<usize>,
}

/// What the controller holds a broker for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It may lead and be in sync.
    Active,
    /// It shuts down: it leads nothing and is in sync nowhere.
    Leaving,
    /// Its session is over.
    Fenced,
}

/// What a broker waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Nothing,
    /// The end of its old session, to register again.
    EndOfSession,
    /// That its replicas are in sync again.
    Replicas,
}

/// Partitions that change by one decision, and a broker that comes back by it.
#[derive(Debug, Clone, Default)]
struct Change {
    partitions: Vec<usize>,
    /// With the number of its last fault.
    back: Option<(BrokerId, u32)>,
}

/// Who may lead.
#[derive(Clone, Copy)]
struct Active<'a>(&'a [Life]);

impl Active<'_> {
    fn has(self, broker: BrokerId) -> bool {
        self.0[broker.index()].standing == Standing::Active
    }
}

/// What follows from a step.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub effects: Vec<Effect>,
    pub later: Vec<(SimTime, Step)>,
}

/// The controller's state.
#[derive(Debug, Clone)]
pub(super) struct Control {
    failover: Failover,
    costs: FailoverCosts,
    chance: Chance,
    brokers: Vec<Life>,
    parts: Vec<Part>,
    /// By broker: partitions that it has a replica of.
    held: Vec<Vec<u32>>,
    changes: Vec<Change>,
    ledger: Ledger,
    operations: Vec<OperationEntry>,
}

impl Control {
    /// The controller of a scenario with faults; `None` without any. Partitions beyond those of
    /// the cluster, as replicas in the order of preference, may follow.
    pub(super) fn of(
        scenario: &Scenario,
        chance: Chance,
        more: impl Iterator<Item = Vec<BrokerId>>,
    ) -> Option<Self> {
        if !scenario.timeline.iter().any(|entry| entry.action.is_fault()) {
            return None;
        }
        let cluster = &scenario.cluster;
        let parts = parts::of(scenario, more);
        let mut held = vec![Vec::new(); cluster.brokers.len()];
        for (index, part) in parts.iter().enumerate() {
            for broker in &part.registration.replicas {
                held[broker.index()].push(index as u32);
            }
        }
        Some(Self {
            failover: scenario.brokers.failover,
            costs: scenario.costs.failover.clone(),
            chance,
            brokers: lives(cluster),
            ledger: Ledger::new(cluster.partitions.len()),
            parts,
            held,
            changes: Vec::new(),
            operations: Vec::new(),
        })
    }

    /// The steps that are known before the run.
    pub(super) fn first_steps(&self, scenario: &Scenario) -> Vec<(SimTime, Step)> {
        let entries = scenario.timeline.iter().enumerate();
        let faults = entries.filter(|(_, entry)| entry.action.is_fault());
        let mut steps: Vec<(SimTime, Step)> =
            faults.map(|(entry, what)| (what.at, Step::Fault { entry })).collect();
        if let Some(interval) = self.failover.balance {
            // When its clock began is not known.
            let phase = self.chance.stream("controller", "balance").uniform();
            let first = SimSpan::from_secs_f64(interval.as_secs_f64() * phase);
            steps.push((SimTime::ZERO.saturating_add(first), Step::Balance));
        }
        steps
    }

    /// Whether a broker's process runs and can be reached.
    pub(super) fn is_up(&self, broker: BrokerId) -> bool {
        self.brokers[broker.index()].up
    }

    /// Whether a follower on a broker may join an ISR.
    pub(super) fn may_join(&self, broker: BrokerId) -> bool {
        let one = &self.brokers[broker.index()];
        one.up && one.standing == Standing::Active
    }

    /// Whether the controller takes a change of the ISR from the leader in force: not once it has
    /// decided on another leader.
    pub(super) fn may_alter(&self, partition: usize) -> bool {
        let part = &self.parts[partition];
        part.registration.leader == part.leader && part.leader.is_some()
    }

    /// The leader of a partition that is in force and whose process runs.
    pub(super) fn leader(&self, partition: usize) -> Option<BrokerId> {
        self.parts[partition].leader.filter(|leader| self.is_up(*leader))
    }

    /// The leader in force, whether it runs or not.
    pub(super) fn named_leader(&self, partition: usize) -> Option<BrokerId> {
        self.parts[partition].leader
    }

    /// The in-sync replicas in force.
    pub(super) fn in_sync(&self, partition: usize) -> &[BrokerId] {
        &self.parts[partition].isr
    }

    /// Whether records that acks=all waits for cannot be acknowledged: there is no leader, too few
    /// replicas are in sync, or one that counts as such is gone.
    pub(super) fn is_stalled(&self, partition: usize) -> bool {
        let part = &self.parts[partition];
        let enough = part.isr.len() >= part.rules.min_insync;
        let all = part.isr.iter().all(|broker| self.is_up(*broker));
        self.leader(partition).is_none() || !enough || !all
    }

    /// Something happens. `recovery` says how long a broker checks its logs after a crash.
    pub(super) fn happen(
        &mut self,
        now: SimTime,
        step: Step,
        scenario: &Scenario,
        recovery: impl Fn(BrokerId) -> SimSpan,
        recorder: &mut Recorder,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        match step {
            Step::Fault { entry } => {
                if let TimelineAction::Fault(fault) = &scenario.timeline[entry].action {
                    for broker in fault.brokers.iter().copied() {
                        self.begin(now, broker, fault.kind, fault.lasts, recorder, &mut outcome);
                    }
                }
            }
            Step::Ended { broker, turn } if self.is_turn(broker, turn) => {
                self.brokers[broker.index()].standing = Standing::Fenced;
                self.lose(now, broker, recorder, &mut outcome);
            }
            Step::Fenced { broker, session } => {
                self.fence(now, broker, session, recorder, &mut outcome);
            }
            Step::InForce { change } => self.enforce(now, change, recorder, &mut outcome),
            Step::Starts { broker, turn } if self.is_turn(broker, turn) => {
                self.start(now, broker, recovery, recorder, &mut outcome);
            }
            Step::Registers { broker, turn } if self.is_turn(broker, turn) => {
                if self.brokers[broker.index()].standing == Standing::Fenced {
                    self.register(now, broker, &mut outcome);
                } else {
                    // Its old session is still valid: the controller refuses the new process.
                    self.brokers[broker.index()].awaits = Awaits::EndOfSession;
                }
            }
            Step::Balance => self.balance(now, recorder, &mut outcome),
            Step::Ended { .. } | Step::Starts { .. } | Step::Registers { .. } => {}
        }
        outcome
    }

    fn is_turn(&self, broker: BrokerId, turn: u32) -> bool {
        self.brokers[broker.index()].turn == turn
    }

    /// A leader says that a follower has caught up.
    pub(super) fn expands(
        &mut self,
        now: SimTime,
        partition: usize,
        broker: BrokerId,
        recorder: &mut Recorder,
    ) {
        let part = &mut self.parts[partition];
        part.registration.expands(broker, part.rules);
        if !part.isr.contains(&broker) {
            part.isr.push(broker);
            let missing = &mut self.brokers[broker.index()].missing;
            *missing = missing.saturating_sub(1);
        }
        self.review(now, partition);
        self.complete(now, recorder);
        self.sample(now, recorder);
    }

    /// A leader says that a follower has fallen behind.
    pub(super) fn shrinks(
        &mut self,
        now: SimTime,
        partition: usize,
        broker: BrokerId,
        recorder: &mut Recorder,
    ) {
        let part = &mut self.parts[partition];
        part.registration.shrinks(broker, part.rules);
        part.isr.retain(|one| *one != broker);
        self.brokers[broker.index()].missing += 1;
        self.review(now, partition);
        self.sample(now, recorder);
    }

    fn stream(&self, broker: BrokerId, purpose: &str) -> Stream {
        let life = &self.brokers[broker.index()];
        let entity = format!("broker/{}/fault/{}", life.node_id, life.turn);
        self.chance.stream(&entity, purpose)
    }

    /// Operations and outages of the run.
    pub(super) fn finish(
        mut self,
        end: SimTime,
        cluster: &Cluster,
    ) -> (Vec<OperationEntry>, Vec<OutageEntry>) {
        let outages = self.ledger.finish(end, cluster);
        (std::mem::take(&mut self.operations), outages)
    }
}

fn lives(cluster: &Cluster) -> Vec<Life> {
    let life = |broker: &crate::cluster::Broker| Life {
        node_id: broker.node_id,
        up: true,
        standing: Standing::Active,
        how: FaultKind::Started,
        awaits: Awaits::Nothing,
        turn: 0,
        session: 0,
        missing: 0,
        operation: None,
    };
    cluster.brokers.iter().map(life).collect()
}
