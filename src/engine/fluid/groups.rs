//! Consumer groups: members, owners, positions.

use super::world::{Event, World};
use crate::cluster::PartitionId;
use crate::model::assignor::{Assignment, PartitionAssignor};
use crate::model::rebalance::{Change, RebalanceProtocol};
use crate::model::rebalances::{ConsumerProtocol, Cooperative, Eager, Rebalance};
use crate::model::service::PollLoop;
use crate::scenario::{Group, GroupProtocol};
use crate::units::{SimSpan, SimTime};

/// A member of a group; its number never comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub number: u32,
    /// Whether it has joined.
    pub joined: bool,
}

/// A partition as its group sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub partition: PartitionId,
    /// The next record to process; counts like [`super::log::Log::end`].
    pub position: f64,
    /// Records that retention deleted unread.
    pub lost: f64,
    /// Records processed since t = 0.
    pub processed: f64,
    /// Who owns it after the last rebalance.
    pub owner: Option<u32>,
    /// Who still reads it until `stop`.
    pub former: Option<u32>,
    /// When the former owner stops.
    pub stop: SimTime,
    /// When the owner starts.
    pub start: SimTime,
    /// Records/s at the moment.
    pub rate: f64,
    /// Records processed and not committed; kept only in scenarios with faults.
    pub uncommitted: f64,
}

impl Slot {
    /// The member that reads it at an instant.
    pub(super) fn reader(&self, now: SimTime) -> Option<u32> {
        if now < self.stop {
            self.former
        } else if now >= self.start {
            self.owner
        } else {
            None
        }
    }
}

/// A group's state.
#[derive(Debug, Clone)]
pub(super) struct GroupState {
    /// Members that somebody decided to have.
    pub wanted: u32,
    pub next_number: u32,
    pub members: Vec<Member>,
    /// Members that are dead while the coordinator believes that they live.
    pub ghosts: Vec<u32>,
    /// Killed members that whoever set `wanted` still counts.
    pub away: u32,
    pub slots: Vec<Slot>,
    /// Partitions per topic, in the order of the slots.
    pub topics: Vec<u32>,
    pub rebalances: u32,
    pub initial_lag: f64,
}

impl GroupState {
    pub(super) fn joined(&self) -> impl Iterator<Item = u32> + '_ {
        self.members.iter().filter(|m| m.joined).map(|m| m.number)
    }

    /// Whether a slot waits for the coordinator to notice that its owner is dead.
    pub(super) fn is_stuck(&self, slot: &Slot) -> bool {
        slot.owner.is_some_and(|owner| self.ghosts.contains(&owner))
    }

    /// The member that reads a slot at an instant; the dead do not.
    pub(super) fn reader(&self, slot: &Slot, now: SimTime) -> Option<u32> {
        slot.reader(now).filter(|number| !self.ghosts.contains(number))
    }

    /// Members that own at least one partition.
    pub(super) fn owning(&self) -> usize {
        let owns = |number: &u32| self.slots.iter().any(|slot| slot.owner == Some(*number));
        self.joined().filter(owns).count()
    }

    /// Members that run, start, or are expected back.
    fn counted(&self) -> u32 {
        self.members.len() as u32 + self.away
    }

    /// Whether a rebalance is still pausing partitions.
    pub(super) fn rebalancing(&self, now: SimTime) -> bool {
        self.slots.iter().any(|slot| slot.start > now)
    }
}

impl World<'_> {
    /// Owners for the members that have joined; nobody pauses (before t = 0).
    pub(super) fn assign_first(&mut self, group: usize) {
        let owners = self.owners(group);
        for (slot, owner) in self.groups[group].slots.iter_mut().zip(owners) {
            slot.owner = owner;
            slot.former = owner;
        }
    }

    /// Sets the number of members that a group shall have.
    pub(super) fn scale_group(&mut self, group: usize, members: u32) {
        let spec = &self.scenario.groups[group];
        while self.groups[group].counted() < members {
            let number = self.groups[group].next_number;
            let entity = format!("group/{}/member/{number}", spec.name);
            let delay = spec.start_up.sample(&mut self.chance.stream(&entity, "start-up"));
            let at = self.after(delay);
            self.agenda.schedule(at, Event::MemberReady { group, member: number });
            let state = &mut self.groups[group];
            state.next_number += 1;
            state.members.push(Member { number, joined: false });
        }
        let state = &mut self.groups[group];
        state.wanted = members;
        let mut left = false;
        while state.counted() > members {
            // What does not run goes first.
            if state.away > 0 {
                state.away -= 1;
                continue;
            }
            left |= state.members.pop().is_some_and(|member| member.joined);
        }
        if left {
            self.rebalance(group, "a member left");
        }
    }

    /// A member polls for the first time; it may have been scaled away meanwhile.
    pub(super) fn member_ready(&mut self, group: usize, number: u32) {
        let members = &mut self.groups[group].members;
        if let Some(member) = members.iter_mut().find(|member| member.number == number) {
            member.joined = true;
            self.rebalance(group, "a member joined");
        }
    }

    fn owners(&self, group: usize) -> Vec<Option<u32>> {
        let state = &self.groups[group];
        // The coordinator gives partitions to the dead as well until it notices.
        let mut numbers: Vec<u32> = state.joined().chain(state.ghosts.iter().copied()).collect();
        numbers.sort_unstable();
        let index = |number: u32| numbers.iter().position(|n| *n == number).map(|i| i as u32);
        let previous: Vec<Option<u32>> =
            state.slots.iter().map(|slot| slot.owner.and_then(index)).collect();
        let assignment =
            Assignment { members: numbers.len(), topics: &state.topics, previous: &previous };
        let assigned = self.scenario.groups[group].assignor.assign(&assignment);
        assigned.into_iter().map(|o| o.map(|index| numbers[index as usize])).collect()
    }

    pub(super) fn rebalance(&mut self, group: usize, why: &str) {
        let now = self.now;
        let spec = &self.scenario.groups[group];
        let new = self.owners(group);
        let readers: Vec<Option<u32>> =
            self.groups[group].slots.iter().map(|s| self.groups[group].reader(s, now)).collect();
        let phase = self.heartbeat_phases(group);
        let pauses = protocol(spec).pauses(&Change {
            old: &readers,
            new: &new,
            heartbeat: spec.settings.heartbeat_interval,
            poll_loop: self.poll_loop_time(group),
            round_trip: self.scenario.links.same_zone,
            phase: &phase,
        });
        let mut wake = Vec::new();
        let mut moved = 0;
        let state = &mut self.groups[group];
        for (index, pause) in pauses.into_iter().enumerate() {
            let slot = &mut state.slots[index];
            moved += usize::from(slot.owner != new[index]);
            slot.former = readers[index].filter(|n| state.members.iter().any(|m| m.number == *n));
            slot.owner = new[index];
            slot.stop = if slot.former.is_some() { now + pause.from } else { now };
            slot.start = slot.stop.max(now + pause.until);
            wake.extend([slot.stop, slot.start]);
        }
        state.rebalances += 1;
        wake.sort_unstable();
        wake.dedup();
        let longest = wake.last().map_or(SimSpan::ZERO, |last| last.saturating_since(now));
        for at in wake.into_iter().filter(|at| *at > now) {
            self.agenda.schedule(at, Event::Handover { group });
        }
        let members = self.groups[group].joined().count();
        let words = format!(
            "{why}: {members} members, {moved} partitions change owner, done in {}",
            longest.to_prose()
        );
        self.recorder.event(now, "rebalance", &spec.name, words);
        self.rewired = true;
    }

    /// A uniform number per member number: where in its heartbeat interval it is.
    fn heartbeat_phases(&self, group: usize) -> Vec<f64> {
        let name = &self.scenario.groups[group].name;
        let purpose = format!("heartbeat/{}", self.groups[group].rebalances);
        let phase = |number| {
            let entity = format!("group/{name}/member/{number}");
            self.chance.stream(&entity, &purpose).uniform()
        };
        (0..self.groups[group].next_number).map(phase).collect()
    }

    /// The time that the slowest member needs for the poll in hand.
    fn poll_loop_time(&self, group: usize) -> SimSpan {
        let spec = &self.scenario.groups[group];
        let costs = &self.scenario.costs;
        let work = poll_loop(spec);
        let behind = self.groups[group]
            .slots
            .iter()
            .any(|slot| self.logs[slot.partition.index()].end - slot.position > 1.0);
        let rate = self.groups[group].slots.iter().map(|slot| slot.rate).sum::<f64>();
        let members = self.groups[group].joined().count().max(1) as f64;
        let records = work.per_poll(costs, &spec.settings, rate / members, behind);
        SimSpan::from_secs_f64(records * work.service(costs, records))
    }

    /// The group's lag in records: log end minus processed, summed over its partitions.
    pub(super) fn processing_lag(&self, group: usize) -> f64 {
        let lag = |slot: &Slot| self.logs[slot.partition.index()].end - slot.position;
        self.groups[group].slots.iter().map(lag).sum()
    }

    /// The lag that the committed offsets show: commits come every `auto.commit.interval.ms` at
    /// phases that differ between members, so on average half an interval's records are processed
    /// and not yet committed.
    pub(super) fn committed_lag(&self, group: usize) -> f64 {
        let spec = &self.scenario.groups[group];
        let behind = spec.settings.auto_commit_interval.as_secs_f64() / 2.0;
        let slots = self.groups[group].slots.iter();
        self.processing_lag(group) + slots.map(|slot| self.uncommitted(slot, behind)).sum::<f64>()
    }

    /// Records of a slot that are processed and not committed. Where brokers fail, rates jump for
    /// moments that are much shorter than the interval, and commits follow them slowly.
    pub(super) fn uncommitted(&self, slot: &Slot, behind: f64) -> f64 {
        if self.faults.is_some() {
            return slot.uncommitted;
        }
        (slot.rate * behind).min(slot.processed.max(0.0))
    }
}

/// The poll loop of each member of a group.
pub(super) fn poll_loop(group: &Group) -> PollLoop {
    PollLoop {
        cores: group.cores,
        speed: group.speed,
        cpu_per_record: group.work.cpu_per_record + group.decompression,
        wait_per_record: group.work.wait_per_record,
        concurrency: f64::from(group.work.concurrency),
    }
}

/// The protocol of a group.
fn protocol(group: &Group) -> Rebalance {
    match group.protocol {
        GroupProtocol::Eager => Eager.into(),
        GroupProtocol::Cooperative => Cooperative.into(),
        GroupProtocol::Consumer => ConsumerProtocol.into(),
    }
}
