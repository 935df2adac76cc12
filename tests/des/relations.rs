//! Relations between two runs that hold whatever the right numbers are.

use super::{Factors, near, network, run};
use kafsim::metrics::Run;

/// Three brokers, two producers and a group; a relation changes one thing.
#[derive(Clone)]
struct Setup {
    brokers: &'static str,
    replicas: u32,
    partitions: u32,
    clients: u32,
    size: &'static str,
    load: &'static str,
    producer: &'static str,
    acks: &'static str,
    topic: &'static str,
    cluster: &'static str,
    /// What the group is made of.
    group: &'static str,
    fetching: &'static str,
    /// Further topics and groups.
    more_topics: &'static str,
    more_groups: &'static str,
    duration: &'static str,
    factors: &'static [(&'static str, f64)],
    /// Round trip in ms.
    trip: f64,
    seed: u64,
}

const PACED: Setup = Setup {
    brokers: "count: 3",
    replicas: 3,
    partitions: 12,
    clients: 2,
    size: "1000 B",
    load: "{rate: 20 k/s}",
    producer: "batch.size: 16384, linger.ms: 1",
    acks: "all",
    topic: "",
    cluster: "",
    group: "members: 2",
    fetching: "",
    more_topics: "",
    more_groups: "",
    duration: "6 s",
    factors: &[],
    trip: 0.5,
    seed: 1,
};

const CLOSED: Setup =
    Setup { load: "{closed_loop: true}", duration: "3 s", group: "members: 6", ..PACED };

impl Setup {
    fn run(&self) -> Run {
        let text = format!(
            "name: relation\nduration: {}\nwarm_up: 1 s\nengine: des\n\
             hosts:\n  brokers: {{card: lab-4c-16g, {}}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, config: {{{}}}, brokers: {{run_on: brokers}}}}\n\
             topics:\n  orders: {{partitions: {}, replication_factor: {}, config: {{{}}}}}\n{}\
             producers:\n  shop: {{to: {{orders: 1}}, clients: {}, client: java-2.6, \
             records: {{size: {}}}, load: {}, config: {{acks: {}, {}}}}}\n\
             groups:\n  billing: {{reads: [orders], {}, config: {{{}}}}}\n{}",
            self.duration,
            self.brokers,
            self.cluster,
            self.partitions,
            self.replicas,
            self.topic,
            self.more_topics,
            self.clients,
            self.size,
            self.load,
            self.acks,
            self.producer,
            self.group,
            self.fetching,
            self.more_groups,
        );
        let mut factors: Factors =
            self.factors.iter().map(|(key, factor)| ((*key).to_owned(), *factor)).collect();
        network(&mut factors, self.trip, self.trip);
        run(&text, &factors, self.seed)
    }
}

fn rate(run: &Run) -> f64 {
    run.producers["shop"].records_s
}

fn requests(run: &Run) -> f64 {
    run.producers["shop"].requests_s.expect("requests are counted")
}

fn fill(run: &Run) -> f64 {
    run.producers["shop"].batch_fill.expect("batches are counted")
}

fn p50(run: &Run) -> f64 {
    run.producers["shop"].latency_ms.expect("something was acknowledged").p50
}

fn e2e(run: &Run) -> f64 {
    run.groups["billing"].e2e_latency_ms.expect("something was delivered").p50
}

fn consumed(run: &Run) -> f64 {
    run.groups["billing"].records_s
}

/// Mean utilisation over the brokers.
fn mean(run: &Run, of: impl Fn(&kafsim::metrics::BrokerOutcome) -> f64) -> f64 {
    run.brokers.values().map(of).sum::<f64>() / run.brokers.len() as f64
}

fn cpu(run: &Run) -> f64 {
    mean(run, |broker| broker.cpu.mean)
}

fn nic_out(run: &Run) -> f64 {
    mean(run, |broker| broker.nic_out.mean)
}

/// What a measure may do between two setups.
#[derive(Clone)]
enum Relation {
    /// Equal to the last bit.
    Same,
    /// Equal within a share.
    Within(f64),
    /// Not less, but for a share of chance.
    AtLeast(f64),
    /// Times this factor, within a share.
    Times(f64, f64),
    /// Larger by more than this factor.
    Grows(f64),
}
use Relation::{AtLeast, Grows, Same, Times, Within};

type Measure = fn(&Run) -> f64;
type Line = (&'static str, Setup, Setup, Measure, Relation);

const NIC: &[(&str, f64)] = &[("hosts/lab-4c-16g/nic_in", 2.0), ("hosts/lab-4c-16g/nic_out", 2.0)];
const DISK: &[(&str, f64)] = &[("hosts/lab-4c-16g/disk_write", 2.0)];
const CPU: &[(&str, f64)] = &[("hosts/lab-4c-16g/speed", 2.0)];
const WORK: &str = "members: 2, work: {cpu_per_record: 200 us}";

/// What must change nothing.
fn equal() -> Vec<Line> {
    vec![
        ("a size in another unit", PACED, Setup { size: "1 kB", ..PACED }, p50, Same),
        ("a rate in another unit", PACED, Setup { load: "{rate: 20000 /s}", ..PACED }, p50, Same),
        (
            "min.insync that is met",
            PACED,
            Setup { topic: "min.insync.replicas: 2", ..PACED },
            p50,
            Same,
        ),
        (
            "acks=all with one replica is acks=1",
            Setup { replicas: 1, ..PACED },
            Setup { replicas: 1, acks: "1", ..PACED },
            p50,
            Same,
        ),
        (
            "memory that nobody needs",
            PACED,
            Setup {
                producer: "batch.size: 16384, linger.ms: 1, buffer.memory: 268435456",
                ..PACED
            },
            p50,
            Same,
        ),
        (
            "an idle group",
            PACED,
            Setup {
                more_topics: "  quiet: {partitions: 1, replication_factor: 1}\n",
                more_groups: "  audit: {reads: [quiet], members: 1}\n",
                ..PACED
            },
            p50,
            Within(0.02),
        ),
        (
            "an idle topic",
            PACED,
            Setup { more_topics: "  quiet: {partitions: 3, replication_factor: 1}\n", ..PACED },
            p50,
            Within(0.02),
        ),
        ("another seed", PACED, Setup { seed: 2, ..PACED }, rate, Within(0.005)),
        ("twice as long", PACED, Setup { duration: "11 s", ..PACED }, p50, Within(0.03)),
        (
            "the same load by more clients",
            PACED,
            Setup { clients: 4, ..PACED },
            rate,
            Within(0.005),
        ),
        (
            "what is paced is sent, whatever the acks",
            PACED,
            Setup { acks: "0", ..PACED },
            rate,
            Within(0.005),
        ),
        (
            "what is paced is consumed",
            PACED,
            Setup { group: "members: 4", ..PACED },
            consumed,
            Within(0.005),
        ),
    ]
}

/// More of a thing never gives less.
fn more() -> Vec<Line> {
    vec![
        ("more NIC", CLOSED, Setup { factors: NIC, ..CLOSED }, rate, AtLeast(0.03)),
        ("faster disks", CLOSED, Setup { factors: DISK, ..CLOSED }, rate, AtLeast(0.03)),
        ("faster cores", CLOSED, Setup { factors: CPU, ..CLOSED }, rate, AtLeast(0.03)),
        ("more brokers", CLOSED, Setup { brokers: "count: 6", ..CLOSED }, rate, AtLeast(0.03)),
        (
            "more in flight",
            Setup { producer: "max.in.flight.requests.per.connection: 1", ..CLOSED },
            CLOSED,
            rate,
            AtLeast(0.03),
        ),
        (
            "larger batches",
            Setup { producer: "batch.size: 2000", ..CLOSED },
            CLOSED,
            rate,
            AtLeast(0.03),
        ),
        (
            "more handlers",
            Setup { cluster: "num.io.threads: 1", ..CLOSED },
            CLOSED,
            rate,
            AtLeast(0.03),
        ),
        ("a nearer network", Setup { trip: 20.0, ..CLOSED }, CLOSED, rate, AtLeast(0.03)),
        ("fewer replicas", CLOSED, Setup { replicas: 1, ..CLOSED }, rate, AtLeast(0.03)),
        (
            "no forced appends",
            Setup { topic: "flush.messages: 1", ..CLOSED },
            CLOSED,
            rate,
            AtLeast(0.03),
        ),
        (
            "more fetcher threads",
            CLOSED,
            Setup { cluster: "num.replica.fetchers: 4", ..CLOSED },
            rate,
            AtLeast(0.03),
        ),
        (
            "a group that works has more with more members",
            Setup { group: WORK, ..PACED },
            Setup { group: "members: 4, work: {cpu_per_record: 200 us}", ..PACED },
            consumed,
            Grows(1.8),
        ),
    ]
}

/// More waiting takes longer.
fn slower() -> Vec<Line> {
    vec![
        (
            "acks=1 is not slower than acks=all",
            Setup { acks: "1", ..PACED },
            PACED,
            p50,
            Grows(1.0),
        ),
        (
            "acks=0 is not slower than acks=1",
            Setup { acks: "0", ..PACED },
            Setup { acks: "1", ..PACED },
            p50,
            Grows(1.0),
        ),
        // At 1 k records/s each, a batch of 16 takes longer to fill than any linger here.
        (
            "a longer linger",
            Setup { load: "{rate: 2 k/s}", ..PACED },
            Setup { load: "{rate: 2 k/s}", producer: "batch.size: 16384, linger.ms: 10", ..PACED },
            p50,
            Grows(1.5),
        ),
        (
            "a longer linger fills batches",
            PACED,
            Setup { producer: "batch.size: 16384, linger.ms: 10", ..PACED },
            fill,
            Grows(1.2),
        ),
        (
            "no linger sends more requests",
            Setup { producer: "batch.size: 16384, linger.ms: 10", ..PACED },
            PACED,
            requests,
            Grows(1.2),
        ),
        ("a farther network", PACED, Setup { trip: 10.0, ..PACED }, p50, Grows(2.0)),
        ("forced appends", PACED, Setup { topic: "flush.messages: 1", ..PACED }, p50, Grows(1.0)),
        (
            "fetch.min.bytes waits",
            PACED,
            Setup { fetching: "fetch.min.bytes: 1048576", ..PACED },
            e2e,
            Grows(1.5),
        ),
        (
            "commits after each poll cost CPU",
            PACED,
            Setup { group: "members: 2, commits: each_poll", ..PACED },
            cpu,
            Grows(1.0),
        ),
    ]
}

/// What scales.
fn scaling() -> Vec<Line> {
    vec![
        (
            "a second group doubles what is not replication",
            Setup { replicas: 1, ..PACED },
            Setup { replicas: 1, more_groups: "  audit: {reads: [orders], members: 2}\n", ..PACED },
            nic_out,
            Times(2.0, 0.02),
        ),
        (
            "three replicas and a group send three times as much as the group",
            Setup { replicas: 1, ..PACED },
            PACED,
            nic_out,
            Times(3.0, 0.05),
        ),
        (
            "records twice as large at half the rate",
            PACED,
            Setup { size: "2000 B", load: "{rate: 10 k/s}", ..PACED },
            nic_out,
            Within(0.02),
        ),
        (
            "half the load on half the cluster",
            PACED,
            Setup {
                brokers: "count: 6",
                partitions: 24,
                clients: 4,
                load: "{rate: 40 k/s}",
                group: "members: 4",
                ..PACED
            },
            nic_out,
            Within(0.02),
        ),
    ]
}

#[test]
fn relations_between_runs_hold() {
    let mut broken = Vec::new();
    for (name, before, after, measure, relation) in [equal(), more(), slower(), scaling()].concat()
    {
        let (a, b) = (measure(&before.run()), measure(&after.run()));
        let holds = match relation {
            Same => a.to_bits() == b.to_bits(),
            Within(share) => near(b, a, share),
            AtLeast(share) => b >= a * (1.0 - share),
            Times(factor, share) => near(b, a * factor, share),
            Grows(factor) => b > a * factor,
        };
        if !holds {
            broken.push(format!("{name}: {a} and {b}"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn names_mean_nothing() {
    // Other names draw other numbers: only what chance leaves may differ.
    let text = |topic: &str, producer: &str, group: &str| {
        format!(
            "name: names\nduration: 6 s\nwarm_up: 1 s\nengine: des\n\
             hosts:\n  brokers: {{card: lab-4c-16g, count: 3}}\n\
             network: {{card: one-region-three-zones}}\n\
             cluster: {{costs: test-costs, brokers: {{run_on: brokers}}}}\n\
             topics:\n  {topic}: {{partitions: 12, replication_factor: 3}}\n\
             producers:\n  {producer}: {{to: {{{topic}: 1}}, clients: 2, \
             records: {{size: 1000 B}}, load: {{rate: 20 k/s}}}}\n\
             groups:\n  {group}: {{reads: [{topic}], members: 2}}\n"
        )
    };
    let run_of = |text: String| run(&text, &Factors::new(), 1);
    let (a, b) = (run_of(text("orders", "shop", "billing")), run_of(text("a", "z", "m")));
    let (a, b) = (&a.producers["shop"], &b.producers["z"]);
    assert!(near(b.records_s, a.records_s, 0.005), "{} and {}", a.records_s, b.records_s);
    let latency =
        |one: &kafsim::metrics::ProducerOutcome| one.latency_ms.expect("acknowledged").p50;
    assert!(near(latency(b), latency(a), 0.03), "{} and {}", latency(a), latency(b));
}
