//! Both engines see the same failover: the same unavailability, the same records, the same drain.

use super::conservation::check;
use crate::support::faults::schedule;
use kafsim::chance::{Chance, Seed};
use kafsim::engine::{des, fluid};
use kafsim::metrics::Run;
use kafsim::scenario::{LoadOptions, load_text};

fn both(timeline: &str, acks: &str, replicas: u32) -> [Run; 2] {
    let text = |engine: &str| {
        format!(
            "name: twins\nduration: 80 s\nwarm_up: 1 s\nengine: {engine}\n\
             hosts:\n  brokers: {{card: nvme-8c-64g, count: 3, zones: [a, b, c]}}\n\
             cluster: {{config: {{leader.imbalance.check.interval.seconds: 20}}, \
             brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: 6, replication_factor: {replicas}, \
             config: {{min.insync.replicas: {}}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, records: {{size: 1 KiB, key: {{}}}}, \
             load: {{rate: 2 k/s}}, config: {{acks: {acks}}}}}\n\
             groups:\n  billing: {{reads: [orders], members: 2, \
             work: {{wait_per_record: 300 us}}}}\n\
             timeline: [{timeline}]\n",
            replicas.min(2),
        )
    };
    ["des", "fluid"].map(|engine| {
        let options = LoadOptions { seed: 7, ..LoadOptions::default() };
        let checked = load_text("twins.yaml", &text(engine), &options).expect("it is right");
        let run = match engine {
            "des" => des::simulate(&checked.scenario, Seed::new(7), 0),
            _ => fluid::simulate(&checked.scenario, Seed::new(7), 0),
        };
        assert_eq!(run.violations, Vec::<String>::new());
        run
    })
}

/// Seconds at which a series was last above a value.
fn last_above(run: &Run, series: &str, entity: &str, value: f64) -> f64 {
    let points = &run.series(series, entity).expect("a series").points;
    points.iter().rev().find(|(_, y)| *y > value).map_or(0.0, |(at, _)| at.as_secs_f64())
}

fn acked(run: &Run) -> f64 {
    run.producers["shop"].appended_records
}

#[test]
fn a_kill_with_acks_all_is_the_same_by_requests_and_by_flows() {
    let [des, fluid] = both("{after: 10 s, do: kill_broker, broker: 2, lasts: 20 s}", "all", 3);
    // The controller is one for both, and so are its delays and what it counts.
    assert_eq!(des.outages.len(), 6);
    for (one, other) in des.outages.iter().zip(&fluid.outages) {
        assert_eq!((&one.topic, one.partition), (&other.topic, other.partition));
        let close = |a: kafsim::units::SimSpan, b: kafsim::units::SimSpan| {
            (a.as_secs_f64() - b.as_secs_f64()).abs() < 0.002
        };
        assert!(close(one.offline, other.offline), "{one:?} {other:?}");
        assert!(close(one.stalled, other.stalled), "{one:?} {other:?}");
        let [a, b] = [one, other].map(|one| one.under_replicated.as_secs_f64());
        assert!((a - b).abs() < 1.5, "catching up takes its time: {one:?} {other:?}");
    }
    assert!((acked(&des) / acked(&fluid) - 1.0).abs() < 0.005, "{} {}", acked(&des), acked(&fluid));
    assert_eq!(des.lost_records, Some(0));
    assert_eq!(fluid.lost_records, Some(0));
    // All that waited is processed within seconds of the other: members take 3,300 records/s each.
    let drained =
        [&des, &fluid].map(|run| last_above(run, "processing_lag_records", "billing", 400.0));
    assert!((drained[0] - drained[1]).abs() < 3.0, "{drained:?}");
    // Commits follow within their interval of 5 s: the committed lag is that of moments before.
    let committed = [&des, &fluid].map(|run| run.groups["billing"].lag_records.max);
    assert!((committed[0] / committed[1] - 1.0).abs() < 0.4, "{committed:?}");
    let peaks = [&des, &fluid].map(|run| run.groups["billing"].processing_lag_records.max);
    assert!((peaks[0] / peaks[1] - 1.0).abs() < 0.25, "{peaks:?}");
}

#[test]
fn an_only_replica_is_the_same_by_requests_and_by_flows() {
    let [des, fluid] = both("{after: 10 s, do: kill_broker, broker: 2, lasts: 10 s}", "1", 1);
    assert_eq!(des.outages.len(), 2, "{:?}", des.outages);
    for (one, other) in des.outages.iter().zip(&fluid.outages) {
        let [a, b] = [one, other].map(|one| one.offline.as_secs_f64());
        // Flows recover as many bytes of the active segment as the log holds; requests begin with
        // a segment that is filled by chance.
        assert!((a - b).abs() < 1.5, "{one:?} {other:?}");
    }
    assert!((acked(&des) / acked(&fluid) - 1.0).abs() < 0.01, "{} {}", acked(&des), acked(&fluid));
}

#[test]
fn a_controlled_shutdown_is_the_same_by_requests_and_by_flows() {
    let [des, fluid] = both("{after: 10 s, do: stop_broker, broker: 1, lasts: 15 s}", "all", 3);
    for run in [&des, &fluid] {
        assert!(run.outages.iter().all(|one| one.offline.is_zero()), "{:?}", run.outages);
        assert!(run.operations[0].end.is_some());
        assert_eq!(run.lost_records, Some(0));
        let leaders: Vec<u32> = run.brokers.values().map(|broker| broker.leaders).collect();
        assert_eq!(leaders, [2, 2, 2], "the preferred replicas lead again");
    }
    assert!((acked(&des) / acked(&fluid) - 1.0).abs() < 0.005);
}

#[test]
fn records_are_kept_through_random_faults_by_flows() {
    let (mut offline, mut stalled, mut in_sync, mut failed) = (0, 0, 0, 0);
    for case in 0..2_000_u32 {
        let mut chance = Chance::new(Seed::new(u64::from(case)), 0).stream("flows", "faults");
        let brokers = 2 + chance.index(5);
        let replicas = 1 + chance.index(brokers.min(3));
        let mut pick = |words: &[&'static str]| words[chance.index(words.len())];
        let (acks, memory) = (pick(&["1", "all"]), pick(&["1000000", "33554432"]));
        let (patience, rate) = (pick(&["5000", "120000"]), pick(&["100 /s", "5 k/s", "60 k/s"]));
        let (balance, wait) = (pick(&["true", "false"]), pick(&["10 us", "1 ms"]));
        let lag_max = pick(&["1000", "30000"]);
        let faults = schedule(&mut chance, brokers, 100);
        let text = format!(
            "name: flows\nduration: 6 min\nengine: fluid\n\
             hosts:\n  brokers: {{card: lab-4c-16g, count: {brokers}, zones: [a, b]}}\n\
             cluster: {{config: {{auto.leader.rebalance.enable: {balance}, \
             leader.imbalance.check.interval.seconds: 60, replica.lag.time.max.ms: {lag_max}}}, \
             brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: {replicas}, \
             config: {{min.insync.replicas: {}}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, records: {{size: 1 KiB, key: {{}}}}, \
             load: {{rate: {rate}}}, config: {{acks: {acks}, buffer.memory: {memory}, \
             delivery.timeout.ms: {patience}}}}}\n\
             groups:\n  billing: {{reads: [orders], members: {}, \
             work: {{wait_per_record: {wait}}}}}\ninitial: {{stored: empty}}\n\
             timeline: [{}]\n",
            1 + chance.index(12),
            1 + chance.index(replicas),
            1 + chance.index(4),
            faults.text,
        );
        let options = LoadOptions { seed: u64::from(case), ..LoadOptions::default() };
        let scenario = load_text("flows.yaml", &text, &options).expect("it is right").scenario;
        let run = fluid::simulate(&scenario, Seed::new(u64::from(case)), 0);
        check(case, &scenario, &run);
        if !faults.for_ever {
            assert!(run.outages.iter().all(|one| !one.lasts), "{case}: {text}");
            assert!(run.operations.iter().all(|one| one.end.is_some()), "{case}: {text}");
        }
        offline += u32::from(run.outages.iter().any(|one| !one.offline.is_zero()));
        stalled += u32::from(run.outages.iter().any(|one| !one.stalled.is_zero()));
        in_sync += u32::from(run.events.iter().any(|event| event.kind == "broker_in_sync"));
        failed += u32::from(run.producers["shop"].failed_records > 0.0);
    }
    let counts = [offline, stalled, in_sync, failed];
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}
