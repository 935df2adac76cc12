//! The exercise that kafsim replaces: its policy, its script, its day.

use crate::support::{checked, root, run};
use kafsim::form::Check;
use kafsim::model::policies::{Policy, ThresholdPolicy};
use kafsim::scenario::{manifests, read};
use kafsim::study::{Claim, EXERCISE_DAY, claim, literal_claim, replay};
use std::process::Command;

const START: Claim = Claim { brokers: 3, consumers: 6 };

fn policy_text() -> String {
    let path = root().join("models/policies/seed.yaml");
    std::fs::read_to_string(path).expect("the policy is there")
}

fn policy() -> ThresholdPolicy {
    let tree = read::read_text("policy.yaml", &policy_text()).expect("YAML");
    match manifests::policy(&tree, &mut Check::default()) {
        Some(Policy::Threshold(policy)) => policy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_policy_file_is_the_exercise_byte_for_byte() {
    let text = policy_text();
    assert_eq!(kafsim::scenario::cards::hash_of(text.as_bytes()), "90225e92724ddf0b");
    assert_eq!(text.lines().count(), 52);
    assert!(text.starts_with("# Kafka Auto-scaling Policy\n\nbroker_scaling:\n"));
}

#[test]
fn the_script_as_intended_ends_at_nine_brokers_and_24_consumers() {
    let end = claim(&policy(), START, &EXERCISE_DAY);
    assert_eq!(end, Claim { brokers: 9, consumers: 24 });
}

#[test]
fn the_script_as_run_ends_where_it_began() {
    assert_eq!(literal_claim(&policy(), START, &EXERCISE_DAY), START);
}

#[test]
fn the_scripts_loop_under_bash_and_bc_ends_where_it_began() {
    let there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    if !there("bash") || !there("bc") {
        println!("bash or bc is not installed: the script's loop was not run");
        return;
    }
    let script = root().join("tests/seed/script_loop.sh");
    let output = Command::new("bash").arg(script).output().expect("bash runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim(), "brokers 3 consumers 6");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(complaints.contains("75.0"), "bc prints 75.0 and the test refuses it: {complaints}");
}

#[test]
fn the_quickstart_has_the_anchors_of_the_exercise() {
    let constant = |rate: &str| {
        let load = format!("producers/shop/load={{rate: {rate}}}");
        run("quickstart", &[&load, "autoscaling=[]", "duration=1 h"])
    };
    let base = constant("20 k/s");
    let cpu: f64 = base.brokers.values().map(|one| one.cpu.mean).sum::<f64>() / 3.0;
    assert!((0.28..=0.32).contains(&cpu), "CPU at multiplier 1 is {cpu}");
    let lag = base.groups["billing"].lag_records.mean;
    assert!((lag - 50_000.0).abs() < 1_000.0, "lag at multiplier 1 is {lag}");
    // Six members carry 1.5 times the base, but not 2.5 times.
    assert!(constant("30 k/s").groups["billing"].processing_lag_records.max < 1.0);
    let peak = &constant("50 k/s").groups["billing"];
    assert!(peak.processing_lag_records.end > 1e6, "{peak:?}");
    let scenario = checked("quickstart", &[]).scenario;
    assert_eq!((scenario.cluster.brokers.len(), scenario.groups[0].members), (3, 6));
}

#[test]
fn the_day_is_explained() {
    let run = run("quickstart", &[]);
    let first = run.decisions.iter().find(|one| one.target == "billing").expect("it scales");
    assert_eq!((first.at.as_secs_f64(), first.from, first.to), (32_460.0, 6, 8));
    assert!(first.words.contains("is above 100 k"), "{}", first.words);
    assert!(first.effective_after.is_some_and(|after| after.as_secs_f64() > 20.0));
    assert!(first.capacity_after > first.capacity_before);
    let broker = run.decisions.iter().find(|one| one.target == "brokers" && !one.failed);
    let broker = broker.expect("brokers scale");
    assert!(broker.effective_after.is_some_and(|after| after.as_secs_f64() > 3_600.0));
    assert!(run.events.iter().any(|event| event.kind == "threshold_crossed"));
    let names: Vec<&str> = run.alerts.iter().map(|alert| alert.name.as_str()).collect();
    assert_eq!(names, ["scaling_failure", "rapid_scaling"]);
    let claim = run.remarks.join("\n");
    assert!(claim.contains("9 brokers and 24 members") && claim.contains("3 and 6"), "{claim}");
}

#[test]
fn a_replay_prints_one_row_per_evaluation_and_loop() {
    let history = "t_s,brokers,consumers,partitions,cpu_usage,network_in_bytes,consumer_lag,\
        processing_time_ms\n\
        0,3,6,12,50,1e6,2000,10\n\
        60,3,6,12,75,1e6,200000,10\n\
        120,3,6,12,75,1e6,200000,10\n\
        360,3,11,12,75,1e6,200000,10\n\
        660,3,12,12,75,1e6,200000,10\n";
    let rows = replay("h.csv", history, &Policy::from(policy()), false).expect("a replay");
    assert_eq!(rows.len(), 24);
    let at = |t: f64, policy: &str| {
        rows.iter().find(|row| row.t_s == t && row.policy == policy).expect("a row")
    };
    let row = |t, policy| {
        let row = at(t, policy);
        (row.proposal, row.stabilised, row.desired, row.reason)
    };
    assert_eq!(row(0.0, "broker_scaling"), (Some(3), Some(3), 3, "WithinRange"));
    assert_eq!(row(60.0, "broker_scaling"), (Some(4), Some(4), 4, "ScaleUp"));
    assert_eq!(at(60.0, "broker_scaling").metric.as_deref(), Some("cpu_usage"));
    assert_eq!(row(120.0, "broker_scaling").3, "CoolingDown");
    assert_eq!(row(60.0, "consumer_scaling"), (Some(8), Some(8), 8, "ScaleUp"));
    assert_eq!(row(300.0, "consumer_scaling").3, "CoolingDown");
    // Exactly five minutes later, one short of the cap, then at the cap.
    assert_eq!(row(360.0, "consumer_scaling"), (Some(13), Some(13), 12, "ScaleUp"));
    assert_eq!(row(660.0, "consumer_scaling"), (Some(14), Some(14), 12, "AtMaximum"));
}

#[test]
fn a_closed_replay_follows_its_own_decisions() {
    let history = "t_s,brokers,consumers,partitions,cpu_usage,network_in_bytes,consumer_lag,\
        processing_time_ms\n0,3,6,12,75,1e6,200000,10\n3600,3,6,12,75,1e6,200000,10\n";
    let rows = replay("h.csv", history, &Policy::from(policy()), true).expect("a replay");
    let last = |policy: &str| rows.iter().rfind(|row| row.policy == policy).map(|row| row.desired);
    assert_eq!(last("broker_scaling"), Some(6), "one every half hour, the last at 3600 s");
    assert_eq!(last("consumer_scaling"), Some(12), "the cap");
}

#[test]
fn a_bad_history_gives_no_rows() {
    let policy = Policy::from(policy());
    let head = "t_s,brokers,consumers,cpu_usage,network_in_bytes,consumer_lag,processing_time_ms\n";
    for (text, expected) in [
        ("t_s,brokers,consumers\n0,3,6\n".to_owned(), "h.csv:1:1: found the columns"),
        (format!("{head}0,3,6,1,1,1,1\n0,3,6,1,1,1,1\n"), "h.csv:3:1: found t_s 0"),
        (format!("{head}0,3,6,x,1,1,1\n"), "h.csv:2:1: found cpu_usage `x`"),
        (format!("{head}0,3,6,-1,1,1,1\n"), "found cpu_usage `-1`"),
        (head.to_owned(), "no rows"),
        (String::new(), "h.csv"),
    ] {
        let error = replay("h.csv", &text, &policy, false).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(expected), "{error}");
    }
}
