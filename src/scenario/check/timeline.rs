//! `timeline`: what happens when.

use super::autoscaling::read_rebalancing;
use super::cluster::Brokers;
use super::{Basics, faults};
use crate::cluster::{Cluster, GroupId};
use crate::form::{Fields, Key, Node, Shape, Table};
use crate::scenario::scenario::{TimelineAction, TimelineEntry};
use crate::units::{ByteRate, SimSpan, SimTime};

pub(super) const AT: Key =
    Key::optional("at", Shape::Text, "wall clock of the first day, or a date-time");
pub(super) const AFTER: Key =
    Key::optional("after", Shape::quantity::<SimSpan>(), "time since the start");
pub(super) const DO: Key = Key::required("do", Shape::Word(WORDS), "what happens");

const ADD_BROKERS: Table = &[
    AT,
    AFTER,
    DO,
    Key::default("count", Shape::Count { min: 1, max: 1_000 }, "1", "new brokers"),
];
const REASSIGN: Table = &[
    AT,
    AFTER,
    DO,
    Key::default("plan", Shape::Word(&["minimal", "none"]), "minimal", "which replicas move"),
    Key::optional("throttle", Shape::quantity::<ByteRate>(), "replication throttle of a broker"),
];
const SCALE_GROUP: Table = &[
    AT,
    AFTER,
    DO,
    Key::required("group", Shape::Text, "a key of groups"),
    Key::required("members", Shape::Count { min: 1, max: 100_000 }, "members from then on"),
];

const COUNT: Key =
    Key::default("count", Shape::Count { min: 1, max: 100_000 }, "1", "how many members");
const GROUP: Key = Key::required("group", Shape::Text, "a key of groups");
const LASTS: Key =
    Key::optional("lasts", Shape::quantity::<SimSpan>(), "until they poll again; never without it");
const CHANGE_MEMBERS: Table = &[AT, AFTER, DO, GROUP, COUNT];
const KILL_MEMBERS: Table = &[AT, AFTER, DO, GROUP, COUNT, LASTS];

/// Words after `do` with their keys.
pub(crate) const ACTIONS: &[(&str, Table)] = &[
    ("add_brokers", ADD_BROKERS),
    ("reassign", REASSIGN),
    ("scale_group", SCALE_GROUP),
    ("kill_members", KILL_MEMBERS),
    ("add_members", CHANGE_MEMBERS),
    ("remove_members", CHANGE_MEMBERS),
    ("kill_broker", faults::KILL),
    ("stop_broker", faults::STOP),
    ("start_broker", faults::START),
    ("lose_zone", faults::LOSE_ZONE),
];
pub(super) const WORDS: &[&str] = &[
    "add_brokers",
    "reassign",
    "scale_group",
    "kill_members",
    "add_members",
    "remove_members",
    "kill_broker",
    "stop_broker",
    "start_broker",
    "lose_zone",
];
/// Words of the grammar that no engine simulates yet.
const NOT_YET: [&str; 16] = [
    "remove_broker",
    "slow_disk",
    "full_disk",
    "cap_nic",
    "split_network",
    "delay_packets",
    "kill_consumer",
    "stall_consumer",
    "flap_consumer",
    "hot_key",
    "slow_downstream",
    "add_partitions",
    "change_replication_factor",
    "change_config",
    "elect_leaders",
    "remove_brokers",
];

pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    basics: Option<&Basics>,
    groups: &[String],
    brokers: Option<&Brokers>,
) -> Option<Vec<TimelineEntry>> {
    let cluster = brokers.map(|brokers| &brokers.cluster);
    let mut entries = Vec::new();
    let mut sound = true;
    let items = fields.list("timeline");
    for (index, item) in items.iter().enumerate() {
        let path = format!("timeline/{index}");
        let names = Names { groups, cluster };
        let entry = read_entry(item, &path, fields, basics, names);
        sound &= entry.is_some();
        entries.extend(entry.map(|entry| (entry, index)));
    }
    entries.sort_by_key(|(entry, _): &(TimelineEntry, usize)| entry.at);
    if let (true, Some(cluster)) = (sound, cluster) {
        sound = faults::check_order(&entries, items, cluster, fields);
    }
    sound.then(|| entries.into_iter().map(|(entry, _)| entry).collect())
}

/// What entries refer to.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    groups: &'a [String],
    pub cluster: Option<&'a Cluster>,
}

fn read_entry(
    node: &Node,
    path: &str,
    fields: &mut Fields<'_, '_>,
    basics: Option<&Basics>,
    names: Names<'_>,
) -> Option<TimelineEntry> {
    let check = fields.check();
    let word = node.get("do").and_then(Node::text);
    let Some((_, table)) = ACTIONS.iter().find(|(name, _)| Some(*name) == word) else {
        let place = node.get("do").unwrap_or(node).place.clone();
        let word = word.unwrap_or_default();
        if NOT_YET.contains(&word) {
            let allowed = format!("{}: `{word}` is not simulated yet", WORDS.join(", "));
            check.problem(&place, path, format!("`{word}`"), allowed);
        } else {
            let path = format!("{path}/do");
            check.wrong_word(&place, &path, word, WORDS.iter().copied());
        }
        return None;
    };
    let mut entry = check.open(node, path, table)?;
    let at = read_instant(&mut entry, basics?);
    let action = match entry.word("do")? {
        0 => entry.count("count").map(|n| TimelineAction::AddBrokers { count: n as u32 }),
        1 => {
            read_rebalancing(&mut entry).map(|rebalancing| TimelineAction::Reassign { rebalancing })
        }
        2 => read_scaling(&mut entry, names.groups),
        word if WORDS[word].ends_with("_members") => read_members(&mut entry, names.groups, word),
        word => faults::read(&mut entry, WORDS[word], names).map(TimelineAction::Fault),
    };
    Some(TimelineEntry { at: at?, action: action? })
}

fn read_scaling(entry: &mut Fields<'_, '_>, groups: &[String]) -> Option<TimelineAction> {
    let members = entry.count("members");
    let group = read_group(entry, groups);
    Some(TimelineAction::ScaleGroup { group: group?, members: members? as u32 })
}

/// `kill_members`, `add_members` and `remove_members`, in the order of the words.
fn read_members(
    entry: &mut Fields<'_, '_>,
    groups: &[String],
    word: usize,
) -> Option<TimelineAction> {
    let count = entry.count("count").map(|count| count as u32);
    let group = read_group(entry, groups);
    let lasts = if word == 3 && entry.has("lasts") {
        Some(entry.quantity::<SimSpan>("lasts")?)
    } else {
        None
    };
    let (group, count) = (group?, count?);
    Some(match word {
        3 => TimelineAction::KillMembers { group, count, lasts },
        4 => TimelineAction::AddMembers { group, count },
        _ => TimelineAction::RemoveMembers { group, count },
    })
}

fn read_group(entry: &mut Fields<'_, '_>, groups: &[String]) -> Option<GroupId> {
    let word = entry.text("group")?;
    let found = groups.iter().position(|name| *name == word);
    if found.is_none() {
        let (place, path) = (entry.place_of("group"), entry.path_of("group"));
        entry.check().wrong_word(&place, &path, &word, groups.iter().map(String::as_str));
    }
    found.map(GroupId::from_index)
}

/// `after: 12 h`, `at: "10:00"` (the first such time of the run) or `at: 2026-11-27T10:00`.
fn read_instant(entry: &mut Fields<'_, '_>, basics: &Basics) -> Option<SimTime> {
    let span = match (entry.has("after"), entry.has("at")) {
        (true, false) => entry.quantity::<SimSpan>("after"),
        (false, true) => {
            let text = entry.text("at")?;
            let span = wall_clock(&text, basics.start);
            if span.is_none() {
                let allowed = "a time such as `\"10:00\"`, or a date-time within the run";
                entry.refuse("at", format!("`{text}`"), allowed);
            }
            span
        }
        _ => {
            entry.refuse("do", "no time, or two", "one of `at` and `after`");
            None
        }
    }?;
    if span > basics.duration {
        let key = if entry.has("at") { "at" } else { "after" };
        let allowed = format!("at most the duration, {}", basics.duration);
        entry.refuse(key, format!("{} after the start", span.to_prose()), allowed);
        return None;
    }
    Some(SimTime::ZERO.saturating_add(span))
}

fn wall_clock(text: &str, start: jiff::civil::DateTime) -> Option<SimSpan> {
    let instant = match text.parse::<jiff::civil::DateTime>() {
        Ok(instant) => instant,
        Err(_) => {
            let time = text.parse::<jiff::civil::Time>().ok()?;
            let today = start.date().to_datetime(time);
            if today < start { start.date().tomorrow().ok()?.to_datetime(time) } else { today }
        }
    };
    let seconds = instant.duration_since(start).as_secs_f64();
    (seconds >= 0.0).then(|| SimSpan::from_secs_f64(seconds))
}
