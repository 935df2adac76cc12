//! A member of a consumer group: its poll loop.

use super::broker::per_byte;
use super::event::Event;
use super::faults::Who;
use super::session::{Course, Standing};
use super::world::{Stage, World};
use crate::model::client::Commits;
use crate::model::heap::Eden;
use crate::units::{Bytes, SimSpan, SimTime};
use std::collections::VecDeque;

/// A consumer process.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub group: u32,
    pub machine: u32,
    pub cores: f64,
    /// One session per broker that leads partitions of it.
    pub sessions: Vec<u32>,
    pub assigned: u32,
    /// Connection to the coordinator.
    pub commit_conn: u32,
    pub fetched: VecDeque<Fetched>,
    /// It sits in `poll` and waits for a response.
    pub waiting: bool,
    /// A response has ended that wait: `poll` goes on where it was.
    resumed: bool,
    /// The application works on records until then.
    pub busy_until: SimTime,
    /// The agenda has a call for it that only commits.
    commits_at: SimTime,
    pub last_commit: SimTime,
    pub uncommitted: u64,
    eden: Eden,
    /// The process stands still until then.
    paused: SimTime,
    /// The poll loop was busy for so long: in calls that did not wait, and with records.
    pub busy: SimSpan,
}

/// Fetched batches of one partition that the application has not seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fetched {
    pub session: u32,
    pub slot: u32,
    next: u64,
    to: u64,
    /// Records of the batch at `next` that were handed out before.
    done: u32,
}

impl Member {
    pub(super) fn new(group: u32, machine: u32, cores: f64, eden: Eden) -> Self {
        Self {
            group,
            machine,
            cores,
            sessions: Vec::new(),
            assigned: 0,
            commit_conn: u32::MAX,
            fetched: VecDeque::new(),
            waiting: false,
            resumed: false,
            busy_until: SimTime::ZERO,
            commits_at: SimTime::ZERO,
            last_commit: SimTime::ZERO,
            uncommitted: 0,
            eden,
            paused: SimTime::ZERO,
            busy: SimSpan::ZERO,
        }
    }
}

/// What one `poll` hands out.
#[derive(Debug, Default)]
struct Taken {
    records: u64,
    bytes: u64,
    /// Fetched pieces that are used up.
    fetches: u64,
}

impl World<'_> {
    /// A response has reached a member.
    pub(super) fn fetched_by_member(&mut self, session: u32, member: u32) {
        let now = self.agenda.now();
        let one = &mut self.sessions[session as usize];
        let state = &mut self.members[member as usize];
        let heap = &self.costs.heap;
        let mut garbage = heap.request_garbage;
        for part in &one.carried {
            let (slot, next, to) = (part.slot, part.from, part.to);
            let log = &self.logs[one.slots[slot as usize].partition as usize];
            let records = log.totals(to).0 - log.totals(next).0;
            garbage += Bytes::new(part.bytes) + heap.record_garbage * records;
            state.fetched.push_back(Fetched { session, slot, next, to, done: 0 });
        }
        one.carried.clear();
        if let Some(until) = state.eden.allocate(now, garbage.get(), &heap.collection) {
            state.paused = until;
        }
        if state.waiting {
            state.waiting = false;
            state.resumed = true;
            let wake = self.machines[state.machine as usize].wake();
            let at = (now + wake).max(state.busy_until);
            self.agenda.schedule(at, Event::Poll { member });
        }
    }

    /// A member that waits for records commits what it has processed.
    pub(super) fn commit_due(&mut self, member: u32) {
        let now = self.agenda.now();
        let state = &self.members[member as usize];
        if state.waiting && now >= state.busy_until {
            self.auto_commit(member, now);
        }
    }

    /// One turn of the poll loop: commit, take records, send fetches, process.
    pub(super) fn poll(&mut self, member: u32) {
        let now = self.agenda.now();
        let costs = self.costs;
        let state = &mut self.members[member as usize];
        if state.paused > now {
            let until = state.paused;
            self.agenda.schedule(until, Event::Poll { member });
            return;
        }
        let spec = &self.scenario.groups[state.group as usize];
        // Every assigned partition is looked at; a call that goes on after its wait has done half
        // of that, and looks again only for the next fetches.
        let walk = spec.settings.poll_partition * u64::from(state.assigned);
        let resumed = std::mem::take(&mut state.resumed);
        let work = costs.consumer_poll + if resumed { walk / 2 } else { walk };
        let machine = &mut self.machines[state.machine as usize];
        state.busy += machine.alone(work);
        let ready = machine.work(now, work);
        self.auto_commit(member, ready);
        let taken = self.take(member, ready);
        for index in 0..self.members[member as usize].sessions.len() {
            let session = self.members[member as usize].sessions[index];
            let one = &self.sessions[session as usize];
            if one.request.is_none() && one.asked > 0 && one.course != Course::Broken {
                let at = ready.max(one.throttled);
                self.ask(session, at);
            }
        }
        if taken.records == 0 {
            self.members[member as usize].waiting = true;
            self.set_reading(member, now);
            return;
        }
        let done = self.process(member, ready, &taken);
        self.members[member as usize].busy += done - ready;
        // The socket is only read inside `poll`.
        self.set_reading(member, done);
        let state = &mut self.members[member as usize];
        state.uncommitted += taken.records;
        self.groups[state.group as usize].processed += taken.records;
        if spec.settings.commits == Commits::EachPoll {
            self.commit(member, done);
        }
        let state = &mut self.members[member as usize];
        if !state.fetched.is_empty() {
            self.agenda.schedule(done, Event::Poll { member });
            return;
        }
        // The next call finds nothing and waits; it needs no event unless it has to commit.
        state.waiting = true;
        let entry = costs.consumer_poll + walk;
        let machine = &mut self.machines[state.machine as usize];
        state.busy += machine.alone(entry);
        state.busy_until = machine.work(now, entry).max(done + machine.alone(entry));
        let due = state.last_commit + spec.settings.auto_commit_interval;
        if spec.settings.commits == Commits::Interval && state.commits_at < due {
            state.commits_at = due.max(state.busy_until);
            let at = state.commits_at;
            self.agenda.schedule(at, Event::CommitDue { member });
        }
    }

    /// Whether and from when on a member reads its sockets.
    fn set_reading(&mut self, member: u32, from: SimTime) {
        for index in 0..self.members[member as usize].sessions.len() {
            let session = self.members[member as usize].sessions[index];
            let conn = self.sessions[session as usize].conn;
            if self.conns[conn as usize].broken {
                continue;
            }
            let pipe = 2 * conn + 1;
            self.mute(pipe, from);
            if from <= self.agenda.now() {
                self.unmute(pipe);
            }
        }
    }

    /// Hands out at most `max.poll.records`.
    fn take(&mut self, member: u32, ready: SimTime) -> Taken {
        let group = self.members[member as usize].group as usize;
        let most = u64::from(self.scenario.groups[group].settings.max_poll_records);
        let mut all = Taken::default();
        let mut moved = false;
        while all.records < most {
            let Some(mut front) = self.members[member as usize].fetched.front().copied() else {
                break;
            };
            let slot = self.sessions[front.session as usize].slots[front.slot as usize];
            let log = &self.logs[slot.partition as usize];
            let stored = *log.at(front.next);
            let size = stored.bytes_end - log.totals(front.next).1;
            let left = stored.records - front.done;
            let taken = u64::from(left).min(most - all.records) as u32;
            self.measure_delivery(group, ready, &stored, [front.done, taken]);
            all.records += u64::from(taken);
            all.bytes += size * u64::from(taken) / u64::from(stored.records.max(1));
            front.done += taken;
            if front.done == stored.records {
                (front.next, front.done) = (front.next + 1, 0);
            }
            if front.next < front.to {
                self.members[member as usize].fetched[0] = front;
                continue;
            }
            self.members[member as usize].fetched.pop_front();
            all.fetches += 1;
            let one = &mut self.sessions[front.session as usize];
            one.asked += 1;
            let state = &mut one.slots[front.slot as usize];
            (state.buffered, state.held) = (false, front.to);
            moved |= state.standing == Standing::Away;
            if self.logs[slot.partition as usize].limit(false, state.follower) > state.position {
                one.offer(front.slot);
            }
            self.forget(slot.partition);
        }
        if moved {
            self.refresh_soon(Who::Member(member));
        }
        all
    }

    /// The client's and the application's work on records; returns its end.
    fn process(&mut self, member: u32, from: SimTime, taken: &Taken) -> SimTime {
        let now = self.agenda.now();
        let costs = self.costs;
        let state = &mut self.members[member as usize];
        let tls = self.conns[state.commit_conn as usize].tls_ns_per_byte;
        let spec = &self.scenario.groups[state.group as usize];
        let work = &spec.work;
        let each = costs.consumer_record + work.cpu_per_record + spec.decompression;
        let cpu = costs.consumer_fetch * taken.fetches
            + per_byte(taken.bytes, costs.consumer_ns_per_byte + tls)
            + each * taken.records;
        let machine = &mut self.machines[state.machine as usize];
        let alone = machine.alone(cpu);
        let wait = work.wait_per_record * taken.records;
        if work.concurrency == 1 {
            let done = machine.work(now, cpu);
            return done.max(from + alone) + wait;
        }
        // Records in work at once share the cores and wait side by side.
        let lanes = u64::from(work.concurrency);
        let cores = (state.cores.max(1.0) as u64).min(lanes);
        let mut done = now;
        for _ in 0..cores {
            done = done.max(machine.work(now, cpu / cores));
        }
        let rounds = (alone + wait) / lanes;
        done.max(from + alone / cores).max(from + rounds)
    }

    fn auto_commit(&mut self, member: u32, at: SimTime) {
        let state = &mut self.members[member as usize];
        let settings = &self.scenario.groups[state.group as usize].settings;
        if settings.commits == Commits::Interval
            && at.saturating_since(state.last_commit) >= settings.auto_commit_interval
        {
            state.last_commit = at;
            self.commit(member, at);
        }
    }

    /// Sends the offsets of everything processed so far.
    fn commit(&mut self, member: u32, at: SimTime) {
        let state = &mut self.members[member as usize];
        let (conn, group) = (state.commit_conn, state.group);
        if state.uncommitted == 0 {
            return;
        }
        if self.conns[conn as usize].broken {
            self.commit_again(member);
            return;
        }
        let covers = std::mem::take(&mut state.uncommitted);
        let place = self.batches.take();
        let now = self.agenda.now();
        let batch = &mut self.batches[place];
        batch.turn = batch.turn.wrapping_add(1);
        batch.partition = self.groups[group as usize].offsets;
        (batch.records, batch.bytes) = (1, self.costs.offset_bytes);
        batch.stored = batch.bytes;
        (batch.appended, batch.attempts) = (0, 0);
        (batch.first, batch.last, batch.queued) = (now, now, false);
        let request = self.requests.take();
        let entry = &mut self.requests[request];
        entry.batches.clear();
        entry.batches.push(place);
        (entry.conn, entry.covers) = (conn, covers);
        (entry.awaiting, entry.failed, entry.forgotten) = (0, false, false);
        (entry.stage, entry.told) = (Stage::Open, false);
        entry.turn = entry.turn.wrapping_add(1);
        entry.sent = at;
        self.send(2 * conn, request, self.costs.header_bytes + self.costs.offset_bytes, at);
    }

    /// A commit in intervals that failed is tried again after `retry.backoff.ms`.
    fn commit_again(&mut self, member: u32) {
        let state = &mut self.members[member as usize];
        let settings = &self.scenario.groups[state.group as usize].settings;
        if settings.commits == Commits::Interval {
            let at = self.agenda.now() + settings.retry_backoff.max(SimSpan::from_millis(1));
            let since = (at - SimTime::ZERO).saturating_sub(settings.auto_commit_interval);
            state.last_commit = SimTime::ZERO + since;
            self.agenda.schedule(at, Event::CommitDue { member });
        }
    }

    /// The coordinator has stored offsets.
    pub(super) fn committed(&mut self, member: u32, request: u32) {
        let group = self.members[member as usize].group as usize;
        let covers = self.requests[request].covers;
        if self.requests[request].failed {
            self.members[member as usize].uncommitted += covers;
            self.refresh_soon(Who::Member(member));
            self.commit_again(member);
        } else {
            self.groups[group].committed += covers;
        }
        for index in 0..self.requests[request].batches.len() {
            let batch = self.requests[request].batches[index];
            self.batches.give(batch);
        }
        self.requests[request].stage = Stage::Over;
        self.requests.give(request);
    }
}
