//! Tuning a policy's numbers: what holds, what is written, what is refused.

use crate::support::{checked, example, root};
use assert_cmd::Command;
use kafsim::chance::Seed;
use kafsim::study::{DAYS, Tuning, recommend};
use std::path::Path;

/// Two hours around the beginning of the sale.
const SETS: [&str; 3] = ["duration=2 h", "start=2026-11-27T09:00", "producers/shop/load/at=1 h"];

/// Twelve members at most cannot carry the sale, and a lag of 400,000 each is late.
const OBJECT: &str = "\
# ours
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: billing}
spec:
  scaleTargetRef: {name: billing}
  minReplicaCount: 3      # at night
  maxReplicaCount: 12     # what we had
  triggers:
    - type: kafka
      metadata:
        consumerGroup: billing
        topic: orders
        lagThreshold: \"400000\"   # records for each
";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

fn kafsim(policy: &str, out: &Path, more: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("kafsim").expect("the binary");
    command.args(["autoscale", &example("black-friday"), "--recommend", "--policy", policy]);
    for set in SETS {
        command.args(["--set", set]);
    }
    command.arg("--out").arg(out).args(more).output().expect("runs")
}

#[test]
fn a_policy_that_fails_is_tuned_and_written_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "ours.yaml", OBJECT);
    let policy = format!("autoscaling/0/policy='{file}'");
    let sets: Vec<&str> = SETS.into_iter().chain([policy.as_str()]).collect();
    let scenario = checked("black-friday", &sets).scenario;
    let tuning =
        Tuning { file: &file, text: OBJECT, scenario: &scenario, scaler: 0, seed: Seed::new(1) };
    let found = recommend(tuning).expect("it can be tuned");
    assert!(!found.before.holds() && found.before.met == 0);
    assert!(found.after.holds() && found.after.days == DAYS, "{found:#?}");
    let keys: Vec<&str> = found.changes.iter().map(|one| one.knob.key()).collect();
    assert!(keys.contains(&"maxReplicaCount"), "{keys:?}");
    // Without the larger maximum nothing holds; that is why.
    let most = found.changes.iter().find(|one| one.knob.key() == "maxReplicaCount");
    assert!(!most.expect("changed").without.holds());
    // Only scalars differ: each line is the old one, but for the numbers.
    let bare = |text: &str| -> String { text.chars().filter(|c| !c.is_ascii_digit()).collect() };
    let inserted = found.changes.iter().filter(|one| !one.knob.written).count();
    if inserted == 0 {
        assert_eq!(bare(&found.manifest), bare(OBJECT));
    }
    for comment in ["# ours\n", "# at night\n", "# what we had\n", "\"   # records for each\n"] {
        assert!(found.manifest.contains(comment), "{}", found.manifest);
    }
    // The command finds the same, byte for byte, and writes it beside the original.
    let out = folder.path().join("out");
    let output = kafsim(&file, &out, &["--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tuned = std::fs::read_to_string(out.join("tuned-ours.yaml")).expect("written");
    assert_eq!(tuned, found.manifest);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), OBJECT);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["manifest"].as_str(), Some(tuned.as_str()));
    assert_eq!(
        (value["before"]["met"].as_u64(), value["after"]["met"].as_u64()),
        (Some(0), Some(29))
    );
    assert_eq!(value["changes"].as_array().map(Vec::len), Some(found.changes.len()));
    // What was written is a policy that holds.
    let policy = format!("autoscaling/0/policy='{}'", out.join("tuned-ours.yaml").display());
    let sets: Vec<&str> = SETS.into_iter().chain([policy.as_str()]).collect();
    let run = kafsim::study::simulate(&checked("black-friday", &sets).scenario, Seed::new(7));
    assert!(run.slo.iter().all(|one| one.met == Some(true)), "{:?}", run.slo);
    let text = String::from_utf8(std::fs::read(out.join("report.md")).expect("a report"));
    let text = text.expect("text");
    assert!(text.contains("spec/maxReplicaCount") && text.contains("29 of 29"), "{text}");
}

#[test]
fn what_cannot_hold_is_refused_with_a_reason_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "ours.yaml", OBJECT);
    let out = folder.path().join("out");
    std::fs::create_dir_all(&out).expect("a folder");
    std::fs::write(out.join("tuned-ours.yaml"), "of an earlier run").expect("a file");
    let slo = "slo=[\"lag(billing).max < 1 k\"]";
    // Commits every five seconds leave more than that, whatever the policy does.
    let more = ["--set", slo, "--set", "duration=30 min"];
    let output = kafsim(&file, &out, &more);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    for words in ["No numbers of", "lag(billing).max < 1 k` on 29 of 29", "Nothing was"] {
        assert!(text.replace('\n', " ").contains(words), "{words}: {text}");
    }
    assert!(!out.join("tuned-ours.yaml").exists(), "not even an old one stays");
}

#[test]
fn bad_questions_have_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = write(folder.path(), "ours.yaml", OBJECT);
    let fixed = write(folder.path(), "fixed.yaml", "policy: schedule\nentries: [{members: 9}]\n");
    let broken = write(folder.path(), "broken.yaml", &OBJECT.replace("maxRep", "minRep"));
    let cases: [(&str, &[&str], &str); 5] = [
        (&ours, &["--set", "slo=[]"], "found no objective"),
        (&fixed, &[], "`schedule`, whose numbers cannot be tuned"),
        (&ours, &["--policy", &fixed], "found 2 policies with --recommend"),
        (&broken, &[], "broken.yaml:8:3"),
        (&ours, &["--alerts", "x.yaml"], "cannot be used with"),
    ];
    for (file, more, words) in cases {
        let out = folder.path().join("none-yet");
        let output = kafsim(file, &out, more);
        assert_eq!(output.status.code(), Some(2), "{words}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{words}: {said}");
        assert!(output.stdout.is_empty());
    }
    let mut command = Command::cargo_bin("kafsim").expect("the binary");
    let output = command.args(["autoscale", "--recommend", "--policy", &ours]).output();
    assert_eq!(output.expect("runs").status.code(), Some(2), "a scenario is needed");
}

#[test]
fn thresholds_and_autoscalers_have_numbers_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let seed = std::fs::read_to_string(root().join("models/policies/seed.yaml")).expect("a file");
    let file = write(folder.path(), "seed.yaml", &seed);
    let output = kafsim(&file, &folder.path().join("out"), &["--format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{value:#}");
    let paths: Vec<&str> = value["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|one| one["path"].as_str())
        .collect();
    assert!(!paths.is_empty() && paths.iter().all(|path| path.starts_with("consumer_scaling/")));
    let tuned = std::fs::read_to_string(folder.path().join("out/tuned-seed.yaml")).expect("tuned");
    let bare = |text: &str| -> String { text.chars().filter(|c| !c.is_ascii_digit()).collect() };
    assert_eq!(bare(&tuned), bare(&seed), "numbers alone differ");
}
