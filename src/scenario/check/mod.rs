//! The tree becomes a scenario: typed readers that push into one list of problems.
//!
//! One file per part of the grammar, each with its tables of keys. The whole grammar is read; what
//! no engine simulates yet is refused by name, never ignored.

mod autoscaling;
mod cluster;
mod codec;
mod config;
mod costs;
mod failover;
mod faults;
mod groups;
mod hosts;
mod initial;
mod links;
mod placed;
mod producers;
mod quota;
mod slo;
mod timeline;
mod topics;

use super::cards::{Card, Cards, hash_of};
use super::group::Group;
use super::scenario::{Arrivals, EngineChoice, Producer, Scenario};
use super::source::Files;
use crate::chance::{Chance, Seed};
use crate::cluster::{Cluster, TopicId};
use crate::error::{Error, Place, Problem, Result};
use crate::form::{Check, Effective, Fields, Key, Node, Shape, Table};
use crate::units::{Bytes, Quantity, SimSpan};
use std::collections::BTreeMap;

/// Most brokers of a cluster.
pub const MOST_BROKERS: u64 = 10_000;
/// Most replicas of a cluster.
pub const MOST_REPLICAS: u64 = 2_000_000;
/// Most memory that a run may be expected to need.
const MOST_MEMORY: Bytes = Bytes::new(8 << 30);
/// Rough bytes that a replica, a producer's way into a partition, and a group's partition take.
const BYTES_EACH: [usize; 3] = [64, 160, 128];
/// Longest run.
const MOST_DURATION: SimSpan = SimSpan::from_secs(10 * 366 * 86_400);
/// The schema that this program reads.
const SCHEMA: &str = "kafsim/scenario/1";

/// The keys of a scenario.
pub const SCENARIO: Table = &[
    Key::default("schema", Shape::Word(&[SCHEMA]), SCHEMA, "version of this format"),
    Key::required("name", Shape::Text, "its name, which names the output folder"),
    Key::default("start", Shape::Text, "2026-01-05T00:00", "wall clock at t = 0, without a zone"),
    Key::required("duration", Shape::quantity::<SimSpan>(), "length of the run"),
    Key::optional(
        "warm_up",
        Shape::quantity::<SimSpan>(),
        "cut from rates and lags; without it a steady run by requests is cut where it settles",
    ),
    Key::default("engine", Shape::Word(&["auto", "fluid", "des"]), "auto", "which engine runs it"),
    Key::required("hosts", Shape::Named(&Shape::Map(hosts::HOSTS)), "machines, by a name"),
    Key::optional("network", Shape::Map(links::NETWORK), "round trips between machines"),
    Key::required("cluster", Shape::Map(cluster::CLUSTER), "brokers, version, costs, properties"),
    Key::optional("clusters", Shape::Foreign("clusters"), "several clusters by name"),
    Key::optional("mirrors", Shape::Foreign("mirrors"), "mirrors between clusters"),
    Key::required("topics", Shape::Named(&Shape::Map(topics::TOPIC)), "topics, by name"),
    Key::default("placement", Shape::Text, "auto", "`auto`, or a file with the replicas"),
    Key::optional("initial", Shape::Map(initial::INITIAL), "what exists before t = 0"),
    Key::required("producers", Shape::Named(&Shape::Map(producers::PRODUCER)), "who writes"),
    Key::optional("groups", Shape::Named(&Shape::Map(groups::GROUP)), "who reads"),
    Key::optional("autoscaling", Shape::List(&Shape::Map(autoscaling::SCALER)), "policies"),
    Key::optional("timeline", Shape::List(&Shape::Foreign("timeline")), "what happens when"),
    Key::optional("slo", Shape::List(&Shape::Text), "METRIC(ENTITY)[.STAT] OP QUANTITY [in …]"),
];

/// Words after `do` in the timeline, with their keys.
pub(super) fn timeline_actions() -> &'static [(&'static str, Table)] {
    timeline::ACTIONS
}

/// A checked scenario with everything that a reader may ask about it.
#[derive(Debug)]
pub struct Checked {
    /// The scenario.
    pub scenario: Scenario,
    /// Every value that holds, and where it came from.
    pub effective: Vec<Effective>,
    /// What is allowed and has no effect.
    pub warnings: Vec<Problem>,
}

/// What the parts need of the whole.
struct Context<'a> {
    cards: &'a Cards,
    used: BTreeMap<String, String>,
    chance: Chance,
    files: Files,
    duration: SimSpan,
    week_offset: SimSpan,
}

impl Context<'_> {
    /// The card that a key names, opened against its kind's table at the card's own path.
    fn card(&mut self, kind: &str, key: &str, fields: &mut Fields<'_, '_>) -> Option<Card> {
        let path = fields.path_of(key);
        let card = match fields.raw(key) {
            Some(node) => self.cards.find(kind, node, &path, fields.check())?,
            None => {
                let name = fields.text(key)?;
                let place = fields.place_of(key);
                let node = Node { place, value: crate::form::Value::Scalar(name) };
                self.cards.find(kind, &node, &path, fields.check())?
            }
        };
        self.used.insert(card.title.clone(), card.hash.clone());
        Some(card)
    }

    /// A card by its name, for defaults that follow from another key.
    fn card_named(
        &mut self,
        kind: &str,
        name: &str,
        key: &str,
        fields: &mut Fields<'_, '_>,
    ) -> Option<Card> {
        let (place, path) = (fields.place_of(key), fields.path_of(key));
        self.card_at(kind, name, place, &path, fields.check())
    }

    /// The card with a name that a place asks for.
    fn card_at(
        &mut self,
        kind: &str,
        name: &str,
        place: Place,
        path: &str,
        check: &mut Check,
    ) -> Option<Card> {
        let node = Node { place, value: crate::form::Value::Scalar(name.to_owned()) };
        let card = self.cards.find(kind, &node, path, check)?;
        self.used.insert(card.title.clone(), card.hash.clone());
        Some(card)
    }
}

/// Checks a whole tree; all problems come in one error, in the order of the file.
pub(super) fn check(root: &Node, cards: &Cards, seed: Seed) -> Result<Checked> {
    let mut check = Check::default();
    let scenario = read(root, cards, seed, &mut check);
    match scenario {
        Some(mut scenario) if check.problems.is_empty() => {
            scenario.hash = fingerprint(&check.effective);
            scenario.warnings = check.warnings.iter().map(warning).collect();
            Ok(Checked { scenario, effective: check.effective, warnings: check.warnings })
        }
        _ => {
            let mut problems = check.problems;
            problems.sort_by(|a, b| {
                let key = |p: &Problem| (p.place.file.clone(), p.place.line, p.place.column);
                key(a).cmp(&key(b))
            });
            problems.dedup();
            Err(Error::input(problems))
        }
    }
}

/// A warning as a sentence.
fn warning(problem: &Problem) -> String {
    format!("{}: {}: {}; {}", problem.place, problem.path, problem.found, problem.allowed)
}

/// Equal for files that mean the same, however they are written.
fn fingerprint(effective: &[Effective]) -> String {
    let mut lines: Vec<String> =
        effective.iter().map(|one| format!("{}={}\n", one.path, one.value)).collect();
    lines.sort();
    lines.dedup();
    hash_of(lines.concat().as_bytes())
}

fn read(root: &Node, cards: &Cards, seed: Seed, check: &mut Check) -> Option<Scenario> {
    let mut fields = check.open(root, "", SCENARIO)?;
    let basics = basics(&mut fields);
    for key in ["clusters", "mirrors"] {
        if fields.has(key) {
            fields.refuse(key, format!("`{key}`"), "one cluster: several are not simulated yet");
        }
    }
    let mut context = Context {
        cards,
        used: BTreeMap::new(),
        chance: Chance::new(seed, 0),
        files: Files,
        duration: basics.as_ref().map_or(SimSpan::from_secs(60), |basics| basics.duration),
        week_offset: basics.as_ref().map_or(SimSpan::ZERO, |basics| week_offset(basics.start)),
    };
    let mut hosts = hosts::read(&mut fields, &mut context);
    let number = |groups: &mut Vec<_>| hosts::number(groups, broker_machines(root));
    let machines = hosts.as_mut().map(number).unwrap_or_default();
    let links = links::read(&mut fields, &mut context, hosts.as_deref());
    let brokers = cluster::read(&mut fields, &mut context, hosts.as_ref());
    let topics = topics::read(&mut fields, &mut context, brokers.as_ref());
    let names = topics.as_ref().map(|cluster| cluster.topics.as_slice()).unwrap_or_default();
    let producers = producers::read(&mut fields, &mut context, names, hosts.as_ref());
    let mut groups =
        groups::read(&mut fields, &mut context, names, hosts.as_ref(), brokers.as_ref());
    // References are checked against the names as written, so that one mistake is one problem.
    let group_names = groups::names(root);
    let initial = initial::read(&mut fields, &group_names);
    let mut autoscaling = autoscaling::read(&mut fields, &group_names);
    let timeline = timeline::read(&mut fields, basics.as_ref(), &group_names, brokers.as_ref());
    let producer_names = producers::names(root);
    let names = slo::Names { producers: &producer_names, groups: &group_names };
    let slo = slo::read(&mut fields, names);
    let (basics, brokers) = (basics?, brokers?);
    check_engine(basics.engine, producers.as_deref(), &mut fields);
    faults::check(&basics, timeline.as_deref(), autoscaling.as_deref(), &brokers, &mut fields);
    if let (Some(cluster), Some(producers), Some(groups)) = (&topics, &producers, &mut groups) {
        codec::price(groups, producers, basics.duration);
        if let Some(scalers) = &mut autoscaling {
            autoscaling::check_topics(scalers, cluster, groups, &mut fields);
            autoscaling::foresee(scalers, producers, groups, basics.duration);
        }
        check_memory(cluster, producers, groups, &mut fields);
    }
    Some(Scenario {
        name: basics.name,
        hash: String::new(),
        cards: context.used,
        start: basics.start,
        duration: basics.duration,
        warm_up: basics.warm_up,
        engine: basics.engine,
        cluster: topics?,
        links: links?,
        pool: brokers.pool,
        costs: brokers.costs,
        brokers: brokers.settings,
        machines,
        version: brokers.version,
        initial: initial?,
        producers: producers?,
        groups: groups?,
        autoscaling: autoscaling?,
        timeline: timeline?,
        slo: slo?,
        warnings: Vec::new(),
    })
}

/// Refuses what the engine that is asked for does not know.
fn check_engine(engine: EngineChoice, producers: Option<&[Producer]>, fields: &mut Fields<'_, '_>) {
    if engine == EngineChoice::Des {
        let key = "autoscaling";
        if fields.has(key) && fields.raw(key).is_some_and(|node| !node.items().is_empty()) {
            let allowed = "engine: fluid, or nothing here: requests know it not yet";
            fields.refuse(key, format!("`{key}` with engine des"), allowed);
        }
    }
    let cold = fields.node().get("initial").and_then(|initial| initial.get("page_cache")?.text());
    if engine == EngineChoice::Fluid && cold == Some("cold") {
        let allowed = "engine: des or auto: flows begin with a warm page cache";
        fields.refuse("engine", "a cold page cache with engine fluid", allowed);
    }
    let closed =
        producers.into_iter().flatten().any(|producer| producer.arrivals == Arrivals::Closed);
    if engine == EngineChoice::Fluid && closed {
        let allowed = "engine: des or auto: flows know no closed loops";
        fields.refuse("engine", "a closed loop with engine fluid", allowed);
    }
}

/// The key of `hosts` that the brokers run on, as written.
fn broker_machines(root: &Node) -> &str {
    let brokers = root.get("cluster").and_then(|cluster| cluster.get("brokers"));
    brokers.and_then(|brokers| brokers.get("run_on")?.text()).unwrap_or_default()
}

/// Refuses what would not fit into memory, before anything of it is made.
fn check_memory(
    cluster: &Cluster,
    producers: &[Producer],
    groups: &[Group],
    fields: &mut Fields<'_, '_>,
) {
    let partitions = |topic: TopicId| cluster.topic(topic).partitions as usize;
    let replicas: usize = cluster.partitions.iter().map(|p| p.replicas.len()).sum();
    let feeds: usize =
        producers.iter().flat_map(|one| &one.to).map(|(topic, _)| partitions(*topic)).sum();
    let read: usize =
        groups.iter().flat_map(|one| &one.reads).map(|topic| partitions(*topic)).sum();
    let parts = [replicas, feeds, read].into_iter().zip(BYTES_EACH);
    let bytes = Bytes::new(parts.map(|(count, each)| count * each).sum::<usize>() as u64);
    if bytes > MOST_MEMORY {
        let allowed = format!("at most {MOST_MEMORY}: fewer partitions, producers or groups");
        fields.refuse("topics", format!("a run that needs about {bytes}"), allowed);
    }
}

/// Name and times.
struct Basics {
    name: String,
    start: jiff::civil::DateTime,
    duration: SimSpan,
    warm_up: Option<SimSpan>,
    engine: EngineChoice,
}

fn basics(fields: &mut Fields<'_, '_>) -> Option<Basics> {
    fields.word("schema");
    let name = fields.text("name");
    if let Some(name) = &name
        && !is_name(name)
    {
        let allowed = "letters, digits, dots, dashes and underscores, at most 100";
        fields.refuse("name", format!("`{}`", shorten(name)), allowed);
    }
    let start = fields.text("start").and_then(|text| {
        let start = text.parse::<jiff::civil::DateTime>().ok();
        if start.is_none() {
            fields.refuse("start", format!("`{text}`"), "a wall clock, e.g. `2026-11-27T00:00`");
        }
        start
    });
    let duration = fields.quantity::<SimSpan>("duration").filter(|duration| {
        let allowed = !duration.is_zero() && *duration <= MOST_DURATION;
        if !allowed {
            fields.refuse("duration", format!("`{duration}`"), "more than 0 s, at most 10 years");
        }
        allowed
    });
    let warm_up =
        if fields.has("warm_up") { Some(fields.quantity::<SimSpan>("warm_up")?) } else { None };
    if let (Some(duration), Some(warm_up)) = (duration, warm_up)
        && warm_up >= duration
    {
        fields.refuse("warm_up", format!("`{warm_up}`"), format!("less than {duration}"));
    }
    let engine = match fields.word("engine") {
        Some(2) => Some(EngineChoice::Des),
        Some(1) => Some(EngineChoice::Fluid),
        Some(_) => Some(EngineChoice::Auto),
        None => None,
    };
    Some(Basics { name: name?, start: start?, duration: duration?, warm_up, engine: engine? })
}

/// Names become file names and labels.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= 100 && name.chars().all(fits) && !name.starts_with('.')
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Refuses a name that the author chose when it cannot be one.
fn check_name(key: &str, place: &crate::error::Place, path: &str, check: &mut Check) {
    if !is_name(key) {
        let allowed = "letters, digits, dots, dashes and underscores, at most 100";
        check.problem(place, path, format!("`{}`", shorten(key)), allowed.into());
    }
}

/// The span since Monday 00:00.
fn week_offset(start: jiff::civil::DateTime) -> SimSpan {
    let days = u64::try_from(start.weekday().to_monday_zero_offset()).unwrap_or(0);
    let time = start.time();
    let part = |value: i8, seconds: u64| u64::try_from(value).unwrap_or(0) * seconds;
    let seconds = part(time.hour(), 3_600) + part(time.minute(), 60) + part(time.second(), 1);
    SimSpan::from_secs(days * 86_400 + seconds)
}

/// A quantity that must be above zero.
fn positive<Q: Quantity>(fields: &mut Fields<'_, '_>, key: &str) -> Option<Q> {
    let value: Q = fields.quantity(key)?;
    if value.to_base() > 0.0 {
        return Some(value);
    }
    fields.refuse(key, format!("`{value}`"), format!("a {} above zero", Q::NAME));
    None
}
