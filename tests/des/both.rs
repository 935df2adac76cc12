//! Mechanisms that both engines know, each by hand: limits of single connections, quotas of request
//! time, topics that compress anew, and consumers that fetch from followers.

use super::{Factors, free, near, network, run_by};
use kafsim::engine::{des, fluid};
use kafsim::metrics::Run;
use kafsim::units::SimTime;

/// Brokers in zones a and b, producers in a, a group in b.
struct Both {
    hosts: &'static str,
    clients: u32,
    topic: &'static str,
    config: &'static str,
    load: &'static str,
    /// More keys of the producer, and its properties.
    shop: &'static str,
    producer: &'static str,
    group: &'static str,
    duration: &'static str,
}

const BOTH: Both = Both {
    hosts: "{card: nvme-8c-64g, count: 2, zones: [a, b]}",
    clients: 1,
    topic: "partitions: 2, replication_factor: 2",
    config: "",
    load: "{rate: 20 k/s}",
    shop: "",
    producer: "acks: 1, batch.size: 16384, linger.ms: 5",
    group: "",
    duration: "12 s",
};

impl Both {
    fn text(&self, engine: &str) -> String {
        let warm_up = if self.duration == "12 s" { "4 s" } else { "13 s" };
        format!(
            "name: both\nduration: {}\nwarm_up: {warm_up}\nengine: {engine}\n\
             hosts: {{brokers: {}, makers: {{card: client-8c, zones: [a]}}, \
             readers: {{card: client-8c, zones: [b]}}}}\n\
             network: {{card: one-region-three-zones, links: [{{between: [a, b], \
             rtt: 1 ms, bandwidth: 1 GB/s}}]}}\n\
             cluster: {{costs: test-costs, brokers: {{run_on: brokers}}, config: {{{}}}}}\n\
             topics: {{orders: {{{}}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, run_on: makers, clients: {}, \
             client: java-4.1, records: {{size: 1000 B}}, load: {}, {}config: {{{}}}}}\n\
             groups: {{{}}}\n",
            self.duration,
            self.hosts,
            self.config,
            self.topic,
            self.clients,
            self.load,
            self.shop,
            self.producer,
            self.group,
        )
    }

    fn run(&self, engine: &str, more: &[(&str, f64)]) -> Run {
        let mut factors: Factors = free();
        network(&mut factors, 0.02, 0.02);
        factors.extend(more.iter().map(|(key, factor)| ((*key).to_owned(), *factor)));
        let simulate = if engine == "des" { des::simulate } else { fluid::simulate };
        run_by(simulate, &self.text(engine), &factors, 1)
    }
}

/// The mean share of a resource that is asked for.
fn demand(run: &Run, resource: &str) -> f64 {
    let Some(series) = run.series("demand", resource) else {
        let known = run.series.iter().filter(|one| one.name == "demand");
        panic!("{resource} of {:?}", known.map(|one| &one.entity).collect::<Vec<_>>());
    };
    series.spread(SimTime::ZERO + run.warm_up, SimTime::ZERO + run.duration).mean
}

#[test]
fn a_connection_carries_what_its_cloud_lets_a_flow_carry() {
    // 50 MB/s each, however many clients there are, on NICs of 10 GB/s.
    for clients in [1, 3] {
        for (engine, load) in [("des", "{closed_loop: true}"), ("fluid", "{rate: 400 k/s}")] {
            let both = Both {
                hosts: "{card: thin, count: 1, zones: [a]}",
                topic: "partitions: 4, replication_factor: 1",
                producer: "acks: 1, batch.size: 100000, linger.ms: 5",
                clients,
                load,
                ..BOTH
            };
            let bytes = both.run(engine, &[]).producers["shop"].records_s * 1_009.0;
            assert!(near(bytes, 50e6 * f64::from(clients), 0.03), "{engine}, {clients}: {bytes}");
        }
    }
}

#[test]
fn a_quota_of_request_time_is_a_rate_of_requests() {
    // 10 ms of a thread for each request, one batch of 16 records: half a thread serves 50 a
    // second. Ten seconds' worth pass at once at the start, before the statistics begin.
    for (engine, load) in [("des", "{closed_loop: true}"), ("fluid", "{rate: 5 k/s}")] {
        let both = Both {
            hosts: "{card: nvme-8c-64g, count: 1, zones: [a]}",
            topic: "partitions: 1, replication_factor: 1",
            shop: "quota: {request_percentage: 50}, ",
            producer: "acks: 1, batch.size: 16384, max.request.size: 16384, linger.ms: 5",
            load,
            duration: "313 s",
            ..BOTH
        };
        let run = both.run(engine, &[("costs/test/produce_request", 125.0)]);
        let rate = run.producers["shop"].records_s;
        assert!(near(rate, 50.0 * 16.2, 0.05), "{engine}: {rate}");
        let words = &run.bottleneck.resource;
        assert_eq!(run.bottleneck.by_resource[0].kind, "quota", "{engine}: {words}");
    }
}

#[test]
fn a_topic_of_another_codec_costs_the_leader_and_saves_the_rest() {
    // LZ4 comes (0.28 of JSON), Zstandard is kept (0.15): 5.5 ns for each byte of a record more on
    // the leader, and 0.15 / 0.28 of the bytes towards followers.
    for engine in ["des", "fluid"] {
        let of = |topic| {
            let both = Both {
                topic,
                producer: "acks: 1, batch.size: 16384, linger.ms: 5, compression.type: lz4",
                ..BOTH
            };
            let run = both.run(engine, &[]);
            let cores: f64 = run.brokers.values().map(|one| one.cpu.mean * 8.0).sum();
            // Producers are in a, where a replica of everything is as well.
            (cores, demand(&run, "zone b to a link") * 1e9)
        };
        let (kept, sent) = of("partitions: 2, replication_factor: 2");
        let same = "partitions: 2, replication_factor: 2, config: {compression.type: lz4}";
        assert_eq!(of(same), (kept, sent), "{engine}");
        let other = "partitions: 2, replication_factor: 2, config: {compression.type: zstd}";
        let (cores, fewer) = of(other);
        let more = cores - kept;
        assert!(near(more, 20_000.0 * 1_000.0 * 5.5e-9, 0.05), "{engine}: {more} cores");
        assert!(near(fewer / sent, 0.15 / 0.28, 0.03), "{engine}: {fewer} of {sent}");
    }
}

const SELECTOR: &str =
    "replica.selector.class: org.apache.kafka.common.replica.RackAwareReplicaSelector";
const OF_ZONE: &str = "billing: {reads: [orders], run_on: readers, members: 1, \
                       config: {client.rack: zone}}";

#[test]
fn consumers_that_fetch_from_their_rack_cross_no_zone() {
    // From a to b: half of what is produced, half of what is replicated, and half of what is
    // consumed unless a follower in b hands it out.
    for engine in ["des", "fluid"] {
        let of = |config| {
            let run = Both { config, group: OF_ZONE, ..BOTH }.run(engine, &[]);
            assert!(near(run.groups["billing"].records_s, 20_000.0, 0.02), "{engine}");
            demand(&run, "zone a to b link") * 1e9 / (20_000.0 * 1_009.0)
        };
        let (leaders, followers) = (of(""), of(SELECTOR));
        assert!(near(leaders, 1.5, 0.05), "{engine}: {leaders}");
        assert!(near(followers, 1.0, 0.05), "{engine}: {followers}");
    }
}

#[test]
fn a_follower_learns_what_is_committed_with_its_next_response() {
    // One record a second: the fetch that commits it finds nothing new and waits for
    // `replica.fetch.wait.max.ms`; only then does the follower know, and its consumer.
    let of = |config, group| {
        let topic = "partitions: 1, replication_factor: 2";
        let producer = "acks: 1, linger.ms: 0";
        let load = "{rate: 1 /s}";
        let both = Both { config, group, topic, producer, load, duration: "213 s", ..BOTH };
        both.run("des", &[]).groups["billing"].e2e_latency_ms.as_ref().expect("it is measured").p50
    };
    // Wherever the leader is, one of the two groups has a follower in its zone.
    let in_a = "billing: {reads: [orders], run_on: makers, members: 1, \
                config: {client.rack: zone}}";
    let mut late = [of(SELECTOR, OF_ZONE), of(SELECTOR, in_a)];
    late.sort_by(f64::total_cmp);
    assert!(late[0] < 10.0, "{late:?}");
    assert!((500.0..510.0).contains(&late[1]), "{late:?}");
    assert!(of("", OF_ZONE) < 10.0 && of("", in_a) < 10.0);
}
