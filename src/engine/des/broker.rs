//! Brokers: network threads, request handlers, appends and responses.

use super::event::Event;
use super::session::Reader;
use super::world::{Owner, World};
use crate::engine::kernel::first_free;
use crate::model::client::Acks;
use crate::scenario::Arrivals;
use crate::units::{SimSpan, SimTime};
use std::collections::VecDeque;

/// A broker process.
#[derive(Debug, Clone)]
pub(super) struct Broker {
    pub machine: u32,
    /// When each network thread is free.
    pub network: Vec<SimTime>,
    /// When each request handler is free.
    pub handlers: Vec<SimTime>,
    /// The handler to try first.
    next: usize,
    /// Requests that wait because all handlers are held.
    pub queue: VecDeque<(u32, SimSpan)>,
    pub network_busy: SimSpan,
    pub handlers_busy: SimSpan,
    /// Of that, the time in which handlers waited for a disk.
    pub handlers_held: SimSpan,
    pub connections: u32,
    pub isr_shrinks: u32,
}

impl Broker {
    pub(super) fn new(machine: u32, network: u32, handlers: u32) -> Self {
        Self {
            machine,
            network: vec![SimTime::ZERO; network as usize],
            handlers: vec![SimTime::ZERO; handlers as usize],
            next: 0,
            queue: VecDeque::new(),
            network_busy: SimSpan::ZERO,
            handlers_busy: SimSpan::ZERO,
            handlers_held: SimSpan::ZERO,
            connections: 0,
            isr_shrinks: 0,
        }
    }
}

/// A span of `ns_per_byte` for each byte.
#[inline]
pub(super) fn per_byte(bytes: u64, ns_per_byte: f64) -> SimSpan {
    SimSpan::from_nanos((bytes as f64 * ns_per_byte) as u64)
}

impl World<'_> {
    /// Work of the network thread of a connection; returns its end. A thread that slept is woken.
    pub(super) fn network(&mut self, conn: u32, work: SimSpan) -> SimTime {
        let now = self.agenda.now();
        let one = self.conns[conn as usize];
        let broker = &mut self.brokers[one.broker as usize];
        let machine = &mut self.machines[broker.machine as usize];
        let alone = machine.alone(work);
        let done = machine.work(now, work);
        let free = &mut broker.network[one.thread as usize];
        let idle = *free <= now;
        broker.network_busy += alone;
        *free = done.max(*free + alone);
        if idle { *free + machine.wake() } else { *free }
    }

    /// Work of a request handler that begins at `from` at the earliest; returns when it starts,
    /// when it ends, and which handler does it.
    fn handler(&mut self, broker: u32, from: SimTime, work: SimSpan) -> (SimTime, SimTime, usize) {
        let now = self.agenda.now();
        let one = &mut self.brokers[broker as usize];
        let machine = &mut self.machines[one.machine as usize];
        let alone = machine.alone(work);
        let done = machine.work(now, work);
        // Any idle handler will do, and the next one usually is idle.
        let mut first = one.next;
        if one.handlers[first] > now {
            first = first_free(&one.handlers);
        }
        one.next = if first + 1 < one.handlers.len() { first + 1 } else { 0 };
        let free = one.handlers[first];
        let idle = free <= from;
        let hand_off = if idle { machine.wake() } else { SimSpan::ZERO };
        // The handler is booked from now on, not from `from`: the time in between is not its own.
        one.handlers[first] = done.max(free.max(now) + alone);
        one.handlers_busy += alone;
        let start = from.max(free) + hand_off;
        let end = (start + alone).max(done);
        (start, end, first)
    }

    /// More work for the handler that is at it now; returns its end.
    pub(super) fn more_work(&mut self, broker: u32, work: SimSpan) -> SimTime {
        let now = self.agenda.now();
        let one = &mut self.brokers[broker as usize];
        let machine = &mut self.machines[one.machine as usize];
        let alone = machine.alone(work);
        one.handlers_busy += alone;
        let busiest = one.handlers.iter_mut().filter(|free| **free < SimTime::MAX).max();
        if let Some(free) = busiest {
            *free = (*free).max(now) + alone;
        }
        machine.work(now, work)
    }

    /// Part of a message has been received.
    pub(super) fn received_part(&mut self, pipe: u32, bytes: u64) {
        let now = self.agenda.now();
        if pipe.is_multiple_of(2) {
            let conn = self.conns[pipe as usize / 2];
            let broker = &mut self.brokers[conn.broker as usize];
            let work = per_byte(bytes, self.costs.socket_in_ns_per_byte);
            let machine = &mut self.machines[broker.machine as usize];
            let free = &mut broker.network[conn.thread as usize];
            *free = machine.work(now, work).max(*free);
            broker.network_busy += machine.alone(work);
        }
    }

    /// A message is complete at the process behind a pipe.
    pub(super) fn arrived(&mut self, pipe: u32, message: u32) {
        let conn = pipe / 2;
        let owner = self.conns[conn as usize].owner;
        if pipe % 2 == 1 {
            return match owner {
                Owner::Producer { .. } => self.response_to_producer(message),
                Owner::Session(session) => self.response_to_session(session, message),
                Owner::Commit { member } => self.committed(member, message),
            };
        }
        // One request at a time: the channel is muted until its response is in the socket.
        self.mute(pipe, SimTime::MAX);
        let now = self.agenda.now();
        self.requests[message].arrived = now;
        self.conns[conn as usize].muted_at = now;
        match owner {
            Owner::Producer { .. } | Owner::Commit { .. } => self.receive_produce(message, conn),
            Owner::Session(session) => self.receive_fetch(session, message, conn),
        }
    }

    /// A produce request, or a commit, which is one in little: read, queued, validated, written.
    fn receive_produce(&mut self, request: u32, conn: u32) {
        let broker = self.conns[conn as usize].broker;
        let costs = self.costs;
        let pipe = &self.pipes[2 * conn as usize];
        let (mut total, window) = (0, pipe.window);
        let mut work = costs.produce_request.saturating_sub(costs.network_request * 2);
        if matches!(self.conns[conn as usize].owner, Owner::Commit { .. }) {
            work = costs.commit_request;
        }
        let handler_ns = (costs.produce_ns_per_byte - costs.socket_in_ns_per_byte).max(0.0);
        let batches = std::mem::take(&mut self.requests[request].batches);
        for batch in &batches {
            let batch = &self.batches[*batch];
            total += batch.bytes;
            work += costs.leader_batch
                + costs.leader_record * u64::from(batch.records)
                + per_byte(batch.bytes, handler_ns);
        }
        // Everything but the last window was read while it came in.
        let tail = if total > window { total % window } else { total };
        let read = costs.network_request + per_byte(tail, costs.socket_in_ns_per_byte);
        let read_at = self.network(conn, read);
        self.requests[request].batches = batches;
        self.dispatch(request, broker, read_at, work);
    }

    /// Gives a request to a handler, or lets it wait while all of them are held.
    pub(super) fn dispatch(&mut self, request: u32, broker: u32, from: SimTime, work: SimSpan) {
        let one = &mut self.brokers[broker as usize];
        if one.handlers.iter().all(|free| *free == SimTime::MAX) {
            one.queue.push_back((request, work));
            return;
        }
        let (start, end, handler) = self.handler(broker, from, work);
        let entry = &mut self.requests[request];
        entry.started = start;
        entry.arrived = from.min(start);
        let batches = std::mem::take(&mut entry.batches);
        let mut forced = false;
        for batch in &batches {
            let (partition, bytes) = (self.batches[*batch].partition, self.batches[*batch].bytes);
            forced |= self.must_wait(partition, bytes);
        }
        if !forced {
            for batch in &batches {
                let one = self.batches[*batch];
                self.cache(one.partition, one.bytes);
            }
        }
        self.requests[request].batches = batches;
        if forced {
            // How long it is held is only known when the disk has done its work.
            self.brokers[broker as usize].handlers[handler] = SimTime::MAX;
            self.requests[request].handler = Some(handler as u32);
            self.agenda.schedule(end, Event::Force { request, batch: 0 });
            return;
        }
        self.requests[request].handler = None;
        self.agenda.schedule(end, Event::Handled { request });
    }

    /// Whether a write to a log keeps its thread waiting: it is forced, or too much is dirty.
    pub(super) fn must_wait(&mut self, partition: u32, bytes: u64) -> bool {
        let now = self.agenda.now();
        let log = &self.logs[partition as usize];
        let Some((broker, disk)) = log.disks.first().copied() else { return false };
        let machine = self.brokers[broker as usize].machine as usize;
        log.flush || self.machines[machine].disks[disk as usize].throttles(now, bytes)
    }

    /// A leader's write into the page cache that nobody has to wait for.
    fn cache(&mut self, partition: u32, bytes: u64) {
        let now = self.agenda.now();
        let log = &self.logs[partition as usize];
        let Some((broker, disk)) = log.disks.first().copied() else { return };
        let machine = self.brokers[broker as usize].machine as usize;
        self.machines[machine].disks[disk as usize].write(now, bytes);
    }

    /// The handler is done: batches are in the log, or the fetch has been read.
    pub(super) fn handled(&mut self, request: u32) {
        let now = self.agenda.now();
        self.requests[request].handled = now;
        let conn = self.requests[request].conn;
        match self.conns[conn as usize].owner {
            Owner::Session(session) => self.fetch_handled(session, request),
            Owner::Producer { client, .. } => {
                let producer = self.clients[client as usize].producer as usize;
                let acks = self.scenario.producers[producer].settings.acks;
                self.append(request, conn, acks);
            }
            Owner::Commit { .. } => self.append(request, conn, Acks::All),
        }
    }

    fn append(&mut self, request: u32, conn: u32, acks: Acks) {
        let now = self.agenda.now();
        let broker = self.conns[conn as usize].broker;
        let batches = std::mem::take(&mut self.requests[request].batches);
        let mut awaiting = 0;
        // The OpenMessaging Benchmark takes the age of a record from its time stamp.
        let stamped = match self.conns[conn as usize].owner {
            Owner::Producer { client, .. } => {
                self.clients[client as usize].arrivals == Arrivals::Tokens
            }
            _ => false,
        };
        let refused = acks == Acks::All
            && batches.iter().any(|batch| {
                let log = &self.logs[self.batches[*batch].partition as usize];
                log.in_sync() < log.min_insync
            });
        if refused {
            self.requests[request].batches = batches;
            self.requests[request].failed = true;
            self.measures.refused += 1;
            self.complete(request, now);
            return;
        }
        for batch in &batches {
            let one = self.batches[*batch];
            let log = &mut self.logs[one.partition as usize];
            let known = one.appended > 0;
            let span =
                if stamped { [one.first, one.last].map(whole_ms) } else { [one.first, one.last] };
            if !known {
                log.append(now, one.records, one.bytes, span);
            }
            let end = if known { one.appended } else { log.end };
            self.batches[*batch].appended = end;
            let moved = log.advance();
            if acks == Acks::All && log.high < end {
                // A batch that was appended before may wait behind later ones.
                let at = log.waiting.partition_point(|(position, _, _)| *position <= end);
                log.waiting.insert(at, (end, request, self.requests[request].turn));
                awaiting += 1;
            }
            self.reached(one.partition, !known, moved);
        }
        self.requests[request].batches = batches;
        self.requests[request].awaiting = awaiting;
        // The handler that appended also completes the fetches that waited for it.
        let free = self.wake_sessions(broker);
        if awaiting == 0 {
            self.complete(request, free);
        } else {
            self.wait_in_purgatory(request, conn);
        }
    }

    /// A produce request that waits for its followers does so for `request.timeout.ms` at most.
    fn wait_in_purgatory(&mut self, request: u32, conn: u32) {
        let Owner::Producer { client, .. } = self.conns[conn as usize].owner else { return };
        let now = self.agenda.now();
        let ring = self.clients[client as usize].producer;
        let turn = self.requests[request].turn;
        if let Some(at) = self.purgatory[ring as usize].set(now, (request, turn)) {
            self.agenda.schedule(at, Event::ProduceTimeouts { ring });
        }
    }

    /// Produce requests have waited too long: they fail, and their clients send them again.
    pub(super) fn produce_timeouts(&mut self, ring: u32) {
        let now = self.agenda.now();
        while let Some((request, turn)) = self.purgatory[ring as usize].expire(now) {
            if self.requests[request].turn == turn && self.requests[request].awaiting > 0 {
                self.requests[request].failed = true;
                self.requests[request].awaiting = 0;
                self.requests[request].turn = turn.wrapping_add(1);
                self.measures.timed_out += 1;
                self.complete(request, now);
            }
        }
        let requests = &self.requests;
        let stale = |(request, turn): &(u32, u32)| {
            requests[*request].turn != *turn || requests[*request].awaiting == 0
        };
        if let Some(at) = self.purgatory[ring as usize].next(stale) {
            self.agenda.schedule(at, Event::ProduceTimeouts { ring });
        }
    }

    /// Tells the readers of a partition that its end, or its high watermark, has moved.
    pub(super) fn reached(&mut self, partition: u32, appended: bool, moved: bool) {
        let log = &self.logs[partition as usize];
        for (session, slot) in &log.readers {
            let one = &mut self.sessions[*session as usize];
            let concerns = match one.reader {
                Reader::Follower { .. } => appended,
                Reader::Consumer { .. } => moved,
            };
            if concerns {
                one.offer(*slot);
                if one.parked && !one.touched {
                    one.touched = true;
                    self.touched.push(*session);
                }
            }
        }
    }

    /// A produce request is done: its response goes out, and the channel is read again.
    pub(super) fn complete(&mut self, request: u32, from: SimTime) {
        let conn = self.requests[request].conn;
        self.requests[request].completed = from;
        let written = self.network(conn, self.costs.network_request).max(from);
        self.requests[request].responded = written;
        let one = &mut self.conns[conn as usize];
        one.busy += written - one.muted_at;
        self.mute(2 * conn, written);
        let Owner::Producer { client, .. } = self.conns[conn as usize].owner else {
            self.send(2 * conn + 1, request, RESPONSE_BYTES, written);
            return;
        };
        let producer = self.clients[client as usize].producer as usize;
        if self.scenario.producers[producer].settings.acks == Acks::None {
            // Nobody waits for it: the sender has forgotten the request.
            self.response_to_producer(request);
            return;
        }
        self.send(2 * conn + 1, request, RESPONSE_BYTES, written);
    }
}

/// The whole millisecond of an instant: what a record's time stamp holds.
fn whole_ms(at: SimTime) -> SimTime {
    SimTime::from_nanos(at.as_nanos() / 1_000_000 * 1_000_000)
}

/// Bytes of a produce or commit response, and of a request without its batches.
pub(super) const RESPONSE_BYTES: u64 = 100;
