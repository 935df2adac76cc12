//! KEDA: a `ScaledObject` with Kafka triggers and the horizontal pod autoscaler that it creates.
//!
//! # Rule
//! Every pollingInterval KEDA itself decides between 0 (or idleReplicaCount) and the minimum:
//! active at 0 or idle → max(minimum, 1) at once; not active for longer than cooldownPeriod since
//! the last active poll (initialCooldownPeriod since creation when there was none) → 0 or idle,
//! from any size. Everything above is the autoscaler's, every 15 s, which reads the triggers
//! itself. When both fall together the poll comes first and each queries for itself.
//! # Assumes
//! Both clocks start at the creation of the object. With exact times a poll at exactly the cooldown
//! still waits (a strict comparison). On a cluster a poll takes a moment and the times it compares
//! with are cut to seconds, so that the same poll acts: [`KedaPolicy::on_a_cluster`].
//! # Breaks
//! Pausing annotations hold from the start; nobody edits the object during the run. While paused
//! KEDA has removed the autoscaler, so there are no syncs.
//! # Source
//! KEDA `pkg/scaling/executor/scale_scaledobjects.go`, `controllers/keda/hpa.go`.

use super::hpa::{HpaPolicy, SYNC};
use super::hpa_limits::{Limits, Select};
use super::hpa_metrics::{HpaMetric, HpaSource, HpaTarget, Tolerance};
use super::keda_lag::KafkaTrigger;
pub use super::keda_triggers::{Fallback, FallbackBehavior, Health};
use super::keda_triggers::{Outcome, Triggers};
use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::model::workload::{Reading, Want, Workload};
use crate::units::{SimSpan, SimTime};

/// What annotations forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pauses {
    /// Everything stands still, at a number of replicas when one is given.
    pub all: Option<Option<u32>>,
    /// Nothing is scaled in.
    pub scale_in: bool,
    /// Nothing is scaled out.
    pub scale_out: bool,
    /// The triggers count as active.
    pub force_activation: bool,
}

/// A `ScaledObject` as its manifest says it.
#[derive(Debug, Clone, PartialEq)]
pub struct KedaSpec {
    /// `metadata.name`.
    pub name: String,
    /// Triggers, at least one.
    pub triggers: Vec<KafkaTrigger>,
    /// Time between polls.
    pub polling: SimSpan,
    /// From the last active poll to the step down to 0 or idle.
    pub cooldown: SimSpan,
    /// The same from creation while there was no active poll.
    pub initial_cooldown: SimSpan,
    /// Replicas while nothing is active, below the minimum.
    pub idle: Option<u32>,
    /// Smallest number of replicas while active, 0 allowed.
    pub min: u32,
    /// The autoscaler's bounds and behaviour; its minimum is at least 1.
    pub limits: Limits,
    /// The autoscaler's tolerance.
    pub tolerance: Tolerance,
    /// What happens when triggers fail.
    pub fallback: Option<Fallback>,
    /// What annotations forbid.
    pub pauses: Pauses,
}

/// A `ScaledObject` with what KEDA and the autoscaler remember.
#[derive(Debug, Clone, PartialEq)]
pub struct KedaPolicy {
    spec: Box<KedaSpec>,
    triggers: Triggers,
    hpa: HpaPolicy,
    cut_to_seconds: bool,
    created: Option<SimTime>,
    last_active: Option<SimTime>,
}

impl KedaPolicy {
    /// A policy that has never polled. An annotation that pauses one direction switches it off in
    /// `behavior`, which thereby exists.
    pub fn new(spec: KedaSpec) -> Self {
        let metric = |trigger: &KafkaTrigger| {
            let milli = trigger.lag_threshold.saturating_mul(1_000);
            let target = if trigger.value {
                HpaTarget::Value(milli)
            } else {
                HpaTarget::AverageValue(milli)
            };
            HpaMetric { source: HpaSource::External, name: trigger.metric.clone(), target }
        };
        let metrics = spec.triggers.iter().map(metric).collect();
        let mut limits = spec.limits.clone();
        if spec.pauses.scale_in {
            limits.behavior.get_or_insert_default().down.select = Select::Disabled;
        }
        if spec.pauses.scale_out {
            limits.behavior.get_or_insert_default().up.select = Select::Disabled;
        }
        Self {
            hpa: HpaPolicy::new(spec.name.clone(), metrics, limits, spec.tolerance),
            triggers: Triggers::new(spec.triggers.clone(), spec.fallback),
            spec: Box::new(spec),
            cut_to_seconds: false,
            created: None,
            last_active: None,
        }
    }

    /// What its manifest says.
    pub fn spec(&self) -> &KedaSpec {
        &self.spec
    }

    /// How the queries go; `None` before the first poll and while everything is paused.
    pub fn health(&self) -> Option<Health> {
        self.triggers.health()
    }

    /// The same with the rounding of a cluster's clock.
    pub fn on_a_cluster(mut self) -> Self {
        self.cut_to_seconds = true;
        self
    }

    /// The consumer groups that its triggers watch.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.triggers.iter().map(|trigger| trigger.group.as_str())
    }

    fn cooled_down(&self, now: SimTime, created: SimTime) -> bool {
        let (since, wait) = match self.last_active {
            Some(active) => (active, self.spec.cooldown),
            None => (created, self.spec.initial_cooldown),
        };
        if self.cut_to_seconds {
            let second = 1_000_000_000;
            let since = SimTime::from_nanos(since.as_nanos() / second * second);
            now.saturating_since(since) >= wait
        } else {
            now.saturating_since(since) > wait
        }
    }

    fn poll(&mut self, now: SimTime, created: SimTime, workload: &Workload<'_>) -> Decision {
        let current = workload.spec;
        if let Some(at) = self.spec.pauses.all {
            return self.polled(current, at.unwrap_or(current), Reason::Paused, None);
        }
        let Some(outcomes) = self.triggers.poll(workload) else {
            return self.polled(current, current, Reason::NoScaler, None);
        };
        let first = outcomes.iter().position(|outcome| outcome.active);
        let metric = first.and_then(|index| self.triggers.iter().nth(index));
        let metric = metric.map(|trigger| trigger.metric.clone());
        let failed = outcomes.iter().any(|outcome: &Outcome| outcome.metric.is_none());
        let (desired, reason) = if first.is_some() || self.spec.pauses.force_activation {
            self.while_active(now, current, failed)
        } else {
            self.while_inactive(now, created, current, failed)
        };
        self.polled(current, desired, reason, metric)
    }

    fn while_active(&mut self, now: SimTime, current: u32, failed: bool) -> (u32, Reason) {
        let resting = current == 0 || (self.spec.idle.is_some() && current < self.spec.min);
        if resting && self.spec.pauses.scale_out {
            return (current, Reason::Paused);
        }
        if resting {
            self.last_active = Some(now);
            return (self.spec.min.max(1), Reason::Activated);
        }
        if failed {
            return (current, Reason::PartialTriggerError);
        }
        self.last_active = Some(now);
        (current, Reason::Active)
    }

    fn while_inactive(
        &self,
        now: SimTime,
        created: SimTime,
        current: u32,
        failed: bool,
    ) -> (u32, Reason) {
        // A fallback to 0 replicas does not keep a failing workload alive.
        if failed && self.spec.fallback.is_none_or(|fallback| fallback.replicas != 0) {
            return (current, Reason::TriggerError);
        }
        let rests_at = match self.spec.idle {
            Some(idle) if current > idle => Some(idle),
            _ if self.spec.min == 0 && current > 0 => Some(self.spec.idle.unwrap_or(0)),
            _ => None,
        };
        match rests_at {
            Some(_) if self.spec.pauses.scale_in => (current, Reason::Paused),
            Some(size) if self.cooled_down(now, created) => (size, Reason::Deactivated),
            Some(_) => (current, Reason::CoolingDown),
            None if self.spec.idle.is_none() && current < self.spec.min => {
                (self.spec.min, Reason::RaisedToMin)
            }
            None => (current, Reason::Inactive),
        }
    }

    fn polled(
        &self,
        current: u32,
        desired: u32,
        reason: Reason,
        metric: Option<String>,
    ) -> Decision {
        let step = if desired == current {
            format!("stays at {current}")
        } else {
            format!("{current} → {desired}")
        };
        let (policy, words) =
            (format!("{}/poll", self.spec.name), format!("{step}: {}", why(reason)));
        let decision = Decision::of_group(&policy, [current, desired], reason, words);
        Decision { metric, ..decision }
    }

    fn sync(&mut self, now: SimTime, workload: &Workload<'_>) -> Decision {
        let Self { hpa, triggers, .. } = self;
        hpa.sync(now, workload.spec, |index, metric, tolerance| {
            let quantity = triggers.read(index, workload)?;
            metric.proposal(Reading::Quantity(Some(quantity)), workload, tolerance)
        })
    }
}

/// What a reason of a poll means.
fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Activated => "triggers are active, scaled from zero or idle",
        Reason::Active => "triggers are active, the autoscaler decides",
        Reason::PartialTriggerError => "triggers are active, but some do not work",
        Reason::TriggerError => "triggers do not work",
        Reason::Deactivated => "triggers were not active for the whole cooldown",
        Reason::CoolingDown => "triggers are not active, cooling down",
        Reason::RaisedToMin => "below the minimum without being active",
        Reason::Paused => "paused by an annotation",
        Reason::NoScaler => "brokers do not answer, so there is no scaler to ask",
        _ => "triggers are not active",
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl ScalingPolicy for KedaPolicy {
    /// The longest time of which both the polls and the syncs are multiples.
    fn period(&self) -> SimSpan {
        let common = greatest_common_divisor(self.spec.polling.as_nanos(), SYNC.as_nanos());
        SimSpan::from_nanos(common)
    }
    fn wants(&self) -> Vec<Want> {
        let want = |trigger: &KafkaTrigger| Want::Offsets {
            name: trigger.metric.clone(),
            group: trigger.group.clone(),
            topic: trigger.topic.clone(),
        };
        self.triggers.iter().map(want).collect()
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(workload) = observation.workload else { return Vec::new() };
        let created = *self.created.get_or_insert(now);
        let age = now.saturating_since(created).as_nanos();
        let mut decisions = Vec::new();
        let mut spec = workload.spec;
        if age.is_multiple_of(self.spec.polling.as_nanos()) {
            let poll = self.poll(now, created, &workload);
            if workload.follows {
                spec = poll.desired;
            }
            decisions.push(poll);
        }
        if age.is_multiple_of(SYNC.as_nanos()) && self.spec.pauses.all.is_none() {
            decisions.push(self.sync(now, &Workload { spec, ..workload }));
        }
        decisions
    }
}
