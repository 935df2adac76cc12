//! What the exercise's shell script would claim.
//!
//! `simulate-autoscaling.sh` computes an hour's CPU as 30 × multiplier and its lag as 50,000 ×
//! multiplier, compares them with the policy's thresholds and adds or removes brokers and members
//! at once: no cooldown, no cap, no start-up, no rebalance, no data to move, and nothing it does
//! changes the next hour's metrics. kafsim runs the same rules through the same policy so that a
//! reader can see what the closed loop adds.

use crate::metrics::Run;
use crate::model::policies::{Policy, ThresholdPolicy};
use crate::model::policy::{Observation, Sample, ScalingPolicy, Target};
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};

/// Sizes at the end of the script's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Brokers.
    pub brokers: u32,
    /// Members of the group.
    pub consumers: u32,
}

/// Multipliers of the script's hours: 2.5 in hours 9 to 17, 1.5 in hours 6 to 20, else 0.5.
pub const EXERCISE_DAY: [f64; 24] = {
    let mut day = [0.5; 24];
    let mut hour = 6;
    while hour <= 20 {
        day[hour] = if hour >= 9 && hour <= 17 { 2.5 } else { 1.5 };
        hour += 1;
    }
    day
};

/// The script's CPU in percent and lag in records at multiplier 1.
const CPU: f64 = 30.0;
const LAG: f64 = 50_000.0;

/// The script's rules as intended: each hour the policy's thresholds, without cooldowns and caps,
/// and never below the sizes at the start.
pub fn claim(policy: &ThresholdPolicy, start: Claim, multipliers: &[f64]) -> Claim {
    let least = |target| match target {
        Target::Brokers => start.brokers,
        Target::Consumers => start.consumers,
    };
    let mut policy = policy.unbounded(least);
    let mut size = start;
    for (hour, multiplier) in multipliers.iter().enumerate() {
        let now = SimTime::ZERO + SimSpan::from_secs(3_600 * hour as u64);
        // Metrics that the script does not compute must neither call for up nor forbid down.
        let samples = [
            Sample { metric: "cpu_usage", value: Some(CPU * multiplier) },
            Sample { metric: "network_in_bytes", value: Some(0.0) },
            Sample { metric: "consumer_lag", value: Some(LAG * multiplier) },
            Sample { metric: "processing_time_ms", value: Some(0.0) },
        ];
        let decisions = policy.decide(
            now,
            &Observation {
                samples: &samples,
                brokers: size.brokers,
                consumers: Some(size.consumers),
                partitions: None,
                workload: None,
            },
        );
        for decision in decisions {
            match decision.target {
                Target::Brokers => size.brokers = decision.desired,
                Target::Consumers => size.consumers = decision.desired,
            }
        }
    }
    size
}

/// The script as bash runs it: `bc` prints a product with the decimals of its factors, and the
/// integer test `[ 75.0 -gt 70 ]` is an error, which `if` takes for false.
pub fn literal_claim(policy: &ThresholdPolicy, start: Claim, multipliers: &[f64]) -> Claim {
    let mut size = start;
    for multiplier in multipliers {
        for one in policy.loops() {
            let Some(watched) = one.metrics.first() else { continue };
            let (anchor, size, floor) = match one.target {
                Target::Brokers => (CPU, &mut size.brokers, start.brokers),
                Target::Consumers => (LAG, &mut size.consumers, start.consumers),
            };
            // The multipliers are written with one decimal.
            let printed = format!("{:.1}", anchor * multiplier);
            let Ok(value) = printed.parse::<i64>() else { continue };
            if value > watched.up as i64 {
                *size += one.increment;
            } else if value < watched.down as i64 && *size > floor {
                *size -= one.decrement;
            }
        }
    }
    size
}

/// The sentence about the script, for a policy of thresholds over a whole day.
pub(super) fn remark(scenario: &Scenario, run: &Run) -> Option<String> {
    let (policy, scaler) = scenario.autoscaling.iter().find_map(|scaler| match &scaler.policy {
        Policy::Threshold(policy) => Some((policy, scaler)),
        _ => None,
    })?;
    let group = &scenario.groups[scaler.group?.index()];
    let whole_day = scenario.duration == SimSpan::from_secs(86_400);
    if !scaler.brokers || !whole_day {
        return None;
    }
    let start = Claim { brokers: scenario.cluster.brokers.len() as u32, consumers: group.members };
    let claimed = claim(policy, start, &EXERCISE_DAY);
    let literal = literal_claim(policy, start, &EXERCISE_DAY);
    let last = |name: &str, entity: &str| {
        run.series(name, entity).and_then(|s| s.points.last()).map_or(0.0, |point| point.1)
    };
    Some(format!(
        "The exercise's script would claim {} brokers and {} members at the end of the day by its \
         intended rules (no cooldown, no cap, no delay), and {} and {} as bash really runs it, \
         where `75.0` is no integer and every test fails; the closed loop ends at {} brokers and \
         {} members.",
        claimed.brokers,
        claimed.consumers,
        literal.brokers,
        literal.consumers,
        last("brokers_desired", "cluster"),
        last("members_desired", &group.name),
    ))
}
