//! Findings about policies: each rule once where it fires and once where it does not.

use crate::support::{checked, example};
use assert_cmd::Command;
use kafsim::analysis::{Lint, lints};
use kafsim::chance::Seed;
use kafsim::study::simulate;
use std::path::Path;

/// A trigger on the group of the example with settings in flow style.
fn object(spec: &str, settings: &str) -> String {
    format!(
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: billing}}\nspec:\n  \
         scaleTargetRef: {{name: billing}}\n  minReplicaCount: 3\n{spec}  triggers:\n    - {{type: \
         kafka, metadata: {{consumerGroup: billing, topic: orders, {settings}}}}}\n"
    )
}

fn write(folder: &Path, policy: &str) -> String {
    let file = folder.join("policy.yaml");
    std::fs::write(&file, policy).expect("a policy");
    file.display().to_string()
}

/// What is found about a policy on twenty minutes of 20 k records/s, which four members carry.
fn found(policy: &str, sets: &[&str]) -> Vec<Lint> {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = format!("autoscaling/0/policy='{}'", write(folder.path(), policy));
    let base = ["duration=20 min", "producers/shop/load={rate: 20 k/s}", &policy];
    let all: Vec<&str> = base.into_iter().chain(sets.iter().copied()).collect();
    let scenario = checked("black-friday", &all).scenario;
    lints(&scenario, &simulate(&scenario, Seed::new(1)))
}

fn rules(policy: &str, sets: &[&str]) -> Vec<&'static str> {
    found(policy, sets).iter().map(|one| one.rule).collect()
}

fn evidence(lint: &Lint, name: &str) -> f64 {
    let found = lint.evidence.iter().find(|one| one.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {lint:?}")).value
}

const FINE: &str = "  maxReplicaCount: 24\n";
const SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/policies/seed.yaml"));

#[test]
fn a_policy_that_fits_has_no_finding() {
    assert!(rules(&object(FINE, "lagThreshold: 20000"), &[]).is_empty());
}

#[test]
fn lag_at_rest_asks_for_more_than_the_load_needs() {
    let lint = found(&object(FINE, "lagThreshold: 5000"), &[]).swap_remove(0);
    assert_eq!(lint.rule, "lag_at_rest");
    // 20 k/s × 5 s / 2, in lots of 5,000.
    assert!((evidence(&lint, "committed lag at rest, mean load") - 50_000.0).abs() < 500.0);
    assert!((evidence(&lint, "just before commits, busiest") - 100_000.0).abs() < 5_000.0);
    assert!(evidence(&lint, "replicas that the lag at rest asks for") >= 10.0);
    assert_eq!(evidence(&lint, "replicas that the load needs"), 4.0);
    assert!(lint.words.contains("lagThreshold 5 k"), "{}", lint.words);
    let quick = "groups/billing/config={auto.commit.interval.ms: 500}";
    assert!(rules(&object(FINE, "lagThreshold: 5000"), &[quick]).is_empty());
    let each = "groups/billing/commits=each_poll";
    assert!(rules(&object(FINE, "lagThreshold: 5000"), &[each]).is_empty());
}

#[test]
fn lag_at_rest_keeps_thresholds_from_being_reached() {
    let lint = found(SEED, &[]).swap_remove(0);
    assert_eq!((lint.rule, evidence(&lint, "threshold")), ("lag_at_rest", 1_000.0));
    assert!(lint.words.contains("never scales in"), "{}", lint.words);
    let low = SEED.replace("scale_up_threshold: 100000\n", "scale_up_threshold: 20000\n");
    let lint = found(&low, &[]).swap_remove(0);
    assert!(lint.words.contains("scales out for as long as it may"), "{}", lint.words);
    let wide = SEED.replace("scale_down_threshold: 1000\n", "scale_down_threshold: 70000\n");
    assert!(rules(&wide, &[]).is_empty());
}

#[test]
fn the_tolerance_keeps_a_group_below_its_partitions() {
    let full = object("  maxReplicaCount: 48\n", "lagThreshold: 20000");
    let lint = found(&full, &[]).swap_remove(0);
    assert_eq!(lint.rule, "tolerance_trap");
    // 48 / 44 = 1.0909, 48 / 43 = 1.116.
    assert_eq!(evidence(&lint, "lowest size that stays"), 44.0);
    assert!(lint.words.contains("From 44 to 47 replicas"), "{}", lint.words);
    assert!(lint.advice.contains("maxReplicaCount 24"), "{}", lint.advice);
    let sharp = "  maxReplicaCount: 48\n  advanced: {horizontalPodAutoscalerConfig: {behavior: \
        {scaleUp: {tolerance: 0}}}}\n";
    assert!(rules(&object(sharp, "lagThreshold: 20000"), &[]).is_empty());
    assert!(rules(&full, &["topics/orders/partitions=10"]).contains(&"cap_leak"));
    let few = object("  maxReplicaCount: 10\n", "lagThreshold: 20000");
    assert!(rules(&few, &["topics/orders/partitions=10"]).is_empty(), "10 / 9 is above 1.1");
}

#[test]
fn the_cap_leaks_a_replica_and_idle_consumers_more() {
    let object =
        |max: u32, settings: &str| object(&format!("  maxReplicaCount: {max}\n"), settings);
    let leaks = |policy: &str| found(policy, &[]).into_iter().find(|one| one.rule == "cap_leak");
    let lint = leaks(&object(60, "lagThreshold: 20000")).expect("it leaks");
    assert!(lint.words.contains("a lag of 960 k to 980 k makes 49"), "{}", lint.words);
    assert_eq!(evidence(&lint, "partitions"), 48.0);
    assert_eq!(lint.advice, "maxReplicaCount 48");
    assert!(leaks(&object(48, "lagThreshold: 20000")).is_none());
    let idle = leaks(&object(60, "lagThreshold: 20000, allowIdleConsumers: true"));
    assert!(idle.expect("no cap").words.contains("allowIdleConsumers lifts"));
    let even = "lagThreshold: 20000, ensureEvenDistributionOfPartitions: true";
    assert!(leaks(&object(60, even)).is_none(), "divisors are at most the partitions");
    let hpa = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/policies/hpa.yaml"));
    assert!(leaks(hpa).is_none());
    let wide = leaks(&hpa.replace("maxReplicas: 24", "maxReplicas: 60")).expect("no cap at all");
    assert!(wide.words.contains("knows nothing of partitions"), "{}", wide.words);
}

#[test]
fn a_poll_that_takes_too_long_costs_the_membership() {
    let policy = object(FINE, "lagThreshold: 20000");
    // 12.5 s / 16 at once × 500 records.
    let slow = "groups/billing/work={wait_per_record: 12500 ms, concurrency: 16}";
    let light = "producers/shop/load={rate: 10 /s}";
    let found = found(&policy, &[slow, light]);
    let lint = found.iter().find(|one| one.rule == "max_poll_interval").expect("too slow");
    assert!((evidence(lint, "work per poll") - 390.6).abs() < 1.0, "{lint:?}");
    assert_eq!(evidence(lint, "max.poll.interval.ms"), 300_000.0);
    assert_eq!(lint.advice, "max.poll.records 191 or less");
    let fewer = "groups/billing/config={max.poll.records: 191}";
    assert!(!rules(&policy, &[slow, light, fewer]).contains(&"max_poll_interval"));
}

#[test]
fn waits_that_are_shorter_than_a_start_up_are_told() {
    let short = |policy: &str| {
        let all = found(policy, &[]);
        all.into_iter().find(|one| one.rule == "shorter_than_start_up")
    };
    assert!(short(SEED).is_none());
    let hasty = SEED.replace("cooldown: 300 ", "cooldown: 30 ");
    let lint = short(&hasty).expect("30 s against 60 s");
    assert_eq!(evidence(&lint, "scale_up.cooldown"), 30.0);
    assert!((evidence(&lint, "start-up of a member, p95") - 60.0).abs() < 0.01);
    assert!(lint.words.contains("asks again"), "{}", lint.words);
    let zero = object("  cooldownPeriod: 20\n", "lagThreshold: 20000");
    assert!(short(&zero).is_none(), "the cooldown is for the step to 0");
    let to_zero = zero.replace("minReplicaCount: 3", "minReplicaCount: 0");
    assert_eq!(evidence(&short(&to_zero).expect("20 s"), "cooldownPeriod"), 20.0);
    let window = "  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: \
        {stabilizationWindowSeconds: 10}}}}\n";
    let lint = short(&object(window, "lagThreshold: 20000")).expect("10 s");
    assert!(lint.words.contains("sooner than it could bring them back"), "{}", lint.words);
    let long = window.replace(": 10}", ": 61}");
    assert!(short(&object(&long, "lagThreshold: 20000")).is_none());
}

#[test]
fn findings_are_shown_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = write(folder.path(), &object("  maxReplicaCount: 60\n", "lagThreshold: 20000"));
    let run = |policies: &[&str], format: &str| {
        let mut command = Command::cargo_bin("kafsim").expect("the binary");
        command.args(["autoscale", &example("black-friday"), "--set", "duration=20 min"]);
        for one in policies {
            command.args(["--policy", one]);
        }
        command.args(["--replications", "1", "--out", "none", "--format", format]);
        let output = command.output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    for format in ["text", "markdown"] {
        let words = run(&[&policy], format).replace('\n', " ");
        assert!(words.contains("own nothing") && words.contains("Numbers: "), "{words}");
    }
    let value: serde_json::Value = serde_json::from_str(&run(&[&policy], "json")).expect("JSON");
    let leak = value["lints"].as_array().expect("lints").iter();
    let leak = leak.clone().find(|one| one["rule"] == "cap_leak").expect("a leak");
    assert_eq!(leak["policy"], policy.as_str());
    assert_eq!(leak["evidence"][0]["value"], 48.0);
    // Side by side each finding has its design's name.
    let other = crate::support::root().join("models/policies/hpa.yaml").display().to_string();
    let value = run(&[&policy, &other], "json");
    let value: serde_json::Value = serde_json::from_str(&value).expect("JSON");
    assert_eq!(value["lints"][0]["policy"], "policy");
    assert!(run(&[&policy, &other], "text").contains("Policy policy: From 44 to 47"));
}
