//! The cluster at an instant, as a scenario of its own.

use super::play;
use super::world::World;
use crate::chance::Seed;
use crate::cluster::{HostId, PartitionId};
use crate::model::curves::{Curve, Steps};
use crate::scenario::{EngineChoice, Initial, Scenario};
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeMap;

/// A steady scenario of a length, for the request-level engine: leaders, replicas and members as
/// they are at an instant of a day, every producer at the rate of that instant, and nothing else
/// going on. Groups have read everything; moves and rebalances are not in it.
pub fn standing(
    scenario: &Scenario,
    seed: Seed,
    replication: u32,
    at: SimTime,
    [warm_up, length]: [SimSpan; 2],
) -> Scenario {
    // What happens until an instant does not depend on what comes later.
    let day = Scenario { duration: at.saturating_since(SimTime::ZERO), ..scenario.clone() };
    let mut world = World::new(&day, seed, replication);
    play(&mut world);
    let mut still = Scenario {
        duration: warm_up + length,
        warm_up: Some(warm_up),
        engine: EngineChoice::Des,
        cluster: world.cluster.clone(),
        initial: Initial { stored: 0.0, lag: BTreeMap::new(), page_cache_warm: true },
        autoscaling: Vec::new(),
        timeline: Vec::new(),
        ..scenario.clone()
    };
    // Replicas on brokers that are down take no part.
    for (index, partition) in still.cluster.partitions.iter_mut().enumerate() {
        let follows = |broker| world.replicates(PartitionId::from_index(index), broker);
        if partition.leader.is_some() {
            partition.replicas.retain(|replica| follows(replica.broker));
        } else {
            partition.leader = partition.replicas.first().map(|replica| replica.broker);
        }
        partition.isr = partition.replicas.iter().map(|replica| replica.broker).collect();
    }
    // Machines of brokers come first, those of clients follow: brokers that joined go behind them.
    let known = scenario.cluster.hosts.len();
    for broker in still.cluster.brokers.iter_mut().filter(|one| one.host.index() >= known) {
        still.machines.push(world.cluster.hosts[broker.host.index()].clone());
        broker.host = HostId::from_index(still.machines.len() - 1);
    }
    for (producer, state) in still.producers.iter_mut().zip(&world.producers) {
        let level = vec![(SimTime::ZERO, state.offered)];
        producer.load = Curve::Steps(Steps::new(level, None));
    }
    for (group, state) in still.groups.iter_mut().zip(&world.groups) {
        group.members = (state.joined().count() as u32).max(1);
    }
    still
}
