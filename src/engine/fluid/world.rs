//! The state of a simulated cluster between two events.

use super::credit::Credit;
use super::faults::Faults;
use super::feeds::{Feed, ProducerState};
use super::groups::GroupState;
use super::log::Log;
use super::meters::Meters;
use super::network::Network;
use crate::chance::{Chance, Seed};
use crate::cluster::{BrokerId, Cluster};
use crate::engine::control::Step;
use crate::engine::kernel::Agenda;
use crate::metrics::{DecisionEntry, OperationEntry, Recorder};
use crate::model::operation::Move;
use crate::model::policy::{Policy, Target};
use crate::scenario::{Rebalancing, Scenario};
use crate::units::{SimSpan, SimTime};

/// What is going to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Series get their next points.
    Sample,
    /// A policy looks and decides.
    Evaluate { scaler: usize },
    /// Brokers look for segments to delete.
    Retention,
    /// A broker has started.
    BrokerReady { broker: BrokerId },
    /// A new member polls for the first time.
    MemberReady { group: usize, member: u32 },
    /// The coordinator notices that a member is dead.
    MemberLost { group: usize, member: u32 },
    /// The process of a killed member polls again, as a new member.
    MemberBack { group: usize },
    /// Partitions of a group stop or start being consumed.
    Handover { group: usize },
    /// An entry of the timeline.
    Timeline { entry: usize },
    /// Something that the controller has to do with.
    Control { step: Step },
    /// Clients have learnt who leads.
    Learned,
}

/// Where a broker is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Decided, not yet in service.
    Starting,
    /// In service.
    InService,
    /// In service until its replicas have moved away.
    Leaving,
    /// Its process is gone, or cannot be reached.
    Down,
    /// Stopped.
    Gone,
}

/// A broker's life, and what becomes of partitions when it is ready.
#[derive(Debug, Clone, Copy)]
pub(super) struct BrokerState {
    pub life: Life,
    /// When it was decided that it shall exist; its host is paid from then on.
    pub since: SimTime,
    /// When it stopped.
    pub until: Option<SimTime>,
    /// How partitions move when it joins or leaves.
    pub rebalancing: Rebalancing,
    /// Index of its operation in the record.
    pub operation: Option<usize>,
}

/// A replica on its way to another broker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copying {
    pub step: Move,
    /// Log dir of the new replica.
    pub log_dir: u32,
    /// Bytes that the new replica lacks.
    pub missing: f64,
    /// Bytes per second at the moment.
    pub rate: f64,
}

/// A reassignment in progress.
#[derive(Debug, Clone, Default)]
pub(super) struct Reassignment {
    pub copies: Vec<Copying>,
    /// Throttle of each broker in bytes per second; infinite without one.
    pub throttle: f64,
    /// Leaders to set when all copies are done.
    pub leaders: Vec<(crate::cluster::PartitionId, BrokerId)>,
    /// Index of its operation in the record.
    pub operation: usize,
    /// Another change came meanwhile: plan again when this one is done.
    pub again: Option<Rebalancing>,
    pub active: bool,
}

/// An action of a policy whose effect is still awaited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    pub decision: usize,
    pub target: Target,
    pub group: usize,
    pub from: u32,
    pub to: u32,
}

/// Everything that changes while a scenario runs.
pub(super) struct World<'s> {
    pub scenario: &'s Scenario,
    pub seed: Seed,
    pub replication: u32,
    pub chance: Chance,
    pub agenda: Agenda<Event>,
    /// Until when the state has been integrated.
    pub now: SimTime,
    pub end: SimTime,
    /// Time between samples.
    pub interval: SimSpan,
    pub cluster: Cluster,
    pub brokers: Vec<BrokerState>,
    pub wanted_brokers: u32,
    pub logs: Vec<Log>,
    pub producers: Vec<ProducerState>,
    pub feeds: Vec<Feed>,
    pub groups: Vec<GroupState>,
    pub reassignment: Reassignment,
    /// What follows from faults; `None` in a scenario without any.
    pub faults: Option<Box<Faults>>,
    /// Replicas that catch up after their broker was down.
    pub catching: Vec<Copying>,
    pub policies: Vec<Policy>,
    pub network: Network,
    /// Burst credit of NICs and disks.
    pub credits: Vec<Credit>,
    /// By partition: share of all records that it gets, from the producers' mean loads.
    pub weights: Vec<f64>,
    /// Leaders, owners or brokers changed: the network must be laid out again.
    pub rewired: bool,
    /// Sizes changed: series get points.
    pub resized: bool,
    /// By group: seconds of partitions that nobody consumed.
    pub paused: Vec<f64>,
    pub meters: Meters,
    pub recorder: Recorder,
    pub decisions: Vec<DecisionEntry>,
    pub awaited: Vec<Awaited>,
    pub operations: Vec<OperationEntry>,
    pub warnings: Vec<String>,
}

impl World<'_> {
    /// Brokers that are in service, leaving ones included.
    pub(super) fn in_service(&self) -> impl Iterator<Item = usize> + '_ {
        let serves = |state: &BrokerState| matches!(state.life, Life::InService | Life::Leaving);
        self.brokers.iter().enumerate().filter(move |(_, state)| serves(state)).map(|(i, _)| i)
    }

    /// Brokers that shall hold replicas.
    pub(super) fn staying(&self) -> Vec<BrokerId> {
        let stays = |state: &&BrokerState| state.life == Life::InService;
        let all = self.brokers.iter().enumerate();
        all.filter(|(_, state)| stays(state)).map(|(i, _)| BrokerId::from_index(i)).collect()
    }

    /// Replicas on their way to other brokers, and those that catch up.
    pub(super) fn copies(&self) -> impl Iterator<Item = &Copying> {
        self.reassignment.copies.iter().chain(&self.catching)
    }

    /// The instant of an event that lies a span ahead, never beyond the end of time.
    pub(super) fn after(&self, span: SimSpan) -> SimTime {
        self.now.saturating_add(span)
    }
}
