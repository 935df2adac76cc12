//! The request-level engine.

mod both;
mod faults;
mod laws;
mod limits;
mod micro;
mod places;
mod precision;
mod relations;
mod schedules;
mod stalls;
mod stations;
mod traces;

use kafsim::chance::Seed;
use kafsim::engine::des;
use kafsim::metrics::Run;
use kafsim::scenario::{LoadOptions, Scenario, load_text};
use std::collections::BTreeMap;

/// Costs of the generic card, in the order of their names, that tests may switch off.
const COSTS: [&str; 28] = [
    "collection",
    "segment_roll",
    "hand_off",
    "produce_request",
    "fetch_request",
    "leader_batch",
    "follower_batch",
    "leader_record",
    "produce_ns_per_byte",
    "follower_ns_per_byte",
    "send_ns_per_byte",
    "session_partition",
    "consumer_record",
    "consumer_poll",
    "idle_cores",
    "network_request",
    "socket_in_ns_per_byte",
    "watch_partition",
    "follower_partition",
    "producer_record",
    "producer_ns_per_byte",
    "producer_request",
    "producer_batch",
    "sender_partition",
    "consumer_fetch",
    "consumer_ns_per_byte",
    "commit_request",
    "cpu_noise",
];

/// Factors on values of cards: `costs/kafka-4-generic/hand_off`.
type Factors = BTreeMap<String, f64>;

/// All costs near zero, and nothing stands still or gets lost by chance.
fn free() -> Factors {
    let costs = COSTS.iter().map(|key| (format!("costs/test/{key}"), 1e-4));
    let chances = [
        "hosts/nvme-8c-64g/steal",
        "hosts/client-8c/steal",
        "networks/one-region-three-zones/loss",
        "networks/cloud-zone-2020/loss",
    ];
    costs.chain(chances.map(|key| (key.to_owned(), 1e-6))).collect()
}

/// A network of one zone with this round trip; from broker to broker across zones another one.
fn network(factors: &mut Factors, same_zone_ms: f64, other_zone_ms: f64) {
    let card = "networks/one-region-three-zones";
    factors.insert(format!("{card}/rtt_same_zone"), same_zone_ms / 0.2);
    factors.insert(format!("{card}/rtt_other_zone"), other_zone_ms);
}

/// Runs a scenario text by requests, under factors on its cards.
fn run(text: &str, factors: &Factors, seed: u64) -> Run {
    run_by(des::simulate, text, factors, seed)
}

/// Runs a scenario text by an engine, under factors on its cards.
fn run_by(
    simulate: fn(&Scenario, Seed, u32) -> Run,
    text: &str,
    factors: &Factors,
    seed: u64,
) -> Run {
    let mut factors = factors.clone();
    for (key, factor) in factors.clone() {
        if let Some(cost) = key.strip_prefix("costs/test/") {
            factors.insert(format!("costs/test-costs/{cost}"), factor);
        }
    }
    let options = LoadOptions {
        factors,
        seed,
        cards: vec![format!("{}/tests/des/cards", env!("CARGO_MANIFEST_DIR")).into()],
        ..LoadOptions::default()
    };
    let checked = load_text("test.yaml", text, &options).expect("a sound scenario");
    let mut run = simulate(&checked.scenario, Seed::new(seed), 0);
    run.bottleneck = kafsim::analysis::bottleneck(&checked.scenario, &run);
    assert_eq!(run.violations, Vec::<String>::new(), "{text}");
    run
}

/// Whether a value is within a share of what is expected.
fn near(value: f64, expected: f64, share: f64) -> bool {
    (value - expected).abs() <= share * expected
}
