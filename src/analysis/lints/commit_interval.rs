//! A lag threshold against the lag that commits in intervals leave.
//!
//! A group that keeps up commits every I seconds, so between two commits up to r · I records are
//! processed and not committed, r · I / 2 on average over members whose phases differ. What
//! exporters and autoscalers see never falls below that.

use super::{Case, Evidence, Found, number};
use crate::model::policies::{HpaMetric, HpaTarget, Policy};
use crate::model::policy::{ScalingPolicy, Target};
use crate::units::count;

pub(super) fn rule(case: &Case<'_>) -> Option<Found> {
    let interval = case.commit_interval()?.as_secs_f64();
    let [mean, peak] = case.arrivals();
    let at = |rate: f64| rate * interval / 2.0;
    let evidence = vec![
        number("arrivals, mean", mean, "records/s"),
        number("arrivals, busiest", peak, "records/s"),
        number("auto.commit.interval.ms", interval * 1e3, "ms"),
        number("committed lag at rest, mean load", at(mean), "records"),
        number("committed lag at rest, busiest", at(peak), "records"),
        number("just before commits, busiest", peak * interval, "records"),
    ];
    match case.policy() {
        Policy::Keda(keda) => {
            let spec = keda.spec();
            let own = spec.triggers.iter().filter(|one| one.group == case.group.name && !one.value);
            let least = own.map(|one| one.lag_threshold).min()? as f64;
            let bounds = [f64::from(spec.min.max(1)), spec.limits.max as f64];
            asks(case, "lagThreshold", least, bounds, at, evidence)
        }
        Policy::Hpa(hpa) => {
            let target = |metric: &HpaMetric| match metric.target {
                HpaTarget::AverageValue(milli) if metric.name == "consumer_lag" => Some(milli),
                _ => None,
            };
            let least = hpa.watched().iter().filter_map(target).min()? as f64 / 1e3;
            let bounds = [hpa.limits().min as f64, hpa.limits().max as f64];
            asks(case, "averageValue", least, bounds, at, evidence)
        }
        policy => {
            let own = policy.thresholds();
            let mut own = own.iter().filter(|one| one.target == Target::Consumers);
            let line = own.find(|one| one.metric == "consumer_lag")?;
            thresholds([line.up, line.down], at(mean), evidence)
        }
    }
}

/// A target of lag for each replica: what the lag at rest alone asks for.
fn asks(
    case: &Case<'_>,
    key: &str,
    target: f64,
    [min, max]: [f64; 2],
    at: impl Fn(f64) -> f64,
    mut evidence: Vec<Evidence>,
) -> Option<Found> {
    let needed = |rate: f64| (rate / case.member_rate()).ceil().max(min);
    let asked = |rate: f64| (at(rate) / target).ceil().clamp(min, max);
    let [mean, peak] = case.arrivals();
    let excess = |rate: f64| asked(rate) - needed(rate);
    let rate = if excess(peak) >= excess(mean) { peak } else { mean };
    if target <= 0.0 || excess(rate) < 1.0 {
        return None;
    }
    evidence.push(number("lag for each replica", target, "records"));
    evidence.push(number("replicas that the lag at rest asks for", asked(rate), "replicas"));
    evidence.push(number("replicas that the load needs", needed(rate), "replicas"));
    let enough = (at(peak) / needed(peak)).ceil();
    Some(Found {
        words: format!(
            "At {} records/s a group that keeps up shows {} records of lag, because offsets are \
             committed in intervals; {key} {} makes {} replicas of it where {} carry the load.",
            count(rate),
            count(at(rate)),
            count(target),
            count(asked(rate)),
            count(needed(rate)),
        ),
        advice: format!("a {key} above {}, or a shorter auto.commit.interval.ms", count(enough)),
        evidence,
    })
}

/// An upper and a lower threshold: which of them the lag at rest keeps from being reached.
fn thresholds([up, down]: [f64; 2], rest: f64, mut evidence: Vec<Evidence>) -> Option<Found> {
    let (limit, never) = if rest > up {
        (up, "scales out for as long as it may")
    } else if rest >= down {
        (down, "never scales in")
    } else {
        return None;
    };
    evidence.push(number("threshold", limit, "records"));
    Some(Found {
        words: format!(
            "At the mean load a group that keeps up shows {} records of lag, because offsets are \
             committed in intervals; against a threshold of {} the policy {never}.",
            count(rest),
            count(limit)
        ),
        advice: format!("a threshold above {}, or a shorter auto.commit.interval.ms", count(rest)),
        evidence,
    })
}
