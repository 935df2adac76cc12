//! Autoscaling policies: observe, decide, say why.
//!
//! # Rule
//! At each of its own evaluation instants a policy sees one observation and answers one decision
//! per target. It holds only what the real controller remembers (times of decisions, windows).
//! # Assumes
//! The engine measures; a metric that cannot be measured is absent, not zero.
//! # Breaks
//! A policy cannot act: whether its decision changed anything is the engine's answer.
//! # Source
//! One source per kind; the replay form (`proposal`, `stabilised`, `limited`, `desired`, `reason`)
//! is shared by all.

use super::workload::{Want, Workload};
use crate::units::{SimSpan, SimTime};
use std::cmp::Ordering;

pub use super::policies::Policy;

/// What is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Brokers of the cluster.
    Brokers,
    /// Members of the consumer group that the policy is bound to.
    Consumers,
}

impl Target {
    /// The word used in outputs: `brokers` or `consumers`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Brokers => "brokers",
            Self::Consumers => "consumers",
        }
    }
}

/// A measured value under the policy's own name for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// The metric's name, as the policy's file writes it.
    pub metric: &'a str,
    /// Its value in the metric's own unit (percent, bytes/s, records, ms); `None` if unmeasured.
    pub value: Option<f64>,
}

/// What a policy sees at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// Every metric that the policy asked for with [`ScalingPolicy::metrics`].
    pub samples: &'a [Sample<'a>],
    /// Brokers wanted so far (in service, starting, minus leaving).
    pub brokers: u32,
    /// Members wanted so far in the policy's group; `None` when it scales no group.
    pub consumers: Option<u32>,
    /// Partitions that the group reads, when known.
    pub partitions: Option<u32>,
    /// The workload with a reading for each of [`ScalingPolicy::wants`]; `None` when it wants none.
    pub workload: Option<Workload<'a>>,
}

impl Observation<'_> {
    /// The value of a metric; `None` when it is absent or unmeasured.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.samples.iter().find(|sample| sample.metric == metric).and_then(|sample| sample.value)
    }
}

/// Why a decision is what it is: one word of a closed list, as the replay prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing calls for a change.
    WithinRange,
    /// A metric is above its upper threshold: up.
    ScaleUp,
    /// All metrics are below their lower thresholds: down.
    ScaleDown,
    /// A change is called for, but the last one of this direction was too recent.
    CoolingDown,
    /// Up is called for at the largest allowed size.
    AtMaximum,
    /// Down is called for at the smallest allowed size.
    AtMinimum,
    /// Autoscaler: 0 replicas switch it off.
    ScalingDisabled,
    /// Autoscaler: the size is above the maximum, whatever the metrics say.
    AboveMax,
    /// Autoscaler: the size is below the minimum, whatever the metrics say.
    BelowMin,
    /// Autoscaler: no metric is valid, or an invalid one forbids scaling down.
    InvalidMetric,
    /// Autoscaler: the minimum binds.
    TooFewReplicas,
    /// Autoscaler: the maximum binds.
    TooManyReplicas,
    /// Autoscaler: a rate limit up binds.
    ScaleUpLimit,
    /// Autoscaler: a rate limit down binds.
    ScaleDownLimit,
    /// Autoscaler: a recent lower proposal holds scaling up.
    ScaleUpStabilized,
    /// Autoscaler: a recent higher proposal holds scaling down.
    ScaleDownStabilized,
    /// Autoscaler: nothing stands in the way.
    DesiredWithinRange,
    /// Poll: active, from 0 or idle replicas to the minimum.
    Activated,
    /// Poll: active, the autoscaler decides.
    Active,
    /// Poll: active, but some trigger failed.
    PartialTriggerError,
    /// Poll: not active, and a trigger failed.
    TriggerError,
    /// Poll: not active for the whole cooldown, to 0 or idle replicas.
    Deactivated,
    /// Poll: below the minimum without being active.
    RaisedToMin,
    /// Poll: not active, nothing to do.
    Inactive,
    /// Poll: an annotation forbids the step.
    Paused,
    /// Poll: the brokers cannot be reached to build the scalers again.
    NoScaler,
}

impl Reason {
    /// The word in outputs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::WithinRange => "WithinRange",
            Self::ScaleUp => "ScaleUp",
            Self::ScaleDown => "ScaleDown",
            Self::CoolingDown => "CoolingDown",
            Self::AtMaximum => "AtMaximum",
            Self::AtMinimum => "AtMinimum",
            Self::ScalingDisabled => "ScalingDisabled",
            Self::AboveMax => "AboveMax",
            Self::BelowMin => "BelowMin",
            Self::InvalidMetric => "InvalidMetric",
            Self::TooFewReplicas => "TooFewReplicas",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::Activated => "Activated",
            Self::Active => "Active",
            Self::PartialTriggerError => "PartialTriggerError",
            Self::TriggerError => "TriggerError",
            Self::Deactivated => "Deactivated",
            Self::RaisedToMin => "RaisedToMin",
            Self::Inactive => "Inactive",
            Self::Paused => "Paused",
            Self::NoScaler => "NoScaler",
        }
    }
}

/// One decision about one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The policy's own name for this loop (`broker_scaling`, a manifest's `metadata.name`).
    pub policy: String,
    /// What is scaled.
    pub target: Target,
    /// The size before.
    pub current: u32,
    /// The metric that decided, if any.
    pub metric: Option<String>,
    /// What the metrics ask for, before everything else.
    pub proposal: Option<u32>,
    /// After cooldowns and windows.
    pub stabilised: Option<u32>,
    /// After rate limits, before minimum and maximum.
    pub limited: Option<u32>,
    /// The size wanted from now on.
    pub desired: u32,
    /// Why, as a word.
    pub reason: Reason,
    /// Whether the policy *acted*: it decided to change the size, even if a cap or floor then left
    /// the size as it was (a failed action).
    pub action: bool,
    /// Why, as a sentence with the measured numbers.
    pub words: String,
}

impl Decision {
    /// A decision about a group without a look at any metric; steps on the way are unknown.
    pub fn of_group(
        policy: &str,
        [current, desired]: [u32; 2],
        reason: Reason,
        words: String,
    ) -> Self {
        Self {
            policy: policy.to_owned(),
            target: Target::Consumers,
            current,
            metric: None,
            proposal: None,
            stabilised: None,
            limited: None,
            desired,
            reason,
            action: desired != current,
            words,
        }
    }

    /// A decision of a policy that computes a size from a metric: the size there is, the one that
    /// the metric calls for, and that one within the policy's bounds.
    pub fn sized(
        policy: &str,
        [current, wanted, desired]: [u32; 3],
        metric: &str,
        words: String,
    ) -> Self {
        let reason = match (desired.cmp(&current), wanted.cmp(&desired)) {
            (Ordering::Greater, _) => Reason::ScaleUp,
            (Ordering::Less, _) => Reason::ScaleDown,
            (Ordering::Equal, Ordering::Greater) => Reason::AtMaximum,
            (Ordering::Equal, Ordering::Less) => Reason::AtMinimum,
            (Ordering::Equal, Ordering::Equal) => Reason::WithinRange,
        };
        Self {
            metric: Some(metric.to_owned()),
            proposal: Some(wanted),
            stabilised: Some(wanted),
            limited: Some(wanted),
            ..Self::of_group(policy, [current, desired], reason, words)
        }
    }
}

/// An alert condition that a policy file brings with it.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyAlert {
    /// Its name.
    pub name: String,
    /// The counter it watches.
    pub counter: AlertCounter,
    /// It fires while the counter is above this.
    pub above: f64,
    /// What the file wants done; shown, never executed.
    pub action: String,
}

/// Counters that alert conditions may watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertCounter {
    /// Actions since the start that were decided and changed nothing.
    FailedScalingActions,
    /// Actions decided within the last hour.
    ScalingActionsPerHour,
}

/// Where a policy acts on a metric; what figures draw and reports count crossings of.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What it scales.
    pub target: Target,
    /// The metric's name.
    pub metric: String,
    /// Up is called for above this, in the metric's unit.
    pub up: f64,
    /// Down is called for below this.
    pub down: f64,
    /// The value that the policy's file names as its aim, when it names one.
    pub aim: Option<f64>,
}

/// What every policy does.
pub trait ScalingPolicy {
    /// Time between two evaluations.
    fn period(&self) -> SimSpan;
    /// The names of the metrics it wants to see.
    fn metrics(&self) -> Vec<&str> {
        Vec::new()
    }
    /// What it wants to read of the workload, for controllers of Kubernetes.
    fn wants(&self) -> Vec<Want> {
        Vec::new()
    }
    /// What it scales, brokers first.
    fn scales(&self) -> Vec<Target> {
        let mut targets: Vec<Target> =
            self.thresholds().into_iter().map(|threshold| threshold.target).collect();
        targets.dedup();
        if targets.is_empty() { vec![Target::Consumers] } else { targets }
    }
    /// One evaluation; a decision for each target that it scales, brokers first.
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision>;
    /// Where it acts.
    fn thresholds(&self) -> Vec<Threshold> {
        Vec::new()
    }
    /// Alerts that its file defines.
    fn alerts(&self) -> &[PolicyAlert] {
        &[]
    }
}
