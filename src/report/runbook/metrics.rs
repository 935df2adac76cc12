//! What is watched before, during and after a change, and beyond what value to stop.

use super::title;
use crate::analysis::issues::WORSE;
use crate::report::clock::Clock;
use crate::report::formats::table::Table;
use crate::scenario::{Comparison, Metric};
use crate::study::runbook::{Body, MoveBook, Phase, Procedure};
use crate::units::{SimSpan, count, sig};

/// A metric with what it may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// Its key, unit last.
    pub key: String,
    /// In words.
    pub words: String,
    /// Its unit.
    pub unit: &'static str,
    /// Where it is read.
    pub read_at: String,
    /// Smallest and largest value before the change.
    pub before: Option<[f64; 2]>,
    /// During it.
    pub during: Option<[f64; 2]>,
    /// After it.
    pub after: Option<[f64; 2]>,
    /// Where to stop: below the first, above the second.
    pub stop: [Option<f64>; 2],
}

/// Share of a resource that is left to a metric above its range before somebody stops.
const MARGIN: f64 = 0.2;
/// A resource that is busier than this is full.
const FULL: f64 = 0.95;
/// Rates that fall below this share of their range stop a change.
const FALLS: f64 = 0.8;
/// Ages and lags that are below this are noise: seconds, records.
const NOISE: [f64; 2] = [5.0, 1_000.0];

impl Watched {
    /// A range in its unit.
    pub fn shown(&self, range: Option<[f64; 2]>) -> String {
        let Some([low, high]) = range else { return "-".to_owned() };
        let (low, high) = (self.value(low), self.value(high));
        if low == high { low } else { format!("{low} to {high}") }
    }

    fn value(&self, value: f64) -> String {
        match self.unit {
            "share" => format!("{} %", sig((value * 1_000.0).round() / 10.0)),
            "s" if value <= 0.0 => "0 s".to_owned(),
            "s" => SimSpan::from_secs_f64(value).to_prose(),
            "ms" => format!("{} ms", sig(value)),
            "records/s" => format!("{} /s", count(value)),
            _ => count(value),
        }
    }

    fn stop_words(&self) -> String {
        let below = self.stop[0].map(|limit| format!("below {}", self.value(limit)));
        let above = self.stop[1].map(|limit| format!("above {}", self.value(limit)));
        let words: Vec<String> = below.into_iter().chain(above).collect();
        if words.is_empty() { "-".to_owned() } else { words.join(", ") }
    }
}

/// What the simulations say of each metric.
pub fn watched(procedure: &Procedure) -> Vec<Watched> {
    let of = |name: &str, index: usize| procedure.phase(name)?.ranges.get(index).copied().flatten();
    let mut all: Vec<Watched> = Vec::new();
    for (index, gauge) in procedure.gauges.iter().enumerate() {
        let [before, during, after] = ["before", "during", "after"].map(|name| of(name, index));
        let worst = [before, during, after].into_iter().flatten().map(|ends| ends[1]);
        let most = worst.fold(0.0, f64::max);
        let least = during.or(before).map_or(0.0, |ends| ends[0]);
        let stop = match gauge.unit {
            "share" => [None, Some((most + MARGIN).min(FULL).max(most))],
            "records/s" => [Some(least * FALLS), None],
            "s" => [None, Some((most * WORSE).max(NOISE[0]))],
            _ => [None, Some((most * WORSE).max(NOISE[1]))],
        };
        all.push(Watched {
            key: gauge.key.clone(),
            words: gauge.words.clone(),
            unit: gauge.unit,
            read_at: gauge.read_at.clone(),
            before,
            during,
            after,
            stop: [stop[0], objective(procedure, &gauge.key).or(stop[1])],
        });
    }
    all.extend(latencies(procedure));
    all
}

/// The tightest objective on a metric that must stay below a limit.
fn objective(procedure: &Procedure, key: &str) -> Option<f64> {
    let scenario = &procedure.scenario;
    let limits = scenario.slo.iter().filter_map(|one| {
        let below = matches!(one.comparison, Comparison::Below | Comparison::AtMost);
        let own = match one.metric {
            Metric::Lag(group) => format!("lag_records/{}", scenario.groups[group.index()].name),
            Metric::LagSeconds(group) => {
                format!("lag_seconds/{}", scenario.groups[group.index()].name)
            }
            Metric::Publish(producer) => {
                format!("publish_p99_ms/{}", scenario.producers[producer.index()].name)
            }
            Metric::EndToEnd(_) | Metric::BrokerCpu => return None,
        };
        (below && own == key).then_some(one.limit)
    });
    limits.reduce(f64::min)
}

fn latencies(procedure: &Procedure) -> Vec<Watched> {
    let of = |name: &str, index: usize| {
        let phase: Option<&Phase> = procedure.phase(name);
        phase.and_then(|phase| phase.latencies.get(index).copied().flatten()).map(|one| one.p99)
    };
    let producers = procedure.scenario.producers.iter().enumerate();
    let one = |(index, producer): (usize, &crate::scenario::Producer)| {
        let [before, during, after] = ["before", "during", "after"].map(|name| of(name, index));
        let worst = [before, during, after].into_iter().flatten().map(|ends| ends[1]);
        let most = worst.reduce(f64::max)?;
        let key = format!("publish_p99_ms/{}", producer.name);
        let stop = objective(procedure, &key).unwrap_or(most * WORSE);
        Some(Watched {
            words: format!("publish p99 of {}", producer.name),
            unit: "ms",
            read_at: "kafka.producer:type=producer-metrics, request-latency-max".to_owned(),
            before,
            during,
            after,
            stop: [None, Some(stop)],
            key,
        })
    };
    producers.filter_map(one).collect()
}

/// What Kafka itself counts, which needs no simulation.
fn counted(procedure: &Procedure) -> Vec<[String; 6]> {
    let row = |words: &str, at: &str, cells: [&str; 4]| {
        let [before, during, after, stop] = cells.map(str::to_owned);
        [words.to_owned(), before, during, after, stop, at.to_owned()]
    };
    let manager = |name: &str| format!("kafka.server:type=ReplicaManager,name={name}");
    let mut rows = vec![
        row(
            "under-replicated partitions",
            &manager("UnderReplicatedPartitions"),
            ["0", "0", "0", "above 0 for 5 min"],
        ),
        row(
            "partitions without a leader",
            "kafka.controller:type=KafkaController,name=OfflinePartitionsCount",
            ["0", "0", "0", "above 0"],
        ),
        row("ISR shrinks", &manager("IsrShrinksPerSec"), ["0", "0", "0", "above 0 for 5 min"]),
    ];
    if let Some(book) = procedure.moves() {
        let most = book.waves.iter().map(|wave| wave.changes.len()).max().unwrap_or(0);
        let copies: usize = book.study.plan.changes.iter().map(|one| one.arriving().count()).sum();
        let expands = format!("{copies} in all");
        rows.push(row("ISR expands", &manager("IsrExpandsPerSec"), ["0", &expands, "0", "-"]));
        let falls = format!("{most} to 0 in each wave");
        rows.push(row(
            "partitions on their way",
            &manager("ReassigningPartitions"),
            ["0", &falls, "0", "it stands still for 5 min"],
        ));
        let rate = book.throttle.map_or("0".to_owned(), |rate| format!("at most {rate}"));
        rows.push(row(
            "copied into a broker",
            "kafka.server:type=BrokerTopicMetrics,name=ReassignmentBytesInPerSec",
            ["0", &rate, "0", "0 for 5 min"],
        ));
    }
    if let Body::Members { rebalances, .. } = &procedure.body {
        let during = rebalances.to_string();
        rows.push(row(
            "rebalances",
            "kafka.consumer:type=consumer-coordinator-metrics, rebalance-total",
            ["0", &during, "0", "4 within 10 min"],
        ));
    }
    rows
}

/// The table of a procedure.
pub(super) fn table(procedure: &Procedure) -> Table {
    let mut table = Table::new(&["metric", "before", "during", "after", "stop when"]);
    for cells in counted(procedure) {
        table.row(&cells[..5]);
    }
    for one in watched(procedure) {
        table.row(&[
            one.words.clone(),
            one.shown(one.before),
            one.shown(one.during),
            one.shown(one.after),
            one.stop_words(),
        ]);
    }
    table
}

/// Where metrics are read on a real cluster.
pub(super) fn places(procedure: &Procedure) -> Table {
    let mut table = Table::new(&["metric", "read at"]);
    for [words, .., place] in counted(procedure) {
        table.row(&[words, place]);
    }
    for one in watched(procedure) {
        table.row(&[one.words, one.read_at]);
    }
    table
}

/// What the table is about.
pub(super) fn words(procedure: &Procedure, clock: &Clock) -> String {
    let window = procedure.windows[0];
    format!(
        "{} from {} to {}: at {} to {} records/s, with 5 min of patience unless it says otherwise.",
        title(procedure),
        clock.text(window.from),
        clock.text(window.to),
        count(window.load[0]),
        count(window.load[1])
    )
}

/// Throttles that were tried.
pub(super) fn throttles(book: &MoveBook) -> Table {
    let mut table = Table::new(&[
        "throttle of each broker",
        "all waves take",
        "busiest network or disk",
        "publish p99",
        "clients keep all",
    ]);
    for row in &book.throttles {
        let chosen = if Some(row.throttle) == book.throttle { " (taken)" } else { "" };
        table.row(&[
            format!("{}{chosen}", row.throttle),
            row.lasts.map_or("never ends".to_owned(), super::steps::ends),
            format!("{} %", sig((row.busiest * 1_000.0).round() / 10.0)),
            row.p99_ms.map_or("-".to_owned(), |ms| format!("{} ms", sig(ms))),
            if row.keeps { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    table
}
