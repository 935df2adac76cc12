//! A producer's sender thread: readiness, drain, requests in flight, acknowledgements.

use super::broker::per_byte;
use super::client::NONE;
use super::event::Event;
use super::world::{Stage, World};
use crate::model::client::Acks;
use crate::units::{SimSpan, SimTime};

const NANOS_PER_MS: u64 = 1_000_000;
/// Beyond this many doublings a back-off is at its maximum in any case.
const MOST_DOUBLINGS: u32 = 16;

impl World<'_> {
    /// Lets the sender run at an instant, unless it runs before.
    pub(super) fn wake_sender(&mut self, client: u32, at: SimTime) {
        let one = &mut self.clients[client as usize];
        let at = at.max(one.sender_free);
        if at < one.sender_at {
            one.sender_at = at;
            one.sender_turn = one.sender_turn.wrapping_add(1);
            let turn = one.sender_turn;
            self.agenda.schedule(at, Event::Sender { client, turn });
        }
    }

    /// The sender has a turn.
    pub(super) fn sender(&mut self, client: u32, turn: u32) {
        let now = self.agenda.now();
        let one = &mut self.clients[client as usize];
        if one.sender_turn != turn {
            return;
        }
        one.sender_at = SimTime::MAX;
        if one.sender_free > now {
            let free = one.sender_free;
            self.wake_sender(client, free);
            self.repace(client);
            return;
        }
        self.send_ready(client);
    }

    /// One loop: a request for each broker that is ready and can take one.
    fn send_ready(&mut self, client: u32) {
        let now = self.agenda.now();
        let mut next = SimTime::MAX;
        for node in 0..self.clients[client as usize].nodes.len() {
            let mut readiness = self.node_ready(client, node, now);
            if let Readiness::Now = readiness
                && self.drain(client, node)
            {
                readiness = self.node_ready(client, node, now);
            }
            match readiness {
                Readiness::Now => next = now,
                Readiness::At(at) => next = next.min(at),
                Readiness::No => {}
            }
        }
        if next < SimTime::MAX {
            self.wake_sender(client, next);
        }
        // A drained batch may have belonged to a lane: its next record has a new place. And the
        // application thread has left its next turn to the sender's if that came first.
        self.repace(client);
    }

    fn node_ready(&mut self, client: u32, node: usize, now: SimTime) -> Readiness {
        let one = &mut self.clients[client as usize];
        let settings = &self.scenario.producers[one.producer as usize].settings;
        let (blocked, state) = (one.blocked.is_some(), &mut one.nodes[node]);
        if state.queued.is_empty() || state.in_flight >= settings.max_in_flight || state.down {
            return Readiness::No;
        }
        // A request is taken only when the one before is in the socket completely.
        let pipe = &self.pipes[2 * state.conn as usize];
        state.unwritten = pipe.unsent > settings.send_buffer.get();
        state.note_room(now, settings.max_in_flight);
        if state.unwritten {
            return Readiness::No;
        }
        if state.throttled > now {
            return Readiness::At(state.throttled);
        }
        let mut ready = state.closed > 0 || blocked;
        let mut at = SimTime::MAX;
        while let Some((batch, turn)) = state.created.front().copied() {
            let held = &self.batches[batch];
            if held.turn != turn || !held.queued {
                state.created.pop_front();
                continue;
            }
            // The clock has whole milliseconds, and the thread sleeps whole milliseconds.
            let waited = now.as_nanos() / NANOS_PER_MS - held.first.as_nanos() / NANOS_PER_MS;
            let linger = settings.linger.as_millis();
            if waited >= linger {
                ready = true;
            } else {
                at = now + SimSpan::from_millis(linger - waited);
            }
            break;
        }
        if !ready {
            return Readiness::At(at);
        }
        if !one.retried {
            return Readiness::Now;
        }
        // Batches that were sent before wait for their back-off.
        let later = |slot: &u32| {
            let head = one.partitions[*slot as usize].head;
            self.batches[head].not_before
        };
        let first = one.nodes[node].queued.iter().map(later).min().unwrap_or(SimTime::MAX);
        if first > now { Readiness::At(first) } else { Readiness::Now }
    }

    /// Takes one batch of each partition of a broker, round robin, until the request is full.
    fn drain(&mut self, client: u32, node: usize) -> bool {
        let now = self.agenda.now();
        let request = self.requests.take();
        let mut batches = std::mem::take(&mut self.requests[request].batches);
        batches.clear();
        let one = &self.clients[client as usize];
        let settings = &self.scenario.producers[one.producer as usize].settings;
        let most = settings.max_request_size.get();
        let state = &one.nodes[node];
        let begin = state.queued.partition_point(|slot| *slot < state.cursor);
        let mut slots = std::mem::take(&mut self.scratch);
        slots.clear();
        slots.extend_from_slice(&state.queued[begin..]);
        slots.extend_from_slice(&state.queued[..begin]);
        let mut bytes = 0;
        for slot in &slots {
            let head = self.clients[client as usize].partitions[*slot as usize].head;
            if self.batches[head].not_before > now {
                continue;
            }
            if !self.batches[head].closed {
                self.close_early(client, head);
            }
            let size = self.batches[head].bytes;
            if !batches.is_empty() && bytes + size > most {
                self.clients[client as usize].nodes[node].cursor = *slot;
                break;
            }
            bytes += size;
            batches.push(head);
            self.batches[head].drained = now;
            self.clients[client as usize].nodes[node].cursor = slot + 1;
            self.unqueue(client, *slot);
        }
        self.scratch = slots;
        if batches.is_empty() {
            self.requests[request].batches = batches;
            self.requests.give(request);
            return false;
        }
        self.post(client, node, request, batches, bytes);
        true
    }

    /// Writes a request to its socket.
    fn post(&mut self, client: u32, node: usize, request: u32, batches: Vec<u32>, bytes: u64) {
        let now = self.agenda.now();
        let costs = self.costs;
        let one = &mut self.clients[client as usize];
        let settings = &self.scenario.producers[one.producer as usize].settings;
        let tls = self.conns[one.nodes[node].conn as usize].tls_ns_per_byte;
        let work = costs.producer_request / 2
            + costs.producer_batch / 2 * batches.len() as u64
            + costs.sender_partition * one.partitions.len() as u64
            + per_byte(bytes, costs.send_ns_per_byte + tls);
        let machine = &mut self.machines[one.machine as usize];
        let done = machine.work(now, work).max(one.sender_free + machine.alone(work));
        one.sender_free = done;
        one.counts.requests += 1;
        one.counts.batches += batches.len() as u64;
        one.counts.bytes += bytes;
        let heap = &costs.heap;
        let records = batches.iter().map(|batch| u64::from(self.batches[*batch].records));
        let garbage = heap.request_garbage + heap.record_garbage * records.sum::<u64>();
        if let Some(until) = one.eden.allocate(now, garbage.get(), &heap.collection) {
            one.sender_free = one.sender_free.max(until);
            one.held_until = one.held_until.max(until);
        }
        let state = &mut one.nodes[node];
        let conn = state.conn;
        let forgotten = settings.acks == Acks::None;
        if !forgotten {
            state.in_flight += 1;
            state.note_room(now, settings.max_in_flight);
        }
        let entry = &mut self.requests[request];
        (entry.conn, entry.batches) = (conn, batches);
        (entry.awaiting, entry.failed, entry.forgotten) = (0, false, forgotten);
        entry.throttle = SimSpan::ZERO;
        (entry.stage, entry.told) = (Stage::Open, false);
        entry.turn = entry.turn.wrapping_add(1);
        entry.sent = now;
        if forgotten {
            self.agenda.schedule(done, Event::Acknowledge { request });
        }
        self.send(2 * conn, request, bytes + self.costs.header_bytes, done);
    }

    /// Takes the first batch of a partition off its queue.
    pub(super) fn unqueue(&mut self, client: u32, slot: u32) {
        let one = &mut self.clients[client as usize];
        let queue = &mut one.partitions[slot as usize];
        let batch = &mut self.batches[queue.head];
        batch.queued = false;
        queue.head = batch.next;
        queue.count -= 1;
        let state = &mut one.nodes[queue.node as usize];
        state.closed -= 1;
        if queue.count > 0 {
            return;
        }
        (queue.head, queue.tail) = (NONE, NONE);
        if let Ok(at) = state.queued.binary_search(&slot) {
            state.queued.remove(at);
        }
    }

    /// A request is in the socket: the next may be taken.
    pub(super) fn written(&mut self, pipe: u32) {
        let conn = &self.conns[pipe as usize / 2];
        if pipe % 2 == 1 {
            return;
        }
        let super::world::Owner::Producer { client, node } = conn.owner else { return };
        let one = &self.clients[client as usize];
        let settings = &self.scenario.producers[one.producer as usize].settings;
        let waits = one.nodes[node as usize].unwritten;
        if waits && self.pipes[pipe as usize].unsent <= settings.send_buffer.get() {
            let now = self.agenda.now();
            let most = settings.max_in_flight;
            let state = &mut self.clients[client as usize].nodes[node as usize];
            state.unwritten = false;
            state.note_room(now, most);
            self.wake_sender(client, now + self.costs.hand_off);
        }
    }

    /// A response reaches the sender.
    pub(super) fn response_to_producer(&mut self, request: u32) {
        let now = self.agenda.now();
        if self.requests[request].forgotten {
            // The broker is done with what its client has long forgotten.
            if self.requests[request].failed {
                self.lose_forgotten(request);
            }
            self.give_request(request);
            return;
        }
        let conn = self.requests[request].conn;
        let super::world::Owner::Producer { client, .. } = self.conns[conn as usize].owner else {
            return;
        };
        self.requests[request].stage = Stage::Heard;
        let costs = self.costs;
        let work = costs.producer_request / 2
            + costs.producer_batch / 2 * self.requests[request].batches.len() as u64;
        let one = &mut self.clients[client as usize];
        let machine = &mut self.machines[one.machine as usize];
        let hand_off = if one.sender_free <= now { machine.wake() } else { SimSpan::ZERO };
        let alone = machine.alone(work);
        let done = machine.work(now, work).max(one.sender_free + alone) + hand_off;
        one.sender_free = done;
        self.agenda.schedule(done, Event::Acknowledge { request });
    }

    /// Callbacks have run: latencies are taken, memory is free again.
    pub(super) fn acknowledge(&mut self, request: u32) {
        let conn = self.requests[request].conn;
        let super::world::Owner::Producer { client, node } = self.conns[conn as usize].owner else {
            return;
        };
        let forgotten = self.requests[request].forgotten;
        let dead = self.requests[request].stage == Stage::Dead;
        if dead && !forgotten {
            // It died with its connection, and its batches are on their way again.
            return;
        }
        let mut batches = std::mem::take(&mut self.requests[request].batches);
        if !forgotten {
            let now = self.agenda.now();
            let one = &mut self.clients[client as usize];
            let most = self.scenario.producers[one.producer as usize].settings.max_in_flight;
            let state = &mut one.nodes[node as usize];
            state.in_flight -= 1;
            state.throttled = state.throttled.max(now + self.requests[request].throttle);
            state.note_room(now, most);
        }
        if self.requests[request].failed && !forgotten {
            let refused = |batch: &u32| self.batches[*batch].refused;
            let (again, taken) = batches.iter().copied().partition(refused);
            batches = taken;
            self.retry(client, &again);
            self.refresh_if_moved(client, &again);
        }
        self.measure_publish(client, request, &batches);
        let one = &mut self.clients[client as usize];
        for batch in &batches {
            one.counts.acknowledged += u64::from(self.batches[*batch].records);
            one.memory += one.batch_memory();
        }
        self.requests[request].batches = batches;
        self.requests[request].told = true;
        if !forgotten {
            self.give_request(request);
        } else if dead {
            self.lose_forgotten(request);
        }
        self.unblock(client);
        self.send_ready(client);
    }

    fn give_request(&mut self, request: u32) {
        self.requests[request].stage = Stage::Over;
        for index in 0..self.requests[request].batches.len() {
            let batch = self.requests[request].batches[index];
            self.batches.give(batch);
        }
        self.requests.give(request);
    }

    /// Batches that were refused go back to the head of their queues, or fail for good.
    pub(super) fn retry(&mut self, client: u32, batches: &[u32]) {
        let now = self.agenda.now();
        let producer = self.clients[client as usize].producer as usize;
        let settings = &self.scenario.producers[producer].settings;
        for place in batches.iter().rev() {
            let age = now.saturating_since(self.batches[*place].first);
            if age >= settings.delivery_timeout {
                self.note_given_up(*place);
                let one = &mut self.clients[client as usize];
                one.counts.failed += u64::from(self.batches[*place].records);
                one.memory += one.batch_memory();
                self.batches.give(*place);
                continue;
            }
            self.measures.retries += 1;
            self.clients[client as usize].retried = true;
            let batch = &mut self.batches[*place];
            // Exponential from `retry.backoff.ms` to `retry.backoff.max.ms`.
            let factor = 1_u64 << batch.attempts.min(MOST_DOUBLINGS);
            batch.attempts += 1;
            batch.not_before =
                now + (settings.retry_backoff * factor).min(settings.retry_backoff_max);
            batch.queued = true;
            let (slot, turn) = (batch.slot, batch.turn);
            let first = batch.first;
            self.put_back(client, slot, *place, first);
            let one = &mut self.clients[client as usize];
            let state = &mut one.nodes[one.partitions[slot as usize].node as usize];
            state.closed += 1;
            state.created.push_front((*place, turn));
        }
    }

    /// Puts a batch back into its queue, behind the older ones that were sent before: sequence
    /// numbers keep their order.
    fn put_back(&mut self, client: u32, slot: u32, place: u32, first: SimTime) {
        let one = &mut self.clients[client as usize];
        let queue = &mut one.partitions[slot as usize];
        if queue.count == 0 {
            let queued = &mut one.nodes[queue.node as usize].queued;
            if let Err(at) = queued.binary_search(&slot) {
                queued.insert(at, slot);
            }
        }
        let (mut before, mut next) = (NONE, queue.head);
        while next != NONE && self.batches[next].first < first {
            (before, next) = (next, self.batches[next].next);
        }
        self.batches[place].next = next;
        match before {
            NONE => queue.head = place,
            before => self.batches[before].next = place,
        }
        if next == NONE {
            queue.tail = place;
        }
        queue.count += 1;
    }
}

/// Whether a broker gets a request.
enum Readiness {
    Now,
    At(SimTime),
    No,
}
