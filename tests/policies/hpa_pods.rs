//! Metrics of pods: vectors H2 to H4, grouping, what makes a metric invalid.

use super::{hpa, rows};

const CPU: &str = "{type: Resource, resource: {name: cpu, target: {type: Utilization, \
    averageUtilization: 50}}}";

/// A history of one row of pods: (state, sample, request).
fn pods(replicas: u32, name: &str, pods: &[(&str, &str, &str)]) -> String {
    let mut head = "t_s,replicas".to_owned();
    let mut row = format!("0,{replicas}");
    for (index, (state, sample, request)) in pods.iter().enumerate() {
        head += &format!(",pod.state[{index}],{name}[{index}],{name}.request[{index}]");
        row += &format!(",{state},{sample},{request}");
    }
    format!("{head}\n{row}\n")
}

fn proposal(metric: &str, history: &str) -> (Option<u32>, &'static str) {
    let row = rows(&hpa(metric, 1, 1_000, ""), history, false).remove(0);
    (row.proposal, row.reason)
}

#[test]
fn h2_a_missing_pod_counts_as_idle_when_scaling_up() {
    let history =
        pods(3, "cpu", &[("ready", "800m", "1"), ("ready", "600m", "1"), ("ready", "", "1")]);
    assert_eq!(proposal(CPU, &history).0, Some(3));
}

#[test]
fn h3_a_missing_pod_dampens_and_does_not_turn() {
    let history =
        pods(3, "cpu", &[("ready", "950m", "1"), ("ready", "950m", "1"), ("ready", "", "1")]);
    assert_eq!(proposal(CPU, &history).0, Some(4));
}

#[test]
fn h4_a_missing_pod_counts_as_busy_when_scaling_down() {
    let metric = CPU.replace("50", "80");
    let history =
        pods(3, "cpu", &[("ready", "100m", "1"), ("ready", "100m", "1"), ("ready", "", "1")]);
    assert_eq!(proposal(&metric, &history).0, Some(2));
}

#[test]
fn replay_utilisation_112_of_50_with_100_ready_gives_225() {
    let all = vec![("ready", "1120m", "1"); 100];
    assert_eq!(proposal(CPU, &pods(100, "cpu", &all)).0, Some(225));
}

#[test]
fn replay_utilisation_is_a_whole_number_of_percent() {
    // 100 × 1659 / 3000 = 55.3, taken as 55: within 10 % of 50.
    let three = [("ready", "553m", "1"); 3];
    assert_eq!(proposal(CPU, &pods(3, "cpu", &three)).0, Some(3));
    let three = [("ready", "560m", "1"); 3];
    assert_eq!(proposal(CPU, &pods(3, "cpu", &three)).0, Some(4));
}

#[test]
fn replay_unready_pods_count_only_when_scaling_up_on_cpu() {
    let busy = [("ready", "1", "1"), ("unready", "1", "1"), ("pending", "", "1")];
    // One sample of 100 %: ratio 2, unready as zero: 33 %, which points the other way.
    assert_eq!(proposal(CPU, &pods(3, "cpu", &busy)).0, Some(3));
    let memory = CPU.replace("name: cpu", "name: memory");
    // For memory the unready pod's sample is as good as any: 100 %, then 66 %: ⌈1.32 × 3⌉.
    assert_eq!(proposal(&memory, &pods(3, "memory", &busy)).0, Some(4));
    let idle = [("ready", "100m", "1"), ("unready", "1", "1"), ("deleted", "1", "1")];
    assert_eq!(proposal(CPU, &pods(3, "cpu", &idle)).0, Some(1), "0.2 × one ready pod");
}

#[test]
fn replay_the_change_of_counted_pods_does_not_turn_the_direction() {
    // Two of ten exist: ratio 1.2 would mean 3, below the 10 that are wanted.
    let two = [("ready", "600m", "1"), ("ready", "", "1")];
    assert_eq!(proposal(CPU, &pods(10, "cpu", &two)).0, Some(10));
}

#[test]
fn replay_pods_metrics_are_means_of_whole_milli_units() {
    let metric = "{type: Pods, pods: {metric: {name: rate}, target: {type: AverageValue, \
        averageValue: 1}}}";
    let three = [("ready", "1.2", ""), ("ready", "1.2", ""), ("ready", "1.201", "")];
    assert_eq!(proposal(metric, &pods(3, "rate", &three)).0, Some(4), "1.200 × 3");
    let missing = [("ready", "0.5", ""), ("ready", "", ""), ("failed", "9", "")];
    // The missing pod gets the target itself: mean 0.75, two pods counted.
    assert_eq!(proposal(metric, &pods(3, "rate", &missing)).0, Some(2));
    let even = [("ready", "1", ""), ("ready", "", "")];
    // At a ratio of exactly 1 this formula still takes a missing pod as idle.
    assert_eq!(proposal(metric, &pods(2, "rate", &even)).0, Some(1));
}

#[test]
fn replay_what_makes_a_metric_of_pods_invalid() {
    let invalid = |pods_of: &[(&str, &str, &str)]| {
        assert_eq!(proposal(CPU, &pods(3, "cpu", pods_of)), (None, "InvalidMetric"), "{pods_of:?}");
    };
    invalid(&[("", "1", "1")]);
    invalid(&[("ready", "", "1")]);
    invalid(&[("unready", "1", "1")]);
    invalid(&[("ready", "1", "1"), ("deleted", "", "")]);
    invalid(&[("ready", "1", "0")]);
    let average = CPU.replace(
        "type: Utilization, averageUtilization: 50",
        "type: AverageValue, \
        averageValue: 500m",
    );
    let history = pods(1, "cpu", &[("ready", "1", ""), ("deleted", "", "")]);
    assert_eq!(proposal(&average, &history).0, Some(2), "no request is needed");
}

#[test]
fn replay_missing_columns_of_pods_are_named() {
    let policy = hpa(CPU, 1, 9, "");
    for (head, word) in [
        ("t_s,replicas\n0,1\n", "`pod.state[i]`"),
        ("t_s,replicas,pod.state[0]\n0,1,ready\n", "`cpu[0]`"),
        ("t_s,replicas,pod.state[0],cpu[0]\n0,1,ready,1\n", "`cpu.request[0]`"),
        ("t_s,replicas,pod.state[0],cpu[0],cpu.request[0]\n0,1,redy,1,1\n", "ready, unready"),
        ("t_s,replicas,pod.state[0],cpu[0],cpu.request[0]\n0,1,ready,-1,1\n", "at least 0"),
    ] {
        let error = kafsim::study::replay("h.csv", head, &policy, false).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}
