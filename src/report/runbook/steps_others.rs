//! Steps of changes that copy nothing: a topic gets partitions, a group gets or loses members.

use super::steps::Step;
use super::tools::{Tools, quoted};
use crate::study::runbook::{Body, Procedure};
use crate::units::SimSpan;

pub(super) fn partitions(
    procedure: &Procedure,
    topic: &str,
    [old, new]: [u32; 2],
    tools: &Tools,
) -> Vec<Step> {
    let describe = tools.topics(&[format!("--describe --topic {}", quoted(topic))]);
    let alter = format!("--alter --topic {} --partitions {new}", quoted(topic));
    let mut steps = vec![
        Step {
            title: format!("See that {topic} has {old} partitions, and how they are placed"),
            commands: vec![describe.clone()],
            expect: format!("`PartitionCount: {old}`, and every `Isr` as long as its `Replicas`."),
            ..Step::default()
        },
        Step {
            title: format!("Raise {topic} from {old} to {new} partitions. There is no way back"),
            commands: vec![tools.topics(&[alter]), describe],
            wait: format!("`PartitionCount: {new}`, and a leader for each partition."),
            expect: "No copy and no pause: new partitions are empty.".into(),
            abort: "Before this step only; afterwards go on, or make a new topic.".into(),
            ..Step::default()
        },
    ];
    let groups = &procedure.scenario.groups;
    let reads = |one: &&crate::scenario::Group| {
        let topics = one.reads.iter().map(|id| procedure.scenario.cluster.topic(*id));
        topics.into_iter().any(|one| one.name == topic)
    };
    for group in groups.iter().filter(reads) {
        steps.push(Step {
            title: format!("See that {} reads all {new} partitions", group.name),
            commands: vec![tools.groups(&group.name, "")],
            wait: "Clients see new partitions when their metadata is refreshed, at most \
                   `metadata.max.age.ms` (5 min) later; then the group rebalances once."
                .into(),
            expect: "With `auto.offset.reset=latest` records are skipped that were written to a \
                     new partition before the group saw it: set `earliest` first."
                .into(),
            ..Step::default()
        });
    }
    steps
}

pub(super) fn members(
    group: &str,
    [old, new]: [u32; 2],
    procedure: &Procedure,
    tools: &Tools,
) -> Vec<Step> {
    let state = tools.groups(group, "--state");
    let all = tools.groups(group, "--members");
    let lag = tools.groups(group, "");
    let change = new.abs_diff(old);
    let Body::Members { rebalances, paused, .. } = &procedure.body else { return Vec::new() };
    let title = if new > old {
        format!("Start {change} members with the same `group.id`, {group}")
    } else {
        format!(
            "Stop {change} members with a SIGTERM, so that they close their consumer and leave \
             the group; give them the time of one poll"
        )
    };
    vec![
        Step {
            title: format!("See that {group} is stable and has {old} members"),
            commands: vec![state.clone(), all.clone(), lag.clone()],
            expect: "`Stable`, and the lag within its range before.".into(),
            ..Step::default()
        },
        Step {
            title,
            commands: vec![all, state],
            wait: format!("{new} members, and the state `Stable`."),
            expect: format!(
                "{}; partitions wait for {} partition-seconds in all.",
                super::rebalances_words(*rebalances),
                crate::units::sig(*paused)
            ),
            lasts: start_up(procedure, new > old),
            abort: "The state is not `Stable` after 10 minutes, or members come and go.".into(),
        },
        Step {
            title: "See that the lag returns".into(),
            commands: vec![lag],
            wait: "The lag is within its range after.".into(),
            ..Step::default()
        },
    ]
}

fn start_up(procedure: &Procedure, up: bool) -> Option<[SimSpan; 2]> {
    let Body::Members { group, .. } = &procedure.body else { return None };
    let law = &procedure.scenario.groups[group.index()].start_up;
    up.then(|| [0.5, 0.95].map(|p| SimSpan::from_secs_f64(law.quantile(p) * 1e-9)))
}
