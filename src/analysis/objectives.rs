//! Objectives: met or not, by how much, during which share of the time.

use crate::metrics::{Journey, Latencies, ObjectiveOutcome, Run, Series, Shape, TimeWeighted};
use crate::scenario::{Comparison, Metric, Objective, Scenario, Stat, Window};
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeMap;

/// The verdict on every objective of a scenario, after the warm-up.
pub fn objectives(scenario: &Scenario, run: &Run) -> Vec<ObjectiveOutcome> {
    scenario.slo.iter().map(|objective| outcome(objective, scenario, run)).collect()
}

fn outcome(objective: &Objective, scenario: &Scenario, run: &Run) -> ObjectiveOutcome {
    let from = SimTime::ZERO.saturating_add(run.warm_up);
    let to = SimTime::ZERO.saturating_add(run.duration);
    let of_series = |series: Option<Series>| judge(objective, &series?, from, to);
    let of_records =
        |journey, name: &str| judge_latency(objective, run.latencies(journey, name)?, from, to);
    let (verdict, unit) = match objective.metric {
        Metric::Lag(group) => {
            let name = &scenario.groups[group.index()].name;
            (of_series(run.series("lag_records", name).cloned()), "records")
        }
        Metric::LagSeconds(group) => {
            let name = &scenario.groups[group.index()].name;
            (of_series(run.series("lag_seconds", name).cloned()), "s")
        }
        Metric::Publish(producer) => {
            let name = &scenario.producers[producer.index()].name;
            (of_records(Journey::Publish, name), "ms")
        }
        Metric::EndToEnd(group) => {
            let name = &scenario.groups[group.index()].name;
            (of_records(Journey::EndToEnd, name), "ms")
        }
        Metric::BrokerCpu => (of_series(mean_cpu(run)), "share"),
    };
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
            let values = windows(from, to, span).map(|[start, end]| {
                let window = TimeWeighted::of(series, start, end);
                statistic(&window, objective.stat, objective.comparison)
            });
            judge_windows(objective, share, values)
        }
    }
}

/// Consecutive windows; the last one may be shorter.
fn windows(from: SimTime, to: SimTime, span: SimSpan) -> impl Iterator<Item = [SimTime; 2]> {
    let end = move |start: SimTime| start.saturating_add(span).min(to);
    let first = (from < to).then(|| [from, end(from)]);
    std::iter::successors(first, move |[_, last]| (*last < to).then(|| [*last, end(*last)]))
}

/// The verdict when a share of windows has to hold; windows without a value do not count.
fn judge_windows(
    objective: &Objective,
    share: f64,
    values: impl Iterator<Item = Option<f64>>,
) -> Option<Verdict> {
    let (mut good, mut all, mut worst) = (0.0, 0.0, None::<f64>);
    for value in values.flatten() {
        all += 1.0;
        good += if objective.comparison.holds(value, objective.limit) { 1.0 } else { 0.0 };
        worst = Some(worst.map_or(value, |w| worse(objective.comparison, w, value)));
    }
    let held = if all > 0.0 { good / all } else { return None };
    Some(Verdict { met: held >= share, value: worst?, share: Some(held) })
}

/// The verdict on a latency: its statistics are taken over records, in milliseconds. A share of
/// time is one of the windows that the run keeps.
fn judge_latency(
    objective: &Objective,
    latencies: &Latencies,
    from: SimTime,
    to: SimTime,
) -> Option<Verdict> {
    let value = |[start, end]: [SimTime; 2]| {
        let records = latencies.between(start, end);
        let nanos = match (objective.stat, objective.comparison) {
            (Some(Stat::Mean), _) => records.mean()?,
            (Some(Stat::Quantile(q)), _) => records.quantile(q)? as f64,
            (Some(Stat::Max), _) | (None, Comparison::Below | Comparison::AtMost) => {
                records.quantile(1.0)? as f64
            }
            (None, Comparison::Above | Comparison::AtLeast) => records.quantile(0.0)? as f64,
        };
        Some(nanos / 1e6)
    };
    match objective.window {
        Window::Run => {
            let value = value([from, to])?;
            let met = objective.comparison.holds(value, objective.limit);
            Some(Verdict { met, value, share: None })
        }
        Window::Time { share } => {
            let ends = latencies.windows.iter().map(|window| window.until);
            let starts = std::iter::once(SimTime::ZERO).chain(ends.clone());
            let kept = starts.zip(ends).filter(|(start, end)| *start >= from && *end <= to);
            judge_windows(objective, share, kept.map(|(start, end)| value([start, end])))
        }
        Window::Windows { share, span } => {
            judge_windows(objective, share, windows(from, to, span).map(value))
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
    fn latencies_are_judged_over_records() {
        // In the first of two windows a tenth of the records takes 20 ms, in the second all do.
        let of = |ms: u64| {
            let mut histogram = crate::metrics::Histogram::new();
            histogram.record(ms * 1_000_000);
            histogram
        };
        let window = |until, mix| crate::metrics::LatencyWindow {
            until: at(until),
            mix,
            later: SimSpan::ZERO,
        };
        let latencies = Latencies {
            parts: vec![of(1), of(20)],
            windows: vec![window(60, vec![(0, 90.0), (1, 10.0)]), window(120, vec![(1, 5.0)])],
            ..Latencies::new(Journey::Publish, "shop")
        };
        let check = |window, stat| {
            let objective = Objective {
                text: String::new(),
                metric: Metric::Publish(crate::cluster::ProducerId(0)),
                stat,
                comparison: Comparison::Below,
                limit: 5.0,
                window,
            };
            judge_latency(&objective, &latencies, at(0), at(120)).unwrap()
        };
        let p50 = Some(Stat::Quantile(0.5));
        assert!(check(Window::Run, p50).met, "90 of 105 records are fast");
        assert!(!check(Window::Run, Some(Stat::Quantile(0.99))).met);
        let minutes = Window::Windows { share: 0.5, span: SimSpan::from_secs(60) };
        let verdict = check(minutes, p50);
        assert!(verdict.met && verdict.share == Some(0.5), "{verdict:?}");
        assert_eq!(check(Window::Time { share: 0.6 }, p50).share, Some(0.5));
        let mean = check(Window::Run, Some(Stat::Mean)).value;
        assert!((mean - (90.0 + 15.0 * 20.0) / 105.0).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn without_a_window_the_run_is_one() {
        let verdict = check(Window::Run, Some(Stat::Mean), 26.0);
        assert!(verdict.met && (verdict.value - 25.0).abs() < 1e-12);
        assert_eq!(verdict.share, None);
    }
}
