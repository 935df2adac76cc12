//! Which consumer strategy? The exercise's consumer-scaling strategies, without a cluster.
//!
//! # Rule
//! Each strategy replaces one group's members and client settings (the script's own); everything
//! else of the scenario stays. All strategies draw from the same named streams. Each is simulated
//! twice: undisturbed, and with one member killed in the middle of the busiest stretch. The killed
//! process polls again after the group's mean start-up; the coordinator notices the death when the
//! session times out.
//! # Assumes
//! The script's single powerful consumer has what the six of the horizontal strategy have together:
//! their cores, threads and bandwidth. Consumer CPU is that of the poll loop and the application.
//! # Breaks
//! Closed loops (nobody waits for a lag that nobody offers) are refused.
//! # Source
//! The exercise's consumer-scaling-strategies.sh: settings, decision matrix and triggers.

mod measures;
mod strategy;

pub use measures::{STRATEGY_MEASURES, StrategyMeasure, TRIGGERS, TriggerRule};
pub use strategy::Strategy;

use super::designs::{Design, Outcome, evaluate};
use crate::analysis::{CONFIDENCE, Interval, replications};
use crate::chance::Seed;
use crate::cluster::GroupId;
use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::scenario::{Arrivals, Scenario, TimelineAction, TimelineEntry};
use crate::units::{SimSpan, SimTime};
use measures::{Pair, consumer_cpu, value_of};

/// The answer.
#[derive(Debug, Clone)]
pub struct ConsumerStudy {
    /// The group.
    pub group: String,
    /// Partitions of the topics that it reads.
    pub partitions: u32,
    /// When a member is killed.
    pub killed_at: SimTime,
    /// Until its process polls again.
    pub back_after: SimSpan,
    /// Every strategy, in the script's order.
    pub rows: Vec<StrategyRow>,
    /// Index of the recommended one.
    pub best: usize,
    /// Why.
    pub reason: String,
}

/// One strategy with its results.
#[derive(Debug, Clone)]
pub struct StrategyRow {
    /// Which.
    pub strategy: Strategy,
    /// Members at t = 0.
    pub members: u32,
    /// Cores of each.
    pub cores: f64,
    /// Undisturbed runs.
    pub steady: Outcome,
    /// Runs in which a member is killed.
    pub failover: Outcome,
    /// By measure, in the order of [`STRATEGY_MEASURES`]: the mean with its 95 % interval over
    /// replications; `None` when a replication does not know it (never recovered).
    pub values: Vec<Option<Interval>>,
    /// By trigger, in the order of [`TRIGGERS`].
    pub triggers: Vec<TriggerOutcome>,
    /// Whether all objectives held in all undisturbed runs; `None` without objectives.
    pub objectives_met: Option<bool>,
}

/// When a trigger of the exercise would have fired.
#[derive(Debug, Clone)]
pub struct TriggerOutcome {
    /// Times that it fires, over replications.
    pub count: Interval,
    /// In the first replication: when it fires, and for how long its condition goes on.
    pub firings: Vec<(SimTime, SimSpan)>,
}

/// Simulates every strategy for one group of a scenario.
///
/// # Errors
/// A scenario without groups, with several and no name, with an unknown name, or with a closed
/// loop.
pub fn consumers(
    scenario: &Scenario,
    group: Option<&str>,
    seed: Seed,
    count: u32,
) -> Result<ConsumerStudy> {
    let group = group_of(scenario, group)?;
    if let Some(closed) = scenario.producers.iter().find(|one| one.arrivals == Arrivals::Closed) {
        let found = format!("found the closed loop `{}`", closed.name);
        return Err(Error::usage(format!("{found}; allowed are loads with a rate or a curve")));
    }
    let designs = strategy::designs(scenario, group)?;
    let steady: Vec<Design> =
        designs.iter().map(|(strategy, one)| design(*strategy, one)).collect();
    let steady = evaluate(&steady, seed, count);
    let killed_at = steady.first().map_or(SimTime::ZERO, busiest);
    let back_after =
        SimSpan::from_secs_f64(scenario.groups[group.index()].start_up.mean() * NANOS_IN_SECONDS);
    let kill = TimelineEntry {
        at: killed_at,
        action: TimelineAction::KillMembers { group, count: 1, lasts: Some(back_after) },
    };
    let killed: Vec<Design> = designs
        .iter()
        .map(|(strategy, one)| {
            let mut one = one.clone();
            one.timeline.push(kill.clone());
            one.timeline.sort_by_key(|entry| entry.at);
            design(*strategy, &one)
        })
        .collect();
    let failover = evaluate(&killed, seed, count);
    let outcomes = steady.into_iter().zip(failover);
    let rows: Vec<StrategyRow> = designs
        .iter()
        .zip(outcomes)
        .map(|((strategy, one), outcomes)| row(*strategy, one, group, outcomes, killed_at))
        .collect();
    let (best, reason) = recommend(&rows);
    Ok(ConsumerStudy {
        group: scenario.groups[group.index()].name.clone(),
        partitions: strategy::partitions(scenario, group),
        killed_at,
        back_after,
        rows,
        best,
        reason,
    })
}

/// Distributions of spans are in nanoseconds.
const NANOS_IN_SECONDS: f64 = 1e-9;

fn design(strategy: Strategy, scenario: &Scenario) -> Design {
    Design { name: strategy.name().to_owned(), scenario: scenario.clone() }
}

fn group_of(scenario: &Scenario, name: Option<&str>) -> Result<GroupId> {
    let names: Vec<&str> = scenario.groups.iter().map(|group| group.name.as_str()).collect();
    let found = match name {
        Some(name) => names.iter().position(|one| *one == name),
        None if names.len() == 1 => Some(0),
        None => None,
    };
    found.map(GroupId::from_index).ok_or_else(|| {
        let found = name.map_or_else(
            || format!("found {} groups and no --group", names.len()),
            |name| format!("found --group {name}"),
        );
        let allowed = if names.is_empty() {
            "a scenario with a group".to_owned()
        } else {
            format!("one of {}", names.join(", "))
        };
        Error::usage(format!("{found}; allowed is {allowed}"))
    })
}

/// The middle of the longest stretch in which the offered load is within 5 % of its largest.
fn busiest(outcome: &Outcome) -> SimTime {
    const NEAR: f64 = 0.95;
    let Some(run) = outcome.runs.first() else { return SimTime::ZERO };
    let Some(series) = run.series("offered_records_s", "all") else { return SimTime::ZERO };
    let least = series.max() * NEAR;
    let (mut best, mut begun) = ((SimTime::ZERO, SimTime::ZERO), None);
    let mut before = SimTime::ZERO;
    for (at, value) in &series.points {
        if *value >= least {
            let from: SimTime = *begun.get_or_insert(before);
            if *at - from > best.1 - best.0 {
                best = (from, *at);
            }
        } else {
            begun = None;
        }
        before = *at;
    }
    best.0 + SimSpan::from_secs_f64((best.1 - best.0).as_secs_f64() / 2.0)
}

fn row(
    strategy: Strategy,
    scenario: &Scenario,
    group: GroupId,
    (steady, failover): (Outcome, Outcome),
    killed_at: SimTime,
) -> StrategyRow {
    let spec = &scenario.groups[group.index()];
    let pairs: Vec<Pair<'_>> = steady
        .runs
        .iter()
        .zip(&failover.runs)
        .map(|(steady, failover)| Pair { scenario, group: spec, steady, failover, killed_at })
        .collect();
    let values = STRATEGY_MEASURES.iter().map(|measure| {
        let values: Option<Vec<f64>> = pairs.iter().map(|pair| value_of(measure, pair)).collect();
        values.filter(|values| !values.is_empty()).map(|values| replications(&values, CONFIDENCE))
    });
    let values = values.collect();
    let triggers = TRIGGERS.iter().map(|rule| trigger(rule, &pairs)).collect();
    let verdicts: Vec<bool> =
        steady.runs.iter().flat_map(|run| &run.slo).filter_map(|objective| objective.met).collect();
    let objectives_met = (!verdicts.is_empty()).then(|| verdicts.iter().all(|met| *met));
    let (members, cores) = (spec.members, spec.cores);
    StrategyRow { strategy, members, cores, steady, failover, values, triggers, objectives_met }
}

fn trigger(rule: &TriggerRule, pairs: &[Pair<'_>]) -> TriggerOutcome {
    let fired = |pair: &Pair<'_>| -> Vec<(SimTime, SimSpan)> {
        if rule.on_cpu {
            return rule.trigger.firings(&consumer_cpu(pair));
        }
        let lag = pair.steady.series("lag_records", &pair.group.name);
        lag.map(|lag| rule.trigger.firings(lag)).unwrap_or_default()
    };
    let all: Vec<Vec<(SimTime, SimSpan)>> = pairs.iter().map(fired).collect();
    let counts: Vec<f64> = all.iter().map(|list| list.len() as f64).collect();
    let firings = all.into_iter().next().unwrap_or_default();
    TriggerOutcome { count: replications(&counts, CONFIDENCE), firings }
}

/// The cheapest of those that meet the objectives, a member's death included if any survives it;
/// without objectives of those that stay as close to the tail as the best.
fn recommend(rows: &[StrategyRow]) -> (usize, String) {
    let mean: fn(&StrategyRow, &str) -> Option<f64> = |row, key| {
        let index = STRATEGY_MEASURES.iter().position(|one| one.key == key);
        index.and_then(|index| row.values[index]).map(|value| value.mean)
    };
    let late = |row: &StrategyRow| mean(row, "lag_s_p99").unwrap_or(f64::INFINITY);
    let cost = |row: &StrategyRow| mean(row, "core_hours").unwrap_or(f64::INFINITY);
    let least = rows.iter().map(late).fold(f64::INFINITY, f64::min);
    // A second is one poll's worth of chance.
    let keeps_up = |row: &StrategyRow| late(row) <= 2.0 * least + 1.0;
    let judged = rows.iter().any(|row| row.objectives_met == Some(true));
    let fit: Vec<usize> = (0..rows.len())
        .filter(|index| {
            let row = &rows[*index];
            if judged { row.objectives_met == Some(true) } else { keeps_up(row) }
        })
        .collect();
    let survivors: Vec<usize> =
        fit.iter().copied().filter(|index| survives(&rows[*index])).collect();
    let fit = if survivors.is_empty() { fit } else { survivors };
    let best = fit.into_iter().min_by(|a, b| cost(&rows[*a]).total_cmp(&cost(&rows[*b])));
    let best = best.unwrap_or(0);
    let Some(row) = rows.get(best) else { return (0, String::new()) };
    let what = if judged { "meets the objectives" } else { "stays near the tail" };
    let number = |key| mean(row, key).map_or("unknown".to_owned(), |value| format!("{value:.1}"));
    let reason = format!(
        "the cheapest strategy that {what}: {} core-hours; the lag is at most {} s old in 99 % of \
         the time; after the death of a member at the busiest time it is up to {} s old and caught \
         up after {} s.",
        number("core_hours"),
        number("lag_s_p99"),
        number("failover_lag_s"),
        number("failover_recovered_s"),
    );
    (best, format!("{reason}{}", standby(rows, mean)))
}

/// What members without partitions add when one with partitions dies.
fn standby(rows: &[StrategyRow], mean: fn(&StrategyRow, &str) -> Option<f64>) -> String {
    let of = |strategy, key| {
        rows.iter().find(|row| row.strategy == strategy).and_then(|row| mean(row, key))
    };
    let lag = |strategy| of(strategy, "failover_lag_s");
    let (Some(matched), Some(spare), Some(noticed)) = (
        lag(Strategy::PartitionAware),
        lag(Strategy::Spare),
        of(Strategy::Spare, "failover_noticed_s"),
    ) else {
        return String::new();
    };
    format!(
        " Members to spare are no instant failover: the death is noticed only after {noticed:.0} \
         s, when the session times out, and the oldest record is then {spare:.0} s old with three \
         members more than partitions, {matched:.0} s with as many."
    )
}

/// Whether all objectives held in spite of the death, where there are any, and the lag recovered.
fn survives(row: &StrategyRow) -> bool {
    let held = |run: &Run| run.slo.iter().all(|objective| objective.met != Some(false));
    let recovered = STRATEGY_MEASURES.iter().position(|one| one.key == "failover_recovered_s");
    row.failover.runs.iter().all(held) && recovered.is_some_and(|index| row.values[index].is_some())
}
