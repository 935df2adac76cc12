//! Strimzi's `KafkaRebalance`: which change it asks for, and one that asks for a change.
//!
//! Source: the custom resource's schema (strimzi/strimzi-kafka-operator, `KafkaRebalanceSpec`):
//! mode, brokers, goals, limits of concurrency, throttle in bytes/s.

use crate::error::{Error, Result};
use crate::form::{Check, Fields, Key, Shape, Table};
use crate::scenario::read::read_text;
use crate::units::ByteRate;

const MODES: &[&str] = &["full", "add-brokers", "remove-brokers"];
const COUNT: Shape = Shape::Count { min: 1, max: 1_000_000_000 };
const OBJECT: Table = &[
    Key::required("apiVersion", Shape::Text, "kafka.strimzi.io/v1 or v1beta2"),
    Key::required("kind", Shape::Word(&["KafkaRebalance"]), "the kind"),
    Key::optional("metadata", Shape::Foreign("metadata"), "name and labels"),
    Key::optional("spec", Shape::Map(SPEC), "what is asked for"),
    Key::optional("status", Shape::Foreign("status"), "without effect"),
];
const SPEC: Table = &[
    Key::default("mode", Shape::Word(MODES), "full", "which change"),
    Key::optional("brokers", Shape::List(&COUNT), "brokers that join or leave"),
    Key::optional("goals", Shape::List(&Shape::Text), "Cruise Control's goals, in their order"),
    Key::default("skipHardGoalCheck", Shape::Flag, "false", "without effect"),
    Key::default("rebalanceDisk", Shape::Flag, "false", "between disks of a broker"),
    Key::optional("excludedTopics", Shape::Text, "a pattern of topics that stay"),
    Key::default("concurrentPartitionMovementsPerBroker", COUNT, "5", "replicas at a time"),
    Key::default("concurrentIntraBrokerPartitionMovements", COUNT, "2", "without effect"),
    Key::default("concurrentLeaderMovements", COUNT, "1000", "without effect"),
    Key::optional("replicationThrottle", COUNT, "bytes/s of each broker"),
    Key::optional("replicaMovementStrategies", Shape::List(&Shape::Text), "without effect"),
];
const METADATA: Table = &[
    Key::required("name", Shape::Text, "its name"),
    Key::optional("namespace", Shape::Text, "without effect"),
    Key::optional("labels", Shape::Foreign("labels"), "strimzi.io/cluster names the cluster"),
    Key::optional("annotations", Shape::Foreign("annotations"), "without effect"),
];

/// What a rebalance changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebalanceMode {
    /// Replicas move between the brokers there are.
    Full,
    /// Brokers have joined and get replicas.
    AddBrokers,
    /// Brokers lose all replicas.
    RemoveBrokers,
}

/// A rebalance.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaRebalance {
    /// Its name.
    pub name: String,
    /// The cluster that its label names.
    pub cluster: Option<String>,
    /// What it changes.
    pub mode: RebalanceMode,
    /// Brokers that join or leave.
    pub brokers: Vec<u32>,
    /// Replicas that a broker gets or sends at a time.
    pub concurrency: u32,
    /// Throttle of each broker.
    pub throttle: Option<ByteRate>,
}

/// Reads a rebalance.
///
/// # Errors
/// Broken YAML with its place; another kind; brokers missing or not wanted by the mode; what is not
/// simulated: topics that stay, disks of one broker.
pub fn read_kafka_rebalance(file: &str, text: &str) -> Result<KafkaRebalance> {
    let tree = read_text(file, text)?;
    let mut check = Check::default();
    let found = check.open(&tree, "", OBJECT).and_then(|mut fields| rebalance(&mut fields));
    match found {
        Some(found) if check.problems.is_empty() => Ok(found),
        _ => Err(Error::input(check.problems)),
    }
}

fn rebalance(fields: &mut Fields<'_, '_>) -> Option<KafkaRebalance> {
    let _ = (fields.text("apiVersion"), fields.word("kind"));
    let (mut name, mut cluster) = ("rebalance".to_owned(), None);
    if let Some(node) = fields.raw("metadata") {
        let mut metadata = fields.check().open_foreign(node, "metadata", METADATA)?;
        name = metadata.text("name")?;
        let labels = metadata.raw("labels");
        let label = labels.and_then(|labels| labels.get("strimzi.io/cluster"));
        cluster = label.and_then(|label| label.text()).map(str::to_owned);
    }
    let place = fields.node().place.clone();
    let empty = crate::form::Node { place, value: crate::form::Value::Map(Vec::new()) };
    let spec = fields.raw("spec").unwrap_or(&empty);
    let mut spec = fields.check().open(spec, "spec", SPEC)?;
    let mode = spec.word("mode");
    let brokers: Option<Vec<u32>> = spec
        .list("brokers")
        .iter()
        .map(|node| node.text().and_then(|text| text.parse().ok()))
        .collect();
    if brokers.is_none() {
        spec.refuse("brokers", "what is no broker id", "a list of broker ids, e.g. [3, 4]");
    }
    if spec.flag("rebalanceDisk") == Some(true) {
        spec.refuse("rebalanceDisk", "`true`", "`false`: disks of one broker are not balanced");
    }
    if let Some(pattern) = spec.text("excludedTopics") {
        let allowed = "nothing: the plan is about all topics";
        spec.refuse("excludedTopics", format!("`{pattern}`"), allowed);
    }
    let concurrency = spec.count("concurrentPartitionMovementsPerBroker");
    let throttle = if spec.has("replicationThrottle") {
        Some(spec.count("replicationThrottle")?)
    } else {
        None
    };
    let (mode, brokers) = (mode?, brokers?);
    match (mode, brokers.is_empty()) {
        (0, false) => {
            spec.refuse("brokers", format!("{brokers:?}"), "no brokers with the mode `full`");
        }
        (1 | 2, true) => {
            let found = format!("no brokers with the mode `{}`", MODES[mode]);
            spec.refuse("brokers", found, "the ids of brokers that join or leave");
        }
        _ => {}
    }
    let modes = [RebalanceMode::Full, RebalanceMode::AddBrokers, RebalanceMode::RemoveBrokers];
    Some(KafkaRebalance {
        name,
        cluster,
        mode: modes[mode],
        brokers,
        concurrency: u32::try_from(concurrency?).unwrap_or(u32::MAX),
        throttle: throttle.map(|rate| ByteRate::per_sec(rate as f64)),
    })
}

/// The object that asks for a rebalance.
pub fn kafka_rebalance_yaml(one: &KafkaRebalance) -> String {
    let mode = match one.mode {
        RebalanceMode::Full => MODES[0],
        RebalanceMode::AddBrokers => MODES[1],
        RebalanceMode::RemoveBrokers => MODES[2],
    };
    let cluster = one.cluster.as_deref().unwrap_or("my-cluster");
    let mut text = format!(
        "apiVersion: kafka.strimzi.io/v1\nkind: KafkaRebalance\nmetadata:\n  name: {}\n  \
         labels:\n    strimzi.io/cluster: {cluster}\nspec:\n  mode: {mode}\n",
        one.name
    );
    if !one.brokers.is_empty() {
        text.push_str(&format!("  brokers: {:?}\n", one.brokers));
    }
    text.push_str(&format!("  concurrentPartitionMovementsPerBroker: {}\n", one.concurrency));
    if let Some(throttle) = one.throttle {
        text.push_str(&format!("  replicationThrottle: {}\n", throttle.get() as u64));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_goes_out_and_comes_back() {
        let one = KafkaRebalance {
            name: "my-rebalance".into(),
            cluster: Some("prod".into()),
            mode: RebalanceMode::AddBrokers,
            brokers: vec![3, 4],
            concurrency: 7,
            throttle: Some(ByteRate::per_sec(52_428_800.0)),
        };
        let text = kafka_rebalance_yaml(&one);
        assert_eq!(read_kafka_rebalance("k.yaml", &text).unwrap(), one);
        let full = KafkaRebalance { mode: RebalanceMode::Full, brokers: Vec::new(), ..one };
        let text = kafka_rebalance_yaml(&full);
        assert_eq!(read_kafka_rebalance("k.yaml", &text).unwrap(), full);
    }

    #[test]
    fn what_strimzi_ships_is_read() {
        let text = "apiVersion: kafka.strimzi.io/v1\nkind: KafkaRebalance\nmetadata:\n  \
            name: r\n  labels:\n    strimzi.io/cluster: my-cluster\nspec:\n  \
            mode: add-brokers\n  brokers: [3, 4]\n";
        let one = read_kafka_rebalance("k.yaml", text).unwrap();
        assert_eq!((one.mode, one.brokers), (RebalanceMode::AddBrokers, vec![3, 4]));
        assert_eq!((one.concurrency, one.throttle), (5, None));
        let bare = read_kafka_rebalance("k.yaml", &text.replace("spec:", "spec: {}\nstatus:"));
        assert_eq!(bare.unwrap().mode, RebalanceMode::Full);
    }

    #[test]
    fn bad_objects_are_told_with_their_places() {
        let head = "apiVersion: v1\nkind: KafkaRebalance\nspec:\n";
        for (spec, words) in [
            ("  mode: add-broker\n", "did you mean `add-brokers`"),
            ("  mode: add-brokers\n", "no brokers with the mode `add-brokers`"),
            ("  mode: full\n  brokers: [1]\n", "no brokers with the mode `full`"),
            ("  mode: remove-brokers\n  brokers: [x]\n", "a list of broker ids"),
            ("  replicationThrotle: 1\n", "did you mean `replicationThrottle`"),
            ("  replicationThrottle: 0\n", "replicationThrottle: found `0`"),
            ("  mode: [full\n", "k.yaml:"),
        ] {
            let error = read_kafka_rebalance("k.yaml", &format!("{head}{spec}")).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(words), "{spec}: {error}");
        }
        let other = read_kafka_rebalance("k.yaml", "apiVersion: v1\nkind: Kafka\n").unwrap_err();
        assert!(other.to_string().contains("kind"), "{other}");
    }
}
