//! A broker is gone: its requests die with it, and whoever was connected learns of it.

use super::super::session::{Course, Reader, Standing};
use super::super::world::{Owner, Request, Stage, World};
use super::{Errand, Who};
use crate::units::SimTime;

impl World<'_> {
    /// A broker's process is gone, or cannot be reached.
    pub(super) fn broker_gone(&mut self, broker: u32, resets: bool) {
        let now = self.agenda.now();
        for conn in 0..self.conns.len() as u32 {
            let one = self.conns[conn as usize];
            if one.broken {
                continue;
            }
            let mine = match one.owner {
                Owner::Session(session) => {
                    self.sessions[session as usize].follower() == Some(broker)
                }
                Owner::Producer { .. } | Owner::Commit { .. } => false,
            };
            if mine {
                self.sever(conn);
                if let Owner::Session(session) = one.owner {
                    self.stop_fetching(session);
                }
            } else if one.broker == broker {
                let at = self.noticed_at(conn, resets);
                self.sever(conn);
                self.plan(at.max(now), Errand::Severed { conn });
            }
        }
        self.brokers[broker as usize].restart(now);
        for log in self.logs.iter_mut().filter(|log| log.disks[0].0 == broker) {
            for (_, request, _) in log.waiting.drain(..) {
                // Who waits in purgatory for a dead broker is not answered by it.
                let entry = &mut self.requests[request];
                entry.turn = entry.turn.wrapping_add(1);
            }
        }
        self.wait_no_more(broker);
    }

    /// High watermarks do not wait any more for a broker that was about to catch up.
    fn wait_no_more(&mut self, broker: u32) {
        for partition in 0..self.logs.len() {
            let log = &mut self.logs[partition];
            let held = log.followers.iter_mut().find(|one| one.broker == broker && one.holds);
            if let Some(follower) = held {
                follower.holds = false;
                if let Some(leader) = self.leader_of(partition as u32) {
                    self.high_watermark(partition as u32);
                    self.wake_sessions(leader);
                }
            }
        }
    }

    fn sever(&mut self, conn: u32) {
        self.conns[conn as usize].broken = true;
        for pipe in [2 * conn, 2 * conn + 1] {
            self.pipes[pipe as usize].sever();
        }
        if let Owner::Session(session) = self.conns[conn as usize].owner {
            self.sessions[session as usize].parked = false;
        }
    }

    /// When the other end of a connection learns that it is gone: a segment's way after a reset or
    /// an end of the stream, or when its oldest request has waited for `request.timeout.ms`.
    fn noticed_at(&self, conn: u32, resets: bool) -> SimTime {
        let now = self.agenda.now();
        let told = now + self.pipes[2 * conn as usize].one_way;
        let one = &self.conns[conn as usize];
        let patience = match one.owner {
            Owner::Producer { client, .. } => {
                let producer = self.clients[client as usize].producer;
                self.scenario.producers[producer as usize].settings.request_timeout
            }
            Owner::Commit { member } => self.patience(member),
            Owner::Session(session) => match self.sessions[session as usize].reader {
                Reader::Consumer { member } => self.patience(member),
                // Followers learn from the controller.
                Reader::Follower { .. } => return told,
            },
        };
        if resets {
            return told;
        }
        let waits = |entry: &Request| entry.conn == conn && entry.stage.is_live();
        let waiting = self.requests.places().filter(|(_, entry)| waits(entry));
        let oldest = waiting.map(|(_, entry)| entry.sent).min().unwrap_or(now);
        oldest + patience
    }

    fn patience(&self, member: u32) -> crate::units::SimSpan {
        let group = self.members[member as usize].group;
        self.scenario.groups[group as usize].settings.request_timeout
    }

    /// Requests of a connection that nobody has answered, the newest first. They never come back:
    /// the broker's notes about them may still be on the agenda.
    fn unanswered(&mut self, conn: u32) -> Vec<u32> {
        let open = self.requests.places().filter(|(_, entry)| {
            let open = matches!(entry.stage, Stage::Open | Stage::Answered);
            entry.conn == conn && open && !entry.forgotten
        });
        let mut all: Vec<(SimTime, u32)> = open.map(|(place, entry)| (entry.sent, place)).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        for (_, request) in &all {
            self.requests[*request].stage = Stage::Dead;
        }
        all.into_iter().map(|(_, request)| request).collect()
    }

    /// The other end of a connection learns that it is gone.
    pub(super) fn severed(&mut self, conn: u32) {
        match self.conns[conn as usize].owner {
            Owner::Producer { client, node } => self.producer_severed(conn, client, node as usize),
            Owner::Session(session) => self.session_severed(session),
            Owner::Commit { member } => {
                for request in self.unanswered(conn) {
                    let covers = self.requests[request].covers;
                    self.members[member as usize].uncommitted += covers;
                    for batch in std::mem::take(&mut self.requests[request].batches) {
                        self.batches.give(batch);
                    }
                }
                self.refresh_soon(Who::Member(member));
            }
        }
    }

    fn producer_severed(&mut self, conn: u32, client: u32, node: usize) {
        let now = self.agenda.now();
        let forgotten: Vec<u32> = self
            .requests
            .places()
            .filter(|(_, entry)| entry.conn == conn && entry.stage.is_live() && entry.forgotten)
            .map(|(place, _)| place)
            .collect();
        for request in forgotten {
            self.requests[request].stage = Stage::Dead;
            if self.requests[request].told {
                self.lose_forgotten(request);
            }
        }
        let lost = self.unanswered(conn);
        let one = &mut self.clients[client as usize];
        let most = self.scenario.producers[one.producer as usize].settings.max_in_flight;
        let state = &mut one.nodes[node];
        if state.conn == conn {
            state.down = true;
        }
        state.in_flight -= lost.len() as u32;
        state.note_room(now, most);
        for request in lost {
            let batches = std::mem::take(&mut self.requests[request].batches);
            self.retry(client, &batches);
        }
        self.unblock(client);
        self.refresh_soon(Who::Client(client));
    }

    fn session_severed(&mut self, session: u32) {
        self.forget_answer(session);
        if let Reader::Consumer { member } = self.sessions[session as usize].reader {
            self.refresh_soon(Who::Member(member));
        }
    }

    /// A session is not used any more; what was on the way to its client is not there.
    fn forget_answer(&mut self, session: u32) {
        let one = &mut self.sessions[session as usize];
        (one.course, one.parked) = (Course::Broken, false);
        let Some(request) = one.request.take() else { return };
        self.requests[request].stage = Stage::Dead;
        if !std::mem::take(&mut one.fresh) {
            return;
        }
        if one.follows() {
            for part in one.carried.drain(..) {
                let slot = &mut one.slots[part.slot as usize];
                (slot.position, slot.held) = (part.from, part.from);
            }
        } else {
            one.put_back();
        }
    }

    /// A follower's process is gone: its log ends with what it has appended.
    fn stop_fetching(&mut self, session: u32) {
        self.forget_answer(session);
        let one = &mut self.sessions[session as usize];
        if std::mem::take(&mut one.fresh) {
            // It was about to append this.
            for part in one.carried.drain(..) {
                let slot = &mut one.slots[part.slot as usize];
                (slot.position, slot.held) = (part.from, part.from);
            }
        }
        for slot in 0..self.sessions[session as usize].slots.len() as u32 {
            let state = self.sessions[session as usize].slots[slot as usize];
            if state.standing != Standing::Gone {
                let log = &mut self.logs[state.partition as usize];
                log.followers[state.follower as usize].stopped_at = state.position;
                self.retire(session, slot);
            }
        }
    }

    /// Records that were told to be written with `acks=0` and reached no log.
    pub(in super::super) fn lose_forgotten(&mut self, request: u32) {
        let mut lost = 0;
        for batch in std::mem::take(&mut self.requests[request].batches) {
            let one = &self.batches[batch];
            if one.appended == 0 {
                lost += u64::from(one.records);
            }
            self.batches.give(batch);
        }
        if let Some(faults) = &mut self.faults {
            faults.lost += lost;
            faults.lost_on_the_way += lost;
        }
    }
}
