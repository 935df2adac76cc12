//! Consumer strategies side by side: tables, the exercise's decision matrix, rows for programs.

use super::clock::Clock;
use super::formats::table::Table;
use crate::analysis::Interval;
use crate::study::{ConsumerStudy, STRATEGY_MEASURES, StrategyRow, TRIGGERS, TriggerOutcome};
use crate::units::{SimSpan, SimTime, count};
use serde_json::{Map, Value, json};

/// Keys of [`STRATEGY_MEASURES`] in the table of undisturbed runs.
const STEADY: [&str; 7] = [
    "members",
    "core_hours",
    "records_s",
    "lag_records_p99",
    "lag_s_p99",
    "consumer_cpu",
    "rebalances",
];
/// Those in the table of runs in which a member dies.
const FAILOVER: [&str; 4] =
    ["failover_noticed_s", "failover_lag_records", "failover_lag_s", "failover_recovered_s"];
/// Firings of a trigger that are told one by one.
const MOST_TOLD: usize = 3;

/// A value with its 95 % interval; without one that rounds to nothing.
fn show(value: Option<Interval>) -> String {
    let number = |value: f64| match value.abs() {
        size if size >= 1_000.0 => count(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    let Some(one) = value else { return "-".to_owned() };
    let wide = one.half_width.is_finite() && one.half_width > 0.005 * one.mean.abs();
    let (mean, half) = (number(one.mean), number(one.half_width));
    if wide && half != "0.00" { format!("{mean} ± {half}") } else { mean }
}

fn value(row: &StrategyRow, key: &str) -> Option<Interval> {
    row.values[STRATEGY_MEASURES.iter().position(|one| one.key == key)?]
}

fn cell(row: &StrategyRow, key: &str) -> String {
    match (value(row, key), key) {
        (None, "failover_recovered_s") => "not by the end".to_owned(),
        (value, _) => show(value),
    }
}

fn measures(study: &ConsumerStudy, keys: &[&str]) -> Table {
    let words =
        |key: &&str| STRATEGY_MEASURES.iter().find(|one| one.key == *key).map(|one| one.words);
    let mut header = vec!["strategy"];
    header.extend(keys.iter().filter_map(words));
    let mut table = Table::new(&header);
    for row in &study.rows {
        let mut cells = vec![row.strategy.name().to_owned()];
        cells.extend(keys.iter().map(|key| cell(row, key)));
        table.row(&cells);
    }
    table
}

/// How often each trigger of the exercise would have fired, and when.
fn triggers(study: &ConsumerStudy, clock: &Clock) -> Table {
    let mut header = vec!["strategy"];
    header.extend(TRIGGERS.iter().map(|rule| rule.words));
    let mut table = Table::new(&header);
    for row in &study.rows {
        let mut cells = vec![row.strategy.name().to_owned()];
        cells.extend(row.triggers.iter().map(|one| firings(one, clock)));
        table.row(&cells);
    }
    table
}

fn firings(outcome: &TriggerOutcome, clock: &Clock) -> String {
    if outcome.count.mean == 0.0 {
        return "never".to_owned();
    }
    let told = outcome.firings.iter().take(MOST_TOLD);
    let mut words: Vec<String> =
        told.map(|(at, lasted)| format!("{} for {}", clock.text(*at), lasted.to_prose())).collect();
    if outcome.firings.len() > MOST_TOLD {
        words.push("…".to_owned());
    }
    format!("{} ×: {}", show(Some(outcome.count)), words.join(", "))
}

/// The exercise's decision matrix with simulated numbers beside its words.
fn matrix(study: &ConsumerStudy) -> Table {
    let mut table = Table::new(&[
        "scenario",
        "strategy",
        "consumer count",
        "benefits",
        "drawbacks",
        "read, records /s",
        "lag p99, s",
        "failover, s",
        "core hours",
    ]);
    let rows = study.rows.iter().filter_map(|row| Some((row, row.strategy.matrix()?)));
    for (row, [scenario, strategy, count, benefits, drawbacks]) in rows {
        table.row(&[
            scenario.to_owned(),
            strategy.to_owned(),
            format!("{count} ({})", show(value(row, "members"))),
            benefits.to_owned(),
            drawbacks.to_owned(),
            cell(row, "records_s"),
            cell(row, "lag_s_p99"),
            cell(row, "failover_recovered_s"),
            cell(row, "core_hours"),
        ]);
    }
    table
}

/// All measures, one row per strategy.
pub fn csv(study: &ConsumerStudy) -> String {
    let keys: Vec<&str> = STRATEGY_MEASURES.iter().map(|one| one.key).collect();
    let mut header = vec!["strategy"];
    header.extend(&keys);
    let mut table = Table::new(&header);
    for row in &study.rows {
        let mut cells = vec![row.strategy.name().to_owned()];
        cells.extend(row.values.iter().map(|value| match value {
            Some(one) => one.mean.to_string(),
            None => String::new(),
        }));
        table.row(&cells);
    }
    table.csv()
}

/// All tables with their titles, for people.
pub fn tables(study: &ConsumerStudy, start: &str) -> Vec<(String, Table)> {
    let ends = study.rows.iter().flat_map(|row| &row.steady.runs).map(|run| run.duration);
    let end = SimTime::ZERO.saturating_add(ends.max().unwrap_or(SimSpan::ZERO));
    let clock = Clock::new(start, end);
    let killed = format!(
        "A member dies at {}, its process polls again after {}",
        clock.text(study.killed_at),
        study.back_after.to_prose()
    );
    vec![
        (format!("Strategies for group {}, 95 % intervals", study.group), measures(study, &STEADY)),
        (killed, measures(study, &FAILOVER)),
        ("The exercise's triggers: when they would have fired".to_owned(), triggers(study, &clock)),
        ("Decision matrix of the exercise, with simulated numbers".to_owned(), matrix(study)),
    ]
}

/// The recommendation in a sentence.
pub fn words(study: &ConsumerStudy) -> String {
    let name = study.rows.get(study.best).map_or("", |row| row.strategy.name());
    format!("{name}: {}", study.reason)
}

/// The same as one JSON object.
pub fn json(study: &ConsumerStudy) -> String {
    let number = |value: f64| Some(value).filter(|value| value.is_finite());
    let row = |row: &StrategyRow| {
        let mut fields = Map::new();
        fields.insert("design".into(), json!(row.strategy.name()));
        fields.insert("members_start".into(), json!(row.members));
        fields.insert("cores_per_member".into(), json!(row.cores));
        fields.insert("objectives_met".into(), json!(row.objectives_met));
        fields.insert("bottleneck".into(), json!(row.steady.bottleneck));
        fields.insert("replications".into(), json!(row.steady.runs.len()));
        let mut put = |key: &str, value: Option<Interval>| {
            fields.insert(key.to_owned(), json!(value.and_then(|one| number(one.mean))));
            fields.insert(format!("{key}_low"), json!(value.and_then(|one| number(one.low()))));
            fields.insert(format!("{key}_high"), json!(value.and_then(|one| number(one.high()))));
        };
        for (measure, value) in STRATEGY_MEASURES.iter().zip(&row.values) {
            put(measure.key, *value);
        }
        for (rule, outcome) in TRIGGERS.iter().zip(&row.triggers) {
            put(&format!("trigger_{}", rule.key), Some(outcome.count));
        }
        Value::Object(fields)
    };
    let fired = study.rows.iter().flat_map(|row| {
        TRIGGERS.iter().zip(&row.triggers).flat_map(|(rule, outcome)| {
            outcome.firings.iter().map(|(at, lasted)| {
                json!({
                    "design": row.strategy.name(),
                    "trigger": rule.key,
                    "fired_at_s": at.as_secs_f64(),
                    "lasted_s": lasted.as_secs_f64(),
                })
            })
        })
    });
    let object = json!({
        "schema": "kafsim/consumers/1",
        "kafsim": super::document::VERSION,
        "group": study.group,
        "partitions": study.partitions,
        "killed_at_s": study.killed_at.as_secs_f64(),
        "back_after_s": study.back_after.as_secs_f64(),
        "rows": study.rows.iter().map(row).collect::<Vec<_>>(),
        "triggers": fired.collect::<Vec<_>>(),
        "recommendation": {
            "design": study.rows.get(study.best).map_or("", |row| row.strategy.name()),
            "reason": study.reason,
            "confidence": 0.95,
        },
    });
    format!("{object:#}\n")
}
