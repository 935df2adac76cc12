//! Leaders change: logs are cut off where the new leader's ends, and followers turn to it.

use super::super::client::NONE;
use super::super::log::Log;
use super::super::session::{Course, Reader, Slot, Standing};
use super::super::world::{Stage, World};
use crate::cluster::BrokerId;
use crate::units::SimSpan;

impl World<'_> {
    /// Leader and in-sync replicas of a partition are as the controller has them.
    pub(super) fn lead(&mut self, partition: usize) {
        let Some(faults) = &self.faults else { return };
        let leader = faults.control.named_leader(partition);
        let isr: Vec<u32> = faults.control.in_sync(partition).iter().map(|one| one.0).collect();
        let leader = leader.map_or(NONE, |one| one.0);
        let (named, last) = (self.logs[partition].leader, self.logs[partition].disks[0].0);
        if leader != NONE && leader != last {
            self.hand_over(partition, leader);
        }
        let log = &mut self.logs[partition];
        log.leader = leader;
        let mut shrunk = 0;
        for follower in &mut log.followers {
            let inside = isr.contains(&follower.broker);
            shrunk += u32::from(follower.in_sync && !inside && leader == last);
            follower.in_sync = inside;
            follower.holds &= !inside;
        }
        if shrunk > 0 {
            self.brokers[leader as usize].isr_shrinks += shrunk;
        }
        if leader != named {
            self.refuse_waiting(partition);
            self.send_readers_away(partition);
            self.wake_sessions(last);
        }
        if leader != NONE && self.is_up(leader) {
            self.attach_followers(partition);
            self.high_watermark(partition as u32);
            self.wake_sessions(leader);
        }
    }

    /// A follower takes over: what it has not fetched is gone.
    fn hand_over(&mut self, partition: usize, leader: u32) {
        let now = self.agenda.now();
        let log = &self.logs[partition];
        let Some(place) = log.followers.iter().position(|one| one.broker == leader) else { return };
        let end = self.end_of(partition, place).clamp(log.high, log.end);
        let before = log.end;
        let gone = self.logs[partition].truncate(end);
        if end < before {
            let again = self.forget_appends(partition as u32, end);
            let topics = self.scenario.cluster.partitions.len();
            if let Some(faults) = &mut self.faults
                && partition < topics
            {
                let beyond = (partition as u32, end + 1)..(partition as u32 + 1, 0);
                let failed: u64 = faults.given_up.range(beyond).map(|(_, records)| records).sum();
                faults.given_up.retain(|(of, at), _| *of != partition as u32 || *at <= end);
                faults.lost += gone.saturating_sub(again + failed);
            }
        }
        if let Some((session, slot)) = self.slot_of(partition, leader) {
            self.retire(session, slot);
        }
        self.logs[partition].swap(place, now);
    }

    /// Where a follower's log ends: with what it has fetched, but for what is still on the way.
    fn end_of(&self, partition: usize, place: usize) -> u64 {
        let follower = &self.logs[partition].followers[place];
        match self.slot_of(partition, follower.broker) {
            Some((session, slot)) => self.fetched_up_to(session, slot),
            None => follower.stopped_at,
        }
    }

    fn fetched_up_to(&self, session: u32, slot: u32) -> u64 {
        let one = &self.sessions[session as usize];
        let position = one.slots[slot as usize].position;
        if !one.fresh || one.request.is_none() {
            return position;
        }
        let on_the_way = one.carried.iter().find(|part| part.slot == slot);
        on_the_way.map_or(position, |part| part.from)
    }

    /// The session and slot by which a broker follows a partition.
    fn slot_of(&self, partition: usize, broker: u32) -> Option<(u32, u32)> {
        let mine = |(session, _): &&(u32, u32)| {
            self.sessions[*session as usize].follower() == Some(broker)
        };
        self.logs[partition].readers.iter().find(mine).copied()
    }

    /// Batches that were cut off are appended anew when they come again; records of those that
    /// their clients still have.
    fn forget_appends(&mut self, partition: u32, end: u64) -> u64 {
        let mut records = 0;
        for place in self.unacknowledged(partition) {
            let batch = &self.batches[place];
            records += if batch.appended > end { u64::from(batch.records) } else { 0 };
        }
        for batch in self.batches.places_mut() {
            if batch.partition == partition && batch.appended > end {
                batch.appended = 0;
            }
        }
        records
    }

    /// Batches of a partition that clients hold until they are told that all is well.
    fn unacknowledged(&self, partition: u32) -> Vec<u32> {
        let mut all = Vec::new();
        for client in &self.clients {
            for queue in client.partitions.iter().filter(|one| one.partition == partition) {
                let mut next = queue.head;
                while next != NONE {
                    all.push(next);
                    next = self.batches[next].next;
                }
            }
        }
        for (_, entry) in self.requests.places() {
            if !entry.stage.is_live() || entry.forgotten {
                continue;
            }
            let broken = self.conns[entry.conn as usize].broken;
            let told = match entry.stage {
                Stage::Heard => true,
                Stage::Answered => !broken,
                Stage::Over | Stage::Open | Stage::Dead => false,
            };
            let open = |batch: &&u32| {
                let one = &self.batches[**batch];
                one.partition == partition && (one.refused || !told)
            };
            all.extend(entry.batches.iter().filter(open));
        }
        all
    }

    /// Requests that wait for followers of a partition fail: its leader does not lead any more.
    fn refuse_waiting(&mut self, partition: usize) {
        let now = self.agenda.now();
        for (_, request, turn) in std::mem::take(&mut self.logs[partition].waiting) {
            let entry = &mut self.requests[request];
            if entry.turn != turn || !entry.stage.is_live() {
                continue;
            }
            for batch in &entry.batches {
                let one = &mut self.batches[*batch];
                one.refused |= one.partition as usize == partition;
            }
            entry.failed = true;
            entry.awaiting -= 1;
            if entry.awaiting == 0 {
                self.complete(request, now);
            }
        }
    }

    /// Consumers get an error when they fetch from who does not lead any more.
    fn send_readers_away(&mut self, partition: usize) {
        for (session, slot) in self.logs[partition].readers.clone() {
            let one = &mut self.sessions[session as usize];
            if !matches!(one.reader, Reader::Consumer { .. }) {
                continue;
            }
            one.offer(slot);
            one.slots[slot as usize].standing = Standing::Away;
            if one.parked && !one.touched {
                one.touched = true;
                self.touched.push(session);
            }
        }
    }

    /// Followers that run fetch from the leader.
    pub(super) fn attach_followers(&mut self, partition: usize) {
        let leader = self.logs[partition].leader;
        for place in 0..self.logs[partition].followers.len() {
            let broker = self.logs[partition].followers[place].broker;
            if !self.is_up(broker) {
                continue;
            }
            let end = self.end_of(partition, place).min(self.logs[partition].end);
            if let Some((session, slot)) = self.slot_of(partition, broker) {
                let one = &self.sessions[session as usize];
                if one.course != Course::Broken && self.conns[one.conn as usize].broker == leader {
                    continue;
                }
                self.retire(session, slot);
            }
            self.follow(partition as u32, place as u32, end);
        }
    }

    /// A follower fetches from the leader, beginning with a position.
    fn follow(&mut self, partition: u32, place: u32, position: u64) {
        let now = self.agenda.now();
        let log = &self.logs[partition as usize];
        let (leader, follower) = (log.leader, log.followers[place as usize].broker);
        let key = [follower, leader, self.fetcher_of(partition as usize)];
        let known = self.faults.as_ref().and_then(|faults| faults.fetchers.get(&key)).copied();
        let usable = |session: &u32| self.sessions[*session as usize].course != Course::Broken;
        let known = known.filter(usable);
        let session = known.unwrap_or_else(|| {
            let session = self.new_fetcher(follower, leader);
            self.sessions[session as usize].course = Course::Idle;
            if let Some(faults) = &mut self.faults {
                faults.fetchers.insert(key, session);
            }
            session
        });
        let slot = self.sessions[session as usize].slots.len() as u32;
        self.subscribe(session, partition, place);
        let state = &mut self.sessions[session as usize];
        let one: &mut Slot = &mut state.slots[slot as usize];
        (one.position, one.held) = (position, position);
        state.greets.push(slot);
        if self.logs[partition as usize].end > position {
            state.offer(slot);
        }
        if state.course == Course::Idle {
            state.course = Course::Runs;
            let setup = if known.is_some() { SimSpan::ZERO } else { self.set_up(session) };
            self.ask(session, now + setup);
        }
    }

    /// Opening a connection: a handshake, and asking which versions the other end knows.
    fn set_up(&self, session: u32) -> SimSpan {
        let conn = self.sessions[session as usize].conn;
        self.pipes[2 * conn as usize].one_way * 4
    }

    /// A slot is not used any more.
    pub(super) fn retire(&mut self, session: u32, slot: u32) {
        let one = &mut self.sessions[session as usize];
        let state = &mut one.slots[slot as usize];
        state.standing = Standing::Gone;
        let partition = state.partition as usize;
        if !state.buffered {
            one.asked -= 1;
        }
        self.logs[partition].readers.retain(|reader| *reader != (session, slot));
    }

    /// Followers tell with a fetch how much they have, although the last one brought nothing.
    pub(in super::super) fn greet(&mut self, session: u32) {
        for slot in std::mem::take(&mut self.sessions[session as usize].greets) {
            let state = self.sessions[session as usize].slots[slot as usize];
            if state.standing == Standing::Gone {
                continue;
            }
            let has = self.fetched_up_to(session, slot);
            let log: &mut Log = &mut self.logs[state.partition as usize];
            let follower = &mut log.followers[state.follower as usize];
            follower.has = follower.has.max(has.min(log.end));
            if !follower.in_sync {
                self.join(state);
            }
            self.high_watermark(state.partition);
        }
    }

    /// The controller's leader, for laws.
    pub(super) fn controlled_leader(&self, partition: usize) -> Option<BrokerId> {
        self.faults.as_ref().and_then(|faults| faults.control.named_leader(partition))
    }
}
