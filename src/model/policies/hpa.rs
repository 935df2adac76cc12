//! The horizontal pod autoscaler of Kubernetes, autoscaling/v2.
//!
//! # Rule
//! Every 15 s: (1) at 0 replicas with a minimum above 0 it does nothing; outside minimum and
//! maximum it goes to the bound. Nothing is read in either case. (2) Each metric proposes a size
//! (`hpa_metrics`). (3) The largest valid proposal counts; when all are invalid, or one is and the
//! rest would scale down, nothing happens. (4) Windows, rates and bounds (`hpa_limits`). (5) A
//! change is written and, with `behavior`, remembered.
//! # Assumes
//! The sync comes every 15 s exactly. Bounds and spec are the manifest's throughout.
//! # Breaks
//! The real controller queues an object again 15 s *after* it was handled, so its period is a
//! little longer; policies whose period equals the sync's then see one event less.
//! # Source
//! Kubernetes `horizontal.go`, `replica_calculator.go`; KEP-853, KEP-2021, KEP-4951.

use super::hpa_limits::{Limits, Memory};
use super::hpa_metrics::{HpaMetric, Tolerance};
use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::model::workload::Want;
use crate::units::{SimSpan, SimTime};

/// Time between two syncs of the controller.
pub const SYNC: SimSpan = SimSpan::from_secs(15);

/// An autoscaler with what it remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct HpaPolicy {
    name: String,
    metrics: Vec<HpaMetric>,
    limits: Limits,
    tolerance: Tolerance,
    memory: Memory,
}

impl HpaPolicy {
    /// An autoscaler that has never synced.
    pub fn new(
        name: String,
        metrics: Vec<HpaMetric>,
        limits: Limits,
        tolerance: Tolerance,
    ) -> Self {
        Self { name, metrics, limits, tolerance, memory: Memory::default() }
    }

    /// Its name: the manifest's `metadata.name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bounds and behaviour.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it looks at.
    pub fn watched(&self) -> &[HpaMetric] {
        &self.metrics
    }

    /// Ratios that are near enough to 1.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// One sync; `propose` reads the metric with an index and answers its proposal.
    pub(super) fn sync(
        &mut self,
        now: SimTime,
        current: u32,
        mut propose: impl FnMut(usize, &HpaMetric, Tolerance) -> Option<i64>,
    ) -> Decision {
        let size = i64::from(current);
        self.memory.begin(now, size);
        let guard = if size == 0 && self.limits.min != 0 {
            Some((Reason::ScalingDisabled, 0))
        } else if size > self.limits.max {
            Some((Reason::AboveMax, self.limits.max))
        } else if size < self.limits.min {
            Some((Reason::BelowMin, self.limits.min))
        } else {
            None
        };
        if let Some((reason, desired)) = guard {
            if desired != size {
                self.memory.rescaled(&self.limits, now, size, desired);
            }
            return self.decision(current, desired, reason);
        }
        let mut largest: Option<(usize, i64)> = None;
        let mut invalid = 0;
        for (index, metric) in self.metrics.iter().enumerate() {
            match propose(index, metric, self.tolerance) {
                Some(size) if largest.is_none_or(|(_, most)| size > most) => {
                    largest = Some((index, size));
                }
                Some(_) => {}
                None => invalid += 1,
            }
        }
        let Some((index, proposal)) = largest.filter(|(_, most)| invalid == 0 || *most >= size)
        else {
            return self.decision(current, size, Reason::InvalidMetric);
        };
        let bounded = self.memory.bound(&self.limits, now, size, proposal);
        if bounded.desired != size {
            self.memory.rescaled(&self.limits, now, size, bounded.desired);
        }
        let mut decision = self.decision(current, bounded.desired, bounded.reason);
        let name = &self.metrics[index].name;
        decision.words = format!("{name} asks for {proposal}; {}", decision.words);
        decision.metric = Some(name.clone());
        decision.proposal = Some(proposal as u32);
        decision.stabilised = Some(bounded.stabilised as u32);
        decision.limited = Some(bounded.limited as u32);
        decision
    }

    fn decision(&self, current: u32, desired: i64, reason: Reason) -> Decision {
        let desired = desired as u32;
        let step = if desired == current {
            format!("stays at {current}")
        } else {
            format!("{current} → {desired}")
        };
        let words = format!("{step}: {}", why(reason));
        Decision::of_group(&self.name, [current, desired], reason, words)
    }
}

/// The controller's own explanation of a reason.
fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::ScalingDisabled => "scaling is disabled since the replica count is zero",
        Reason::AboveMax => "the current number of replicas is above the maximum",
        Reason::BelowMin => "the current number of replicas is below the minimum",
        Reason::InvalidMetric => "no replica count could be computed from the metrics",
        Reason::TooFewReplicas => "the minimum binds",
        Reason::TooManyReplicas => "the maximum binds",
        Reason::ScaleUpLimit => "the rate limit of scaling up binds",
        Reason::ScaleDownLimit => "the rate limit of scaling down binds",
        Reason::ScaleUpStabilized => "a lower recommendation is in the window of scaling up",
        Reason::ScaleDownStabilized => "a higher recommendation is in the window of scaling down",
        _ => "within the acceptable range",
    }
}

impl ScalingPolicy for HpaPolicy {
    fn period(&self) -> SimSpan {
        SYNC
    }
    fn wants(&self) -> Vec<Want> {
        self.metrics.iter().map(HpaMetric::want).collect()
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(workload) = observation.workload else { return Vec::new() };
        let read = |index: usize, metric: &HpaMetric, tolerance| {
            metric.proposal(*workload.readings.get(index)?, &workload, tolerance)
        };
        vec![self.sync(now, workload.spec, read)]
    }
}
