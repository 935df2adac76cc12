//! `metrics.om`: OpenMetrics with the names that existing dashboards use.
//!
//! Names are those of the JMX exporter's Kafka rules and of kafka-exporter; what has no such name
//! begins with `kafsim_`. Time stamps are the scenario's wall clock read as UTC, so that a file can
//! be backfilled.

use crate::metrics::{Run, Series};
use crate::report::clock::Clock;
use crate::units::{SimSpan, SimTime};

/// Series, metric name, label, help.
const METRICS: [(&str, &str, &str, &str); 14] = [
    ("lag_records", "kafka_consumergroup_lag", "consumergroup", "Committed lag in records."),
    ("members_ready", "kafka_consumergroup_members", "consumergroup", "Members of the group."),
    ("brokers_ready", "kafka_brokers", "cluster", "Brokers in service."),
    (
        "acked_records_s",
        "kafka_server_brokertopicmetrics_messagesin_rate",
        "producer",
        "Records appended per second.",
    ),
    (
        "lag_seconds",
        "kafsim_consumergroup_lag_seconds",
        "consumergroup",
        "Age of the oldest record.",
    ),
    ("processed_records_s", "kafsim_consumergroup_processed_rate", "consumergroup", "Records/s."),
    ("members_desired", "kafsim_consumergroup_members_desired", "consumergroup", "Members wanted."),
    ("brokers_desired", "kafsim_brokers_desired", "cluster", "Brokers wanted."),
    (
        "offered_records_s",
        "kafsim_producer_offered_rate",
        "producer",
        "Records offered per second.",
    ),
    ("capacity_records_s", "kafsim_capacity_rate", "target", "Largest load in records per second."),
    ("cpu_utilisation", "kafsim_broker_cpu_ratio", "broker", "CPU utilisation."),
    ("nic_in_utilisation", "kafsim_broker_nic_in_ratio", "broker", "NIC utilisation, in."),
    ("nic_out_utilisation", "kafsim_broker_nic_out_ratio", "broker", "NIC utilisation, out."),
    ("disk_utilisation", "kafsim_broker_disk_ratio", "broker", "Utilisation of the busiest disk."),
];

/// One sample a minute.
const SPACING: SimSpan = SimSpan::from_secs(60);

/// The exposition, ended by `# EOF`.
pub fn render(run: &Run) -> String {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let mut text = String::new();
    for (series, metric, label, help) in METRICS {
        // The sum over producers is for queries to make.
        let found: Vec<&Series> = run.series_named(series).filter(|s| s.entity != "all").collect();
        if found.is_empty() {
            continue;
        }
        text.push_str(&format!("# TYPE {metric} gauge\n# HELP {metric} {help}\n"));
        for series in found {
            let entity = escape(&series.entity);
            let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else {
                continue;
            };
            // An even grid: a query that looks back a few minutes always finds a sample.
            let mut at = first.0;
            while at <= last.0 {
                if let Some(value) = series.at(at) {
                    let stamp = clock.epoch() as f64 + at.as_secs_f64();
                    let line = format!("{metric}{{{label}=\"{entity}\"}} {value} {stamp:.3}\n");
                    text.push_str(&line);
                }
                at += SPACING;
            }
        }
    }
    text.push_str("# EOF\n");
    text
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
