//! A producer's client process: application thread and record accumulator.
//!
//! A record is not an event. The application thread runs along an axis of record numbers, at its
//! own speed, at the pace of the load, or not at all while it waits for memory. Lanes (a sticky
//! topic, or one partition of a keyed or round-robin topic) open and fill batches at known places
//! of that axis; only these places are events.

use super::world::World;
use crate::chance::Stream;
use crate::model::codec::Recoding;
use crate::model::heap::Eden;
use crate::model::partitioner::{Partitioner, Sticky};
use crate::scenario::{Arrivals, Pacing};
use crate::units::{Bytes, SimSpan, SimTime};
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
    pub pacing: Pacing,
    pub partitions: Vec<Queue>,
    pub nodes: Vec<Node>,
    pub lanes: Vec<Lane>,
    pub order: BinaryHeap<Reverse<(u64, u32)>>,
    pub chance: Stream,
    /// Records generated so far, as of `at`.
    pub index: f64,
    pub at: SimTime,
    /// When it last generated a record.
    pub moved: SimTime,
    /// Records that the load has asked for so far, as of `at`.
    pub allowed: f64,
    /// Records per nanosecond: what the load asks for, what the thread can do, what it does.
    pub rate: f64,
    pub speed: f64,
    pub slope: f64,
    /// CPU has been booked up to this record.
    pub booked: f64,
    /// The thread waits for a core until then.
    pub held_until: SimTime,
    /// Waiting for memory since then.
    pub blocked: Option<SimTime>,
    /// Some batch was sent again: heads of queues may have to wait for their back-off.
    pub retried: bool,
    pub blocked_for: SimSpan,
    pub memory: u64,
    pub turn: u32,
    /// When its next turn is on the agenda.
    pub turn_at: SimTime,
    pub sender_turn: u32,
    pub sender_at: SimTime,
    pub sender_free: SimTime,
    /// A full batch holds so many records.
    pub full: u32,
    /// CPU of the application thread per record, on a core of speed 1, in nanoseconds.
    pub record_ns: f64,
    /// Bytes of a record in its batch.
    pub record_bytes: f64,
    pub batch_bytes: u64,
    pub counts: Counts,
    pub eden: Eden,
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
    /// Its connection is gone.
    pub down: bool,
    /// Nothing is sent before this instant, for the client's quota.
    pub throttled: SimTime,
    /// It takes no request since then: as many are in flight as may be, or one is half-written.
    pub full_since: Option<SimTime>,
    pub full_for: SimSpan,
}

impl Node {
    /// A broker that nothing has been sent to.
    pub(super) fn new(conn: u32) -> Self {
        Self {
            conn,
            in_flight: 0,
            queued: Vec::new(),
            cursor: 0,
            closed: 0,
            created: VecDeque::new(),
            unwritten: false,
            down: false,
            throttled: SimTime::ZERO,
            full_since: None,
            full_for: SimSpan::ZERO,
        }
    }

    /// Notes whether the broker can be sent a request.
    pub(super) fn note_room(&mut self, now: SimTime, most: u32) {
        let full = self.in_flight >= most || self.unwritten;
        match self.full_since {
            None if full => self.full_since = Some(now),
            Some(since) if !full => {
                self.full_for += now - since;
                self.full_since = None;
            }
            _ => {}
        }
    }

    /// For how long it has taken no request.
    pub(super) fn full(&self, now: SimTime) -> SimSpan {
        let since = self.full_since.map_or(SimSpan::ZERO, |since| now.saturating_since(since));
        self.full_for + since
    }
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
    pub open: u32,
    /// Number of the open batch's first record.
    pub begin: f64,
    /// Record numbers between two records of this lane.
    pub step: f64,
    /// Where it next needs a turn: a first record, or the one that does not fit any more.
    pub next: f64,
    /// What leaders make of its batches.
    pub recoding: Recoding,
}

impl Lane {
    pub(super) fn new(
        share: f64,
        [first, partitions]: [u32; 2],
        random: bool,
        next: f64,
        recoding: Recoding,
    ) -> Self {
        let sticky = Sticky { partition: 0, bytes: u64::MAX };
        let (open, begin, step) = (NONE, 0.0, 1.0 / share);
        Self { share, first, partitions, sticky, random, open, begin, step, next, recoding }
    }
}

/// A key that orders non-negative numbers.
pub(super) fn key(number: f64) -> u64 {
    number.max(0.0).to_bits()
}

/// Bytes of a batch's header, and of a record beside its key, value and headers (format v2).
const BATCH_OVERHEAD: f64 = 61.0;
const RECORD_OVERHEAD: f64 = 9.0;

impl Client {
    pub(super) fn new(
        world: &World<'_>,
        producer: u32,
        machine: u32,
        chances: [Stream; 2],
    ) -> Self {
        let [chance, heap] = chances;
        let spec = &world.scenario.producers[producer as usize];
        let (settings, costs) = (&spec.settings, world.costs);
        let size = spec.record_size.mean();
        let codec = settings.codec;
        let size_of_eden = if settings.on_jvm { costs.heap.client_eden } else { Bytes::ZERO };
        let eden = Eden::new(size_of_eden, heap);
        let record_bytes = (size + RECORD_OVERHEAD) * codec.ratio;
        let counted = (size + RECORD_OVERHEAD) * codec.estimate();
        let most = settings.batch_size.as_f64();
        let full = ((most - BATCH_OVERHEAD) / counted).floor().max(1.0);
        let per_byte = costs.producer_ns_per_byte + codec.compress_ns_per_byte;
        let record_ns = costs.producer_record.as_nanos() as f64 + per_byte * size;
        let span = SimSpan::from_nanos(record_ns.max(1.0) as u64);
        let alone = world.machines[machine as usize].alone(span);
        Self {
            producer,
            machine,
            arrivals: spec.arrivals,
            pacing: spec.pacing,
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
            retried: false,
            blocked_for: SimSpan::ZERO,
            memory: settings.buffer_memory.get(),
            turn: 0,
            turn_at: SimTime::MAX,
            sender_turn: 0,
            sender_at: SimTime::MAX,
            sender_free: SimTime::ZERO,
            full: full as u32,
            record_ns,
            record_bytes,
            batch_bytes: settings.batch_size.get().max((record_bytes + BATCH_OVERHEAD) as u64),
            counts: Counts::default(),
            eden,
        }
    }

    /// Puts all lanes into their order.
    pub(super) fn order_lanes(&mut self) {
        let keys = self.lanes.iter().enumerate();
        self.order = keys.map(|(lane, one)| Reverse((key(one.next), lane as u32))).collect();
    }

    /// Moves along the axis to an instant.
    pub(super) fn advance(&mut self, now: SimTime) {
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
        if let Some(most) = self.pacing.makes_up_for {
            let most = self.rate * most.as_nanos() as f64;
            self.allowed = self.allowed.min(self.index + most);
        }
    }

    /// The lane that needs the next turn.
    pub(super) fn head(&mut self) -> Option<u32> {
        while let Some(Reverse((noted, lane))) = self.order.peek().copied() {
            if noted == key(self.lanes[lane as usize].next) {
                return Some(lane);
            }
            self.order.pop();
        }
        None
    }

    /// Records of an open batch when the thread is at `index`.
    pub(super) fn records_of(&mut self, lane: u32) -> u32 {
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

    /// Bytes of a batch of so many records.
    pub(super) fn bytes_of(&self, records: u32) -> u64 {
        (BATCH_OVERHEAD + f64::from(records) * self.record_bytes) as u64
    }

    /// Bytes that a batch takes of `buffer.memory`.
    pub(super) fn batch_memory(&self) -> u64 {
        self.batch_bytes
    }

    /// Seconds that the application thread has worked.
    pub(super) fn worked(&self) -> f64 {
        self.index / self.speed * 1e-9
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

/// Whether lanes are per partition: keys or round robin spread neighbouring records.
pub(super) fn spreads(partitioner: Partitioner, keyed: bool) -> bool {
    keyed || partitioner == Partitioner::RoundRobin
}
