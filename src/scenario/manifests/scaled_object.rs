//! `ScaledObject` of KEDA with Kafka triggers.

use super::behavior::{self, BEHAVIOR};
use super::hpa::REPLICAS;
use super::kafka_trigger::{self, TRIGGER};
use super::{METADATA, TARGET};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::policies::{
    Fallback, FallbackBehavior, KafkaTrigger, KedaPolicy, KedaSpec, Limits, Pauses, Tolerance,
};
use crate::units::SimSpan;

const COUNT: Shape = Shape::Count { min: 0, max: REPLICAS };

const OBJECT: Table = &[
    Key::required("apiVersion", Shape::Word(&["keda.sh/v1alpha1"]), "the version of the format"),
    Key::required("kind", Shape::Text, "ScaledObject"),
    Key::required("metadata", Shape::Map(METADATA), "its name and annotations"),
    Key::required("spec", Shape::Map(SPEC), "what it does"),
    Key::optional("status", Shape::Foreign("map"), "without effect"),
];
const SPEC: Table = &[
    Key::required("scaleTargetRef", Shape::Map(TARGET), "what is scaled"),
    Key::default("pollingInterval", Shape::Count { min: 1, max: REPLICAS }, "30", "s"),
    Key::default("cooldownPeriod", COUNT, "300", "s after the last active poll"),
    Key::default("initialCooldownPeriod", COUNT, "0", "s after creation"),
    Key::optional("idleReplicaCount", COUNT, "replicas while nothing is active"),
    Key::default("minReplicaCount", COUNT, "0", "fewest replicas while active"),
    Key::default("maxReplicaCount", Shape::Count { min: 1, max: REPLICAS }, "100", "most replicas"),
    Key::optional("advanced", Shape::Map(ADVANCED), "of the autoscaler that KEDA creates"),
    Key::required("triggers", Shape::List(&Shape::Map(TRIGGER)), "what it looks at"),
    Key::optional("fallback", Shape::Map(FALLBACK), "what happens when triggers fail"),
];
const ADVANCED: Table = &[
    Key::optional("horizontalPodAutoscalerConfig", Shape::Map(AUTOSCALER), "the autoscaler"),
    Key::optional("restoreToOriginalReplicaCount", Shape::Flag, "without effect"),
    Key::optional("scalingModifiers", Shape::Foreign("map"), "not simulated"),
];
const AUTOSCALER: Table = &[
    Key::optional("behavior", Shape::Map(BEHAVIOR), "windows and rates"),
    Key::optional("name", Shape::Text, "without effect"),
];
const FALLBACK: Table = &[
    Key::required("failureThreshold", COUNT, "in force above so many failures in a row"),
    Key::required("replicas", COUNT, "replicas that the metric then stands for"),
    Key::default(
        "behavior",
        Shape::Word(&[
            "static",
            "currentReplicas",
            "currentReplicasIfHigher",
            "currentReplicasIfLower",
        ]),
        "static",
        "which replicas",
    ),
];

pub(super) fn read(tree: &Node, check: &mut Check) -> Option<KedaPolicy> {
    let before = check.problems.len();
    let mut fields = check.open_foreign(tree, "", OBJECT)?;
    fields.word("apiVersion");
    let mut named = None;
    if let Some(mut metadata) = fields.map("metadata", METADATA) {
        let pauses = read_pauses(&mut metadata);
        named = metadata.text("name").zip(pauses);
    }
    let spec = fields.map("spec", SPEC).and_then(|mut fields| read_spec(&mut fields));
    let ((name, pauses), spec) = (named?, spec?);
    let sound = check.problems.len() == before;
    sound.then(|| KedaPolicy::new(KedaSpec { name, pauses, ..spec }))
}

fn read_pauses(metadata: &mut Fields<'_, '_>) -> Option<Pauses> {
    let mut pauses = Pauses::default();
    let Some(annotations) = metadata.raw("annotations") else { return Some(pauses) };
    let base = metadata.path_of("annotations");
    let mut sound = true;
    for entry in annotations.entries() {
        let Some(key) = entry.key.strip_prefix("autoscaling.keda.sh/") else { continue };
        let path = format!("{base}/{}", entry.key);
        let text = entry.node.text().unwrap_or_default();
        let flag = match text.to_lowercase().as_str() {
            "true" | "1" | "t" => Some(true),
            "false" | "0" | "f" => Some(false),
            _ => None,
        };
        let allowed = match (key, flag) {
            ("paused-replicas", _) => match text.parse::<u32>() {
                Ok(replicas) => {
                    pauses.all = Some(Some(replicas));
                    continue;
                }
                Err(_) => "a number of replicas",
            },
            ("paused" | "paused-scale-in" | "paused-scale-out" | "force-activation", None) => {
                "true or false"
            }
            (key, flag) => {
                let flag = flag.unwrap_or(false);
                match key {
                    "paused" if flag => pauses.all = pauses.all.or(Some(None)),
                    "paused-scale-in" => pauses.scale_in = flag,
                    "paused-scale-out" => pauses.scale_out = flag,
                    "force-activation" => pauses.force_activation = flag,
                    _ => {}
                }
                continue;
            }
        };
        let (place, check) = (&entry.node.place, metadata.check());
        check.problem(place, &path, entry.node.describe(), allowed.to_owned());
        sound = false;
    }
    sound.then_some(pauses)
}

fn read_spec(fields: &mut Fields<'_, '_>) -> Option<KedaSpec> {
    if let Some(mut target) = fields.map("scaleTargetRef", TARGET) {
        target.text("name");
    }
    let mut seconds = |key| fields.count(key).map(SimSpan::from_secs);
    let (polling, cooldown) = (seconds("pollingInterval"), seconds("cooldownPeriod"));
    let initial_cooldown = seconds("initialCooldownPeriod");
    let (min, max) = (fields.count("minReplicaCount")?, fields.count("maxReplicaCount")?);
    if min > max {
        let found = format!("{min} above maxReplicaCount {max}");
        fields.refuse("minReplicaCount", found, format!("≤ {max}"));
    }
    let idle = fields.count("idleReplicaCount");
    if let Some(idle) = idle
        && idle >= min
    {
        let found = format!("{idle}, not below minReplicaCount {min}");
        let allowed =
            format!("less than {min}: IdleReplicaCount must be less than MinReplicaCount");
        fields.refuse("idleReplicaCount", found, allowed);
    }
    let (rules, tolerance) = read_advanced(fields)?;
    let fallback = if fields.has("fallback") {
        Some(fields.map("fallback", FALLBACK).and_then(|mut map| read_fallback(&mut map))?)
    } else {
        None
    };
    let triggers = read_triggers(fields, fallback.is_some())?;
    Some(KedaSpec {
        name: String::new(),
        triggers,
        polling: polling?,
        cooldown: cooldown?,
        initial_cooldown: initial_cooldown?,
        idle: idle.map(|idle| idle as u32),
        min: min as u32,
        limits: Limits { min: min.max(1) as i64, max: max as i64, behavior: rules },
        tolerance,
        fallback,
        pauses: Pauses::default(),
    })
}

/// `behavior` and tolerance of the autoscaler; the outer `None` is a problem.
fn read_advanced(
    fields: &mut Fields<'_, '_>,
) -> Option<(Option<crate::model::policies::Behavior>, Tolerance)> {
    let nothing = Some((None, Tolerance::default()));
    let Some(mut advanced) = fields.map("advanced", ADVANCED) else { return nothing };
    if advanced.has("scalingModifiers") {
        let allowed = "triggers without a formula over them, which is not simulated yet";
        advanced.refuse("scalingModifiers", "a formula", allowed);
        return None;
    }
    let Some(mut config) = advanced.map("horizontalPodAutoscalerConfig", AUTOSCALER) else {
        return nothing;
    };
    if !config.has("behavior") {
        return nothing;
    }
    let (rules, tolerance) =
        config.map("behavior", BEHAVIOR).and_then(|mut map| behavior::read(&mut map))?;
    Some((Some(rules), tolerance))
}

fn read_fallback(fields: &mut Fields<'_, '_>) -> Option<Fallback> {
    let failure_threshold = fields.count("failureThreshold");
    let replicas = fields.count("replicas");
    let behavior = match fields.word("behavior")? {
        0 => FallbackBehavior::Static,
        1 => FallbackBehavior::Current,
        2 => FallbackBehavior::CurrentIfHigher,
        _ => FallbackBehavior::CurrentIfLower,
    };
    let (failure_threshold, replicas) = (failure_threshold?, replicas? as u32);
    Some(Fallback { failure_threshold, replicas, behavior })
}

fn read_triggers(fields: &mut Fields<'_, '_>, fallback: bool) -> Option<Vec<KafkaTrigger>> {
    let items = fields.list("triggers");
    if items.is_empty() {
        if fields.has("triggers") {
            fields.refuse("triggers", "no trigger", "at least one of type kafka");
        }
        return None;
    }
    let base = fields.path_of("triggers");
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{base}/{index}");
        let trigger = fields.check().open_foreign(item, &path, TRIGGER);
        let trigger = trigger.and_then(|mut fields| kafka_trigger::read(&mut fields, index));
        if trigger.as_ref().is_some_and(|trigger| trigger.cached && fallback) {
            let mut aside = Check::default();
            let allowed = "useCachedMetrics without a fallback: a cached fallback value counts as \
                a success of the next read, which ends the fallback";
            aside.problem(
                &item.place,
                &path,
                "useCachedMetrics with a fallback".into(),
                allowed.into(),
            );
            fields.check().warnings.append(&mut aside.problems);
        }
        found.extend(trigger);
    }
    (found.len() == items.len()).then_some(found)
}
