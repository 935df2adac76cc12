//! Alert rules of others, judged on a run.

use crate::support::{checked, example, root, run};
use assert_cmd::Command;
use kafsim::report::monitoring::{self, alert_file};
use kafsim::units::{SimSpan, SimTime};

const SLO: &str = r#"slo=["lag_seconds(billing) < 10 s", "lag(billing) < 100 k in 99 % of time"]"#;

/// The rules that kafsim writes itself fire as it says when they are read again.
#[test]
fn rules_that_were_written_are_read_and_fire_at_the_same_minutes() {
    let scenario = checked("quickstart", &[SLO]).scenario;
    let run = run("quickstart", &[SLO]);
    let rules = monitoring::rules(&scenario, &run);
    let yaml = monitoring::yaml(&scenario, &rules, "report.md");
    let read = alert_file::read("rules.yaml", &yaml).expect("its own file");
    assert_eq!(read.len(), rules.len());
    let judged = alert_file::judge(&read, &run).expect("a run");
    let mut fired = 0;
    for (own, other) in rules.iter().zip(&judged) {
        let found = other.firings.as_ref().expect("all metrics are its own");
        let found: Vec<(SimTime, SimSpan)> = found.iter().map(|one| (one.at, one.lasted)).collect();
        assert_eq!(own.firings(), found, "{}", own.name);
        fired += found.len();
    }
    assert!(fired > 0, "something fires");
}

#[test]
fn a_lag_of_five_minutes_fires_for_the_rest_of_it() {
    // From minute 10 on 12 k/s arrive, and the one member does 10 k/s: 2 k/s are left over.
    let text = "groups: [{name: g, rules: [{alert: Behind, expr: \
        'sum by (consumergroup) (kafka_consumergroup_lag) > 300000', for: 5m}]}]";
    let run = run(
        "quickstart",
        &[
            "duration=40 min",
            "autoscaling=[]",
            "groups/billing/members=1",
            "groups/billing/work={cpu_per_record: 100 us}",
            "producers/shop/load={curve: step, levels: [{at: 0 s, rate: 1 k/s}, \
             {at: 10 min, rate: 12 k/s}]}",
        ],
    );
    let rules = alert_file::read("a.yaml", text).expect("a file");
    let judged = alert_file::judge(&rules, &run).expect("a run");
    let firings = judged[0].firings.as_ref().expect("a metric");
    assert_eq!(firings.len(), 1, "{firings:?}");
    let lag = run.series("lag_records", "billing").expect("a series");
    let above = (0..40).find(|minute| {
        lag.at(SimTime::ZERO + SimSpan::from_secs(60 * minute)).is_some_and(|lag| lag > 3e5)
    });
    let expected = SimTime::ZERO + SimSpan::from_secs(60 * (above.expect("it falls behind") + 5));
    assert_eq!(firings[0].at, expected);
    assert!(firings[0].open, "until the end");
    assert_eq!(firings[0].labels["consumergroup"], "billing");
}

fn autoscale(rules: &str, format: &str, out: &str) -> std::process::Output {
    Command::cargo_bin("kafsim")
        .expect("the binary")
        .args(["autoscale", &example("quickstart"), "--set", "duration=10 h", "--out", out])
        .args(["--alerts", rules, "--format", format])
        .output()
        .expect("runs")
}

#[test]
fn the_command_tells_which_fire_and_which_nobody_can_judge() {
    let rules = root().join("models/alerts/kafka.yaml").display().to_string();
    for format in ["text", "markdown"] {
        let output = autoscale(&rules, format, "none");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for words in ["Alerts of ", "ConsumerGroupLag", "consumergroup=", "not judged: no"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
    let output = autoscale(&rules, "json", "none");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let all = value["alert_rules"].as_array().expect("rules");
    assert_eq!(all.len(), 6);
    let lag = &all[0];
    assert_eq!(
        (lag["alert"].as_str(), lag["judged"].as_bool()),
        (Some("ConsumerGroupLag"), Some(true))
    );
    assert!(lag["firings"][0]["t_s"].is_number(), "{lag}");
    let replicas = &all[5];
    assert_eq!(replicas["judged"], false);
    assert!(replicas["reason"].as_str().expect("why").contains("underreplicatedpartitions"));
    assert!(replicas["firings"].is_null());
}

#[test]
fn a_bad_file_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.yaml");
    let text = "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: absent(x) == 1\n";
    std::fs::write(&file, text).expect("a file");
    let out = folder.path().join("out");
    let output = autoscale(&file.display().to_string(), "text", &out.display().to_string());
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for words in ["bad.yaml:5:15", "`absent` at character 1", "sum avg max min count"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(output.stdout.is_empty() && !out.exists(), "nothing is written");
    let gone = autoscale("gone.yaml", "text", "none");
    assert_eq!(gone.status.code(), Some(2));
}
