//! What a replay tells beside its rows: outages without a fallback, flapping, sawteeth.

use super::{policy, scaled_object};
use assert_cmd::Command;
use kafsim::model::policies::Policy;
use kafsim::report::formats::replay::sentences;
use kafsim::study::{ReplayFinding, replay_and_judge};

const FALLBACK: &str = "  minReplicaCount: 1\n  fallback: {failureThreshold: 3, replicas: 6}\n";

/// A history of one partition in which the query as a whole holds a word from one second to
/// another, until 900 s.
fn outage(word: &str, from: u32, to: u32) -> String {
    let mut text = "t_s,replicas,s0-kafka-t,s0-kafka-t.committed[0],s0-kafka-t.end[0]\n".to_owned();
    for t in (0..=900).step_by(15) {
        let word = if (from..to).contains(&t) { word } else { "" };
        text += &format!("{t},2,{word},{},{}\n", 10 * t, 10 * t + 15);
    }
    text
}

fn told(policy: &Policy, history: &str) -> Vec<String> {
    let found = replay_and_judge("h.csv", history, policy, false);
    sentences(&found.unwrap_or_else(|error| panic!("{error}")).findings)
}

#[test]
fn a_full_outage_that_never_reaches_its_fallback_is_told() {
    let words = told(&scaled_object(FALLBACK, ""), &outage("unreachable", 300, 600));
    assert_eq!(words.len(), 1, "{words:?}");
    for part in [
        "shop: no trigger answered 10 polls from 300 s to 570 s",
        "the fallback to 6 replicas never came into force",
        "KEDA counted 1 failure in a row, failureThreshold 3 asks for more than 3",
        "there is no scaler to ask (9 polls)",
        "Only failureThreshold 0",
    ] {
        assert!(words[0].contains(part), "{part}: {}", words[0]);
    }
}

#[test]
fn a_failing_query_reaches_the_fallback_unless_it_is_too_short() {
    let object = scaled_object(FALLBACK, "");
    // Poll, sync at 300; sync at 315; poll at 330 is the fourth failure.
    let words = told(&object, &outage("error", 300, 600));
    assert!(words[0].contains("came into force at 330 s, 30 s after the first"), "{words:?}");
    let words = told(&object, &outage("error", 300, 330));
    assert!(words[0].contains("no trigger answered one poll at 300 s"), "{words:?}");
    assert!(words[0].contains("counted 3 failures in a row"), "{words:?}");
    assert!(words[0].contains("too short"), "{words:?}");
    // With failureThreshold 0 silence, too, is covered from the first failure on.
    let at_once = scaled_object(&FALLBACK.replace(": 3", ": 0"), "");
    let words = told(&at_once, &outage("unreachable", 300, 600));
    assert!(words[0].contains("came into force at 300 s, 0 s after"), "{words:?}");
}

#[test]
fn an_outage_needs_all_triggers_and_tells_when_nothing_was_configured() {
    let object = scaled_object("  minReplicaCount: 1\n", "");
    let words = told(&object, &outage("unreachable", 300, 600));
    assert!(words[0].contains("Without `fallback`"), "{words:?}");
    assert!(told(&object, &outage("unreachable", 0, 0)).is_empty(), "nothing failed");
    // Between two polls nobody but the autoscaler noticed.
    assert!(told(&object, &outage("error", 315, 330)).is_empty());
    // One of two triggers fails: polls still have an answer.
    let two = policy(&super::scaled_object_text("", FALLBACK, &["", ""]));
    let mut history = String::new();
    for line in outage("error", 300, 600).lines() {
        let first = history.is_empty();
        let more = if first { ",s1-kafka-t.committed[0],s1-kafka-t.end[0]" } else { ",0,5" };
        history += &format!("{line}{more}\n");
    }
    // The fallback of the first one does make the size swing.
    let words = told(&two, &history);
    assert!(words.iter().all(|one| !one.contains("no trigger answered")), "{words:?}");
}

/// Ten minutes of 6 replicas, ten of 2, with logs that grow evenly or as the replicas do.
fn saw(even: bool) -> String {
    let mut text = "t_s,replicas,s0-kafka-t.committed[0],s0-kafka-t.end[0]\n".to_owned();
    let mut end = 0;
    for t in (0..=9_000).step_by(15) {
        let high = t / 600 % 2 == 0;
        end += if even || !high { 100 } else { 400 };
        let lag = if high { 60 } else { 20 };
        let size = if high { 6 } else { 2 };
        text += &format!("{t},{size},{},{end}\n", end - lag);
    }
    text
}

#[test]
fn a_sawtooth_is_told_with_period_and_amplitude_only_when_demand_is_steady() {
    let rules = "  minReplicaCount: 1\n  advanced: {horizontalPodAutoscalerConfig: {behavior: \
        {scaleDown: {stabilizationWindowSeconds: 0}}}}\n";
    let object = scaled_object(rules, "allowIdleConsumers: true");
    let found = replay_and_judge("h.csv", &saw(true), &object, false).expect("a replay");
    let [ReplayFinding::Swings(swings)] = &found.findings[..] else { panic!("{found:?}") };
    assert_eq!((swings.period_s, swings.swings.amplitude), (1_200.0, 4.0));
    assert!(swings.steady && swings.swings.is_sawtooth());
    let words = sentences(&found.findings).remove(0);
    assert!(words.contains("shop: a sawtooth") && words.contains("a period of 20 min"), "{words}");
    assert!(told(&object, &saw(false)).is_empty(), "it follows the arrivals");
}

#[test]
fn without_arrivals_swings_are_told_as_what_they_are() {
    let hpa = super::hpa(
        &super::demand(10),
        1,
        20,
        "  behavior: {scaleDown: \
        {stabilizationWindowSeconds: 0}}\n",
    );
    let words = told(&hpa, &super::demands(4, &[40, 80, 80, 40, 40, 40, 40, 40]));
    assert!(words[0].starts_with("shop: flapping"), "{words:?}");
    assert!(words[0].contains("once whatever demand was, by 4 replicas"), "{words:?}");
    assert!(told(&hpa, &super::demands(4, &[40, 40, 80, 80, 80])).is_empty(), "up and no more");
}

#[test]
fn findings_stand_in_text_and_markdown_and_not_among_the_rows_for_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (history, object) = (folder.path().join("h.csv"), folder.path().join("o.yaml"));
    std::fs::write(&history, outage("unreachable", 300, 600)).expect("a history");
    std::fs::write(&object, super::scaled_object_text("", FALLBACK, &[""])).expect("a manifest");
    let run = |format: &str| {
        let mut command = Command::cargo_bin("kafsim").expect("the binary");
        command.arg("autoscale").arg("--replay").arg(&history).arg("--policy").arg(&object);
        let output = command.args(["--format", format]).output().expect("runs");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    for format in ["text", "markdown"] {
        assert!(run(format).contains("\n- shop: no trigger answered"), "{format}");
    }
    for format in ["json", "csv"] {
        assert!(!run(format).contains("no trigger"), "{format}");
    }
    let value: serde_json::Value = serde_json::from_str(&run("json")).expect("JSON");
    assert_eq!(value.as_object().expect("an object").len(), 1, "rows alone");
}
