//! What do more or fewer brokers give, and what does the move cost? The exercise's broker-scaling
//! script, without a cluster.
//!
//! The load of each partition is taken from a run of the scenario as it stands; a placement is
//! planned over the brokers that stay and those that join; both clusters are then simulated again,
//! several times with values of cards drawn from their uncertainty, the same for both.

mod change;
mod moving;
mod triggers;

pub use change::{Joining, apply, joined};
pub use moving::{BrokerMove, MoveWork, Wave, waves};
pub use triggers::{BROKER_TRIGGERS, BrokerTrigger, TriggerReading, read_triggers};

use super::simulate::judged;
use crate::analysis::{CONFIDENCE, Interval, replications};
use crate::chance::Seed;
use crate::cluster::BrokerId;
use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::model::placement::{PlacementPartition, PlacementPlan, assess, place};
use crate::scenario::{Assignment, EngineChoice, Scenario};
use crate::units::{ByteRate, Bytes};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Cruise Control's weights of bytes for CPU: leader in, leader out, follower in.
const WEIGHTS: [f64; 3] = [0.7, 0.15, 0.15];

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct BrokerQuestion {
    /// Brokers that join.
    pub joining: Vec<Joining>,
    /// `node.id`s that leave.
    pub leaving: Vec<u32>,
    /// Lists of brokers by partition that somebody else has planned; a plan is made without.
    pub wanted: Option<BTreeMap<usize, Vec<BrokerId>>>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct BrokerStudy {
    /// The cluster with those that join, replicas where they were.
    pub scenario: Scenario,
    /// Loads of the partitions.
    pub partitions: Vec<PlacementPartition>,
    /// What moves.
    pub plan: PlacementPlan,
    /// The run as it stands, and after the move.
    pub runs: [Run; 2],
    /// All loads together, times this, fill the first resource of a broker: before and after, over
    /// the draws.
    pub capacity: [Option<Interval>; 2],
    /// Relative gain in that factor, pair by pair.
    pub gain: Option<Interval>,
    /// What the move is made of.
    pub work: MoveWork,
}

/// Answers for a scenario; `draws` are the same scenario with values of cards drawn from their
/// uncertainty.
///
/// # Errors
/// An unknown broker leaves, none stays, or the brokers that stay cannot hold the replicas.
pub fn brokers(
    scenario: &Scenario,
    draws: &[Scenario],
    question: &BrokerQuestion,
    seed: Seed,
) -> Result<BrokerStudy> {
    let ids: Vec<u32> = scenario.cluster.brokers.iter().map(|one| one.node_id).collect();
    if let Some(unknown) = question.leaving.iter().find(|id| !ids.contains(id)) {
        let nearest = ids.iter().min_by_key(|id| id.abs_diff(*unknown));
        let nearest = nearest.map_or(String::new(), |id| format!(" (did you mean {id}?)"));
        return Err(Error::usage(format!(
            "broker {unknown} cannot leave: the brokers are {ids:?}{nearest}"
        )));
    }
    let still = steady(scenario);
    let before = judged(&still, seed, 0);
    let partitions = partition_loads(&still, &before);
    let wide = joined(&still, &question.joining);
    let slots = change::slots(&wide, &question.leaving);
    let plan = match &question.wanted {
        Some(wanted) => assess(&slots, &partitions, wanted),
        None => place(&slots, &partitions).map_err(|error| {
            Error::usage(format!("there is no placement without these brokers: {error}"))
        })?,
    };
    let after = judged(&apply(&wide, &plan), seed, 0);
    let pair = |draw: &Scenario| {
        let draw = steady(draw);
        let moved = apply(&joined(&draw, &question.joining), &plan);
        [judged(&draw, seed, 0), judged(&moved, seed, 0)].map(|run| of_brokers(&run))
    };
    let pairs: Vec<[Option<f64>; 2]> = draws.par_iter().map(pair).collect();
    let own = [&before, &after].map(of_brokers);
    let pairs: Vec<[f64; 2]> =
        std::iter::once(own).chain(pairs).filter_map(|pair| Some([pair[0]?, pair[1]?])).collect();
    let over = |values: Vec<f64>| (!values.is_empty()).then(|| replications(&values, CONFIDENCE));
    let side = |at: usize| over(pairs.iter().map(|pair| pair[at]).collect());
    let work = MoveWork::of(&plan, &partitions, &wide.cluster);
    Ok(BrokerStudy {
        capacity: [side(0), side(1)],
        gain: over(pairs.iter().map(|pair| pair[1] / pair[0] - 1.0).collect()),
        scenario: wide,
        partitions,
        plan,
        runs: [before, after],
        work,
    })
}

/// The load factor at which the first resource of a broker is full. Producers and consumers do not
/// get faster by brokers; what limits the whole is told beside it.
fn of_brokers(run: &Run) -> Option<f64> {
    let own = |kind: &str| ["cpu", "nic_in", "nic_out", "disk"].contains(&kind);
    let all = run.bottleneck.by_resource.iter().filter(|one| own(one.kind));
    all.filter_map(|one| one.saturates_at_load_factor).reduce(f64::min)
}

/// The scenario with nothing that changes its brokers or members, by flows.
pub(super) fn steady(scenario: &Scenario) -> Scenario {
    let mut still = scenario.clone();
    still.engine = EngineChoice::Fluid;
    still.autoscaling.clear();
    still.timeline.clear();
    still
}

/// Mean loads of all partitions of a run by flows.
fn partition_loads(scenario: &Scenario, run: &Run) -> Vec<PlacementPartition> {
    let cluster = &scenario.cluster;
    let mut rates = vec![0.0; cluster.partitions.len()];
    for producer in &scenario.producers {
        let acked = run.producers.get(&producer.name).map_or(0.0, |one| one.records_s);
        let topics = producer.to.iter().zip(&producer.partition_shares).enumerate();
        for (index, ((topic, share), shares)) in topics {
            let bytes = acked * producer.stored_record_bytes(index);
            let spec = cluster.topic(*topic);
            for number in 0..spec.partitions as usize {
                let even = 1.0 / f64::from(spec.partitions);
                let own = shares.as_ref().map_or(even, |list| list[number]);
                rates[spec.first.index() + number] += bytes * share * own;
            }
        }
    }
    let by_topic: BTreeMap<&str, f64> =
        run.topics.iter().map(|(name, one)| (name.as_str(), one.stored_bytes_end)).collect();
    let busy: f64 = cluster.brokers.iter().map(|broker| cores(scenario, run, broker.node_id)).sum();
    let mut all = Vec::with_capacity(rates.len());
    let mut weight = 0.0;
    for (partition, rate) in cluster.partitions.iter().zip(&rates) {
        let topic = cluster.topic(partition.topic);
        let first = topic.first.index();
        let whole: f64 = rates[first..first + topic.partitions as usize].iter().sum();
        let even = 1.0 / f64::from(topic.partitions);
        let share = if whole > 0.0 { rate / whole } else { even };
        let stored = by_topic.get(topic.name.as_str()).copied().unwrap_or(0.0);
        let replicas = partition.replicas.len().max(1) as f64;
        let readers = scenario.groups.iter().filter(|one| one.reads.contains(&partition.topic));
        let egress = rate * readers.count() as f64;
        weight += WEIGHTS[0] * rate + WEIGHTS[1] * egress + WEIGHTS[2] * rate * (replicas - 1.0);
        all.push(PlacementPartition {
            replicas: partition.replicas.iter().map(|one| one.broker).collect(),
            bytes: Bytes::new((stored * share / replicas) as u64),
            ingress: ByteRate::per_sec(*rate),
            egress: ByteRate::per_sec(egress),
            leader_cores: WEIGHTS[0] * rate + WEIGHTS[1] * egress,
            follower_cores: WEIGHTS[2] * rate,
        });
    }
    let each = if weight > 0.0 { busy / weight } else { 0.0 };
    for one in &mut all {
        one.leader_cores *= each;
        one.follower_cores *= each;
    }
    all
}

/// A run of the scenario by flows with nothing else going on, and what each broker receives as
/// leader, as follower, and sends to followers and groups, bytes/s.
pub fn broker_loads(scenario: &Scenario, seed: Seed) -> (Run, Vec<[f64; 3]>) {
    let still = steady(scenario);
    let run = judged(&still, seed, 0);
    let mut loads = vec![[0.0; 3]; still.cluster.brokers.len()];
    for one in partition_loads(&still, &run) {
        let ingress = one.ingress.get();
        for (position, broker) in one.replicas.iter().enumerate() {
            let load = &mut loads[broker.index()];
            if position == 0 {
                load[0] += ingress;
                load[2] += one.egress.get() + ingress * (one.replicas.len() - 1) as f64;
            } else {
                load[1] += ingress;
            }
        }
    }
    (run, loads)
}

/// Bytes that one replica of each partition holds at the end of a run of the scenario by flows.
pub fn replica_bytes(scenario: &Scenario) -> Vec<Bytes> {
    let still = steady(scenario);
    let run = judged(&still, Seed::new(1), 0);
    partition_loads(&still, &run).into_iter().map(|one| one.bytes).collect()
}

/// Busy cores of speed 1 of a broker, on average.
fn cores(scenario: &Scenario, run: &Run, node_id: u32) -> f64 {
    let cluster = &scenario.cluster;
    let host = cluster.brokers.iter().find(|one| one.node_id == node_id);
    let host = host.map(|one| cluster.host(one.host));
    let used = run.brokers.get(&node_id).map_or(0.0, |one| one.cpu.mean);
    host.map_or(0.0, |host| used * host.cpu_quota.unwrap_or(host.cores) * host.speed)
}

impl BrokerStudy {
    /// Assignments of the partitions that change: before and after.
    pub fn assignments(&self) -> [Vec<Assignment>; 2] {
        let cluster = &self.scenario.cluster;
        let named = |index: usize, brokers: &[BrokerId]| {
            Assignment::of(cluster, index, brokers.iter().copied())
        };
        let all = &self.plan.changes;
        [
            all.iter().map(|one| named(one.partition, &one.old)).collect(),
            all.iter().map(|one| named(one.partition, &one.new)).collect(),
        ]
    }
}
