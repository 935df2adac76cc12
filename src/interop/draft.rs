//! A first scenario from what is known of a cluster, with a comment at every line that says where
//! it comes from, or that it is assumed.
//!
//! # Rule
//! Topics, partitions and replicas come from `kafka-topics --describe`, which becomes the placement
//! too; sizes from `kafka-log-dirs`; machines and the load from Cruise Control; the load over time
//! from Prometheus. Records are shared over topics as their bytes are, and all topics keep theirs
//! equally long: for as long as it takes to write what is stored. Whoever reads is counted by what
//! brokers send beyond replication.
//! # Assumes
//! What nobody has said: machines of a card, records of a size, members that keep up.
//! # Breaks
//! Topics that keep their records for different times.
//! # Source
//! Formats as in their own files here.

use super::cruise_control::{BrokerCapacity, CruiseLoad};
use super::draft_machine::machine;
use super::load_trace::LoadTrace;
use super::log_dirs::StoredReplica;
use super::omb::slug;
use super::reassignment::reassignment_json;
use crate::error::{Error, Result};
use crate::scenario::Assignment;
use crate::units::{ByteRate, Bytes, RecordRate, SimSpan};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use std::collections::{BTreeMap, BTreeSet};

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Name of the scenario.
    pub name: String,
    /// Placement, with the file that it comes from.
    pub placement: Option<(String, Vec<Assignment>)>,
    /// Sizes of replicas.
    pub sizes: Option<(String, Vec<StoredReplica>)>,
    /// What brokers can take.
    pub capacity: Option<(String, Vec<BrokerCapacity>)>,
    /// What brokers bear.
    pub load: Option<(String, Vec<CruiseLoad>)>,
    /// Load over time.
    pub trace: Option<(String, LoadTrace)>,
    /// Answers of the person: records/s, bytes of a record, groups, brokers, partitions, replicas.
    pub answers: Answers,
    /// Card of the machines that nothing else describes.
    pub machine: String,
    /// The date of a card that is written, `YYYY-MM-DD`.
    pub date: String,
}

/// What a person has said; what is absent is derived, or assumed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers {
    /// Records/s of all producers.
    pub rate: Option<RecordRate>,
    /// Bytes of a record.
    pub record: Option<Bytes>,
    /// Groups that read everything.
    pub groups: Option<u32>,
    /// Brokers.
    pub brokers: Option<u32>,
    /// Partitions of the one topic.
    pub partitions: Option<u32>,
    /// Replicas of each partition.
    pub replicas: Option<u32>,
}

/// Assumed where nobody says: bytes of a record, records/s, brokers, partitions, replicas, groups,
/// hours that records are kept.
const RECORD: u64 = 1_024;
const RATE: f64 = 1_000.0;
const BROKERS: u32 = 3;
const PARTITIONS: u32 = 12;
const REPLICAS: u32 = 3;
const GROUPS: u32 = 1;
const KEPT: SimSpan = SimSpan::from_secs(24 * 3_600);
/// Names of the files beside the scenario.
const PLACEMENT: &str = "placement.json";
/// The same.
const TRACE: &str = "load.csv";

/// A topic as the scenario has it.
struct DraftTopic {
    name: String,
    partitions: u32,
    replicas: u32,
    bytes: f64,
}

/// What is written: the scenario under its own name first, then the files that it reads.
pub fn draft(known: &Draft) -> Result<Vec<(String, String)>> {
    let ids = broker_ids(known)?;
    let topics = topics(known, ids.len() as u32)?;
    let record = known.answers.record.map_or(RECORD, Bytes::get).max(1);
    let (rate, rate_from) = rate(known, record);
    let mut files = Vec::new();
    let (card, count_from) = machine(known, &mut files)?;
    let mut text = head(known);
    let zones = zones(known, &ids);
    text.push_str(&format!(
        "hosts:\n  brokers: {{card: {card}, count: {}{zones}}}   # {count_from}\n",
        ids.len()
    ));
    let first = ids.first().copied().unwrap_or(1);
    text.push_str(&format!(
        "cluster:\n  brokers: {{run_on: brokers, first_id: {first}}}{}\n",
        renumbered(&ids)
    ));
    let stored: f64 = topics.iter().map(|one| one.bytes).sum();
    let ingress = rate * record as f64;
    let (kept, kept_from) = if stored > 0.0 && ingress > 0.0 {
        let span = SimSpan::from_secs_f64((stored / ingress).clamp(1.0, 1e8));
        (span, "as long as it takes to write what is stored")
    } else {
        (KEPT, "assumed; `retention.ms` of your topics")
    };
    text.push_str("topics:\n");
    for one in &topics {
        text.push_str(&format!(
            "  {}: {{partitions: {}, replication_factor: {}, config: {{min.insync.replicas: {}, \
             retention.ms: {}}}}}\n",
            one.name,
            one.partitions,
            one.replicas,
            (one.replicas - 1).clamp(1, 2),
            kept.as_millis().max(1)
        ));
    }
    text.push_str(&format!("# retention.ms: {kept_from}\n"));
    if let Some((file, list)) = &known.placement {
        files.push((PLACEMENT.to_owned(), reassignment_json(&mapped(list, &ids, first))));
        text.push_str(&format!("placement: {PLACEMENT}   # {}\n", plain(file)));
    }
    let load = match &known.trace {
        Some((file, trace)) => {
            files.push((TRACE.to_owned(), trace.csv()));
            format!("{{trace: {TRACE}, repeats: true}}   # {}", plain(file))
        }
        None => format!("{{rate: {}}}   # {rate_from}", RecordRate::per_sec(rate).to_exact()),
    };
    let record_from = if known.answers.record.is_some() { "as said" } else { "assumed" };
    let shares: Vec<String> = topics
        .iter()
        .map(|one| {
            let share = if stored > 0.0 { one.bytes / stored } else { 1.0 };
            format!("{}: {:.6}", one.name, share.max(1e-6))
        })
        .collect();
    text.push_str(&format!(
        "producers:\n  producers:\n    to: {{{}}}   # {}\n    clients: 10   # assumed\n    \
         records: {{size: {record} B, key: {{}}}}   # {record_from}\n    load: {load}\n    \
         config: {{acks: all}}   # assumed\n",
        shares.join(", "),
        if stored > 0.0 { "shares of stored bytes" } else { "evenly" },
    ));
    text.push_str(&groups(known, &topics));
    files.insert(0, (format!("{}.yaml", slug(&known.name)), text));
    Ok(files)
}

/// A name in a comment.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn head(known: &Draft) -> String {
    let mut from: Vec<&str> = Vec::new();
    from.extend(known.placement.as_ref().map(|one| one.0.as_str()));
    from.extend(known.sizes.as_ref().map(|one| one.0.as_str()));
    from.extend(known.capacity.as_ref().map(|one| one.0.as_str()));
    from.extend(known.load.as_ref().map(|one| one.0.as_str()));
    from.extend(known.trace.as_ref().map(|one| one.0.as_str()));
    let from = if from.is_empty() { "answers".to_owned() } else { plain(&from.join(", ")) };
    let lasts = known.trace.as_ref().map_or(3_600.0, |one| one.1.lasts().max(60.0));
    let start = known.trace.as_ref().map(|one| {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let at = epoch.saturating_add(SignedDuration::from_secs(one.1.begins as i64));
        let (date, hour, minute) = (at.date(), at.hour(), at.minute());
        format!("start: {date}T{hour:02}:{minute:02}   # of the trace, UTC\n")
    });
    format!(
        "# A first scenario from {from}. What is assumed says so: put in what you know, then\n\
         # `kafsim check` and `kafsim simulate`.\n\
         schema: kafsim/scenario/1\nname: {}\n{}duration: {} s\nengine: auto\n",
        slug(&known.name),
        start.unwrap_or_default(),
        lasts.floor().max(60.0) as u64,
    )
}

/// Ids of all brokers that anything names, or as many as were asked for.
fn broker_ids(known: &Draft) -> Result<Vec<u32>> {
    let mut ids: BTreeSet<u32> = BTreeSet::new();
    let placed = known.placement.iter().flat_map(|one| &one.1);
    ids.extend(placed.flat_map(|one| one.replicas.iter().copied()));
    ids.extend(known.sizes.iter().flat_map(|one| &one.1).map(|one| one.broker));
    ids.extend(known.capacity.iter().flat_map(|one| &one.1).filter_map(|one| one.broker));
    ids.extend(known.load.iter().flat_map(|one| &one.1).map(|one| one.broker));
    let count = known.answers.brokers;
    if ids.is_empty() {
        let replicas = known.answers.replicas.unwrap_or(REPLICAS);
        return Ok((1..=count.unwrap_or(BROKERS.max(replicas))).collect());
    }
    if let Some(count) = count.filter(|count| (*count as usize) < ids.len()) {
        return Err(Error::usage(format!(
            "--brokers {count}: the files name {} brokers; the nearest is {}",
            ids.len(),
            ids.len()
        )));
    }
    let mut all: Vec<u32> = ids.into_iter().collect();
    let more = count.map_or(0, |count| count as usize - all.len());
    let last = all.last().copied().unwrap_or(0);
    all.extend((1..=more as u32).map(|step| last.saturating_add(step)));
    Ok(all)
}

/// Ids of a scenario have no gaps.
fn renumbered(ids: &[u32]) -> String {
    let first = ids.first().copied().unwrap_or(1);
    let moved: Vec<String> = ids
        .iter()
        .zip(first..)
        .filter(|(id, new)| *id != new)
        .map(|(id, new)| format!("broker {id} is {new} here"))
        .collect();
    if moved.is_empty() { String::new() } else { format!("   # {}", moved.join(", ")) }
}

fn mapped(list: &[Assignment], ids: &[u32], first: u32) -> Vec<Assignment> {
    let new = |id: &u32| ids.binary_search(id).map_or(*id, |at| first + at as u32);
    let one = |one: &Assignment| Assignment {
        replicas: one.replicas.iter().map(new).collect(),
        ..one.clone()
    };
    list.iter().map(one).collect()
}

fn topics(known: &Draft, brokers: u32) -> Result<Vec<DraftTopic>> {
    let mut bytes: BTreeMap<&str, f64> = BTreeMap::new();
    let mut found: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut leaders: BTreeSet<(&str, u32)> = BTreeSet::new();
    for one in known.sizes.iter().flat_map(|one| &one.1) {
        // One copy of each partition counts.
        if leaders.insert((&one.topic, one.partition)) {
            *bytes.entry(&one.topic).or_insert(0.0) += one.bytes.as_f64();
        }
        let entry = found.entry(&one.topic).or_insert((0, 0));
        entry.0 = entry.0.max(one.partition + 1);
        if one.partition == 0 {
            entry.1 += 1;
        }
    }
    if let Some((file, list)) = &known.placement {
        found.clear();
        for one in list {
            let entry = found.entry(&one.topic).or_insert((0, one.replicas.len() as u32));
            entry.0 = entry.0.max(one.partition + 1);
            if entry.1 != one.replicas.len() as u32 {
                return Err(Error::usage(format!(
                    "{file}: partitions of {} have {} and {} replicas: a topic has one replication \
                     factor here",
                    one.topic,
                    entry.1,
                    one.replicas.len()
                )));
            }
        }
        bytes.retain(|name, _| found.contains_key(name));
    }
    if found.is_empty() {
        let partitions = known.answers.partitions.unwrap_or(PARTITIONS);
        let replicas = known.answers.replicas.or_else(|| factor(known));
        let replicas = replicas.unwrap_or(REPLICAS.min(brokers)).min(brokers).max(1);
        let stored: f64 =
            known.load.iter().flat_map(|one| &one.1).map(|one| one.disk.as_f64()).sum();
        let bytes = stored / f64::from(replicas);
        return Ok(vec![DraftTopic { name: "events".into(), partitions, replicas, bytes }]);
    }
    Ok(found
        .into_iter()
        .map(|(name, (partitions, replicas))| DraftTopic {
            name: name.to_owned(),
            partitions,
            replicas: replicas.max(1),
            bytes: bytes.get(name).copied().unwrap_or(0.0),
        })
        .collect())
}

/// Sums of a load: received as leader, as follower, sent.
fn sums(known: &Draft) -> Option<[f64; 3]> {
    let list = &known.load.as_ref()?.1;
    let sum = |of: fn(&CruiseLoad) -> ByteRate| list.iter().map(|one| of(one).get()).sum::<f64>();
    Some([sum(|one| one.leader_in), sum(|one| one.follower_in), sum(|one| one.out)])
}

/// Replicas of each partition by what followers receive.
fn factor(known: &Draft) -> Option<u32> {
    let [leader, follower, _] = sums(known)?;
    (leader > 0.0).then(|| 1 + (follower / leader).round().max(0.0) as u32)
}

/// Records/s, and where they come from.
fn rate(known: &Draft, record: u64) -> (f64, String) {
    if let Some(rate) = known.answers.rate {
        return (rate.get(), "as said".to_owned());
    }
    if let Some((file, trace)) = &known.trace {
        return (trace.mean(), plain(file));
    }
    let from = known.load.as_ref().map(|one| plain(&one.0));
    match (sums(known), from) {
        (Some([leader, ..]), Some(file)) if leader > 0.0 => {
            (leader / record as f64, format!("bytes that leaders receive, {file}"))
        }
        _ => (RATE, "assumed".to_owned()),
    }
}

/// Racks in turn, where Cruise Control knows several.
fn zones(known: &Draft, ids: &[u32]) -> String {
    let Some((_, list)) = &known.load else { return String::new() };
    let rack = |id: &u32| list.iter().find(|one| one.broker == *id).map(|one| one.rack.as_str());
    let racks: Vec<&str> = ids.iter().filter_map(rack).collect();
    let distinct: BTreeSet<&str> = racks.iter().copied().filter(|one| !one.is_empty()).collect();
    // Machines get zones in turn; other orders cannot be written so.
    let order: Vec<&str> = racks.iter().copied().take(distinct.len()).collect();
    let in_turn = racks.iter().zip(order.iter().cycle()).all(|(rack, turn)| rack == turn);
    let even: BTreeSet<&str> = order.iter().copied().collect();
    if distinct.len() < 2 || !in_turn || even.len() != distinct.len() {
        return String::new();
    }
    let quoted: Vec<String> =
        order.iter().map(|one| format!("\"{}\"", one.replace(['"', '\\'], ""))).collect();
    format!(", zones: [{}]", quoted.join(", "))
}

/// Groups that read everything.
fn groups(known: &Draft, topics: &[DraftTopic]) -> String {
    let counted = sums(known).filter(|sums| sums[0] > 0.0).map(|[leader, follower, out]| {
        (((out - follower) / leader).round().clamp(0.0, 100.0)) as u32
    });
    let (count, from) = match (known.answers.groups, counted) {
        (Some(count), _) => (count, "as said"),
        (None, Some(count)) => (count, "by what brokers send beyond replication"),
        (None, None) => (GROUPS, "assumed"),
    };
    if count == 0 {
        return format!("# no group: {from}\n");
    }
    let names: Vec<&str> = topics.iter().map(|one| one.name.as_str()).collect();
    let most = topics.iter().map(|one| one.partitions).sum::<u32>();
    let mut text = format!("groups:   # {from}; members and their work are assumed\n");
    for number in 1..=count {
        text.push_str(&format!(
            "  readers-{number}: {{reads: [{}], members: {}}}\n",
            names.join(", "),
            most.clamp(1, 3)
        ));
    }
    text
}
