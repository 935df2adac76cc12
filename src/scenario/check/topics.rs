//! `topics` and `placement`: partitions with their replicas.

use super::cluster::Brokers;
use super::codec;
use super::config::{self, Config};
use super::placed::{self, Placed};
use super::{Context, MOST_REPLICAS};
use crate::cluster::{
    Cluster, Partition, PartitionId, Slot, Topic, TopicId, TopicSettings, place_striped,
    spread_log_dirs,
};
use crate::form::{Check, Entry, Fields, Key, Shape, Table};
use crate::units::{Bytes, SimSpan};

/// One topic, or several equal ones.
pub(super) const TOPIC: Table = &[
    Key::default("count", Shape::Count { min: 1, max: 100_000 }, "1", "topics, for a name with *"),
    Key::required("partitions", Shape::Count { min: 1, max: 1_000_000 }, "partitions of each"),
    Key::default("replication_factor", Shape::Count { min: 1, max: 100 }, "3", "replicas of each"),
    Key::optional("config", Shape::Foreign("topic properties"), "Kafka's own names, bare numbers"),
];

/// Properties of topics whose default is a broker's property of the same name.
const INHERITED: [&str; 4] =
    ["min.insync.replicas", "compression.type", "compression.gzip.level", "compression.zstd.level"];

/// A larger `flush.messages` never forces anything.
const MOST_FLUSH: u64 = 1 << 40;

struct Spec {
    names: Vec<String>,
    partitions: u32,
    replication_factor: u32,
    settings: TopicSettings,
}

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    brokers: Option<&Brokers>,
) -> Option<Cluster> {
    let placed = placed::read(fields, context, brokers.map(|brokers| &brokers.cluster));
    let node = fields.raw("topics")?;
    if node.entries().is_empty() {
        fields.refuse(
            "topics",
            node.describe(),
            "a map of topics, e.g. `orders: {partitions: 12}`",
        );
        return None;
    }
    let mut specs = Vec::new();
    let mut sound = true;
    for entry in node.entries() {
        let path = format!("topics/{}", entry.key);
        let spec = fields
            .check()
            .open(&entry.node, &path, TOPIC)
            .and_then(|mut topic| read_topic(entry, &mut topic, context, brokers));
        sound &= spec.is_some();
        specs.extend(spec);
    }
    let replicas: u64 = specs
        .iter()
        .map(|spec| {
            let each = u64::from(spec.partitions) * u64::from(spec.replication_factor);
            each.saturating_mul(spec.names.len() as u64)
        })
        .fold(0, u64::saturating_add);
    if replicas > MOST_REPLICAS {
        let allowed = format!("at most {MOST_REPLICAS} replicas of all topics together");
        fields.refuse("topics", format!("{replicas} replicas"), allowed);
        return None;
    }
    let (brokers, placed) = (brokers?, placed.ok()?);
    if !sound {
        return None;
    }
    place(brokers, specs, context, placed.as_ref(), fields.check())
}

fn read_topic(
    entry: &Entry,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    brokers: Option<&Brokers>,
) -> Option<Spec> {
    let count = fields.count("count");
    let partitions = fields.count("partitions");
    let replication_factor = fields.count("replication_factor");
    let defaults = brokers.and_then(|brokers| {
        let card = format!("kafka-{}", brokers.version);
        context.card_named("brokers", &card, "config", fields)
    });
    let mut config = config::read(fields, "config", config::TOPIC, defaults.as_ref());
    if let (Some(config), Some(brokers)) = (&mut config, brokers) {
        for name in INHERITED {
            if fields.node().get("config").is_none_or(|own| own.get(name).is_none()) {
                config.inherit(name, &brokers.config);
            }
        }
    }
    let names = names(entry, count?, fields)?;
    let (partitions, replication_factor) = (partitions?, replication_factor? as u32);
    if let Some(brokers) = brokers {
        let there = brokers.cluster.brokers.len();
        if replication_factor as usize > there {
            let found = format!("{replication_factor} replicas on {there} brokers");
            fields.refuse("replication_factor", found, format!("at most {there}"));
            return None;
        }
    }
    let mut config = config?;
    let mut settings = settings(&mut config, fields.check())?;
    settings.compression = codec::of_topic(&config, fields, context)?;
    if settings.min_insync_replicas > replication_factor {
        let found = format!("{} in-sync replicas", settings.min_insync_replicas);
        let (place, path) = match config.text("min.insync.replicas") {
            Some((_, place)) => (place.clone(), config.path_of("min.insync.replicas")),
            None => (fields.place_of("config"), fields.path_of("config")),
        };
        let allowed = format!("at most replication_factor {replication_factor}");
        fields.check().problem(&place, &path, found, allowed);
        return None;
    }
    Some(Spec { names, partitions: partitions as u32, replication_factor, settings })
}

/// `orders` is itself; `audit-*` with `count: 200` is audit-1 … audit-200.
fn names(entry: &Entry, count: u64, fields: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*');
    let stars = entry.key.matches('*').count();
    if !entry.key.chars().all(fits) || entry.key.is_empty() || entry.key.len() > 249 || stars > 1 {
        let allowed =
            "a topic name: letters, digits, dots, dashes, underscores, one * with `count`";
        let found = format!("`{}`", super::shorten(&entry.key));
        fields.check().problem(&entry.place, "topics", found, allowed.into());
        return None;
    }
    match (stars, count) {
        (0, 1) => Some(vec![entry.key.clone()]),
        (0, _) => {
            let allowed = format!("1, or a name with a star, e.g. `{}-*`", entry.key);
            fields.refuse("count", format!("`{count}`"), allowed);
            None
        }
        _ => Some((1..=count).map(|n| entry.key.replace('*', &n.to_string())).collect()),
    }
}

fn settings(config: &mut Config, check: &mut Check) -> Option<TopicSettings> {
    let min_insync = config.count("min.insync.replicas", 1, check);
    let retention = config.limit("retention.ms", check);
    let retention_bytes = config.limit("retention.bytes", check);
    let segment_bytes = config.count("segment.bytes", 14, check);
    let segment_ms = config.count("segment.ms", 1, check);
    let flush = config.count("flush.messages", 1, check);
    let span = |ms: u64| SimSpan::from_nanos(ms.saturating_mul(1_000_000));
    Some(TopicSettings {
        min_insync_replicas: u32::try_from(min_insync?).unwrap_or(u32::MAX),
        retention: retention?.map(span),
        retention_bytes: retention_bytes?.map(Bytes::new),
        segment_bytes: Bytes::new(segment_bytes?),
        segment_span: span(segment_ms?),
        compression: None,
        flush_messages: Some(flush?).filter(|records| *records <= MOST_FLUSH),
    })
}

/// Places the replicas of all topics as new ones, in the order of the file, or where they are.
fn place(
    brokers: &Brokers,
    specs: Vec<Spec>,
    context: &Context<'_>,
    placed: Option<&Placed>,
    check: &mut Check,
) -> Option<Cluster> {
    let mut cluster = brokers.cluster.clone();
    let mut held: Vec<Vec<u32>> = vec![Vec::new(); cluster.brokers.len()];
    let racks: Vec<String> = cluster.brokers.iter().map(|broker| broker.rack.clone()).collect();
    let slots: Vec<Slot<'_>> = racks
        .iter()
        .enumerate()
        .map(|(index, rack)| Slot { broker: crate::cluster::BrokerId::from_index(index), rack })
        .collect();
    for spec in specs {
        for name in spec.names {
            let topic = TopicId::from_index(cluster.topics.len());
            let first = PartitionId::from_index(cluster.partitions.len());
            let sizes = [spec.partitions, spec.replication_factor];
            let lists = if let Some(placed) = placed {
                placed.of_topic(&name, sizes, check)?
            } else {
                let mut stream = context.chance.stream(&format!("topic/{name}"), "placement");
                // The replication factor was checked against the brokers.
                place_striped(&slots, sizes[0], sizes[1], &mut stream).unwrap_or_default()
            };
            for (number, list) in lists.into_iter().enumerate() {
                let replicas = spread_log_dirs(&cluster, &list, &mut held);
                cluster.partitions.push(Partition {
                    topic,
                    number: number as u32,
                    replicas,
                    leader: list.first().copied(),
                    isr: list,
                });
            }
            cluster.topics.push(Topic {
                name,
                first,
                partitions: spec.partitions,
                replication_factor: spec.replication_factor,
                settings: spec.settings.clone(),
            });
        }
    }
    Some(cluster)
}

/// The topics that a name, or a name with a star, means.
pub(super) fn matching(topics: &[Topic], pattern: &str) -> Vec<TopicId> {
    let fits = |name: &str| match pattern.split_once('*') {
        None => name == pattern,
        Some((before, after)) => {
            name.len() >= before.len() + after.len()
                && name.starts_with(before)
                && name.ends_with(after)
        }
    };
    let all = topics.iter().enumerate().filter(|(_, topic)| fits(&topic.name));
    all.map(|(index, _)| TopicId::from_index(index)).collect()
}
