//! The fewest moves that make replicas and leaders even over the brokers.
//!
//! # Rule
//! While a broker holds at least two replicas more than another (or any at all although it is to
//! leave), one of its replicas moves to the broker that holds the fewest. A move never puts two
//! replicas of a partition on one broker and never lowers the number of racks that the partition
//! spans. A leader moves when its broker leads more than its share, otherwise a follower does.
//! Then, without copying, leaders change hands within their replicas until they are even.
//! # Assumes
//! All partitions weigh the same.
//! # Breaks
//! Where racks are uneven the counts stay as even as the racks allow.
//! # Source
//! The exercise's `reassignment-plan.json` done with the fewest copies; Kafka itself moves nothing
//! when a broker is added.

use crate::cluster::{BrokerId, Cluster, PartitionId};
use crate::model::operation::{Move, Plan};
use std::collections::BTreeSet;

/// The plan after which only `brokers` hold replicas, evenly. Brokers of the cluster that are not
/// listed are drained as far as racks and replication factors allow.
pub fn even_out(cluster: &Cluster, brokers: &[BrokerId]) -> Plan {
    let mut balance = Balance::new(cluster, brokers);
    let mut moves = Vec::new();
    while let Some(step) = balance.next_move() {
        balance.apply(step);
        moves.push(step);
    }
    let leaders = balance.even_leaders();
    Plan { moves, leaders }
}

/// Replicas as they would be after the moves so far.
struct Balance<'a> {
    cluster: &'a Cluster,
    stays: Vec<bool>,
    /// Brokers of each partition, the preferred leader first.
    replicas: Vec<Vec<BrokerId>>,
    held: Vec<BTreeSet<PartitionId>>,
    leads: Vec<usize>,
    /// Brokers that stay, by the number of replicas they hold.
    order: BTreeSet<(usize, BrokerId)>,
    /// Donors that cannot give anything any more.
    stuck: BTreeSet<BrokerId>,
}

impl<'a> Balance<'a> {
    fn new(cluster: &'a Cluster, brokers: &[BrokerId]) -> Self {
        let count = cluster.brokers.len();
        let mut stays = vec![false; count];
        for broker in brokers {
            stays[broker.index()] = true;
        }
        let mut held = vec![BTreeSet::new(); count];
        let mut leads = vec![0; count];
        let mut replicas = Vec::with_capacity(cluster.partitions.len());
        for (index, partition) in cluster.partitions.iter().enumerate() {
            let list: Vec<BrokerId> = partition.replicas.iter().map(|r| r.broker).collect();
            for broker in &list {
                held[broker.index()].insert(PartitionId::from_index(index));
            }
            if let Some(first) = list.first() {
                leads[first.index()] += 1;
            }
            replicas.push(list);
        }
        let order = brokers.iter().map(|b| (held[b.index()].len(), *b)).collect();
        Self { cluster, stays, replicas, held, leads, order, stuck: BTreeSet::new() }
    }

    fn next_move(&mut self) -> Option<Move> {
        loop {
            let from = self.donor()?;
            let leaving = !self.stays[from.index()];
            let have = self.held[from.index()].len();
            let found = self
                .order
                .iter()
                .take_while(|(count, _)| leaving || *count + 1 < have)
                .filter(|(_, to)| *to != from)
                .find_map(|(_, to)| self.candidate(from, *to));
            if found.is_some() {
                return found;
            }
            self.stuck.insert(from);
        }
    }

    /// A broker that must give: one that leaves, or the fullest.
    fn donor(&self) -> Option<BrokerId> {
        let leaving = (0..self.held.len()).map(BrokerId::from_index).find(|broker| {
            !self.stays[broker.index()]
                && !self.held[broker.index()].is_empty()
                && !self.stuck.contains(broker)
        });
        leaving.or_else(|| {
            let least = self.order.first()?.0;
            let mut fullest = self.order.iter().rev();
            let (count, broker) = fullest.find(|(_, broker)| !self.stuck.contains(broker))?;
            (*count > least + 1).then_some(*broker)
        })
    }

    /// A partition that may move between two brokers; one that `from` leads when it leads too many.
    fn candidate(&self, from: BrokerId, to: BrokerId) -> Option<Move> {
        let staying = self.order.len().max(1);
        let share = self.replicas.len().div_ceil(staying);
        let wants_leader = self.leads[from.index()] > share || self.leads[to.index()] < share / 2;
        let mut second = None;
        for partition in &self.held[from.index()] {
            let replicas = &self.replicas[partition.index()];
            if replicas.contains(&to) || !self.keeps_racks(replicas, from, to) {
                continue;
            }
            let step = Move { partition: *partition, from, to };
            if (replicas.first() == Some(&from)) == wants_leader {
                return Some(step);
            }
            second = second.or(Some(step));
        }
        second
    }

    fn keeps_racks(&self, replicas: &[BrokerId], from: BrokerId, to: BrokerId) -> bool {
        let rack = |broker: BrokerId| self.cluster.broker(broker).rack.as_str();
        let racks = |swap: bool| {
            let names = replicas.iter().map(|b| rack(if swap && *b == from { to } else { *b }));
            names.collect::<BTreeSet<_>>().len()
        };
        racks(true) >= racks(false)
    }

    fn apply(&mut self, step: Move) {
        let replicas = &mut self.replicas[step.partition.index()];
        for (position, broker) in replicas.iter_mut().enumerate() {
            if *broker == step.from {
                *broker = step.to;
                if position == 0 {
                    self.leads[step.from.index()] -= 1;
                    self.leads[step.to.index()] += 1;
                }
            }
        }
        self.recount(step.from, |held| {
            held.remove(&step.partition);
        });
        self.recount(step.to, |held| {
            held.insert(step.partition);
        });
    }

    fn recount(&mut self, broker: BrokerId, change: impl FnOnce(&mut BTreeSet<PartitionId>)) {
        let held = &mut self.held[broker.index()];
        let before = (held.len(), broker);
        change(held);
        if self.order.remove(&before) {
            self.order.insert((held.len(), broker));
        }
    }

    /// Leadership hand-overs within the replicas until no broker leads two more than another that
    /// it shares a partition with.
    fn even_leaders(&mut self) -> Vec<(PartitionId, BrokerId)> {
        let mut changed = BTreeSet::new();
        for index in 0..self.replicas.len() {
            let Some(leader) = self.replicas[index].first().copied() else { continue };
            let best = self.replicas[index]
                .iter()
                .copied()
                .filter(|b| self.stays[b.index()])
                .min_by_key(|b| (self.leads[b.index()], *b));
            let Some(best) = best else { continue };
            let gain = self.leads[leader.index()] > self.leads[best.index()] + 1;
            if best != leader && (gain || !self.stays[leader.index()]) {
                self.leads[leader.index()] -= 1;
                self.leads[best.index()] += 1;
                let replicas = &mut self.replicas[index];
                let position = replicas.iter().position(|b| *b == best).unwrap_or(0);
                replicas.swap(0, position);
                changed.insert(PartitionId::from_index(index));
            }
        }
        changed.into_iter().map(|p| (p, self.replicas[p.index()][0])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Broker, HostId, LogDir, Partition, Replica, TopicId};

    fn cluster(racks: &[&str], partitions: &[&[u32]]) -> Cluster {
        let brokers = racks
            .iter()
            .enumerate()
            .map(|(index, rack)| Broker {
                node_id: index as u32 + 1,
                host: HostId::from_index(index),
                rack: (*rack).to_owned(),
                log_dirs: vec![LogDir { disk: 0 }],
            })
            .collect();
        let partition = |(number, list): (usize, &&[u32])| Partition {
            topic: TopicId(0),
            number: number as u32,
            replicas: list.iter().map(|b| Replica { broker: BrokerId(*b), log_dir: 0 }).collect(),
            leader: Some(BrokerId(list[0])),
            isr: list.iter().map(|b| BrokerId(*b)).collect(),
        };
        let partitions = partitions.iter().enumerate().map(partition).collect();
        Cluster { brokers, partitions, ..Cluster::default() }
    }

    fn after(cluster: &Cluster, plan: &Plan) -> (Vec<usize>, Vec<usize>) {
        let mut lists: Vec<Vec<BrokerId>> = cluster
            .partitions
            .iter()
            .map(|p| p.replicas.iter().map(|r| r.broker).collect())
            .collect();
        for step in &plan.moves {
            let list = &mut lists[step.partition.index()];
            assert!(!list.contains(&step.to), "two replicas on one broker: {step:?}");
            let position = list.iter().position(|b| *b == step.from).unwrap();
            list[position] = step.to;
        }
        for (partition, leader) in &plan.leaders {
            let list = &mut lists[partition.index()];
            let position = list.iter().position(|b| b == leader).unwrap();
            list.swap(0, position);
        }
        let mut held = vec![0; cluster.brokers.len()];
        let mut leads = vec![0; cluster.brokers.len()];
        for list in lists {
            leads[list[0].index()] += 1;
            for broker in list {
                held[broker.index()] += 1;
            }
        }
        (held, leads)
    }

    const THREE: [&[u32]; 6] =
        [&[0, 1, 2], &[1, 2, 0], &[2, 0, 1], &[0, 2, 1], &[1, 0, 2], &[2, 1, 0]];

    #[test]
    fn a_fourth_broker_gets_its_share_with_the_fewest_copies() {
        let cluster = cluster(&["a", "b", "c", "a"], &THREE);
        let all: Vec<BrokerId> = (0..4).map(BrokerId).collect();
        let plan = even_out(&cluster, &all);
        let (held, leads) = after(&cluster, &plan);
        // Only replicas of rack a may go to the fourth broker without losing a rack.
        assert_eq!(held, [3, 6, 6, 3]);
        assert_eq!(plan.moves.len(), 3);
        assert_eq!(leads.iter().sum::<usize>(), 6);
        assert!(leads[3] >= 1, "{leads:?}");
    }

    #[test]
    fn without_racks_counts_are_even() {
        let cluster = cluster(&["a", "a", "a", "a"], &THREE);
        let all: Vec<BrokerId> = (0..4).map(BrokerId).collect();
        let plan = even_out(&cluster, &all);
        let (held, leads) = after(&cluster, &plan);
        assert_eq!(held.iter().sum::<usize>(), 18);
        assert!(held.iter().all(|count| (4..=5).contains(count)), "{held:?}");
        assert_eq!(plan.moves.len(), 4);
        assert!(leads.iter().all(|count| (1..=2).contains(count)), "{leads:?}");
    }

    #[test]
    fn a_leaving_broker_is_drained() {
        let partitions: [&[u32]; 4] = [&[0, 1], &[1, 2], &[2, 3], &[3, 0]];
        let cluster = cluster(&["a", "a", "a", "a"], &partitions);
        let plan = even_out(&cluster, &[BrokerId(0), BrokerId(1), BrokerId(2)]);
        let (held, leads) = after(&cluster, &plan);
        assert_eq!(held[3], 0);
        assert_eq!(leads[3], 0);
        assert!(held[..3].iter().all(|count| (2..=3).contains(count)), "{held:?}");
    }

    #[test]
    fn an_even_cluster_needs_nothing() {
        let cluster = cluster(&["a", "b", "c"], &THREE);
        let all: Vec<BrokerId> = (0..3).map(BrokerId).collect();
        assert!(even_out(&cluster, &all).is_empty());
    }
}
