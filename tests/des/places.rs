//! Links of their own, disks with heads and burst credit: both engines against hand computation.

use super::{Factors, free, near, network, run_by};
use kafsim::engine::{des, fluid};
use kafsim::metrics::Run;
use kafsim::units::{SimSpan, SimTime};

/// A closed loop of forty clients, or a rate, on one broker; batches of 100,000 B.
struct Place {
    hosts: &'static str,
    network: &'static str,
    partitions: u32,
    load: &'static str,
    producer: &'static str,
    duration: &'static str,
}

const PLACE: Place = Place {
    hosts: "brokers: {card: nvme-8c-64g, zones: [a]}, clients: {card: client-8c, zones: [c]}",
    network: "{card: one-region-three-zones}",
    partitions: 8,
    load: "{closed_loop: true}",
    producer: "acks: 1, batch.size: 100000, linger.ms: 5, buffer.memory: 268435456",
    duration: "12 s",
};

impl Place {
    fn text(&self, engine: &str) -> String {
        format!(
            "name: place\nduration: {}\nwarm_up: 4 s\nengine: {engine}\nhosts: {{{}}}\n\
             network: {}\ncluster: {{costs: test-costs, brokers: {{run_on: brokers}}}}\n\
             topics: {{orders: {{partitions: {}, replication_factor: 1}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, run_on: clients, clients: 8, \
             client: java-4.1, records: {{size: 1000 B}}, load: {}, config: {{{}}}}}\n",
            self.duration, self.hosts, self.network, self.partitions, self.load, self.producer,
        )
    }

    fn run(&self, engine: &str) -> Run {
        let mut factors: Factors = free();
        network(&mut factors, 0.02, 0.02);
        let simulate = if engine == "des" { des::simulate } else { fluid::simulate };
        run_by(simulate, &self.text(engine), &factors, 1)
    }
}

/// Bytes per second that a producer wrote over two seconds from an instant on.
fn bytes_s(run: &Run, second: f64) -> f64 {
    let series = run.series("acked_records_s", "shop").expect("it is recorded");
    let [from, to] = [second, second + 2.0].map(|at| SimTime::ZERO + SimSpan::from_secs_f64(at));
    series.spread(from, to).mean * 1_009.0
}

#[test]
fn a_link_of_its_own_decides_the_round_trip() {
    // One request in flight of one client to each of its partitions' leader: RTT 20 ms.
    let links = "{card: one-region-three-zones, links: [{between: [c, a], rtt: 20 ms}]}";
    let producer = "acks: 1, batch.size: 16384, linger.ms: 0, \
                    max.in.flight.requests.per.connection: 1";
    let far = Place { network: links, partitions: 1, producer, ..PLACE }.run("des");
    let rate = far.producers["shop"].requests_s.expect("requests are counted");
    assert!(near(rate, 8.0 * 50.0, 0.03), "{rate}");
    let near_by = Place { partitions: 1, producer, ..PLACE }.run("des");
    assert!(near_by.producers["shop"].requests_s.expect("requests are counted") > 4_000.0);
}

#[test]
fn a_link_carries_what_its_bandwidth_says() {
    let links = "{card: one-region-three-zones, \
                 links: [{between: [a, c], rtt: 20 us, bandwidth: 50 MB/s}]}";
    let of = |engine: &str, load| Place { network: links, load, ..PLACE }.run(engine);
    let run = of("des", PLACE.load);
    let bytes = run.producers["shop"].records_s * 1_009.0;
    assert!(near(bytes, 50e6, 0.02), "{bytes}");
    assert_eq!(run.bottleneck.resource, "zone c to a link");
    assert_eq!(run.bottleneck.by_resource[0].kind, "link");
    let run = of("fluid", "{rate: 100 k/s}");
    let bytes = run.producers["shop"].records_s * 1_009.0;
    assert!(near(bytes, 50e6, 0.02), "{bytes}");
    assert_eq!(run.bottleneck.resource, "zone c to a link");
}

#[test]
fn many_partitions_turn_sequential_writes_into_seeks() {
    // 1 GiB of page cache, 10 % of it dirty before write-back: with 101 files (the offsets' topic
    // has none here: no group) 107 MB / 100 = 1.07 MB of each, 10.7 ms and a seek of 10 ms.
    let hosts = "brokers: {card: heads, zones: [a]}, clients: {card: client-8c, zones: [a]}";
    let with = |engine: &str, partitions| {
        // What goes through the cache before it is throttled counts for the first seconds.
        let place = Place {
            hosts,
            partitions,
            load: if engine == "des" { PLACE.load } else { "{rate: 400 k/s}" },
            duration: "40 s",
            ..PLACE
        };
        let run = place.run(engine);
        assert_eq!(run.bottleneck.by_resource[0].kind, "disk", "{}", run.bottleneck.resource);
        run.producers["shop"].records_s * 1_009.0
    };
    let piece = 0.1 * f64::from(1 << 30) / 100.0;
    let expected = piece / (piece / 100e6 + 0.010);
    for engine in ["des", "fluid"] {
        let one = with(engine, 1);
        assert!(near(one, 100e6, 0.05), "{engine}: {one}");
        let hundred = with(engine, 100);
        assert!(near(hundred, expected, 0.05), "{engine}: {hundred}, not {expected}");
    }
}

#[test]
fn credit_lasts_as_long_as_the_difference_to_the_baseline_says() {
    // 800 MB of credit at 60 − 20 MB/s last 20 s, then 20 MB/s are left.
    let hosts = "brokers: {card: lent, zones: [a]}, clients: {card: client-8c, zones: [a]}";
    for engine in ["des", "fluid"] {
        let load = "{rate: 59465 /s}";
        let run = Place { hosts, load, duration: "40 s", ..PLACE }.run(engine);
        for (second, expected) in [(10.0, 60e6), (18.0, 60e6), (24.0, 20e6), (35.0, 20e6)] {
            let bytes = bytes_s(&run, second);
            assert!(near(bytes, expected, 0.05), "{engine} at {second} s: {bytes}");
        }
        assert_eq!(run.bottleneck.resource, "broker 1 NIC in", "{engine}");
    }
}
