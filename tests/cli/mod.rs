//! The command line, as a person uses it.

mod determinism;
mod golden;
mod pages;

use crate::support::{example, examples};
use assert_cmd::Command;

fn kafsim() -> Command {
    let mut command = Command::cargo_bin("kafsim").expect("the binary is built");
    command.env_remove("NO_COLOR");
    command
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn a_broker_that_dies_is_told_with_what_it_held_up() {
    let run = |sets: &[&str]| {
        let mut command = kafsim();
        command.args(["simulate", &example("broker-dies"), "--out", "none"]).args(sets);
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let said = run(&[]);
    for words in [
        "Unavailable: 4 partitions had no leader for up to",
        "No acknowledged record was lost.",
        "partitions were unavailable, so that need not be for lack of capacity",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let calm = run(&["--set", "timeline=[]"]);
    assert!(!calm.contains("navailable"), "{calm}");
}

#[test]
fn the_first_command_of_the_readme_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("q");
    let output = kafsim()
        .args(["simulate", &example("quickstart"), "--out"])
        .arg(&out)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert_eq!(said.matches("  • ").count(), 3, "three sentences:\n{said}");
    assert!(said.contains("report.html") && said.contains("Load, records/s"));
    assert!(!said.contains('\u{1b}'), "no colour without a terminal");
    for name in [
        "report.md",
        "report.html",
        "summary.json",
        "timeseries.csv",
        "latency.csv",
        "decisions.csv",
        "events.csv",
        "resources.csv",
        "metrics.om",
        "figures/lag.png",
    ] {
        assert!(out.join(name).is_file(), "{name}");
    }
}

#[test]
fn all_formats_print() {
    for (format, start) in
        [("json", "{"), ("csv", "quantity,value"), ("markdown", "# kafsim"), ("text", "quickstart")]
    {
        let scenario = example("quickstart");
        let args = ["simulate", &scenario, "--out", "none", "--format", format];
        let output = kafsim().args(args).args(["--set", "duration=1 h"]).output().expect("runs");
        assert!(output.status.success());
        assert!(text(&output.stdout).starts_with(start), "{format}");
    }
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let code = |args: &[&str]| kafsim().args(args).output().expect("runs").status.code();
    let scenario = example("quickstart");
    let missed =
        ["--set", "slo=[\"lag(billing) < 10 k\"]", "--set", "duration=1 h", "--out", "none"];
    assert_eq!(code(&[&["simulate", &scenario][..], &missed].concat()), Some(0));
    let strict = [&["simulate", &scenario, "--fail-on", "slo"][..], &missed].concat();
    assert_eq!(code(&strict), Some(3));
    assert_eq!(code(&["simulate", "gone.yaml"]), Some(2));
    assert_eq!(code(&["simulat"]), Some(2));
    assert_eq!(code(&["simulate", &scenario, "--set", "duration"]), Some(2));
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["explain", "nonsense-of-all-kinds"]), Some(2));
}

#[test]
fn an_output_folder_that_cannot_be_written_is_refused_before_any_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("a file");
    let output = kafsim()
        .args(["simulate", &example("quickstart"), "--out"])
        .arg(file.join("below"))
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot make the folder"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(&file).expect("it is still there"), "in the way");
}

#[test]
fn standard_input_is_a_scenario_too() {
    let scenario = std::fs::read_to_string(example("add-a-broker")).expect("it is there");
    let args = ["simulate", "-", "--out", "none", "--set", "duration=1 h"];
    let output = kafsim().args(args).write_stdin(scenario).output().expect("runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn check_says_what_a_file_means() {
    for name in examples() {
        let output =
            kafsim().args(["check", &example(&name), "--effective"]).output().expect("runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        assert!(said.contains("right (") && said.contains("duration"), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= 140), "{name}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("bad.yaml");
    std::fs::write(&bad, "name: x\nduraton: 1 h\n").expect("a file");
    let output = kafsim().arg("check").arg(&bad).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("bad.yaml:2:1") && said.contains("did you mean `duration`?"), "{said}");
}

#[test]
fn explain_knows_mechanisms_cards_metrics_and_terms() {
    let explain = |name: &str| {
        let output = kafsim().args(["explain", name]).output().expect("runs");
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let threshold = explain("threshold");
    for sentence in [
        "over the last minute",
        "when *any* metric is above",
        "when *all* metrics are below",
        "mean time from poll to processed",
        "Each direction has its own `cooldown`, counted from the last decision",
        "every 60 s",
        "`target` does not act",
        "partitions × `max_consumers_per_partition`",
        "decided and nothing changed",
        "failed_scaling_actions",
    ] {
        let flat = threshold.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(sentence), "{sentence}:\n{threshold}");
    }
    assert!(explain("kafka-4-generic").contains("produce_request"));
    assert!(explain("consumer_lag").contains("committed lag"));
    assert!(explain("max-min fairness").contains("Bertsekas"));
    assert!(explain("business_hours").contains("Equation"));
    let output = kafsim().args(["explain", "treshold"]).output().expect("runs");
    assert!(text(&output.stderr).contains("did you mean `threshold`?"));
    let list = kafsim().arg("explain").output().expect("runs");
    assert!(text(&list.stdout).contains("consumer-protocol"));
}

#[test]
fn schema_completions_and_manual_are_printed() {
    for (args, word) in [
        (vec!["schema"], "json-schema.org"),
        (vec!["schema", "summary"], "kafsim/summary/1"),
        (vec!["completions", "bash"], "_kafsim"),
        (vec!["completions", "zsh"], "#compdef"),
        (vec!["man"], ".TH"),
    ] {
        let output = kafsim().args(&args).output().expect("runs");
        assert!(output.status.success() && text(&output.stdout).contains(word), "{args:?}");
    }
}

#[test]
fn autoscale_replays_a_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history.csv");
    let rows = "t_s,brokers,consumers,partitions,cpu_usage,network_in_bytes,consumer_lag,\
        processing_time_ms\n0,3,6,12,80,1,1,1\n60,3,6,12,80,1,1,1\n";
    std::fs::write(&history, rows).expect("a file");
    let policy = format!("{}/models/policies/seed.yaml", env!("CARGO_MANIFEST_DIR"));
    let output = kafsim()
        .args(["autoscale", "--policy", &policy, "--format", "json", "--replay"])
        .arg(&history)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["rows"].as_array().expect("rows").len(), 4);
    assert_eq!(found["rows"][0]["policy"], "broker_scaling");
    assert_eq!(found["rows"][0]["reason"], "ScaleUp");
    assert_eq!(found["rows"][2]["reason"], "CoolingDown");
}

#[test]
fn autoscale_replays_manifests_side_by_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history.csv");
    let rows = "t_s,replicas,consumer_lag,s0-kafka-orders.committed[0],s0-kafka-orders.end[0],\
        s0-kafka-orders.committed[1],s0-kafka-orders.end[1],brokers,consumers,partitions,cpu_usage,\
        network_in_bytes,processing_time_ms\n0,3,100k,0,50000,0,50000,3,3,2,50,0,1\n\
        60,3,100k,0,50000,0,50000,3,3,2,50,0,1\n";
    std::fs::write(&history, rows).expect("a file");
    let shipped = |name: &str| format!("{}/models/policies/{name}", env!("CARGO_MANIFEST_DIR"));
    let run = |policies: &[&str], more: &[&str]| {
        let mut command = kafsim();
        command.args(["autoscale", "--replay"]).arg(&history).args(more);
        for policy in policies {
            command.args(["--policy", policy]);
        }
        command.output().expect("runs")
    };
    let both = [shipped("scaledobject.yaml"), shipped("hpa.yaml")];
    let both = [both[0].as_str(), both[1].as_str()];
    let output = run(&both, &["--format", "json", "--closed"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = found["rows"].as_array().expect("rows");
    let names: Vec<&str> =
        rows[..3].iter().map(|row| row["policy"].as_str().expect("a name")).collect();
    assert_eq!(names, ["billing/poll", "billing", "billing"]);
    assert_eq!(rows[0]["metric"], "s0-kafka-orders");
    assert_eq!(rows[0]["proposal"], serde_json::Value::Null);
    // 100,000 of 20,000 each, capped at two partitions; the plain autoscaler knows no partitions.
    assert_eq!((&rows[1]["proposal"], &rows[2]["proposal"]), (&2.into(), &5.into()));
    assert_eq!(rows.len(), 3 + 5 + 5);
    let csv = run(&both[1..], &["--format", "csv"]);
    assert!(text(&csv.stdout).starts_with("t_s,policy,metric,proposal,stabilised,limited,"));
    let seed = shipped("seed.yaml");
    let refused = run(&[&seed], &["--format", "json"]);
    assert_eq!(refused.status.code(), Some(2), "100k is no number for a policy of thresholds");
    assert!(refused.stdout.is_empty());
    assert!(text(&refused.stderr).contains("consumer_lag `100k`"), "{}", text(&refused.stderr));
}

#[test]
fn autoscale_simulates_a_scaled_object() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = std::fs::read_to_string(example("quickstart")).expect("the example");
    let policies = format!("{}/models/policies", env!("CARGO_MANIFEST_DIR"));
    let simulate = |scaler: &str| {
        let start = scenario.find("autoscaling:").expect("a policy");
        let end = scenario.find("slo:").expect("objectives");
        let text =
            format!("{}autoscaling:\n  - {scaler}\n{}", &scenario[..start], &scenario[end..]);
        let file = folder.path().join("s.yaml");
        std::fs::write(&file, text).expect("a file");
        kafsim()
            .args(["autoscale", &file.display().to_string(), "--out", "none", "--format", "json"])
            .output()
            .expect("runs")
    };
    for (scaler, policy) in [
        (format!("{{policy: {policies}/scaledobject.yaml}}"), "billing"),
        (format!("{{policy: {policies}/hpa.yaml, scales: {{consumers: billing}}}}"), "billing"),
    ] {
        let output = simulate(&scaler);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let members = &found["groups"]["billing"]["members"];
        let (least, most) = (members["min"].as_f64(), members["max"].as_f64());
        assert!(least >= Some(3.0) && most <= Some(24.0), "{members}");
        let decisions = found["decisions"].as_array().expect("decisions");
        assert!(!decisions.is_empty(), "it follows the day");
        assert!(decisions.iter().all(|one| one["policy"] == policy), "{decisions:?}");
    }
    let mine = folder.path().join("mine.yaml");
    let shipped = std::fs::read_to_string(format!("{policies}/scaledobject.yaml")).expect("one");
    for (from, to, word) in [
        ("consumerGroup: billing", "consumerGroup: biling", "did you mean `billing`?"),
        ("topic: orders", "topic: order", "did you mean `orders`?"),
    ] {
        std::fs::write(&mine, shipped.replace(from, to)).expect("a file");
        let output = simulate("{policy: mine.yaml}");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(word), "{word}: {}", text(&output.stderr));
    }
    let output = simulate(&format!("{{policy: {policies}/hpa.yaml}}"));
    assert!(text(&output.stderr).contains("scales nothing"), "{}", text(&output.stderr));
}

#[test]
fn autoscale_takes_another_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.yaml");
    let base = format!("{}/models/policies/seed.yaml", env!("CARGO_MANIFEST_DIR"));
    let text_of = std::fs::read_to_string(base).expect("the policy");
    std::fs::write(
        &policy,
        text_of.replace("scale_up_threshold: 100000", "scale_up_threshold: 9e9"),
    )
    .expect("a file");
    let output = kafsim()
        .args([
            "autoscale",
            &example("quickstart"),
            "--out",
            "none",
            "--format",
            "json",
            "--policy",
        ])
        .arg(&policy)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["groups"]["billing"]["members"]["max"], 6.0);
}
