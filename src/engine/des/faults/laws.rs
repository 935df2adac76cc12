//! Laws of leaders and replicas that hold after every run with faults.

use super::super::client::NONE;
use super::super::world::World;
use crate::cluster::BrokerId;

impl World<'_> {
    /// Adds the laws that do not hold, in words.
    pub(in super::super) fn check_faults(&self, broken: &mut Vec<String>) {
        let Some(faults) = &self.faults else { return };
        for (partition, log) in self.logs.iter().enumerate() {
            let mut law = |holds: bool, words: &str| {
                if !holds {
                    broken.push(format!("{words}: partition {partition}"));
                }
            };
            let isr = faults.control.in_sync(partition);
            let mut replicas: Vec<u32> = log.followers.iter().map(|one| one.broker).collect();
            replicas.push(log.disks[0].0);
            law(
                isr.iter().all(|one| replicas.contains(&one.0)),
                "in-sync replicas are among the replicas",
            );
            let distinct = replicas.iter().enumerate().all(|(i, b)| !replicas[..i].contains(b));
            law(distinct, "a broker has one replica of a partition");
            let named = self.controlled_leader(partition).map_or(NONE, |one| one.0);
            law(log.leader == named, "the leader is the controller's");
            law(named == NONE || isr.contains(&BrokerId(named)), "the leader is in sync");
            let agrees = log
                .followers
                .iter()
                .all(|one| named == NONE || one.in_sync == isr.contains(&BrokerId(one.broker)));
            law(agrees, "leader and controller agree on the ISR");
        }
    }
}
