//! Burst credit of NICs and disks between two events: the rule is `model::burst`'s.
//!
//! Levels are seconds of the burst rate, uses are shares of it, so that one rule serves all
//! resources: credit grows by the baseline's share and falls by what is used.

use super::network::{Network, Resource};
use super::rates::NOTHING;
use super::world::World;
use crate::cluster::{Allowance, HostId};
use crate::units::ByteRate;

/// A resource whose full capacity is only lent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Credit {
    resource: Resource,
    /// The baseline rate over the burst rate.
    share: f64,
    most: f64,
    level: f64,
    /// What is used at the present rates.
    used: f64,
}

impl Credit {
    fn full(resource: Resource, burst: ByteRate, allowance: Allowance) -> Self {
        let most = allowance.credit.as_f64() / burst.get();
        let share = allowance.baseline.get() / burst.get();
        Self { resource, share, most, level: most, used: 0.0 }
    }

    fn empty(&self) -> bool {
        self.level <= NOTHING
    }
}

impl World<'_> {
    /// Full credit for all resources that have any.
    pub(super) fn begin_credits(&mut self) {
        for (index, host) in self.cluster.hosts.iter().enumerate() {
            let id = HostId::from_index(index);
            if let Some(allowance) = host.nic_burst {
                let ways =
                    [(Resource::NicIn(id), host.nic_in), (Resource::NicOut(id), host.nic_out)];
                let both = ways.map(|(way, burst)| Credit::full(way, burst, allowance));
                self.credits.extend(both);
            }
            for (disk, spec) in host.disks.iter().enumerate() {
                let disk = Resource::Disk(id, disk as u32);
                let credit = spec.burst.map(|burst| Credit::full(disk, spec.write, burst));
                self.credits.extend(credit);
            }
        }
    }

    /// Notes what each resource lends at the moment; nothing where nobody lends.
    pub(super) fn lend(&self, network: &mut Network) {
        network.lent.clear();
        for credit in &self.credits {
            if let Some(index) = network.at(credit.resource) {
                network.lent.resize(network.resources.len(), 1.0);
                network.lent[index] = if credit.empty() { credit.share } else { 1.0 };
            }
        }
    }

    /// Notes what is used of lent capacity, before it becomes a utilisation of what is lent.
    pub(super) fn note_uses(&mut self, network: &Network) {
        for credit in &mut self.credits {
            credit.used = network.at(credit.resource).map_or(0.0, |index| network.load[index]);
        }
    }

    /// Levels that fall, with the rates at which they do.
    pub(super) fn falling_credits(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.credits.iter().map(|credit| (credit.level, credit.used - credit.share))
    }

    /// Time passes at the present rates.
    pub(super) fn spend_credits(&mut self, seconds: f64) {
        let now = self.now;
        for index in 0..self.credits.len() {
            let credit = &mut self.credits[index];
            let before = credit.empty();
            let level = credit.level + (credit.share - credit.used) * seconds;
            credit.level = level.clamp(0.0, credit.most);
            let resource = credit.resource;
            if credit.empty() && !before {
                let entity = self.resource_words(resource).unwrap_or_default();
                let words = "burst credit is used up: the baseline rate from here on".to_owned();
                self.recorder.event(now, "credit_used_up", &entity, words);
            }
        }
    }
}
