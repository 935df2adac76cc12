//! Appends at the leader, purgatory, and responses to produce requests.

use super::event::Event;
use super::session::Reader;
use super::world::{Owner, Stage, World};
use crate::model::client::Acks;
use crate::scenario::Arrivals;
use crate::units::SimTime;

impl World<'_> {
    /// Batches are in the log: the request is done, or waits for followers.
    pub(super) fn append(&mut self, request: u32, conn: u32, acks: Acks) {
        let now = self.agenda.now();
        let broker = self.conns[conn as usize].broker;
        let machine = self.brokers[broker as usize].machine;
        let batches = std::mem::take(&mut self.requests[request].batches);
        let mut awaiting = 0;
        // The OpenMessaging Benchmark takes the age of a record from its time stamp.
        let stamped = match self.conns[conn as usize].owner {
            Owner::Producer { client, .. } => {
                self.clients[client as usize].arrivals == Arrivals::Tokens
            }
            _ => false,
        };
        let mut failed = false;
        for batch in &batches {
            let one = self.batches[*batch];
            let passed = self.machines[machine as usize].passed();
            let log = &mut self.logs[one.partition as usize];
            let leads = log.leader == broker;
            let refused = !leads || (acks == Acks::All && log.in_sync() < log.min_insync);
            self.batches[*batch].refused = refused;
            if refused {
                failed = true;
                self.measures.refused += u64::from(leads);
                continue;
            }
            let known = one.appended > 0;
            let span =
                if stamped { [one.first, one.last].map(whole_ms) } else { [one.first, one.last] };
            if !known {
                log.append(now, [u64::from(one.records), one.stored], span, passed);
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
        self.requests[request].failed = failed;
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
                self.fail_waiting(request);
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

    /// What the high watermark has not passed is not acknowledged.
    fn fail_waiting(&mut self, request: u32) {
        let entry = &mut self.requests[request];
        entry.failed = true;
        for batch in &entry.batches {
            let one = &mut self.batches[*batch];
            one.refused |= one.appended > self.logs[one.partition as usize].high;
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
        if self.conns[conn as usize].broken {
            return;
        }
        self.requests[request].stage = Stage::Answered;
        self.requests[request].completed = from;
        let written = self.network(conn, self.costs.network_request).max(from);
        self.requests[request].responded = written;
        let one = &mut self.conns[conn as usize];
        one.busy += written - one.muted_at;
        let throttle = self.throttle_producer(request);
        self.mute(2 * conn, written + throttle);
        let Owner::Producer { client, .. } = self.conns[conn as usize].owner else {
            self.send(2 * conn + 1, request, self.costs.header_bytes, written);
            return;
        };
        let producer = self.clients[client as usize].producer as usize;
        if self.scenario.producers[producer].settings.acks == Acks::None {
            // Nobody waits for it: the sender has forgotten the request.
            self.response_to_producer(request);
            return;
        }
        self.send(2 * conn + 1, request, self.costs.header_bytes, written);
    }
}

/// The whole millisecond of an instant: what a record's time stamp holds.
fn whole_ms(at: SimTime) -> SimTime {
    SimTime::from_nanos(at.as_nanos() / 1_000_000 * 1_000_000)
}
