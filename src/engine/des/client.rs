//! A producer's client process: application thread and record accumulator.
//!
//! A record is not an event. The application thread runs along an axis of record numbers, at its
//! own speed, at the pace of the load, or not at all while it waits for memory. Lanes (a sticky
//! topic, or one partition of a keyed or round-robin topic) open and fill batches at known places
//! of that axis; only these places are events.

use super::event::Event;
use super::world::World;
use crate::chance::Stream;
use crate::model::partitioner::{Partitioner, Sticky};
use crate::scenario::Arrivals;
use crate::units::{SimSpan, SimTime};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// No batch.
pub(super) const NONE: u32 = u32::MAX;

/// A client process of a producer.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub producer: u32,
    pub machine: u32,
    pub arrivals: Arrivals,
    pub partitions: Vec<Queue>,
    pub nodes: Vec<Node>,
    pub lanes: Vec<Lane>,
    order: BinaryHeap<Reverse<(u64, u32)>>,
    pub chance: Stream,
    /// Records generated so far, as of `at`.
    index: f64,
    at: SimTime,
    /// When it last generated a record.
    moved: SimTime,
    /// Records that the load has asked for so far, as of `at`.
    allowed: f64,
    /// Records per nanosecond: what the load asks for, what the thread can do, what it does.
    pub rate: f64,
    speed: f64,
    slope: f64,
    /// CPU has been booked up to this record.
    booked: f64,
    /// The thread waits for a core until then.
    held_until: SimTime,
    /// Waiting for memory since then.
    pub blocked: Option<SimTime>,
    pub blocked_for: SimSpan,
    pub memory: u64,
    turn: u32,
    /// When its next turn is on the agenda.
    turn_at: SimTime,
    pub sender_turn: u32,
    pub sender_at: SimTime,
    pub sender_free: SimTime,
    /// A full batch holds so many records.
    full: u32,
    record_bytes: f64,
    batch_bytes: u64,
    pub counts: Counts,
}

/// Integer accounts of a client's records over the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub offered: u64,
    pub acknowledged: u64,
    pub failed: u64,
    pub batches: u64,
    pub requests: u64,
    pub bytes: u64,
}

/// A partition's queue of batches in the accumulator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue {
    pub partition: u32,
    pub node: u32,
    pub head: u32,
    pub tail: u32,
    pub count: u32,
}

/// A broker as a client sees it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub conn: u32,
    pub in_flight: u32,
    /// Partitions with batches, ascending.
    pub queued: Vec<u32>,
    /// Where the next drain begins.
    pub cursor: u32,
    /// Closed batches in its queues.
    pub closed: u32,
    /// Batches in the order of their creation, with their turns; may hold stale ones.
    pub created: VecDeque<(u32, u32)>,
    /// The sender waits for the socket.
    pub unwritten: bool,
}

/// A source of records that fills one batch at a time.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// Share of the client's records.
    pub share: f64,
    pub first: u32,
    pub partitions: u32,
    pub sticky: Sticky,
    /// Arrivals are memoryless on the axis of record numbers.
    pub random: bool,
    open: u32,
    /// Number of the open batch's first record.
    begin: f64,
    /// Record numbers between two records of this lane.
    step: f64,
    /// Where it next needs a turn: a first record, or the one that does not fit any more.
    next: f64,
}

impl Lane {
    pub(super) fn new(share: f64, [first, partitions]: [u32; 2], random: bool, next: f64) -> Self {
        let sticky = Sticky { partition: 0, bytes: u64::MAX };
        let (open, begin, step) = (NONE, 0.0, 1.0 / share);
        Self { share, first, partitions, sticky, random, open, begin, step, next }
    }
}

/// A key that orders non-negative numbers.
fn key(number: f64) -> u64 {
    number.max(0.0).to_bits()
}

/// Bytes of a batch's header, and of a record beside its key, value and headers (format v2).
const BATCH_OVERHEAD: f64 = 61.0;
const RECORD_OVERHEAD: f64 = 9.0;
/// Longest stall that a token limiter makes up for, in nanoseconds.
const MOST_TOKENS: f64 = 1e9;
/// A thread of Java that is ahead of its token limiter sleeps at least a millisecond, and what the
/// timer adds.
const TOKEN_SLEEP: SimSpan = SimSpan::from_nanos(1_060_000);
/// The throttle of kafka-producer-perf-test sleeps at least 2 ms.
const BURST_SLEEP: SimSpan = SimSpan::from_nanos(2_060_000);

impl Client {
    pub(super) fn new(world: &World<'_>, producer: u32, machine: u32, chance: Stream) -> Self {
        let spec = &world.scenario.producers[producer as usize];
        let (settings, costs) = (&spec.settings, world.costs);
        let size = spec.record_size.mean();
        let record_bytes = size + RECORD_OVERHEAD;
        let most = settings.batch_size.as_f64();
        let full = ((most - BATCH_OVERHEAD) / record_bytes).floor().max(1.0);
        let per_record =
            costs.producer_record.as_nanos() as f64 + costs.producer_ns_per_byte * size;
        let alone =
            world.machines[machine as usize].alone(SimSpan::from_nanos(per_record.max(1.0) as u64));
        Self {
            producer,
            machine,
            arrivals: spec.arrivals,
            partitions: Vec::new(),
            nodes: Vec::new(),
            lanes: Vec::new(),
            order: BinaryHeap::new(),
            chance,
            index: 0.0,
            at: SimTime::ZERO,
            moved: SimTime::ZERO,
            allowed: 0.0,
            rate: 0.0,
            speed: 1.0 / alone.as_nanos().max(1) as f64,
            slope: 0.0,
            booked: 0.0,
            held_until: SimTime::ZERO,
            blocked: None,
            blocked_for: SimSpan::ZERO,
            memory: settings.buffer_memory.get(),
            turn: 0,
            turn_at: SimTime::MAX,
            sender_turn: 0,
            sender_at: SimTime::MAX,
            sender_free: SimTime::ZERO,
            full: full as u32,
            record_bytes,
            batch_bytes: settings.batch_size.get().max((record_bytes + BATCH_OVERHEAD) as u64),
            counts: Counts::default(),
        }
    }

    /// Puts all lanes into their order.
    pub(super) fn order_lanes(&mut self) {
        let keys = self.lanes.iter().enumerate();
        self.order = keys.map(|(lane, one)| Reverse((key(one.next), lane as u32))).collect();
    }

    /// Moves along the axis to an instant.
    fn advance(&mut self, now: SimTime) {
        let span = now.saturating_since(self.at).as_nanos() as f64;
        self.at = now;
        if self.slope > 0.0 {
            self.moved = now;
        }
        self.index += self.slope * span;
        self.allowed += self.rate * span;
        if self.arrivals == Arrivals::Closed {
            self.allowed = self.index;
        } else {
            self.index = self.index.min(self.allowed.max(self.index - self.slope * span));
        }
        if self.arrivals == Arrivals::Tokens {
            self.allowed = self.allowed.min(self.index + self.rate * MOST_TOKENS);
        }
    }

    /// The lane that needs the next turn.
    fn head(&mut self) -> Option<u32> {
        while let Some(Reverse((noted, lane))) = self.order.peek().copied() {
            if noted == key(self.lanes[lane as usize].next) {
                return Some(lane);
            }
            self.order.pop();
        }
        None
    }

    /// Records of an open batch when the thread is at `index`.
    fn records_of(&mut self, lane: u32) -> u32 {
        let one = &self.lanes[lane as usize];
        let passed = (self.index - one.begin).max(0.0) / one.step;
        if one.random {
            let more = f64::from(self.full - 1);
            let share = (passed / f64::from(self.full)).min(1.0);
            return 1 + binomial(more, share, &mut self.chance);
        }
        (1 + (passed + 1e-6) as u32).min(self.full)
    }

    /// Load turns to a new rate, in records per second of this client.
    pub(super) fn set_rate(&mut self, now: SimTime, records_s: f64) {
        self.advance(now);
        self.rate = records_s * 1e-9;
    }

    /// How long the thread sleeps when it is ahead of its load.
    fn sleep(&self) -> SimSpan {
        match self.arrivals {
            Arrivals::Tokens => TOKEN_SLEEP,
            Arrivals::Bursts => BURST_SLEEP,
            Arrivals::Paced | Arrivals::Poisson | Arrivals::Closed => SimSpan::ZERO,
        }
    }

    /// Bytes of a batch of so many records.
    fn bytes_of(&self, records: u32) -> u64 {
        (BATCH_OVERHEAD + f64::from(records) * self.record_bytes) as u64
    }

    /// Bytes that a batch takes of `buffer.memory`.
    pub(super) fn batch_memory(&self) -> u64 {
        self.batch_bytes
    }

    /// Records that the load has asked for and the thread has not sent.
    pub(super) fn backlog(&self) -> f64 {
        (self.allowed - self.index).max(0.0)
    }
}

/// A binomial variate: trial by trial when there are few, by the normal law when there are many.
fn binomial(trials: f64, share: f64, chance: &mut Stream) -> u32 {
    if trials < 16.0 {
        return (0..trials as u32).filter(|_| chance.uniform() < share).count() as u32;
    }
    let spread = (trials * share * (1.0 - share)).sqrt();
    (trials * share + spread * chance.normal()).round().clamp(0.0, trials) as u32
}

/// A gamma variate of a whole shape over its shape: mean 1. Exponentials when there are few,
/// Wilson and Hilferty's cube root when there are many.
fn gamma(shape: u32, chance: &mut Stream) -> f64 {
    if shape < 8 {
        return (0..shape).map(|_| chance.exp1()).sum::<f64>() / f64::from(shape);
    }
    let n = f64::from(shape);
    let root = 1.0 - 1.0 / (9.0 * n) + chance.normal() / (3.0 * n.sqrt());
    root * root * root
}

impl World<'_> {
    /// The application thread of a client has a turn.
    pub(super) fn application(&mut self, client: u32, turn: u32) {
        let one = &mut self.clients[client as usize];
        if one.turn == turn {
            one.turn_at = SimTime::MAX;
            self.run_application(client);
        }
    }

    /// Moves the application thread on: batches that are full are closed, new ones opened.
    pub(super) fn run_application(&mut self, client: u32) {
        let now = self.agenda.now();
        self.clients[client as usize].advance(now);
        loop {
            let one = &mut self.clients[client as usize];
            let Some(lane) = one.head() else { break };
            if one.blocked.is_some() || one.lanes[lane as usize].next > one.index + 1e-6 {
                break;
            }
            self.lane_turn(client, lane);
        }
        self.book_application(client);
        self.pace(client);
    }

    /// A lane has reached its place: its batch is full, its next record needs a new one.
    fn lane_turn(&mut self, client: u32, lane: u32) {
        let open = self.clients[client as usize].lanes[lane as usize].open;
        if open != NONE {
            let records = self.clients[client as usize].full;
            self.close(client, open, records);
            let wake = self.agenda.now() + self.costs.hand_off;
            self.wake_sender(client, wake);
        }
        self.open(client, lane);
    }

    /// Opens a batch for a lane's next record, or blocks for lack of memory.
    fn open(&mut self, client: u32, lane: u32) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        let need = one.batch_bytes;
        if one.memory < need {
            one.blocked = Some(now);
            let wait = self.scenario.producers[one.producer as usize].settings.max_block;
            self.agenda.schedule(now + wait, Event::MaxBlock { client, since: now });
            let wake = now + self.costs.hand_off;
            self.wake_sender(client, wake);
            return;
        }
        one.memory -= need;
        let settings = &self.scenario.producers[one.producer as usize].settings;
        let state = &mut one.lanes[lane as usize];
        if state.partitions > 1 {
            let (queues, first) = (&one.partitions, state.first);
            let waiting = |partition: u32| queues[(first + partition) as usize].count;
            let size = settings.batch_size.get();
            let chance = &mut one.chance;
            state.sticky =
                settings.partitioner.next(state.sticky, state.partitions, size, waiting, chance);
        }
        let slot = state.first + state.sticky.partition;
        state.begin = state.next;
        state.step = 1.0 / state.share;
        if state.random {
            state.step *= gamma(one.full, &mut one.chance);
        }
        state.next = state.begin + f64::from(one.full) * state.step;
        let place = self.batches.take();
        state.open = place;
        let next = key(state.next);
        if let Some(mut head) = one.order.peek_mut() {
            // The lane that has a turn is the head.
            *head = Reverse((next, lane));
        }
        let queue = &mut one.partitions[slot as usize];
        let batch = &mut self.batches[place];
        batch.turn = batch.turn.wrapping_add(1);
        (batch.client, batch.slot, batch.lane) = (client, slot, lane);
        batch.partition = queue.partition;
        (batch.records, batch.bytes) = (0, 0);
        (batch.first, batch.last) = (now, now);
        batch.not_before = SimTime::ZERO;
        (batch.closed, batch.queued, batch.next) = (false, true, NONE);
        let turn = batch.turn;
        one.nodes[queue.node as usize].created.push_back((place, turn));
        self.enqueue(client, place);
        let wake = now + self.costs.hand_off + self.linger(client);
        self.wake_sender(client, wake);
    }

    /// Puts a batch at the end of its partition's queue.
    fn enqueue(&mut self, client: u32, place: u32) {
        let one = &mut self.clients[client as usize];
        let slot = self.batches[place].slot;
        let queue = &mut one.partitions[slot as usize];
        if queue.count == 0 {
            queue.head = place;
            let queued = &mut one.nodes[queue.node as usize].queued;
            if let Err(at) = queued.binary_search(&slot) {
                queued.insert(at, slot);
            }
        } else {
            self.batches[queue.tail].next = place;
        }
        queue.tail = place;
        queue.count += 1;
    }

    /// Closes an open batch with so many records.
    pub(super) fn close(&mut self, client: u32, place: u32, records: u32) {
        let one = &mut self.clients[client as usize];
        let bytes = one.bytes_of(records);
        let batch = &mut self.batches[place];
        batch.closed = true;
        (batch.records, batch.bytes) = (records, bytes);
        batch.last = one.moved.max(batch.first);
        one.counts.offered += u64::from(records);
        one.nodes[one.partitions[batch.slot as usize].node as usize].closed += 1;
        let lane = &mut one.lanes[batch.lane as usize];
        lane.open = NONE;
        lane.sticky.bytes = lane.sticky.bytes.saturating_add(bytes);
    }

    /// Closes a batch before it is full, because the sender takes it.
    pub(super) fn close_early(&mut self, client: u32, place: u32) {
        let lane = self.batches[place].lane;
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        one.advance(now);
        let records = one.records_of(lane);
        let state = &mut one.lanes[lane as usize];
        state.next = if state.random {
            one.index + one.chance.exp1() / state.share
        } else {
            state.begin + f64::from(records) * state.step
        };
        // The place noted before is stale now; it is dropped when it comes to the head.
        one.order.push(Reverse((key(state.next), lane)));
        self.close(client, place, records);
    }

    /// Books the CPU of the records since the last time; a thread that has to wait for a core
    /// stands still meanwhile.
    fn book_application(&mut self, client: u32) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        let records = one.index - one.booked;
        if records < 1.0 {
            return;
        }
        one.booked = one.index;
        let machine = &mut self.machines[one.machine as usize];
        let spec = &self.scenario.producers[one.producer as usize];
        let each = self.costs.producer_record.as_nanos() as f64
            + self.costs.producer_ns_per_byte * spec.record_size.mean();
        let work = SimSpan::from_nanos((each * records) as u64);
        let (wait, _) = machine.wait_and_work(now, work);
        if !wait.is_zero() {
            one.held_until = now + wait;
        }
    }

    /// Sets the speed of the application thread and its next turn.
    pub(super) fn pace(&mut self, client: u32) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        let backlog = one.allowed - one.index;
        let behind = one.arrivals == Arrivals::Closed || backlog > 1e-3;
        if !behind && one.blocked.is_none() && one.held_until <= now && !one.sleep().is_zero() {
            one.held_until = now + one.sleep();
        }
        let mut until = SimTime::MAX;
        one.slope = if one.blocked.is_some() {
            0.0
        } else if one.held_until > now {
            until = one.held_until;
            0.0
        } else if behind {
            if one.arrivals != Arrivals::Closed && one.speed > one.rate {
                until = later(now, backlog / (one.speed - one.rate));
            }
            one.speed
        } else {
            one.rate.min(one.speed)
        };
        if one.slope > 0.0
            && let Some(lane) = one.head()
        {
            let ahead = (one.lanes[lane as usize].next - one.index).max(0.0);
            until = until.min(later(now, ahead / one.slope));
        }
        // A turn that comes too early does nothing; only a later one must be replaced.
        if until < one.turn_at {
            one.turn = one.turn.wrapping_add(1);
            one.turn_at = until;
            let turn = one.turn;
            self.agenda.schedule(until, Event::Application { client, turn });
        }
    }

    /// Memory has been freed: a blocked thread goes on.
    pub(super) fn unblock(&mut self, client: u32) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        let Some(since) = one.blocked else { return };
        if one.memory < one.batch_bytes {
            return;
        }
        one.advance(now);
        one.blocked = None;
        one.blocked_for += now - since.max(self.from).min(now);
        self.run_application(client);
    }

    /// A record has waited `max.block.ms` for memory: it fails, and the thread goes on to the next.
    pub(super) fn max_block(&mut self, client: u32, since: SimTime) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        if one.blocked != Some(since) {
            return;
        }
        one.advance(now);
        one.blocked = None;
        one.blocked_for += now - since.max(self.from).min(now);
        one.counts.offered += 1;
        one.counts.failed += 1;
        let Some(lane) = one.head() else { return };
        let state = &mut one.lanes[lane as usize];
        state.next = one.index + 1.0 / state.share;
        one.order.push(Reverse((key(state.next), lane)));
        self.run_application(client);
    }

    fn linger(&self, client: u32) -> SimSpan {
        let producer = self.clients[client as usize].producer;
        self.scenario.producers[producer as usize].settings.linger
    }
}

/// An instant `nanos` after `now`, at least one nanosecond.
fn later(now: SimTime, nanos: f64) -> SimTime {
    let nanos = nanos.ceil().clamp(1.0, 4e18);
    now.saturating_add(SimSpan::from_nanos(nanos as u64))
}

/// Whether lanes are per partition: keys or round robin spread neighbouring records.
pub(super) fn spreads(partitioner: Partitioner, keyed: bool) -> bool {
    keyed || partitioner == Partitioner::RoundRobin
}
