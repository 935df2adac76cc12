//! Kafka's own properties: simulated, known and without effect here, or unknown.

use crate::error::{Place, Problem};
use crate::form::{Check, Fields, Value};
use crate::scenario::cards::{Card, embedded};
use std::collections::BTreeMap;

/// A family of properties: its name, the file with all of them, and those that are simulated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    name: &'static str,
    known: &'static str,
    simulated: &'static [&'static str],
}

pub(super) const BROKER: Family = Family {
    name: "broker",
    known: "kafka/broker.txt",
    simulated: &[
        "num.replica.fetchers",
        "num.network.threads",
        "num.io.threads",
        "queued.max.requests",
        "replica.selector.class",
        "min.insync.replicas",
        "replica.fetch.max.bytes",
        "replica.fetch.response.max.bytes",
        "replica.fetch.wait.max.ms",
        "replica.lag.time.max.ms",
        "socket.send.buffer.bytes",
        "socket.receive.buffer.bytes",
        "replica.socket.receive.buffer.bytes",
        "group.consumer.heartbeat.interval.ms",
        "group.consumer.session.timeout.ms",
        "compression.type",
        "compression.gzip.level",
        "compression.zstd.level",
        "broker.session.timeout.ms",
        "broker.heartbeat.interval.ms",
        "auto.leader.rebalance.enable",
        "leader.imbalance.check.interval.seconds",
        "num.recovery.threads.per.data.dir",
    ],
};
pub(super) const TOPIC: Family = Family {
    name: "topic",
    known: "kafka/topic.txt",
    simulated: &[
        "min.insync.replicas",
        "retention.ms",
        "retention.bytes",
        "segment.bytes",
        "segment.ms",
        "flush.messages",
        "compression.type",
        "compression.gzip.level",
        "compression.zstd.level",
    ],
};
pub(super) const PRODUCER: Family = Family {
    name: "producer",
    known: "kafka/producer.txt",
    simulated: &[
        "acks",
        "batch.size",
        "linger.ms",
        "buffer.memory",
        "max.request.size",
        "max.in.flight.requests.per.connection",
        "max.block.ms",
        "delivery.timeout.ms",
        "request.timeout.ms",
        "retry.backoff.ms",
        "retry.backoff.max.ms",
        "send.buffer.bytes",
        "compression.type",
        "compression.gzip.level",
        "compression.zstd.level",
    ],
};
pub(super) const CONSUMER: Family = Family {
    name: "consumer",
    known: "kafka/consumer.txt",
    simulated: &[
        "max.poll.records",
        "fetch.min.bytes",
        "fetch.max.wait.ms",
        "max.partition.fetch.bytes",
        "fetch.max.bytes",
        "auto.commit.interval.ms",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
        "receive.buffer.bytes",
        "client.rack",
        "request.timeout.ms",
        "retry.backoff.ms",
        "retry.backoff.max.ms",
    ],
};

/// Properties that change what is simulated in a way that no engine knows yet.
const NOT_YET: [(&str, &[&str]); 1] = [("cleanup.policy", &["delete"])];

/// Effective properties with their places.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    path: String,
    values: BTreeMap<String, (String, Place)>,
}

/// Reads a `config` map over the defaults of a card.
pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    key: &str,
    family: Family,
    defaults: Option<&Card>,
) -> Option<Config> {
    let mut config = Config { path: fields.path_of(key), ..Config::default() };
    for entry in defaults.into_iter().flat_map(|card| card.values.entries()) {
        if family.simulated.contains(&entry.key.as_str())
            && let Some(text) = entry.node.text()
        {
            config.values.insert(entry.key.clone(), (text.to_owned(), entry.node.place.clone()));
        }
    }
    let mut sound = true;
    if let Some(node) = fields.raw(key) {
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            let allowed = format!("a map of {} properties", family.name);
            fields.refuse(key, node.describe(), allowed);
            return None;
        }
        for entry in node.entries() {
            sound &= config.take(entry, family, fields.check());
        }
    }
    for (name, (value, place)) in &config.values {
        let path = format!("{}/{name}", config.path);
        fields.check().note(path, value.clone(), place.to_string());
    }
    sound.then_some(config)
}

impl Config {
    fn take(&mut self, entry: &crate::form::Entry, family: Family, check: &mut Check) -> bool {
        let (name, place) = (entry.key.as_str(), &entry.node.place);
        let path = format!("{}/{name}", self.path);
        let Some(text) = entry.node.text() else {
            check.problem(place, &path, entry.node.describe(), "a bare value".into());
            return false;
        };
        if family.simulated.contains(&name) {
            self.values.insert(name.to_owned(), (text.to_owned(), place.clone()));
            return true;
        }
        if let Some((_, allowed)) = NOT_YET.iter().find(|(known, _)| *known == name)
            && !allowed.contains(&text)
        {
            let allowed = format!("{}: anything else is not simulated yet", allowed.join(" or "));
            check.problem(place, &path, format!("`{text}`"), allowed);
            return false;
        }
        let known = embedded(family.known).unwrap_or_default();
        if known.lines().any(|line| line == name) {
            check.warnings.push(Problem {
                place: entry.place.clone(),
                path,
                found: format!("`{name}` is a {} property of Kafka", family.name),
                allowed: "it has no effect on this simulation".into(),
                nearest: None,
            });
            return true;
        }
        let nearest = crate::error::nearest_word(name, known.lines()).map(str::to_owned);
        check.problems.push(Problem {
            place: entry.place.clone(),
            path,
            found: format!("`{name}`"),
            allowed: format!("a {} property of Kafka", family.name),
            nearest,
        });
        false
    }

    /// The text of a property that has a default.
    pub(super) fn text(&self, name: &str) -> Option<(&str, &Place)> {
        self.values.get(name).map(|(text, place)| (text.as_str(), place))
    }

    /// A whole number of at least `least`.
    pub(super) fn count(&mut self, name: &str, least: u64, check: &mut Check) -> Option<u64> {
        let (text, place) = self.text(name)?;
        let number = text.parse::<u64>().ok().filter(|number| *number >= least);
        if number.is_none() {
            let allowed = format!("a whole number of at least {least}");
            check.problem(place, &format!("{}/{name}", self.path), format!("`{text}`"), allowed);
        }
        number
    }

    /// A whole number, or `None` inside for −1, Kafka's "no limit".
    pub(super) fn limit(&mut self, name: &str, check: &mut Check) -> Option<Option<u64>> {
        match self.text(name)? {
            ("-1", _) => Some(None),
            _ => self.count(name, 1, check).map(Some),
        }
    }

    /// Takes over what another configuration says, where this one does not.
    pub(super) fn inherit(&mut self, name: &str, from: &Config) {
        if let Some(value) = from.values.get(name)
            && !self.values.contains_key(name)
        {
            self.values.insert(name.to_owned(), value.clone());
        }
    }

    /// The path of a property.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }
}
