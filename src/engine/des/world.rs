//! The state of a simulated cluster and its clients.

use super::broker::Broker;
use super::client::{Client, NONE};
use super::event::Event;
use super::faults::Faults;
use super::log::Log;
use super::machine::Machine;
use super::measure::Measures;
use super::member::Member;
use super::pipe::Pipe;
use super::quota::Meters;
use super::session::Session;
use super::slab::Slab;
use super::storage::Nic;
use crate::chance::{Chance, Seed, Stream};
use crate::engine::kernel::{Agenda, DelayRing};
use crate::metrics::Recorder;
use crate::model::cost::Costs;
use crate::scenario::Scenario;
use crate::units::{ByteRate, SimSpan, SimTime};

/// Everything that changes during a run.
pub(super) struct World<'s> {
    pub scenario: &'s Scenario,
    pub costs: &'s Costs,
    pub seed: Seed,
    pub replication: u32,
    pub agenda: Agenda<Event>,
    /// When the statistics begin.
    pub from: SimTime,
    pub end: SimTime,
    pub machines: Vec<Machine>,
    /// Links with a bandwidth, each way, in the order of the scenario's lines.
    pub lines: Vec<Nic>,
    pub pipes: Vec<Pipe>,
    pub conns: Vec<Conn>,
    pub brokers: Vec<Broker>,
    /// By partition id; the partitions of committed offsets come last, one per group.
    pub logs: Vec<Log>,
    pub sessions: Vec<Session>,
    pub clients: Vec<Client>,
    pub members: Vec<Member>,
    pub batches: Slab<Batch>,
    pub requests: Slab<Request>,
    pub producers: Vec<Offer>,
    pub groups: Vec<GroupState>,
    pub measures: Measures,
    pub recorder: Recorder,
    /// Sessions that an append or a high watermark has reached; taken by whoever caused it.
    pub touched: Vec<u32>,
    /// Produce requests in purgatory, by the `request.timeout.ms` of their client: (request, turn).
    pub purgatory: Vec<DelayRing<(u32, u32)>>,
    /// Parked fetches by their `max.wait.ms`: (session, round).
    pub waits: Vec<DelayRing<(u32, u32)>>,
    pub scratch: Vec<u32>,
    /// What a response has to read from disks: (disk of the leader's machine, bytes).
    pub cold: Vec<(u32, u64)>,
    /// For delays on the way.
    pub chance: Stream,
    /// Chunks until the next one that is lost at its end.
    pub before_loss: f64,
    /// The controller and what follows from faults; `None` in a scenario without any.
    pub faults: Option<Box<Faults>>,
    pub events: u64,
}

/// A connection between a client process (or a follower) and a broker: pipes 2c and 2c + 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conn {
    pub broker: u32,
    /// The network thread of the broker that it belongs to.
    pub thread: u32,
    pub owner: Owner,
    /// When its present request was taken, and for how long it was muted in all: a connection is a
    /// server of one request at a time.
    pub muted_at: SimTime,
    pub busy: SimSpan,
    /// CPU per byte of encryption at each end.
    pub tls_ns_per_byte: f64,
    /// One end is gone: nothing is read from it or sent any more.
    pub broken: bool,
}

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// A producer's client process; `node` counts its brokers.
    Producer { client: u32, node: u32 },
    /// A fetch session, of a follower or a consumer.
    Session(u32),
    /// A consumer's connection to its coordinator.
    Commit { member: u32 },
}

/// A batch of records from its first record until its acknowledgement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Batch {
    pub client: u32,
    /// Index of the partition among the client's.
    pub slot: u32,
    /// The lane that fills it.
    pub lane: u32,
    pub partition: u32,
    pub records: u32,
    pub bytes: u64,
    /// Its bytes in the log.
    pub stored: u64,
    /// Instants of the first and the last record's `send`.
    pub first: SimTime,
    pub last: SimTime,
    pub drained: SimTime,
    /// Not sent again before this instant.
    pub not_before: SimTime,
    /// How often it was sent in vain.
    pub attempts: u32,
    /// Log end after its append; 0 before. A batch that was appended is not appended again: the
    /// leader knows its sequence number.
    pub appended: u64,
    /// No record is added any more.
    pub closed: bool,
    /// Whether the accumulator still holds it.
    pub queued: bool,
    /// The broker did not take it: it does not lead, or too few replicas are in sync.
    pub refused: bool,
    /// Counts uses of its place, so that old notes about it can be told.
    pub turn: u32,
    /// The next batch of the same partition in the accumulator.
    pub next: u32,
}

/// A request from its sending until its response has been handled.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub conn: u32,
    pub batches: Vec<u32>,
    /// Batches that the high watermark has not passed.
    pub awaiting: u32,
    pub failed: bool,
    /// Counts uses of its place, so that old notes about it can be told.
    pub turn: u32,
    /// Its client has forgotten it: `acks=0`.
    pub forgotten: bool,
    pub stage: Stage,
    /// The client has been told that all is well: `acks=0`.
    pub told: bool,
    /// The handler that is held until its batches are on the disk.
    pub handler: Option<u32>,
    /// Records that a commit covers.
    pub covers: u64,
    /// For how long its client is muted, for its quota.
    pub throttle: SimSpan,
    pub sent: SimTime,
    pub arrived: SimTime,
    pub started: SimTime,
    pub handled: SimTime,
    pub completed: SimTime,
    pub responded: SimTime,
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Nobody has to do with it any more.
    #[default]
    Over,
    /// On its way, or at the broker.
    Open,
    /// Its response is on its way.
    Answered,
    /// Its response has reached the client's process.
    Heard,
    /// Its connection is gone. The broker's notes about it may still be on the agenda, so its
    /// place is never used again.
    Dead,
}

impl Stage {
    /// Whether somebody has to do with it.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Answered | Self::Heard)
    }
}

/// What a producer of the scenario offers at the moment.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    /// Records per second of all its clients.
    pub rate: f64,
    pub next_change: SimTime,
    /// Quota sensors by broker.
    pub meters: Vec<Meters>,
}

/// A consumer group.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupState {
    pub processed: u64,
    pub committed: u64,
    pub initial_lag: u64,
    /// The partition of its offsets.
    pub offsets: u32,
    pub owning: u32,
    /// Quota sensors by broker.
    pub meters: Vec<Meters>,
}

impl<'s> World<'s> {
    pub(super) fn empty(scenario: &'s Scenario, seed: Seed, replication: u32) -> Self {
        let mut chance = Chance::new(seed, replication).stream("network", "jitter");
        let before_loss = chance.exp1() / scenario.links.loss;
        Self {
            scenario,
            costs: &scenario.costs,
            seed,
            replication,
            agenda: Agenda::new(),
            from: scenario.warmed_up(),
            end: SimTime::ZERO.saturating_add(scenario.duration),
            machines: Vec::new(),
            lines: scenario.links.lines().map(|(_, _, rate)| Nic::new(rate, None)).collect(),
            pipes: Vec::new(),
            conns: Vec::new(),
            brokers: Vec::new(),
            logs: Vec::new(),
            sessions: Vec::new(),
            clients: Vec::new(),
            members: Vec::new(),
            batches: Slab::default(),
            requests: Slab::default(),
            producers: Vec::new(),
            groups: Vec::new(),
            measures: Measures::default(),
            recorder: Recorder::new(),
            touched: Vec::new(),
            purgatory: Vec::new(),
            waits: Vec::new(),
            scratch: Vec::new(),
            cold: Vec::new(),
            chance,
            before_loss,
            faults: None,
            events: 0,
        }
    }

    pub(super) fn now(&self) -> SimTime {
        self.agenda.now()
    }

    pub(super) fn stream(&self, entity: &str, purpose: &str) -> Stream {
        Chance::new(self.seed, self.replication).stream(entity, purpose)
    }

    /// The zone of a machine, unless it is one of its own.
    fn zone(&self, machine: u32) -> Option<&'s str> {
        self.scenario.machines.get(machine as usize).map(|host| host.zone.as_str())
    }

    /// The line of a link that everything from one machine to another has to pass.
    fn line(&self, from: u32, to: u32) -> u32 {
        let ways = self.zone(from).zip(self.zone(to));
        let way = ways.and_then(|(a, b)| self.scenario.links.way(a, b));
        let place = |way| self.scenario.links.lines().position(|(one, _, _)| one == way);
        way.and_then(place).map_or(NONE, |line| line as u32)
    }

    /// The one-way delay between two machines.
    pub(super) fn one_way(&self, from: u32, to: u32) -> SimSpan {
        let zone = |machine: u32| self.zone(machine);
        let links = &self.scenario.links;
        if from == to {
            return links.loopback / 2;
        }
        // A machine of its own stands in the zone of whom it talks to.
        let trip = zone(from).zip(zone(to)).map(|(a, b)| links.round_trip(a, b));
        trip.unwrap_or(links.same_zone) / 2
    }

    /// Opens a connection; windows are those of the broker and the client as receivers.
    pub(super) fn connect(
        &mut self,
        machine: u32,
        broker: u32,
        owner: Owner,
        [request, response]: [u64; 2],
    ) -> u32 {
        let there = self.brokers[broker as usize].machine;
        let conn = self.conns.len() as u32;
        let delay = self.one_way(machine, there);
        let flows = [machine, there].map(|end| self.machines[end as usize].nic_flow);
        let limit = flows.into_iter().flatten().map(ByteRate::get).min_by(f64::total_cmp);
        let limit = limit.filter(|_| machine != there);
        for (from, to, window) in [(machine, there, request), (there, machine, response)] {
            let line = self.line(from, to);
            self.pipes.push(Pipe::new([from, to], line, delay, window, limit));
        }
        let threads = self.scenario.brokers.network_threads;
        let known = self.brokers[broker as usize].connections;
        self.brokers[broker as usize].connections += 1;
        let thread = known % threads;
        let (muted_at, busy) = (SimTime::ZERO, SimSpan::ZERO);
        let [tls_ns_per_byte, _] = self.scenario.tls_ns_per_byte();
        self.conns.push(Conn {
            broker,
            thread,
            owner,
            muted_at,
            busy,
            tls_ns_per_byte,
            broken: false,
        });
        conn
    }
}
