//! What is done in turn, with the commands, what to wait for, and when to stop.

use super::steps_others::{members, partitions};
use super::tools::{Tools, quoted};
use crate::study::brokers::BrokerQuestion;
use crate::study::runbook::{Body, Change, MoveBook, Procedure};
use crate::units::{Bytes, SimSpan};

/// One step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// What is done.
    pub title: String,
    /// Commands, each on its own.
    pub commands: Vec<String>,
    /// What to wait for before the next step.
    pub wait: String,
    /// What is to be expected.
    pub expect: String,
    /// How long it takes: at least, at most.
    pub lasts: Option<[SimSpan; 2]>,
    /// When to stop and go back.
    pub abort: String,
}

/// A span from its smallest to its largest.
pub(super) fn ends([low, high]: [SimSpan; 2]) -> String {
    let (low, high) = (low.to_prose(), high.to_prose());
    if low == high { low } else { format!("{low} to {high}") }
}

/// A copy is late after this many times what it should take, and never before [`LEAST_LATE`].
const LATE: u64 = 2;
const LEAST_LATE: SimSpan = SimSpan::from_secs(300);

fn late(high: SimSpan) -> SimSpan {
    (high * LATE).max(LEAST_LATE)
}

/// Names of the files of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Everything at once.
    pub all: String,
    /// Back again.
    pub back: String,
    /// Partitions whose leaders are elected.
    pub election: String,
    /// The same for Strimzi.
    pub rebalance: String,
    /// Wave by wave.
    pub waves: Vec<String>,
}

impl Files {
    /// Names with a word before them, where several procedures share a folder.
    pub fn of(before: &str, waves: usize) -> Self {
        let width = waves.to_string().len();
        Self {
            all: format!("{before}reassignment.json"),
            back: format!("{before}rollback.json"),
            election: format!("{before}election.json"),
            rebalance: format!("{before}kafkarebalance.yaml"),
            waves: (1..=waves).map(|at| format!("{before}wave-{at:0width$}.json")).collect(),
        }
    }
}

/// Steps of a procedure.
pub fn steps(procedure: &Procedure, tools: &Tools, files: &Files) -> Vec<Step> {
    match (&procedure.change, &procedure.body) {
        (Change::Brokers(question), Body::Move(book)) => {
            let mut steps = joining(procedure, question, book, tools);
            steps.extend(waves(book, tools, files));
            steps.extend(settle(procedure, tools, files));
            steps.extend(leaving(question, tools));
            steps
        }
        (_, Body::Partitions { topic, counts, .. }) => {
            partitions(procedure, &procedure.scenario.cluster.topic(*topic).name, *counts, tools)
        }
        (_, Body::Members { group, counts, .. }) => {
            members(&procedure.scenario.groups[group.index()].name, *counts, procedure, tools)
        }
        (_, Body::Move(_)) => Vec::new(),
    }
}

/// `node.id`s of brokers that join.
pub(super) fn new_ids(procedure: &Procedure) -> Vec<u32> {
    let known = procedure.scenario.cluster.brokers.len();
    let all = procedure.study().map(|study| &study.scenario.cluster.brokers);
    all.into_iter().flatten().skip(known).map(|one| one.node_id).collect()
}

pub(super) fn list(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn joining(
    procedure: &Procedure,
    question: &BrokerQuestion,
    book: &MoveBook,
    tools: &Tools,
) -> Vec<Step> {
    let ids = new_ids(procedure);
    if question.joining.is_empty() {
        return Vec::new();
    }
    let all = procedure.study().map(|study| &study.scenario.cluster.brokers);
    let racks: Vec<String> = all
        .into_iter()
        .flatten()
        .filter(|one| ids.contains(&one.node_id))
        .map(|one| format!("`node.id={}` `broker.rack={}`", one.node_id, one.rack))
        .collect();
    let [median, tail] = book.start_up.map(SimSpan::from_secs_f64);
    let version = &procedure.scenario.version;
    vec![
        Step {
            title: format!(
                "Prepare broker {}: {}, role `broker` alone, Kafka {version} as on the others, \
                 log dirs formatted with this cluster's id",
                list(&ids),
                racks.join(", ")
            ),
            commands: vec![tools.call("kafka-cluster", "cluster-id", &[])],
            expect: "The id of the cluster: the one that log dirs of the new broker are formatted \
                     with."
                .into(),
            ..Step::default()
        },
        Step {
            title: format!("Start broker {}", list(&ids)),
            commands: vec![tools.call("kafka-broker-api-versions", "", &[])],
            wait: format!(
                "`{}` in the output, for each new broker. Its log says `Kafka Server started`.",
                ids.iter()
                    .map(|id| format!("id: {id} … isFenced: false"))
                    .collect::<Vec<_>>()
                    .join("`, `")
            ),
            expect: format!(
                "{} in the median, {} in one case of twenty. It holds nothing, and load does not \
                 change, until partitions move.",
                median.to_prose(),
                tail.to_prose()
            ),
            lasts: Some([median.min(tail), tail]),
            abort: format!("It is not there after {}.", late(tail).to_prose()),
        },
    ]
}

fn waves(book: &MoveBook, tools: &Tools, files: &Files) -> Vec<Step> {
    let throttle =
        book.throttle.map_or(String::new(), |rate| format!(" --throttle {}", rate.get() as u64));
    let count = book.waves.len();
    let one = |(index, wave): (usize, &crate::study::brokers::Wave)| {
        let file = &files.waves[index];
        let copies: usize =
            wave.changes.iter().map(|at| book.study.plan.changes[*at].arriving().count()).sum();
        let bytes: Bytes = wave
            .work
            .by_broker
            .iter()
            .map(|one| one.into)
            .fold(Bytes::ZERO, |sum, bytes| sum + bytes);
        let lasts = book.wave_lasts.get(index).copied().unwrap_or_default();
        let throttle = if copies > 0 { throttle.as_str() } else { "" };
        let what = if copies == 0 {
            format!(
                "{} partitions change the order of their replicas, nothing is copied",
                wave.changes.len()
            )
        } else {
            format!("{copies} replicas of {} partitions, {bytes}", wave.changes.len())
        };
        Step {
            title: format!("Wave {} of {count}: {what}", index + 1),
            commands: vec![
                tools.reassign(file, &format!("--execute{throttle}")),
                tools.reassign(file, "--verify"),
            ],
            wait: "Repeat `--verify` until no line says `still in progress`: each says `is \
                   completed`, and the throttle is lifted."
                .into(),
            expect: format!(
                "`ReassigningPartitions` falls from {} to 0; `UnderReplicatedPartitions` stays 0, \
                 because copies on their way do not count; {copies} `IsrExpands`, no `IsrShrinks`.",
                wave.changes.len()
            ),
            lasts: (copies > 0).then_some(lasts),
            abort: format!(
                "A partition is still in progress after {}, or a metric leaves its range below.",
                late(lasts[1]).to_prose()
            ),
        }
    };
    book.waves.iter().enumerate().map(one).collect()
}

/// Leaders, and what is left of throttles.
fn settle(procedure: &Procedure, tools: &Tools, files: &Files) -> Vec<Step> {
    let Some(study) = procedure.study() else { return Vec::new() };
    if study.plan.changes.is_empty() {
        return Vec::new();
    }
    let election = format!("--path-to-json-file {}", quoted(&files.election));
    let election = tools.call(
        "kafka-leader-election",
        "",
        &["--election-type preferred".to_owned(), election],
    );
    let ids: Vec<u32> = study.scenario.cluster.brokers.iter().map(|one| one.node_id).collect();
    let cluster = &study.scenario.cluster;
    let topics: std::collections::BTreeSet<&str> = study
        .plan
        .changes
        .iter()
        .map(|one| cluster.topic(cluster.partitions[one.partition].topic).name.as_str())
        .collect();
    let show = "--describe";
    let brokers = "--delete-config \
                   leader.replication.throttled.rate,follower.replication.throttled.rate";
    let replicas = "--delete-config \
                    leader.replication.throttled.replicas,follower.replication.throttled.replicas";
    let mut shown: Vec<String> = vec![tools.call(
        "kafka-configs",
        "",
        &["--entity-type brokers".to_owned(), show.to_owned()],
    )];
    shown.extend(topics.iter().take(SHOWN).map(|name| tools.configs("topics", name, show)));
    let mut lifted: Vec<String> = ids
        .iter()
        .take(SHOWN)
        .map(|id| tools.configs("brokers", &id.to_string(), &format!("--alter {brokers}")))
        .collect();
    let one = |name: &&str| tools.configs("topics", name, &format!("--alter {replicas}"));
    lifted.extend(topics.iter().take(SHOWN).map(one));
    let more = ids.len().max(topics.len()).saturating_sub(SHOWN);
    let more = if more > 0 { " The same for all further brokers and topics." } else { "" };
    vec![
        Step {
            title: "Give leadership to the preferred leaders".into(),
            commands: vec![election],
            wait: "Brokers do it by themselves within `leader.imbalance.check.interval.seconds` \
                   where `auto.leader.rebalance.enable` is true."
                .into(),
            expect: leaders(procedure),
            ..Step::default()
        },
        Step {
            title: "See that no throttle is left".into(),
            commands: shown,
            expect: format!("No line with `replication.throttled`.{more}"),
            ..Step::default()
        },
        Step {
            title: "Only where one is left (the last `--verify` was not waited for): lift it"
                .into(),
            commands: lifted,
            ..Step::default()
        },
    ]
}

/// Brokers and topics whose commands are written out.
const SHOWN: usize = 12;

fn leaders(procedure: &Procedure) -> String {
    let Some(study) = procedure.study() else { return String::new() };
    let brokers = study.scenario.cluster.brokers.iter().zip(&study.plan.after);
    let counts: Vec<String> = brokers
        .map(|(one, load)| {
            format!("{} on {}", load.of(crate::model::placement::Resource::Leaders), one.node_id)
        })
        .take(SHOWN)
        .collect();
    format!("Leaders afterwards: {}.", counts.join(", "))
}

fn leaving(question: &BrokerQuestion, tools: &Tools) -> Vec<Step> {
    let mut steps = Vec::new();
    for id in &question.leaving {
        let brokers = format!("--describe --broker-list {id}");
        steps.push(Step {
            title: format!("See that broker {id} holds nothing and leads nothing"),
            commands: vec![tools.call("kafka-log-dirs", "", &[brokers])],
            wait:
                "`\"partitions\":[]` for every log dir. A topic that was made meanwhile may have \
                   replicas here: move them too."
                    .into(),
            abort: "Anything is left: do not stop the broker.".into(),
            ..Step::default()
        });
        steps.push(Step {
            title: format!(
                "Stop broker {id} with a SIGTERM, so that it shuts down in a controlled way. If it \
                 is a controller too, take it out of the quorum first"
            ),
            commands: vec![tools.call(
                "kafka-metadata-quorum",
                "",
                &["describe --status".to_owned()],
            )],
            wait: format!("The process is gone, and {id} is not among `CurrentVoters`."),
            ..Step::default()
        });
        steps.push(Step {
            title: format!("Remove broker {id} from the cluster's metadata"),
            commands: vec![tools.call("kafka-cluster", "unregister", &[format!("--id {id}")])],
            expect: format!("`Broker {id} is no longer registered.`"),
            ..Step::default()
        });
    }
    steps
}
