//! Who is in sync: what followers say that they have, and who lags.

use super::event::Event;
use super::session::Standing;
use super::world::World;

impl World<'_> {
    /// What a follower's fetch request says that it has, and what follows from it.
    pub(super) fn confirm(&mut self, session: u32) {
        let now = self.agenda.now();
        let carried = std::mem::take(&mut self.sessions[session as usize].carried);
        for part in &carried {
            let slot = self.sessions[session as usize].slots[part.slot as usize];
            if slot.standing == Standing::Gone {
                continue;
            }
            let log = &mut self.logs[slot.partition as usize];
            let follower = &mut log.followers[slot.follower as usize];
            follower.has = part.to;
            if part.to == log.end {
                follower.caught_up = now;
            }
            if !follower.in_sync {
                self.join(slot);
            }
            self.high_watermark(slot.partition);
        }
        if !self.sessions[session as usize].greets.is_empty() {
            self.greet(session);
        }
        let one = &mut self.sessions[session as usize];
        one.carried = carried;
        one.carried.clear();
    }

    /// Brokers look for followers that have not caught up within `replica.lag.time.max.ms`.
    pub(super) fn check_in_sync(&mut self) {
        let now = self.agenda.now();
        let lag_max = self.scenario.brokers.replica_lag_max;
        for partition in 0..self.logs.len() {
            if !self.may_shrink(partition) {
                continue;
            }
            let log = &mut self.logs[partition];
            let (mut shrunk, mut freed) = (0, false);
            for follower in &mut log.followers {
                let late =
                    follower.has < log.end && now.saturating_since(follower.caught_up) > lag_max;
                if follower.holds && now.saturating_since(follower.caught_up) > lag_max {
                    (follower.holds, freed) = (false, true);
                }
                if follower.in_sync && late {
                    follower.in_sync = false;
                    shrunk += 1;
                }
            }
            if shrunk > 0 || freed {
                let leader = log.leader;
                self.brokers[leader as usize].isr_shrinks += shrunk;
                self.tell_of_shrinks(partition);
                self.high_watermark(partition as u32);
                self.wake_sessions(leader);
            }
        }
        self.agenda.schedule(now + lag_max / 2, Event::InSync);
    }
}
