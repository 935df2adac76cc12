//! Replicas as they stand while a plan is made.
//!
//! # Rule
//! First what must move, the largest first, to the least used broker with room. Then, resource by
//! resource, brokers above their limit give: the smallest replica that covers what is above, or the
//! largest below it where that leads to fewer bytes. Leadership is handed along chains of partitions (a
//! breadth-first search), so that it reaches a broker with room that shares no partition.
//! # Assumes
//! See the module.
//! # Breaks
//! Single moves only: where two replicas would have to be exchanged, the goal may stay missed.
//! # Source
//! Edmonds and Karp 1972 for the chains; best fit decreasing for what covers a surplus.

use super::{BALANCE, BrokerLoad, CAPACITY, Goal, PlacementBroker, PlacementPartition, Resource};
use crate::cluster::BrokerId;
use crate::units::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Loads and limits in the order of [`Resource::ALL`].
type Loads = [f64; 5];
/// Room for rounding in comparisons of sums of the same numbers in another order.
const SLACK: f64 = 1.0 + 1e-9;
/// The balance that leadership aims at, over the mean.
const TIGHT: f64 = 1.02;
/// Rounds over all resources: a later goal may leave something for an earlier one.
const ROUNDS: usize = 4;

/// The state.
pub(super) struct Balance<'a> {
    brokers: &'a [PlacementBroker],
    partitions: &'a [PlacementPartition],
    /// Racks as numbers in the order of their names, by broker.
    racks: Vec<usize>,
    /// Racks with a broker that stays.
    rack_count: usize,
    replicas: Vec<Vec<BrokerId>>,
    held: Vec<BTreeSet<usize>>,
    loads: Vec<Loads>,
    limits: Vec<Loads>,
    /// Limits to which leadership, which costs nothing, is evened out first: room for the rest.
    tight: Vec<Loads>,
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

    fn staying(&self) -> impl Iterator<Item = BrokerId> + '_ {
        let all = self.brokers.iter().enumerate().filter(|(_, one)| one.stays);
        all.map(|(index, _)| BrokerId::from_index(index))
    }

    fn rank(&self, broker: BrokerId) -> (u64, BrokerId) {
        let capacity = self.brokers[broker.index()].disk.as_f64().max(1.0);
        // Bits of numbers that are not negative are ordered like the numbers.
        ((self.loads[broker.index()][0].max(0.0) / capacity).to_bits(), broker)
    }

    /// Loads of one replica.
    fn weights(&self, partition: usize, leads: bool) -> Loads {
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

    fn capacity(&self, broker: usize) -> Loads {
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

    fn above(&self, broker: BrokerId, resource: usize) -> f64 {
        let (load, limit) = (self.loads[broker.index()], self.limits[broker.index()]);
        if load[resource] > limit[resource] * SLACK {
            load[resource] - limit[resource]
        } else {
            0.0
        }
    }

    /// Whether a broker takes more loads and stays within its limits. A resource to which nothing
    /// is added does not matter.
    fn takes(&self, broker: BrokerId, weights: &Loads) -> bool {
        let (load, limit) = (&self.loads[broker.index()], &self.limits[broker.index()]);
        (0..5).all(|at| weights[at] <= 0.0 || load[at] + weights[at] <= limit[at] * SLACK)
    }

    /// Racks of a partition, with one broker replaced.
    fn spans(&self, partition: usize, from: BrokerId, to: BrokerId) -> usize {
        let list = &self.replicas[partition];
        let rack = |at: usize| self.racks[if list[at] == from { to } else { list[at] }.index()];
        (0..list.len()).filter(|at| (0..*at).all(|before| rack(before) != rack(*at))).count()
    }

    fn allowed(&self, partition: usize, from: BrokerId, to: BrokerId) -> bool {
        !self.replicas[partition].contains(&to)
            && self.spans(partition, from, to) >= self.spans(partition, from, from)
    }

    fn leads(&self, partition: usize, broker: BrokerId) -> bool {
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

    fn hand_over(&mut self, partition: usize, to: BrokerId) {
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
    fn must_move(&self) -> Vec<(usize, BrokerId)> {
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

    /// Leadership goes from brokers above their limit of network out, CPU or leaders to others,
    /// along chains. Whether any did.
    fn hand_around(&mut self) -> bool {
        let mut moved = self.hand_above();
        if moved {
            std::mem::swap(&mut self.limits, &mut self.tight);
            self.hand_above();
            std::mem::swap(&mut self.limits, &mut self.tight);
            moved |= self.hand_above();
        }
        moved
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

    /// Loads summed afresh: no residue of what came and went.
    pub(super) fn loads(&self) -> Vec<BrokerLoad> {
        let mut all = vec![BrokerLoad::default(); self.brokers.len()];
        for (partition, list) in self.replicas.iter().enumerate() {
            for (position, broker) in list.iter().enumerate() {
                let load = &mut all[broker.index()];
                add(&mut load.by_resource, self.weights(partition, position == 0), 1.0);
                load.replicas += 1;
            }
        }
        all
    }

    /// Goals with the number that misses each, and the worst use over its limit.
    pub(super) fn goals(&self) -> Vec<(Goal, u32, f64)> {
        let gone = self.brokers.iter().zip(&self.held).filter(|(one, _)| !one.stays);
        let undrained = gone.filter(|(_, held)| !held.is_empty()).count() as u32;
        let narrow = (0..self.replicas.len()).filter(|one| {
            let Some(any) = self.replicas[*one].first().copied() else { return false };
            let most = self.replicas[*one].len().min(self.rack_count);
            self.spans(*one, any, any) < most
        });
        let mut goals = vec![
            (Goal::Drained, undrained, f64::from(undrained)),
            (Goal::Racks, narrow.count() as u32, 0.0),
        ];
        let hard = Resource::ALL.iter().take(4).map(|one| (Goal::Capacity(*one), *one, true));
        let soft = [Resource::Disk, Resource::NetworkIn, Resource::NetworkOut, Resource::Leaders];
        let soft = soft.into_iter().map(|one| (Goal::Distribution(one), one, false));
        for (goal, resource, hard) in hard.chain(soft) {
            let at = resource.index();
            let uses: Vec<f64> = self
                .staying()
                .map(|broker| {
                    let index = broker.index();
                    let limit = if hard {
                        self.capacity(index)[at] * CAPACITY[at]
                    } else {
                        self.limits[index][at]
                    };
                    if limit > 0.0 { self.loads[index][at] / limit } else { 0.0 }
                })
                .collect();
            let missed = uses.iter().filter(|one| **one > SLACK).count() as u32;
            goals.push((goal, missed, uses.into_iter().fold(0.0, f64::max)));
        }
        goals
    }

    /// See [`super::PlacementPlan::unavoidable`].
    pub(super) fn unavoidable(&self) -> Bytes {
        let must = self.must_move();
        let mut loads = self.loads.clone();
        let mut bytes = 0.0;
        for (partition, from) in must {
            let weights = self.weights(partition, self.leads(partition, from));
            add(&mut loads[from.index()], weights, -1.0);
            bytes += weights[0];
        }
        // A broker sheds for disk or for network in, whichever takes more bytes; the densest
        // replicas carry a rate with the fewest bytes.
        for broker in self.staying() {
            let index = broker.index();
            let over = |at: usize| (loads[index][at] - self.limits[index][at]).max(0.0);
            let above = over(0).max(self.least_bytes(broker, over(1)));
            // A replica moves as a whole.
            let pieces = self.held[index].iter().map(|one| self.partitions[*one].bytes.as_f64());
            let least = pieces.fold(f64::INFINITY, f64::min);
            bytes += if above > 0.0 { above.max(least) } else { 0.0 };
        }
        Bytes::new(bytes as u64)
    }

    /// Fewest bytes of a broker's replicas that carry a rate of network in.
    fn least_bytes(&self, broker: BrokerId, rate: f64) -> f64 {
        let mut own: Vec<(f64, f64)> = self.held[broker.index()]
            .iter()
            .map(|one| self.weights(*one, false))
            .filter(|weights| weights[1] > 0.0)
            .map(|weights| (weights[0], weights[1]))
            .collect();
        own.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        let mut left = rate;
        let mut bytes = 0.0;
        for (weight, carries) in own {
            if left <= 0.0 {
                break;
            }
            bytes += weight * (left / carries).min(1.0);
            left -= carries;
        }
        bytes
    }

    pub(super) fn into_replicas(self) -> Vec<Vec<BrokerId>> {
        self.replicas
    }
}

fn add(sum: &mut Loads, weights: Loads, sign: f64) {
    for (one, weight) in sum.iter_mut().zip(weights) {
        *one += sign * weight;
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
