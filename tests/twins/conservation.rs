//! Laws that every run obeys, on random scenarios.

use kafsim::chance::{Chance, Seed, Stream};
use kafsim::metrics::{Run, Shape};
use kafsim::scenario::{LoadOptions, Scenario, load_text};
use rayon::prelude::*;
use std::collections::BTreeMap;

fn pick<'w>(stream: &mut Stream, words: &[&'w str]) -> &'w str {
    words[stream.index(words.len())]
}

fn load(stream: &mut Stream) -> String {
    let rate = 200 * (1 + stream.index(400));
    match stream.index(6) {
        0 => format!("{{rate: {rate} /s}}"),
        1 => format!("{{curve: business-hours, base: {rate} /s}}"),
        2 => format!("{{curve: sine, mean: {rate} /s, amplitude: {rate} /s, period: 40 min}}"),
        3 => format!(
            "{{curve: flash-crowd, of: {{rate: {rate} /s}}, at: 10 min, factor: 5, \
            rise: 1 min, holds: 5 min, decay: 5 min}}"
        ),
        4 => format!("{{curve: ramp, from: 0 /s, to: {rate} /s, lasts: 20 min}}"),
        _ => format!("{{curve: noise, of: {{rate: {rate} /s}}, sigma: 0.5}}"),
    }
}

/// A random scenario of one hour at most; every part of the grammar that is simulated occurs.
fn scenario(stream: &mut Stream) -> String {
    let brokers = 1 + stream.index(4);
    let zones = pick(stream, &["", ", zones: [a, b]", ", zones: [a, b, c]"]);
    let factor = 1 + stream.index(brokers.min(3));
    let card = pick(stream, &["lab-4c-16g", "nvme-8c-64g"]);
    let mut text = format!(
        "name: random\nstart: 2026-11-27T08:{:02}\nduration: {} min\n\
         hosts: {{brokers: {{card: {card}, count: {brokers}{zones}}}}}\n\
         cluster: {{brokers: {{run_on: brokers, log_dirs: {}, start_up: exp(2 min)}}}}\n\
         topics:\n",
        stream.index(60),
        10 + stream.index(50),
        1 + stream.index(2),
    );
    let topics = 1 + stream.index(3);
    for topic in 0..topics {
        text.push_str(&format!(
            "  t{topic}: {{partitions: {}, replication_factor: {factor}, config: \
             {{retention.ms: {}, segment.bytes: {}}}}}\n",
            1 + stream.index(12),
            pick(stream, &["300000", "600000", "3600000", "-1"]),
            pick(stream, &["1048576", "16777216", "1073741824"]),
        ));
    }
    text.push_str("producers:\n");
    for producer in 0..=stream.index(2) {
        let size = pick(stream, &["100 B", "1 KiB", "lognormal(p50 600 B, p95 4 KiB)", "64 KiB"]);
        let key = pick(stream, &["", ", key: {keys: 10 k}", ", key: {zipf: 1.2, keys: 10 k}"]);
        text.push_str(&format!(
            "  p{producer}:\n    to: {{t{}: 1}}\n    clients: {}\n    \
             records: {{size: {size}{key}}}\n    load: {}\n    \
             config: {{acks: {}, max.block.ms: 1000, buffer.memory: 33554432}}\n",
            stream.index(topics),
            1 + stream.index(20),
            load(stream),
            pick(stream, &["all", "1", "0"]),
        ));
    }
    text.push_str("groups:\n");
    let protocols = [
        "protocol: consumer",
        "protocol: consumer, assignor: range",
        "protocol: classic",
        "protocol: classic, assignor: round_robin",
        "protocol: classic, assignor: cooperative_sticky",
    ];
    for group in 0..=stream.index(2) {
        text.push_str(&format!(
            "  g{group}: {{reads: [t{}], members: {}, {}, work: {{wait_per_record: {}, \
             concurrency: {}}}}}\n",
            stream.index(topics),
            1 + stream.index(6),
            pick(stream, &protocols),
            pick(stream, &["0 us", "200 us", "5 ms"]),
            1 + stream.index(8),
        ));
    }
    text.push_str(&format!(
        "initial: {{stored: {}, lag: {{g0: {} k}}}}\n",
        pick(stream, &["full", "empty", "30 %"]),
        stream.index(500)
    ));
    if stream.uniform() < 0.5 {
        text.push_str(&format!(
            "autoscaling: [{{policy: models/policies/seed.yaml, scales: \
             {{brokers: cluster, consumers: g0}}, rebalance: {{plan: {}}}}}]\n",
            pick(stream, &["minimal", "none", "minimal, throttle: 20 MiB/s"]),
        ));
    }
    text.push_str(&format!(
        "timeline:\n  - {{after: 2 min, do: add_brokers}}\n  - {{after: 6 min, do: reassign, \
         throttle: {} MiB/s}}\n  - {{after: 8 min, do: scale_group, group: g0, members: {}}}\n",
        5 + stream.index(100),
        1 + stream.index(8),
    ));
    text
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-3
}

pub(super) fn check(case: u32, scenario: &Scenario, run: &Run) {
    let mut appended = 0.0;
    for (name, one) in &run.producers {
        let sum = one.appended_records + one.failed_records + one.in_flight_records;
        assert!(near(one.offered_records, sum), "case {case}, {name}: {one:?}");
        appended += one.appended_records;
    }
    let stored: f64 = run.topics.values().map(|topic| topic.appended_records).sum();
    assert!(near(appended, stored), "case {case}: appended {appended}, logs {stored}");
    for (group, spec) in scenario.groups.iter().enumerate() {
        let one = &run.groups[&spec.name];
        let topics = scenario.groups[group].reads.iter();
        let arrived: f64 = topics
            .map(|topic| run.topics[&scenario.cluster.topic(*topic).name].appended_records)
            .sum();
        let gone = one.processed_records + one.lost_records + one.processing_lag_records.end;
        let there = arrived + one.initial_lag_records;
        assert!(near(there, gone), "case {case}, {}: {there} and {gone}: {one:?}", spec.name);
        assert!(one.members.max >= one.owning.max, "case {case}");
    }
    for series in &run.series {
        // A line may jump at an instant; nothing else has two points there, and nothing has three.
        let jumps = usize::from(series.shape == Shape::Linear);
        let ordered = series.points.windows(2 + jumps).all(|p| p[0].0 < p[1 + jumps].0);
        assert!(ordered, "case {case}: {} of {} is out of order", series.name, series.entity);
        let most = if series.name.ends_with("_utilisation") { 1.0 + 1e-9 } else { f64::MAX };
        let sound = series.points.iter().all(|point| (0.0..=most).contains(&point.1));
        assert!(sound, "case {case}: {} of {} leaves its range", series.name, series.entity);
    }
    for one in &run.bottleneck.by_resource {
        assert!((0.0..=1.0).contains(&one.peak), "case {case}: {one:?}");
    }
}

/// Plays a scenario, checks the laws, and says what of the kinds of things to see happened.
fn play(case: u32, text: &str) -> [(&'static str, bool); 9] {
    let base = format!("{}/random.yaml", env!("CARGO_MANIFEST_DIR"));
    let options = LoadOptions { seed: u64::from(case), ..LoadOptions::default() };
    let checked = load_text(&base, text, &options)
        .unwrap_or_else(|error| panic!("case {case}: {error}\n{text}"));
    let run = kafsim::study::simulate(&checked.scenario, Seed::new(u64::from(case)));
    check(case, &checked.scenario, &run);
    let has = |kind: &str| run.events.iter().any(|event| event.kind == kind);
    [
        ("saturation", run.bottleneck.saturates_at_load_factor.is_some_and(|f| f < 1.0)),
        ("rebalance", has("rebalance")),
        ("retention loss", has("retention_loss")),
        ("records failed", has("records_failed")),
        ("reassignment done", has("reassignment_done")),
        ("throttle too low", has("reassignment_stalls")),
        ("failed action", run.decisions.iter().any(|one| one.failed)),
        ("effective action", run.decisions.iter().any(|one| one.effective_after.is_some())),
        ("more members than partitions", run.groups.values().any(|g| g.owning.max < g.members.max)),
    ]
}

#[test]
fn records_are_conserved_in_2_000_random_scenarios() {
    let mut stream = Chance::new(Seed::new(41), 0).stream("scenario", "random");
    let texts: Vec<String> = (0..2_000).map(|_| scenario(&mut stream)).collect();
    let happened: Vec<_> =
        (0..2_000).into_par_iter().map(|case| play(case, &texts[case as usize])).collect();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, happened) in happened.into_iter().flatten() {
        *counts.entry(name).or_default() += u32::from(happened);
    }
    println!("of 2000 scenarios: {counts:?}");
    let rare: Vec<_> = counts.iter().filter(|(_, count)| **count < 50).collect();
    assert!(rare.is_empty(), "too rare to prove anything: {rare:?}");
}
