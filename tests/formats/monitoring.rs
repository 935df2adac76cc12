//! Dashboards and alert rules: what they ask for exists, and the real promtool agrees with the
//! simulation on when alerts fire.

use crate::support::example;
use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};

const SLO: &str = r#"slo=["lag_seconds(billing) < 10 s", "lag(billing) < 100 k in 99 % of time"]"#;

/// The files of `kafsim dashboard`, and what it prints.
fn made(folder: &Path) -> String {
    let output = Command::cargo_bin("kafsim")
        .expect("the binary")
        .args(["dashboard", &example("quickstart"), "--set", SLO, "--out"])
        .arg(folder)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The words of a text that are names of metrics.
fn metrics(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("kafka_") || word.starts_with("kafsim_")).collect()
}

#[test]
fn every_query_names_a_metric_of_the_backfill() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = made(folder.path());
    assert!(text.contains("KafkaGroupLag") && text.contains("once"), "{text}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    let backfill = read("metrics.om");
    let has = |metric: &str| backfill.lines().any(|line| line.starts_with(&format!("{metric}{{")));
    let board: Value = serde_json::from_str(&read("dashboard.json")).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    assert!(panels.len() >= 8, "{}", panels.len());
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let mut asked = 0;
    for query in targets.filter_map(|target| target["expr"].as_str()) {
        for metric in metrics(query) {
            assert!(has(metric), "{metric} of `{query}` is not in the backfill");
            asked += 1;
        }
    }
    assert!(asked >= 8);
    let limits = panels.iter().flat_map(|panel| {
        panel["fieldConfig"]["defaults"]["thresholds"]["steps"].as_array().expect("steps")
    });
    assert!(limits.filter_map(|step| step["value"].as_f64()).any(|limit| limit == 100_000.0));
    for metric in read("rules.yaml").lines().filter(|line| line.contains("expr:")).flat_map(metrics)
    {
        assert!(has(metric), "{metric} of a rule is not in the backfill");
    }
}

/// Prometheus' own tool, where there is one: `KAFSIM_PROMTOOL`, or on the path.
fn promtool() -> Option<PathBuf> {
    let named = std::env::var_os("KAFSIM_PROMTOOL").map(PathBuf::from);
    named.or_else(|| {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).map(|path| path.join("promtool")).find(|path| path.exists())
    })
}

#[test]
fn promtool_accepts_the_files_and_fires_at_the_same_minutes() {
    let Some(promtool) = promtool() else {
        eprintln!("skipped: no promtool here; it comes with Prometheus");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(&promtool)
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("promtool runs");
        let both = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&both).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    };
    assert!(run(&["check", "rules", "rules.yaml"]).contains("3 rules found"));
    let tests = std::fs::read_to_string(folder.path().join("rules_test.yaml")).expect("a test");
    assert!(tests.matches("exp_labels").count() >= 2, "some alerts have to fire");
    run(&["test", "rules", "rules_test.yaml"]);
    run(&["tsdb", "create-blocks-from", "openmetrics", "metrics.om", "blocks"]);
    // The test can fail: an alert that is expected a minute too early.
    let early = tests.replacen("eval_time: 32760s", "eval_time: 32700s", 1);
    assert_ne!(early, tests, "the lag alert fires at 09:06");
    std::fs::write(folder.path().join("rules_test.yaml"), early).expect("written");
    let wrong = std::process::Command::new(&promtool)
        .args(["test", "rules", "rules_test.yaml"])
        .current_dir(folder.path())
        .output()
        .expect("promtool runs");
    assert!(!wrong.status.success());
}
