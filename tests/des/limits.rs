//! Scenarios with exactly one binding resource: it is named, and only it moves saturation.

use super::{Factors, free, network, run};
use std::fmt::Write;

/// A closed loop on one broker, everything ample and free; a test makes one thing scarce.
struct Case {
    name: &'static str,
    /// Factors that make one resource scarce.
    scarce: &'static [(&'static str, f64)],
    /// The same with twice as much of it.
    doubled: &'static [(&'static str, f64)],
    clients: u32,
    partitions: u32,
    config: &'static str,
    cluster: &'static str,
    /// Words of the tightest resource.
    words: &'static str,
    /// Round trip in ms, scarce and doubled (halved for a window over it).
    trip: [f64; 2],
}

const NIC_IN: &str = "hosts/nvme-8c-64g/nic_in";
const DISK: &str = "hosts/nvme-8c-64g/disk_write";
const SPEED: &str = "hosts/nvme-8c-64g/speed";
const REQUEST: &str = "costs/test-costs/produce_request";
const NETWORK: &str = "costs/test-costs/network_request";
const APPLICATION: &str = "costs/test-costs/producer_record";
const BATCH: &str = "batch.size: 100000, linger.ms: 5, buffer.memory: 268435456";
const SMALL: &str = "batch.size: 1, linger.ms: 0";

/// Ample everything: tests change what they are about.
const AMPLE: Case = Case {
    name: "",
    scarce: &[],
    doubled: &[],
    clients: 40,
    partitions: 40,
    config: SMALL,
    cluster: "",
    words: "",
    trip: [0.02, 0.02],
};

const CASES: [Case; 9] = [
    Case {
        name: "NIC in",
        scarce: &[(NIC_IN, 0.05)],
        doubled: &[(NIC_IN, 0.1)],
        clients: 8,
        partitions: 24,
        config: BATCH,
        words: "NIC in",
        ..AMPLE
    },
    Case {
        name: "disk",
        scarce: &[(DISK, 0.1)],
        doubled: &[(DISK, 0.2)],
        clients: 8,
        partitions: 24,
        config: BATCH,
        words: "disk",
        ..AMPLE
    },
    Case {
        name: "broker CPU",
        scarce: &[(REQUEST, 40.0), (SPEED, 1.0)],
        doubled: &[(REQUEST, 40.0), (SPEED, 2.0)],
        cluster: "config: {num.io.threads: 64, num.network.threads: 16}, ",
        words: "CPU",
        ..AMPLE
    },
    Case {
        name: "request handlers",
        scarce: &[(REQUEST, 40.0)],
        doubled: &[(REQUEST, 20.0)],
        cluster: "config: {num.io.threads: 2, num.network.threads: 16}, ",
        words: "request handlers",
        ..AMPLE
    },
    Case {
        name: "network threads",
        scarce: &[(NETWORK, 40.0)],
        doubled: &[(NETWORK, 20.0)],
        cluster: "config: {num.io.threads: 64, num.network.threads: 1}, ",
        words: "network threads",
        ..AMPLE
    },
    Case {
        name: "connection",
        scarce: &[(REQUEST, 40.0)],
        doubled: &[(REQUEST, 20.0)],
        clients: 1,
        partitions: 1,
        words: "producer shop connections",
        ..AMPLE
    },
    Case {
        name: "requests in flight over the round trip",
        clients: 1,
        partitions: 1,
        config: "batch.size: 16384, linger.ms: 0, max.in.flight.requests.per.connection: 1",
        words: "producer shop requests in flight",
        trip: [20.0, 10.0],
        ..AMPLE
    },
    Case {
        name: "window over the round trip",
        clients: 1,
        partitions: 1,
        config: "batch.size: 1000000, linger.ms: 0",
        words: "producer shop requests in flight",
        trip: [20.0, 10.0],
        ..AMPLE
    },
    Case {
        name: "application thread",
        scarce: &[(APPLICATION, 20.0)],
        doubled: &[(APPLICATION, 10.0)],
        clients: 1,
        partitions: 8,
        config: BATCH,
        words: "producer shop application thread",
        ..AMPLE
    },
];

impl Case {
    fn text(&self) -> String {
        let mut text = String::from("name: limit\nduration: 10 s\nwarm_up: 5 s\nengine: des\n");
        let _ok = write!(
            text,
            "hosts:\n  brokers: {{card: nvme-8c-64g, count: 1}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, {}brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: 1}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, clients: {}, client: java-2.6, \
             records: {{size: 1000 B}}, load: {{closed_loop: true}}, config: {{acks: 1, {}}}}}\n\
             groups: {{}}\n",
            self.cluster, self.partitions, self.clients, self.config,
        );
        text
    }

    fn factors(special: &[(&str, f64)], trip: f64) -> Factors {
        let mut factors = free();
        network(&mut factors, trip, trip);
        factors.insert("hosts/nvme-8c-64g/nic_out".to_owned(), 1.0);
        for (key, factor) in special {
            factors.insert(key.replace("test-costs", "test"), *factor);
        }
        for (key, factor) in special.iter().filter(|(key, _)| !key.contains("costs")) {
            factors.insert((*key).to_owned(), *factor);
        }
        factors
    }

    fn rate(&self, special: &[(&str, f64)], trip: f64) -> (f64, String) {
        let mut run = run(&self.text(), &Self::factors(special, trip), 1);
        run.bottleneck = kafsim::analysis::bottleneck(&run);
        (run.producers["shop"].records_s, run.bottleneck.resource)
    }
}

#[test]
fn the_binding_resource_is_named_and_doubling_it_doubles_throughput() {
    for case in &CASES {
        let (rate, resource) = case.rate(case.scarce, case.trip[0]);
        let words = case.words;
        assert!(
            !words.is_empty() && resource.contains(words),
            "{}: {resource} is named",
            case.name
        );
        let (twice, _) = case.rate(case.doubled, case.trip[1]);
        let gain = twice / rate;
        assert!((1.9..2.1).contains(&gain), "{}: doubling it gives × {gain:.3}", case.name);
    }
}

#[test]
fn doubling_anything_else_changes_nothing() {
    // The NIC of the first case binds; a disk, cores and threads more do not help.
    let case = &CASES[0];
    let (rate, _) = case.rate(case.scarce, case.trip[0]);
    for other in [DISK, SPEED] {
        let special: Vec<(&str, f64)> = case.scarce.iter().copied().chain([(other, 2.0)]).collect();
        let (changed, _) = case.rate(&special, case.trip[0]);
        assert!((changed / rate - 1.0).abs() < 0.02, "{other}: {rate} and {changed}");
    }
}
