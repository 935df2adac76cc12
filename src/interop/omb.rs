//! Workloads and drivers of the OpenMessaging Benchmark become a scenario.
//!
//! Source: its `Workload`, `WorkloadGenerator`, `KeyDistributor` and the Kafka driver's `Config`
//! (openmessaging/benchmark). Every subscription of every topic is a group of its own there, and a
//! producer belongs to one topic; a rate of 0 looks for the largest one, which is a closed loop
//! here. Records are paced by tokens. Keys are of 10,000 values.

use crate::error::{Error, Result};
use crate::form::{Check, Fields, Key, Shape, Table};
use crate::scenario::read::read_text;

const COUNT: Shape = Shape::Count { min: 1, max: 1_000_000 };
const ANY: Shape = Shape::Count { min: 0, max: u64::MAX };
const SHARE: Shape = Shape::Number { min: 0.0, max: 1.0 };
const KEYS: &[&str] = &["NO_KEY", "KEY_ROUND_ROBIN", "RANDOM_NANO"];

/// Keys of a workload.
const WORKLOAD: Table = &[
    Key::required("name", Shape::Text, "its name"),
    Key::required("topics", COUNT, "topics"),
    Key::required("partitionsPerTopic", COUNT, "partitions of each"),
    Key::default("keyDistributor", Shape::Word(KEYS), "NO_KEY", "which keys records have"),
    Key::required("messageSize", Shape::Count { min: 1, max: 1 << 30 }, "bytes of a record"),
    Key::default("useRandomizedPayloads", Shape::Flag, "false", "random and zero bytes"),
    Key::default("randomBytesRatio", SHARE, "0", "share of random bytes"),
    Key::default("randomizedPayloadPoolSize", ANY, "0", "payloads in turn, without effect"),
    Key::optional("payloadFile", Shape::Text, "the payload, without effect on its size"),
    Key::required("subscriptionsPerTopic", ANY, "groups that read each topic"),
    Key::required("producersPerTopic", COUNT, "producers of each topic"),
    Key::default("consumerPerSubscription", COUNT, "1", "members of each group"),
    Key::required("producerRate", ANY, "records/s of all producers; 0 looks for the largest"),
    Key::default("consumerBacklogSizeGB", ANY, "0", "backlog that is built and drained"),
    Key::default("backlogDrainRatio", SHARE, "1", "share of the backlog that is drained"),
    Key::required("testDurationMinutes", Shape::Count { min: 1, max: 1_000_000 }, "length"),
    Key::default("warmupDurationMinutes", Shape::Count { min: 0, max: 10_000 }, "1", "warm-up"),
];

/// Keys of a driver.
const DRIVER: Table = &[
    Key::default("name", Shape::Text, "Kafka", "its name"),
    Key::required("driverClass", Shape::Text, "the class"),
    Key::default("replicationFactor", COUNT, "3", "replicas of each partition"),
    Key::default("reset", Shape::Flag, "false", "without effect"),
    Key::default("topicConfig", Shape::Text, "", "properties, one on a line"),
    Key::default("commonConfig", Shape::Text, "", "properties, one on a line"),
    Key::default("producerConfig", Shape::Text, "", "properties, one on a line"),
    Key::default("consumerConfig", Shape::Text, "", "properties, one on a line"),
];

/// The Kafka driver's class.
const KAFKA: &str = "io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver";
/// Groups that are written out one by one.
const MOST_GROUPS: u64 = 500;
/// Values of a key.
const KEY_VALUES: u64 = 10_000;

/// A workload.
#[derive(Debug, Clone, PartialEq)]
pub struct OmbWorkload {
    /// Its name.
    pub name: String,
    /// Topics.
    pub topics: u64,
    /// Partitions of each.
    pub partitions: u64,
    /// Whether records have keys.
    pub keyed: bool,
    /// Bytes of a record.
    pub message_size: u64,
    /// Groups of each topic.
    pub subscriptions: u64,
    /// Producers of each topic.
    pub producers: u64,
    /// Members of each group.
    pub members: u64,
    /// Records/s of all producers; none looks for the largest.
    pub rate: Option<u64>,
    /// Bytes of backlog that is drained.
    pub backlog: u64,
    /// Minutes: warm-up, test.
    pub minutes: [u64; 2],
}

/// A driver for Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OmbDriver {
    /// Its name.
    pub name: String,
    /// Replicas of each partition.
    pub replication_factor: u64,
    /// Properties of topics, of all clients, of producers, of consumers, in their order.
    pub properties: [Vec<(String, String)>; 4],
}

fn open<T>(
    file: &str,
    text: &str,
    table: Table,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T> {
    let tree = read_text(file, text)?;
    let mut check = Check::default();
    let found = check.open(&tree, "", table).and_then(|mut fields| read(&mut fields));
    match found {
        Some(found) if check.problems.is_empty() => Ok(found),
        _ => Err(Error::input(check.problems)),
    }
}

/// Reads a workload.
///
/// # Errors
/// Broken YAML with its place; unknown and missing keys, values out of range: all at once.
pub fn read_omb_workload(file: &str, text: &str) -> Result<OmbWorkload> {
    open(file, text, WORKLOAD, |fields| {
        let name = fields.text("name");
        let [topics, partitions, message_size, subscriptions, producers, members, rate, gib] = [
            "topics",
            "partitionsPerTopic",
            "messageSize",
            "subscriptionsPerTopic",
            "producersPerTopic",
            "consumerPerSubscription",
            "producerRate",
            "consumerBacklogSizeGB",
        ]
        .map(|key| fields.count(key));
        let keyed = fields.word("keyDistributor");
        let minutes = ["warmupDurationMinutes", "testDurationMinutes"].map(|key| fields.count(key));
        // What has no effect must be right all the same.
        let _ = (fields.flag("useRandomizedPayloads"), fields.number("randomBytesRatio"));
        let _ = (fields.number("backlogDrainRatio"), fields.count("randomizedPayloadPoolSize"));
        if rate == Some(0) && gib.is_some_and(|gib| gib > 0) {
            let allowed = "a rate above 0 with a backlog: the benchmark refuses this too";
            fields.refuse("producerRate", "0 with consumerBacklogSizeGB", allowed);
        }
        Some(OmbWorkload {
            name: name?,
            topics: topics?,
            partitions: partitions?,
            keyed: keyed? > 0,
            message_size: message_size?,
            subscriptions: subscriptions?,
            producers: producers?,
            members: members?,
            rate: rate.map(|rate| (rate > 0).then_some(rate))?,
            backlog: gib?.saturating_mul(1 << 30),
            minutes: [minutes[0]?, minutes[1]?],
        })
    })
}

/// Reads a driver.
///
/// # Errors
/// As [`read_omb_workload`]; a driver of something else than Kafka.
pub fn read_omb_driver(file: &str, text: &str) -> Result<OmbDriver> {
    open(file, text, DRIVER, |fields| {
        let class = fields.text("driverClass");
        if let Some(class) = class.filter(|class| class != KAFKA) {
            fields.refuse("driverClass", format!("`{class}`"), format!("`{KAFKA}`"));
        }
        let _ = fields.flag("reset");
        let name = fields.text("name");
        let replicas = fields.count("replicationFactor");
        let keys = ["topicConfig", "commonConfig", "producerConfig", "consumerConfig"];
        let properties = keys.map(|key| properties(fields, key));
        let [topic, common, producer, consumer] = properties;
        Some(OmbDriver {
            name: name?,
            replication_factor: replicas?,
            properties: [topic?, common?, producer?, consumer?],
        })
    })
}

/// Java properties, one `name=value` on a line; comments begin with `#` or `!`.
fn properties(fields: &mut Fields<'_, '_>, key: &str) -> Option<Vec<(String, String)>> {
    let text = fields.text(key)?;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let Some((name, value)) = line.split_once(['=', ':']) else {
            fields.refuse(key, format!("`{line}`"), "a property `name=value` on each line");
            return None;
        };
        found.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Some(found)
}

/// A word of letters, digits and dashes.
pub(super) fn slug(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let all: String = text.chars().map(plain).collect();
    let parts: Vec<&str> = all.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "scenario".to_owned() } else { parts.join("-") }
}

/// Quotes a value of a property where YAML would read it as something else.
fn scalar(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Where a client finds the cluster and how it calls itself is not part of a simulation.
const WITHOUT_EFFECT: [&str; 6] = [
    "bootstrap.servers",
    "client.id",
    "default.api.timeout.ms",
    "auto.offset.reset",
    "key.serializer",
    "value.serializer",
];

/// Properties as a map, and those that are left out as a comment.
fn config(properties: &[(String, String)]) -> (String, String) {
    let effect = |(name, _): &&(String, String)| !WITHOUT_EFFECT.contains(&name.as_str());
    let kept: Vec<String> = properties
        .iter()
        .filter(effect)
        .map(|(name, value)| format!("{name}: {}", scalar(value)))
        .collect();
    let left: Vec<&str> =
        properties.iter().filter(|one| !effect(one)).map(|(name, _)| name.as_str()).collect();
    let comment = if left.is_empty() {
        String::new()
    } else {
        format!("    # without effect here: {}\n", left.join(", "))
    };
    (format!("{{{}}}", kept.join(", ")), comment)
}

/// The scenario of a workload and a driver, on so many brokers of a machine card.
///
/// # Errors
/// More groups than can be written out, or fewer brokers than replicas.
pub fn omb_scenario(
    workload: &OmbWorkload,
    driver: &OmbDriver,
    brokers: u32,
    machine: &str,
) -> Result<String> {
    let groups = workload.topics.saturating_mul(workload.subscriptions);
    if groups > MOST_GROUPS {
        return Err(Error::usage(format!(
            "{} topics with {} subscriptions are {groups} groups; at most {MOST_GROUPS} are \
             written out",
            workload.topics, workload.subscriptions
        )));
    }
    if u64::from(brokers) < driver.replication_factor {
        return Err(Error::usage(format!(
            "{} replicas on {brokers} brokers; the nearest is --brokers {}",
            driver.replication_factor, driver.replication_factor
        )));
    }
    let [warm_up, measured] = workload.minutes;
    let several = workload.topics > 1;
    let count = if several { format!("count: {}, ", workload.topics) } else { String::new() };
    let star = if several { "test-topic-*" } else { "test-topic" };
    let (topics, _) = config(&driver.properties[0]);
    let (producer, left) = config(&driver.with_common(2));
    let load = match workload.rate {
        Some(rate) => format!("    load: {{rate: {rate} /s}}\n    arrivals: tokens\n"),
        None => "    # producerRate 0: as fast as the cluster takes records\n    load: \
                 {closed_loop: true}\n"
            .to_owned(),
    };
    let key = if workload.keyed { format!(", key: {{keys: {KEY_VALUES}}}") } else { String::new() };
    let mut text = format!(
        "# The workload `{}` of the OpenMessaging Benchmark with the driver `{}`.\n\
         # Machines are not part of either: put in what the brokers run on.\n\
         schema: kafsim/scenario/1\n\
         name: {}\n\
         duration: {} min\n\
         warm_up: {warm_up} min\n\
         hosts:\n  brokers: {{card: {machine}, count: {brokers}}}\n\
         cluster:\n  brokers: {{run_on: brokers}}\n\
         topics:\n  {star}: {{{count}partitions: {}, replication_factor: {}, config: {topics}}}\n",
        workload.name.replace(['\n', '\r'], " "),
        driver.name.replace(['\n', '\r'], " "),
        slug(&workload.name),
        warm_up + measured,
        workload.partitions,
        driver.replication_factor,
    );
    text.push_str(&backlog(workload, groups));
    text.push_str(&format!(
        "producers:\n  benchmark:\n    to: {{{star}: 1}}\n    clients: {}\n    records: {{size: {} \
         B{key}}}\n{load}    config: {producer}\n{left}",
        workload.topics * workload.producers,
        workload.message_size,
    ));
    text.push_str(&readers(workload, driver));
    Ok(text)
}

/// The benchmark starts on empty topics; what a backlog needs is stored before.
fn backlog(workload: &OmbWorkload, groups: u64) -> String {
    if workload.backlog == 0 {
        return "initial: {stored: empty}\n".to_owned();
    }
    let each = workload.backlog / workload.message_size / groups.max(1);
    let lags: Vec<String> =
        (1..=groups).map(|number| format!("{}: {each}", group(number))).collect();
    format!(
        "# consumerBacklogSizeGB: the backlog is there at the start, and is drained\n\
         initial: {{lag: {{{}}}}}\n",
        lags.join(", ")
    )
}

/// A group for each subscription of each topic.
fn readers(workload: &OmbWorkload, driver: &OmbDriver) -> String {
    if workload.subscriptions == 0 {
        return String::new();
    }
    let (consumer, left) = config(&driver.with_common(3));
    let mut text = format!("groups:\n{left}");
    for number in 0..workload.topics * workload.subscriptions {
        let topic = match workload.topics {
            1 => "test-topic".to_owned(),
            _ => format!("test-topic-{}", number / workload.subscriptions + 1),
        };
        text.push_str(&format!(
            "  {}: {{reads: [{topic}], members: {}, protocol: classic, config: {consumer}}}\n",
            group(number + 1),
            workload.members
        ));
    }
    text
}

impl OmbDriver {
    /// Properties of a kind of client, with those of all clients that it does not set itself.
    fn with_common(&self, kind: usize) -> Vec<(String, String)> {
        let own = &self.properties[kind];
        let set = |name: &String| own.iter().any(|(other, _)| other == name);
        let common = self.properties[1].iter().filter(|(name, _)| !set(name));
        common.chain(own).cloned().collect()
    }
}

fn group(number: u64) -> String {
    format!("sub-{number:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{LoadOptions, load_text};

    const WORK: &str = "name: 1 topic / 16 partitions\ntopics: 1\npartitionsPerTopic: 16\n\
        keyDistributor: RANDOM_NANO\nmessageSize: 1024\nsubscriptionsPerTopic: 2\n\
        producersPerTopic: 4\nconsumerPerSubscription: 3\nproducerRate: 50000\n\
        consumerBacklogSizeGB: 0\ntestDurationMinutes: 15\n";
    const DRIVE: &str = "name: Kafka\ndriverClass: \
        io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\nreplicationFactor: 3\n\
        topicConfig: |\n  min.insync.replicas=2\ncommonConfig: |\n  \
        bootstrap.servers=localhost:9092\nproducerConfig: |\n  acks=all\n  linger.ms=1\n  \
        batch.size=131072\nconsumerConfig: |\n  \
        auto.offset.reset=earliest\n  max.partition.fetch.bytes=10485760\n";

    fn scenario(work: &str, brokers: u32) -> Result<String> {
        let workload = read_omb_workload("w.yaml", work)?;
        let driver = read_omb_driver("d.yaml", DRIVE)?;
        omb_scenario(&workload, &driver, brokers, "nvme-8c-64g")
    }

    #[test]
    fn a_workload_and_a_driver_become_a_scenario_that_passes_the_checks() {
        let text = scenario(WORK, 3).unwrap();
        let checked = load_text("s.yaml", &text, &LoadOptions::default()).unwrap();
        let one = &checked.scenario;
        assert_eq!(one.cluster.partitions.len(), 16);
        assert_eq!((one.producers[0].clients, one.groups.len(), one.groups[0].members), (4, 2, 3));
        assert_eq!(one.producers[0].settings.batch_size.get(), 131_072);
        assert_eq!(one.groups[0].settings.max_partition_fetch.get(), 10_485_760);
        assert_eq!(one.cluster.topics[0].settings.min_insync_replicas, 2);
        assert_eq!(one.duration.as_secs_f64(), 16.0 * 60.0);
        assert!(text.contains("# without effect here: bootstrap.servers"), "{text}");
    }

    #[test]
    fn many_topics_a_search_and_a_backlog() {
        let many = WORK.replace("topics: 1\n", "topics: 5\n").replace("50000", "0");
        let text = scenario(&many, 3).unwrap();
        let one = load_text("s.yaml", &text, &LoadOptions::default()).unwrap().scenario;
        assert_eq!((one.cluster.topics.len(), one.groups.len()), (5, 10));
        assert_eq!(one.groups.iter().map(|group| group.reads.len()).max(), Some(1));
        let drain = WORK.replace("SizeGB: 0", "SizeGB: 10");
        let text = scenario(&drain, 3).unwrap();
        let one = load_text("s.yaml", &text, &LoadOptions::default()).unwrap().scenario;
        let lag: u64 = one.initial.lag.values().map(|records| records.get()).sum();
        assert_eq!(lag, 10 * (1 << 30) / 1024);
    }

    #[test]
    fn bad_workloads_are_told_with_their_places() {
        let told = |text: &str| {
            let error = read_omb_workload("w.yaml", text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        };
        let text = told(&WORK.replace("partitionsPerTopic", "partitionPerTopic"));
        assert!(text.contains("w.yaml:3:1") && text.contains("did you mean"), "{text}");
        assert!(told(&WORK.replace("topics: 1", "topics: 0")).contains("topics: found `0`"));
        assert!(told("name: x\ntopics: [1, 2").contains("w.yaml:"));
        let both = WORK.replace("50000", "0").replace("SizeGB: 0", "SizeGB: 10");
        assert!(told(&both).contains("refuses this too"));
        let pulsar = DRIVE.replace("driver.kafka.Kafka", "driver.pulsar.Pulsar");
        let error = read_omb_driver("d.yaml", &pulsar).unwrap_err();
        assert!(error.to_string().contains("driverClass"), "{error}");
        let error = read_omb_driver("d.yaml", &DRIVE.replace("acks=all", "acks all")).unwrap_err();
        assert!(error.to_string().contains("name=value"), "{error}");
        let error = scenario(WORK, 2).unwrap_err();
        assert!(error.to_string().contains("the nearest is --brokers 3"), "{error}");
    }
}
