//! `metrics.om`: OpenMetrics with the names that existing dashboards use.
//!
//! Names are those of kafka-exporter and of the JMX exporter's rules that Strimzi ships; what has
//! no such name begins with `kafsim_`. Time stamps are the scenario's wall clock read as UTC, so
//! that a file can be backfilled.

use crate::metrics::{Run, Series, Shape};
use crate::report::clock::Clock;
use crate::report::monitoring::promql::Sampled;
use crate::units::{SimSpan, SimTime};

/// How a metric follows from a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// The value.
    Gauge,
    /// One minus the value: idle shares.
    Idle,
    /// The sum over time of a rate.
    Counter,
    /// The same in bytes, for a producer's records.
    ByteCounter,
}

/// A metric: the series it is made of, its name and label, how it is made, and its help.
struct Metric(&'static str, &'static str, &'static str, Made, &'static str);

const METRICS: [Metric; 18] = [
    Metric(
        "lag_records",
        "kafka_consumergroup_lag",
        "consumergroup",
        Made::Gauge,
        "Committed lag in records.",
    ),
    Metric(
        "members_ready",
        "kafka_consumergroup_members",
        "consumergroup",
        Made::Gauge,
        "Members of the group.",
    ),
    Metric("brokers_ready", "kafka_brokers", "cluster", Made::Gauge, "Brokers in service."),
    Metric(
        "acked_records_s",
        "kafka_server_brokertopicmetrics_messagesin",
        "producer",
        Made::Counter,
        "Records appended.",
    ),
    Metric(
        "acked_records_s",
        "kafka_server_brokertopicmetrics_bytesin",
        "producer",
        Made::ByteCounter,
        "Bytes appended by leaders.",
    ),
    Metric(
        "request_handler_utilisation",
        "kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent",
        "broker",
        Made::Idle,
        "Idle share of the request handlers.",
    ),
    Metric(
        "network_thread_utilisation",
        "kafka_network_socketserver_networkprocessoravgidle_percent",
        "broker",
        Made::Idle,
        "Idle share of the network threads.",
    ),
    Metric("stored_bytes", "kafka_log_log_size", "broker", Made::Gauge, "Bytes stored."),
    Metric(
        "lag_seconds",
        "kafsim_consumergroup_lag_seconds",
        "consumergroup",
        Made::Gauge,
        "Age of the oldest record.",
    ),
    Metric(
        "processed_records_s",
        "kafsim_consumergroup_processed_records",
        "consumergroup",
        Made::Counter,
        "Records processed.",
    ),
    Metric(
        "members_desired",
        "kafsim_consumergroup_members_desired",
        "consumergroup",
        Made::Gauge,
        "Members wanted.",
    ),
    Metric("brokers_desired", "kafsim_brokers_desired", "cluster", Made::Gauge, "Brokers wanted."),
    Metric(
        "offered_records_s",
        "kafsim_producer_offered_records",
        "producer",
        Made::Counter,
        "Records offered.",
    ),
    Metric(
        "capacity_records_s",
        "kafsim_capacity_rate",
        "target",
        Made::Gauge,
        "Largest load in records per second.",
    ),
    Metric("cpu_utilisation", "kafsim_broker_cpu_ratio", "broker", Made::Gauge, "CPU utilisation."),
    Metric(
        "nic_in_utilisation",
        "kafsim_broker_nic_in_ratio",
        "broker",
        Made::Gauge,
        "NIC utilisation, in.",
    ),
    Metric(
        "nic_out_utilisation",
        "kafsim_broker_nic_out_ratio",
        "broker",
        Made::Gauge,
        "NIC utilisation, out.",
    ),
    Metric(
        "disk_utilisation",
        "kafsim_broker_disk_ratio",
        "broker",
        Made::Gauge,
        "Utilisation of the busiest disk.",
    ),
];

/// One sample a minute: a query that looks back a few minutes always finds one.
pub const SPACING: SimSpan = SimSpan::from_secs(60);

/// The exposition, ended by `# EOF`.
pub fn render(run: &Run) -> String {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let mut text = String::new();
    for metric in &METRICS {
        let found = metric.series(run);
        if found.is_empty() {
            continue;
        }
        let (kind, ending) = metric.kind();
        let (name, help) = (metric.1, metric.4);
        text.push_str(&format!("# TYPE {name} {kind}\n# HELP {name} {help}\n"));
        for series in found {
            let labels = metric.labels(series);
            for (at, value) in values(run, series, metric.3) {
                let stamp = clock.epoch() as f64 + at.as_secs_f64();
                text.push_str(&format!("{name}{ending}{labels} {value} {stamp:.3}\n"));
            }
        }
    }
    text.push_str("# EOF\n");
    text
}

/// The same for programs: name, labels, and a value each minute from the start on. What begins
/// later has no value until then, written as `_`.
pub fn samples(run: &Run) -> Vec<(String, String, Vec<String>)> {
    let mut found = Vec::new();
    for metric in &METRICS {
        for series in metric.series(run) {
            let known = values(run, series, metric.3);
            let late = known.first().map_or(SimSpan::ZERO, |first| first.0 - SimTime::ZERO);
            let absent = late.as_nanos().div_ceil(SPACING.as_nanos());
            let mut all = vec!["_".to_owned(); absent as usize];
            all.extend(known.iter().map(|(_, value)| value.to_string()));
            let name = format!("{}{}", metric.1, metric.kind().1);
            found.push((name, metric.labels(series), all));
        }
    }
    found
}

/// The same as numbers, for rules that are judged on them.
pub fn sampled(run: &Run) -> Vec<Sampled> {
    let mut found = Vec::new();
    for metric in &METRICS {
        for series in metric.series(run) {
            found.push(Sampled {
                name: format!("{}{}", metric.1, metric.kind().1),
                labels: [(metric.2.to_owned(), series.entity.clone())].into(),
                samples: values(run, series, metric.3),
            });
        }
    }
    found
}

impl Metric {
    /// The series that it is made of; the sum over producers is for queries to make.
    fn series<'r>(&self, run: &'r Run) -> Vec<&'r Series> {
        run.series.iter().filter(|one| one.name == self.0 && one.entity != "all").collect()
    }
    /// Its type, and the ending of its samples' name.
    fn kind(&self) -> (&'static str, &'static str) {
        match self.3 {
            Made::Gauge | Made::Idle => ("gauge", ""),
            Made::Counter | Made::ByteCounter => ("counter", "_total"),
        }
    }
    fn labels(&self, series: &Series) -> String {
        format!("{{{}=\"{}\"}}", self.2, escape(&series.entity))
    }
}

/// The names of metrics that a run has, as queries spell them.
pub fn names(run: &Run) -> Vec<String> {
    let found = METRICS.iter().filter(|metric| !metric.series(run).is_empty());
    found.map(|metric| format!("{}{}", metric.1, metric.kind().1)).collect()
}

/// A metric's values on an even grid.
fn values(run: &Run, series: &Series, made: Made) -> Vec<(SimTime, f64)> {
    let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else {
        return Vec::new();
    };
    let bytes_each = run
        .producers
        .get(&series.entity)
        .filter(|one| one.records_s > 0.0)
        .map_or(0.0, |one| one.mib_s * 1_048_576.0 / one.records_s);
    let mut found = Vec::new();
    let mut at = first.0;
    let mut total = 0.0;
    while at <= last.0 {
        let value = match made {
            Made::Gauge => series.at(at),
            Made::Idle => series.at(at).map(|busy| (1.0 - busy).clamp(0.0, 1.0)),
            Made::Counter => Some(total),
            Made::ByteCounter => Some(total * bytes_each),
        };
        found.extend(value.map(|value| (at, value)));
        let next = at.saturating_add(SPACING);
        if matches!(made, Made::Counter | Made::ByteCounter) {
            total += volume(series, at, next);
        }
        at = next;
    }
    found
}

/// The integral of a series of means.
fn volume(series: &Series, from: SimTime, to: SimTime) -> f64 {
    debug_assert_eq!(series.shape, Shape::Mean, "{} is no rate", series.name);
    let until = series.points.last().map_or(from, |last| last.0).min(to);
    let mut volume = 0.0;
    let mut at = from;
    let next = series.points.partition_point(|point| point.0 <= from);
    for (end, rate) in &series.points[next..] {
        let end = (*end).min(until);
        if end <= at {
            break;
        }
        volume += rate * (end - at).as_secs_f64();
        at = end;
    }
    volume
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
