//! Replicas as they stand while a plan is made.
//!
//! # Rule
//! First what must move, the largest first, to the least used broker with room. Then, resource by
//! resource, brokers above their limit give: the smallest replica that covers what is above, or the
//! largest below it where that leads to fewer bytes.
//! # Assumes
//! See the module.
//! # Breaks
//! Single moves only: where two replicas would have to be exchanged, the goal may stay missed.
//! # Source
//! Best fit decreasing, a textbook heuristic for bin packing, for what covers a surplus.

use super::{BALANCE, CAPACITY, PlacementBroker, PlacementPartition};
use crate::cluster::BrokerId;
use std::collections::{BTreeMap, BTreeSet};

/// Loads and limits in the order of [`super::Resource::ALL`].
pub(super) type Loads = [f64; 5];
/// Room for rounding in comparisons of sums of the same numbers in another order.
pub(super) const SLACK: f64 = 1.0 + 1e-9;
/// The balance that leadership aims at, over the mean.
const TIGHT: f64 = 1.02;
/// Rounds over all resources: a later goal may leave something for an earlier one.
const ROUNDS: usize = 4;

/// The state.
pub(super) struct Balance<'a> {
    pub(super) brokers: &'a [PlacementBroker],
    pub(super) partitions: &'a [PlacementPartition],
    /// Racks as numbers in the order of their names, by broker.
    pub(super) racks: Vec<usize>,
    /// Racks with a broker that stays.
    pub(super) rack_count: usize,
    pub(super) replicas: Vec<Vec<BrokerId>>,
    pub(super) held: Vec<BTreeSet<usize>>,
    pub(super) loads: Vec<Loads>,
    pub(super) limits: Vec<Loads>,
    /// Limits to which leadership, which costs nothing, is evened out first: room for the rest.
    pub(super) tight: Vec<Loads>,
    /// Brokers that stay by their disk utilisation, as ordered bits.
    order: BTreeSet<(u64, BrokerId)>,
}

impl<'a> Balance<'a> {
    pub(super) fn new(
        brokers: &'a [PlacementBroker],
        partitions: &'a [PlacementPartition],
    ) -> Self {
        let names: BTreeSet<&str> = brokers.iter().map(|one| one.rack.as_str()).collect();
        let number: BTreeMap<&str, usize> = names.into_iter().zip(0..).collect();
        let racks: Vec<usize> = brokers.iter().map(|one| number[one.rack.as_str()]).collect();
        let staying = brokers.iter().zip(&racks).filter(|(one, _)| one.stays);
        let rack_count = staying.map(|(_, rack)| rack).collect::<BTreeSet<_>>().len();
        let mut balance = Self {
            brokers,
            partitions,
            racks,
            rack_count,
            replicas: partitions.iter().map(|one| one.replicas.clone()).collect(),
            held: vec![BTreeSet::new(); brokers.len()],
            loads: vec![[0.0; 5]; brokers.len()],
            limits: Vec::new(),
            tight: Vec::new(),
            order: BTreeSet::new(),
        };
        for (index, one) in partitions.iter().enumerate() {
            for (position, broker) in one.replicas.iter().enumerate() {
                balance.held[broker.index()].insert(index);
                let weights = balance.weights(index, position == 0);
                add(&mut balance.loads[broker.index()], weights, 1.0);
            }
        }
        balance.limits = balance.limits(BALANCE);
        balance.tight = balance.limits(TIGHT);
        balance.order = balance.staying().map(|broker| balance.rank(broker)).collect();
        balance
    }

    pub(super) fn staying(&self) -> impl Iterator<Item = BrokerId> + '_ {
        let all = self.brokers.iter().enumerate().filter(|(_, one)| one.stays);
        all.map(|(index, _)| BrokerId::from_index(index))
    }

    fn rank(&self, broker: BrokerId) -> (u64, BrokerId) {
        let capacity = self.brokers[broker.index()].disk.as_f64().max(1.0);
        // Bits of numbers that are not negative are ordered like the numbers.
        ((self.loads[broker.index()][0].max(0.0) / capacity).to_bits(), broker)
    }

    /// Loads of one replica.
    pub(super) fn weights(&self, partition: usize, leads: bool) -> Loads {
        let one = &self.partitions[partition];
        let followers = one.replicas.len().saturating_sub(1) as f64;
        let (bytes, ingress) = (one.bytes.as_f64(), one.ingress.get());
        if leads {
            let out = one.egress.get() + ingress * followers;
            [bytes, ingress, out, one.leader_cores, 1.0]
        } else {
            [bytes, ingress, 0.0, one.follower_cores, 0.0]
        }
    }

    pub(super) fn capacity(&self, broker: usize) -> Loads {
        let one = &self.brokers[broker];
        [one.disk.as_f64(), one.nic_in.get(), one.nic_out.get(), one.cores, 1.0]
    }

    /// Limits by broker: balance over the weighted mean, and shares of capacity. Where pieces are
    /// large, the limit is the mean and one piece's rounding.
    fn limits(&self, leading: f64) -> Vec<Loads> {
        let mut totals = [0.0; 5];
        self.loads.iter().for_each(|load| add(&mut totals, *load, 1.0));
        let mut room = [0.0; 5];
        self.staying().for_each(|broker| add(&mut room, self.capacity(broker.index()), 1.0));
        let limit = |broker: usize, resource: usize| {
            let capacity = self.capacity(broker)[resource];
            let mean = totals[resource] * capacity / room[resource].max(f64::MIN_POSITIVE);
            match resource {
                4 => (mean * leading).max(mean.ceil()),
                2 => (mean * leading).min(capacity * CAPACITY[2]),
                3 => capacity * CAPACITY[3],
                _ => (mean * BALANCE).min(capacity * CAPACITY[resource]),
            }
        };
        (0..self.brokers.len())
            .map(|broker| std::array::from_fn(|resource| limit(broker, resource)))
            .collect()
    }

    pub(super) fn above(&self, broker: BrokerId, resource: usize) -> f64 {
        let (load, limit) = (self.loads[broker.index()], self.limits[broker.index()]);
        if load[resource] > limit[resource] * SLACK {
            load[resource] - limit[resource]
        } else {
            0.0
        }
    }

    /// Whether a broker takes more loads and stays within its limits. A resource to which nothing
    /// is added does not matter.
    pub(super) fn takes(&self, broker: BrokerId, weights: &Loads) -> bool {
        let (load, limit) = (&self.loads[broker.index()], &self.limits[broker.index()]);
        (0..5).all(|at| weights[at] <= 0.0 || load[at] + weights[at] <= limit[at] * SLACK)
    }

    /// Racks of a partition, with one broker replaced.
    pub(super) fn spans(&self, partition: usize, from: BrokerId, to: BrokerId) -> usize {
        let list = &self.replicas[partition];
        let rack = |at: usize| self.racks[if list[at] == from { to } else { list[at] }.index()];
        (0..list.len()).filter(|at| (0..*at).all(|before| rack(before) != rack(*at))).count()
    }

    fn allowed(&self, partition: usize, from: BrokerId, to: BrokerId) -> bool {
        !self.replicas[partition].contains(&to)
            && self.spans(partition, from, to) >= self.spans(partition, from, from)
    }

    pub(super) fn leads(&self, partition: usize, broker: BrokerId) -> bool {
        self.replicas[partition].first() == Some(&broker)
    }

    fn shift(&mut self, broker: BrokerId, weights: Loads, sign: f64) {
        let before = self.rank(broker);
        add(&mut self.loads[broker.index()], weights, sign);
        if self.order.remove(&before) {
            let after = self.rank(broker);
            self.order.insert(after);
        }
    }

    fn relocate(&mut self, partition: usize, from: BrokerId, to: BrokerId) {
        let weights = self.weights(partition, self.leads(partition, from));
        for broker in self.replicas[partition].iter_mut().filter(|broker| **broker == from) {
            *broker = to;
        }
        self.held[from.index()].remove(&partition);
        self.held[to.index()].insert(partition);
        self.shift(from, weights, -1.0);
        self.shift(to, weights, 1.0);
    }

    pub(super) fn hand_over(&mut self, partition: usize, to: BrokerId) {
        let from = self.replicas[partition][0];
        let (leader, follower) = (self.weights(partition, true), self.weights(partition, false));
        let position = self.replicas[partition].iter().position(|one| *one == to).unwrap_or(0);
        self.replicas[partition].swap(0, position);
        self.shift(from, leader, -1.0);
        self.shift(from, follower, 1.0);
        self.shift(to, follower, -1.0);
        self.shift(to, leader, 1.0);
    }

    /// Everything, in the order of the goals.
    pub(super) fn settle(&mut self) {
        self.forced();
        for _ in 0..ROUNDS {
            let mut moved = false;
            for resource in [0, 1] {
                moved |= self.shed(resource);
            }
            moved |= self.hand_around();
            for resource in [2, 3, 4] {
                moved |= self.shed(resource);
            }
            moved |= self.hand_around();
            if !moved {
                break;
            }
        }
    }

    /// Replicas of brokers that leave, and of partitions that could span more racks.
    pub(super) fn must_move(&self) -> Vec<(usize, BrokerId)> {
        let mut found = Vec::new();
        for (partition, list) in self.replicas.iter().enumerate() {
            let mut seen = BTreeSet::new();
            let gone = list.iter().filter(|broker| !self.brokers[broker.index()].stays);
            found.extend(gone.map(|broker| (partition, *broker)));
            let staying = list.iter().filter(|broker| self.brokers[broker.index()].stays);
            let double = staying.filter(|broker| !seen.insert(self.racks[broker.index()]));
            let doubles: Vec<BrokerId> = double.copied().collect();
            let could = list.len().min(self.rack_count).saturating_sub(seen.len());
            let leaving = list.len() - seen.len() - doubles.len();
            // A leaving replica may go to a rack of its own; only what is missing then is forced.
            let forced = could.saturating_sub(leaving);
            found.extend(doubles.into_iter().rev().take(forced).map(|broker| (partition, broker)));
        }
        let bytes = |entry: &(usize, BrokerId)| self.partitions[entry.0].bytes;
        found.sort_by(|a, b| bytes(b).cmp(&bytes(a)).then(a.cmp(b)));
        found
    }

    fn forced(&mut self) {
        for (partition, from) in self.must_move() {
            let weights = self.weights(partition, self.leads(partition, from));
            let fits: Vec<BrokerId> = self
                .order
                .iter()
                .map(|(_, to)| *to)
                .filter(|to| !self.replicas[partition].contains(to))
                .collect();
            let most = fits.iter().map(|to| self.spans(partition, from, *to)).max().unwrap_or(0);
            let wide = |to: &&BrokerId| self.spans(partition, from, **to) == most;
            let best = fits
                .iter()
                .filter(wide)
                .find(|to| self.takes(**to, &weights))
                .or_else(|| fits.iter().find(wide))
                .copied();
            if let Some(to) = best {
                self.relocate(partition, from, to);
            }
        }
    }

    /// Brokers above their limit of a resource give replicas away. Whether anything moved.
    fn shed(&mut self, resource: usize) -> bool {
        let mut donors: Vec<(BrokerId, f64)> =
            self.staying().map(|broker| (broker, self.above(broker, resource))).collect();
        donors.retain(|(_, above)| *above > 0.0);
        donors.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut moved = false;
        for (donor, _) in donors {
            while self.above(donor, resource) > 0.0 {
                let Some((partition, to)) = self.gift(donor, resource) else { break };
                self.relocate(partition, donor, to);
                moved = true;
            }
        }
        moved
    }

    /// The replica that a broker gives next, and to whom.
    fn gift(&self, donor: BrokerId, resource: usize) -> Option<(usize, BrokerId)> {
        let above = self.above(donor, resource);
        let weight =
            |partition: usize| self.weights(partition, self.leads(partition, donor))[resource];
        let mut own: Vec<(usize, f64)> = self.held[donor.index()]
            .iter()
            .map(|partition| (*partition, weight(*partition)))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        // One piece that covers the surplus, or the largest below it and at least one more after
        // it: whichever is fewer bytes. A copy that was to come here anyway costs nothing, and
        // bytes decide between equals.
        let least = own.iter().map(|one| one.1).fold(f64::INFINITY, f64::min);
        let covers = own.iter().map(|one| one.1).filter(|one| *one * SLACK >= above);
        let covering = covers.fold(f64::INFINITY, f64::min);
        let below = own.iter().map(|one| one.1).filter(|one| *one * SLACK < above);
        let below = below.fold(0.0, f64::max);
        let one_is_enough = below == 0.0 || covering <= below + least.max(above - below);
        let class = |weight: f64| match weight * SLACK >= above {
            true if one_is_enough => 0,
            true => 2,
            false => 1,
        };
        own.sort_by(|a, b| {
            let (x, y) = (class(a.1), class(b.1));
            let by_weight = if x == 1 { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) };
            let copied = |one: usize| self.partitions[one].replicas.contains(&donor);
            let bytes = |one: usize| self.partitions[one].bytes;
            x.cmp(&y)
                .then(copied(a.0).cmp(&copied(b.0)))
                .then(by_weight)
                .then(bytes(a.0).cmp(&bytes(b.0)))
                .then(a.0.cmp(&b.0))
        });
        own.into_iter().find_map(|(partition, _)| {
            let weights = self.weights(partition, self.leads(partition, donor));
            let mut ways = self.order.iter().map(|(_, to)| *to);
            let to = ways.find(|to| {
                *to != donor && self.takes(*to, &weights) && self.allowed(partition, donor, *to)
            });
            to.map(|to| (partition, to))
        })
    }

    pub(super) fn into_replicas(self) -> Vec<Vec<BrokerId>> {
        self.replicas
    }
}

pub(super) fn add(sum: &mut Loads, weights: Loads, sign: f64) {
    for (one, weight) in sum.iter_mut().zip(weights) {
        *one += sign * weight;
    }
}
