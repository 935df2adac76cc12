//! `autoscaling`: policies bound to what they scale.

use crate::cluster::{Cluster, GroupId};
use crate::form::{Fields, Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::model::policies::{NoPolicy, Policy};
use crate::model::policy::ScalingPolicy;
use crate::model::workload::Want;
use crate::scenario::group::Group;
use crate::scenario::manifests::read_policy;
use crate::scenario::scenario::{Producer, Rebalancing, Scaler};
use crate::units::{ByteRate, SimSpan, SimTime};

/// One policy.
pub(super) const SCALER: Table = &[
    Key::required("policy", Shape::Text, "a policy file, or `none`"),
    Key::optional("scales", Shape::Map(SCALES), "what it acts on"),
    Key::optional("rebalance", Shape::Map(REBALANCE), "what follows when brokers come or go"),
];
const SCALES: Table = &[
    Key::optional("brokers", Shape::Word(&["cluster"]), "brokers of the cluster"),
    Key::optional("consumers", Shape::Text, "a key of groups"),
];
/// `rebalance`, also used by the timeline.
pub(super) const REBALANCE: Table = &[
    Key::default("plan", Shape::Word(&["minimal", "none"]), "minimal", "which replicas move"),
    Key::optional("throttle", Shape::quantity::<ByteRate>(), "replication throttle of a broker"),
];

/// Parts of an oracle's step of which the busiest counts.
const PIECES: u64 = 4;

pub(super) fn read(fields: &mut Fields<'_, '_>, groups: &[String]) -> Option<Vec<Scaler>> {
    let mut scalers = Vec::new();
    let mut sound = true;
    for (index, item) in fields.list("autoscaling").iter().enumerate() {
        let path = format!("autoscaling/{index}");
        let scaler = fields
            .check()
            .open(item, &path, SCALER)
            .and_then(|mut fields| read_scaler(&mut fields, groups));
        sound &= scaler.is_some();
        scalers.extend(scaler);
    }
    sound.then_some(scalers)
}

fn read_scaler(fields: &mut Fields<'_, '_>, groups: &[String]) -> Option<Scaler> {
    let path = fields.path_of("policy");
    let file = fields.text("policy");
    let policy = match file.as_deref() {
        Some("none") => Some(Policy::from(NoPolicy)),
        Some(_) => {
            let node = fields.raw("policy")?;
            read_policy(node, &path, fields.check())
        }
        None => None,
    };
    let rebalancing = match fields.map("rebalance", REBALANCE) {
        Some(mut rebalance) => read_rebalancing(&mut rebalance),
        None => Some(Rebalancing::Minimal { throttle: None }),
    };
    let scales = fields.map("scales", SCALES);
    let (brokers, group) = match scales {
        None => (false, Some(None)),
        Some(mut scales) => {
            let brokers = scales.has("brokers") && scales.word("brokers").is_some();
            (brokers, read_group(&mut scales, groups))
        }
    };
    let (policy, file, mut group) = (policy?, file?, group?);
    if let Policy::Keda(keda) = &policy {
        let watched = watched_group(fields, keda.groups(), groups)?;
        group = group.or(Some(watched));
    }
    check_wants(fields, &policy)?;
    // On a cluster KEDA compares times that are cut to seconds.
    let policy = match policy {
        Policy::Keda(keda) => Policy::from(keda.on_a_cluster()),
        other => other,
    };
    if matches!(policy, Policy::NodePool(_)) && !brokers {
        let allowed = "`{brokers: cluster}`: a node pool has brokers";
        fields.refuse("scales", "a node pool that scales no brokers", allowed);
        return None;
    }
    if !brokers && group.is_none() && policy != Policy::from(NoPolicy) {
        let allowed = "`{brokers: cluster}`, `{consumers: GROUP}` or both";
        fields.refuse("scales", "a policy that scales nothing", allowed);
        return None;
    }
    Some(Scaler { policy, file, brokers, group, rebalancing: rebalancing? })
}

/// The group of a file's triggers, each of which names one of the scenario's.
fn watched_group<'p>(
    fields: &mut Fields<'_, '_>,
    names: impl Iterator<Item = &'p str>,
    groups: &[String],
) -> Option<GroupId> {
    let mut first = None;
    for name in names {
        let Some(index) = groups.iter().position(|group| group == name) else {
            let (place, path) = (fields.place_of("policy"), fields.path_of("policy"));
            let known = groups.iter().map(String::as_str);
            fields.check().wrong_word(&place, &format!("{path}: consumerGroup"), name, known);
            return None;
        };
        first = first.or(Some(GroupId::from_index(index)));
    }
    first
}

/// Refuses a policy that reads what a run does not measure.
fn check_wants(fields: &mut Fields<'_, '_>, policy: &Policy) -> Option<()> {
    for want in policy.wants() {
        let (found, allowed) = match want {
            Want::Offsets { .. } => continue,
            Want::Quantity { name } if name == "consumer_lag" => continue,
            Want::Quantity { name } => (name, "the External or Object metric consumer_lag"),
            Want::Pods { name, .. } => (name, "consumer_lag: metrics of pods only with --replay"),
        };
        fields.refuse("policy", format!("the metric `{found}`"), allowed);
        return None;
    }
    Some(())
}

/// Refuses a trigger on a topic that its group does not read.
pub(super) fn check_topics(
    scalers: &[Scaler],
    cluster: &Cluster,
    groups: &[Group],
    fields: &mut Fields<'_, '_>,
) {
    for (index, want) in scalers.iter().enumerate().flat_map(|(index, scaler)| {
        scaler.policy.wants().into_iter().map(move |want| (index, want))
    }) {
        let Want::Offsets { group, topic: Some(topic), .. } = want else { continue };
        let Some(group) = groups.iter().find(|one| one.name == group) else { continue };
        let reads: Vec<&str> =
            group.reads.iter().map(|topic| cluster.topics[topic.index()].name.as_str()).collect();
        if !reads.contains(&topic.as_str()) {
            let place = fields.place_of("autoscaling");
            let path = format!("autoscaling/{index}/policy: topic");
            fields.check().wrong_word(&place, &path, &topic, reads);
        }
    }
}

/// Tells oracles the load that their group gets, step by step.
pub(super) fn foresee(
    scalers: &mut [Scaler],
    producers: &[Producer],
    groups: &[Group],
    duration: SimSpan,
) {
    for scaler in scalers {
        let (Policy::Oracle(oracle), Some(group)) = (&scaler.policy, scaler.group) else {
            continue;
        };
        let group = &groups[group.index()];
        let step = oracle.period();
        let rate = |from: SimTime, to: SimTime| -> f64 {
            let share = |one: &Producer| -> f64 {
                let read = one.to.iter().filter(|(topic, _)| group.reads.contains(topic));
                read.map(|(_, share)| share).sum()
            };
            let volumes = producers.iter().map(|one| one.load.volume(from, to) * share(one));
            volumes.sum::<f64>() / to.saturating_since(from).as_secs_f64()
        };
        let end = SimTime::ZERO.saturating_add(duration);
        let mut rates = Vec::new();
        let mut at = SimTime::ZERO;
        while at < end {
            let piece = |k: u64| at.saturating_add(step * k / PIECES);
            let highest = (0..PIECES).map(|k| rate(piece(k), piece(k + 1)));
            rates.push(highest.fold(0.0, f64::max));
            at = at.saturating_add(step);
        }
        let start_up = SimSpan::from_secs_f64(group.start_up.quantile(0.95) / 1e9);
        scaler.policy = Policy::from(oracle.clone().foreseeing(rates, start_up));
    }
}

/// The group to scale: absent, known, or a problem (outer `None`).
fn read_group(scales: &mut Fields<'_, '_>, groups: &[String]) -> Option<Option<GroupId>> {
    if !scales.has("consumers") {
        return Some(None);
    }
    let word = scales.text("consumers")?;
    let found = groups.iter().position(|name| *name == word);
    if found.is_none() {
        let (place, path) = (scales.place_of("consumers"), scales.path_of("consumers"));
        scales.check().wrong_word(&place, &path, &word, groups.iter().map(String::as_str));
    }
    found.map(|index| Some(GroupId::from_index(index)))
}

pub(super) fn read_rebalancing(fields: &mut Fields<'_, '_>) -> Option<Rebalancing> {
    let plan = fields.word("plan");
    let throttle = if fields.has("throttle") {
        Some(super::positive::<ByteRate>(fields, "throttle")?)
    } else {
        None
    };
    plan.map(|plan| if plan == 0 { Rebalancing::Minimal { throttle } } else { Rebalancing::None })
}
