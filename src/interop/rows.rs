//! Rows of measured runs, in the columns that `kafsim validate` reads.

use crate::metrics::{Quantiles, Run};
use crate::model::client::Acks;
use crate::scenario::{Arrivals, Scenario};
use crate::study::validate::COLUMNS;
use std::collections::BTreeMap;

/// Bytes of the keys that the live mode makes.
const KEY_BYTES: f64 = 8.0;

/// One row; a column that was not set is empty, which means unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRow {
    values: BTreeMap<&'static str, String>,
}

impl RunRow {
    /// Sets a column; the name must be one of [`COLUMNS`].
    pub fn set(&mut self, column: &'static str, value: &impl ToString) {
        debug_assert!(COLUMNS.contains(&column), "{column}");
        self.values.insert(column, value.to_string());
    }
    /// What a column holds, empty when unknown.
    pub fn get(&self, column: &str) -> &str {
        self.values.get(column).map_or("", String::as_str)
    }
    /// Rows as CSV with a header.
    pub fn csv(rows: &[Self]) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _header = writer.write_record(COLUMNS);
        for row in rows {
            let _row = writer.write_record(COLUMNS.map(|column| row.get(column)));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
    fn latency(&mut self, latency: &Quantiles) {
        let columns = [
            ("publish_mean_ms", latency.mean),
            ("publish_p50_ms", latency.p50),
            ("publish_p95_ms", latency.p95),
            ("publish_p99_ms", latency.p99),
            ("publish_p999_ms", latency.p999),
        ];
        for (column, value) in columns {
            self.set(column, &format!("{value:.3}"));
        }
    }
}

/// The row of a measured run. The columns describe one producer and one topic, so a scenario with
/// more has no row; `from_send` is the publish latency from the actual send, which is what load
/// tools print.
///
/// `brokers` is how many there were, `source` says what was measured with what.
pub fn measured_row(
    scenario: &Scenario,
    run: &Run,
    from_send: &BTreeMap<String, Quantiles>,
    [brokers, rig, source]: [&str; 3],
) -> Option<RunRow> {
    let ([spec], [topic]) = (scenario.producers.as_slice(), scenario.cluster.topics.as_slice())
    else {
        return None;
    };
    let outcome = run.producers.get(&spec.name)?;
    let settings = &spec.settings;
    let mut row = RunRow::default();
    row.set("id", &scenario.name);
    row.set("rig", &rig);
    row.set("case", &scenario.name);
    row.set("brokers", &brokers);
    row.set("partitions", &topic.partitions);
    row.set("replication_factor", &topic.replication_factor);
    row.set("min_insync", &topic.settings.min_insync_replicas);
    row.set(
        "acks",
        &match settings.acks {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        },
    );
    // The column is the value's; the scenario's size holds the key too.
    let key = if spec.keyed { KEY_BYTES } else { 0.0 };
    row.set("record_bytes", &(spec.record_size.mean() - key).max(0.0).round());
    row.set("batch_size", &settings.batch_size.get());
    row.set("linger_ms", &(settings.linger.as_nanos() as f64 / 1e6));
    row.set("buffer_memory", &settings.buffer_memory.get());
    let codec = scenario.cards.keys().find_map(|card| card.strip_prefix("codecs/"));
    let codec = codec.map_or("none", |name| name.split('-').next().unwrap_or(name));
    row.set("compression", &if settings.codec.compresses() { codec } else { "none" });
    row.set("producers", &spec.clients);
    row.set("groups", &scenario.groups.len());
    let members = scenario.groups.iter().map(|group| group.members).max();
    row.set("members_per_group", &members.unwrap_or(0));
    if let Some(group) = scenario.groups.first() {
        row.set("max_partition_fetch_bytes", &group.settings.max_partition_fetch.get());
    }
    if let Some(records) = topic.settings.flush_messages {
        row.set("flush_messages", &records);
    }
    if spec.arrivals != Arrivals::Closed {
        row.set("target_records_s", &format!("{:.1}", outcome.offered_records_s));
    }
    let seconds = run.duration.as_secs_f64() - run.warm_up.as_secs_f64();
    row.set("duration_s", &format!("{seconds:.1}"));
    row.set("records_s", &format!("{:.1}", outcome.records_s));
    row.set("repeats", &1);
    if let Some(latency) = from_send.get(&spec.name) {
        row.latency(latency);
    }
    let groups = run.groups.len() as f64;
    if groups > 0.0 {
        let read: f64 = run.groups.values().map(|group| group.records_s).sum();
        row.set("consume_records_s_per_group", &format!("{:.1}", read / groups));
        let lag: f64 = run.groups.values().map(|group| group.processing_lag_records.end).sum();
        row.set("lag_end_records", &lag);
    }
    if let Some(latency) = run.groups.values().find_map(|group| group.e2e_latency_ms) {
        row.set("e2e_p50_ms", &format!("{:.3}", latency.p50));
        row.set("e2e_p99_ms", &format!("{:.3}", latency.p99));
    }
    row.set("source", &source);
    Some(row)
}
