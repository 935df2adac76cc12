//! The sizing arithmetic that AWS publishes for its managed Kafka.
//!
//! Ingress that a standard broker takes is min(EBS / storage factor, NIC / network factor) times
//! the utilisation; Express brokers have a quota of ingress, and of egress as a multiple of it.
//! Brokers are rounded up to a multiple of the zones. Factors and prices are on the card
//! `planning/aws-msk`, machines in `models/planning/msk_instances.csv`.

use super::input::PlanInput;
use crate::error::{Error, Result};
use crate::scenario::cards::Cards;
use crate::units::{ByteRate, Money};

const INSTANCES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/planning/msk_instances.csv"));
const CARD: &str = "planning/aws-msk";
const MIB: f64 = 1_048_576.0;

/// What the arithmetic needs beside the six answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MskInput {
    /// Mean ingress.
    pub average_in: ByteRate,
    /// Peak ingress.
    pub peak_in: ByteRate,
    /// Consumer groups that read everything at the tail: egress over ingress.
    pub readers: u32,
    /// Partitions, replicas included.
    pub partitions: u64,
    /// Replicas of each partition.
    pub replication_factor: u32,
    /// Hours that messages are kept.
    pub retention_hours: f64,
    /// Of those, hours on the brokers' own disks; fewer than all means tiered storage.
    pub local_hours: f64,
}

impl MskInput {
    /// From the six answers: everything is kept locally unless `local_hours` says otherwise.
    pub fn of(input: &PlanInput, readers: u32, partitions: u64, local_hours: Option<f64>) -> Self {
        let retention_hours = input.retention_hours.to_f64();
        Self {
            average_in: ByteRate::per_sec(input.mib_s() * MIB),
            peak_in: ByteRate::per_sec(input.mib_s() * MIB * input.peak_multiplier.to_f64()),
            readers,
            partitions,
            replication_factor: input.replication_factor.to_whole() as u32,
            retention_hours,
            local_hours: local_hours.unwrap_or(retention_hours).min(retention_hours),
        }
    }

    fn tiered(&self) -> bool {
        self.local_hours < self.retention_hours
    }
}

/// What one machine class would take.
#[derive(Debug, Clone, PartialEq)]
pub struct MskRow {
    /// `m5`, `m7g` or `express`.
    pub class: String,
    /// Instance name.
    pub instance: String,
    /// Brokers, a multiple of the zones.
    pub brokers: u64,
    /// What decides the number: `ingress`, `egress`, `partitions`, `storage`, `zones`.
    pub bound_by: &'static str,
    /// Whether the number is within the quota of brokers.
    pub within_quota: bool,
    /// Per month.
    pub monthly: Money,
    /// Its parts: brokers, storage, tiered storage, ingress, traffic between zones.
    pub parts: [(&'static str, f64); 5],
}

struct Factors {
    storage: f64,
    network: f64,
    tiered: f64,
    fan_out: f64,
    utilisation: [f64; 2],
    express_egress: f64,
    headroom: f64,
    broker_gib: f64,
    quota: f64,
    zones: f64,
    hours: f64,
    prices: [f64; 5],
}

fn factors(cards: &Cards) -> Result<Factors> {
    let of = |key: &str| cards.number(CARD, key);
    Ok(Factors {
        storage: of("storage_factor")?,
        network: of("network_factor")?,
        tiered: of("tiered_factor")?,
        fan_out: of("fan_out_factor")?,
        utilisation: [of("standard_utilisation")?, of("express_utilisation")?],
        express_egress: of("express_egress")?,
        headroom: of("disk_headroom")?,
        broker_gib: of("broker_storage_gib")?,
        quota: of("most_brokers")?,
        zones: of("zones")?,
        hours: of("hours_per_month")?,
        prices: [
            of("ebs_gib_month")?,
            of("express_gib_month")?,
            of("tiered_gib_month")?,
            of("express_ingress_gib")?,
            of("cross_zone_gib")?,
        ],
    })
}

struct Instance {
    class: String,
    name: String,
    ebs: Option<f64>,
    nic: Option<f64>,
    express: Option<f64>,
    partitions: f64,
    dollars: f64,
}

fn instances() -> Result<Vec<Instance>> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(INSTANCES.as_bytes());
    let broken = || Error::runtime("models/planning/msk_instances.csv is not as it was shipped");
    let mut all = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|_| broken())?;
        let number = |at: usize| row.get(at).and_then(|text| text.parse::<f64>().ok());
        let text = |at: usize| row.get(at).unwrap_or_default().to_owned();
        all.push(Instance {
            class: text(0),
            name: text(1),
            ebs: number(2),
            nic: number(3),
            express: number(4),
            partitions: number(5).ok_or_else(broken)?,
            dollars: number(7).ok_or_else(broken)?,
        });
    }
    Ok(all)
}

/// All machine classes, in the order of the file.
///
/// # Errors
/// A folder of cards has a `planning/aws-msk` that lacks a number.
pub fn msk_rows(input: &MskInput, cards: &Cards) -> Result<Vec<MskRow>> {
    let factors = factors(cards)?;
    Ok(instances()?.iter().map(|one| size(one, input, &factors)).collect())
}

/// The cheapest row of each class within the quota, in the order of the classes.
pub fn msk_picks(rows: &[MskRow]) -> Vec<&MskRow> {
    let mut classes: Vec<&str> = rows.iter().map(|row| row.class.as_str()).collect();
    classes.dedup();
    let cheapest = |class: &str| {
        let own = rows.iter().filter(|row| row.class == class && row.within_quota);
        own.min_by(|a, b| a.monthly.dollars().total_cmp(&b.monthly.dollars()))
    };
    classes.into_iter().filter_map(cheapest).collect()
}

fn size(one: &Instance, input: &MskInput, factors: &Factors) -> MskRow {
    let peak = input.peak_in.get() / MIB;
    let average = input.average_in.get() / MIB;
    let readers = f64::from(input.readers);
    let tiered = if input.tiered() { factors.tiered } else { 0.0 };
    let replicas = f64::from(input.replication_factor);
    let local_gib = average * input.local_hours * 3_600.0 * replicas / 1_024.0 * factors.headroom;
    let mut needs = vec![
        ("zones", factors.zones),
        ("partitions", input.partitions as f64 / one.partitions),
        ("storage", local_gib / factors.broker_gib),
    ];
    if let Some(quota) = one.express {
        needs.push(("ingress", peak / (quota * factors.utilisation[1])));
        needs.push(("egress", peak * readers / (quota * factors.express_egress)));
    } else {
        let disk = one.ebs.unwrap_or(0.0) / (factors.storage + tiered);
        let network = factors.network + tiered + factors.fan_out * readers;
        let each = disk.min(one.nic.unwrap_or(0.0) / network) * factors.utilisation[0];
        needs.push(("ingress", peak / each));
    }
    let round = |brokers: f64| (brokers.ceil() / factors.zones).ceil() * factors.zones;
    let most = needs.iter().map(|need| need.1).fold(0.0, f64::max);
    // Of needs that lead to the same number, the largest is named.
    let bound_by = needs.iter().find(|need| need.1 == most).map_or("zones", |need| need.0);
    let brokers = round(most);
    let parts = price(one, input, factors, brokers, local_gib);
    let monthly = parts.iter().map(|part| part.1).sum::<f64>();
    MskRow {
        class: one.class.clone(),
        instance: one.name.clone(),
        brokers: brokers as u64,
        bound_by,
        within_quota: brokers <= factors.quota,
        monthly: Money::of(monthly),
        parts,
    }
}

fn price(
    one: &Instance,
    input: &MskInput,
    factors: &Factors,
    brokers: f64,
    local_gib: f64,
) -> [(&'static str, f64); 5] {
    let [ebs, express, tiered, ingress, zone] = factors.prices;
    let average = input.average_in.get() / MIB;
    let gib_month = average * 3_600.0 * factors.hours / 1_024.0;
    let kept_gib = |hours: f64| average * hours * 3_600.0 / 1_024.0;
    let (storage, older, taken) = if one.express.is_some() {
        (kept_gib(input.retention_hours) * express, 0.0, gib_month * ingress)
    } else {
        let older = (input.retention_hours - input.local_hours).max(0.0);
        (local_gib * ebs, kept_gib(older) * tiered, 0.0)
    };
    // Two thirds of producers are in another zone than their leader, with three zones.
    let across = (factors.zones - 1.0) / factors.zones;
    [
        ("brokers", brokers * one.dollars * factors.hours),
        ("storage", storage),
        ("tiered storage", older),
        ("ingress", taken),
        ("traffic between zones", gib_month * across * zone),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Average and peak in, readers, partitions, retention, local hours; then the picks.
    type Vector =
        ([f64; 2], u32, u64, [f64; 2], [(&'static str, u64, &'static str, &'static str); 3]);

    #[test]
    fn the_published_vectors_pass_to_the_cent() {
        let vectors: [Vector; 3] = [
            (
                [100.0, 500.0],
                2,
                1_000,
                [720.0, 24.0],
                [
                    ("m5.2xlarge", 33, "ingress", "34347.79"),
                    ("m7g.xlarge", 54, "ingress", "30195.55"),
                    ("express.m7g.large", 45, "ingress", "44703.58"),
                ],
            ),
            (
                [100.0, 200.0],
                5,
                1_000,
                [720.0, 24.0],
                [
                    ("m5.xlarge", 39, "ingress", "26069.59"),
                    ("m7g.large", 51, "ingress", "21707.11"),
                    ("express.m7g.large", 27, "egress", "39342.46"),
                ],
            ),
            (
                [50.0, 100.0],
                2,
                3_000,
                [72.0, 72.0],
                [
                    ("m5.large", 21, "ingress", "12523.99"),
                    ("m7g.large", 18, "ingress", "11985.25"),
                    ("express.m7g.large", 9, "ingress", "6940.33"),
                ],
            ),
        ];
        for ([average, peak], readers, partitions, [retention, local], picks) in vectors {
            let input = MskInput {
                average_in: ByteRate::per_sec(average * MIB),
                peak_in: ByteRate::per_sec(peak * MIB),
                readers,
                partitions,
                replication_factor: 3,
                retention_hours: retention,
                local_hours: local,
            };
            let rows = msk_rows(&input, &Cards::default()).unwrap();
            let found: Vec<_> = msk_picks(&rows)
                .into_iter()
                .map(|row| {
                    let dollars = format!("{:.2}", row.monthly.dollars());
                    (row.instance.clone(), row.brokers, row.bound_by, dollars)
                })
                .collect();
            let expected: Vec<_> = picks
                .iter()
                .map(|(name, brokers, by, dollars)| {
                    ((*name).to_owned(), *brokers, *by, (*dollars).to_owned())
                })
                .collect();
            assert_eq!(found, expected);
            if partitions == 3_000 {
                let large = rows.iter().find(|row| row.instance == "express.m7g.4xlarge").unwrap();
                assert_eq!((large.brokers, large.bound_by), (6, "storage"));
            }
        }
    }
}
