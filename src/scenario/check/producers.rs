//! `producers`: who writes what, how much, and how.

use super::hosts::HostGroup;
use super::topics::matching;
use super::{Context, check_name, codec, config, positive, quota};
use crate::cluster::{Topic, TopicId};
use crate::form::{Check, Entry, Fields, Key, Node, Shape, Table, Value};
use crate::model::client::{Acks, ProducerSettings};
use crate::model::curve::{CurveContext, read_curve};
use crate::model::partitioner::Partitioner;
use crate::scenario::cards::Card;
use crate::scenario::scenario::{Arrivals, Pacing, Producer, Seats};
use crate::units::{Bytes, Quantity, Records, SimSpan};

const CLIENTS: Shape = Shape::Count { min: 1, max: 1_000_000 };

/// One producer.
pub(super) const PRODUCER: Table = &[
    Key::required("to", Shape::Named(&Shape::Number { min: 0.0, max: 1e9 }), "share per topic"),
    Key::default("clients", CLIENTS, "1", "client processes"),
    Key::optional("run_on", Shape::Text, "a key of hosts: where the clients run"),
    Key::default("client", Shape::Text, "java-4.1", "a card of models/clients"),
    Key::required("records", Shape::Map(RECORDS), "what a record looks like"),
    Key::required("load", Shape::Recursive("curve"), "offered load over time"),
    Key::default("arrivals", Shape::Word(ARRIVALS), "paced", "how records arrive at `send`"),
    Key::optional("quota", Shape::Map(quota::PRODUCER), "limits of its client id on each broker"),
    Key::optional("config", Shape::Foreign("producer properties"), "Kafka's own names"),
];
/// Words of `arrivals`, in the order of their meanings in [`read_arrivals`].
const ARRIVALS: &[&str] = &["paced", "poisson", "closed_loop", "tokens", "bursts"];
/// Values of a card of models/tools.
const TOOL_CARD: Table = &[
    Key::required("sleep", Shape::quantity::<SimSpan>(), "least sleep of a thread that is ahead"),
    Key::optional("makes_up_for", Shape::quantity::<SimSpan>(), "longest stall made up for"),
];
/// The machine of a client that does not say where it runs.
const OWN_MACHINE: &str = "client-8c";
const RECORDS: Table = &[
    Key::required("size", Shape::distribution::<Bytes>(), "bytes of a record"),
    Key::optional("key", Shape::Map(KEY), "keys; none without it"),
    Key::default("compresses", Shape::Word(codec::KINDS), "json", "kind of data, for compression"),
];
const KEY: Table = &[
    Key::optional("zipf", Shape::Number { min: 0.0, max: 10.0 }, "exponent of the popularity"),
    Key::default("keys", Shape::quantity::<Records>(), "1 M", "distinct keys"),
];

/// Keys beyond this rank are so rare that they count as evenly spread.
const RANKED_KEYS: u64 = 100_000;

/// The names of all producers as written.
pub(super) fn names(root: &Node) -> Vec<String> {
    let entries = root.get("producers").map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| entry.key.clone()).collect()
}

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    topics: &[Topic],
    hosts: Option<&Vec<HostGroup>>,
) -> Option<Vec<Producer>> {
    let node = fields.raw("producers")?;
    if node.entries().is_empty() {
        fields.refuse("producers", node.describe(), "a map of at least one producer");
        return None;
    }
    let mut producers = Vec::new();
    let mut sound = true;
    for entry in node.entries() {
        let path = format!("producers/{}", entry.key);
        check_name(&entry.key, &entry.place, "producers", fields.check());
        let producer = fields
            .check()
            .open(&entry.node, &path, PRODUCER)
            .and_then(|mut fields| read_producer(&entry.key, &mut fields, context, topics, hosts));
        sound &= producer.is_some();
        producers.extend(producer);
    }
    sound.then_some(producers)
}

fn read_producer(
    name: &str,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    topics: &[Topic],
    hosts: Option<&Vec<HostGroup>>,
) -> Option<Producer> {
    let to = read_shares(fields, topics);
    let clients = fields.count("clients");
    let seats = read_seats(fields, context, hosts);
    let arrivals = read_arrivals(fields);
    let pacing = arrivals.and_then(|arrivals| read_pacing(arrivals, fields, context));
    let card = context.card("clients", "client", fields);
    let records = fields.map("records", RECORDS).and_then(|mut records| {
        let size = records.distribution::<Bytes>("size");
        let size = size.filter(|size| {
            let some = size.mean() > 0.0;
            if !some {
                records.refuse("size", format!("`{size}`"), "a size above zero");
            }
            some
        });
        let kind = records.word("compresses");
        let key = records.map("key", KEY).map(|mut key| read_key(&mut key));
        Some((size?, key, kind?))
    });
    let kind = records.as_ref().map_or(0, |(_, _, kind)| *kind);
    let settings = card.and_then(|card| read_settings(fields, context, &card, kind));
    let quota = quota::read(fields, quota::PRODUCER);
    let load = offered(fields).and_then(|node| {
        let path = fields.path_of("load");
        read_curve(
            &node,
            &path,
            &CurveContext {
                week_offset: context.week_offset,
                duration: context.duration,
                chance: context.chance,
                files: &context.files,
                chain: &[],
            },
            fields.check(),
        )
    });
    let (to, (record_size, key, _), (settings, word)) = (to?, records?, settings?);
    let ours = to.iter().map(|(topic, _)| &topics[topic.index()]);
    let stored = codec::stored(ours, (&word, settings.codec), kind, fields, context)?;
    let zipf = match key {
        Some(key) => key?,
        None => None,
    };
    let partition_shares = to
        .iter()
        .map(|(topic, _)| {
            let topic = &topics[topic.index()];
            zipf.map(|(exponent, keys)| zipf_shares(context, topic, exponent, keys))
        })
        .collect();
    Some(Producer {
        name: name.to_owned(),
        to,
        clients: clients? as u32,
        record_size,
        partition_shares,
        keyed: has_keys(fields.node()),
        load: load?,
        arrivals: arrivals?,
        pacing: pacing?,
        seats: seats?,
        settings,
        quota: quota?,
        stored,
    })
}

/// Whether records have keys; `key: {}` means that they have none.
fn has_keys(producer: &Node) -> bool {
    let key = producer.get("records").and_then(|records| records.get("key"));
    key.is_some_and(|key| !key.entries().is_empty())
}

/// On the machines that `run_on` names, or each client on one of its own.
fn read_seats(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    hosts: Option<&Vec<HostGroup>>,
) -> Option<Seats> {
    if fields.has("run_on") {
        return super::cluster::run_on(fields, hosts).map(HostGroup::seats);
    }
    super::hosts::machine(OWN_MACHINE, fields, context).map(|host| Seats::Own(Box::new(host)))
}

fn read_arrivals(fields: &mut Fields<'_, '_>) -> Option<Arrivals> {
    if closed_loop(fields) {
        return Some(Arrivals::Closed);
    }
    fields.word("arrivals").map(|word| match word {
        0 => Arrivals::Paced,
        1 => Arrivals::Poisson,
        2 => Arrivals::Closed,
        3 => Arrivals::Tokens,
        _ => Arrivals::Bursts,
    })
}

/// How a load tool paces, from its card; others need no sleep.
fn read_pacing(
    arrivals: Arrivals,
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
) -> Option<Pacing> {
    let name = match arrivals {
        Arrivals::Tokens => "tokens",
        Arrivals::Bursts => "bursts",
        Arrivals::Paced | Arrivals::Poisson | Arrivals::Closed => return Some(Pacing::default()),
    };
    let card = context.card_named("tools", name, "arrivals", fields)?;
    let path = format!("card/{}", card.title);
    let mut card = fields.check().open(&card.values, &path, TOOL_CARD)?;
    let sleep = card.quantity::<SimSpan>("sleep");
    let made_up =
        if card.has("makes_up_for") { Some(card.quantity("makes_up_for")?) } else { None };
    Some(Pacing { sleep: sleep?, makes_up_for: made_up })
}

/// `load: {closed_loop: true}`: as fast as acknowledgements allow.
fn closed_loop(fields: &mut Fields<'_, '_>) -> bool {
    let flag = fields.node().get("load").and_then(|load| load.get("closed_loop"));
    flag.and_then(Node::text) == Some("true")
}

/// The node of the load curve; a closed loop has none, and its rate is not used.
fn offered(fields: &mut Fields<'_, '_>) -> Option<Node> {
    let mut node = fields.raw("load")?.clone();
    if closed_loop(fields) {
        let (path, place) = (fields.path_of("load"), node.place.to_string());
        fields.check().note(format!("{path}/closed_loop"), "true".to_owned(), place);
        let zero = Node { place: node.place.clone(), value: Value::Scalar("1 /s".to_owned()) };
        let entry = Entry { key: "rate".to_owned(), place: node.place.clone(), node: zero };
        node.value = Value::Map(vec![entry]);
    }
    Some(node)
}

/// Shares of the records per topic, which need not add up to 1: they are weights.
fn read_shares(fields: &mut Fields<'_, '_>, topics: &[Topic]) -> Option<Vec<(TopicId, f64)>> {
    let node = fields.raw("to")?;
    let mut shares: Vec<(TopicId, f64)> = Vec::new();
    let mut sound = !node.entries().is_empty();
    for entry in node.entries() {
        let path = format!("{}/{}", fields.path_of("to"), entry.key);
        let found = matching(topics, &entry.key);
        if found.is_empty() && !topics.is_empty() {
            let names = topics.iter().map(|topic| topic.name.as_str());
            fields.check().wrong_word(&entry.place, &path, &entry.key, names);
        }
        let weight = weight(&entry.node, &path, fields.check());
        sound &= weight.is_some() && !found.is_empty();
        let each = weight.unwrap_or(0.0) / found.len().max(1) as f64;
        shares.extend(found.into_iter().map(|topic| (topic, each)));
    }
    if node.entries().is_empty() {
        fields.refuse("to", node.describe(), "a map of topics and shares, e.g. `{orders: 1}`");
    }
    let total: f64 = shares.iter().map(|(_, weight)| weight).sum();
    sound.then(|| shares.into_iter().map(|(topic, weight)| (topic, weight / total)).collect())
}

fn weight(node: &Node, path: &str, check: &mut Check) -> Option<f64> {
    let weight = node.text().and_then(|text| text.parse::<f64>().ok());
    let weight = weight.filter(|weight| *weight > 0.0 && *weight <= 1e9);
    match weight {
        Some(weight) => {
            check.note(path.to_owned(), weight.to_string(), node.place.to_string());
            Some(weight)
        }
        None => {
            check.problem(&node.place, path, node.describe(), "a share above 0, e.g. `0.7`".into());
            None
        }
    }
}

/// `key: {}` means no keys, `{keys: 1 M}` uniform ones, `{zipf: 1.1, keys: 1 M}` skewed ones.
fn read_key(fields: &mut Fields<'_, '_>) -> Option<Option<(f64, u64)>> {
    let keys = positive::<Records>(fields, "keys");
    if !fields.has("zipf") {
        return keys.map(|_| None);
    }
    let exponent = fields.number("zipf");
    Some(Some((exponent?, keys?.get())))
}

/// Each key goes to a partition by its hash; popular keys make hot partitions.
fn zipf_shares(context: &Context<'_>, topic: &Topic, exponent: f64, keys: u64) -> Vec<f64> {
    let mut hash = context.chance.stream(&format!("topic/{}", topic.name), "keys");
    let partitions = topic.partitions as usize;
    let mut weights = vec![0.0; partitions];
    let ranked = keys.min(RANKED_KEYS);
    for rank in 1..=ranked {
        weights[hash.index(partitions)] += libm::pow(rank as f64, -exponent);
    }
    // The rest of the ranks: an integral stands for their sum.
    if keys > ranked {
        let (a, b) = (ranked as f64 + 0.5, keys as f64 + 0.5);
        let rest = if (exponent - 1.0).abs() < 1e-9 {
            libm::log(b / a)
        } else {
            let power = 1.0 - exponent;
            (libm::pow(b, power) - libm::pow(a, power)) / power
        };
        for weight in &mut weights {
            *weight += rest / partitions as f64;
        }
    }
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Whether a client runs on the Java virtual machine.
pub(super) fn on_jvm(card: &Card) -> bool {
    card.values.get("runtime").and_then(Node::text) == Some("jvm")
}

/// The partitioner of the client's version.
fn read_partitioner(card: &Card, check: &mut Check) -> Option<Partitioner> {
    let node = card.values.get("partitioner")?;
    let word = node.text().unwrap_or_default();
    let found = Partitioner::from_word(word);
    if found.is_none() {
        check.wrong_word(&node.place, "partitioner", word, Partitioner::WORDS.iter().copied());
    }
    found
}

/// The settings of a `config`, and its `compression.type`.
fn read_settings(
    fields: &mut Fields<'_, '_>,
    context: &mut Context<'_>,
    card: &Card,
    kind: usize,
) -> Option<(ProducerSettings, String)> {
    let mut config = config::read(fields, "config", config::PRODUCER, Some(card))?;
    let codec = codec::read(&config, kind, fields, context);
    let codec_word = config.text("compression.type").map_or("", |(word, _)| word).to_owned();
    let check = fields.check();
    let partitioner = read_partitioner(card, check);
    let acks = match config.text("acks") {
        Some(("all" | "-1", _)) => Some(Acks::All),
        Some(("1", _)) => Some(Acks::Leader),
        Some(("0", _)) => Some(Acks::None),
        Some((text, place)) => {
            let (found, path) = (format!("`{text}`"), config.path_of("acks"));
            check.problem(place, &path, found, "all, 1 or 0".into());
            None
        }
        None => None,
    };
    let mut count = |name: &str, least: u64| config.count(name, least, check);
    let batch_size = count("batch.size", 0);
    let linger = count("linger.ms", 0);
    let buffer_memory = count("buffer.memory", 1);
    let max_request_size = count("max.request.size", 1);
    let max_in_flight = count("max.in.flight.requests.per.connection", 1);
    let max_block = count("max.block.ms", 0);
    let delivery_timeout = count("delivery.timeout.ms", 0);
    let request_timeout = count("request.timeout.ms", 1);
    let retry_backoff = count("retry.backoff.ms", 0);
    let retry_backoff_max = count("retry.backoff.max.ms", 0);
    let send_buffer = count("send.buffer.bytes", 1);
    let millis = |ms: u64| SimSpan::from_nanos(ms.saturating_mul(1_000_000));
    let settings = ProducerSettings {
        acks: acks?,
        batch_size: Bytes::new(batch_size?.max(1)),
        linger: millis(linger?),
        buffer_memory: Bytes::new(buffer_memory?),
        max_request_size: Bytes::new(max_request_size?),
        max_in_flight: u32::try_from(max_in_flight?).unwrap_or(u32::MAX),
        max_block: millis(max_block?),
        delivery_timeout: millis(delivery_timeout?),
        request_timeout: millis(request_timeout?),
        retry_backoff: millis(retry_backoff?),
        retry_backoff_max: millis(retry_backoff_max?),
        send_buffer: Bytes::new(send_buffer?),
        receive_buffer: Bytes::parse(card.values.get("producer_receive_buffer")?.text()?).ok()?,
        partitioner: partitioner?,
        on_jvm: on_jvm(card),
        codec: codec?,
    };
    Some((settings, codec_word))
}
