//! Alerts that policy files define, evaluated on the decisions of a run.

use crate::metrics::{AlertEntry, DecisionEntry, Run};
use crate::model::policy::{AlertCounter, PolicyAlert, ScalingPolicy};
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};

const HOUR: SimSpan = SimSpan::from_secs(3_600);

/// The alerts of all policies that fired, in the order of time.
///
/// `failed_scaling_actions` counts since the start and never falls; `scaling_actions_per_hour`
/// counts decisions of the last hour, failed ones included. An alert fires while its counter is
/// above its number.
pub fn alerts(scenario: &Scenario, run: &Run) -> Vec<AlertEntry> {
    let end = SimTime::ZERO.saturating_add(run.duration);
    let policies = scenario.autoscaling.iter().map(|scaler| &scaler.policy);
    let mut fired: Vec<AlertEntry> = policies
        .flat_map(ScalingPolicy::alerts)
        .flat_map(|alert| firings(alert, &run.decisions, end))
        .collect();
    fired.sort_by(|a, b| a.fired_at.cmp(&b.fired_at).then_with(|| a.name.cmp(&b.name)));
    fired
}

fn firings(alert: &PolicyAlert, decisions: &[DecisionEntry], end: SimTime) -> Vec<AlertEntry> {
    let mut fired = Vec::new();
    let mut since = None;
    let mut count = 0.0;
    for (at, change) in changes(alert.counter, decisions, end) {
        count += change;
        match (since, count > alert.above) {
            (None, true) => since = Some(at),
            (Some(start), false) => {
                fired.push((start, at));
                since = None;
            }
            _ => {}
        }
    }
    fired.extend(since.map(|start| (start, end)));
    let entry = |(from, to): (SimTime, SimTime)| AlertEntry {
        name: alert.name.clone(),
        fired_at: from,
        lasted: to - from,
        action: alert.action.clone(),
    };
    fired.into_iter().map(entry).collect()
}

/// When the counter changes, and by how much; a decision leaves the hour before another enters it.
fn changes(
    counter: AlertCounter,
    decisions: &[DecisionEntry],
    end: SimTime,
) -> Vec<(SimTime, f64)> {
    let mut changes: Vec<(SimTime, f64)> = Vec::new();
    for decision in decisions {
        match counter {
            AlertCounter::FailedScalingActions if decision.failed => {
                changes.push((decision.at, 1.0));
            }
            AlertCounter::FailedScalingActions => {}
            AlertCounter::ScalingActionsPerHour => {
                changes.push((decision.at, 1.0));
                let leaves = decision.at.saturating_add(HOUR);
                if leaves < end {
                    changes.push((leaves, -1.0));
                }
            }
        }
    }
    changes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(60 * minutes)
    }

    fn decisions(minutes: &[u64], failed: bool) -> Vec<DecisionEntry> {
        let decision = |minute: &u64| DecisionEntry {
            at: at(*minute),
            policy: "consumer_scaling".into(),
            target: "billing".into(),
            from: 6,
            to: if failed { 6 } else { 8 },
            reason: "ScaleUp".into(),
            words: String::new(),
            failed,
            effective_after: None,
            capacity_before: None,
            capacity_after: None,
        };
        minutes.iter().map(decision).collect()
    }

    fn alert(counter: AlertCounter, above: f64) -> PolicyAlert {
        PolicyAlert { name: "a".into(), counter, above, action: String::new() }
    }

    #[test]
    fn failures_count_since_the_start() {
        let list = decisions(&[0, 5, 10, 100], true);
        let fired = firings(&alert(AlertCounter::FailedScalingActions, 3.0), &list, at(300));
        assert_eq!(fired.len(), 1);
        assert_eq!((fired[0].fired_at, fired[0].lasted), (at(100), SimSpan::from_secs(12_000)));
    }

    #[test]
    fn an_hour_slides() {
        let counter = AlertCounter::ScalingActionsPerHour;
        let list = decisions(&[0, 10, 20, 30, 40, 50, 60, 70], false);
        let fired = firings(&alert(counter, 5.0), &list, at(300));
        // The sixth comes at 50; at 60 and 70 one leaves as one comes, at 80 the third leaves.
        assert_eq!(fired.len(), 3, "{fired:?}");
        assert_eq!(fired[0].fired_at, at(50));
        assert_eq!(fired[2].fired_at + fired[2].lasted, at(80));
        assert!(firings(&alert(counter, 6.0), &list, at(300)).is_empty());
    }
}
