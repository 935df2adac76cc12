//! The threshold policy with cooldowns: the autoscaling policy of the exercise.
//!
//! # Rule
//! Two loops, one for brokers and one for the members of a consumer group; each works the same way.
//!
//! - Metrics. `cpu_usage` (percent) and `network_in_bytes` (bytes/s) are means over the brokers in
//!   service, over the last minute. `consumer_lag` is the group's committed lag, summed over its
//!   partitions. `processing_time_ms` is the mean time from poll to processed per record.
//! - Up is called for when *any* metric is above its `scale_up_threshold`; down when *all* metrics
//!   are below their `scale_down_threshold`. A metric that cannot be measured calls for neither and
//!   forbids down.
//! - One step is one `increment` up or one `decrement` down.
//! - Each direction has its own `cooldown`, counted from the last decision in that direction: when
//!   exactly the cooldown has passed, the next decision is allowed.
//! - The policy looks every 60 s, or every `evaluate_every`.
//! - `target` does not act. It is shown.
//! - Brokers stay between `min_brokers` and `max_brokers`, members between `min_consumers` and
//!   partitions × `max_consumers_per_partition`.
//! - An action *fails* when it was decided and nothing changed: at the cap, at the floor, or
//!   because a start failed. A failed action starts its cooldown like any other.
//! - Alerts of the file are evaluated on the run: `failed_scaling_actions` counts since the start,
//!   `scaling_actions_per_hour` counts decisions of the last hour, failed ones included.
//! # Assumes
//! The size that counts is the size wanted so far: members and brokers that are still starting are
//! counted, otherwise every evaluation would ask for them again.
//! # Breaks
//! It knows nothing of time to effect: it asks again after the cooldown, whether or not the last
//! step has already helped.
//! # Source
//! The exercise's `autoscaling-policy.yaml`, whose text leaves the points above open; the readings
//! chosen here are kafsim's and are tested one by one.

use crate::model::policy::{
    Decision, Observation, PolicyAlert, Reason, ScalingPolicy, Target, Threshold,
};
use crate::units::{SimSpan, SimTime, count};

/// A metric with its thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// Its name in the file.
    pub metric: String,
    /// Up is called for above this.
    pub up: f64,
    /// Down is called for below this.
    pub down: f64,
    /// Shown, without effect.
    pub aim: Option<f64>,
}

/// The largest size that a loop allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// A number.
    Fixed(u32),
    /// So many per partition.
    PerPartition(u32),
    /// No bound.
    Unbounded,
}

/// One loop.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdLoop {
    /// What it scales.
    pub target: Target,
    /// Its metrics, in the order of the file.
    pub metrics: Vec<Watched>,
    /// Step up.
    pub increment: u32,
    /// Step down.
    pub decrement: u32,
    /// Time between two decisions up.
    pub cooldown_up: SimSpan,
    /// Time between two decisions down.
    pub cooldown_down: SimSpan,
    /// Smallest size.
    pub least: u32,
    /// Largest size.
    pub most: Most,
    last_up: Option<SimTime>,
    last_down: Option<SimTime>,
}

/// The policy: loops, how often it looks, and alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdPolicy {
    loops: Vec<ThresholdLoop>,
    period: SimSpan,
    alerts: Vec<PolicyAlert>,
}

/// Which way the metrics point, and which metric says so.
enum Call<'m> {
    Up(&'m Watched, f64),
    Down(&'m Watched, f64),
    Nothing,
}

impl ThresholdLoop {
    /// A loop without metrics, steps of one, no cooldowns and no bounds.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            metrics: Vec::new(),
            increment: 1,
            decrement: 1,
            cooldown_up: SimSpan::ZERO,
            cooldown_down: SimSpan::ZERO,
            least: 0,
            most: Most::Unbounded,
            last_up: None,
            last_down: None,
        }
    }

    /// The loop's name in the file.
    pub const fn name(&self) -> &'static str {
        match self.target {
            Target::Brokers => "broker_scaling",
            Target::Consumers => "consumer_scaling",
        }
    }

    fn most(&self, partitions: Option<u32>) -> u32 {
        match self.most {
            Most::Fixed(most) => most,
            Most::PerPartition(each) => {
                partitions.map_or(u32::MAX, |partitions| partitions.saturating_mul(each))
            }
            Most::Unbounded => u32::MAX,
        }
    }

    fn call(&self, observation: &Observation<'_>) -> Call<'_> {
        let values: Vec<Option<f64>> =
            self.metrics.iter().map(|watched| observation.value(&watched.metric)).collect();
        for (watched, value) in self.metrics.iter().zip(&values) {
            if let Some(value) = value.filter(|value| *value > watched.up) {
                return Call::Up(watched, value);
            }
        }
        let below = |(watched, value): (&Watched, &Option<f64>)| {
            value.is_some_and(|value| value < watched.down)
        };
        match (self.metrics.first(), values.first().copied().flatten()) {
            (Some(first), Some(value)) if self.metrics.iter().zip(&values).all(below) => {
                Call::Down(first, value)
            }
            _ => Call::Nothing,
        }
    }

    fn decide(&mut self, now: SimTime, observation: &Observation<'_>, current: u32) -> Decision {
        let (watched, value, up) = match self.call(observation) {
            Call::Up(watched, value) => (watched.clone(), value, true),
            Call::Down(watched, value) => (watched.clone(), value, false),
            Call::Nothing => return self.stay(current),
        };
        let (last, cooldown) = if up {
            (self.last_up, self.cooldown_up)
        } else {
            (self.last_down, self.cooldown_down)
        };
        let proposal = if up {
            current.saturating_add(self.increment)
        } else {
            current.saturating_sub(self.decrement)
        };
        let mut decision = self.stay(current);
        decision.metric = Some(watched.metric.clone());
        decision.proposal = Some(proposal);
        let because = because(&watched, value, up, self.metrics.len());
        if let Some(left) = last.and_then(|last| wait_left(now, last, cooldown)) {
            decision.reason = Reason::CoolingDown;
            decision.words = format!("{because}, but the cooldown has {} left", left.to_prose());
            return decision;
        }
        if up {
            self.last_up = Some(now);
        } else {
            self.last_down = Some(now);
        }
        // A bound stops a step; it never turns a step up into one down, or the reverse.
        let desired = if up {
            proposal.min(self.most(observation.partitions)).max(current)
        } else {
            proposal.max(self.least).min(current)
        };
        decision.stabilised = Some(proposal);
        decision.limited = Some(proposal);
        decision.desired = desired;
        decision.action = true;
        (decision.reason, decision.words) = match (up, desired == current) {
            (true, false) => (Reason::ScaleUp, format!("{because}: {current} → {desired}")),
            (false, false) => (Reason::ScaleDown, format!("{because}: {current} → {desired}")),
            (true, true) => {
                (Reason::AtMaximum, format!("{because}, but {current} is the most it may have"))
            }
            (false, true) => {
                (Reason::AtMinimum, format!("{because}, but {current} is the least it may have"))
            }
        };
        decision
    }

    fn stay(&self, current: u32) -> Decision {
        Decision {
            policy: self.name().to_owned(),
            target: self.target,
            current,
            metric: None,
            proposal: Some(current),
            stabilised: Some(current),
            limited: Some(current),
            desired: current,
            reason: Reason::WithinRange,
            action: false,
            words: "no metric is above its upper threshold, not all are below their lower".into(),
        }
    }
}

/// The time that a cooldown still has to run.
fn wait_left(now: SimTime, last: SimTime, cooldown: SimSpan) -> Option<SimSpan> {
    let left = cooldown.saturating_sub(now.saturating_since(last));
    (!left.is_zero()).then_some(left)
}

fn because(watched: &Watched, value: f64, up: bool, metrics: usize) -> String {
    let (value, metric) = (count(value), &watched.metric);
    match (up, metrics) {
        (true, _) => format!("{metric} {value} is above {}", count(watched.up)),
        (false, 1) => format!("{metric} {value} is below {}", count(watched.down)),
        (false, _) => format!(
            "all metrics are below their lower thresholds ({metric} {value}, threshold {})",
            count(watched.down)
        ),
    }
}

impl ThresholdPolicy {
    /// A policy of loops, brokers first.
    pub fn new(loops: Vec<ThresholdLoop>, period: SimSpan, alerts: Vec<PolicyAlert>) -> Self {
        Self { loops, period, alerts }
    }
    /// Its loops.
    pub fn loops(&self) -> &[ThresholdLoop] {
        &self.loops
    }
    /// The same policy without cooldowns and bounds, as the exercise's script would apply it:
    /// `least` is the size below which the script does not go.
    pub fn unbounded(&self, least: impl Fn(Target) -> u32) -> Self {
        let mut policy = self.clone();
        for one in &mut policy.loops {
            (one.cooldown_up, one.cooldown_down) = (SimSpan::ZERO, SimSpan::ZERO);
            (one.least, one.most) = (least(one.target), Most::Unbounded);
        }
        policy
    }
}

impl ScalingPolicy for ThresholdPolicy {
    fn period(&self) -> SimSpan {
        self.period
    }
    fn metrics(&self) -> Vec<&str> {
        self.loops.iter().flat_map(|one| &one.metrics).map(|w| w.metric.as_str()).collect()
    }
    fn thresholds(&self) -> Vec<Threshold> {
        let of_loop = |one: &ThresholdLoop| {
            let target = one.target;
            let line = move |watched: &Watched| Threshold {
                target,
                metric: watched.metric.clone(),
                up: watched.up,
                down: watched.down,
                aim: watched.aim,
            };
            one.metrics.iter().map(line).collect::<Vec<_>>()
        };
        self.loops.iter().flat_map(of_loop).collect()
    }
    fn alerts(&self) -> &[PolicyAlert] {
        &self.alerts
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let mut decisions = Vec::with_capacity(self.loops.len());
        for one in &mut self.loops {
            let current = match one.target {
                Target::Brokers => Some(observation.brokers),
                Target::Consumers => observation.consumers,
            };
            if let Some(current) = current {
                decisions.push(one.decide(now, observation, current));
            }
        }
        decisions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Sample;

    fn policy() -> ThresholdPolicy {
        let watched =
            |metric: &str, up, down| Watched { metric: metric.to_owned(), up, down, aim: None };
        let mut one = ThresholdLoop::new(Target::Consumers);
        one.metrics = vec![
            watched("consumer_lag", 100_000.0, 1_000.0),
            watched("processing_time_ms", 200.0, 50.0),
        ];
        (one.increment, one.decrement) = (2, 1);
        (one.cooldown_up, one.cooldown_down) = (SimSpan::from_secs(300), SimSpan::from_secs(900));
        (one.least, one.most) = (3, Most::PerPartition(1));
        ThresholdPolicy::new(vec![one], SimSpan::from_secs(60), Vec::new())
    }

    fn ask(
        policy: &mut ThresholdPolicy,
        secs: u64,
        lag: Option<f64>,
        time: Option<f64>,
        members: u32,
    ) -> Decision {
        let samples = [
            Sample { metric: "consumer_lag", value: lag },
            Sample { metric: "processing_time_ms", value: time },
        ];
        let observation = Observation {
            samples: &samples,
            brokers: 3,
            consumers: Some(members),
            partitions: Some(12),
            workload: None,
        };
        policy.decide(SimTime::ZERO + SimSpan::from_secs(secs), &observation).remove(0)
    }

    #[test]
    fn any_metric_calls_up_and_all_call_down() {
        let up = ask(&mut policy(), 0, Some(100_001.0), Some(10.0), 6);
        assert_eq!((up.desired, up.reason), (8, Reason::ScaleUp));
        assert_eq!(up.words, "consumer_lag 100 k is above 100 k: 6 → 8");
        let up = ask(&mut policy(), 0, Some(0.0), Some(201.0), 6);
        assert_eq!((up.desired, up.metric.as_deref()), (8, Some("processing_time_ms")));
        let stays = ask(&mut policy(), 0, Some(100_000.0), Some(200.0), 6);
        assert_eq!((stays.desired, stays.action), (6, false), "a threshold itself is not above");
        let stays = ask(&mut policy(), 0, Some(999.0), Some(50.0), 6);
        assert_eq!(stays.desired, 6, "one metric at its lower threshold forbids down");
        let down = ask(&mut policy(), 0, Some(999.0), Some(49.0), 6);
        assert_eq!((down.desired, down.reason), (5, Reason::ScaleDown));
    }

    #[test]
    fn an_unmeasured_metric_forbids_down_and_does_not_hide_up() {
        assert!(!ask(&mut policy(), 0, Some(0.0), None, 6).action);
        assert_eq!(ask(&mut policy(), 0, None, Some(500.0), 6).desired, 8);
    }

    #[test]
    fn each_direction_cools_down_from_its_own_decision() {
        let mut policy = policy();
        assert_eq!(ask(&mut policy, 0, Some(2e5), Some(1.0), 6).desired, 8);
        let waits = ask(&mut policy, 299, Some(2e5), Some(1.0), 8);
        assert_eq!((waits.desired, waits.reason), (8, Reason::CoolingDown));
        assert!(!waits.action);
        assert_eq!(ask(&mut policy, 299, Some(0.0), Some(1.0), 8).desired, 7, "down is free");
        assert_eq!(ask(&mut policy, 300, Some(2e5), Some(1.0), 7).desired, 9, "exactly the edge");
    }

    #[test]
    fn bounds_make_actions_fail_or_shorten_them() {
        let mut policy = policy();
        let short = ask(&mut policy, 0, Some(2e5), Some(1.0), 11);
        assert_eq!((short.desired, short.limited), (12, Some(13)));
        let failed = ask(&mut policy, 300, Some(2e5), Some(1.0), 12);
        assert_eq!((failed.desired, failed.reason), (12, Reason::AtMaximum));
        assert!(failed.action, "it was decided, and nothing changed");
        let cools = ask(&mut policy, 360, Some(2e5), Some(1.0), 12);
        assert_eq!(cools.reason, Reason::CoolingDown, "a failed action cools down too");
        let floor = ask(&mut policy, 400, Some(0.0), Some(1.0), 3);
        assert_eq!((floor.desired, floor.reason), (3, Reason::AtMinimum));
    }
}
