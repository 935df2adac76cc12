//! What a placement is judged by.
//!
//! # Rule
//! Loads are summed afresh, goals compare them with limits, and the bytes that no plan can avoid
//! are those on brokers that leave, those forced by racks, and what is above the limits of disk or
//! network in, at least one replica each.
//! # Assumes
//! A surplus of network in leaves with the replicas that carry most traffic per byte.
//! # Breaks
//! Bytes that must move for leadership alone are not counted as unavoidable.
//! # Source
//! Cruise Control's goals; see the module.

use super::balance::{Balance, SLACK, add};
use super::{BrokerLoad, CAPACITY, Goal, Resource};
use crate::cluster::BrokerId;
use crate::units::Bytes;

impl Balance<'_> {
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
}
