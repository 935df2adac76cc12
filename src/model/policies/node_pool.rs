//! A node pool of Strimzi: so many brokers, whatever happens.
//!
//! # Rule
//! The operator brings the brokers to `spec.replicas` and keeps them there.
//! # Assumes
//! The pool has all brokers of the cluster, and nobody edits it during the run. Whether partitions
//! move afterwards is the scenario's `rebalance`, as it is `autoRebalance` in the operator's
//! `Kafka` resource: a new broker holds nothing until then.
//! # Breaks
//! The operator refuses to take away brokers that hold replicas; here their replicas move away
//! first.
//! # Source
//! strimzi/strimzi-kafka-operator, `KafkaNodePool` and the documentation of scaling node pools.

use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy, Target};
use crate::units::{SimSpan, SimTime};
use std::cmp::Ordering;

/// Time between two reconciliations of the operator.
pub const RECONCILIATION: SimSpan = SimSpan::from_secs(120);

/// The policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePoolPolicy {
    name: String,
    replicas: u32,
}

impl NodePoolPolicy {
    /// A pool of a name with so many brokers.
    pub fn new(name: String, replicas: u32) -> Self {
        Self { name, replicas }
    }
}

impl ScalingPolicy for NodePoolPolicy {
    fn period(&self) -> SimSpan {
        RECONCILIATION
    }
    fn scales(&self) -> Vec<Target> {
        vec![Target::Brokers]
    }
    fn decide(&mut self, _now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let (current, desired) = (observation.brokers, self.replicas);
        let reason = match desired.cmp(&current) {
            Ordering::Greater => Reason::ScaleUp,
            Ordering::Less => Reason::ScaleDown,
            Ordering::Equal => Reason::WithinRange,
        };
        let words = format!("the node pool has {desired} replicas: {current} → {desired}");
        let mut decision = Decision::of_group(&self.name, [current, desired], reason, words);
        decision.target = Target::Brokers;
        decision.proposal = Some(desired);
        (decision.stabilised, decision.limited) = (Some(desired), Some(desired));
        vec![decision]
    }
}
