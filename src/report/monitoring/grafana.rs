//! A dashboard of Grafana for the metrics of a run and of the real cluster alike.

use super::rules::Rule;
use crate::metrics::Run;
use crate::report::clock::Clock;
use crate::report::formats::openmetrics;
use crate::units::SimTime;
use serde_json::{Value, json};

/// A panel: title, unit, and queries with their legends. The first word of a query's metric says
/// whether a real cluster has it (`kafka_`) or the simulation alone (`kafsim_`).
struct Panel(&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PANELS: [Panel; 12] = [
    Panel(
        "Lag by group",
        "short",
        &[("sum by (consumergroup) (kafka_consumergroup_lag)", "{{consumergroup}}")],
    ),
    Panel(
        "Records in",
        "cps",
        &[("sum(rate(kafka_server_brokertopicmetrics_messagesin_total[5m]))", "records/s")],
    ),
    Panel(
        "Bytes in",
        "Bps",
        &[("sum(rate(kafka_server_brokertopicmetrics_bytesin_total[5m]))", "bytes/s")],
    ),
    Panel(
        "Members",
        "short",
        &[("sum by (consumergroup) (kafka_consumergroup_members)", "{{consumergroup}}")],
    ),
    Panel("Brokers", "short", &[("max(kafka_brokers)", "brokers")]),
    Panel(
        "Idle request handlers",
        "percentunit",
        &[(
            "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent",
            "broker {{broker}}",
        )],
    ),
    Panel(
        "Idle network threads",
        "percentunit",
        &[("kafka_network_socketserver_networkprocessoravgidle_percent", "broker {{broker}}")],
    ),
    Panel("Stored", "bytes", &[("sum by (broker) (kafka_log_log_size)", "broker {{broker}}")]),
    Panel(
        "Simulated: oldest record",
        "s",
        &[("kafsim_consumergroup_lag_seconds", "{{consumergroup}}")],
    ),
    Panel(
        "Simulated: load against capacity",
        "cps",
        &[
            ("sum(rate(kafsim_producer_offered_records_total[5m]))", "offered"),
            ("kafsim_capacity_rate", "capacity of {{target}}"),
        ],
    ),
    Panel("Simulated: CPU", "percentunit", &[("kafsim_broker_cpu_ratio", "broker {{broker}}")]),
    Panel(
        "Simulated: busiest disk",
        "percentunit",
        &[("kafsim_broker_disk_ratio", "broker {{broker}}")],
    ),
];

/// Width and height of a panel in Grafana's grid of 24 columns.
const SIZE: [usize; 2] = [12, 8];

/// The dashboard as JSON, over the time of the run; limits of rules are lines in their panels.
pub fn dashboard(run: &Run, rules: &[Rule]) -> String {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let has = openmetrics::names(run);
    let known = |query: &str| has.iter().any(|name| query.contains(name.as_str()));
    let panels: Vec<Value> = PANELS
        .iter()
        .filter(|Panel(_, _, queries)| queries.iter().all(|(query, _)| known(query)))
        .enumerate()
        .map(|(index, one)| panel(index, one, rules))
        .collect();
    let millis = |seconds: f64| (clock.epoch() as f64 + seconds) as i64 * 1_000;
    let board = json!({
        "title": format!("kafsim: {}", run.scenario),
        "tags": ["kafka", "kafsim"],
        "timezone": "utc",
        "schemaVersion": 38,
        "version": 1,
        "editable": true,
        "time": {
            "from": millis(0.0).to_string(),
            "to": millis(run.duration.as_secs_f64()).to_string(),
        },
        "templating": {"list": [{
            "name": "datasource",
            "label": "Prometheus",
            "type": "datasource",
            "query": "prometheus",
        }]},
        "panels": panels,
    });
    format!("{board:#}\n")
}

fn panel(index: usize, Panel(title, unit, queries): &Panel, rules: &[Rule]) -> Value {
    let [width, height] = SIZE;
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    let target = |(number, (expr, legend)): (usize, &(&str, &str))| {
        json!({
            "refId": char::from(b'A' + number as u8).to_string(),
            "datasource": source,
            "expr": expr,
            "legendFormat": legend,
        })
    };
    let targets: Vec<Value> = queries.iter().enumerate().map(target).collect();
    let mut steps = vec![json!({"color": "transparent", "value": null})];
    for rule in rules {
        let side = rule.expr.split(" > ").next().unwrap_or_default();
        // A rule on one group and a panel of all of them ask for the same metric.
        let own = queries.iter().any(|(query, _)| {
            *query == side || (!side.contains('/') && metric(query) == metric(side))
        });
        if own {
            steps.push(json!({"color": "red", "value": rule.limit}));
        }
    }
    json!({
        "id": index + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": {"x": index % 2 * width, "y": index / 2 * height, "w": width, "h": height},
        "targets": targets,
        "fieldConfig": {"defaults": {
            "unit": unit,
            "min": 0,
            "custom": {"fillOpacity": 8, "thresholdsStyle": {"mode": "line"}},
            "thresholds": {"mode": "absolute", "steps": steps},
        }, "overrides": []},
    })
}

/// The first metric that a query names.
fn metric(query: &str) -> &str {
    let start = query.find("kafka_").or(query.find("kafsim_")).unwrap_or(0);
    let rest = &query[start..];
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    &rest[..end]
}
