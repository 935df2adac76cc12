//! The horizontal pod autoscaler: vectors H1 and H5 to H9, arithmetic, memory, reasons.

use super::{demand, demands, desired, hpa, rows};
use kafsim::model::policy::{Observation, ScalingPolicy};
use kafsim::model::workload::{Reading, Workload};
use kafsim::units::SimTime;

#[test]
fn h1_external_average_value_rounds_up_outside_its_tolerance() {
    let policy = hpa(&demand(10), 1, 100, "");
    let proposals: Vec<Option<u32>> = [89, 90, 110, 111]
        .map(|usage| rows(&policy, &demands(10, &[usage]), false)[0].proposal)
        .to_vec();
    assert_eq!(proposals, [Some(9), Some(10), Some(10), Some(12)]);
}

#[test]
fn h5_without_behavior_the_ceiling_doubles() {
    let policy = hpa(&demand(1), 1, 100, "");
    let found = rows(&policy, &demands(1, &[50; 5]), true);
    assert_eq!(desired(&found), [4, 8, 16, 32, 50]);
    assert_eq!(found[0].reason, "ScaleUpLimit");
    assert_eq!((found[0].stabilised, found[0].limited), (Some(50), Some(4)));
    assert_eq!(found[4].reason, "DesiredWithinRange");
}

#[test]
fn h5b_the_default_behavior_ramps_by_four_pods_or_doubling() {
    let policy = hpa(&demand(1), 1, 100, "  behavior: {scaleUp: {}}\n");
    assert_eq!(desired(&rows(&policy, &demands(1, &[50; 5]), true)), [5, 10, 20, 40, 50]);
}

#[test]
fn h5c_syncs_just_under_the_period_halve_the_growth() {
    let mut policy = hpa(&demand(1), 1, 100, "  behavior: {scaleUp: {}}\n");
    let mut size = 1;
    let mut found = Vec::new();
    for k in 0..6_u64 {
        let workload = Workload {
            spec: size,
            status: size,
            ready: size,
            follows: true,
            readings: &[Reading::Quantity(Some(50_000))],
        };
        let observation = Observation {
            samples: &[],
            brokers: 0,
            consumers: Some(size),
            partitions: None,
            workload: Some(workload),
        };
        let now = SimTime::from_nanos(14_000_000_000 * k);
        size = policy.decide(now, &observation)[0].desired;
        found.push(size);
    }
    assert_eq!(found, [5, 5, 10, 10, 20, 20]);
}

#[test]
fn h6_window_edges_differ_by_one_sync() {
    let mut values = vec![4; 30];
    values[0] = 20;
    let first = |more: &str| {
        let found = rows(&hpa(&demand(1), 1, 100, more), &demands(20, &values), true);
        let row = found.iter().find(|row| row.desired == 4).expect("it scales down");
        (row.t_s, found.iter().filter(|row| row.t_s < row_end(row.t_s)).count())
    };
    assert_eq!(first("  behavior: {scaleDown: {}}\n").0, 300.0);
    assert_eq!(first("").0, 315.0);
    let held = &rows(&hpa(&demand(1), 1, 100, ""), &demands(20, &values), true)[1];
    assert_eq!((held.reason, held.stabilised), ("ScaleDownStabilized", Some(20)));
}

fn row_end(t_s: f64) -> f64 {
    t_s + 1.0
}

#[test]
fn h7_percent_down_counts_from_the_start_of_its_period() {
    let rules = "  behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: \
        [{type: Percent, value: 10, periodSeconds: 60}]}}\n";
    let found = rows(&hpa(&demand(1), 1, 100, rules), &demands(80, &[10; 17]), true);
    let minutes: Vec<u32> = found.iter().step_by(4).map(|row| row.desired).collect();
    assert_eq!(minutes, [72, 64, 57, 51, 45]);
    assert_eq!(found[1].desired, 72, "within the minute nothing more");
    assert_eq!(found[1].reason, "ScaleDownLimit");
}

#[test]
fn h8_min_selects_the_smallest_change() {
    let rules = "  behavior: {scaleDown: {stabilizationWindowSeconds: 0, selectPolicy: Min, \
        policies: [{type: Percent, value: 10, periodSeconds: 60}, \
        {type: Pods, value: 5, periodSeconds: 60}]}}\n";
    let found = rows(&hpa(&demand(1), 1, 100, rules), &demands(80, &[10; 13]), true);
    let minutes: Vec<u32> = found.iter().step_by(4).map(|row| row.desired).collect();
    assert_eq!(minutes, [75, 70, 65, 60]);
}

#[test]
fn h9_the_up_window_takes_the_lowest_recent_proposal() {
    let rules = "  behavior: {scaleUp: {stabilizationWindowSeconds: 60}}\n";
    let values = [2, 5, 6, 4, 8, 8, 8];
    let found = rows(&hpa(&demand(1), 1, 100, rules), &demands(2, &values), false);
    assert_eq!(desired(&found), [2, 2, 2, 2, 4, 4, 4]);
    assert_eq!(found[1].reason, "ScaleUpStabilized");
}

#[test]
fn replay_first_recommendation_is_kept_though_the_guard_stops_the_sync() {
    let rules = "  behavior: {scaleUp: {stabilizationWindowSeconds: 60}}\n";
    let history = "t_s,replicas,demand\n0,0,9\n15,1,9\n60,1,9\n";
    let found = rows(&hpa(&demand(1), 1, 100, rules), history, false);
    assert_eq!(desired(&found), [0, 1, 1, 1, 5]);
    assert_eq!(found[0].reason, "ScalingDisabled");
    assert_eq!((found[0].proposal, found[0].metric.as_deref()), (None, None));
}

#[test]
fn replay_event_memory_of_one_direction_can_lose_what_the_other_needs() {
    let rules = "  behavior: {scaleUp: {policies: [{type: Pods, value: 10, periodSeconds: 15}]}, \
        scaleDown: {stabilizationWindowSeconds: 0, policies: \
        [{type: Pods, value: 1, periodSeconds: 600}]}}\n";
    let found = rows(&hpa(&demand(1), 1, 100, rules), &demands(10, &[10, 20, 20, 30, 1]), true);
    assert_eq!(desired(&found), [10, 20, 20, 30, 19]);
}

#[test]
fn replay_arithmetic_is_the_controllers_doubles() {
    let up = "  behavior: {scaleUp: {policies: [{type: Percent, value: 10, periodSeconds: 60}]}}\n";
    let found = rows(&hpa(&demand(1), 1, 999, up), &demands(100, &[500]), false);
    assert_eq!(found[0].desired, 111, "100 + 10 %");
    let down = "  behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: \
        [{type: Percent, value: 90, periodSeconds: 60}]}}\n";
    let found = rows(&hpa(&demand(1), 1, 999, down), &demands(100, &[1]), false);
    assert_eq!(found[0].desired, 9, "100 - 90 %");
}

#[test]
fn replay_guards_bypass_everything_and_are_remembered_as_events_only() {
    let rules = "  behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 30}]}, \
        scaleDown: {stabilizationWindowSeconds: 0}}\n";
    let history = "t_s,replicas,demand\n0,2,x\n15,30,9\n30,5,9\n";
    let policy = hpa(&demand(1), 5, 20, rules);
    let error = kafsim::study::replay("h.csv", history, &policy, false).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("h.csv:2:1: found demand `x`"), "{error}");
    let found = rows(&policy, &history.replace('x', ""), false);
    let short: Vec<(u32, &str)> = found.iter().map(|row| (row.desired, row.reason)).collect();
    // The step from 2 to 5 counts at t = 15 and no longer at t = 30, the one down does:
    // 5 - 0 + 10 + 1 would allow 16.
    assert_eq!(short, [(5, "BelowMin"), (20, "AboveMax"), (9, "DesiredWithinRange")]);
}

#[test]
fn replay_an_invalid_metric_forbids_down_and_allows_up() {
    let two = format!("{}, {}", demand(1), demand(1).replace("demand", "other"));
    let policy = hpa(&two, 1, 100, "");
    let history = "t_s,replicas,demand,other\n0,10,5,\n15,10,15,\n30,10,,\n45,10,20,20\n";
    let found = rows(&policy, history, false);
    let short: Vec<(u32, &str)> = found.iter().map(|row| (row.desired, row.reason)).collect();
    assert_eq!(
        short,
        [
            (10, "InvalidMetric"),
            (15, "DesiredWithinRange"),
            (10, "InvalidMetric"),
            (20, "DesiredWithinRange")
        ]
    );
    assert_eq!(found[3].metric.as_deref(), Some("demand"), "the first on a tie");
}

#[test]
fn replay_value_targets_multiply_by_ready_pods() {
    let metric = "{type: Object, object: {metric: {name: demand}, describedObject: {kind: Service, \
        name: x}, target: {type: Value, value: 500m}}}";
    let policy = hpa(metric, 0, 100, "");
    let history = "t_s,replicas,ready,demand\n0,4,3,1\n15,4,4,0.52\n30,0,0,1.2\n";
    let found = rows(&policy, history, false);
    let proposals: Vec<Option<u32>> = found.iter().map(|row| row.proposal).collect();
    // 2 × 3 ready; 1.04 is within; from 0 the ratio itself.
    assert_eq!(proposals, [Some(6), Some(4), Some(3)]);
}

#[test]
fn replay_tolerance_is_per_direction_and_includes_its_ends() {
    let rules = "  behavior: {scaleUp: {tolerance: 0.5}, scaleDown: {tolerance: \"0\"}}\n";
    let policy = hpa(&demand(10), 1, 100, rules);
    let proposals: Vec<Option<u32>> = [150, 151, 100, 99]
        .map(|usage| rows(&policy, &demands(10, &[usage]), false)[0].proposal)
        .to_vec();
    assert_eq!(proposals, [Some(10), Some(16), Some(10), Some(10)]);
    assert_eq!(rows(&policy, &demands(10, &[90]), false)[0].proposal, Some(9));
}

#[test]
fn replay_reasons_tell_which_bound_stops_the_step() {
    let short = |policy: &_, replicas, usage| {
        let row = rows(policy, &demands(replicas, &[usage]), false).remove(0);
        (row.limited, row.desired, row.reason)
    };
    let legacy = hpa(&demand(1), 2, 15, "");
    assert_eq!(short(&legacy, 10, 40), (Some(20), 15, "TooManyReplicas"));
    assert_eq!(short(&legacy, 4, 40), (Some(8), 8, "ScaleUpLimit"));
    let rules = "  behavior: {scaleDown: {stabilizationWindowSeconds: 0}}\n";
    let modern = hpa(&demand(1), 2, 15, rules);
    assert_eq!(short(&modern, 10, 40), (Some(20), 15, "TooManyReplicas"));
    assert_eq!(short(&modern, 4, 40), (Some(8), 8, "ScaleUpLimit"));
    assert_eq!(short(&modern, 10, 1), (Some(1), 2, "TooFewReplicas"));
    let disabled = hpa(&demand(1), 1, 15, "  behavior: {scaleUp: {selectPolicy: Disabled}}\n");
    assert_eq!(short(&disabled, 4, 40), (Some(4), 4, "ScaleUpLimit"));
}

#[test]
fn replay_legacy_minimum_binds_only_below_it() {
    let policy = hpa(&demand(1), 5, 100, "");
    let mut values = vec![1; 22];
    values[0] = 5;
    let found = rows(&policy, &demands(5, &values), true);
    assert_eq!(found[0].reason, "DesiredWithinRange");
    assert_eq!((found[21].reason, found[21].stabilised), ("TooFewReplicas", Some(1)));
}
