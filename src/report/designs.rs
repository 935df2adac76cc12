//! Designs side by side: tables, rows for programs, and the words of a recommendation.

use super::formats::table::Table;
use crate::analysis::Interval;
use crate::study::{Difference, Outcome, PartitionStudy, QUANTITIES};
use crate::units::count;
use serde_json::{Map, Value, json};

/// A value with its 95 % interval.
pub(super) fn show(value: Option<Interval>) -> String {
    let number = |value: f64| {
        if value.abs() >= 1_000.0 { count(value) } else { format!("{value:.2}") }
    };
    match value {
        None => "-".to_owned(),
        Some(one) if one.half_width.is_finite() => {
            format!("{} ± {}", number(one.mean), number(one.half_width))
        }
        Some(one) => number(one.mean),
    }
}

/// One row per quantity, one column per design.
pub fn table(outcomes: &[Outcome]) -> Table {
    let mut header = vec!["95 % intervals"];
    header.extend(outcomes.iter().map(|one| one.design.as_str()));
    let mut table = Table::new(&header);
    for (index, quantity) in QUANTITIES.iter().enumerate() {
        if outcomes.iter().all(|one| one.values[index].is_none()) {
            continue;
        }
        let mut cells = vec![quantity.words.to_owned()];
        cells.extend(outcomes.iter().map(|one| show(one.values[index])));
        table.row(&cells);
    }
    let mut cells = vec!["limited by".to_owned()];
    cells.extend(outcomes.iter().map(|one| one.bottleneck.clone()));
    table.row(&cells);
    table
}

/// Differences to the first design, the real ones first said to be so.
pub fn differences_table(outcomes: &[Outcome], differences: &[Difference]) -> Table {
    let first = outcomes.first().map_or("", |one| one.design.as_str());
    let against = format!("against {first}");
    let mut table = Table::new(&[&against, "quantity", "difference", "relative", "real?"]);
    for one in differences {
        table.row(&[
            outcomes[one.design].design.clone(),
            QUANTITIES[one.quantity].words.to_owned(),
            show(Some(one.by)),
            format!("{:+.1} %", one.relative * 100.0),
            if one.real { "yes".to_owned() } else { "not shown".to_owned() },
        ]);
    }
    table
}

/// Flat rows, each quantity as `x`, `x_low`, `x_high`.
pub fn rows(outcomes: &[Outcome]) -> Vec<Value> {
    let row = |one: &Outcome| {
        let mut row = Map::new();
        row.insert("design".into(), json!(one.design));
        row.insert("bottleneck".into(), json!(one.bottleneck));
        row.insert("replications".into(), json!(one.runs.len()));
        for (quantity, value) in QUANTITIES.iter().zip(&one.values) {
            let number = |pick: fn(&Interval) -> f64| {
                value.as_ref().map(pick).filter(|number| number.is_finite())
            };
            row.insert(quantity.key.into(), json!(number(|one| one.mean)));
            row.insert(format!("{}_low", quantity.key), json!(number(Interval::low)));
            row.insert(format!("{}_high", quantity.key), json!(number(Interval::high)));
        }
        Value::Object(row)
    };
    outcomes.iter().map(row).collect()
}

/// The best design by throughput, with the reason; confidence is that of the intervals.
pub fn recommendation(outcomes: &[Outcome], differences: &[Difference]) -> (String, String) {
    let value = |one: &Outcome, index: usize| one.values[index].map_or(0.0, |value| value.mean);
    let best = (0..outcomes.len()).max_by(|a, b| {
        // Equal throughput: the shorter publish latency decides.
        let key = |index: &usize| (value(&outcomes[*index], 0) * 100.0).round();
        let late = |index: &usize| value(&outcomes[*index], 3);
        key(a).total_cmp(&key(b)).then(late(b).total_cmp(&late(a)))
    });
    let Some(best) = best else { return (String::new(), String::new()) };
    let told = |design: usize| {
        let real = differences.iter().filter(|one| one.real && one.design == design);
        let words: Vec<String> = real
            .map(|one| format!("{} {:+.1} %", QUANTITIES[one.quantity].words, one.relative * 100.0))
            .collect();
        let (name, first) = (&outcomes[design].design, &outcomes[0].design);
        (!words.is_empty()).then(|| format!("{name} against {first}: {}", words.join(", ")))
    };
    // Differences are to the first design: where that one is best, the others' tell why.
    let others = if best == 0 { 1..outcomes.len() } else { best..best + 1 };
    let real: Vec<String> = others.filter_map(told).collect();
    let design = outcomes[best].design.clone();
    let reason = if real.is_empty() {
        "no difference is larger than the chance in it".to_owned()
    } else {
        real.join("; ")
    };
    (design, reason)
}

/// A comparison as one JSON object.
pub fn comparison_json(outcomes: &[Outcome], differences: &[Difference]) -> String {
    let (design, reason) = recommendation(outcomes, differences);
    let different: Vec<Value> = differences
        .iter()
        .map(|one| {
            json!({
                "design": outcomes[one.design].design,
                "quantity": QUANTITIES[one.quantity].key,
                "by": one.by.mean,
                "by_low": finite(one.by.low()),
                "by_high": finite(one.by.high()),
                "relative": one.relative,
                "real": one.real,
            })
        })
        .collect();
    pretty(&json!({
        "schema": "kafsim/comparison/1",
        "kafsim": super::document::VERSION,
        "rows": rows(outcomes),
        "differences": different,
        "recommendation": {"design": design, "reason": reason, "confidence": 0.95},
    }))
}

pub(super) fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

pub(super) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The answer to "what do more partitions give?", for people.
pub fn partitions_table(study: &PartitionStudy) -> Table {
    let header = [
        "partitions",
        "written, records/s",
        "written, MiB/s",
        "publish p99, ms",
        "read, records/s",
        "partition after 1 min, MiB",
        "writing limited by",
    ];
    let mut table = Table::new(&header);
    for (index, count) in study.counts.iter().enumerate() {
        let (writing, reading) = (&study.writing[index], &study.reading[index]);
        let knee = if index == study.knee { " (knee)" } else { "" };
        table.row(&[
            format!("{count}{knee}"),
            show(writing.values[0]),
            show(writing.values[1]),
            show(writing.values[3]),
            show(reading.values[4]),
            format!("{:.0}", study.partition_bytes[index] / 1_048_576.0),
            writing.bottleneck.clone(),
        ]);
    }
    table
}

/// The same as one JSON object.
pub fn partitions_json(study: &PartitionStudy) -> String {
    let mut list = rows(&study.writing);
    for (index, row) in list.iter_mut().enumerate() {
        let Value::Object(row) = row else { continue };
        let read = study.reading[index].values[4];
        row.insert("partitions".into(), json!(study.counts[index]));
        row.insert("consumed_records_s".into(), json!(read.map(|one| one.mean)));
        let low = read.and_then(|one| finite(one.low()));
        let high = read.and_then(|one| finite(one.high()));
        row.insert("consumed_records_s_low".into(), json!(low));
        row.insert("consumed_records_s_high".into(), json!(high));
        row.insert("partition_bytes".into(), json!(study.partition_bytes[index]));
    }
    pretty(&json!({
        "schema": "kafsim/partitions/1",
        "kafsim": super::document::VERSION,
        "rows": list,
        "knee": study.counts[study.knee],
        "recommendation": {
            "design": format!("{} partitions", study.counts[study.knee]),
            "reason": study.reason,
            "confidence": 0.95,
        },
    }))
}
