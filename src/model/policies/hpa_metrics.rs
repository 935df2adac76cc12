//! How many replicas one metric of a horizontal pod autoscaler asks for.
//!
//! # Equation
//! With usage u, target g, replicas c (status), spec s, ready pods r:
//! - External or Object, `AverageValue`: s' = c while u / (g · c) is within tolerance, else ⌈u /
//!   g⌉.
//! - External or Object, `Value`: s' = ⌈u / g⌉ at s = 0, s while u / g is within tolerance, else
//!   ⌈(u / g) · r⌉.
//! - Pods and Resource `AverageValue`: ratio of the integer mean of the samples to g; Resource
//!   `Utilization`: ratio of the integer percentage 100 Σ u / Σ request to g. Without missing pods,
//!   and without unready ones that a ratio above 1 would count: s within tolerance, else ⌈ratio ·
//!   pods with samples⌉. Otherwise missing and unready pods are filled in (see
//!   [`HpaMetric::proposal`]) and the second ratio decides, unless it points the other way.
//!
//! Within tolerance: 1 − down ≤ ratio ≤ 1 + up, both ends included.
//! # Assumes
//! Samples are in milli-units; every ratio is a double, in the order of the controller's own code.
//! # Breaks
//! The time that samples cover is not seen: which CPU samples are too fresh is in the pod's state.
//! # Source
//! Kubernetes `replica_calculator.go` and `metrics/utilization.go`, autoscaling/v2; KEP-4951.

use crate::model::workload::{Pod, PodState, Reading, Want, Workload};

/// Where a metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HpaSource {
    /// A metric that belongs to no object of the cluster.
    External,
    /// A metric of one object.
    Object,
    /// A metric of each pod.
    Pods,
    /// CPU, memory or another resource of each pod.
    Resource,
}

/// The value to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HpaTarget {
    /// The whole metric, in milli-units.
    Value(i64),
    /// The metric for each replica, in milli-units.
    AverageValue(i64),
    /// Percent of the requests.
    Utilization(i64),
}

/// One metric of the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HpaMetric {
    /// Where it comes from.
    pub source: HpaSource,
    /// Its name.
    pub name: String,
    /// The value to hold.
    pub target: HpaTarget,
}

/// Ratios that are near enough to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Above 1.
    pub up: f64,
    /// Below 1.
    pub down: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { up: 0.1, down: 0.1 }
    }
}

impl Tolerance {
    fn within(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// A number of replicas from a double, rounded up, within 32 bits as the controller keeps it.
pub(super) fn replicas(count: f64) -> i64 {
    i64::from(count.ceil() as i32)
}

impl HpaMetric {
    /// What it needs to read.
    pub fn want(&self) -> Want {
        let name = self.name.clone();
        match self.source {
            HpaSource::External | HpaSource::Object => Want::Quantity { name },
            HpaSource::Pods | HpaSource::Resource => {
                Want::Pods { name, requests: matches!(self.target, HpaTarget::Utilization(_)) }
            }
        }
    }

    /// The replicas that it asks for; `None` when it is invalid.
    pub fn proposal(
        &self,
        reading: Reading<'_>,
        workload: &Workload<'_>,
        tolerance: Tolerance,
    ) -> Option<i64> {
        match (reading, self.target) {
            (Reading::Quantity(usage), HpaTarget::AverageValue(target)) => {
                Some(per_replica(usage? as f64, target as f64, workload, tolerance))
            }
            (Reading::Quantity(usage), HpaTarget::Value(target)) => {
                Some(whole(usage? as f64 / target as f64, workload, tolerance))
            }
            (Reading::Pods(pods), target) => {
                let cpu = self.source == HpaSource::Resource && self.name == "cpu";
                Grouped::new(pods, cpu).proposal(pods, target, workload, tolerance)
            }
            (Reading::Quantity(_), HpaTarget::Utilization(_)) | (Reading::Offsets(_), _) => None,
        }
    }
}

fn per_replica(usage: f64, target: f64, workload: &Workload<'_>, tolerance: Tolerance) -> i64 {
    let ratio = usage / (target * f64::from(workload.status));
    if tolerance.within(ratio) { i64::from(workload.status) } else { replicas(usage / target) }
}

fn whole(ratio: f64, workload: &Workload<'_>, tolerance: Tolerance) -> i64 {
    if workload.spec == 0 {
        replicas(ratio)
    } else if tolerance.within(ratio) {
        i64::from(workload.spec)
    } else {
        replicas(ratio * f64::from(workload.ready))
    }
}

/// Pods by what their samples are worth: positions in the list of pods.
struct Grouped {
    sampled: Vec<usize>,
    missing: Vec<usize>,
    unready: Vec<usize>,
}

impl Grouped {
    fn new(pods: &[Pod], cpu: bool) -> Self {
        let mut groups = Self { sampled: Vec::new(), missing: Vec::new(), unready: Vec::new() };
        for (index, pod) in pods.iter().enumerate() {
            match (pod.state, pod.usage) {
                (PodState::Deleted | PodState::Failed, _) => {}
                (PodState::Pending, _) => groups.unready.push(index),
                (PodState::Ready | PodState::Unready, None) => groups.missing.push(index),
                // Only a CPU sample of a starting pod misleads.
                (PodState::Unready, Some(_)) if cpu => groups.unready.push(index),
                (PodState::Ready | PodState::Unready, Some(_)) => groups.sampled.push(index),
            }
        }
        groups
    }

    fn proposal(
        &self,
        pods: &[Pod],
        target: HpaTarget,
        workload: &Workload<'_>,
        tolerance: Tolerance,
    ) -> Option<i64> {
        let utilization = matches!(target, HpaTarget::Utilization(_));
        // One listed pod without a request makes percentages meaningless, even a deleted one.
        if self.sampled.is_empty() || (utilization && pods.iter().any(|pod| pod.request.is_none()))
        {
            return None;
        }
        let current = i64::from(workload.spec);
        let request = |index: &usize| pods[*index].request.unwrap_or(0);
        let mut samples: Vec<(i64, i64)> = self
            .sampled
            .iter()
            .map(|index| (pods[*index].usage.unwrap_or(0), request(index)))
            .collect();
        let ratio = ratio(&samples, target)?;
        let counts_unready = !self.unready.is_empty() && ratio > 1.0;
        if !counts_unready && self.missing.is_empty() {
            let within = tolerance.within(ratio);
            let ready = self.sampled.len() as f64;
            return Some(if within { current } else { replicas(ratio * ready) });
        }
        for index in &self.missing {
            samples.extend(filled(ratio, target, request(index)).map(|u| (u, request(index))));
        }
        if counts_unready {
            samples.extend(self.unready.iter().map(|index| (0, request(index))));
        }
        let second = self::ratio(&samples, target)?;
        let turned = (ratio < 1.0 && second > 1.0) || (ratio > 1.0 && second < 1.0);
        if tolerance.within(second) || turned {
            return Some(current);
        }
        let wanted = replicas(second * samples.len() as f64);
        let against = (second < 1.0 && wanted > current) || (second > 1.0 && wanted < current);
        Some(if against { current } else { wanted })
    }
}

/// What a pod without a sample is taken to use, so that it argues against the change.
fn filled(ratio: f64, target: HpaTarget, request: i64) -> Option<i64> {
    match target {
        HpaTarget::Utilization(percent) if ratio < 1.0 => {
            Some((i128::from(request) * i128::from(percent.max(100)) / 100) as i64)
        }
        HpaTarget::Utilization(_) => (ratio > 1.0).then_some(0),
        HpaTarget::AverageValue(target) | HpaTarget::Value(target) if ratio < 1.0 => Some(target),
        // Here the controller's code also fills in at a ratio of exactly 1.
        HpaTarget::AverageValue(_) | HpaTarget::Value(_) => Some(0),
    }
}

/// Ratio to the target; `None` when the requests sum to zero.
fn ratio(samples: &[(i64, i64)], target: HpaTarget) -> Option<f64> {
    let usage: i128 = samples.iter().map(|(usage, _)| i128::from(*usage)).sum();
    match target {
        HpaTarget::Utilization(percent) => {
            let requested: i128 = samples.iter().map(|(_, request)| i128::from(*request)).sum();
            (requested != 0).then(|| (usage * 100 / requested) as f64 / percent as f64)
        }
        HpaTarget::AverageValue(target) | HpaTarget::Value(target) => {
            Some((usage / samples.len() as i128) as f64 / target as f64)
        }
    }
}
