//! The application thread of a producer's client process.

use super::client::{NONE, key};
use super::event::Event;
use super::world::World;
use crate::chance::Stream;
use crate::scenario::Arrivals;
use crate::units::{SimSpan, SimTime};
use std::cmp::Reverse;

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
            let (all, first) = (&one.partitions, state.first);
            let queued = |partition: u32| all[(first + partition) as usize].count;
            let waiting = one.nodes.iter().any(|node| !node.queued.is_empty());
            let (kind, size) = (settings.partitioner, settings.batch_size.get());
            let (sticky, count, chance) = (state.sticky, state.partitions, &mut one.chance);
            state.sticky = kind.next(sticky, count, size, waiting, queued, chance);
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
        (batch.appended, batch.attempts) = (0, 0);
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
        batch.stored = one.lanes[batch.lane as usize].recoding.stored(bytes);
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
        let work = SimSpan::from_nanos((one.record_ns * records) as u64);
        let (wait, _) = machine.wait_and_work(now, work);
        if !wait.is_zero() {
            one.held_until = now + wait;
        }
    }

    /// Moves the application thread's place to now, and sets its next turn.
    pub(super) fn repace(&mut self, client: u32) {
        let now = self.agenda.now();
        self.clients[client as usize].advance(now);
        self.pace(client);
    }

    /// Sets the speed of the application thread and its next turn.
    fn pace(&mut self, client: u32) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        let backlog = one.allowed - one.index;
        let behind = one.arrivals == Arrivals::Closed || backlog > 1e-3;
        if !behind && one.blocked.is_none() && one.held_until <= now && !one.pacing.sleep.is_zero()
        {
            one.held_until = now + one.pacing.sleep;
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
        // A turn that comes too early does nothing; only a later one must be replaced. The sender
        // paces too, and what it drains makes most turns needless: who comes after it waits for it.
        if until < one.turn_at && until < one.sender_at {
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
