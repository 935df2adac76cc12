//! Objectives: met or not, by how much, during which share of the time.

use crate::metrics::{ObjectiveOutcome, Run, Series, Shape, TimeWeighted};
use crate::scenario::{Comparison, Metric, Objective, Scenario, Stat, Window};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// The verdict on every objective of a scenario, after the warm-up.
pub fn objectives(scenario: &Scenario, run: &Run) -> Vec<ObjectiveOutcome> {
    scenario.slo.iter().map(|objective| outcome(objective, scenario, run)).collect()
}

fn outcome(objective: &Objective, scenario: &Scenario, run: &Run) -> ObjectiveOutcome {
    let (series, unit) = match objective.metric {
        Metric::Lag(group) => {
            let name = &scenario.groups[group.index()].name;
            (run.series("lag_records", name).cloned(), "records")
        }
        Metric::LagSeconds(group) => {
            let name = &scenario.groups[group.index()].name;
            (run.series("lag_seconds", name).cloned(), "s")
        }
        Metric::BrokerCpu => (mean_cpu(run), "share"),
    };
    let from = SimTime::ZERO.saturating_add(run.warm_up);
    let to = SimTime::ZERO.saturating_add(run.duration);
    let verdict = series.and_then(|series| judge(objective, &series, from, to));
    ObjectiveOutcome {
        expression: objective.text.clone(),
        met: verdict.map(|verdict| verdict.met),
        value: verdict.map(|verdict| verdict.value),
        limit: objective.limit,
        unit,
        share: verdict.and_then(|verdict| verdict.share),
    }
}

/// The mean over the brokers that have a point at each instant.
fn mean_cpu(run: &Run) -> Option<Series> {
    let mut sums: BTreeMap<SimTime, (f64, f64)> = BTreeMap::new();
    for series in run.series_named("cpu_utilisation") {
        // The first point only marks when the series begins.
        for (at, value) in series.points.iter().skip(1) {
            let sum = sums.entry(*at).or_insert((0.0, 0.0));
            sum.0 += value;
            sum.1 += 1.0;
        }
    }
    let first = run.series_named("cpu_utilisation").next()?.points.first().copied()?;
    let means = sums.into_iter().map(|(at, (sum, count))| (at, sum / count));
    Some(Series {
        name: "cpu_utilisation".into(),
        entity: "cluster".into(),
        unit: "share",
        shape: Shape::Mean,
        points: std::iter::once(first).chain(means).collect(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Verdict {
    met: bool,
    /// Over the run, or the worst window.
    value: f64,
    share: Option<f64>,
}

fn judge(objective: &Objective, series: &Series, from: SimTime, to: SimTime) -> Option<Verdict> {
    let holds = |value: f64| objective.comparison.holds(value, objective.limit);
    let value = TimeWeighted::of(series, from, to);
    match objective.window {
        Window::Run => {
            let value = statistic(&value, objective.stat, objective.comparison)?;
            Some(Verdict { met: holds(value), value, share: None })
        }
        Window::Time { share } => {
            let below = value.share_at_most(objective.limit);
            let held = match objective.comparison {
                Comparison::Below | Comparison::AtMost => below,
                Comparison::Above | Comparison::AtLeast => 1.0 - below,
            };
            let worst = statistic(&value, objective.stat, objective.comparison)?;
            Some(Verdict { met: held >= share, value: worst, share: Some(held) })
        }
        Window::Windows { share, span } => {
            let (mut good, mut all, mut worst) = (0.0, 0.0, None::<f64>);
            let mut start = from;
            while start < to {
                let end = start.saturating_add(span).min(to);
                let window = TimeWeighted::of(series, start, end);
                if let Some(value) = statistic(&window, objective.stat, objective.comparison) {
                    all += 1.0;
                    good += if holds(value) { 1.0 } else { 0.0 };
                    worst = Some(worst.map_or(value, |w| worse(objective.comparison, w, value)));
                }
                start = end;
            }
            let held = if all > 0.0 { good / all } else { return None };
            Some(Verdict { met: held >= share, value: worst?, share: Some(held) })
        }
    }
}

fn worse(comparison: Comparison, a: f64, b: f64) -> f64 {
    match comparison {
        Comparison::Below | Comparison::AtMost => a.max(b),
        Comparison::Above | Comparison::AtLeast => a.min(b),
    }
}

/// The statistic of a window; without one, the worst value.
fn statistic(value: &TimeWeighted, stat: Option<Stat>, comparison: Comparison) -> Option<f64> {
    match (stat, comparison) {
        (Some(Stat::Mean), _) => value.mean(),
        (Some(Stat::Max), _) | (None, Comparison::Below | Comparison::AtMost) => value.max(),
        (None, Comparison::Above | Comparison::AtLeast) => value.min(),
        (Some(Stat::Quantile(q)), _) => value.quantile(q),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::GroupId;
    use crate::units::SimSpan;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(secs)
    }

    fn check(window: Window, stat: Option<Stat>, limit: f64) -> Verdict {
        // Up to 100 in 100 s, back in 100 s, then nothing for 200 s.
        let series = Series {
            name: "lag_records".into(),
            entity: "billing".into(),
            unit: "records",
            shape: Shape::Linear,
            points: vec![(at(0), 0.0), (at(100), 100.0), (at(200), 0.0), (at(400), 0.0)],
        };
        let objective = Objective {
            text: String::new(),
            metric: Metric::Lag(GroupId(0)),
            stat,
            comparison: Comparison::Below,
            limit,
            window,
        };
        judge(&objective, &series, at(0), at(400)).unwrap()
    }

    #[test]
    fn shares_of_time_are_exact() {
        let verdict = check(Window::Time { share: 0.75 }, None, 50.0);
        assert!((verdict.share.unwrap() - 0.75).abs() < 1e-12);
        assert!(verdict.met && (verdict.value - 100.0).abs() < 1e-12);
    }

    #[test]
    fn windows_are_judged_by_their_statistic() {
        let windows = Window::Windows { share: 0.75, span: SimSpan::from_secs(100) };
        let verdict = check(windows, Some(Stat::Mean), 50.0);
        assert!((verdict.share.unwrap() - 0.5).abs() < 1e-12, "two of four have mean 50");
        assert!(!verdict.met);
        let verdict = check(windows, Some(Stat::Max), 100.5);
        assert!(verdict.met && (verdict.share.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_a_window_the_run_is_one() {
        let verdict = check(Window::Run, Some(Stat::Mean), 26.0);
        assert!(verdict.met && (verdict.value - 25.0).abs() < 1e-12);
        assert_eq!(verdict.share, None);
    }
}
