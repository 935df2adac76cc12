//! What strategies are compared by.

use crate::analysis::Trigger;
use crate::metrics::{GroupOutcome, Run, Series, Shape};
use crate::scenario::{Group, Scenario};
use crate::units::{SimSpan, SimTime};

/// One replication, undisturbed and with a death.
pub(super) struct Pair<'r> {
    pub scenario: &'r Scenario,
    pub group: &'r Group,
    pub steady: &'r Run,
    pub failover: &'r Run,
    pub killed_at: SimTime,
}

/// A quantity of a strategy.
#[derive(Debug, Clone, Copy)]
pub struct StrategyMeasure {
    /// Its key in outputs, unit last.
    pub key: &'static str,
    /// Its words in tables.
    pub words: &'static str,
    value: fn(&Pair<'_>) -> Option<f64>,
}

/// What strategies are compared by, in the order of tables; from `failover_noticed_s` on with the
/// death of a member.
pub const STRATEGY_MEASURES: [StrategyMeasure; 12] = [
    StrategyMeasure {
        key: "members",
        words: "members, mean",
        value: |pair| of_group(pair, |one| one.members.mean),
    },
    StrategyMeasure { key: "core_hours", words: "core-hours", value: core_hours },
    StrategyMeasure {
        key: "records_s",
        words: "read, records/s",
        value: |pair| of_group(pair, |one| one.records_s),
    },
    StrategyMeasure {
        key: "lag_records_p99",
        words: "lag p99, records",
        value: |pair| of_group(pair, |one| one.lag_records.p99),
    },
    StrategyMeasure {
        key: "lag_s_p99",
        words: "lag p99, s",
        value: |pair| of_group(pair, |one| one.lag_seconds.p99),
    },
    StrategyMeasure {
        key: "lag_s_max",
        words: "lag max, s",
        value: |pair| of_group(pair, |one| one.lag_seconds.max),
    },
    StrategyMeasure {
        key: "consumer_cpu",
        words: "consumer CPU, mean",
        value: |pair| Some(mean_cpu(pair)),
    },
    StrategyMeasure {
        key: "rebalances",
        words: "rebalances",
        value: |pair| of_group(pair, |one| f64::from(one.rebalances)),
    },
    StrategyMeasure { key: "failover_noticed_s", words: "noticed after, s", value: noticed },
    StrategyMeasure { key: "failover_lag_records", words: "extra lag, records", value: extra_lag },
    StrategyMeasure { key: "failover_lag_s", words: "lag max, s", value: worst_age },
    StrategyMeasure { key: "failover_recovered_s", words: "caught up after, s", value: recovered },
];

/// A trigger of the exercise.
#[derive(Debug, Clone, Copy)]
pub struct TriggerRule {
    /// Its key in outputs.
    pub key: &'static str,
    /// In words.
    pub words: &'static str,
    /// Whether it looks at consumer CPU; otherwise at committed lag.
    pub on_cpu: bool,
    /// The condition.
    pub trigger: Trigger,
}

/// The triggers of the exercise's decision guide. It gives no time for CPU: one sample counts.
pub const TRIGGERS: [TriggerRule; 4] = [
    TriggerRule {
        key: "up_lag",
        words: "up: lag > 100 k for 5 min",
        on_cpu: false,
        trigger: Trigger { above: true, limit: 100_000.0, lasting: SimSpan::from_secs(300) },
    },
    TriggerRule {
        key: "up_cpu",
        words: "up: CPU > 80 %",
        on_cpu: true,
        trigger: Trigger { above: true, limit: 0.8, lasting: SimSpan::ZERO },
    },
    TriggerRule {
        key: "down_lag",
        words: "down: lag < 1 k for 15 min",
        on_cpu: false,
        trigger: Trigger { above: false, limit: 1_000.0, lasting: SimSpan::from_secs(900) },
    },
    TriggerRule {
        key: "down_cpu",
        words: "down: CPU < 30 %",
        on_cpu: true,
        trigger: Trigger { above: false, limit: 0.3, lasting: SimSpan::ZERO },
    },
];

pub(super) fn value_of(measure: &StrategyMeasure, pair: &Pair<'_>) -> Option<f64> {
    (measure.value)(pair)
}

fn of_group(pair: &Pair<'_>, pick: fn(&GroupOutcome) -> f64) -> Option<f64> {
    pair.steady.groups.get(&pair.group.name).map(pick)
}

fn core_hours(pair: &Pair<'_>) -> Option<f64> {
    const HOUR: f64 = 3_600.0;
    let hours = pair.steady.duration.as_secs_f64() / HOUR;
    Some(of_group(pair, |one| one.members.mean)? * pair.group.cores * hours)
}

/// CPU of the ready members: CPU seconds per record times records/s over their cores.
pub(super) fn consumer_cpu(pair: &Pair<'_>) -> Series {
    let spec = pair.group;
    let per_record =
        pair.scenario.costs.consumer_record + spec.work.cpu_per_record + spec.decompression;
    let per_record = per_record.as_secs_f64() / spec.speed;
    let processed = pair.steady.series("processed_records_s", &spec.name);
    let members = pair.steady.series("members_ready", &spec.name);
    let points = processed.map(|one| one.points.as_slice()).unwrap_or_default();
    let use_at = |(at, rate): &(SimTime, f64)| {
        let cores = members.and_then(|one| one.at(*at)).unwrap_or(0.0) * spec.cores;
        let used = if cores > 0.0 { (rate * per_record / cores).min(1.0) } else { 0.0 };
        (*at, used)
    };
    Series {
        name: "consumer_cpu".to_owned(),
        entity: spec.name.clone(),
        unit: "share",
        shape: Shape::Mean,
        points: points.iter().map(use_at).collect(),
    }
}

fn mean_cpu(pair: &Pair<'_>) -> f64 {
    let end = SimTime::ZERO.saturating_add(pair.steady.duration);
    consumer_cpu(pair).spread(SimTime::ZERO, end).mean
}

/// From the death until the coordinator has noticed it.
fn noticed(pair: &Pair<'_>) -> Option<f64> {
    let events = pair.failover.events.iter();
    let mut after = events.filter(|event| {
        event.kind == "member_lost" && event.entity == pair.group.name && event.at >= pair.killed_at
    });
    after.next().map(|event| (event.at - pair.killed_at).as_secs_f64())
}

/// Lag with a death minus lag without, at every instant that either run recorded from the death on.
fn difference(pair: &Pair<'_>) -> Option<Vec<(SimTime, f64)>> {
    let name = &pair.group.name;
    let with = pair.failover.series("processing_lag_records", name)?;
    let without = pair.steady.series("processing_lag_records", name)?;
    let mut times: Vec<SimTime> = with.points.iter().chain(&without.points).map(|p| p.0).collect();
    times.retain(|at| *at >= pair.killed_at);
    times.sort_unstable();
    times.dedup();
    let at = |time: SimTime| Some((time, with.at(time)? - without.at(time)?));
    times.into_iter().map(at).collect()
}

fn extra_lag(pair: &Pair<'_>) -> Option<f64> {
    difference(pair)?.into_iter().map(|(_, extra)| extra.max(0.0)).reduce(f64::max)
}

/// From the death until the extra lag has fallen to one second of the load for good; zero when it
/// never was above, `None` when it still is at the end.
fn recovered(pair: &Pair<'_>) -> Option<f64> {
    let load = pair.failover.series("offered_records_s", "all")?.at(pair.killed_at)?;
    let extra = difference(pair)?;
    let Some(last) = extra.iter().rposition(|(_, value)| *value > load) else { return Some(0.0) };
    let (t0, v0) = extra[last];
    let (t1, v1) = *extra.get(last + 1)?;
    let share = (v0 - load) / (v0 - v1);
    Some((t0 - pair.killed_at).as_secs_f64() + (t1 - t0).as_secs_f64() * share)
}

/// The oldest unprocessed record from the death until the lag has recovered.
fn worst_age(pair: &Pair<'_>) -> Option<f64> {
    let ages = pair.failover.series("lag_seconds", &pair.group.name)?;
    let end = SimTime::ZERO.saturating_add(pair.failover.duration);
    let until = recovered(pair)
        .map_or(end, |span| pair.killed_at.saturating_add(SimSpan::from_secs_f64(span)).min(end));
    Some(ages.spread(pair.killed_at, until).max)
}
