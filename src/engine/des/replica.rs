//! Fetches at the leader, and replica fetchers.

use super::broker::per_byte;
use super::event::Event;
use super::faults::Who;
use super::session::{Carried, Course, Reader, Standing};
use super::world::{Stage, World};
use crate::units::{SimSpan, SimTime};

/// Who all has passed a partition's batches is looked up when it keeps so many.
const MANY_KEPT: usize = 8;

impl World<'_> {
    /// A fetch arrives at a leader.
    pub(super) fn receive_fetch(&mut self, session: u32, request: u32, conn: u32) {
        let broker = self.conns[conn as usize].broker;
        let costs = self.costs;
        self.allocate(broker, 0);
        let read_at = self.network_in(conn, costs.network_request);
        let one = &self.sessions[session as usize];
        // Every partition of the session is tried, whatever it holds.
        let work = costs.fetch_request.saturating_sub(costs.network_request * 2)
            + costs.session_partition * u64::from(one.asked);
        self.dispatch(request, broker, read_at, work);
    }

    /// The fetch has tried its partitions: answer, or park.
    pub(super) fn fetch_handled(&mut self, session: u32, request: u32) {
        let now = self.agenda.now();
        let broker = self.conns[self.sessions[session as usize].conn as usize].broker;
        if let Reader::Follower { .. } = self.sessions[session as usize].reader {
            self.confirm(session);
        }
        let free = self.wake_sessions(broker).max(now);
        let enough = self.sessions[session as usize].limits.min_bytes;
        if self.readable(session) >= enough {
            self.answer(session, request, free);
            return;
        }
        let one = &mut self.sessions[session as usize];
        one.parked = true;
        one.round += 1;
        let (round, ring) = (one.round, one.limits.wait_ring);
        if let Some(at) = self.waits[ring as usize].set(now, (session, round)) {
            self.agenda.schedule(at, Event::FetchTimeouts { ring });
        }
    }

    /// Moves a partition's high watermark as far as it goes, with everything that waits for it.
    pub(super) fn high_watermark(&mut self, partition: u32) {
        let now = self.agenda.now();
        let log = &mut self.logs[partition as usize];
        if !log.advance() {
            return;
        }
        let high = log.high;
        while let Some((position, request, turn)) =
            self.logs[partition as usize].waiting.front().copied()
            && position <= high
        {
            self.logs[partition as usize].waiting.pop_front();
            let entry = &mut self.requests[request];
            if entry.turn != turn {
                // It has timed out meanwhile.
                continue;
            }
            entry.awaiting -= 1;
            if entry.awaiting == 0 {
                self.complete(request, now);
            }
        }
        self.reached(partition, false, true);
        self.forget(partition);
    }

    /// Forgets batches that all readers of a partition have passed, now and then.
    pub(super) fn forget(&mut self, partition: u32) {
        let log = &self.logs[partition as usize];
        if log.kept() < MANY_KEPT {
            return;
        }
        let mut slowest = u64::MAX;
        for (session, slot) in log.all_readers() {
            let slot = &self.sessions[*session as usize].slots[*slot as usize];
            slowest = slowest.min(slot.held);
        }
        for follower in &log.followers {
            slowest = slowest.min(follower.has);
        }
        self.logs[partition as usize].forget(slowest);
    }

    /// Bytes that a fetch of this session would find, as far as it needs to know.
    fn readable(&mut self, session: u32) -> u64 {
        let one = &mut self.sessions[session as usize];
        let follows = one.follows();
        let mut bytes = 0;
        for index in 0..one.ready.len() {
            let slot = one.slots[one.ready[index] as usize];
            if slot.standing != Standing::Here {
                // Its error is told at once.
                return one.limits.min_bytes;
            }
            let log = &self.logs[slot.partition as usize];
            let limit = log.limit(follows, slot.follower);
            if limit > slot.position {
                bytes += log.totals(limit).1 - log.totals(slot.position).1;
            }
            if bytes >= one.limits.min_bytes {
                break;
            }
        }
        bytes
    }

    /// Looks at all parked fetches that something has reached; the handler at work pays for it.
    /// Returns when it is free again.
    pub(super) fn wake_sessions(&mut self, broker: u32) -> SimTime {
        let mut free = self.agenda.now();
        while let Some(session) = self.touched.pop() {
            let one = &mut self.sessions[session as usize];
            one.touched = false;
            if !one.parked {
                continue;
            }
            let asked = u64::from(one.asked);
            let mut work = self.costs.watch_partition * asked;
            let enough = self.readable(session) >= self.sessions[session as usize].limits.min_bytes;
            if enough {
                work += self.costs.session_partition * asked;
            }
            free = self.more_work(broker, work);
            if let (true, Some(request)) = (enough, self.sessions[session as usize].request) {
                self.answer(session, request, free);
            }
        }
        free
    }

    /// Parked fetches have waited their `max.wait.ms`; most were answered long before.
    pub(super) fn fetch_timeouts(&mut self, ring: u32) {
        let now = self.agenda.now();
        while let Some((session, round)) = self.waits[ring as usize].expire(now) {
            let one = &self.sessions[session as usize];
            if one.parked
                && one.round == round
                && let Some(request) = one.request
            {
                self.answer(session, request, now);
            }
        }
        // What has been answered meanwhile needs no wake-up of its own.
        let sessions = &self.sessions;
        let stale = |(session, round): &(u32, u32)| {
            let one = &sessions[*session as usize];
            !one.parked || one.round != *round
        };
        if let Some(at) = self.waits[ring as usize].next(stale) {
            self.agenda.schedule(at, Event::FetchTimeouts { ring });
        }
    }

    /// Reads what there is within the limits and sends it.
    fn answer(&mut self, session: u32, request: u32, from: SimTime) {
        self.sessions[session as usize].parked = false;
        let mut bytes = self.read(session);
        if self.scenario.brokers.rack_aware_reads {
            self.tell_high_watermarks(session);
        }
        let throttle = self.throttle_consumer(session, request, bytes);
        if !throttle.is_zero() {
            bytes = 0;
            self.cold.clear();
        }
        let conn = self.sessions[session as usize].conn;
        let read_at = self.fetch_cold(conn, bytes);
        let tls = self.conns[conn as usize].tls_ns_per_byte;
        let copying = per_byte(bytes, self.costs.send_ns_per_byte + tls);
        let written = self.network(conn, self.costs.network_request + copying).max(from);
        // The first bytes leave while the last are still being written.
        let broker = &self.brokers[self.conns[conn as usize].broker as usize];
        let span = self.machines[broker.machine as usize].alone(copying);
        let first = from.max(SimTime::ZERO + (written - SimTime::ZERO).saturating_sub(span));
        let (first, written) = (first.max(read_at), written.max(read_at));
        let entry = &mut self.requests[request];
        entry.completed = from;
        entry.responded = written;
        self.mute(2 * conn, written + throttle);
        self.send(2 * conn + 1, request, self.costs.header_bytes + bytes, first);
    }

    /// Reads from the disk what the page cache has lost. The network thread of the connection waits
    /// for it: `sendfile` blocks. Returns when everything is there.
    fn fetch_cold(&mut self, conn: u32, bytes: u64) -> SimTime {
        let one = self.conns[conn as usize];
        let broker = &mut self.brokers[one.broker as usize];
        broker.sent += bytes;
        let mut there = SimTime::ZERO;
        for (disk, bytes) in self.cold.drain(..) {
            broker.sent_cold += bytes;
            let storage = &mut self.machines[broker.machine as usize].disks[disk as usize];
            there = there.max(storage.fetch(self.agenda.now(), bytes));
        }
        let free = &mut broker.network[one.thread as usize];
        *free = (*free).max(there);
        there
    }

    /// Fills a response: slots in the order of the session, within the limits of the fetch. Only
    /// the first non-empty partition may exceed them, and a batch that does not fit is cut off.
    fn read(&mut self, session: u32) -> u64 {
        let one = &mut self.sessions[session as usize];
        let follows = one.follows();
        let broker = &self.brokers[self.conns[one.conn as usize].broker as usize];
        let machine = &self.machines[broker.machine as usize];
        let oldest = machine.passed() - machine.cache;
        let mut left = one.limits.response_bytes;
        let mut total = 0;
        one.carried.clear();
        one.fresh = true;
        for _ in 0..one.ready.len() {
            let Some(slot) = one.ready.pop_front() else { break };
            let state = &mut one.slots[slot as usize];
            if state.standing != Standing::Here {
                state.ready = false;
                one.errors += u32::from(state.standing == Standing::Away);
                continue;
            }
            let log = &self.logs[state.partition as usize];
            let limit = log.limit(follows, state.follower);
            if limit <= state.position {
                state.ready = false;
                continue;
            }
            let begin = log.totals(state.position).1;
            let there = log.totals(limit).1 - begin;
            let stored = log.at(state.position);
            let first = stored.bytes_end - begin;
            let mut most = one.limits.partition_bytes.min(left);
            if one.carried.is_empty() {
                most = most.max(first);
            } else if first > most {
                one.ready.push_back(slot);
                continue;
            }
            let bytes = there.min(most);
            let to = log.within(state.position, limit, bytes);
            let known = if follows { None } else { log.known(state.follower) };
            let replica = known.map_or(0, |_| state.follower as usize + 1);
            if stored.passed + known.map_or(0, |known| known.shift) < oldest
                && let Some((_, disk)) = log.disks.get(replica)
            {
                self.cold.push((*disk, bytes));
            }
            one.carried.push(Carried { slot, from: state.position, to, bytes });
            state.ready = false;
            if !follows {
                state.buffered = true;
                one.asked -= 1;
            }
            if follows {
                state.held = to;
            }
            state.position = to;
            left = left.saturating_sub(bytes);
            total += bytes;
        }
        total
    }

    /// A response reaches a fetching process.
    pub(super) fn response_to_session(&mut self, session: u32, request: u32) {
        self.measure_fetch(session, request);
        let throttle = std::mem::take(&mut self.requests[request].throttle);
        self.sessions[session as usize].answered = self.requests[request].completed;
        self.requests[request].stage = Stage::Over;
        self.requests.give(request);
        self.sessions[session as usize].request = None;
        self.sessions[session as usize].throttled = self.agenda.now() + throttle;
        match self.sessions[session as usize].reader {
            Reader::Follower { broker } => self.replicate(session, broker),
            Reader::Consumer { member } => {
                self.fetched_by_member(session, member);
                if std::mem::take(&mut self.sessions[session as usize].errors) > 0 {
                    self.refresh_soon(Who::Member(member));
                }
            }
        }
    }

    /// A replica fetcher appends what it got, one partition after another.
    fn replicate(&mut self, session: u32, broker: u32) {
        let now = self.agenda.now();
        let costs = self.costs;
        let machine = self.brokers[broker as usize].machine as usize;
        let one = &mut self.sessions[session as usize];
        let carried = std::mem::take(&mut one.carried);
        let tls = self.conns[one.conn as usize].tls_ns_per_byte;
        let mut work = costs.follower_partition * u64::from(one.asked);
        let (mut forced, mut written, mut bytes) = (false, 0, 0);
        let mut rolling = SimSpan::ZERO;
        for part in &carried {
            let slot = self.sessions[session as usize].slots[part.slot as usize];
            bytes += part.bytes;
            if slot.standing == Standing::Gone {
                continue;
            }
            rolling += self.roll(slot.partition, Some(slot.follower), part.bytes);
            work += costs.follower_batch * (part.to - part.from)
                + per_byte(part.bytes, costs.follower_ns_per_byte + tls);
            let log = &self.logs[slot.partition as usize];
            let Some((_, disk)) = log.disks.get(slot.follower as usize + 1) else { continue };
            let storage = &mut self.machines[machine].disks[*disk as usize];
            forced |= log.flush || storage.throttles(now, part.bytes);
            if !forced {
                storage.write(now, part.bytes);
                written += 1;
            }
        }
        self.sessions[session as usize].carried = carried;
        let machine = &mut self.machines[machine];
        let done = machine.work(now, work) + machine.wake() + rolling;
        self.allocate(broker, bytes);
        let done = done.max(self.brokers[broker as usize].paused);
        let next = if forced {
            // What was written before the first that has to wait is not written again.
            Event::ForceFetched { session, part: written }
        } else {
            Event::Fetched { session }
        };
        self.agenda.schedule(done, next);
    }

    /// The fetcher asks for more; its request says what it has.
    pub(super) fn fetched(&mut self, session: u32) {
        let now = self.agenda.now();
        let one = &mut self.sessions[session as usize];
        one.fresh = false;
        if one.course == Course::Broken {
            return;
        }
        if one.asked == 0 {
            one.course = Course::Idle;
            return;
        }
        one.carried_over(now);
        if self.scenario.brokers.rack_aware_reads {
            self.learn_high_watermarks(session);
        }
        let one = &mut self.sessions[session as usize];
        for index in 0..one.carried.len() {
            let slot = one.carried[index].slot;
            let state = one.slots[slot as usize];
            if self.logs[state.partition as usize].end > state.position {
                one.offer(slot);
            }
        }
        self.ask(session, now);
    }

    /// Sends a fetch request.
    pub(super) fn ask(&mut self, session: u32, not_before: SimTime) {
        let request = self.requests.take();
        let one = &mut self.sessions[session as usize];
        one.request = Some(request);
        let conn = one.conn;
        // An incremental session names only what has changed.
        let bytes =
            self.costs.header_bytes + self.costs.fetch_partition_bytes * one.carried.len() as u64;
        let entry = &mut self.requests[request];
        entry.batches.clear();
        entry.conn = conn;
        entry.failed = false;
        entry.awaiting = 0;
        (entry.stage, entry.told) = (Stage::Open, false);
        entry.sent = not_before;
        self.send(2 * conn, request, bytes, not_before);
    }
}
