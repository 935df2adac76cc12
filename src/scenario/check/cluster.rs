//! `cluster`: brokers, version, costs and broker properties.

use super::config::{self, Config};
use super::costs;
use super::failover;
use super::hosts::HostGroup;
use super::{Context, MOST_BROKERS};
use crate::chance::Distribution;
use crate::cluster::{Broker, Cluster, Host, HostId, LogDir};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::cost::Costs;
use crate::model::replica_selector::RACK_AWARE;
use crate::scenario::scenario::{BrokerPool, BrokerSettings, Seats, Tls};
use crate::units::{Bytes, SimSpan};

/// `cluster`.
pub(super) const CLUSTER: Table = &[
    Key::default("version", Shape::Text, "4.1", "Kafka version of the brokers"),
    Key::required("brokers", Shape::Map(BROKERS), "where brokers run"),
    Key::default("costs", Shape::Text, "kafka-4-generic", "a card of models/costs, or a file"),
    Key::default("tls", Shape::Word(&["none", "clients", "all"]), "none", "encrypted connections"),
    Key::optional("config", Shape::Foreign("broker properties"), "Kafka's own names, bare numbers"),
];
const BROKERS: Table = &[
    Key::required("run_on", Shape::Text, "a key of hosts: one broker on each machine"),
    Key::optional(
        "count",
        Shape::Count { min: 1, max: MOST_BROKERS },
        "brokers in all, dealt to the machines in turn, so that several may share one",
    ),
    Key::default("first_id", Shape::Count { min: 0, max: 1_000_000 }, "1", "lowest node.id"),
    Key::default("log_dirs", Shape::Count { min: 1, max: 100 }, "1", "log dirs of a broker"),
    Key::default(
        "start_up",
        Shape::distribution::<SimSpan>(),
        "lognormal(p50 3 min, p95 6 min)",
        "from the decision until a new broker is in service",
    ),
];

/// More threads of one kind than this are not told apart.
const MOST_THREADS: u32 = 1_024;

/// Brokers without topics, and what new ones are made of.
pub(super) struct Brokers {
    pub cluster: Cluster,
    pub pool: BrokerPool,
    pub costs: Costs,
    pub version: String,
    pub settings: BrokerSettings,
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
    let costs = costs.and_then(|card| costs::read(&card.title, &card.values, cluster.check()));
    let config = config::read(&mut cluster, "config", config::BROKER, defaults.as_ref());
    let tls = cluster.word("tls").map(|word| [Tls::None, Tls::Clients, Tls::All][word]);
    let brokers = cluster.map("brokers", BROKERS);
    let placed = brokers.and_then(|mut brokers| read_brokers(&mut brokers, hosts));
    let (placed, pool) = placed?;
    let mut config = config?;
    let tls = tls?;
    let settings = defaults
        .as_ref()
        .and_then(|card| read_settings(&mut config, &card.values, tls, fields.check()));
    Some(Brokers {
        cluster: placed,
        pool,
        costs: costs?,
        version: version?,
        settings: settings?,
        config,
    })
}

fn read_settings(
    config: &mut Config,
    version: &Node,
    tls: Tls,
    check: &mut Check,
) -> Option<BrokerSettings> {
    let waits = version.get("high_watermark_waits_for_min_insync").and_then(Node::text);
    let failover = failover::read(config, version, check);
    let mut count = |name: &str| config.count(name, 1, check);
    let replica_fetchers = count("num.replica.fetchers");
    let network_threads = count("num.network.threads");
    let io_threads = count("num.io.threads");
    let fetch_max = count("replica.fetch.max.bytes");
    let response_max = count("replica.fetch.response.max.bytes");
    let wait_max = count("replica.fetch.wait.max.ms");
    let lag_max = count("replica.lag.time.max.ms");
    let queued_max = count("queued.max.requests");
    let send_buffer = count("socket.send.buffer.bytes");
    let receive_buffer = count("socket.receive.buffer.bytes");
    let replica_buffer = count("replica.socket.receive.buffer.bytes");
    let rack_aware_reads = read_selector(config, check)?;
    let threads = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).min(MOST_THREADS);
    let millis = |ms: u64| SimSpan::from_nanos(ms.saturating_mul(1_000_000));
    Some(BrokerSettings {
        replica_fetchers: threads(replica_fetchers?),
        network_threads: threads(network_threads?),
        io_threads: threads(io_threads?),
        replica_fetch_max: Bytes::new(fetch_max?),
        replica_response_max: Bytes::new(response_max?),
        replica_wait_max: millis(wait_max?),
        replica_lag_max: millis(lag_max?),
        send_buffer: Bytes::new(send_buffer?),
        receive_buffer: Bytes::new(receive_buffer?),
        replica_receive_buffer: Bytes::new(replica_buffer?),
        queued_max: u32::try_from(queued_max?).unwrap_or(u32::MAX),
        tls,
        rack_aware_reads,
        waits_for_min_insync: waits == Some("true"),
        failover: failover?,
    })
}

/// `replica.selector.class`: whether consumers are told to fetch from their racks.
fn read_selector(config: &Config, check: &mut Check) -> Option<bool> {
    match config.text("replica.selector.class") {
        None => Some(false),
        Some((RACK_AWARE, _)) => Some(true),
        Some((class, place)) => {
            let path = config.path_of("replica.selector.class");
            check.problem(place, &path, format!("`{class}`"), RACK_AWARE.to_owned());
            None
        }
    }
}

fn read_brokers(
    fields: &mut Fields<'_, '_>,
    hosts: Option<&Vec<HostGroup>>,
) -> Option<(Cluster, BrokerPool)> {
    let first = fields.count("first_id");
    let log_dirs = fields.count("log_dirs");
    let start_up: Option<Distribution<SimSpan>> = fields.distribution("start_up");
    let count = if fields.has("count") { Some(fields.count("count")?) } else { None };
    let group = run_on(fields, hosts);
    let (group, first, log_dirs, start_up) = (group?, first?, log_dirs? as u32, start_up?);
    if group.hosts.len() as u64 > MOST_BROKERS {
        let found = format!("{} brokers", group.hosts.len());
        fields.refuse("run_on", found, format!("at most {MOST_BROKERS}"));
        return None;
    }
    let machines = group.hosts.iter().enumerate().cycle();
    let count = count.map_or(group.hosts.len(), |count| count as usize);
    let brokers = machines.take(count).enumerate().map(|(number, (index, host))| Broker {
        node_id: first as u32 + number as u32,
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

impl HostGroup {
    /// Seats on all of these machines.
    pub(super) fn seats(&self) -> Seats {
        let ids = (0..self.hosts.len()).map(|index| HostId::from_index(self.first + index));
        Seats::On(ids.collect())
    }
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
