//! Tidy CSV files, and the summary as rows.

use super::json::summary;
use crate::metrics::Run;
use crate::units::SimSpan;
use serde_json::Value;

/// Rows of texts as CSV.
fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _header = writer.write_record(header);
    for row in rows {
        let _row = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// `timeseries.csv`: one row per point.
pub fn timeseries(run: &Run) -> String {
    let rows = run.series.iter().flat_map(|series| {
        series.points.iter().map(move |(at, value)| {
            [
                at.as_secs_f64().to_string(),
                series.name.clone(),
                series.entity.clone(),
                value.to_string(),
                series.unit.to_owned(),
            ]
        })
    });
    table(["t_s", "series", "entity", "value", "unit"], rows)
}

/// `latency.csv`: quantiles of what the engine knows; the flow engine knows none.
pub fn latency(run: &Run) -> String {
    let publish = run.producers.iter().map(|(name, one)| ("publish", name, one.latency_ms));
    let end_to_end = run.groups.iter().map(|(name, one)| ("e2e", name, one.e2e_latency_ms));
    let rows = publish.chain(end_to_end).filter_map(|(kind, name, latency)| {
        let latency = latency?;
        let quantiles = [
            ("mean", latency.mean),
            ("p50", latency.p50),
            ("p95", latency.p95),
            ("p99", latency.p99),
            ("p999", latency.p999),
            ("max", latency.max),
        ];
        Some(quantiles.map(|(stat, value)| {
            [kind.to_owned(), name.clone(), stat.to_owned(), value.to_string()]
        }))
    });
    table(["latency", "entity", "stat", "ms"], rows.flatten())
}

/// `decisions.csv`.
pub fn decisions(run: &Run) -> String {
    let maybe = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    let rows = run.decisions.iter().map(|one| {
        [
            one.at.as_secs_f64().to_string(),
            one.policy.clone(),
            one.target.clone(),
            one.from.to_string(),
            one.to.to_string(),
            one.reason.clone(),
            one.failed.to_string(),
            maybe(one.effective_after.map(SimSpan::as_secs_f64)),
            maybe(one.capacity_before),
            maybe(one.capacity_after),
            one.words.clone(),
        ]
    });
    let header = [
        "t_s",
        "policy",
        "target",
        "from",
        "to",
        "reason",
        "failed",
        "effective_after_s",
        "capacity_before_records_s",
        "capacity_after_records_s",
        "words",
    ];
    table(header, rows)
}

/// `events.csv`.
pub fn events(run: &Run) -> String {
    let rows = run.events.iter().map(|one| {
        [
            one.at.as_secs_f64().to_string(),
            one.kind.to_owned(),
            one.entity.clone(),
            one.words.clone(),
        ]
    });
    table(["t_s", "event", "entity", "words"], rows)
}

/// `resources.csv`.
pub fn resources(run: &Run) -> String {
    let rows = run.bottleneck.by_resource.iter().map(|one| {
        [
            one.resource.clone(),
            one.kind.to_owned(),
            one.mean.to_string(),
            one.peak.to_string(),
            one.headroom.to_string(),
            one.saturates_at_load_factor.map(|v| v.to_string()).unwrap_or_default(),
        ]
    });
    table(["resource", "kind", "mean", "peak", "headroom", "saturates_at_load_factor"], rows)
}

/// `--format csv`: the summary, one row per value.
pub fn summary_rows(run: &Run) -> Vec<[String; 2]> {
    let mut rows = Vec::new();
    flatten("", &summary(run), &mut rows);
    rows
}

/// The same as text.
pub fn summary_text(run: &Run) -> String {
    table(["quantity", "value"], summary_rows(run))
}

fn flatten(path: &str, value: &Value, rows: &mut Vec<[String; 2]>) {
    let below =
        |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}/{part}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| flatten(&below(k), v, rows)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| flatten(&below(&i.to_string()), v, rows));
        }
        Value::Null => rows.push([path.to_owned(), String::new()]),
        Value::String(text) => rows.push([path.to_owned(), text.clone()]),
        other => rows.push([path.to_owned(), other.to_string()]),
    }
}
