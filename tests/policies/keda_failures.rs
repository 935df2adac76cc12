//! KEDA when queries fail: fallback, counts, memories that are lost, outages.

use super::{lags, only, policy, rows, scaled_object, scaled_object_text};
use kafsim::model::policies::Policy;

/// A history of one partition: (t, replicas, whole-query word, committed, end).
fn history(rows: &[(u32, u32, &str, &str, &str)]) -> String {
    let mut text = "t_s,replicas,s0-kafka-t,s0-kafka-t.committed[0],s0-kafka-t.end[0]\n".to_owned();
    for (t_s, replicas, word, committed, end) in rows {
        text += &format!("{t_s},{replicas},{word},{committed},{end}\n");
    }
    text
}

fn reasons(policy: &Policy, history: &str, poll: bool) -> Vec<&'static str> {
    only(&rows(policy, history, false), poll).iter().map(|row| row.reason).collect()
}

const FALLBACK: &str = "  fallback: {failureThreshold: 3, replicas: 6}\n";

#[test]
fn replay_an_error_of_one_partition_fails_the_query() {
    let policy = scaled_object("  minReplicaCount: 1\n", "");
    for partitions in [[("error", "5"), ("0", "5")], [("0", "5"), ("0", "error")]] {
        let found = rows(&policy, &lags(&[(0, 4, &partitions)]), false);
        assert_eq!((found[0].reason, found[1].reason), ("TriggerError", "InvalidMetric"));
        assert_eq!((found[1].desired, found[1].proposal), (4, None));
    }
}

#[test]
fn replay_fallback_counts_every_failed_query_and_then_stands_in() {
    let policy = scaled_object(FALLBACK, "");
    let text = history(&[(0, 2, "error", "0", "9"), (60, 2, "error", "0", "9")]);
    let found = rows(&policy, &text, false);
    // Failures: poll and sync at 0 are 1 and 2, the sync at 15 is 3, the poll at 30 is above 3.
    let short: Vec<(f64, &str, u32)> =
        found.iter().map(|row| (row.t_s, row.reason, row.desired)).collect();
    assert_eq!(
        short,
        [
            (0.0, "TriggerError", 2),
            (0.0, "InvalidMetric", 2),
            (15.0, "InvalidMetric", 2),
            (30.0, "Active", 2),
            (30.0, "ScaleUpLimit", 4),
            (45.0, "ScaleUpLimit", 4),
            (60.0, "Active", 2),
            (60.0, "ScaleUpLimit", 4)
        ]
    );
    assert_eq!(found[4].proposal, Some(6));
}

#[test]
fn replay_any_success_resets_the_count() {
    let policy = scaled_object("  fallback: {failureThreshold: 1, replicas: 6}\n", "");
    let text = history(&[
        (0, 2, "error", "0", "9"),
        (14, 2, "", "0", "9"),
        (29, 2, "error", "0", "9"),
        (45, 2, "error", "0", "9"),
    ]);
    let found = rows(&policy, &text, false);
    let short: Vec<&str> = found.iter().map(|row| row.reason).collect();
    // At t = 0 the sync's failure is the second: in force for it alone.
    assert_eq!(short[0], "TriggerError");
    assert_eq!((found[1].proposal, found[2].proposal), (Some(6), Some(1)));
    assert_eq!((short[3], found[4].proposal), ("TriggerError", Some(6)));
}

#[test]
fn replay_fallback_in_force_activates_from_zero_even_with_none_of_its_own() {
    let policy = scaled_object("  fallback: {failureThreshold: 0, replicas: 0}\n", "");
    let text = history(&[(0, 0, "error", "0", "9"), (600, 0, "error", "0", "9")]);
    let found = rows(&policy, &text, true);
    assert_eq!((found[0].reason, found[0].desired), ("Activated", 1));
    assert!(only(&found, true)[1..].iter().all(|row| row.reason == "Active"), "never cools down");
}

#[test]
fn replay_a_fallback_of_none_does_not_hold_a_failing_workload() {
    let spec = "  fallback: {failureThreshold: 9, replicas: 0}\n";
    let text = history(&[(0, 2, "error", "0", "9"), (30, 2, "error", "0", "9")]);
    assert_eq!(reasons(&scaled_object(spec, ""), &text, true), ["CoolingDown", "Deactivated"]);
    let spec = "  fallback: {failureThreshold: 9, replicas: 1}\n";
    assert_eq!(reasons(&scaled_object(spec, ""), &text, true), ["TriggerError", "TriggerError"]);
}

#[test]
fn replay_fallback_behaviors_and_value_metrics() {
    let proposal = |behavior: &str, replicas: u32| {
        let spec = format!(
            "  minReplicaCount: 1\n  fallback: {{failureThreshold: 0, replicas: 6, behavior: \
             {behavior}}}\n"
        );
        let text = history(&[(0, replicas, "error", "0", "9")]);
        only(&rows(&scaled_object(&spec, ""), &text, false), false)[0].proposal
    };
    assert_eq!((proposal("static", 3), proposal("static", 9)), (Some(6), Some(6)));
    assert_eq!(
        (proposal("currentReplicas", 3), proposal("currentReplicas", 9)),
        (Some(3), Some(9))
    );
    let higher = "currentReplicasIfHigher";
    assert_eq!((proposal(higher, 3), proposal(higher, 9)), (Some(6), Some(9)));
    let lower = "currentReplicasIfLower";
    assert_eq!((proposal(lower, 3), proposal(lower, 9)), (Some(3), Some(6)));
    let spec = "  minReplicaCount: 1\n  fallback: {failureThreshold: 0, replicas: 6}\n";
    let text = scaled_object_text("", spec, &[""]).replace("kafka,", "kafka, metricType: Value,");
    let value = policy(&text);
    let text = "t_s,replicas,ready,s0-kafka-t,s0-kafka-t.committed[0],s0-kafka-t.end[0]\n\
        0,4,3,error,0,9\n15,4,0,error,0,9\n";
    let found = only(&rows(&value, text, false), false);
    // Target × 6 / 3 ready, times 3 ready again.
    assert_eq!((found[0].proposal, found[1].reason), (Some(6), "InvalidMetric"));
}

#[test]
fn replay_a_full_outage_never_reaches_the_fallback() {
    let policy = scaled_object("  fallback: {failureThreshold: 1, replicas: 6}\n", "");
    let text = history(&[
        (0, 2, "", "0", "9"),
        (30, 2, "unreachable", "0", "9"),
        (90, 2, "", "0", "9"),
        (120, 2, "error", "0", "9"),
    ]);
    let found = rows(&policy, &text, false);
    let short: Vec<(f64, &str)> = found.iter().map(|row| (row.t_s, row.reason)).collect();
    assert_eq!(
        short,
        [
            (0.0, "Active"),
            (0.0, "ScaleDownStabilized"),
            (15.0, "ScaleDownStabilized"),
            (30.0, "TriggerError"),
            (30.0, "InvalidMetric"),
            (45.0, "InvalidMetric"),
            (60.0, "NoScaler"),
            (60.0, "InvalidMetric"),
            (75.0, "InvalidMetric"),
            (90.0, "Active"),
            (90.0, "ScaleDownStabilized"),
            (105.0, "ScaleDownStabilized"),
            (120.0, "TriggerError"),
            (120.0, "ScaleUpLimit")
        ]
    );
    let at_once = scaled_object("  fallback: {failureThreshold: 0, replicas: 6}\n", "");
    let found = only(&rows(&at_once, &text, false), true);
    assert!(found.iter().all(|row| row.reason == "Active"), "the first failure is enough");
}

#[test]
fn replay_without_a_scaler_nothing_is_counted() {
    let policy = scaled_object("  fallback: {failureThreshold: 2, replicas: 6}\n", "");
    let text = history(&[
        (0, 2, "unreachable", "0", "9"),
        (300, 2, "error", "0", "9"),
        (315, 2, "error", "0", "9"),
    ]);
    let found = rows(&policy, &text, false);
    let from: Vec<(f64, &str)> =
        found.iter().filter(|row| row.t_s >= 285.0).map(|row| (row.t_s, row.reason)).collect();
    // One failure at t = 0, the second at the poll of t = 300, the third right after it.
    assert_eq!(
        from,
        [
            (285.0, "InvalidMetric"),
            (300.0, "TriggerError"),
            (300.0, "ScaleUpLimit"),
            (315.0, "ScaleUpLimit")
        ]
    );
}

#[test]
fn replay_nothing_is_queried_at_zero_replicas_or_out_of_bounds() {
    let policy = scaled_object(
        "  pollingInterval: 600\n  maxReplicaCount: 5\n  fallback: \
        {failureThreshold: 2, replicas: 3}\n",
        "",
    );
    let mut text = history(&[(0, 2, "error", "0", "9"), (15, 0, "error", "0", "9")]);
    text += "120,9,error,0,9\n240,2,error,0,9\n";
    let found = only(&rows(&policy, &text, false), false);
    // Poll and sync at 0 are two failures; the next that counts is the sync at 240.
    assert_eq!(found[0].reason, "InvalidMetric");
    assert!(found[1..8].iter().all(|row| row.reason == "ScalingDisabled"));
    assert!(found[8..16].iter().all(|row| row.reason == "AboveMax"));
    assert_eq!((found[16].t_s, found[16].proposal), (240.0, Some(3)));
}

#[test]
fn replay_a_failed_query_forgets_offsets_of_its_trigger_and_an_uncovered_one_of_all() {
    let two = |spec: &str| {
        let persistent = "excludePersistentLag: true";
        let text = scaled_object_text("", spec, &[persistent, persistent]);
        policy(&text)
    };
    let head = "t_s,replicas,s0-kafka-t,s0-kafka-t.committed[0],s0-kafka-t.end[0],\
        s1-kafka-t.committed[0],s1-kafka-t.end[0]\n";
    let text = format!("{head}0,9,,0,10,0,10\n30,9,error,0,10,0,10\n60,9,,0,10,0,10\n");
    let spec = "  minReplicaCount: 1\n  fallback: {failureThreshold: 0, replicas: 2}\n";
    let covered = only(&rows(&two(spec), &text, false), false);
    // s1 is stuck throughout; s0 is forgotten at 45 and stuck again once the poll has seen it.
    let at = |found: &[kafsim::study::ReplayRow], t_s: f64| {
        let row = found.iter().find(|row| row.t_s == t_s).expect("a row");
        (row.metric.clone(), row.proposal)
    };
    assert_eq!(at(&covered, 30.0), (Some("s0-kafka-t".into()), Some(2)));
    assert_eq!(at(&covered, 60.0).1, Some(0));
    let uncovered = only(&rows(&two("  minReplicaCount: 1\n"), &text, false), false);
    // s0 fails first and discards both scalers, so s1 is seen for the first time and asks for 1;
    // that is no reason to go below 9.
    assert_eq!(at(&uncovered, 45.0).1, None);
    let small = text.replace(",9,", ",1,");
    let uncovered = only(&rows(&two("  minReplicaCount: 1\n"), &small, false), false);
    assert_eq!(at(&uncovered, 45.0), (Some("s1-kafka-t".into()), Some(1)));
    let polls = only(&rows(&two("  minReplicaCount: 1\n"), &small, false), true);
    assert_eq!(polls[1].reason, "PartialTriggerError");
    assert_eq!(polls[1].metric.as_deref(), Some("s1-kafka-t"));
}

#[test]
fn replay_a_cached_fallback_is_a_success_of_the_next_read() {
    let spec = "  minReplicaCount: 1\n  fallback: {failureThreshold: 1, replicas: 6}\n";
    let text =
        scaled_object_text("", spec, &[""]).replace("kafka,", "kafka, useCachedMetrics: true,");
    let warned = super::warnings(&text);
    assert!(warned.contains("useCachedMetrics with a fallback"), "{warned}");
    let history = history(&[(0, 2, "error", "0", "9"), (75, 2, "error", "0", "9")]);
    let found = rows(&policy(&text), &history, false);
    let short: Vec<(f64, &str, Option<u32>)> =
        found.iter().map(|row| (row.t_s, row.reason, row.proposal)).collect();
    assert_eq!(
        short,
        [
            (0.0, "TriggerError", None),
            // The kept failure is counted again, and again.
            (0.0, "ScaleUpLimit", Some(6)),
            (15.0, "ScaleUpLimit", Some(6)),
            (30.0, "Active", None),
            // The kept fallback value sets the count to zero.
            (30.0, "ScaleUpLimit", Some(6)),
            (45.0, "ScaleUpLimit", Some(6)),
            (60.0, "TriggerError", None),
            (60.0, "ScaleUpLimit", Some(6)),
            (75.0, "ScaleUpLimit", Some(6)),
        ]
    );
}
