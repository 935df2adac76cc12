//! Files of other tools in and out: Cruise Control, OpenMessaging Benchmark, Strimzi, Prometheus,
//! and first scenarios from them.

use crate::support::root;
use assert_cmd::Command;
use kafsim::scenario::{LoadOptions, Scenario, load};
use serde_json::Value;
use std::path::{Path, PathBuf};

const QUICK: &str = "models/scenarios/quickstart.yaml";

fn kafsim(args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("kafsim").expect("the binary");
    command.current_dir(root()).args(args).assert()
}

fn out(args: &[&str]) -> String {
    String::from_utf8(kafsim(args).success().get_output().stdout.clone()).expect("text")
}

fn refused(args: &[&str], words: &[&str]) {
    let assert = kafsim(args).code(2);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    for word in words {
        assert!(text.contains(word), "{args:?}: {text}");
    }
}

/// A file in a folder, by its path as text.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("a path").to_owned()
}

fn loaded(path: &Path) -> Scenario {
    load(path.to_str().expect("a path"), &LoadOptions::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .scenario
}

const WORKLOAD: &str = "name: 1-topic-16-partitions-1kb\ntopics: 1\npartitionsPerTopic: 16\n\
    keyDistributor: NO_KEY\nmessageSize: 1024\nsubscriptionsPerTopic: 1\nproducersPerTopic: 2\n\
    consumerPerSubscription: 2\nproducerRate: 2000\nconsumerBacklogSizeGB: 0\n\
    testDurationMinutes: 1\nwarmupDurationMinutes: 0\n";
const DRIVER: &str = "name: Kafka\n\
    driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\n\
    replicationFactor: 3\nreset: true\ntopicConfig: |\n  min.insync.replicas=2\n\
    commonConfig: |\n  bootstrap.servers=localhost:9092\n  default.api.timeout.ms=600000\n\
    producerConfig: |\n  acks=all\n  linger.ms=1\n  batch.size=1048576\n\
    consumerConfig: |\n  auto.offset.reset=earliest\n  enable.auto.commit=false\n  \
    max.partition.fetch.bytes=10485760\n";

#[test]
fn a_benchmark_goes_in_and_its_result_comes_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let workload = file(folder.path(), "w.yaml", WORKLOAD);
    let driver = file(folder.path(), "d.yaml", DRIVER);
    let text = out(&["import", "omb", &workload, &driver]);
    let scenario = file(folder.path(), "s.yaml", &text);
    let args = ["export", &scenario, "--as", "omb", "--set", "engine=des"];
    let result: Value = serde_json::from_str(&out(&args)).expect("JSON");
    let list = |key: &str| -> Vec<f64> {
        let list = result[key].as_array().unwrap_or_else(|| panic!("{key}: {result}"));
        list.iter().map(|one| one.as_f64().expect("a number")).collect()
    };
    let rates = list("publishRate");
    assert_eq!(rates.len(), 6, "a value each ten seconds of a minute");
    assert!(rates.iter().skip(1).all(|rate| (rate / 2_000.0 - 1.0).abs() < 0.05), "{rates:?}");
    assert_eq!(list("publishLatency99pct").len(), 6);
    let aggregate = |key: &str| result[key].as_f64().unwrap_or_else(|| panic!("{key}"));
    let pairs = [
        ("aggregatedPublishLatency50pct", "aggregatedPublishLatency99pct"),
        ("aggregatedPublishLatency99pct", "aggregatedPublishLatencyMax"),
        ("aggregatedEndToEndLatency50pct", "aggregatedEndToEndLatencyMax"),
    ];
    for (low, high) in pairs {
        assert!(aggregate(low) > 0.0 && aggregate(low) <= aggregate(high), "{low} {high}");
    }
    assert_eq!(result["aggregatedPublishDelayLatency99pct"], Value::Null);
    assert_eq!((&result["partitions"], &result["messageSize"]), (&16.into(), &1_024.into()));
    // And the same numbers come back as a row of runs.
    let file = file(folder.path(), "r.json", &result.to_string());
    let rows = out(&["import", "omb-result", &file]);
    let mut csv = csv::Reader::from_reader(rows.as_bytes());
    let header = csv.headers().expect("a header").clone();
    let row = csv.records().next().expect("a row").expect("right");
    let column = |name: &str| {
        let at = header.iter().position(|one| one == name).expect(name);
        row[at].to_owned()
    };
    let p99: f64 = column("publish_p99_ms").parse().expect("a number");
    assert!((p99 - aggregate("aggregatedPublishLatency99pct")).abs() < 1e-3);
    assert_eq!(column("record_bytes"), "1024");
}

#[test]
fn capacities_and_loads_go_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let capacity = out(&["export", QUICK, "--as", "capacity"]);
    let name = file(folder.path(), "capacity.json", &capacity);
    let rows = out(&["import", "capacity", &name]);
    let bytes = 1u64 << 40;
    let line = format!("1,1,{bytes},4,524288000,524288000");
    assert!(rows.lines().any(|one| one == line), "{line} in {rows}");
    let load = out(&["export", QUICK, "--as", "cruise-load"]);
    let name = file(folder.path(), "load.json", &load);
    let rows = out(&["import", "cruise-load", &name]);
    let parsed: Vec<Vec<f64>> = rows
        .lines()
        .skip(1)
        .map(|line| {
            let fields = line.split(',').enumerate().filter(|(at, _)| *at != 1);
            fields.map(|(_, one)| one.parse().expect("a number")).collect()
        })
        .collect();
    assert_eq!(parsed.len(), 3);
    let sum = |at: usize| parsed.iter().map(|row| row[at]).sum::<f64>();
    // Two followers receive what a leader does; leaders send to them and to one group.
    assert!((sum(4) / sum(3) - 2.0).abs() < 1e-6, "{parsed:?}");
    assert!((sum(5) / sum(3) - 3.0).abs() < 1e-6, "{parsed:?}");
    assert_eq!((sum(6), sum(7)), (72.0, 24.0));
    for (kind, text) in [("capacity", &capacity), ("cruise-load", &load)] {
        let half = file(folder.path(), "half.json", &text[..text.len() / 2]);
        refused(&["import", kind, &half], &["half.json:", "whole JSON"]);
    }
}

#[test]
fn a_rebalance_of_strimzi_is_a_runbook() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "apiVersion: kafka.strimzi.io/v1\nkind: KafkaRebalance\nmetadata: \
        {name: r}\nspec:\n  \
        mode: add-brokers\n  brokers: [4]\n  replicationThrottle: 104857600\n";
    let name = file(folder.path(), "k.yaml", text);
    let target = folder.path().join("book");
    let target = target.to_str().expect("a path");
    let head = ["runbook", QUICK, "--draws", "0", "--format", "json"];
    let with = |name: &str| -> Value {
        let more = ["--out", target, "--rebalance", name];
        let args: Vec<&str> = head.iter().copied().chain(more).collect();
        serde_json::from_str(&out(&args)).expect("JSON")
    };
    let one = with(&name);
    let procedure = &one["procedures"][0];
    assert_eq!(procedure["procedure"], "add-brokers");
    assert_eq!(procedure["move"]["throttle_bytes_s"], 104_857_600.0);
    // What is written beside asks for the same.
    let written = PathBuf::from(target).join("kafkarebalance.yaml");
    let again = with(written.to_str().expect("a path"));
    assert_eq!(again["procedures"][0]["move"], procedure["move"]);
    let wrong = file(folder.path(), "k.yaml", &text.replace("[4]", "[7]"));
    let args = ["runbook", QUICK, "--out", "none", "--rebalance", &wrong];
    refused(&args, &["found [7]", "[4]"]);
    let half = file(folder.path(), "half.yaml", &text.replace("[4]", "[4"));
    refused(&["import", "kafka-rebalance", &half], &["half.yaml:"]);
}

const ANSWER: &str = "{\"status\": \"success\", \"data\": {\"resultType\": \"matrix\", \"result\": \
    [{\"metric\": {}, \"values\": [[1795766400, \"1000\"], [1795768200, \"3000\"], [1795770000, \
    \"2000\"], [1795771800, \"2000\"]]}]}}";

#[test]
fn a_first_scenario_from_everything_passes_the_checks() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let placement = out(&["export", QUICK, "--as", "describe"]);
    let describe = file(at, "describe.txt", &placement);
    let dirs = file(at, "dirs.json", &out(&["export", QUICK, "--as", "log-dirs"]));
    let capacity = file(at, "capacity.json", &out(&["export", QUICK, "--as", "capacity"]));
    let load = file(at, "load.json", &out(&["export", QUICK, "--as", "cruise-load"]));
    let trace = file(at, "trace.json", ANSWER);
    let target = at.join("new");
    let name = target.to_str().expect("a path");
    let files =
        ["--describe", &describe, "--log-dirs", &dirs, "--capacity", &capacity, "--load", &load];
    let more = ["--record-size", "2560 B", "--name", "From Files", "--out", name];
    let args: Vec<&str> = ["new"].into_iter().chain(files).chain(more).collect();
    let text = out(&args);
    assert!(text.matches('#').count() >= 8, "{text}");
    let made = loaded(&target.join("from-files.yaml"));
    // Where replicas are, what machines take and what producers write came over.
    let made_path = target.join("from-files.yaml");
    let again = out(&["export", made_path.to_str().expect("a path"), "--as", "describe"]);
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("Partition:")).map(str::to_owned).collect()
    };
    assert_eq!(lines(&again), lines(&placement));
    let original = loaded(&root().join(QUICK));
    let (new, old) = (&made.cluster.hosts[0], &original.cluster.hosts[0]);
    assert_eq!((new.nic_in, new.cores), (old.nic_in, old.cores));
    assert_eq!(new.disks[0].capacity, old.disks[0].capacity);
    assert_eq!(made.groups.len(), 1);
    let new = kafsim::study::simulate(&made, kafsim::chance::Seed::new(1));
    let load: Value =
        serde_json::from_str(&std::fs::read_to_string(&load).expect("read")).expect("JSON");
    let brokers = load["brokers"].as_array().expect("brokers");
    let leader: f64 = brokers.iter().map(|one| one["LeaderNwInRate"].as_f64().expect("KB/s")).sum();
    let written = new.producers["producers"].records_s * 2_560.0 / 1_024.0;
    assert!((written / leader - 1.0).abs() < 0.02, "{written} {leader}");
    let stored: f64 = brokers.iter().map(|one| one["DiskMB"].as_f64().expect("MB")).sum();
    let kept: f64 = new.brokers.values().map(|one| one.stored_bytes_end).sum();
    assert!((kept / 1_048_576.0 / stored - 1.0).abs() < 0.4, "{kept} {stored}");
    // With a trace the load is that of the recording.
    let more = ["--trace", &trace, "--name", "traced", "--out", name];
    let args: Vec<&str> = ["new"].into_iter().chain(files).chain(more).collect();
    out(&args);
    let traced = loaded(&target.join("traced.yaml"));
    assert_eq!(traced.duration.as_secs_f64(), 5_400.0);
    let run = kafsim::study::simulate(&traced, kafsim::chance::Seed::new(1));
    let offered = run.series("offered_records_s", "all").expect("a series");
    assert!((offered.max() - 3_000.0).abs() < 1.0, "{}", offered.max());
}

#[test]
fn a_first_scenario_from_little_says_what_it_assumes() {
    let text = out(&["new", "--rate", "20 k/s", "--brokers", "5"]);
    assert!(text.contains("# assumed") && text.contains("rate: 20"), "{text}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, &text).expect("written");
    assert_eq!(loaded(&path).cluster.brokers.len(), 5);
    let workload = file(folder.path(), "w.yaml", WORKLOAD);
    let driver = file(folder.path(), "d.yaml", DRIVER);
    let text = out(&["new", "--workload", &workload, "--driver", &driver]);
    assert_eq!(text, out(&["import", "omb", &workload, &driver]));
}

#[test]
fn half_written_files_make_no_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("new");
    let name = target.to_str().expect("a path");
    for (option, text) in [
        ("--describe", "{\"version\":1,\"partitions\":[{\"topic\":"),
        ("--log-dirs", "{\"version\":1,\"brokers\":[{"),
        ("--capacity", "{\"brokerCapacities\":[{\"brokerId\":"),
        ("--load", "{\"brokers\":[{"),
        ("--trace", &ANSWER[..60]),
    ] {
        let half = file(folder.path(), "half.json", text);
        refused(&["new", option, &half, "--out", name], &["half.json:1:"]);
        assert!(!target.exists(), "{option} wrote something");
    }
    refused(&["new"], &["nothing to begin from", "--rate '10 k/s'"]);
    let describe = file(folder.path(), "d.txt", &out(&["export", QUICK, "--as", "describe"]));
    refused(&["new", "--describe", &describe], &["--out DIR"]);
    let few = ["new", "--describe", &describe, "--brokers", "2", "--out", name];
    refused(&few, &["the files name 3 brokers", "the nearest is 3"]);
    refused(&["new", "--rate", "20"], &["--rate"]);
}
