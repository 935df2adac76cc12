//! Partitions as the controller and the brokers have them.

use crate::cluster::BrokerId;
use crate::model::client::Acks;
use crate::model::election::{Registration, Rules};
use crate::scenario::Scenario;

/// A partition: as the controller has decided, and as brokers act.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub registration: Registration,
    pub rules: Rules,
    /// Leader and in-sync replicas that are in force.
    pub leader: Option<BrokerId>,
    pub isr: Vec<BrokerId>,
    /// Somebody writes to it with acks=all.
    pub waited_for: bool,
}

/// All partitions of a scenario, and further ones given by their replicas.
pub(super) fn of(scenario: &Scenario, more: impl Iterator<Item = Vec<BrokerId>>) -> Vec<Part> {
    let cluster = &scenario.cluster;
    let eligible_leader_replicas = scenario.brokers.failover.eligible_leader_replicas;
    let mut parts: Vec<Part> = Vec::with_capacity(cluster.partitions.len());
    for partition in &cluster.partitions {
        let replicas: Vec<BrokerId> = partition.replicas.iter().map(|one| one.broker).collect();
        let min_insync = cluster.topic(partition.topic).settings.min_insync_replicas as usize;
        let waits = scenario.producers.iter().any(|producer| {
            producer.settings.acks == Acks::All
                && producer.to.iter().any(|(topic, _)| *topic == partition.topic)
        });
        let registration = Registration::new(replicas, partition.leader);
        parts.push(Part::new(registration, Rules { min_insync, eligible_leader_replicas }, waits));
    }
    for replicas in more {
        let leader = replicas.first().copied();
        let registration = Registration::new(replicas, leader);
        parts.push(Part::new(
            registration,
            Rules { min_insync: 1, eligible_leader_replicas },
            false,
        ));
    }
    parts
}

impl Part {
    fn new(registration: Registration, rules: Rules, waited_for: bool) -> Self {
        let (leader, isr) = (registration.leader, registration.isr.clone());
        Self { registration, rules, leader, isr, waited_for }
    }
}
