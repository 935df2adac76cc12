//! One purchase at one rate: what it costs, and whether it keeps up.

use super::PROBE;
use super::input::PlanInput;
use super::search::{Purchase, SearchInput};
use crate::chance::Seed;
use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::scenario::{Group, LoadOptions, Scenario, load_text};
use crate::study::simulate::judged;
use crate::units::MoneyRate;
use statrs::distribution::Normal;

/// Acknowledged over offered, and read over written, that count as all.
const ALL: f64 = 0.999;
/// Producers that a simulation bears without being about them.
const MOST_CLIENTS: u64 = 10_000;
/// Zones of every purchase.
pub(super) const ZONES: u32 = 3;

pub(super) struct Search<'a> {
    pub(super) input: &'a PlanInput,
    pub(super) asked: &'a SearchInput,
    pub(super) options: &'a LoadOptions,
    pub(super) seed: Seed,
    pub(super) prices: Prices,
    pub(super) normal: Normal,
}

pub(super) struct Prices {
    pub(super) hours: f64,
    pub(super) cross_zone: f64,
    pub(super) disk_share: f64,
    pub(super) most_replicas: f64,
    pub(super) client_rate: f64,
}

/// A purchase with its price per month in dollars.
pub(super) type Priced = (Purchase, f64);

/// A run's verdict.
pub(super) struct Verdict {
    pub(super) met: bool,
    pub(super) bound_by: String,
    pub(super) kind: String,
    pub(super) factor: f64,
}

impl Search<'_> {
    pub(super) fn try_one(&self, one: &Purchase, mean: f64, runs: &mut usize) -> Result<Verdict> {
        let scenario = self.scenario(one, mean)?;
        if let Some(full) = self.too_full(mean, &scenario) {
            return Ok(full);
        }
        *runs += 1;
        let run = judged(&scenario, self.seed, 0);
        Ok(Self::verdict(&run))
    }

    /// Where replicas stand, what they keep does not fit: nothing to simulate.
    fn too_full(&self, mean: f64, scenario: &Scenario) -> Option<Verdict> {
        let cluster = &scenario.cluster;
        let mut held = vec![0.0; cluster.brokers.len()];
        for replica in cluster.partitions.iter().flat_map(|one| &one.replicas) {
            held[replica.broker.index()] += 1.0;
        }
        let most = held.iter().copied().fold(0.0, f64::max);
        let lost = |words: &str, factor: f64| Verdict {
            met: false,
            bound_by: words.to_owned(),
            kind: "stored".to_owned(),
            factor,
        };
        if most > self.prices.most_replicas {
            return Some(lost("replicas of a broker", self.prices.most_replicas / most));
        }
        let seconds = self.input.retention_hours.to_f64() * 3_600.0;
        let kept = mean * self.input.message_size.to_f64() * seconds;
        let each = kept / cluster.partitions.len() as f64;
        let room = |(index, held): (usize, &f64)| {
            let disks = &cluster.host(cluster.brokers[index].host).disks;
            let disk: f64 = disks.iter().map(|disk| disk.capacity.as_f64()).sum();
            disk * self.prices.disk_share / (held * each).max(1.0)
        };
        let room = held.iter().enumerate().map(room).fold(f64::INFINITY, f64::min);
        (room < 1.0).then(|| lost("disk capacity", room))
    }

    /// The ground of plans with a purchase's machines, partitions and members, and the rates and
    /// sizes of the answers.
    fn scenario(&self, one: &Purchase, mean: f64) -> Result<Scenario> {
        let peak = mean * self.input.peak_multiplier.to_f64();
        let size = self.input.message_size.to_whole();
        // Clients are not what is bought: enough of them.
        let clients = (peak * size as f64 / self.prices.client_rate).ceil() as u64;
        let clients = clients.clamp(3, MOST_CLIENTS);
        let readers = (1..=self.asked.readers).map(|reader| {
            format!(
                "reader-{reader}: {{reads: [events], members: {}, pods: {{card: pod-1c-2g}}, \
                 work: {}}}",
                one.members, self.asked.work
            )
        });
        let readers: Vec<String> = readers.collect();
        let mut sets = vec![
            format!("hosts/brokers/card={}", one.machine),
            format!("hosts/brokers/count={}", one.brokers),
            format!("topics/events/partitions={}", one.partitions),
            format!("topics/events/replication_factor={}", self.replicas()),
            format!("producers/all/clients={clients}"),
            format!("producers/all/records/size={size} B"),
            format!("producers/all/load={{rate: {peak} /s}}"),
            format!("groups={{{}}}", readers.join(", ")),
        ];
        if !self.asked.slo.is_empty() {
            sets.push(format!("slo={}", serde_json::json!(self.asked.slo)));
        }
        let options = LoadOptions { sets, seed: 1, ..self.options.clone() };
        Ok(load_text("plan", PROBE, &options)?.scenario)
    }

    fn verdict(run: &Run) -> Verdict {
        let written: f64 = run.producers.values().map(|one| one.records_s).sum();
        let offered: f64 = run.producers.values().map(|one| one.offered_records_s).sum();
        let read = run.groups.values().map(|one| one.records_s).fold(f64::INFINITY, f64::min);
        let tight = run.bottleneck.by_resource.first();
        let kind = tight.map_or("", |one| one.kind).to_owned();
        let factor = tight.and_then(|one| one.saturates_at_load_factor).unwrap_or(1.0);
        let bound_by = run.bottleneck.resource.clone();
        let kept_up = written >= offered * ALL && read >= written * ALL;
        let objectives = run.slo.iter().all(|one| one.met != Some(false));
        let met = kept_up && objectives;
        Verdict { met, bound_by, kind, factor: factor.min(1.0) }
    }

    pub(super) fn price(&self, one: &Purchase, month: usize) -> Result<[f64; 3]> {
        let scenario = self.scenario(one, 1.0)?;
        let host = scenario.pool.host.price.ok_or_else(|| {
            Error::usage(format!(
                "the card hosts/{} has no price; give one, e.g. `price: {{value: \"0.70 USD/h\"}}`",
                one.machine
            ))
        })?;
        let member = scenario.groups.first().and_then(Group::price_of_member);
        let hours = self.prices.hours;
        let all = f64::from(one.members * self.asked.readers);
        let mean = self.quantile(0.5) * self.growth(month);
        let gib = mean * self.input.message_size.to_f64() * hours * 3_600.0 / 1_073_741_824.0;
        // Two thirds of clients are in another zone than the leader; followers are, always.
        let elsewhere = f64::from(ZONES - 1) / f64::from(ZONES);
        let clients = elsewhere * (1.0 + f64::from(self.asked.readers));
        let followers = f64::from(self.replicas().min(ZONES) - 1)
            + f64::from(self.replicas().saturating_sub(ZONES)) * elsewhere;
        Ok([
            host.per_hour() * hours * f64::from(one.brokers),
            member.map_or(0.0, MoneyRate::per_hour) * hours * all,
            gib * (clients + followers) * self.prices.cross_zone,
        ])
    }
}
