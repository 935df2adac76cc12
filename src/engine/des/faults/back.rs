//! A broker comes back: it serves, and its followers fetch what they lack.

use super::super::world::World;
use crate::cluster::BrokerId;

impl World<'_> {
    /// A broker serves and fetches again.
    pub(super) fn broker_back(&mut self, broker: u32) {
        let now = self.agenda.now();
        self.brokers[broker as usize].restart(now);
        let lag_max = self.scenario.brokers.replica_lag_max;
        let mut lacks = 0;
        for partition in 0..self.logs.len() {
            let log = &mut self.logs[partition];
            let Some(place) = log.followers.iter().position(|one| one.broker == broker) else {
                continue;
            };
            let (_, all) = log.totals(log.end);
            let follower = &mut log.followers[place];
            let recent = now.saturating_since(follower.caught_up) <= lag_max;
            follower.holds = !follower.in_sync && recent;
            let has = follower.stopped_at;
            lacks += all - log.totals(has).1;
            if self.is_led(partition) {
                self.attach_followers(partition);
            }
        }
        if let Some(faults) = &mut self.faults {
            faults.control.lacks(BrokerId(broker), lacks as f64);
        }
    }
}
