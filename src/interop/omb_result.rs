//! Results of the OpenMessaging Benchmark: a simulated run as one, and rows from one.
//!
//! Source: its `TestResult` (openmessaging/benchmark): lists with a value for each ten seconds,
//! latencies in milliseconds, delays in microseconds, aggregates, and quantiles by percentile. What
//! a simulation does not know (the delay of a send that the benchmark's own threads cause) is an
//! empty list and `null`.

use super::rows::RunRow;
use super::text::{json_of, problem};
use crate::cluster::ProducerId;
use crate::error::{Error, Result};
use crate::metrics::{Journey, Mixture, Run, Series};
use crate::scenario::{Comparison, Metric, Objective, Scenario, Stat, Window};
use crate::units::{SimSpan, SimTime};
use serde_json::{Map, Value, json};

/// Length of a period.
const PERIOD: SimSpan = SimSpan::from_secs(10);
/// Quantiles by their names.
const NAMES: [(&str, f64); 7] = [
    ("50pct", 0.5),
    ("75pct", 0.75),
    ("95pct", 0.95),
    ("99pct", 0.99),
    ("999pct", 0.999),
    ("9999pct", 0.9999),
    ("99999pct", 0.99999),
];
/// Percentiles of the maps of quantiles.
const PERCENTILES: [f64; 14] =
    [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 99.99, 99.999];

/// The scenario with an objective that nothing misses, so that its latencies are kept over time.
pub fn with_latencies(scenario: &Scenario) -> Scenario {
    let mut asking = scenario.clone();
    if !asking.asks_latencies() {
        asking.slo.push(Objective {
            text: "publish latencies over time".to_owned(),
            metric: Metric::Publish(ProducerId::from_index(0)),
            stat: Some(Stat::Mean),
            comparison: Comparison::AtLeast,
            limit: 0.0,
            window: Window::Run,
        });
    }
    asking
}

/// The result of a run, as the benchmark would have written it.
pub fn omb_result(scenario: &Scenario, run: &Run) -> String {
    let end = SimTime::ZERO.saturating_add(run.duration);
    let mut from = SimTime::ZERO.saturating_add(run.warm_up);
    let mut periods = Vec::new();
    while from < end {
        let to = from.saturating_add(PERIOD).min(end);
        periods.push((from, to));
        from = to;
    }
    let topics = scenario.cluster.topics.len().max(1);
    let clients: u32 = scenario.producers.iter().map(|one| one.clients).sum();
    let members = scenario.groups.iter().map(|one| one.members).max().unwrap_or(0);
    let partitions = scenario.cluster.topics.iter().map(|one| one.partitions).max().unwrap_or(0);
    let size = scenario.producers.iter().map(|one| one.record_size.mean()).sum::<f64>()
        / scenario.producers.len().max(1) as f64;
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
    put("workload", json!(scenario.name));
    put("driver", json!(format!("kafsim-{}", env!("CARGO_PKG_VERSION"))));
    put("messageSize", json!(size.round() as u64));
    put("topics", json!(topics));
    put("partitions", json!(partitions));
    put("producersPerTopic", json!(clients as usize / topics));
    put("consumersPerTopic", json!(members));
    let rates = |name: &str| -> Vec<Value> {
        let own: Vec<&Series> = run.series_named(name).filter(|one| one.entity != "all").collect();
        let sum = |(from, to): &(SimTime, SimTime)| {
            own.iter().map(|one| one.spread(*from, *to).mean).sum::<f64>()
        };
        periods.iter().map(|period| json!(sum(period))).collect()
    };
    put("publishRate", Value::Array(rates("acked_records_s")));
    put("publishErrorRate", json!(vec![0.0; periods.len()]));
    put("consumeRate", Value::Array(rates("processed_records_s")));
    let lags: Vec<&Series> = run.series_named("processing_lag_records").collect();
    let backlog = |(_, to): &(SimTime, SimTime)| {
        lags.iter().filter_map(|one| one.at(*to)).sum::<f64>().max(0.0) as u64
    };
    put("backlog", json!(periods.iter().map(backlog).collect::<Vec<u64>>()));
    latencies(&mut all, "publishLatency", run, Journey::Publish, &periods);
    latencies(&mut all, "endToEndLatency", run, Journey::EndToEnd, &periods);
    unknown(&mut all, "publishDelayLatency");
    format!("{:#}\n", Value::Object(all))
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// All records of one kind between two instants, over all producers or groups.
fn mixture(run: &Run, journey: Journey, from: SimTime, to: SimTime) -> Mixture {
    let mut all = Mixture::default();
    for one in run.latencies.iter().filter(|one| one.journey == journey) {
        for window in one.windows.iter().filter(|window| window.until > from && window.until <= to)
        {
            for (part, records) in &window.mix {
                all.add(&one.parts[*part], *records, window.later);
            }
        }
    }
    all
}

fn latencies(
    all: &mut Map<String, Value>,
    name: &str,
    run: &Run,
    journey: Journey,
    periods: &[(SimTime, SimTime)],
) {
    let ms = |nanos: Option<f64>| nanos.map_or(Value::Null, |nanos| json!(nanos / 1e6));
    let of = |mixture: &Mixture, q: f64| ms(mixture.quantile(q).map(|nanos| nanos as f64));
    let known = |mixture: &Mixture| mixture.mean().is_some();
    let most = |one: &Mixture| ms(known(one).then(|| one.max() as f64));
    let each: Vec<Mixture> =
        periods.iter().map(|(from, to)| mixture(run, journey, *from, *to)).filter(known).collect();
    let list = |pick: &dyn Fn(&Mixture) -> Value| Value::Array(each.iter().map(pick).collect());
    let ends = (periods.first(), periods.last());
    let whole = ends.0.zip(ends.1).map(|(begin, end)| mixture(run, journey, begin.0, end.1));
    let whole = whole.unwrap_or_default();
    let capital = capital(name);
    let mut put = |key: String, value: Value| all.insert(key, value);
    put(format!("{name}Avg"), list(&|one| ms(one.mean())));
    put(format!("aggregated{capital}Avg"), ms(whole.mean()));
    for (words, q) in NAMES {
        put(format!("{name}{words}"), list(&|one| of(one, q)));
        put(format!("aggregated{capital}{words}"), of(&whole, q));
    }
    put(format!("{name}Max"), list(&most));
    put(format!("aggregated{capital}Max"), most(&whole));
    let quantiles: Map<String, Value> = PERCENTILES
        .iter()
        .filter(|_| known(&whole))
        .map(|percent| (format!("{percent:?}"), of(&whole, percent / 100.0)))
        .collect();
    put(format!("aggregated{capital}Quantiles"), Value::Object(quantiles));
}

/// Keys of a latency that nobody knows.
fn unknown(all: &mut Map<String, Value>, name: &str) {
    let names = NAMES.iter().map(|(words, _)| *words).chain(["Avg", "Max"]);
    for words in names {
        all.insert(format!("{name}{words}"), json!([]));
        all.insert(format!("aggregated{}{words}", capital(name)), Value::Null);
    }
    all.insert(format!("aggregated{}Quantiles", capital(name)), json!({}));
}

/// Reads a result as a row of runs.
///
/// # Errors
/// Broken JSON with its place; no list of rates, or values that are no numbers.
pub fn read_omb_result(file: &str, text: &str) -> Result<RunRow> {
    let tree = json_of(file, text)?;
    let mut problems = Vec::new();
    let mut list = |key: &str| -> Vec<f64> {
        let found = tree
            .get(key)
            .and_then(Value::as_array)
            .map(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>());
        match found {
            Some(Some(list)) => list,
            _ => {
                let found = tree.get(key).map_or("nothing".into(), Value::to_string);
                let found: String = found.chars().take(60).collect();
                problems.push(problem(file, key, found, "a list of numbers"));
                Vec::new()
            }
        }
    };
    let (published, consumed) = (list("publishRate"), list("consumeRate"));
    if problems.is_empty() && published.is_empty() {
        problems.push(problem(file, "publishRate", "an empty list".into(), "a value each 10 s"));
    }
    if !problems.is_empty() {
        return Err(Error::input(problems));
    }
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
    let mut row = RunRow::default();
    let word = |key: &str| tree.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    row.set("id", &word("workload"));
    row.set("case", &word("workload"));
    row.set("rig", &word("driver"));
    for (column, key) in [
        ("partitions", "partitions"),
        ("record_bytes", "messageSize"),
        ("producers", "producersPerTopic"),
        ("members_per_group", "consumersPerTopic"),
    ] {
        if let Some(number) = tree.get(key).and_then(Value::as_u64) {
            row.set(column, &number);
        }
    }
    row.set("records_s", &format!("{:.1}", mean(&published)));
    row.set("duration_s", &(published.len() as f64 * PERIOD.as_secs_f64()));
    if !consumed.is_empty() {
        row.set("consume_records_s_per_group", &format!("{:.1}", mean(&consumed)));
    }
    for (column, key) in [
        ("publish_mean_ms", "aggregatedPublishLatencyAvg"),
        ("publish_p50_ms", "aggregatedPublishLatency50pct"),
        ("publish_p95_ms", "aggregatedPublishLatency95pct"),
        ("publish_p99_ms", "aggregatedPublishLatency99pct"),
        ("publish_p999_ms", "aggregatedPublishLatency999pct"),
        ("e2e_p50_ms", "aggregatedEndToEndLatency50pct"),
        ("e2e_p99_ms", "aggregatedEndToEndLatency99pct"),
    ] {
        if let Some(ms) = tree.get(key).and_then(Value::as_f64) {
            row.set(column, &format!("{ms:.3}"));
        }
    }
    row.set("source", &"OpenMessaging Benchmark result");
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_of_the_benchmark_becomes_a_row() {
        let text = "{\"workload\": \"w\", \"driver\": \"Kafka\", \"messageSize\": 1024, \
            \"partitions\": 16, \"publishRate\": [100.0, 200.0], \"consumeRate\": [50, 150.0], \
            \"aggregatedPublishLatency99pct\": 12.5}";
        let row = read_omb_result("r.json", text).unwrap();
        assert_eq!(row.get("records_s"), "150.0");
        assert_eq!(row.get("consume_records_s_per_group"), "100.0");
        assert_eq!(row.get("publish_p99_ms"), "12.500");
        assert_eq!(row.get("duration_s"), "20");
        assert_eq!(row.get("publish_p50_ms"), "");
    }

    #[test]
    fn half_a_result_is_refused_with_its_place() {
        let error = read_omb_result("r.json", "{\"publishRate\": [100.0,").unwrap_err();
        assert!(error.to_string().starts_with("r.json:1:"), "{error}");
        let error = read_omb_result("r.json", "{\"publishRate\": [null]}").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("publishRate: found [null]"), "{text}");
        assert!(text.contains("consumeRate: found nothing"), "{text}");
        assert!(read_omb_result("r", "{\"publishRate\": [], \"consumeRate\": []}").is_err());
    }
}
