//! Leadership that is handed on within the replicas of partitions.
//!
//! # Rule
//! A broker above its limit of network out, CPU or leaders hands leadership along a chain of
//! partitions, found breadth first, to a broker with room; brokers in between give on what they
//! get. Leadership costs nothing, so it is evened out a little further than it must be.
//! # Assumes
//! Any replica may lead.
//! # Breaks
//! A chain hands on one partition at a time: where several small ones had to be exchanged for a
//! large one, the goal may stay missed.
//! # Source
//! Edmonds and Karp 1972: augmenting paths found breadth first.

use super::balance::{Balance, Loads, SLACK};
use crate::cluster::BrokerId;
use std::collections::{BTreeMap, VecDeque};

impl Balance<'_> {
    /// Leadership goes from brokers above their limit of network out, CPU or leaders to others,
    /// along chains. Whether any did.
    pub(super) fn hand_around(&mut self) -> bool {
        let above = |broker: BrokerId| [2, 3, 4].iter().any(|at| self.above(broker, *at) > 0.0);
        if !self.staying().any(above) {
            return false;
        }
        let mut moved = self.hand_above();
        std::mem::swap(&mut self.limits, &mut self.tight);
        moved |= self.hand_above();
        std::mem::swap(&mut self.limits, &mut self.tight);
        moved | self.hand_above()
    }

    fn hand_above(&mut self) -> bool {
        let mut moved = false;
        for resource in [2, 3, 4] {
            let brokers: Vec<BrokerId> = self.staying().collect();
            for donor in brokers {
                while self.above(donor, resource) > 0.0 {
                    let Some(chain) = self.chain(donor, resource) else { break };
                    // From the far end, so that everyone on the way has room when its turn comes.
                    for (partition, to) in chain.into_iter().rev() {
                        self.hand_over(partition, to);
                    }
                    moved = true;
                }
            }
        }
        moved
    }

    /// Partitions that change leaders one after the other, from the donor to a broker with room.
    /// Only the last step adds to a broker; for that one all limits hold.
    fn chain(&self, donor: BrokerId, resource: usize) -> Option<Vec<(usize, BrokerId)>> {
        let mut came: BTreeMap<BrokerId, (usize, BrokerId)> = BTreeMap::new();
        let mut queue = VecDeque::from([donor]);
        while let Some(from) = queue.pop_front() {
            let led = self.held[from.index()].iter().filter(|one| self.leads(**one, from));
            let mut led: Vec<(usize, Loads)> =
                led.map(|partition| (*partition, self.gained(*partition))).collect();
            // Many leaders go with little traffic, much traffic with few leaders.
            let sign = if resource == 4 { 1.0 } else { -1.0 };
            led.sort_by(|a, b| (sign * a.1[2]).total_cmp(&(sign * b.1[2])).then(a.0.cmp(&b.0)));
            for (partition, gained) in &led {
                let gained = *gained;
                for to in &self.replicas[*partition][1..] {
                    let fresh = *to != donor && !came.contains_key(to);
                    if !fresh || !self.brokers[to.index()].stays {
                        continue;
                    }
                    // In between, what is received is handed on: only like for like.
                    let given = came.get(&from).map_or([0.0; 5], |step| self.gained(step.0));
                    let like = from == donor || self.bears(from, &given, &gained);
                    if !like || gained[resource] <= 0.0 {
                        continue;
                    }
                    came.insert(*to, (*partition, from));
                    if self.takes(*to, &gained) {
                        return Some(unwind(&came, *to));
                    }
                    queue.push_back(*to);
                }
            }
        }
        None
    }

    /// What a broker gains when it leads a partition that it follows.
    fn gained(&self, partition: usize) -> Loads {
        let (leader, follower) = (self.weights(partition, true), self.weights(partition, false));
        std::array::from_fn(|at| leader[at] - follower[at])
    }

    /// Whether a broker may lead one partition more and another one less.
    fn bears(&self, broker: BrokerId, more: &Loads, less: &Loads) -> bool {
        let (load, limit) = (&self.loads[broker.index()], &self.limits[broker.index()]);
        (0..5).all(|at| more[at] <= less[at] || load[at] + more[at] - less[at] <= limit[at] * SLACK)
    }
}

/// The steps of a chain, the donor's first.
fn unwind(came: &BTreeMap<BrokerId, (usize, BrokerId)>, end: BrokerId) -> Vec<(usize, BrokerId)> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((partition, from)) = came.get(&at) {
        steps.push((*partition, at));
        at = *from;
    }
    steps.reverse();
    steps
}
