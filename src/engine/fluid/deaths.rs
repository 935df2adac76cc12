//! Members that are killed: their partitions stand still until the coordinator notices.
//!
//! The coordinator counts the session timeout from the last heartbeat, which came up to one
//! heartbeat interval before the death. Until then it holds the member for alive and leaves (or
//! even gives) it partitions: nobody reads them, and nothing that a rebalance does helps. A process
//! that polls again in the meantime is a new member beside its own ghost.

use super::groups::Member;
use super::world::{Event, World};
use crate::units::SimSpan;

impl World<'_> {
    /// Members die without leaving: the oldest that own partitions first.
    pub(super) fn kill_members(&mut self, group: usize, count: u32, lasts: Option<SimSpan>) {
        let spec = &self.scenario.groups[group];
        let (session, heartbeat) =
            (spec.settings.session_timeout, spec.settings.heartbeat_interval);
        let state = &self.groups[group];
        let mut victims: Vec<u32> = state.joined().collect();
        victims.sort_by_key(|number| {
            (!state.slots.iter().any(|slot| slot.owner == Some(*number)), *number)
        });
        victims.truncate(count as usize);
        for number in &victims {
            let entity = format!("group/{}/member/{number}", spec.name);
            let age = self.chance.stream(&entity, "last-heartbeat").uniform();
            let silent = SimSpan::from_secs_f64(heartbeat.as_secs_f64() * age).min(session);
            let lost = self.after(session.saturating_sub(silent));
            self.agenda.schedule(lost, Event::MemberLost { group, member: *number });
            if let Some(lasts) = lasts {
                self.agenda.schedule(self.after(lasts), Event::MemberBack { group });
            }
            let state = &mut self.groups[group];
            state.members.retain(|member| member.number != *number);
            state.ghosts.push(*number);
            state.away += 1;
        }
        let words = format!("{} of {} members die", victims.len(), self.groups[group].wanted);
        self.recorder.event(self.now, "members_killed", &spec.name, words);
        self.rewired = true;
    }

    /// The session of a dead member has timed out.
    pub(super) fn member_lost(&mut self, group: usize, number: u32) {
        let state = &mut self.groups[group];
        state.ghosts.retain(|ghost| *ghost != number);
        // Nobody has to give these partitions up.
        for slot in &mut state.slots {
            slot.owner = slot.owner.filter(|owner| *owner != number);
            slot.former = slot.former.filter(|former| *former != number);
        }
        let name = &self.scenario.groups[group].name;
        self.recorder.event(self.now, "member_lost", name, "a session timed out".to_owned());
        self.rebalance(group, "a dead member is noticed");
    }

    /// A killed member's process polls again, unless it was scaled away meanwhile.
    pub(super) fn member_back(&mut self, group: usize) {
        let state = &mut self.groups[group];
        if state.away == 0 {
            return;
        }
        state.away -= 1;
        let number = state.next_number;
        state.next_number += 1;
        state.members.push(Member { number, joined: true });
        self.rebalance(group, "a killed member came back");
    }
}
