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
    log_dirs: u32,
    config: &'static str,
    /// Configuration of the producer with twice as much, when that is what is scarce.
    doubled_config: &'static str,
    cluster: &'static str,
    /// When there is a group, its throughput is what is limited.
    group: &'static str,
    doubled_group: &'static str,
    /// Whether cores of twice the speed must change nothing.
    no_cpu: bool,
    /// Words of the tightest resource.
    words: &'static str,
    /// Round trip in ms, scarce and doubled (halved for a window over it).
    trip: [f64; 2],
}

const NIC_IN: &str = "hosts/nvme-8c-64g/nic_in";
const NIC_OUT: &str = "hosts/nvme-8c-64g/nic_out";
const DISK: &str = "hosts/nvme-8c-64g/disk_write";
const SPEED: &str = "hosts/nvme-8c-64g/speed";
const REQUEST: &str = "costs/test-costs/produce_request";
const NETWORK: &str = "costs/test-costs/network_request";
const POLL: &str = "costs/test-costs/consumer_poll";
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
    log_dirs: 1,
    config: SMALL,
    doubled_config: "",
    cluster: "",
    group: "",
    doubled_group: "",
    no_cpu: false,
    words: "",
    trip: [0.02, 0.02],
};

const CASES: [Case; 14] = [
    Case {
        name: "NIC in",
        scarce: &[(NIC_IN, 0.05)],
        doubled: &[(NIC_IN, 0.1)],
        clients: 8,
        partitions: 24,
        config: BATCH,
        words: "NIC in",
        no_cpu: true,
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
        no_cpu: true,
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
        no_cpu: true,
        trip: [20.0, 10.0],
        ..AMPLE
    },
    Case {
        name: "window over the round trip",
        clients: 1,
        partitions: 1,
        config: "batch.size: 1000000, linger.ms: 0",
        words: "producer shop requests in flight",
        no_cpu: true,
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
    Case {
        name: "NIC out",
        scarce: &[(NIC_OUT, 0.02)],
        doubled: &[(NIC_OUT, 0.04)],
        clients: 8,
        partitions: 24,
        config: BATCH,
        group: "members: 24",
        words: "NIC out",
        no_cpu: true,
        ..AMPLE
    },
    Case {
        name: "one log dir of two",
        scarce: &[(DISK, 0.1)],
        doubled: &[(DISK, 0.2)],
        clients: 8,
        partitions: 1,
        config: BATCH,
        log_dirs: 2,
        words: "disk",
        no_cpu: true,
        ..AMPLE
    },
    Case {
        name: "accumulator memory over the round trip",
        clients: 1,
        partitions: 1,
        config: "batch.size: 16384, linger.ms: 0, buffer.memory: 32768",
        doubled_config: "batch.size: 16384, linger.ms: 0, buffer.memory: 65536",
        words: "producer shop buffer.memory",
        trip: [20.0, 20.0],
        no_cpu: true,
        ..AMPLE
    },
    Case {
        name: "consumer work",
        clients: 8,
        partitions: 24,
        config: BATCH,
        group: "members: 2, work: {cpu_per_record: 100 us}",
        doubled_group: "members: 4, work: {cpu_per_record: 100 us}",
        words: "group billing members",
        ..AMPLE
    },
    Case {
        name: "poll loop",
        scarce: &[(POLL, 40.0)],
        doubled: &[(POLL, 20.0)],
        clients: 8,
        partitions: 24,
        config: BATCH,
        group: "members: 2, config: {max.poll.records: 10}",
        words: "group billing members",
        ..AMPLE
    },
];

/// What a case gives: records/s and the tightest resource.
type Given = (f64, String);

impl Case {
    fn text(&self, config: &str, group: &str) -> String {
        let mut text = String::from("name: limit\nduration: 10 s\nwarm_up: 5 s\nengine: des\n");
        // A group is offered more than it can take, and nobody else is at a limit.
        let (group, load) = if group.is_empty() {
            ("{}".to_owned(), "{closed_loop: true}")
        } else {
            (format!("{{billing: {{reads: [orders], {group}}}}}"), "{rate: 200 k/s}")
        };
        let _ok = write!(
            text,
            "hosts:\n  brokers: {{card: nvme-8c-64g, count: 1}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, {}brokers: {{run_on: brokers, log_dirs: {}}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: 1}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, clients: {}, client: java-2.6, \
             records: {{size: 1000 B}}, load: {load}, config: {{acks: 1, {}}}}}\n\
             groups: {group}\n",
            self.cluster, self.log_dirs, self.partitions, self.clients, config,
        );
        text
    }

    fn factors(special: &[(&str, f64)], trip: f64) -> Factors {
        let mut factors = free();
        network(&mut factors, trip, trip);
        for (key, factor) in special {
            factors.insert(key.replace("test-costs", "test"), *factor);
        }
        factors
    }

    fn given(text: &str, special: &[(&str, f64)], trip: f64) -> Given {
        let mut run = run(text, &Self::factors(special, trip), 1);
        run.bottleneck = kafsim::analysis::bottleneck(&run);
        let rate = match run.groups.get("billing") {
            Some(group) => group.records_s,
            None => run.producers["shop"].records_s,
        };
        (rate, run.bottleneck.resource)
    }

    fn scarce(&self, more: &[(&str, f64)]) -> Given {
        let special: Vec<(&str, f64)> = self.scarce.iter().chain(more).copied().collect();
        Self::given(&self.text(self.config, self.group), &special, self.trip[0])
    }

    fn doubled(&self) -> Given {
        let or = |words: &'static str, other| if words.is_empty() { other } else { words };
        let config = or(self.doubled_config, self.config);
        let text = self.text(config, or(self.doubled_group, self.group));
        Self::given(&text, self.doubled, self.trip[1])
    }
}

#[test]
fn the_binding_resource_is_named_and_doubling_it_doubles_throughput() {
    let mut wrong = Vec::new();
    for case in &CASES {
        let (rate, resource) = case.scarce(&[]);
        let gain = case.doubled().0 / rate;
        let named = !case.words.is_empty() && resource.contains(case.words);
        if !named || !(1.9..2.1).contains(&gain) {
            wrong.push(format!("{}: {resource} is named, doubling gives × {gain:.3}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn doubling_anything_else_changes_nothing() {
    let mut wrong = Vec::new();
    for case in &CASES {
        let (rate, _) = case.scarce(&[]);
        let own = |key: &str| case.scarce.iter().any(|(scarce, _)| *scarce == key);
        let others = [NIC_IN, NIC_OUT, DISK, SPEED];
        for other in others.into_iter().filter(|key| !own(key) && (case.no_cpu || *key != SPEED)) {
            let (changed, _) = case.scarce(&[(other, 2.0)]);
            if (changed / rate - 1.0).abs() >= 0.02 {
                wrong.push(format!("{}, twice {other}: {rate} and {changed}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
