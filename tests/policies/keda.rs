//! KEDA: vectors K1 to K7, the consequences that they lead to, lag arithmetic, the poll's steps.

use super::{desired, lags, one_lags, only, policy, rows, scaled_object, scaled_object_text};
use kafsim::model::policies::{KedaPolicy, Policy};
use kafsim::model::policy::{Observation, Reason, ScalingPolicy};
use kafsim::model::workload::{Offset, Offsets, PartitionOffsets, Reading, Workload};
use kafsim::units::SimTime;

const NEVER_ZERO: &str = "  minReplicaCount: 1\n";

/// The autoscaler's first proposal with one lagging partition.
fn proposal(policy: &Policy, partitions: usize, replicas: u32, lag: i64) -> u32 {
    let found = only(&rows(policy, &one_lags(partitions, &[(0, replicas, lag)]), false), false);
    found[0].proposal.unwrap_or_else(|| panic!("{:?}", found[0]))
}

#[test]
fn k1_the_cap_leaks_one_replica_over_the_partitions() {
    let policy = scaled_object(NEVER_ZERO, "");
    assert_eq!(proposal(&policy, 10, 5, 105), 11);
    // Section 3.4: whole thresholds are compared, the autoscaler rounds up.
    assert_eq!(proposal(&policy, 10, 5, 100), 10);
    assert_eq!(proposal(&policy, 10, 5, 109), 11);
    assert_eq!(proposal(&policy, 10, 5, 110), 10);
}

#[test]
fn k2_at_ten_replicas_the_leak_is_within_tolerance() {
    let policy = scaled_object(NEVER_ZERO, "");
    assert_eq!(proposal(&policy, 10, 10, 105), 10);
    assert_eq!(proposal(&policy, 10, 5, 110), 10, "the metric is 100");
}

#[test]
fn k3_even_distribution_takes_divisors_of_the_partitions() {
    let policy = scaled_object(NEVER_ZERO, "ensureEvenDistributionOfPartitions: true");
    for (lag, replicas) in [
        (25, 3),
        (35, 4),
        (45, 6),
        (65, 12),
        (130, 12),
        (0, 1),
        (10, 1),
        (11, 2),
        (20, 2),
        (41, 6),
        (60, 6),
        (61, 12),
    ] {
        assert_eq!(proposal(&policy, 12, 50, lag), replicas, "lag {lag}");
    }
}

#[test]
fn k4_a_replica_for_each_lagging_partition() {
    let policy = scaled_object(NEVER_ZERO, "limitToPartitionsWithLag: true");
    let mut partitions = [("0", "0"); 12];
    partitions[..3].fill(("0", "100"));
    let found = only(&rows(&policy, &lags(&[(0, 9, &partitions)]), false), false);
    assert_eq!(found[0].proposal, Some(3));
    assert_eq!(proposal(&policy, 12, 9, 1_000_000), 1, "a skewed key never gets more");
}

#[test]
fn k5_from_zero_it_takes_a_poll_and_a_sync() {
    let policy = scaled_object("", "");
    let found = rows(&policy, &one_lags(10, &[(0, 0, 0), (1, 0, 40), (90, 0, 40)]), true);
    let steps: Vec<(f64, &str, u32)> =
        found.iter().map(|row| (row.t_s, row.policy.as_str(), row.desired)).collect();
    assert_eq!(
        steps[..6],
        [
            (0.0, "shop/poll", 0),
            (0.0, "shop", 0),
            (15.0, "shop", 0),
            (30.0, "shop/poll", 1),
            (30.0, "shop", 4),
            (45.0, "shop", 4)
        ]
    );
    assert_eq!((found[0].reason, found[3].reason), ("Inactive", "Activated"));
    assert_eq!(found[3].metric.as_deref(), Some("s0-kafka-t"));
    // At the instant of activation the status is still 0: no tolerance, and the ceiling is 4.
    assert_eq!((found[4].proposal, found[4].reason), (Some(4), "DesiredWithinRange"));
}

#[test]
fn k6_the_autoscaler_shrinks_to_one_and_keda_to_zero() {
    let policy = scaled_object("", "");
    let found = rows(&policy, &one_lags(10, &[(0, 5, 50), (15, 5, 0), (600, 5, 0)]), true);
    let polls = only(&found, true);
    let zero = polls.iter().find(|row| row.reason == "Deactivated").expect("it ends");
    assert_eq!((zero.t_s, zero.desired), (330.0, 0), "300 is not yet longer than 300");
    let one = only(&found, false).into_iter().find(|row| row.desired == 1).expect("it shrinks");
    assert_eq!(one.t_s, 315.0);
    assert_eq!(polls[1].reason, "CoolingDown");
}

#[test]
fn k7_a_stuck_consumer_holds_one_replica_and_never_none() {
    let policy = scaled_object("", "excludePersistentLag: true");
    let found = rows(&policy, &one_lags(3, &[(0, 4, 500), (3_600, 4, 500)]), true);
    assert!(only(&found, true).iter().all(|row| row.reason == "Active"));
    assert_eq!(found.last().map(|row| row.desired), Some(1));
}

#[test]
fn consequence_tolerance_trap_below_the_partition_count() {
    for (partitions, replicas, expected) in [
        (64, 59, 59),
        (64, 63, 63),
        (64, 58, 64),
        (23, 21, 21),
        (23, 22, 22),
        (23, 20, 23),
        (100, 91, 91),
        (100, 90, 100),
        (11, 10, 10),
    ] {
        let policy = scaled_object("  minReplicaCount: 1\n  maxReplicaCount: 200\n", "");
        let lag = 1_000_000;
        assert_eq!(proposal(&policy, partitions, replicas, lag), expected, "{partitions}");
    }
}

#[test]
fn consequence_ramps_from_zero_with_and_without_behavior() {
    let history = one_lags(60, &[(0, 0, 0), (30, 0, 400), (150, 0, 400)]);
    let steps = |spec: &str| {
        let mut found: Vec<u32> = desired(&rows(&scaled_object(spec, ""), &history, true));
        found.dedup();
        found
    };
    assert_eq!(steps(""), [0, 1, 4, 8, 16, 32, 40]);
    let behavior = "  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {}}}}\n";
    assert_eq!(steps(behavior), [0, 1, 5, 10, 20, 40]);
}

#[test]
fn replay_partitions_absent_from_the_answer_are_not_visited() {
    let policy = scaled_object(NEVER_ZERO, "");
    // Two absent: one without a commit, one with an error; neither counts for the cap.
    let partitions = [("0", "1000"), ("", ""), ("error", "")];
    let found = only(&rows(&policy, &lags(&[(0, 9, &partitions)]), false), false);
    assert_eq!(found[0].proposal, Some(1), "the cap is one partition");
    let none = [("0", "")];
    let found = only(&rows(&policy, &lags(&[(0, 9, &none)]), false), false);
    assert_eq!(found[0].proposal, Some(0));
}

#[test]
fn replay_without_a_commit_latest_is_one_and_earliest_the_end() {
    let lag_of = |settings: &str| {
        let settings = format!("allowIdleConsumers: true, lagThreshold: 1, {settings}");
        let policy = scaled_object("  minReplicaCount: 1\n", &settings);
        let history = lags(&[(0, 90, &[("", "50"), ("-1", "7")])]);
        only(&rows(&policy, &history, false), false)[0].proposal
    };
    assert_eq!(lag_of("offsetResetPolicy: latest"), Some(2));
    assert_eq!(lag_of("offsetResetPolicy: earliest"), Some(57));
    assert_eq!(lag_of("offsetResetPolicy: latest, scaleToZeroOnInvalidOffset: true"), Some(0));
    assert_eq!(lag_of("offsetResetPolicy: earliest, scaleToZeroOnInvalidOffset: true"), Some(0));
}

#[test]
fn replay_negative_lag_lowers_the_sum_and_is_sent_as_zero() {
    let policy = scaled_object("", "");
    let history = lags(&[(0, 9, &[("0", "50"), ("30", "0")]), (15, 9, &[("9", "0"), ("0", "0")])]);
    let found = rows(&policy, &history, false);
    assert_eq!(only(&found, false)[0].proposal, Some(2));
    assert_eq!(only(&found, false)[1].proposal, Some(0));
}

#[test]
fn replay_a_limitation_filters_partitions_before_anything_else() {
    let settings = "partitionLimitation: \"0, 2-3\"";
    let policy = scaled_object(NEVER_ZERO, settings);
    let partitions = [("0", "20"), ("error", "error"), ("0", "20"), ("0", "20")];
    let found = only(&rows(&policy, &lags(&[(0, 9, &partitions)]), false), false);
    assert_eq!(found[0].proposal, Some(3), "capped at three partitions");
    let nothing = scaled_object(NEVER_ZERO, "partitionLimitation: \"7\"");
    let found = rows(&nothing, &lags(&[(0, 9, &partitions)]), false);
    assert_eq!((found[0].reason, found[1].reason), ("TriggerError", "InvalidMetric"));
}

#[test]
fn replay_persistent_lag_is_judged_against_any_query_before() {
    let policy = scaled_object(NEVER_ZERO, "excludePersistentLag: true");
    let history = lags(&[
        (0, 5, &[("0", "100")]),
        (15, 5, &[("5", "100")]),
        (30, 5, &[("6", "100")]),
        (45, 5, &[("6", "100")]),
    ]);
    let found = only(&rows(&policy, &history, false), false);
    // t = 0: the poll has seen offset 0, so the autoscaler's read finds it stuck. t = 30 likewise.
    let proposals: Vec<Option<u32>> = found.iter().map(|row| row.proposal).collect();
    assert_eq!(proposals, [Some(0), Some(1), Some(0), Some(0)]);
    let cached = policy_of("", &["excludePersistentLag: true"], ", useCachedMetrics: true");
    let found = only(&rows(&cached, &history, false), false);
    let proposals: Vec<Option<u32>> = found.iter().map(|row| row.proposal).collect();
    assert_eq!(proposals, [Some(1), Some(1), Some(1), Some(1)], "the poll's answer is kept");
}

/// A policy whose triggers have further keys beside their metadata.
fn policy_of(spec: &str, triggers: &[&str], beside: &str) -> Policy {
    let spec = format!("  minReplicaCount: 1\n{spec}");
    let text = scaled_object_text("", &spec, triggers);
    policy(
        &text
            .replace("}}\n", &format!("}}{beside}}}\n"))
            .replace(&format!("annotations: {{}}{beside}}}"), "annotations: {}}"),
    )
}

#[test]
fn replay_cooldown_edges_are_strict() {
    let policy = scaled_object("  cooldownPeriod: 60\n  initialCooldownPeriod: 45\n", "");
    let quiet = one_lags(1, &[(0, 3, 0), (120, 3, 0)]);
    let reasons = |history: &str| -> Vec<&str> {
        only(&rows(&policy, history, false), true).iter().map(|row| row.reason).collect()
    };
    assert_eq!(
        reasons(&quiet),
        ["CoolingDown", "CoolingDown", "Deactivated", "Deactivated", "Deactivated"],
        "45 s since creation"
    );
    let active = one_lags(1, &[(0, 3, 9), (30, 3, 0), (120, 3, 0)]);
    assert_eq!(
        reasons(&active),
        ["Active", "CoolingDown", "CoolingDown", "Deactivated", "Deactivated"],
        "60 s since the last active poll are not longer than 60 s"
    );
}

#[test]
fn simulation_cooldown_edges_are_cut_to_seconds() {
    let text = scaled_object_text("", "  cooldownPeriod: 300\n", &[""]);
    let Policy::Keda(exact) = policy(&text) else { panic!("a ScaledObject") };
    let ends = |mut keda: KedaPolicy| {
        for k in 0..30_u64 {
            // Not on whole seconds, active at first only.
            let now = SimTime::from_nanos(400_000_000 + 15_000_000_000 * k);
            let partition = PartitionOffsets {
                partition: 0,
                committed: Offset::At(0),
                end: Offset::At(i64::from(k == 0)),
            };
            let partitions = [partition];
            let readings = [Reading::Offsets(Offsets::Answer(&partitions))];
            let workload =
                Workload { spec: 2, status: 2, ready: 2, follows: false, readings: &readings };
            let observation = Observation {
                samples: &[],
                brokers: 0,
                consumers: Some(2),
                partitions: None,
                workload: Some(workload),
            };
            let decisions = keda.decide(now, &observation);
            if decisions.iter().any(|one| one.reason == Reason::Deactivated) {
                return 15 * k;
            }
        }
        0
    };
    assert_eq!(ends(exact.clone()), 330, "a strict comparison of exact times");
    assert_eq!(ends(exact.on_a_cluster()), 300, "a poll takes a moment");
}

#[test]
fn replay_activation_is_strictly_above_its_threshold() {
    let policy = scaled_object("", "activationLagThreshold: 5");
    let reason = |lag| rows(&policy, &one_lags(2, &[(0, 0, lag)]), false)[0].reason;
    assert_eq!((reason(5), reason(6)), ("Inactive", "Activated"));
}

#[test]
fn replay_idle_replicas_and_the_minimum() {
    let policy = scaled_object("  idleReplicaCount: 0\n  minReplicaCount: 3\n", "");
    let poll = |replicas, lag| {
        let row = rows(&policy, &one_lags(2, &[(0, replicas, lag), (30, replicas, lag)]), false)
            .into_iter()
            .rfind(|row| row.policy == "shop/poll")
            .expect("a poll");
        (row.desired, row.reason)
    };
    assert_eq!(poll(0, 5), (3, "Activated"));
    assert_eq!(poll(2, 5), (3, "Activated"));
    assert_eq!(poll(4, 5), (4, "Active"));
    assert_eq!(poll(2, 0), (0, "Deactivated"));
    assert_eq!(poll(0, 0), (0, "Inactive"));
    let plain = scaled_object("  minReplicaCount: 3\n", "");
    let found = rows(&plain, &one_lags(2, &[(0, 1, 0)]), false);
    assert_eq!((found[0].desired, found[0].reason), (3, "RaisedToMin"));
    assert_eq!((found[1].desired, found[1].reason), (3, "BelowMin"));
}

#[test]
fn replay_polls_and_syncs_have_their_own_clocks() {
    let policy = scaled_object("  pollingInterval: 20\n", "");
    let found = rows(&policy, &one_lags(1, &[(100, 1, 1), (145, 1, 1)]), false);
    let times: Vec<(f64, bool)> =
        found.iter().map(|row| (row.t_s, row.policy == "shop/poll")).collect();
    assert_eq!(
        times,
        [
            (100.0, true),
            (100.0, false),
            (115.0, false),
            (120.0, true),
            (130.0, false),
            (140.0, true),
            (145.0, false)
        ]
    );
}

#[test]
fn replay_all_topics_of_a_group_share_one_cap() {
    let text = scaled_object_text("", "  minReplicaCount: 1\n", &[""]);
    let all = policy(&text.replace(", topic: t", "").replace("Group: g", "Group: a.b/c"));
    let head = "s0-kafka-a-b-c-topics";
    let history = format!(
        "t_s,replicas,{head}.committed[x/0],{head}.end[x/0],{head}.committed[y/0],{head}.end[y/0]\n\
         0,9,0,500,0,5\n"
    );
    let found = only(&rows(&all, &history, false), false);
    assert_eq!(found[0].proposal, Some(2), "two partitions of two topics");
    assert_eq!(found[0].metric.as_deref(), Some(head));
}

#[test]
fn replay_pausing_annotations() {
    let with = |annotation: &str, spec: &str| {
        policy(&scaled_object_text(&format!("autoscaling.keda.sh/{annotation}"), spec, &[""]))
    };
    let first = |policy: &Policy, replicas, lag| {
        let found = rows(policy, &one_lags(9, &[(0, replicas, lag), (30, replicas, lag)]), false);
        let poll = only(&found, true).pop().expect("a poll");
        ((poll.desired, poll.reason), only(&found, false).pop())
    };
    let paused = with("paused-replicas: \"7\"", "");
    assert_eq!(first(&paused, 3, 90).0, (7, "Paused"));
    assert!(first(&paused, 3, 90).1.is_none(), "there is no autoscaler");
    assert_eq!(first(&with("paused: \"true\"", ""), 3, 90).0, (3, "Paused"));
    let no_in = with("paused-scale-in: \"true\"", "");
    let (poll, sync) = first(&no_in, 9, 0);
    assert_eq!(poll, (9, "Paused"));
    assert_eq!(sync.map(|row| (row.desired, row.reason)), Some((9, "ScaleDownStabilized")));
    let (_, sync) = first(&no_in, 1, 90);
    assert_eq!(sync.map(|row| row.desired), Some(5), "the ramp of `behavior`, not the older one");
    let no_out = with("paused-scale-out: \"true\"", "");
    assert_eq!(first(&no_out, 0, 90).0, (0, "Paused"));
    let (_, sync) = first(&no_out, 2, 90);
    assert_eq!(sync.map(|row| (row.desired, row.reason)), Some((2, "ScaleUpLimit")));
    assert_eq!(first(&with("force-activation: \"true\"", ""), 0, 0).0, (1, "Activated"));
}
