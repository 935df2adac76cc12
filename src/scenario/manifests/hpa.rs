//! `HorizontalPodAutoscaler` of Kubernetes: autoscaling/v2, and v1's one CPU target.

use super::behavior::{self, BEHAVIOR};
use super::{METADATA, TARGET};
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::policies::{HpaMetric, HpaPolicy, HpaSource, HpaTarget, Limits, Tolerance};
use crate::units::milli_quantity;

pub(super) const REPLICAS: u64 = 2_147_483_647;

const HPA: Table = &[
    Key::required(
        "apiVersion",
        Shape::Word(&["autoscaling/v2", "autoscaling/v2beta2", "autoscaling/v1"]),
        "the version of the format",
    ),
    Key::required("kind", Shape::Text, "HorizontalPodAutoscaler"),
    Key::required("metadata", Shape::Map(METADATA), "its name"),
    Key::required("spec", Shape::Map(SPEC), "what it does"),
    Key::optional("status", Shape::Foreign("map"), "without effect"),
];
const SPEC: Table = &[
    Key::required("scaleTargetRef", Shape::Map(TARGET), "what is scaled"),
    Key::default("minReplicas", Shape::Count { min: 0, max: REPLICAS }, "1", "fewest replicas"),
    Key::required("maxReplicas", Shape::Count { min: 1, max: REPLICAS }, "most replicas"),
    Key::optional("metrics", Shape::List(&Shape::Map(METRIC)), "default: CPU at 80 %"),
    Key::optional("behavior", Shape::Map(BEHAVIOR), "windows and rates"),
    Key::optional(
        "targetCPUUtilizationPercentage",
        Shape::Count { min: 1, max: REPLICAS },
        "CPU target of autoscaling/v1",
    ),
];
const METRIC: Table = &[
    Key::required(
        "type",
        Shape::Word(&["External", "Object", "Pods", "Resource"]),
        "where the metric comes from",
    ),
    Key::optional("external", Shape::Map(NAMED), "for External"),
    Key::optional("object", Shape::Map(NAMED), "for Object"),
    Key::optional("pods", Shape::Map(NAMED), "for Pods"),
    Key::optional("resource", Shape::Map(RESOURCE), "for Resource"),
];
const NAMED: Table = &[
    Key::required("metric", Shape::Map(IDENTIFIER), "which metric"),
    Key::required("target", Shape::Map(VALUE), "the value to hold"),
    Key::optional("describedObject", Shape::Map(TARGET), "without effect"),
];
const IDENTIFIER: Table = &[
    Key::required("name", Shape::Text, "the metric's name"),
    Key::optional("selector", Shape::Foreign("map"), "without effect"),
];
const RESOURCE: Table = &[
    Key::required("name", Shape::Text, "cpu, memory, …"),
    Key::required("target", Shape::Map(VALUE), "the value to hold"),
];
const VALUE: Table = &[
    Key::required("type", Shape::Word(&["Value", "AverageValue", "Utilization"]), "its kind"),
    Key::optional("value", Shape::Text, "for Value: a quantity above 0"),
    Key::optional("averageValue", Shape::Text, "for AverageValue: a quantity above 0"),
    Key::optional(
        "averageUtilization",
        Shape::Count { min: 1, max: REPLICAS },
        "for Utilization: percent of the requests",
    ),
];

pub(super) fn read(tree: &Node, check: &mut Check) -> Option<HpaPolicy> {
    let before = check.problems.len();
    let mut fields = check.open_foreign(tree, "", HPA)?;
    fields.word("apiVersion");
    let name = fields.map("metadata", METADATA).and_then(|mut fields| fields.text("name"));
    let spec = fields.map("spec", SPEC).and_then(|mut fields| read_spec(&mut fields));
    let (name, (limits, metrics, tolerance)) = (name?, spec?);
    (check.problems.len() == before).then(|| HpaPolicy::new(name, metrics, limits, tolerance))
}

fn read_spec(fields: &mut Fields<'_, '_>) -> Option<(Limits, Vec<HpaMetric>, Tolerance)> {
    if let Some(mut target) = fields.map("scaleTargetRef", TARGET) {
        target.text("name");
    }
    let min = fields.count("minReplicas");
    let max = fields.count("maxReplicas");
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        fields.refuse("minReplicas", format!("{min} above maxReplicas {max}"), format!("≤ {max}"));
    }
    let metrics = read_metrics(fields);
    let mut rules = None;
    let mut tolerance = Tolerance::default();
    if fields.has("behavior") {
        let read = fields.map("behavior", BEHAVIOR).and_then(|mut map| behavior::read(&mut map));
        let (behavior, own) = read?;
        (rules, tolerance) = (Some(behavior), own);
    }
    let limits = Limits { min: min? as i64, max: max? as i64, behavior: rules };
    Some((limits, metrics?, tolerance))
}

fn read_metrics(fields: &mut Fields<'_, '_>) -> Option<Vec<HpaMetric>> {
    let cpu = |percent| HpaMetric {
        source: HpaSource::Resource,
        name: "cpu".to_owned(),
        target: HpaTarget::Utilization(percent),
    };
    if fields.has("targetCPUUtilizationPercentage") {
        return Some(vec![cpu(fields.count("targetCPUUtilizationPercentage")? as i64)]);
    }
    let items = fields.list("metrics");
    if items.is_empty() {
        return Some(vec![cpu(80)]);
    }
    let base = fields.path_of("metrics");
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{base}/{index}");
        let metric = fields.check().open_foreign(item, &path, METRIC);
        found.extend(metric.and_then(|mut fields| read_metric(&mut fields)));
    }
    (found.len() == items.len()).then_some(found)
}

fn read_metric(fields: &mut Fields<'_, '_>) -> Option<HpaMetric> {
    let (source, key, table, kinds): (_, _, _, &[&str]) = match fields.word("type")? {
        0 => (HpaSource::External, "external", NAMED, &["Value", "AverageValue"]),
        1 => (HpaSource::Object, "object", NAMED, &["Value", "AverageValue"]),
        2 => (HpaSource::Pods, "pods", NAMED, &["AverageValue"]),
        _ => (HpaSource::Resource, "resource", RESOURCE, &["Utilization", "AverageValue"]),
    };
    if !fields.has(key) {
        fields.refuse("type", format!("no `{key}`"), format!("a map `{key}` with the metric"));
        return None;
    }
    let mut own = fields.map(key, table)?;
    let name = if source == HpaSource::Resource {
        own.text("name")
    } else {
        own.map("metric", IDENTIFIER).and_then(|mut fields| fields.text("name"))
    };
    let target = own.map("target", VALUE).and_then(|mut fields| read_target(&mut fields, kinds));
    Some(HpaMetric { source, name: name?, target: target? })
}

fn read_target(fields: &mut Fields<'_, '_>, kinds: &[&str]) -> Option<HpaTarget> {
    let words = ["Value", "AverageValue", "Utilization"];
    let keys = ["value", "averageValue", "averageUtilization"];
    let kind = fields.word("type")?;
    if !kinds.contains(&words[kind]) {
        let found = format!("`{}`", words[kind]);
        fields.refuse("type", found, format!("{} for this kind of metric", kinds.join(" or ")));
        return None;
    }
    let key = keys[kind];
    if !fields.has(key) {
        fields.refuse("type", format!("no `{key}`"), format!("the key `{key}`"));
        return None;
    }
    if kind == 2 {
        return Some(HpaTarget::Utilization(fields.count(key)? as i64));
    }
    let text = fields.text(key)?;
    match milli_quantity(&text) {
        Ok(milli) if milli > 0 => Some(match kind {
            0 => HpaTarget::Value(milli),
            _ => HpaTarget::AverageValue(milli),
        }),
        Ok(_) => {
            fields.refuse(key, format!("`{text}`"), "a quantity above 0");
            None
        }
        Err(error) => {
            fields.refuse(key, error.found, error.allowed);
            None
        }
    }
}
