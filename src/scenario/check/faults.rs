//! Faults of brokers on the timeline: who, for how long, and in which order.

use super::Basics;
use super::cluster::Brokers;
use super::timeline::{AFTER, AT, DO, Names};
use crate::cluster::{BrokerId, Cluster};
use crate::form::{Fields, Key, Node, Shape, Table};
use crate::model::fault::{Fault, FaultKind};
use crate::scenario::scenario::{EngineChoice, Scaler, TimelineAction, TimelineEntry};
use crate::units::{SimSpan, SimTime};

const BROKER: Key =
    Key::required("broker", Shape::Count { min: 0, max: u32::MAX as u64 }, "its node.id");
const LASTS: Key = Key::optional(
    "lasts",
    Shape::quantity::<SimSpan>(),
    "until the process is started again; never without it",
);
const ZONE: Key = Key::required("zone", Shape::Text, "a zone of the brokers' machines");

/// `kill_broker`.
pub(super) const KILL: Table = &[AT, AFTER, DO, BROKER, LASTS];
/// `stop_broker`.
pub(super) const STOP: Table = &[AT, AFTER, DO, BROKER, LASTS];
/// `start_broker`.
pub(super) const START: Table = &[AT, AFTER, DO, BROKER];
/// `lose_zone`.
pub(super) const LOSE_ZONE: Table = &[AT, AFTER, DO, ZONE, LASTS];

/// Reads one fault.
pub(super) fn read(entry: &mut Fields<'_, '_>, word: &str, names: Names<'_>) -> Option<Fault> {
    let kind = match word {
        "kill_broker" => FaultKind::Killed,
        "stop_broker" => FaultKind::Stopped,
        "start_broker" => FaultKind::Started,
        _ => FaultKind::ZoneLost,
    };
    let has_end = kind != FaultKind::Started && entry.has("lasts");
    let lasts = if has_end { Some(super::positive::<SimSpan>(entry, "lasts")?) } else { None };
    let cluster = names.cluster?;
    let brokers = match kind {
        FaultKind::ZoneLost => zone(entry, cluster)?,
        _ => vec![broker(entry, cluster)?],
    };
    Some(Fault { kind, brokers, lasts })
}

fn broker(entry: &mut Fields<'_, '_>, cluster: &Cluster) -> Option<BrokerId> {
    let id = entry.count("broker")?;
    let found = cluster.brokers.iter().position(|one| u64::from(one.node_id) == id);
    if found.is_none() {
        let ids = cluster.brokers.iter().map(|one| one.node_id);
        let (least, most) = (ids.clone().min().unwrap_or(0), ids.max().unwrap_or(0));
        entry.refuse("broker", format!("`{id}`"), format!("a node.id from {least} to {most}"));
    }
    found.map(BrokerId::from_index)
}

fn zone(entry: &mut Fields<'_, '_>, cluster: &Cluster) -> Option<Vec<BrokerId>> {
    let zone = entry.text("zone")?;
    let all = cluster.brokers.iter().enumerate();
    let inside: Vec<BrokerId> = all
        .filter(|(_, broker)| broker.rack == zone)
        .map(|(index, _)| BrokerId::from_index(index))
        .collect();
    if inside.is_empty() {
        let mut zones: Vec<&str> = cluster.brokers.iter().map(|one| one.rack.as_str()).collect();
        zones.sort_unstable();
        zones.dedup();
        let (place, path) = (entry.place_of("zone"), entry.path_of("zone"));
        entry.check().wrong_word(&place, &path, &zone, zones);
        return None;
    }
    Some(inside)
}

/// Where a broker is when the entries are followed in time.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Up,
    /// Down until an instant, `SimTime::MAX` without an end.
    Down(SimTime),
}

/// Whoever is killed or stopped runs, whoever is started does not, and one broker always runs.
pub(super) fn check_order(
    entries: &[(TimelineEntry, usize)],
    items: &[Node],
    cluster: &Cluster,
    fields: &mut Fields<'_, '_>,
) -> bool {
    let mut states = vec![State::Up; cluster.brokers.len()];
    let mut sound = true;
    for (entry, index) in entries {
        let TimelineAction::Fault(fault) = &entry.action else { continue };
        for state in &mut states {
            if matches!(*state, State::Down(until) if until <= entry.at) {
                *state = State::Up;
            }
        }
        let path = format!("timeline/{index}");
        let mut refuse = |found: String, allowed: &str| {
            let place = items[*index].place.clone();
            fields.check().problem(&place, &path, found, allowed.to_owned());
            sound = false;
        };
        let at = entry.at.saturating_since(SimTime::ZERO).to_prose();
        for broker in &fault.brokers {
            let node_id = cluster.broker(*broker).node_id;
            let state = &mut states[broker.index()];
            let running = *state == State::Up;
            match (fault.kind, running) {
                (FaultKind::Started, true) => {
                    refuse(format!("broker {node_id} runs at {at}"), "a broker that is down");
                }
                (FaultKind::Killed | FaultKind::Stopped, false) => {
                    refuse(format!("broker {node_id} is down at {at}"), "a broker that runs");
                }
                _ => {}
            }
            let end = fault.lasts.map_or(SimTime::MAX, |lasts| entry.at.saturating_add(lasts));
            *state = if fault.kind == FaultKind::Started { State::Up } else { State::Down(end) };
        }
        if states.iter().all(|state| *state != State::Up) {
            refuse(format!("no broker runs after {at}"), "at least one broker that runs");
        }
    }
    sound
}

/// Of the timeline, requests know faults; and nobody moves partitions while brokers fail.
pub(super) fn check(
    basics: &Basics,
    entries: Option<&[TimelineEntry]>,
    scalers: Option<&[Scaler]>,
    brokers: &Brokers,
    fields: &mut Fields<'_, '_>,
) {
    let Some(entries) = entries else { return };
    let requests = basics.engine == EngineChoice::Des;
    let moved_by_policy = scalers.into_iter().flatten().any(|scaler| scaler.brokers);
    let faults = entries.iter().filter(|entry| entry.action.is_fault()).count();
    if requests && faults < entries.len() {
        let allowed = "engine: fluid, or only faults of brokers: requests know the rest not yet";
        fields.refuse("timeline", "`timeline` with engine des", allowed);
    }
    if requests && faults > 0 && brokers.settings.rack_aware_reads {
        let allowed = "engine: fluid: requests know not yet who reads from a follower that fails";
        fields.refuse("timeline", "faults with a rack-aware replica selector", allowed);
    }
    let moves = |entry: &TimelineEntry| {
        matches!(entry.action, TimelineAction::AddBrokers { .. } | TimelineAction::Reassign { .. })
    };
    if faults > 0 && (moved_by_policy || entries.iter().any(moves)) {
        let allowed =
            "one of the two: brokers that fail while partitions move are not simulated yet";
        fields.refuse("timeline", "faults of brokers and moves of partitions", allowed);
    }
}
