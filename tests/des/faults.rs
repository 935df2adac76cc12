//! Brokers that fail among requests: what stops for how long, and what is lost.

use super::{Factors, free, network, run};
use kafsim::metrics::Run;

/// Three brokers, one topic, 1,000 records/s of 100 B, one group.
struct Cluster {
    partitions: u32,
    replicas: u32,
    insync: u32,
    acks: &'static str,
    config: &'static str,
    timeline: &'static str,
    duration: &'static str,
}

impl Cluster {
    fn new(timeline: &'static str) -> Self {
        Self {
            partitions: 3,
            replicas: 3,
            insync: 2,
            acks: "all",
            config: "auto.leader.rebalance.enable: false",
            timeline,
            duration: "40 s",
        }
    }

    fn text(&self) -> String {
        format!(
            "name: faults\nduration: {}\nwarm_up: 1 s\nengine: des\n\
             hosts:\n  brokers: {{card: nvme-8c-64g, count: 3, zones: [a, b, c]}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, config: {{{}}}, brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: {}, \
             config: {{min.insync.replicas: {}}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, \
             records: {{size: 100 B, key: {{keys: 1 k}}}}, load: {{rate: 1 k/s}}, \
             config: {{acks: {}, linger.ms: 5}}}}\n\
             groups:\n  billing: {{reads: [orders], members: 1}}\ntimeline: [{}]\n",
            self.duration,
            self.config,
            self.partitions,
            self.replicas,
            self.insync,
            self.acks,
            self.timeline,
        )
    }

    fn run(&self, factors: &Factors, seed: u64) -> Run {
        run(&self.text(), factors, seed)
    }
}

/// Seconds of the first mark of a kind.
fn mark(run: &Run, kind: &str) -> f64 {
    let found = run.events.iter().find(|event| event.kind == kind);
    found.unwrap_or_else(|| panic!("{kind}: {:?}", run.events)).at.as_secs_f64()
}

/// (without a leader, acks=all stalled) of each partition in seconds, by number.
fn outages(run: &Run) -> Vec<(u32, f64, f64)> {
    let mut all: Vec<(u32, f64, f64)> = run
        .outages
        .iter()
        .map(|one| (one.partition, one.offline.as_secs_f64(), one.stalled.as_secs_f64()))
        .collect();
    all.sort_by_key(|one| one.0);
    all
}

/// Everything that was offered is acknowledged, but for what is on the way at the end.
fn assert_all_is_well(run: &Run) {
    let shop = &run.producers["shop"];
    assert!(shop.failed_records == 0.0 && shop.in_flight_records < 60.0, "{shop:?}");
    assert_eq!(run.lost_records, Some(0));
    let group = &run.groups["billing"];
    assert!(group.processing_lag_records.end < 60.0, "{group:?}");
}

#[test]
fn a_killed_broker_stalls_acks_all_until_it_is_fenced() {
    let cluster = Cluster::new("{after: 5 s, do: kill_broker, broker: 1}");
    for seed in 1..=5 {
        let run = cluster.run(&free(), seed);
        // Fenced one session of 9 s after the last heartbeat, which came 0 to 2 s before; in force
        // 20 ms later, and 30 us for each of three partitions and that of the group's offsets.
        let fenced = mark(&run, "broker_fenced") - 5.0;
        assert!((7.0..=9.0).contains(&fenced), "{fenced}");
        let expected = fenced + 0.020_12;
        let found = outages(&run);
        let led: Vec<u32> = found.iter().filter(|one| one.1 > 0.0).map(|one| one.0).collect();
        assert_eq!(led.len(), 1, "each broker leads one of three: {found:?}");
        for (partition, offline, stalled) in &found {
            let waits = if led.contains(partition) { offline } else { stalled };
            assert!((waits - expected).abs() < 1e-6, "{found:?}");
        }
        // All partitions have a replica on it: nothing is acknowledged meanwhile.
        let acked = run.series("acked_records_s", "shop").expect("a series");
        let until = 5.0 + fenced;
        let still = acked.points.iter().filter(|(at, _)| (5.8..until).contains(&at.as_secs_f64()));
        assert!(still.clone().count() > 15);
        assert!(still.clone().all(|(_, rate)| *rate == 0.0), "{:?}", still.collect::<Vec<_>>());
        // Who lost its leader asks at most 1.2 s later, and sends again after a back-off.
        let latency = run.producers["shop"].latency_ms.expect("it is measured").max / 1e3;
        assert!((expected - 0.1..expected + 2.5).contains(&latency), "{latency} {expected}");
        assert_all_is_well(&run);
        assert_eq!(run.brokers[&1].leaders, 0);
    }
}

#[test]
fn acks_1_goes_on_where_another_broker_leads() {
    let mut cluster = Cluster::new("{after: 5 s, do: kill_broker, broker: 1}");
    cluster.acks = "1";
    let run = cluster.run(&free(), 1);
    let found = outages(&run);
    let offline: Vec<f64> = found.iter().map(|one| one.1).filter(|one| *one > 0.0).collect();
    assert_eq!(offline.len(), 1);
    assert!(found.iter().all(|one| one.2 == 0.0), "nobody waits for followers: {found:?}");
    let acked = run.series("acked_records_s", "shop").expect("a series");
    let during = acked.points.iter().filter(|(at, _)| (6.0..11.5).contains(&at.as_secs_f64()));
    for (at, rate) in during {
        // Two of three partitions.
        assert!((560.0..780.0).contains(rate), "{rate} at {at:?}");
    }
    let shop = &run.producers["shop"];
    assert!(shop.failed_records == 0.0 && shop.in_flight_records < 60.0, "{shop:?}");
}

#[test]
fn an_only_replica_is_unavailable_until_its_broker_is_back() {
    let timeline = "{after: 5 s, do: kill_broker, broker: 2, lasts: 10 s}";
    let cluster = Cluster { replicas: 1, insync: 1, duration: "60 s", ..Cluster::new(timeline) };
    let run = cluster.run(&free(), 1);
    let back = mark(&run, "broker_back") - 5.0;
    let starts = mark(&run, "broker_starts") - 5.0;
    assert!((starts - 10.0).abs() < 1e-6, "{starts}");
    assert!(back > 13.0, "a process takes a while to start: {back}");
    let found = outages(&run);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!((found[0].1 - back).abs() < 1e-6, "{found:?} {back}");
    // What was offered meanwhile waited in its client, and is delivered.
    assert_all_is_well(&run);
    let lag = run.groups["billing"].processing_lag_records;
    assert!(lag.max < 1_000.0, "records wait at the producer: {lag:?}");
    assert!(run.producers["shop"].latency_ms.expect("measured").max / 1e3 > back - 0.1);
}

#[test]
fn a_controlled_shutdown_loses_nothing_and_stalls_briefly() {
    for acks in ["all", "1"] {
        let mut cluster = Cluster::new("{after: 5 s, do: stop_broker, broker: 1, lasts: 10 s}");
        cluster.acks = acks;
        let run = cluster.run(&free(), 3);
        let found = outages(&run);
        assert!(found.iter().all(|one| one.1 == 0.0), "{found:?}");
        let shop = &run.producers["shop"];
        // Refused once, asked who leads, and sent again after `retry.backoff.ms`.
        let latency = shop.latency_ms.expect("measured").max;
        assert!((100.0..200.0).contains(&latency), "{latency}");
        assert!(shop.failed_records == 0.0 && shop.in_flight_records < 60.0, "{shop:?}");
        assert_eq!(run.lost_records, Some(0));
        // It is in sync again at the end, and leads nothing: nobody balances.
        assert_eq!(run.operations.len(), 1);
        assert!(run.operations[0].end.is_some(), "{:?}", run.events);
        assert_eq!(run.brokers[&1].leaders, 0);
    }
}

#[test]
fn preferred_replicas_lead_again_at_the_next_look() {
    let mut cluster = Cluster::new("{after: 5 s, do: stop_broker, broker: 1, lasts: 5 s}");
    cluster.config = "leader.imbalance.check.interval.seconds: 10";
    let run = cluster.run(&free(), 1);
    let back = mark(&run, "broker_in_sync");
    let elected = mark(&run, "preferred_election");
    assert!(elected > back && elected < back + 10.0, "{elected} {back}");
    let leaders: Vec<u32> = run.brokers.values().map(|broker| broker.leaders).collect();
    assert_eq!(leaders, [1, 1, 1]);
    assert_all_is_well(&run);
}

#[test]
fn acks_1_loses_what_no_follower_has() {
    // Followers are 200 ms away: what the leader took in the last 100 ms and more is nowhere else.
    let mut factors = free();
    network(&mut factors, 0.2, 200.0);
    let mut cluster = Cluster::new("{after: 5 s, do: kill_broker, broker: 1, lasts: 10 s}");
    cluster.acks = "1";
    let lost = cluster.run(&factors, 1).lost_records.expect("requests know it");
    // A third of 1,000 records/s, for one to two fetches of 200 ms.
    assert!((20..150).contains(&lost), "{lost}");
    cluster.acks = "all";
    let run = cluster.run(&factors, 1);
    assert_eq!(run.lost_records, Some(0));
}

#[test]
fn too_few_in_sync_replicas_refuse_acks_all() {
    let two = "{after: 5 s, do: kill_broker, broker: 1}, {after: 5 s, do: kill_broker, broker: 2}";
    let run = Cluster::new(two).run(&free(), 1);
    // One replica of each partition is left, and two are needed: to the end of the run.
    let found = outages(&run);
    for (_, offline, stalled) in &found {
        assert!((offline + stalled - 35.0).abs() < 0.1, "{found:?}");
        assert!(*offline < 9.1, "{found:?}");
    }
    assert!(run.outages.iter().all(|one| one.lasts));
    assert!(run.warnings.iter().any(|warning| warning.contains("were refused")));
    let shop = &run.producers["shop"];
    assert!(shop.in_flight_records > 30_000.0, "{shop:?}");
    assert_eq!(run.lost_records, Some(0));
}

#[test]
fn a_lost_zone_is_noticed_when_requests_time_out() {
    let mut cluster = Cluster::new("{after: 5 s, do: lose_zone, zone: b, lasts: 20 s}");
    cluster.duration = "90 s";
    let run = cluster.run(&free(), 1);
    assert_all_is_well(&run);
    // Nobody resets connections: who has a request there waits `request.timeout.ms`, 30 s.
    let latency = run.producers["shop"].latency_ms.expect("measured").max / 1e3;
    assert!((29.9..33.0).contains(&latency), "{latency}");
    let killed = Cluster::new("{after: 5 s, do: kill_broker, broker: 2, lasts: 20 s}");
    let latency = killed.run(&free(), 1).producers["shop"].latency_ms.expect("measured").max;
    assert!(latency / 1e3 < 12.0, "{latency}");
}
