//! An alert's expression over samples, instant by instant.
//!
//! # Rule
//! A selector gives each series whose labels match, with its newest sample of the last
//! [`LOOKBACK`]. `rate` and `increase` take the samples of a window, both ends included, add what a
//! counter lost in resets, and extrapolate to the window's ends where the nearest sample is within
//! 1.1 sample distances of them, half a distance otherwise, and never below zero. Two sides of an
//! operator meet where their labels are equal; a metric's name is not a label here.
//! # Breaks
//! Prometheus 3 leaves out a sample exactly at a window's beginning, Prometheus 2 takes it.
//! # Source
//! Prometheus `promql/functions.go` (`extrapolatedRate`), `promql/engine.go`.

use super::{Aggregate, Alert, Expr, Grouping, Selector};
use crate::units::{SimSpan, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// How old a sample may be.
pub(super) const LOOKBACK: SimSpan = SimSpan::from_secs(300);

/// Labels of a series.
pub type Labels = BTreeMap<String, String>;

/// A metric's series with its samples in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// The metric's name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its samples.
    pub samples: Vec<(SimTime, f64)>,
}

/// Something of an expression that the samples do not know, so that it cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// A metric.
    Metric(String),
    /// A label of a metric.
    Label {
        /// The label.
        label: String,
        /// A metric that does not have it.
        metric: String,
    },
}

enum Found {
    Number(f64),
    Vector(Vec<(Labels, f64)>),
}

impl Alert {
    /// What the expression asks for and nobody samples: it would never fire, and that would mean
    /// nothing.
    pub fn unknown(&self, all: &[Sampled]) -> Option<Unknown> {
        unknown(&self.left, all).err()
    }

    /// The series for which the alert's condition holds at an instant, with their values.
    pub fn holds(&self, all: &[Sampled], at: SimTime) -> Vec<(Labels, f64)> {
        let left = match value(&self.left, all, at) {
            Found::Number(number) => vec![(Labels::new(), number)],
            Found::Vector(vector) => vector,
        };
        left.into_iter().filter(|(_, value)| self.compare.holds(*value, self.right)).collect()
    }
}

/// The labels that an expression's series have, or what is unknown in it.
fn unknown(expr: &Expr, all: &[Sampled]) -> Result<BTreeSet<String>, Unknown> {
    match expr {
        Expr::Number(_) => Ok(BTreeSet::new()),
        Expr::Selector(selector) | Expr::Rate { of: selector, .. } => {
            let own = all.iter().filter(|one| one.name == selector.name);
            let mut labels: Option<BTreeSet<String>> = None;
            for one in own {
                labels.get_or_insert_default().extend(one.labels.keys().cloned());
            }
            let labels = labels.ok_or_else(|| Unknown::Metric(selector.name.clone()))?;
            let missing = selector.matchers.iter().find(|one| !labels.contains(&one.label));
            match missing {
                Some(matcher) => Err(Unknown::Label {
                    label: matcher.label.clone(),
                    metric: selector.name.clone(),
                }),
                None => Ok(labels),
            }
        }
        Expr::Aggregate { labels, of, .. } => {
            let below = unknown(of, all)?;
            match labels {
                Grouping::By(by) => {
                    if let Some(label) = by.iter().find(|one| !below.contains(*one)) {
                        let metric = metric_of(of).unwrap_or_default();
                        return Err(Unknown::Label { label: label.clone(), metric });
                    }
                    Ok(by.iter().cloned().collect())
                }
                Grouping::Without(without) => {
                    Ok(below.into_iter().filter(|one| !without.contains(one)).collect())
                }
            }
        }
        Expr::Binary { left, right, .. } => {
            let (mut left, right) = (unknown(left, all)?, unknown(right, all)?);
            left.extend(right);
            Ok(left)
        }
    }
}

/// The first metric of an expression.
fn metric_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Number(_) => None,
        Expr::Selector(selector) | Expr::Rate { of: selector, .. } => Some(selector.name.clone()),
        Expr::Aggregate { of, .. } => metric_of(of),
        Expr::Binary { left, right, .. } => metric_of(left).or_else(|| metric_of(right)),
    }
}

fn value(expr: &Expr, all: &[Sampled], at: SimTime) -> Found {
    match expr {
        Expr::Number(number) => Found::Number(*number),
        Expr::Selector(selector) => Found::Vector(
            selected(selector, all)
                .filter_map(|one| Some((one.labels.clone(), newest(&one.samples, at)?)))
                .collect(),
        ),
        Expr::Rate { of, window, per_second } => {
            let rate = |one: &Sampled| {
                let grown = increase(&one.samples, at, *window)?;
                let by = if *per_second { window.as_secs_f64() } else { 1.0 };
                Some((one.labels.clone(), grown / by))
            };
            Found::Vector(selected(of, all).filter_map(rate).collect())
        }
        Expr::Aggregate { by, labels, of } => match value(of, all, at) {
            Found::Number(number) => Found::Number(number),
            Found::Vector(vector) => Found::Vector(aggregated(*by, labels, vector)),
        },
        Expr::Binary { op, left, right } => {
            binary(*op, value(left, all, at), value(right, all, at))
        }
    }
}

fn selected<'s>(
    selector: &'s Selector,
    all: &'s [Sampled],
) -> impl Iterator<Item = &'s Sampled> + use<'s> {
    all.iter().filter(move |one| {
        let label = |label: &str| one.labels.get(label).map_or("", String::as_str);
        one.name == selector.name
            && selector.matchers.iter().all(|matcher| matcher.matches(label(&matcher.label)))
    })
}

fn newest(samples: &[(SimTime, f64)], at: SimTime) -> Option<f64> {
    let after = samples.partition_point(|sample| sample.0 <= at);
    let (when, value) = *samples.get(after.checked_sub(1)?)?;
    (at.saturating_since(when) < LOOKBACK).then_some(value)
}

/// The increase of a counter over a window that ends now; `None` without two samples in it.
fn increase(samples: &[(SimTime, f64)], at: SimTime, window: SimSpan) -> Option<f64> {
    let begin = SimTime::from_nanos(at.as_nanos().saturating_sub(window.as_nanos()));
    // Before the start of the run there is time, but no sample: the window keeps its length.
    let early = window.as_secs_f64() - at.saturating_since(begin).as_secs_f64();
    let from = samples.partition_point(|sample| sample.0 < begin);
    let to = samples.partition_point(|sample| sample.0 <= at);
    let inside = samples.get(from..to)?;
    let (first, last) = (inside.first()?, inside.last()?);
    let covered = last.0.saturating_since(first.0).as_secs_f64();
    if inside.len() < 2 || covered <= 0.0 {
        return None;
    }
    let resets = inside.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1);
    let grown = last.1 - first.1 + resets.sum::<f64>();
    let distance = covered / (inside.len() - 1) as f64;
    let near = |gap: f64| if gap < 1.1 * distance { gap } else { distance / 2.0 };
    let mut before = near(early + first.0.saturating_since(begin).as_secs_f64());
    if grown > 0.0 && first.1 >= 0.0 {
        // A counter that began at zero began then.
        before = before.min(covered * first.1 / grown);
    }
    let after = near(at.saturating_since(last.0).as_secs_f64());
    Some(grown * (covered + before + after) / covered)
}

fn aggregated(by: Aggregate, labels: &Grouping, vector: Vec<(Labels, f64)>) -> Vec<(Labels, f64)> {
    let mut groups: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    for (mut own, value) in vector {
        own.retain(|label, _| match labels {
            Grouping::By(by) => by.contains(label),
            Grouping::Without(without) => !without.contains(label),
        });
        groups.entry(own).or_default().push(value);
    }
    let value = |values: &[f64]| match by {
        Aggregate::Sum => values.iter().sum(),
        Aggregate::Avg => values.iter().sum::<f64>() / values.len() as f64,
        Aggregate::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Aggregate::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Aggregate::Count => values.len() as f64,
    };
    groups.into_iter().map(|(labels, values)| (labels, value(&values))).collect()
}

fn binary(op: char, left: Found, right: Found) -> Found {
    let apply = |a: f64, b: f64| match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        _ => a / b,
    };
    match (left, right) {
        (Found::Number(a), Found::Number(b)) => Found::Number(apply(a, b)),
        (Found::Vector(vector), Found::Number(b)) => {
            Found::Vector(vector.into_iter().map(|(own, a)| (own, apply(a, b))).collect())
        }
        (Found::Number(a), Found::Vector(vector)) => {
            Found::Vector(vector.into_iter().map(|(own, b)| (own, apply(a, b))).collect())
        }
        (Found::Vector(left), Found::Vector(right)) => {
            let right: BTreeMap<Labels, f64> = right.into_iter().collect();
            let pair = |(own, a): (Labels, f64)| {
                let b = *right.get(&own)?;
                Some((own, apply(a, b)))
            };
            Found::Vector(left.into_iter().filter_map(pair).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(60 * minutes)
    }

    fn series(name: &str, label: &str, values: &[f64]) -> Sampled {
        let samples = values.iter().enumerate().map(|(n, value)| (at(n as u64), *value));
        Sampled {
            name: name.to_owned(),
            labels: [("group".to_owned(), label.to_owned())].into(),
            samples: samples.collect(),
        }
    }

    fn holds(text: &str, all: &[Sampled], minute: u64) -> Vec<(String, f64)> {
        let found = parse(text).unwrap().holds(all, at(minute));
        found.into_iter().map(|(own, value)| (own.into_values().collect(), value)).collect()
    }

    #[test]
    fn selectors_aggregates_and_operators() {
        let all = [
            series("lag", "a", &[1.0, 5.0]),
            series("lag", "b", &[3.0, 7.0]),
            series("rate", "a", &[2.0, 2.0]),
        ];
        let pair = |label: &str, value: f64| (label.to_owned(), value);
        assert_eq!(holds("lag > 4", &all, 1), [pair("a", 5.0), pair("b", 7.0)]);
        assert_eq!(holds("lag{group=\"b\"} > 4", &all, 1), [pair("b", 7.0)]);
        assert_eq!(holds("lag{group!~\"b|c\"} >= 5", &all, 1), [pair("a", 5.0)]);
        assert_eq!(holds("sum(lag) == 12", &all, 1), [pair("", 12.0)]);
        assert_eq!(holds("avg by (group) (lag) < 6", &all, 1), [pair("a", 5.0)]);
        assert_eq!(holds("max without (group) (lag) <= 7", &all, 1), [pair("", 7.0)]);
        assert_eq!(holds("count(lag) - min(lag) * 2 != 0", &all, 1), [pair("", -8.0)]);
        // Only the labels that both have meet.
        assert_eq!(holds("lag / rate > 2", &all, 1), [pair("a", 2.5)]);
        assert_eq!(holds("100 - lag > 94", &all, 1), [pair("a", 95.0)]);
        // The newest sample counts for less than five minutes.
        assert_eq!(holds("rate == 2", &all, 5), [pair("a", 2.0)]);
        assert!(holds("rate == 2", &all, 6).is_empty());
    }

    #[test]
    fn rates_by_hand() {
        let steady: Vec<f64> = (0..20).map(|n| 100.0 + 60.0 * f64::from(n)).collect();
        let all = [series("steady", "a", &steady), series("reset", "a", &[0.0, 60.0, 120.0, 30.0])];
        let one = |text: &str, minute| holds(text, &all, minute).first().map(|one| one.1);
        assert_eq!(one("rate(steady[5m]) > 0", 10), Some(1.0));
        assert_eq!(one("increase(steady[5m]) > 0", 10), Some(300.0));
        assert_eq!(one("rate(steady[5m]) > 0", 0), None, "one sample is no rate");
        // Two minutes into the run: 120 in 120 s, half a minute more at the window's beginning,
        // far from the first sample.
        let early = one("increase(steady[5m]) > 0", 2);
        assert!((early.unwrap() - 150.0).abs() < 1e-9, "{early:?}");
        // 60 + 60 + 30 although the counter fell to 30; before its first sample it was zero.
        assert_eq!(one("increase(reset[3m]) > 0", 3), Some(150.0));
    }

    #[test]
    fn what_nobody_samples_is_unknown() {
        let all = [series("lag", "a", &[1.0])];
        let unknown = |text: &str| parse(text).unwrap().unknown(&all);
        assert_eq!(unknown("sum by (group) (lag) > 1"), None);
        assert_eq!(unknown("lak > 1"), Some(Unknown::Metric("lak".into())));
        let label =
            |label: &str| Some(Unknown::Label { label: label.into(), metric: "lag".into() });
        assert_eq!(unknown("lag{topic=\"x\"} > 1"), label("topic"));
        assert_eq!(unknown("sum by (topic) (lag) > 1"), label("topic"));
        assert_eq!(unknown("sum by (group) (sum(lag)) > 1"), label("group"));
        assert_eq!(unknown("rate(lag{job=\"x\"}[5m]) / 2 > 1"), label("job"));
    }
}
