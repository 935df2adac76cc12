//! Brokers: network threads, request handlers, appends and responses.

use super::client::Lane;
use super::event::Event;
use super::world::{Owner, World};
use crate::engine::kernel::first_free;
use crate::model::client::Acks;
use crate::model::codec::Recoding;
use crate::model::heap::Eden;
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
    /// When requests that wait for a handler will be taken; kept only where there may be more of
    /// them than the queue holds.
    waiting: VecDeque<SimTime>,
    pub network_busy: SimSpan,
    pub handlers_busy: SimSpan,
    /// Of that, the time in which handlers waited for a disk.
    pub handlers_held: SimSpan,
    pub connections: u32,
    pub isr_shrinks: u32,
    /// Bytes of fetch responses, and of those what had to be read from disks.
    pub sent: u64,
    pub sent_cold: u64,
    /// Its Java heap, and until when it stands still to collect it.
    eden: Eden,
    pub paused: SimTime,
}

impl Broker {
    pub(super) fn new(machine: u32, [network, handlers]: [u32; 2], eden: Eden) -> Self {
        Self {
            machine,
            network: vec![SimTime::ZERO; network as usize],
            handlers: vec![SimTime::ZERO; handlers as usize],
            next: 0,
            queue: VecDeque::new(),
            waiting: VecDeque::new(),
            network_busy: SimSpan::ZERO,
            handlers_busy: SimSpan::ZERO,
            handlers_held: SimSpan::ZERO,
            connections: 0,
            isr_shrinks: 0,
            sent: 0,
            sent_cold: 0,
            eden,
            paused: SimTime::ZERO,
        }
    }

    /// Its process begins anew.
    pub(super) fn restart(&mut self, now: SimTime) {
        self.queue.clear();
        self.waiting.clear();
        self.network.fill(now);
        self.handlers.fill(now);
    }

    /// All threads stand still; what the kernel has in hand goes on.
    fn pause(&mut self, until: SimTime) {
        self.paused = until;
        for free in self.network.iter_mut().chain(&mut self.handlers) {
            // A handler that is held by a disk has no end to put off.
            *free = (*free).max(until);
        }
    }
}

/// A span of `ns_per_byte` for each byte.
#[inline]
pub(super) fn per_byte(bytes: u64, ns_per_byte: f64) -> SimSpan {
    SimSpan::from_nanos((bytes as f64 * ns_per_byte) as u64)
}

impl World<'_> {
    /// A broker allocates memory for so many bytes and a request; now and then it has to collect.
    pub(super) fn allocate(&mut self, broker: u32, bytes: u64) {
        let now = self.agenda.now();
        let heap = &self.costs.heap;
        let one = &mut self.brokers[broker as usize];
        let garbage = bytes + heap.request_garbage.get();
        if let Some(until) = one.eden.allocate(now, garbage, &heap.collection) {
            one.pause(until);
        }
    }

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

    /// A network thread has read a request. When `queued.max.requests` wait for a handler, it
    /// stands still until there is room: it neither reads nor sends.
    pub(super) fn network_in(&mut self, conn: u32, work: SimSpan) -> SimTime {
        let most = self.scenario.brokers.queued_max;
        let now = self.agenda.now();
        let one = self.conns[conn as usize];
        let broker = &mut self.brokers[one.broker as usize];
        if broker.connections > most {
            while broker.waiting.front().is_some_and(|start| *start <= now) {
                broker.waiting.pop_front();
            }
            if let Some(full) = broker.waiting.len().checked_sub(most as usize) {
                let free = &mut broker.network[one.thread as usize];
                *free = (*free).max(broker.waiting[full]);
            }
        }
        self.network(conn, work)
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
            let work = per_byte(bytes, self.costs.socket_in_ns_per_byte + conn.tls_ns_per_byte);
            let machine = &mut self.machines[broker.machine as usize];
            let free = &mut broker.network[conn.thread as usize];
            let alone = machine.alone(work);
            *free = machine.work(now, work).max(*free + alone);
            broker.network_busy += alone;
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
        let mut handler_ns = (costs.produce_ns_per_byte - costs.socket_in_ns_per_byte).max(0.0);
        let mut work = costs.commit_request;
        let mut lanes: &[Lane] = &[];
        if let Owner::Producer { client, .. } = self.conns[conn as usize].owner {
            lanes = &self.clients[client as usize].lanes;
            work = costs.produce_request.saturating_sub(costs.network_request * 2);
            let producer = self.clients[client as usize].producer as usize;
            let codec = &self.scenario.producers[producer].settings.codec;
            handler_ns += codec.unpack_ns_per_stored_byte();
        }
        let batches = std::mem::take(&mut self.requests[request].batches);
        for batch in &batches {
            let batch = &self.batches[*batch];
            total += batch.bytes;
            let recoding =
                lanes.get(batch.lane as usize).map_or(Recoding::NONE, |one| one.recoding);
            let per_sent_byte = handler_ns + recoding.ns_per_sent_byte;
            work += costs.leader_batch
                + costs.leader_record * u64::from(batch.records)
                + per_byte(batch.bytes, per_sent_byte);
        }
        self.allocate(broker, total);
        // Everything but the last window was read while it came in.
        let tail = if total > window { total % window } else { total };
        let each = costs.socket_in_ns_per_byte + self.conns[conn as usize].tls_ns_per_byte;
        let read = costs.network_request + per_byte(tail, each);
        let read_at = self.network_in(conn, read);
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
        let one = &mut self.brokers[broker as usize];
        if one.connections > self.scenario.brokers.queued_max {
            one.waiting.push_back(start);
        }
        let entry = &mut self.requests[request];
        entry.started = start;
        entry.arrived = from.min(start);
        let batches = std::mem::take(&mut entry.batches);
        let mut forced = false;
        for batch in &batches {
            let (partition, bytes) = (self.batches[*batch].partition, self.batches[*batch].stored);
            forced |= self.must_wait(partition, bytes);
        }
        let mut rolling = SimSpan::ZERO;
        for batch in &batches {
            let one = self.batches[*batch];
            rolling += self.roll(one.partition, None, one.stored);
            if !forced {
                self.cache(one.partition, one.stored);
            }
        }
        self.requests[request].batches = batches;
        let end = end + rolling;
        self.brokers[broker as usize].handlers[handler] += rolling;
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

    /// How long a log is locked because bytes begin a new segment; the old one is forced to the
    /// disk in the background.
    pub(super) fn roll(&mut self, partition: u32, follower: Option<u32>, bytes: u64) -> SimSpan {
        let log = &mut self.logs[partition as usize];
        if !log.rolls(follower, bytes) {
            return SimSpan::ZERO;
        }
        let replica = follower.map_or(0, |index| index as usize + 1);
        if let Some((broker, disk)) = log.disks.get(replica).copied() {
            let machine = self.brokers[broker as usize].machine as usize;
            self.machines[machine].disks[disk as usize].write_back(self.agenda.now());
        }
        self.costs.segment_roll
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
        if self.conns[conn as usize].broken {
            return;
        }
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
}
