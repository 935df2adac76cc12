//! Laws after many random schedules of faults.

use super::{Factors, network, run};
use crate::support::faults::schedule;
use kafsim::chance::{Chance, Seed, Stream};

const CASES: u64 = 2_000;
/// Each kind of thing must have happened in so many of them.
const LEAST: u32 = 50;

/// What the schedules brought.
#[derive(Default, Debug)]
struct Seen {
    offline: u32,
    stalled: u32,
    returned: u32,
    in_sync: u32,
    lost: u32,
    safe: u32,
    forgotten: u32,
    balanced: u32,
    unfinished: u32,
    zones: u32,
    killed_while_starting: u32,
}

fn pick<'a>(chance: &mut Stream, words: &[&'a str]) -> &'a str {
    words[chance.index(words.len())]
}

fn random(chance: &mut Stream, seen: &mut Seen) -> (String, &'static str) {
    let brokers = 2 + chance.index(4);
    let replicas = (1 + chance.index(3)).min(brokers);
    let insync = 1 + chance.index(replicas);
    let acks = ["0", "1", "all", "all"][chance.index(4)];
    let version = pick(chance, &["4.1", "4.1", "2.6"]);
    let balance = pick(chance, &["true", "false"]);
    let faults = schedule(chance, brokers, 1);
    seen.zones += u32::from(faults.zone);
    seen.killed_while_starting += u32::from(faults.while_starting);
    let faults = faults.text;
    let text = format!(
        "name: schedules\nduration: 1500 ms\nwarm_up: 100 ms\nengine: des\n\
         hosts:\n  brokers: {{card: lab-4c-16g, count: {brokers}, zones: [a, b]}}\n\
         network: {{card: one-region-three-zones}}\n\
         cluster: {{version: \"{version}\", costs: test-costs, config: {{\
         broker.session.timeout.ms: 250, broker.heartbeat.interval.ms: 100, \
         auto.leader.rebalance.enable: {balance}, leader.imbalance.check.interval.seconds: 1, \
         replica.lag.time.max.ms: {}}}, brokers: {{run_on: brokers}}}}\n\
         topics:\n  orders: {{partitions: {}, replication_factor: {replicas}, \
         config: {{min.insync.replicas: {insync}}}}}\n\
         producers:\n  shop: {{to: {{orders: 1}}, clients: {}, client: {}, \
         records: {{size: {} B{}}}, load: {}, config: {{acks: {acks}, batch.size: {}, \
         linger.ms: {}, retry.backoff.ms: {}, request.timeout.ms: 400, buffer.memory: {}, \
         delivery.timeout.ms: {}}}}}\n\
         groups:\n  billing: {{reads: [orders], members: {}, commits: {}, \
         work: {{cpu_per_record: {}}}, config: {{request.timeout.ms: 400}}}}\n\
         timeline: [{faults}]\n",
        pick(chance, &["100", "1000", "30000"]),
        1 + chance.index(12),
        1 + chance.index(3),
        pick(chance, &["java-2.6", "java-4.1", "librdkafka"]),
        pick(chance, &["100", "1000"]),
        pick(chance, &["", ", key: {keys: 1 M}"]),
        pick(chance, &["{rate: 1 k/s}", "{rate: 10 k/s}", "{rate: 60 k/s}", "{closed_loop: true}"]),
        pick(chance, &["1000", "16384"]),
        pick(chance, &["0", "5"]),
        pick(chance, &["0", "20", "100"]),
        pick(chance, &["200000", "33554432"]),
        pick(chance, &["300", "120000"]),
        1 + chance.index(3),
        pick(chance, &["interval", "each_poll"]),
        pick(chance, &["0 us", "5 us", "200 us"]),
    );
    (text, acks)
}

#[test]
fn laws_hold_after_random_faults() {
    let mut seen = Seen::default();
    for case in 0..CASES {
        let mut chance = Chance::new(Seed::new(case), 0).stream("schedules", "case");
        let (text, acks) = random(&mut chance, &mut seen);
        let mut factors = Factors::new();
        // A process starts in about 80 ms instead of 8 s.
        factors.insert("costs/test-costs/broker_start".to_owned(), 0.01);
        factors.insert("costs/test-costs/recovery_ns_per_byte".to_owned(), 1e-3);
        if chance.uniform() < 0.3 {
            network(&mut factors, 0.2, 60.0);
        }
        // `run` itself asserts that no law is broken.
        let run = run(&text, &factors, case);
        let shop = &run.producers["shop"];
        let ended = shop.appended_records + shop.failed_records + shop.in_flight_records;
        assert!((ended - shop.offered_records).abs() < 0.5, "{text}");
        let lost = run.lost_records.expect("requests know it");
        // Whoever waits for all in-sync replicas loses nothing by any change of leaders.
        assert!(acks != "all" || lost == 0, "{lost}: {text}");
        seen.lost += u32::from(lost > 0);
        seen.safe += u32::from(acks == "all");
        seen.forgotten += u32::from(acks == "0");
        seen.offline += u32::from(run.outages.iter().any(|one| !one.offline.is_zero()));
        seen.stalled += u32::from(run.outages.iter().any(|one| !one.stalled.is_zero()));
        let marked = |kind: &str| u32::from(run.events.iter().any(|event| event.kind == kind));
        seen.returned += marked("broker_back");
        seen.in_sync += marked("broker_in_sync");
        seen.balanced += marked("preferred_election");
        seen.unfinished += u32::from(run.operations.iter().any(|one| one.end.is_none()));
    }
    println!("{CASES} schedules: {seen:?}");
    let counts = [
        seen.offline,
        seen.stalled,
        seen.returned,
        seen.in_sync,
        seen.lost,
        seen.safe,
        seen.forgotten,
        seen.balanced,
        seen.unfinished,
        seen.zones,
        seen.killed_while_starting,
    ];
    assert!(counts.iter().all(|count| *count >= LEAST), "{seen:?}");
}

#[test]
fn everything_is_well_again_when_faults_are_over() {
    for case in 0..200 {
        let mut chance = Chance::new(Seed::new(case), 0).stream("schedules", "healing");
        let brokers = 2 + chance.index(4);
        let faults = schedule(&mut chance, brokers, 1);
        if faults.for_ever {
            continue;
        }
        let text = format!(
            "name: healing\nduration: 8 s\nwarm_up: 100 ms\nengine: des\n\
             hosts:\n  brokers: {{card: lab-4c-16g, count: {brokers}, zones: [a, b]}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, config: {{broker.session.timeout.ms: 250, \
             broker.heartbeat.interval.ms: 100, leader.imbalance.check.interval.seconds: 1}}, \
             brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: {}, \
             config: {{min.insync.replicas: 1}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, clients: 2, \
             records: {{size: 100 B{}}}, load: {{rate: 1 k/s}}, \
             config: {{acks: {}, request.timeout.ms: 400}}}}\n\
             groups:\n  billing: {{reads: [orders], members: 2, \
             config: {{request.timeout.ms: 400}}}}\ntimeline: [{}]\n",
            1 + chance.index(8),
            1 + chance.index(brokers.min(3)),
            pick(&mut chance, &["", ", key: {keys: 1 k}"]),
            pick(&mut chance, &["1", "all"]),
            faults.text,
        );
        let mut factors = Factors::new();
        factors.insert("costs/test-costs/broker_start".to_owned(), 0.01);
        factors.insert("costs/test-costs/recovery_ns_per_byte".to_owned(), 1e-3);
        let run = run(&text, &factors, case);
        let shop = &run.producers["shop"];
        assert!(shop.failed_records == 0.0 && shop.in_flight_records < 60.0, "{shop:?} {text}");
        let lag = run.groups["billing"].processing_lag_records.end;
        assert!(lag < 60.0, "{lag} {text}");
        let committed = run.groups["billing"].lag_records.end;
        assert!(committed < 6_000.0, "{committed} {text}");
        assert!(run.outages.iter().all(|one| !one.lasts), "{:?} {text}", run.outages);
        assert!(run.operations.iter().all(|one| one.end.is_some()), "{:?} {text}", run.events);
    }
}
