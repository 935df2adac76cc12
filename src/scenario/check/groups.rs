//! `groups`: who reads what, with which work.

use super::cluster::Brokers;
use super::hosts::HostGroup;
use super::topics::matching;
use super::{Context, check_name, config, quota};
use crate::chance::Distribution;
use crate::cluster::{Host, Topic, TopicId};
use crate::form::{Fields, Key, Node, Shape, Table};
use crate::model::assignors::Assignor;
use crate::model::client::{Commits, ConsumerSettings};
use crate::scenario::cards::Card;
use crate::scenario::group::{ClientRack, Group, GroupProtocol, Work};
use crate::scenario::scenario::Seats;
use crate::units::{ByteRate, Bytes, MoneyRate, Quantity, SimSpan};

const SPAN: Shape = Shape::quantity::<SimSpan>();
/// Most groups of one name with a star.
const MOST_GROUPS: u64 = 10_000;
const CORES: Shape = Shape::Number { min: 0.001, max: 10_000.0 };

/// One group.
pub(super) const GROUP: Table = &[
    Key::default(
        "count",
        Shape::Count { min: 0, max: MOST_GROUPS },
        "1",
        "groups, for a name with *",
    ),
    Key::required("reads", Shape::List(&Shape::Text), "topics, with stars"),
    Key::default("members", Shape::Count { min: 1, max: 100_000 }, "1", "members at t = 0"),
    Key::default("protocol", Shape::Word(&["consumer", "classic"]), "consumer", "rebalancing"),
    Key::optional("assignor", Shape::Text, "how partitions are given to members"),
    Key::default("client", Shape::Text, "java-4.1", "a card of models/clients"),
    Key::optional("pods", Shape::Map(PODS), "each member brings its own container"),
    Key::optional("run_on", Shape::Text, "a key of hosts, instead of pods"),
    Key::optional("work", Shape::Map(WORK), "what the application does with a record"),
    Key::default("commits", Shape::Word(&["interval", "each_poll"]), "interval", "when to commit"),
    Key::optional("quota", Shape::Map(quota::CONSUMER), "limits of its client id on each broker"),
    Key::optional("config", Shape::Foreign("consumer properties"), "Kafka's own names"),
];
const PODS: Table = &[
    Key::default("card", Shape::Text, "pod-1c-2g", "a card of models/pods, or a file"),
    Key::optional("cpu_limit", CORES, "cores that a member may use; the card's without it"),
    Key::default(
        "start_up",
        Shape::distribution::<SimSpan>(),
        "lognormal(p50 25 s, p95 60 s)",
        "from the decision until the first poll",
    ),
];
const WORK: Table = &[
    Key::default("cpu_per_record", SPAN, "0 us", "CPU on a core of speed 1"),
    Key::default("wait_per_record", SPAN, "0 us", "waiting, e.g. for a downstream"),
    Key::default("concurrency", Shape::Count { min: 1, max: 100_000 }, "1", "records at once"),
];
/// Values of a card of models/pods.
const POD_CARD: Table = &[
    Key::required("cores", CORES, "cores"),
    Key::default("speed", CORES, "1", "speed of a core relative to the cost card's machine"),
    Key::required("memory", Shape::quantity::<Bytes>(), "memory"),
    Key::required("nic_in", Shape::quantity::<ByteRate>(), "network bandwidth in"),
    Key::optional("price", Shape::quantity::<MoneyRate>(), "price per hour"),
];

/// What a member runs on.
/// `client.rack: zone`.
const OF_MACHINE: &str = "zone";

struct Seat {
    seats: Seats,
    cores: f64,
    speed: f64,
    nic_in: ByteRate,
    start_up: Distribution<SimSpan>,
}

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    topics: &[Topic],
    hosts: Option<&Vec<HostGroup>>,
    brokers: Option<&Brokers>,
) -> Option<Vec<Group>> {
    let Some(node) = fields.raw("groups") else { return Some(Vec::new()) };
    let mut groups = Vec::new();
    let mut sound = true;
    for entry in node.entries() {
        let path = format!("groups/{}", entry.key);
        check_name(&entry.key.replace('*', "0"), &entry.place, "groups", fields.check());
        let group = fields.check().open(&entry.node, &path, GROUP).and_then(|mut fields| {
            if fields.has("count") && fields.count("count")? > 1 && !entry.key.contains('*') {
                let allowed = format!("1, or a name with a star, e.g. `{}-*`", entry.key);
                fields.refuse("count", "several groups of one name", allowed);
                return None;
            }
            read_group(&entry.key, &mut fields, context, topics, hosts, brokers)
        });
        sound &= group.is_some();
        let names = names_of(&entry.key, &entry.node);
        let copies = group.into_iter().flat_map(|group| {
            names
                .iter()
                .map(move |name| Group { name: name.clone(), ..group.clone() })
                .collect::<Vec<_>>()
        });
        groups.extend(copies);
    }
    sound.then_some(groups)
}

/// `billing` is itself; `reader-*` with `count: 3` is reader-1 … reader-3.
fn names_of(key: &str, node: &Node) -> Vec<String> {
    if !key.contains('*') {
        return vec![key.to_owned()];
    }
    let count = node.get("count").and_then(Node::text).and_then(|text| text.parse::<u64>().ok());
    (1..=count.unwrap_or(1).min(MOST_GROUPS)).map(|n| key.replace('*', &n.to_string())).collect()
}

/// The names of all groups as written, stars expanded.
pub(super) fn names(root: &Node) -> Vec<String> {
    let entries = root.get("groups").map(Node::entries).unwrap_or_default();
    entries.iter().flat_map(|entry| names_of(&entry.key, &entry.node)).collect()
}

fn read_group(
    name: &str,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    topics: &[Topic],
    hosts: Option<&Vec<HostGroup>>,
    brokers: Option<&Brokers>,
) -> Option<Group> {
    let reads = read_topics(fields, topics);
    let members = fields.count("members");
    let classic = fields.word("protocol").map(|word| word == 1);
    let assignor = classic.and_then(|classic| read_assignor(fields, classic));
    let card = context.card("clients", "client", fields);
    let settings = card.and_then(|card| read_settings(fields, &card, classic?, brokers));
    let seat = read_seat(fields, context, hosts, members.unwrap_or(1));
    let work = read_work(fields);
    let quota = quota::read(fields, quota::CONSUMER);
    let rack = read_rack(fields, brokers);
    let (assignor, protocol) = assignor?;
    let seat = seat?;
    Some(Group {
        name: name.to_owned(),
        reads: reads?,
        members: members? as u32,
        protocol,
        assignor,
        start_up: seat.start_up,
        seats: seat.seats,
        cores: seat.cores,
        speed: seat.speed,
        nic_in: seat.nic_in,
        work: work?,
        decompression: SimSpan::ZERO,
        settings: settings?,
        quota: quota?,
        rack: rack?,
    })
}

/// `client.rack`: a rack of the brokers, or `zone`, which means that each member names the zone of
/// its machine.
fn read_rack(fields: &mut Fields<'_, '_>, brokers: Option<&Brokers>) -> Option<Option<ClientRack>> {
    let named = fields.node().get("config").and_then(|config| config.get("client.rack")).cloned();
    let Some(node) = named else { return Some(None) };
    let word = node.text().unwrap_or_default();
    if word == OF_MACHINE {
        return Some(Some(ClientRack::OfMachine));
    }
    let racks = brokers.map(|brokers| brokers.cluster.brokers.as_slice()).unwrap_or_default();
    let racks = || racks.iter().map(|broker| broker.rack.as_str());
    if racks().next().is_some() && racks().all(|rack| rack != word) {
        let path = format!("{}/client.rack", fields.path_of("config"));
        let known: std::collections::BTreeSet<&str> = racks().chain([OF_MACHINE]).collect();
        fields.check().wrong_word(&node.place, &path, word, known);
        return None;
    }
    Some(Some(ClientRack::Of(word.to_owned())))
}

fn read_topics(fields: &mut Fields<'_, '_>, topics: &[Topic]) -> Option<Vec<TopicId>> {
    let items = fields.list("reads");
    let path = fields.path_of("reads");
    let mut reads = Vec::new();
    let mut sound = !items.is_empty();
    for item in items {
        let word = item.text().unwrap_or_default();
        let found = matching(topics, word);
        if found.is_empty() && !topics.is_empty() {
            let names = topics.iter().map(|topic| topic.name.as_str());
            fields.check().wrong_word(&item.place, &path, word, names);
        }
        sound &= !found.is_empty();
        fields.check().note(format!("{path}/{word}"), "read".into(), item.place.to_string());
        reads.extend(found);
    }
    if items.is_empty() && fields.has("reads") {
        fields.refuse("reads", "no topic", "a list of topics, e.g. `[orders]`");
    }
    reads.sort_unstable();
    reads.dedup();
    sound.then_some(reads)
}

fn read_assignor(fields: &mut Fields<'_, '_>, classic: bool) -> Option<(Assignor, GroupProtocol)> {
    let (words, default) =
        if classic { (Assignor::CLASSIC, "range") } else { (Assignor::CONSUMER, "uniform") };
    let word = if fields.has("assignor") {
        fields.text("assignor")?
    } else {
        let path = fields.path_of("assignor");
        fields.check().note(path, default.to_owned(), "default".to_owned());
        default.to_owned()
    };
    if !words.contains(&word.as_str()) {
        let (place, path) = (fields.place_of("assignor"), fields.path_of("assignor"));
        fields.check().wrong_word(&place, &path, &word, words.iter().copied());
        return None;
    }
    let protocol = match (classic, word.as_str()) {
        (false, _) => GroupProtocol::Consumer,
        (true, "cooperative_sticky") => GroupProtocol::Cooperative,
        (true, _) => GroupProtocol::Eager,
    };
    Assignor::from_word(&word).map(|assignor| (assignor, protocol))
}

fn read_seat(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    hosts: Option<&Vec<HostGroup>>,
    members: u64,
) -> Option<Seat> {
    if fields.has("run_on") {
        if fields.has("pods") {
            fields.refuse("run_on", "pods and run_on", "one of the two");
            return None;
        }
        let group = super::cluster::run_on(fields, hosts)?;
        let host = group.hosts.first()?;
        // The flow engine knows no shared machines: an equal share of them stands for a seat.
        let share = (group.hosts.len() as f64 / members as f64).min(1.0);
        return Some(Seat {
            seats: group.seats(),
            cores: host.cores * share,
            speed: host.speed,
            nic_in: host.nic_in * share,
            start_up: Distribution::constant(SimSpan::ZERO),
        });
    }
    let place = fields.node().place.clone();
    let empty = crate::form::Node { place, value: crate::form::Value::Map(Vec::new()) };
    let path = fields.path_of("pods");
    let node = fields.raw("pods").unwrap_or(&empty);
    let mut pods = fields.check().open(node, &path, PODS)?;
    let start_up = pods.distribution::<SimSpan>("start_up");
    let limit = if pods.has("cpu_limit") { Some(pods.number("cpu_limit")?) } else { None };
    let card = context.card("pods", "card", &mut pods)?;
    let path = format!("card/{}", card.title);
    let mut card = pods.check().open(&card.values, &path, POD_CARD)?;
    let cores = card.number("cores");
    let speed = card.number("speed");
    let memory = card.quantity::<Bytes>("memory");
    let nic_in = super::positive::<ByteRate>(&mut card, "nic_in");
    let price = if card.has("price") { Some(card.quantity::<MoneyRate>("price")?) } else { None };
    let cores = limit.map_or(cores?, |limit| limit.min(cores.unwrap_or(limit)));
    let (speed, nic_in) = (speed?, nic_in?);
    let pod = Host {
        nic_burst: None,
        nic_flow: None,
        name: "pod".to_owned(),
        card: path,
        zone: String::new(),
        cores,
        cpu_quota: None,
        speed,
        memory: memory?,
        nic_in,
        nic_out: nic_in,
        dirty_limit: 1.0,
        dirty_background: 1.0,
        steal: 0.0,
        steal_slice: Distribution::constant(SimSpan::ZERO),
        disks: Vec::new(),
        price,
    };
    Some(Seat { seats: Seats::Own(Box::new(pod)), cores, speed, nic_in, start_up: start_up? })
}

fn read_work(fields: &mut Fields<'_, '_>) -> Option<Work> {
    let place = fields.node().place.clone();
    let empty = crate::form::Node { place, value: crate::form::Value::Map(Vec::new()) };
    let path = fields.path_of("work");
    let node = fields.raw("work").unwrap_or(&empty);
    let mut work = fields.check().open(node, &path, WORK)?;
    let cpu_per_record = work.quantity::<SimSpan>("cpu_per_record");
    let wait_per_record = work.quantity::<SimSpan>("wait_per_record");
    let concurrency = work.count("concurrency");
    Some(Work {
        cpu_per_record: cpu_per_record?,
        wait_per_record: wait_per_record?,
        concurrency: concurrency? as u32,
    })
}

fn read_settings(
    fields: &mut Fields<'_, '_>,
    card: &Card,
    classic: bool,
    brokers: Option<&Brokers>,
) -> Option<ConsumerSettings> {
    let mut config = config::read(fields, "config", config::CONSUMER, Some(card))?;
    let commits = match fields.word("commits")? {
        0 => Commits::Interval,
        _ => Commits::EachPoll,
    };
    let poll_partition = SimSpan::parse(card.values.get("poll_partition")?.text()?).ok()?;
    let check = fields.check();
    let mut count = |name: &str, least: u64| config.count(name, least, check);
    let max_poll_records = count("max.poll.records", 1);
    let fetch_min = count("fetch.min.bytes", 0);
    let fetch_max_wait = count("fetch.max.wait.ms", 0);
    let max_partition_fetch = count("max.partition.fetch.bytes", 1);
    let fetch_max = count("fetch.max.bytes", 1);
    let auto_commit = count("auto.commit.interval.ms", 1);
    let session = count("session.timeout.ms", 1);
    let heartbeat = count("heartbeat.interval.ms", 1);
    let max_poll_interval = count("max.poll.interval.ms", 1);
    let receive_buffer = count("receive.buffer.bytes", 1);
    let request_timeout = count("request.timeout.ms", 1);
    let retry_backoff = count("retry.backoff.ms", 0);
    let retry_backoff_max = count("retry.backoff.max.ms", 0);
    let millis = |ms: u64| SimSpan::from_nanos(ms.saturating_mul(1_000_000));
    // In the consumer protocol the broker sets the pace.
    let (mut session, mut heartbeat) = (session?, heartbeat?);
    if let (false, Some(brokers)) = (classic, brokers) {
        let mut broker = brokers.config.clone();
        heartbeat = broker.count("group.consumer.heartbeat.interval.ms", 1, check)?;
        session = broker.count("group.consumer.session.timeout.ms", 1, check)?;
    }
    Some(ConsumerSettings {
        max_poll_records: u32::try_from(max_poll_records?).unwrap_or(u32::MAX),
        fetch_min: Bytes::new(fetch_min?.max(1)),
        fetch_max_wait: millis(fetch_max_wait?),
        max_partition_fetch: Bytes::new(max_partition_fetch?),
        fetch_max: Bytes::new(fetch_max?),
        auto_commit_interval: millis(auto_commit?),
        session_timeout: millis(session),
        heartbeat_interval: millis(heartbeat),
        max_poll_interval: millis(max_poll_interval?),
        receive_buffer: Bytes::new(receive_buffer?),
        request_timeout: millis(request_timeout?),
        retry_backoff: millis(retry_backoff?),
        retry_backoff_max: millis(retry_backoff_max?),
        poll_partition,
        on_jvm: super::producers::on_jvm(card),
        commits,
    })
}
