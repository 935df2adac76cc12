//! `cluster`: brokers, version, costs and broker properties.

use super::config::{self, Config};
use super::hosts::HostGroup;
use super::{Context, MOST_BROKERS};
use crate::chance::Distribution;
use crate::cluster::{Broker, Cluster, Host, HostId, LogDir};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::cost::Costs;
use crate::scenario::scenario::BrokerPool;
use crate::units::{Bytes, SimSpan};

/// `cluster`.
pub(super) const CLUSTER: Table = &[
    Key::default("version", Shape::Text, "4.1", "Kafka version of the brokers"),
    Key::required("brokers", Shape::Map(BROKERS), "where brokers run"),
    Key::default("costs", Shape::Text, "kafka-4-generic", "a card of models/costs, or a file"),
    Key::optional("config", Shape::Foreign("broker properties"), "Kafka's own names, bare numbers"),
];
const BROKERS: Table = &[
    Key::required("run_on", Shape::Text, "a key of hosts: one broker on each machine"),
    Key::default("first_id", Shape::Count { min: 0, max: 1_000_000 }, "1", "lowest node.id"),
    Key::default("log_dirs", Shape::Count { min: 1, max: 100 }, "1", "log dirs of a broker"),
    Key::default(
        "start_up",
        Shape::distribution::<SimSpan>(),
        "lognormal(p50 3 min, p95 6 min)",
        "from the decision until a new broker is in service",
    ),
];

const SPAN: Shape = Shape::quantity::<SimSpan>();
const NS_PER_BYTE: Shape = Shape::Number { min: 0.0, max: 1e6 };
/// Values of a card of models/costs.
const COSTS: Table = &[
    Key::required("hand_off", SPAN, "latency of waking a thread"),
    Key::required("produce_request", SPAN, "CPU per produce request"),
    Key::required("fetch_request", SPAN, "CPU per fetch request"),
    Key::required("leader_batch", SPAN, "CPU per batch at the leader"),
    Key::required("follower_batch", SPAN, "CPU per batch at a follower"),
    Key::required("leader_record", SPAN, "CPU per record at the leader"),
    Key::required("produce_ns_per_byte", NS_PER_BYTE, "CPU per byte received, ns"),
    Key::required("follower_ns_per_byte", NS_PER_BYTE, "CPU per byte at a follower, ns"),
    Key::required("send_ns_per_byte", NS_PER_BYTE, "CPU per byte sent, ns"),
    Key::required("session_partition", SPAN, "CPU per partition of a fetch session"),
    Key::required("consumer_record", SPAN, "consumer CPU per record"),
    Key::required("consumer_poll", SPAN, "consumer time per poll"),
    Key::required("idle_cores", Shape::Number { min: 0.0, max: 1e3 }, "cores of an idle broker"),
    Key::required("broker_memory", Shape::quantity::<Bytes>(), "memory that is not page cache"),
];

/// Brokers without topics, and what new ones are made of.
pub(super) struct Brokers {
    pub cluster: Cluster,
    pub pool: BrokerPool,
    pub costs: Costs,
    pub version: String,
    pub replica_fetchers: u32,
    /// Broker properties and their defaults; topics inherit from them.
    pub config: Config,
}

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    hosts: Option<&Vec<HostGroup>>,
) -> Option<Brokers> {
    let mut cluster = fields.map("cluster", CLUSTER)?;
    let version = cluster.text("version");
    let defaults = version.as_ref().and_then(|version| {
        context.card_named("brokers", &format!("kafka-{version}"), "version", &mut cluster)
    });
    let costs = context.card("costs", "costs", &mut cluster);
    let costs = costs.and_then(|card| read_costs(&card.title, &card.values, cluster.check()));
    let config = config::read(&mut cluster, "config", config::BROKER, defaults.as_ref());
    let brokers = cluster.map("brokers", BROKERS);
    let placed = brokers.and_then(|mut brokers| read_brokers(&mut brokers, hosts));
    let (placed, pool) = placed?;
    let mut config = config?;
    Some(Brokers {
        cluster: placed,
        pool,
        costs: costs?,
        version: version?,
        replica_fetchers: config.count("num.replica.fetchers", 1, fields.check())? as u32,
        config,
    })
}

fn read_brokers(
    fields: &mut Fields<'_, '_>,
    hosts: Option<&Vec<HostGroup>>,
) -> Option<(Cluster, BrokerPool)> {
    let first = fields.count("first_id");
    let log_dirs = fields.count("log_dirs");
    let start_up: Option<Distribution<SimSpan>> = fields.distribution("start_up");
    let group = run_on(fields, hosts);
    let (group, first, log_dirs, start_up) = (group?, first?, log_dirs? as u32, start_up?);
    if group.hosts.len() as u64 > MOST_BROKERS {
        let found = format!("{} brokers", group.hosts.len());
        fields.refuse("run_on", found, format!("at most {MOST_BROKERS}"));
        return None;
    }
    let brokers = group.hosts.iter().enumerate().map(|(index, host)| Broker {
        node_id: first as u32 + index as u32,
        host: HostId::from_index(index),
        rack: host.zone.clone(),
        log_dirs: log_dirs_of(host, log_dirs),
    });
    let pool = BrokerPool {
        host: group.hosts.first()?.clone(),
        zones: group.zones.clone(),
        log_dirs,
        start_up,
    };
    let brokers = brokers.collect();
    let cluster = Cluster { hosts: group.hosts.clone(), brokers, ..Cluster::default() };
    Some((cluster, pool))
}

fn log_dirs_of(host: &Host, log_dirs: u32) -> Vec<LogDir> {
    let disks = host.disks.len().max(1) as u32;
    (0..log_dirs).map(|dir| LogDir { disk: dir % disks }).collect()
}

/// The machines that `run_on` names.
pub(super) fn run_on<'h>(
    fields: &mut Fields<'_, '_>,
    hosts: Option<&'h Vec<HostGroup>>,
) -> Option<&'h HostGroup> {
    let name = fields.text("run_on")?;
    let hosts = hosts?;
    let found = hosts.iter().find(|group| group.name == name);
    if found.is_none() {
        let (place, path) = (fields.place_of("run_on"), fields.path_of("run_on"));
        let names = hosts.iter().map(|group| group.name.as_str());
        fields.check().wrong_word(&place, &path, &name, names);
    }
    found
}

fn read_costs(title: &str, values: &Node, check: &mut Check) -> Option<Costs> {
    let mut card = check.open(values, &format!("card/{title}"), COSTS)?;
    let mut span = |key: &str| card.quantity::<SimSpan>(key);
    let spans = [
        "hand_off",
        "produce_request",
        "fetch_request",
        "leader_batch",
        "follower_batch",
        "leader_record",
        "session_partition",
        "consumer_record",
        "consumer_poll",
    ]
    .map(&mut span);
    let numbers = ["produce_ns_per_byte", "follower_ns_per_byte", "send_ns_per_byte", "idle_cores"]
        .map(|key| card.number(key));
    let broker_memory = card.quantity::<Bytes>("broker_memory");
    Some(Costs {
        hand_off: spans[0]?,
        produce_request: spans[1]?,
        fetch_request: spans[2]?,
        leader_batch: spans[3]?,
        follower_batch: spans[4]?,
        leader_record: spans[5]?,
        session_partition: spans[6]?,
        consumer_record: spans[7]?,
        consumer_poll: spans[8]?,
        produce_ns_per_byte: numbers[0]?,
        follower_ns_per_byte: numbers[1]?,
        send_ns_per_byte: numbers[2]?,
        idle_cores: numbers[3]?,
        broker_memory: broker_memory?,
    })
}
