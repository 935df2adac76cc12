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
    /// Configuration of the topic, and its replicas, one broker for each.
    topic: &'static str,
    replicas: u32,
    acks: &'static str,
    quota: &'static str,
    doubled_quota: &'static str,
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
const COMMIT: &str = "hosts/nvme-8c-64g/disk_commit";
const BETWEEN: &str = "networks/one-region-three-zones/rtt_other_zone";
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
    topic: "",
    replicas: 1,
    acks: "1",
    quota: "",
    doubled_quota: "",
    group: "",
    doubled_group: "",
    no_cpu: false,
    words: "",
    trip: [0.02, 0.02],
};

const CASES: [Case; 17] = [
    Case {
        name: "fsync",
        scarce: &[(COMMIT, 4.0)],
        doubled: &[(COMMIT, 2.0)],
        clients: 8,
        partitions: 1,
        topic: "flush.messages: 1",
        words: "fsync",
        no_cpu: true,
        ..AMPLE
    },
    Case {
        name: "replica fetchers over the round trip between brokers",
        scarce: &[(BETWEEN, 20.0)],
        doubled: &[(BETWEEN, 10.0)],
        partitions: 8,
        config: BATCH,
        replicas: 2,
        acks: "all",
        words: "replica fetchers",
        no_cpu: true,
        ..AMPLE
    },
    Case {
        name: "producer quota",
        config: BATCH,
        clients: 4,
        partitions: 8,
        quota: "quota: {producer_byte_rate: 1 MB/s}, ",
        doubled_quota: "quota: {producer_byte_rate: 2 MB/s}, ",
        words: "producer shop quota",
        no_cpu: true,
        ..AMPLE
    },
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
    fn text(&self, config: &str, group: &str, quota: &str) -> String {
        // A quota lets ten seconds' worth pass first, and again when eleven seconds are over.
        let [duration, warm_up] = if quota.is_empty() { [12, 4] } else { [66, 11] };
        let mut text =
            format!("name: limit\nduration: {duration} s\nwarm_up: {warm_up} s\nengine: des\n");
        // A group is offered more than it can take, and nobody else is at a limit.
        let (group, load) = if group.is_empty() {
            ("{}".to_owned(), "{closed_loop: true}")
        } else {
            (format!("{{billing: {{reads: [orders], {group}}}}}"), "{rate: 200 k/s}")
        };
        let _ok = write!(
            text,
            "hosts:\n  brokers: {{card: nvme-8c-64g, count: {}, zones: [a, b]}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, {}brokers: {{run_on: brokers, log_dirs: {}}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: {}, config: {{{}}}}}\n\
             producers:\n  shop: {{to: {{orders: 1}}, clients: {}, client: java-2.6, {quota}\
             records: {{size: 1000 B}}, load: {load}, config: {{acks: {}, {}}}}}\n\
             groups: {group}\n",
            self.replicas,
            self.cluster,
            self.log_dirs,
            self.partitions,
            self.replicas,
            self.topic,
            self.clients,
            self.acks,
            config,
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
        let run = run(text, &Self::factors(special, trip), 1);
        let rate = match run.groups.get("billing") {
            Some(group) => group.records_s,
            None => run.producers["shop"].records_s,
        };
        (rate, run.bottleneck.resource)
    }

    fn scarce(&self, more: &[(&str, f64)]) -> Given {
        let special: Vec<(&str, f64)> = self.scarce.iter().chain(more).copied().collect();
        Self::given(&self.text(self.config, self.group, self.quota), &special, self.trip[0])
    }

    fn doubled(&self) -> Given {
        let or = |words: &'static str, other| if words.is_empty() { other } else { words };
        let config = or(self.doubled_config, self.config);
        let quota = or(self.doubled_quota, self.quota);
        let text = self.text(config, or(self.doubled_group, self.group), quota);
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

#[test]
fn followers_that_fall_behind_limit_only_who_waits_for_them() {
    let acks = |acks| {
        // The case of the followers, with a NIC of its own limit above theirs.
        let case = Case {
            scarce: &[(BETWEEN, 20.0), (NIC_IN, 0.05)],
            clients: 8,
            partitions: 8,
            config: BATCH,
            replicas: 2,
            acks,
            ..AMPLE
        };
        case.scarce(&[])
    };
    let (waits, named) = acks("all");
    assert!(named.contains("replica fetchers"), "{named}");
    let (alone, named) = acks("1");
    assert!(named.contains("NIC in"), "{named}");
    assert!(alone > 2.0 * waits, "{alone} without waiting, {waits} with");
}
