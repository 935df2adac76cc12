//! Replications, and whether what they promise is true.

use crate::support::checked;
use kafsim::chance::Seed;
use kafsim::engine::des;
use kafsim::report::formats::json;
use kafsim::scenario::{LoadOptions, Scenario, load_text};
use kafsim::study::{FEWEST, MOST, Precision, simulate_precisely};
use rayon::prelude::*;
use serde_json::Value;

/// Half a second at middle load, small enough for thousands of runs.
fn small() -> Scenario {
    let text = "name: small\nduration: 600 ms\nwarm_up: 100 ms\nengine: des\n\
         hosts:\n  brokers: {card: lab-4c-16g, count: 1}\n\
         network: {card: one-region-three-zones}\n\
         cluster: {brokers: {run_on: brokers}}\n\
         topics:\n  orders: {partitions: 4, replication_factor: 1}\n\
         producers:\n  shop: {to: {orders: 1}, records: {size: 1000 B}, load: {rate: 2 k/s}, \
         arrivals: poisson, config: {acks: 1, linger.ms: 2}}\n\
         groups: {}\n";
    load_text("small.yaml", text, &LoadOptions::default()).expect("a sound scenario").scenario
}

fn interval(summary: &Value, key: &str) -> [f64; 2] {
    let leaf = &summary["intervals"]["producers"]["shop"]["latency_ms"][key];
    [0, 1].map(|end| leaf[end].as_f64().expect("an end"))
}

#[test]
fn printed_intervals_are_honest() {
    let scenario = small();
    let p50 = |seed: u64, replication: u32| {
        let run = des::simulate(&scenario, Seed::new(seed), replication);
        let latency = run.producers["shop"].latency_ms.expect("acknowledged");
        [latency.mean, latency.p50]
    };
    let truth: Vec<[f64; 2]> = (0..3_000).into_par_iter().map(|one| p50(1, 100 + one)).collect();
    let mean = |which: usize| truth.iter().map(|one| one[which]).sum::<f64>() / truth.len() as f64;
    let means = [mean(0), mean(1)];
    // A fixed number, and the rule that stops as soon as the interval is narrow.
    for precision in [Precision::Replications(10), Precision::HalfWidth(0.05)] {
        covers(&scenario, precision, means);
    }
}

/// 300 experiments against the means of mean and median latency.
fn covers(scenario: &Scenario, precision: Precision, means: [f64; 2]) {
    let covered: Vec<[bool; 2]> = (0..300_u64)
        .into_par_iter()
        .map(|seed| {
            let run = simulate_precisely(scenario, Seed::new(2 + seed), precision);
            let summary = json::summary(&run);
            [("mean", means[0]), ("p50", means[1])].map(|(key, truth)| {
                let [low, high] = interval(&summary, key);
                (low..=high).contains(&truth)
            })
        })
        .collect();
    for which in [0, 1] {
        let share = covered.iter().filter(|one| one[which]).count() as f64 / 300.0;
        println!(
            "{precision:?}: 95 % intervals cover in {:.1} % of 300 experiments",
            100.0 * share
        );
        assert!((0.92..=0.98).contains(&share), "{precision:?}, {which}: {share}");
    }
}

#[test]
fn replications_go_on_until_they_are_precise() {
    let scenario = small();
    let count = |precision| {
        let run = simulate_precisely(&scenario, Seed::new(1), precision);
        (run.others.len() as u32 + 1, run.remarks.join(" "))
    };
    let (fixed, words) = count(Precision::Replications(4));
    assert_eq!(fixed, 4);
    assert!(words.contains("Over 4 replications") && words.contains("publish p99"), "{words}");
    let (wide, _) = count(Precision::HalfWidth(0.5));
    assert_eq!(wide, FEWEST);
    let (narrow, _) = count(Precision::HalfWidth(0.005));
    assert!(narrow > wide, "{narrow}");
    let (never, words) = count(Precision::HalfWidth(1e-9));
    assert_eq!(never, MOST);
    assert!(words.contains(&format!("Over {MOST} replications")), "{words}");
    let (once, words) = count(Precision::Replications(1));
    assert!(once == 1 && !words.contains("replications"), "{words}");
}

#[test]
fn intervals_repeat_the_tree_and_flows_are_simulated_once() {
    let run = simulate_precisely(&small(), Seed::new(3), Precision::Replications(3));
    let summary = json::summary(&run);
    assert_eq!(summary["replications"], 3);
    for part in ["producers", "topics", "groups", "brokers"] {
        let keys = |tree: &Value| -> Vec<String> {
            tree[part].as_object().into_iter().flat_map(|one| one.keys().cloned()).collect()
        };
        assert_eq!(keys(&summary), keys(&summary["intervals"]));
    }
    let [low, high] = interval(&summary, "p99");
    assert!(low < high, "{low} and {high}");
    let day = checked("quickstart", &["duration=1 h"]).scenario;
    let run = simulate_precisely(&day, Seed::new(1), Precision::HalfWidth(0.05));
    assert!(run.others.is_empty());
    assert_eq!(json::summary(&run).get("intervals"), None);
}
