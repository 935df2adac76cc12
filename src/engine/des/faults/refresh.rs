//! Clients learn who leads: they ask when a connection is gone or a broker does not lead any
//! more, and again after growing waits while a partition they need has no leader.

use super::super::client::{NONE, Node};
use super::super::session::{Course, Slot, Standing};
use super::super::world::{Owner, World};
use super::Errand;
use crate::model::failover::back_off;
use crate::units::SimSpan;

/// A client process that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Who {
    /// Of a producer.
    Client(u32),
    /// Of a group.
    Member(u32),
}

/// What a client process knows of its own asking.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Refresh {
    /// It is about to ask, or waits for the answer.
    planned: bool,
    /// Answers in a row that did not help.
    attempts: u32,
}

impl World<'_> {
    /// A client asks for metadata, unless it does already.
    pub(in super::super) fn refresh_soon(&mut self, who: Who) {
        let Some(faults) = &mut self.faults else { return };
        let state = faults.refreshes.entry(who).or_default();
        if state.planned {
            return;
        }
        state.planned = true;
        let at = self.now() + self.asking(who);
        self.plan(at, Errand::Refresh { who });
    }

    /// A client asks for metadata when a broker refused batches that it does not lead.
    pub(in super::super) fn refresh_if_moved(&mut self, client: u32, batches: &[u32]) {
        let one = &self.clients[client as usize];
        let moved = batches.iter().any(|batch| {
            let batch = &self.batches[*batch];
            let node = &one.nodes[one.partitions[batch.slot as usize].node as usize];
            let broker = self.conns[node.conn as usize].broker;
            self.logs[batch.partition as usize].leader != broker
        });
        if moved {
            self.refresh_soon(Who::Client(client));
        }
    }

    /// The answer to a request for metadata: from a broker that runs, one after the other.
    fn asking(&self, who: Who) -> SimSpan {
        let (machine, number) = match who {
            Who::Client(client) => (self.clients[client as usize].machine, client),
            Who::Member(member) => (self.members[member as usize].machine, member),
        };
        let running: Vec<usize> =
            (0..self.brokers.len()).filter(|broker| self.is_up(*broker as u32)).collect();
        let Some(broker) = running.get(number as usize % running.len().max(1)) else {
            return SimSpan::ZERO;
        };
        let there = self.brokers[*broker].machine;
        let costs = self.costs;
        self.one_way(machine, there) * 2 + costs.hand_off * 4 + costs.fetch_request
    }

    /// A client has its answer.
    pub(super) fn refresh(&mut self, who: Who) {
        let unresolved = match who {
            Who::Client(client) => self.relocate_client(client),
            Who::Member(member) => self.relocate_member(member),
        };
        let [base, most] = match who {
            Who::Client(client) => {
                let producer = self.clients[client as usize].producer;
                let settings = &self.scenario.producers[producer as usize].settings;
                [settings.retry_backoff, settings.retry_backoff_max]
            }
            Who::Member(member) => {
                let group = self.members[member as usize].group;
                let settings = &self.scenario.groups[group as usize].settings;
                [settings.retry_backoff, settings.retry_backoff_max]
            }
        };
        let asking = self.asking(who);
        let now = self.now();
        let Some(faults) = &mut self.faults else { return };
        let state = faults.refreshes.entry(who).or_default();
        state.planned = unresolved;
        if !unresolved {
            state.attempts = 0;
            return;
        }
        let wait = back_off(base, most, state.attempts, faults.chance.uniform());
        state.attempts += 1;
        // A wait of zero would ask for ever at the same instant.
        let wait = wait.max(SimSpan::from_millis(1));
        self.plan(now + wait + asking, Errand::Refresh { who });
    }

    /// Queues go to the brokers that lead their partitions; whether some have none.
    fn relocate_client(&mut self, client: u32) -> bool {
        let (mut moved, mut unresolved) = (false, false);
        for slot in 0..self.clients[client as usize].partitions.len() {
            let queue = self.clients[client as usize].partitions[slot];
            let node = &self.clients[client as usize].nodes[queue.node as usize];
            let conn = self.conns[node.conn as usize];
            match self.leader_of(queue.partition) {
                Some(leader) if conn.broker == leader && !conn.broken => {}
                Some(leader) => {
                    let node = self.node_for(client, leader);
                    self.clients[client as usize].partitions[slot].node = node;
                    moved = true;
                }
                None => unresolved = true,
            }
        }
        if moved {
            self.sort_queues(client);
        }
        if unresolved {
            self.expire(client);
        }
        let now = self.now();
        self.unblock(client);
        self.wake_sender(client, now + self.costs.hand_off);
        unresolved
    }

    /// The node of a broker, connected.
    fn node_for(&mut self, client: u32, broker: u32) -> u32 {
        let now = self.now();
        let one = &self.clients[client as usize];
        let machine = one.machine;
        let known = one.nodes.iter().position(|node| {
            let conn = &self.conns[node.conn as usize];
            conn.broker == broker
        });
        let node = known.unwrap_or(one.nodes.len());
        if let Some(node) = known
            && !self.conns[one.nodes[node].conn as usize].broken
        {
            return node as u32;
        }
        let windows = self.producer_windows(one.producer as usize);
        let owner = Owner::Producer { client, node: node as u32 };
        let conn = self.connect(machine, broker, owner, windows);
        let setup = self.pipes[2 * conn as usize].one_way * 4;
        let one = &mut self.clients[client as usize];
        if known.is_none() {
            one.nodes.push(Node::new(conn));
        }
        let state = &mut one.nodes[node];
        (state.conn, state.down, state.unwritten) = (conn, false, false);
        state.throttled = now + setup;
        node as u32
    }

    /// Notes anew which queues of a client are whose, and in which order their batches were made.
    fn sort_queues(&mut self, client: u32) {
        let one = &mut self.clients[client as usize];
        for node in &mut one.nodes {
            node.queued.clear();
            node.created.clear();
            node.closed = 0;
        }
        let mut created = Vec::new();
        for (slot, queue) in one.partitions.iter().enumerate().filter(|(_, one)| one.count > 0) {
            let node = &mut one.nodes[queue.node as usize];
            node.queued.push(slot as u32);
            let mut next = queue.head;
            while next != NONE {
                let batch = &self.batches[next];
                node.closed += u32::from(batch.closed);
                created.push((batch.first, queue.node, next, batch.turn));
                next = batch.next;
            }
        }
        created.sort_unstable();
        for (_, node, batch, turn) in created {
            one.nodes[node as usize].created.push_back((batch, turn));
        }
    }

    /// Batches that wait for a leader for longer than `delivery.timeout.ms` fail.
    fn expire(&mut self, client: u32) {
        let now = self.now();
        let producer = self.clients[client as usize].producer;
        let patience = self.scenario.producers[producer as usize].settings.delivery_timeout;
        for slot in 0..self.clients[client as usize].partitions.len() as u32 {
            let queue = self.clients[client as usize].partitions[slot as usize];
            if self.leader_of(queue.partition).is_some() {
                continue;
            }
            loop {
                let head = self.clients[client as usize].partitions[slot as usize].head;
                if head == NONE || now.saturating_since(self.batches[head].first) < patience {
                    break;
                }
                if !self.batches[head].closed {
                    self.close_early(client, head);
                }
                self.unqueue(client, slot);
                self.note_given_up(head);
                let one = &mut self.clients[client as usize];
                one.counts.failed += u64::from(self.batches[head].records);
                one.memory += one.batch_memory();
                self.batches.give(head);
            }
        }
    }

    /// Partitions are read from the brokers that lead them; whether some have none.
    fn relocate_member(&mut self, member: u32) -> bool {
        let mut unresolved = self.relocate_commits(member);
        for index in 0..self.members[member as usize].sessions.len() {
            let session = self.members[member as usize].sessions[index];
            for slot in 0..self.sessions[session as usize].slots.len() as u32 {
                unresolved |= self.relocate_slot(member, session, slot);
            }
        }
        let sessions = &self.sessions;
        let lives = |session: &u32| {
            let one = &sessions[*session as usize];
            one.course != Course::Broken
                || one.slots.iter().any(|slot| slot.standing != Standing::Gone)
        };
        self.members[member as usize].sessions.retain(lives);
        unresolved
    }

    /// A partition is read from who leads it; whether that cannot be done yet.
    fn relocate_slot(&mut self, member: u32, session: u32, slot: u32) -> bool {
        let one = &self.sessions[session as usize];
        let state = one.slots[slot as usize];
        let broken = one.course == Course::Broken;
        if state.standing == Standing::Gone || (state.standing == Standing::Here && !broken) {
            return false;
        }
        let Some(leader) = self.leader_of(state.partition) else { return true };
        let mut fetched = self.members[member as usize].fetched.iter();
        let holds = fetched.any(|part| (part.session, part.slot) == (session, slot));
        if state.buffered && !holds {
            // A response with records of it is still on its way.
            return true;
        }
        if !broken && self.conns[one.conn as usize].broker == leader {
            let one = &mut self.sessions[session as usize];
            one.slots[slot as usize].standing = Standing::Here;
            if self.logs[state.partition as usize].high > state.position {
                one.offer(slot);
            }
            self.fetch_if_idle(member, session);
            return false;
        }
        let target = self.session_to(member, leader);
        self.retire(session, slot);
        let new = self.sessions[target as usize].slots.len() as u32;
        self.subscribe(target, state.partition, NONE);
        let one = &mut self.sessions[target as usize];
        one.slots[new as usize] = Slot { standing: Standing::Here, ready: false, ..state };
        if state.buffered {
            one.asked -= 1;
        } else if self.logs[state.partition as usize].high > state.position {
            one.offer(new);
        }
        for part in &mut self.members[member as usize].fetched {
            if (part.session, part.slot) == (session, slot) {
                (part.session, part.slot) = (target, new);
            }
        }
        self.fetch_if_idle(member, target);
        false
    }

    /// A member that sits in `poll` sends a fetch at once; others do with their next call.
    fn fetch_if_idle(&mut self, member: u32, session: u32) {
        let state = &self.members[member as usize];
        let one = &self.sessions[session as usize];
        if state.waiting && one.request.is_none() && one.asked > 0 && one.course != Course::Broken {
            let setup = if one.round == 0 {
                self.pipes[2 * one.conn as usize].one_way * 4
            } else {
                SimSpan::ZERO
            };
            let at = (self.now() + setup).max(state.busy_until).max(one.throttled);
            self.ask(session, at);
        }
    }

    /// Commits go to the broker that coordinates the group; whether there is none.
    fn relocate_commits(&mut self, member: u32) -> bool {
        let state = &self.members[member as usize];
        let (conn, machine) = (self.conns[state.commit_conn as usize], state.machine);
        let offsets = self.groups[state.group as usize].offsets;
        let Some(leader) = self.leader_of(offsets) else { return true };
        if conn.broker != leader || conn.broken {
            let window = self.scenario.brokers.receive_buffer.get();
            let owner = Owner::Commit { member };
            let conn = self.connect(machine, leader, owner, [window, window]);
            self.members[member as usize].commit_conn = conn;
        }
        false
    }
}
