//! Costs from metrics: a simulated cluster with other costs than the cards is a twin of production.

use super::kafsim;
use kafsim::chance::Seed;
use kafsim::scenario::{LoadOptions, load_text};
use kafsim::study::make;
use serde_json::{Value, json};
use std::fmt::Write;

const SPEED: &str = "hosts/lab-4c-16g/speed";
const REQUEST: &str = "costs/kafka-4-generic/produce_request";
const BYTE: &str = "costs/kafka-4-generic/produce_ns_per_byte";

/// Three brokers that nobody has ever benchmarked.
const CLUSTER: &str = "\
schema: kafsim/scenario/1
name: production
duration: 1 h
hosts: {brokers: {card: lab-4c-16g, count: 3}}
cluster: {brokers: {run_on: brokers}}
topics: {orders: {partitions: 12, replication_factor: 3, config: {min.insync.replicas: 2}}}
producers:
  shop:
    to: {orders: 1}
    clients: 3
    records: {size: 1 KiB}
    load: {rate: 3 k/s}
    config: {acks: all, linger.ms: 5, batch.size: 65536}
groups: {billing: {reads: [orders], members: 3}}
";

/// The answer of Prometheus for one metric.
fn answer(values: &[(i64, f64)]) -> Value {
    let values: Vec<Value> =
        values.iter().map(|(at, value)| json!([at, value.to_string()])).collect();
    let series = json!([{"metric": {}, "values": values}]);
    json!({"status": "success", "data": {"resultType": "matrix", "result": series}})
}

/// Two days of metrics, an hour a sample, of a cluster whose values differ from the cards by these
/// factors. Loads and record sizes change by the hour, in steps of `rates` and `sizes`.
fn metrics(factors: &[(&str, f64)], rates: f64, sizes: i64) -> String {
    let mut columns: [Vec<(i64, f64)>; 5] = Default::default();
    for hour in 0..48_i64 {
        let rate = rates * (2 + (hour * 7) % 12) as f64;
        let bytes = 300 + sizes * ((hour * 5) % 4);
        let options = LoadOptions {
            sets: vec![
                "duration=13 s".into(),
                "warm_up=3 s".into(),
                "engine=des".into(),
                format!("producers/shop/load={{rate: {rate} /s}}"),
                format!("producers/shop/records/size={bytes} B"),
            ],
            factors: factors.iter().map(|(key, by)| ((*key).to_owned(), *by)).collect(),
            seed: 100 + hour as u64,
            ..LoadOptions::default()
        };
        let checked = load_text("twin.yaml", CLUSTER, &options).expect("a sound scenario");
        let run = make(&checked.scenario, Seed::new(options.seed), 0);
        let count = run.brokers.len() as f64;
        let cpu = run.brokers.values().map(|one| one.cpu.mean).sum::<f64>() / count;
        let busy = run.brokers.values().filter_map(|one| one.request_handlers);
        let idle = 1.0 - busy.map(|busy| busy.mean).sum::<f64>() / count;
        let at = 1_800_000_000 / 3_600 * 3_600 + 3_600 * hour;
        let values = [rate, rate * bytes as f64, cpu, idle, rate * bytes as f64];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push((at, value));
        }
    }
    let [messages, bytes, cpu, idle, out] = columns.map(|values| answer(&values));
    json!({
        "messages_in": messages, "bytes_in": bytes, "cpu": cpu, "handler_idle": idle,
        "bytes_out": out,
    })
    .to_string()
}

fn tested(metrics: &str, vary: &[&str]) -> (Value, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("metrics.json"), metrics).expect("a file");
    std::fs::write(file("cluster.yaml"), CLUSTER).expect("a file");
    let mut command = kafsim();
    command.arg("calibrate").arg("--from-metrics").arg(file("metrics.json"));
    command.arg("--scenario").arg(file("cluster.yaml")).args(["--quiet", "--format", "json"]);
    command.arg("--out").arg(file("out"));
    for word in vary {
        command.args(["--vary", word]);
    }
    let out = command.output().expect("a run");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    (serde_json::from_slice(&out.stdout).expect("JSON"), folder)
}

/// By which factor a value of the card has moved, and the factor within which it now is.
fn moved(found: &Value, name: &str) -> (f64, f64) {
    let values = found["values"].as_array().expect("values");
    let one = values.iter().find(|one| one["name"] == name).expect(name);
    let number = |key: &str| -> f64 {
        let text = one[key].as_str().expect("a text");
        text.split(' ').next().and_then(|word| word.parse().ok()).expect("a number")
    };
    assert_eq!(one["told"], true, "{one}");
    (number("is") / number("was"), one["within_now"].as_f64().expect("a factor"))
}

#[test]
fn a_speed_comes_back_from_metrics_and_the_next_day_is_predicted() {
    let (found, folder) = tested(&metrics(&[(SPEED, 0.7)], 250.0, 1_400), &[SPEED]);
    let (speed, within) = moved(&found, SPEED);
    assert!((speed / 0.7 - 1.0).abs() < 0.03 && within < 1.1, "{speed} {within}");
    let errors = found["back_test"]["errors"].as_array().expect("errors");
    let of = |name: &str| errors.iter().find(|one| one["quantity"] == name).expect("an error");
    for quantity in ["cpu_utilisation", "handler_busy"] {
        let one = of(quantity);
        assert_eq!(one["hours"], 24);
        assert!(one["median_error_before"].as_f64().expect("a number") > 0.15, "{one}");
        assert!(one["median_error"].as_f64().expect("a number") < 0.03, "{one}");
    }
    // What was no unknown is predicted from the start.
    assert!(of("bytes_out_s")["median_error_before"].as_f64().expect("a number") < 0.05);
    let card = folder.path().join("out/hosts/lab-4c-16g.yaml");
    assert!(card.is_file() && folder.path().join("out/report.md").is_file());
}

#[test]
fn costs_per_request_and_per_byte_are_told_apart_where_record_sizes_change() {
    let metrics = metrics(&[(REQUEST, 1.5), (BYTE, 1.35)], 60.0, 15_000);
    let (found, _folder) = tested(&metrics, &[REQUEST, BYTE]);
    for (name, truth) in [(REQUEST, 1.5), (BYTE, 1.35)] {
        let (by, within) = moved(&found, name);
        let off = libm::log(by / truth).abs();
        assert!(off < 0.1 && off < 2.0 * libm::log(within), "{name}: {by}, within {within}");
    }
}

#[test]
fn metrics_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("cluster.yaml"), CLUSTER).expect("a file");
    let mut autoscaled = CLUSTER.to_owned();
    writeln!(autoscaled, "timeline: [{{at: \"00:10\", do: kill_broker, broker: 1}}]")
        .expect("text");
    std::fs::write(file("timeline.yaml"), autoscaled).expect("a file");
    let hour =
        |count: i64| -> Vec<(i64, f64)> { (0..count).map(|n| (3_600 * n, 1_000.0)).collect() };
    let load = |count: i64| json!({"messages_in": answer(&hour(count))});
    let both = json!({"messages_in": answer(&hour(30)), "cpu": answer(&hour(30))});
    let cases = [
        (json!({"messages": 1}), "cluster.yaml", "messages_in"),
        (load(30), "cluster.yaml", "nothing to fit to"),
        (load(12), "cluster.yaml", "12 whole hours"),
        (both, "timeline.yaml", "timeline"),
    ];
    for (metrics, scenario, said) in cases {
        std::fs::write(file("metrics.json"), metrics.to_string()).expect("a file");
        let mut command = kafsim();
        command.arg("calibrate").arg("--from-metrics").arg(file("metrics.json"));
        command.arg("--scenario").arg(file(scenario)).arg("--out").arg(file("out"));
        let out = command.output().expect("a run");
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{said}: {text}");
        assert!(!file("out/summary.json").exists());
    }
}
