//! Alert rules of Prometheus, from objectives and from what the cluster can take.
//!
//! # Rule
//! A lag objective becomes a rule on the exporter's lag, an objective on seconds of lag a rule on
//! lag over rate, and the tightest resource a rule on the rate of records: [`NEAR`] of the load at
//! which it was full in the simulation. A rule fires when its expression held for its whole `for`.
//! # Assumes
//! Rules are evaluated each minute, on samples of each minute.
//! # Source
//! Prometheus documentation, "Alerting rules"; `rate` as it is on even samples.

use super::quoted;
use crate::metrics::{Run, Series};
use crate::report::formats::openmetrics::SPACING;
use crate::scenario::{Comparison, Metric, Scenario};
use crate::units::{SimSpan, SimTime, count};

/// Share of the load at saturation from which on somebody should know.
const NEAR: f64 = 0.8;
/// How long an expression has to hold.
const HOLD: SimSpan = SimSpan::from_secs(5 * 60);
/// The window of `rate`.
const WINDOW: SimSpan = SimSpan::from_secs(5 * 60);

/// An alert rule with its history in the simulation.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The expression, comparison included.
    pub expr: String,
    /// How long it has to hold.
    pub hold: SimSpan,
    /// Labels that the alert gets.
    pub labels: Vec<(&'static str, String)>,
    /// What it means, in one line.
    pub summary: String,
    /// Where the limit comes from.
    pub description: String,
    /// The limit: the rule holds above it.
    pub limit: f64,
    /// The left side of the comparison in the simulation, each minute.
    pub values: Vec<(SimTime, f64)>,
}

impl Rule {
    /// When the alert fired in the simulation, and for how long: the last one may not have ended.
    pub fn firings(&self) -> Vec<(SimTime, SimSpan)> {
        let mut found: Vec<(SimTime, SimSpan)> = Vec::new();
        let mut active: Option<SimTime> = None;
        let mut firing: Option<SimTime> = None;
        for (at, value) in &self.values {
            if *value > self.limit {
                let since = *active.get_or_insert(*at);
                if at.saturating_since(since) >= self.hold {
                    firing.get_or_insert(*at);
                }
            } else {
                active = None;
                found.extend(firing.take().map(|start| (start, at.saturating_since(start))));
            }
        }
        let end = self.values.last().map_or(SimTime::ZERO, |(at, _)| *at);
        found.extend(firing.map(|start| (start, end.saturating_since(start))));
        found
    }
}

/// The rules of a scenario that was simulated.
pub fn rules(scenario: &Scenario, run: &Run) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for objective in &scenario.slo {
        if !matches!(objective.comparison, Comparison::Below | Comparison::AtMost) {
            continue;
        }
        let limit = objective.limit;
        let description = format!("The objective is `{}`.", objective.text);
        match objective.metric {
            Metric::Lag(group) => {
                let name = &scenario.groups[group.index()].name;
                rules.push(Rule {
                    summary: format!("Group {name} is more than {} records behind", count(limit)),
                    expr: format!("{} > {limit}", lag(name)),
                    values: on_grid(run.series("lag_records", name)),
                    ..rule("KafkaGroupLag", name, limit, description)
                });
            }
            Metric::LagSeconds(group) => {
                let name = &scenario.groups[group.index()].name;
                let behind = SimSpan::from_secs_f64(limit).to_prose();
                let reads = scenario.groups[group.index()].reads.len();
                if reads != scenario.cluster.topics.len() {
                    // The rate of its topics alone has no series here.
                    continue;
                }
                rules.push(Rule {
                    summary: format!("Group {name} is more than {behind} behind"),
                    expr: format!("{} / {RATE} > {limit}", lag(name)),
                    values: seconds_behind(run, name),
                    ..rule("KafkaGroupSecondsBehind", name, limit, description)
                });
            }
            // What has no metric of a real cluster: latency at clients, and CPU, which is the
            // machines' exporter's.
            Metric::Publish(_) | Metric::EndToEnd(_) | Metric::BrokerCpu => {}
        }
    }
    rules.extend(near_saturation(run));
    rules
}

/// Records appended per second, by all producers.
const RATE: &str = "sum(rate(kafka_server_brokertopicmetrics_messagesin_total[5m]))";

fn lag(group: &str) -> String {
    format!("sum(kafka_consumergroup_lag{{consumergroup={}}})", quoted(group))
}

fn rule(name: &str, group: &str, limit: f64, description: String) -> Rule {
    Rule {
        name: name.to_owned(),
        expr: String::new(),
        hold: HOLD,
        labels: vec![("consumergroup", group.to_owned()), ("severity", "critical".to_owned())],
        summary: String::new(),
        description,
        limit,
        values: Vec::new(),
    }
}

/// The rule on load, from the resource that is full first.
fn near_saturation(run: &Run) -> Option<Rule> {
    let factor = run.bottleneck.saturates_at_load_factor?;
    let offered = run.series("offered_records_s", "all")?;
    let limit = (NEAR * factor * offered.max()).round();
    let resource = &run.bottleneck.resource;
    let by_producer: Vec<&Series> =
        run.series_named("acked_records_s").filter(|one| one.entity != "all").collect();
    let values = grid(offered).map(|at| (at, by_producer.iter().map(|one| rate(one, at)).sum()));
    Some(Rule {
        summary: format!("More than {} records/s: {resource} will be full", count(limit)),
        expr: format!("{RATE} > {limit}"),
        labels: vec![("severity", "warning".to_owned())],
        values: values.collect(),
        ..rule(
            "KafkaLoadNearCapacity",
            "",
            limit,
            format!(
                "In the simulation {resource} is full at {} records/s; this is {:.0} % of it.",
                count(limit / NEAR),
                NEAR * 100.0
            ),
        )
    })
}

fn grid(series: &Series) -> impl Iterator<Item = SimTime> {
    let from = series.points.first().map(|point| point.0);
    let to = series.points.last().map_or(SimTime::ZERO, |point| point.0);
    std::iter::successors(from, move |at| Some(at.saturating_add(SPACING)).filter(|at| *at <= to))
}

fn on_grid(series: Option<&Series>) -> Vec<(SimTime, f64)> {
    let Some(series) = series else { return Vec::new() };
    grid(series).filter_map(|at| Some((at, series.at(at)?))).collect()
}

/// `rate(counter[5m])` at an instant: the mean over the window, or over what there is of it.
fn rate(series: &Series, at: SimTime) -> f64 {
    let start = series.points.first().map_or(SimTime::ZERO, |point| point.0);
    let span = at.saturating_since(start).min(WINDOW);
    let from = SimTime::from_nanos(at.as_nanos() - span.as_nanos());
    if span.is_zero() { 0.0 } else { series.spread(from, at).mean }
}

fn seconds_behind(run: &Run, group: &str) -> Vec<(SimTime, f64)> {
    let producers: Vec<&Series> =
        run.series_named("acked_records_s").filter(|one| one.entity != "all").collect();
    let lag = on_grid(run.series("lag_records", group));
    // Without two samples of a counter there is no rate, and without a rate no value.
    let seconds = lag
        .into_iter()
        .skip(1)
        .map(|(at, lag)| (at, lag / producers.iter().map(|one| rate(one, at)).sum::<f64>()));
    seconds.filter(|(_, value)| value.is_finite()).collect()
}

/// The file that Prometheus reads; `runbook` is where somebody who is woken looks.
pub fn yaml(scenario: &Scenario, rules: &[Rule], runbook: &str) -> String {
    let mut text = format!(
        "# Limits that the scenario {} needs, from its objectives and its simulation.\n\
         # With the JMX exporter, add topic=\"\" or topic!=\"\" to the rates if it counts twice.\n\
         groups:\n  - name: {}\n    rules:\n",
        scenario.name,
        quoted(&format!("kafsim-{}", scenario.name)),
    );
    for rule in rules {
        text.push_str(&format!(
            "      - alert: {}\n        expr: {}\n        for: {}s\n        labels:\n",
            rule.name,
            quoted(&rule.expr),
            rule.hold.as_nanos() / 1_000_000_000,
        ));
        for (label, value) in &rule.labels {
            text.push_str(&format!("          {label}: {}\n", quoted(value)));
        }
        text.push_str("        annotations:\n");
        for (name, value) in rule.annotations(runbook) {
            text.push_str(&format!("          {name}: {}\n", quoted(&value)));
        }
    }
    text
}

impl Rule {
    /// What whoever is woken reads.
    pub(super) fn annotations(&self, runbook: &str) -> [(&'static str, String); 3] {
        [
            ("summary", self.summary.clone()),
            ("description", self.description.clone()),
            ("runbook_url", runbook.to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fires_when_it_held_for_long_enough() {
        let minute = |minute: u64| SimTime::ZERO + SimSpan::from_secs(60 * minute);
        let high = [10_u64, 11, 20, 21, 22, 23, 24, 25, 26, 27, 40, 41, 42, 43, 44, 45];
        let value = |index: u64| f64::from(u8::from(high.contains(&index)));
        let rule = Rule {
            values: (0..46).map(|index| (minute(index), value(index))).collect(),
            ..rule("Test", "billing", 0.5, String::new())
        };
        // Two minutes are too short; from 20 on it holds for five minutes at 25, until 28.
        let expected = [(minute(25), SimSpan::from_secs(180)), (minute(45), SimSpan::ZERO)];
        assert_eq!(rule.firings(), expected);
    }
}
