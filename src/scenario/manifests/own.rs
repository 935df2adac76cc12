//! Policies in kafsim's own words: `policy: target_tracking`, `step_scaling`, `schedule`; those
//! that follow a model are in `control` and `flink`.

use super::control::{self, HOLT_WINTERS, ORACLE, PID};
use super::flink;
use crate::form::{Check, Fields, Key, Node, Shape, Table};
use crate::model::policies::{
    Adjustment, Alarm, Policy, SchedulePolicy, Step, StepPolicy, StepSettings, TrackingPolicy,
    TrackingSettings,
};
use crate::units::{Quantity, SimSpan};

const KINDS: [&str; 7] =
    ["flink", "holt_winters", "oracle", "pid", "schedule", "step_scaling", "target_tracking"];
const METRICS: &[&str] = &["consumer_lag", "processing_time_ms", "input_rate", "true_rate"];

const SPAN: Shape = Shape::quantity::<SimSpan>();
const MEMBERS: Shape = Shape::Count { min: 1, max: 100_000 };
const NUMBER: Shape = Shape::Number { min: 0.0, max: f64::INFINITY };
const SIGNED: Shape = Shape::Number { min: -1e15, max: 1e15 };
pub(super) const POLICY: Key = Key::required("policy", Shape::Word(&KINDS), "the kind of policy");
const METRIC: Key = Key::required("metric", Shape::Word(METRICS), "what it looks at");
pub(super) const MIN: Key = Key::default("min", MEMBERS, "1", "fewest members");
pub(super) const MAX: Key = Key::required("max", MEMBERS, "most members");
const PERIOD: Key = Key::default("evaluate_every", SPAN, "1 min", "time between points");

const TRACKING: Table = &[
    POLICY,
    METRIC,
    Key::required("target", NUMBER, "the value to hold"),
    Key::default("points_out", MEMBERS, "3", "points above the target in a row"),
    Key::default("points_in", MEMBERS, "15", "points below the target in a row"),
    Key::default("slack", Shape::Number { min: 0.0, max: 1.0 }, "0.1", "how far below counts"),
    Key::default("cooldown_in", SPAN, "5 min", "between a step and the next one in"),
    MIN,
    MAX,
    PERIOD,
];
const STEPS: Table = &[
    POLICY,
    METRIC,
    Key::default(
        "adjustment",
        Shape::Word(&["change", "percent", "exact"]),
        "change",
        "what the steps' numbers mean",
    ),
    Key::default("magnitude", Shape::Count { min: 0, max: 100_000 }, "1", "least change (percent)"),
    Key::required("out", Shape::Map(ALARM), "scaling out"),
    Key::required("in", Shape::Map(ALARM), "scaling in"),
    MIN,
    MAX,
    PERIOD,
];
const ALARM: Table = &[
    Key::required("threshold", NUMBER, "beyond this it fires"),
    Key::default("points", Shape::Count { min: 1, max: 1_440 }, "1", "so many points"),
    Key::default("of", Shape::Count { min: 1, max: 1_440 }, "1", "of the last so many"),
    Key::required("steps", Shape::List(&Shape::Map(STEP)), "steps over metric − threshold"),
    Key::default("cooldown", SPAN, "5 min", "after a step"),
];
const STEP: Table = &[
    Key::optional("from", SIGNED, "lower bound of metric − threshold"),
    Key::optional("to", SIGNED, "upper bound of metric − threshold"),
    Key::required("by", SIGNED, "members, percent or size"),
];
const SCHEDULE: Table = &[
    POLICY,
    Key::required("entries", Shape::List(&Shape::Map(ENTRY)), "the timetable"),
    Key::default("repeat", SPAN, "24 h", "when it begins again"),
    PERIOD,
];
const ENTRY: Table = &[
    Key::default("after", Shape::Text, "0 s", "time since the turn began"),
    Key::required("members", Shape::Count { min: 0, max: 100_000 }, "the size from then on"),
];

/// Reads a policy whose `policy` key names its kind.
pub(super) fn read(tree: &Node, kind: &Node, check: &mut Check) -> Option<Policy> {
    let before = check.problems.len();
    let found = match kind.text() {
        Some("flink") => flink::read(tree, check).map(Policy::from),
        Some("holt_winters") => check
            .open(tree, "", HOLT_WINTERS)
            .and_then(|mut fields| control::holt_winters(&mut fields)),
        Some("oracle") => {
            check.open(tree, "", ORACLE).and_then(|mut fields| control::oracle(&mut fields))
        }
        Some("pid") => check.open(tree, "", PID).and_then(|mut fields| control::pid(&mut fields)),
        Some("target_tracking") => {
            check.open(tree, "", TRACKING).and_then(|mut fields| tracking(&mut fields))
        }
        Some("step_scaling") => {
            check.open(tree, "", STEPS).and_then(|mut fields| step_scaling(&mut fields))
        }
        Some("schedule") => {
            check.open(tree, "", SCHEDULE).and_then(|mut fields| schedule(&mut fields))
        }
        word => {
            check.wrong_word(&kind.place, "policy", word.unwrap_or_default(), KINDS);
            None
        }
    };
    found.filter(|_| check.problems.len() == before)
}

pub(super) fn span(fields: &mut Fields<'_, '_>, key: &str) -> Option<SimSpan> {
    let span = fields.quantity::<SimSpan>(key)?;
    if span.is_zero() {
        fields.refuse(key, "no time", "a span above zero");
    }
    (!span.is_zero()).then_some(span)
}

pub(super) fn bounds(fields: &mut Fields<'_, '_>) -> Option<(u32, u32)> {
    let (min, max) = (fields.count("min")? as u32, fields.count("max")? as u32);
    if min > max {
        fields.refuse("min", format!("{min} above max {max}"), format!("at most {max}"));
    }
    (min <= max).then_some((min, max))
}

fn tracking(fields: &mut Fields<'_, '_>) -> Option<Policy> {
    fields.word("policy");
    let target = fields.number("target")?;
    if target <= 0.0 {
        fields.refuse("target", "`0`", "a number above 0");
    }
    let (min, max) = bounds(fields)?;
    Some(Policy::from(TrackingPolicy::new(TrackingSettings {
        metric: METRICS[fields.word("metric")?].to_owned(),
        target,
        points_out: fields.count("points_out")? as u32,
        points_in: fields.count("points_in")? as u32,
        slack: fields.number("slack")?,
        cooldown_in: fields.quantity("cooldown_in")?,
        min,
        max,
        period: span(fields, "evaluate_every")?,
    })))
}

fn step_scaling(fields: &mut Fields<'_, '_>) -> Option<Policy> {
    fields.word("policy");
    let metric = METRICS[fields.word("metric")?].to_owned();
    let magnitude = fields.count("magnitude")? as u32;
    let adjustment = match fields.word("adjustment")? {
        0 => Adjustment::Change,
        1 => Adjustment::Percent { magnitude },
        _ => Adjustment::Exact,
    };
    let out = fields.map("out", ALARM).and_then(|mut fields| alarm(&mut fields, 0.0));
    let inward = fields.map("in", ALARM).and_then(|mut fields| alarm(&mut fields, -0.0));
    let (min, max) = bounds(fields)?;
    let period = span(fields, "evaluate_every")?;
    let (out, inward) = (out?, inward?);
    if inward.threshold >= out.threshold {
        let found = format!("{} not below the threshold out", inward.threshold);
        fields.refuse("in", found, format!("less than {}", out.threshold));
    }
    let settings = StepSettings { metric, adjustment, out, inward, min, max, period };
    Some(Policy::from(StepPolicy::new(settings)))
}

/// An alarm; steps without a bound reach to infinity, or to zero on the side of the threshold.
fn alarm(fields: &mut Fields<'_, '_>, zero: f64) -> Option<Alarm> {
    let inward = zero.is_sign_negative();
    let (points, of) = (fields.count("points")? as usize, fields.count("of")? as usize);
    if points > of {
        fields.refuse("points", format!("{points} of {of}"), format!("at most {of}"));
    }
    let base = fields.path_of("steps");
    let items = fields.list("steps");
    let mut steps = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{base}/{index}");
        let Some(mut step) = fields.check().open(item, &path, STEP) else { continue };
        let (from, to) = (step.number("from"), step.number("to"));
        let (lower, upper) = if inward {
            (from.unwrap_or(f64::NEG_INFINITY), to.unwrap_or(0.0))
        } else {
            (from.unwrap_or(0.0), to.unwrap_or(f64::INFINITY))
        };
        if lower >= upper {
            step.refuse("from", format!("{lower} not below {upper}"), "bounds in order");
        }
        steps.push(Step { lower, upper, by: step.number("by")? });
    }
    steps.sort_by(|a, b| a.lower.total_cmp(&b.lower));
    let tiles = steps.windows(2).all(|pair| pair[0].upper == pair[1].lower);
    if steps.is_empty() || !tiles {
        fields.refuse("steps", "steps with gaps or overlaps, or none", "steps that tile the axis");
    }
    let (threshold, cooldown) = (fields.number("threshold")?, fields.quantity("cooldown")?);
    Some(Alarm { threshold, points, of, steps, cooldown })
}

fn schedule(fields: &mut Fields<'_, '_>) -> Option<Policy> {
    fields.word("policy");
    let repeat = span(fields, "repeat")?;
    let period = span(fields, "evaluate_every")?;
    let base = fields.path_of("entries");
    let items = fields.list("entries");
    let mut entries: Vec<(SimSpan, u32)> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("{base}/{index}");
        let Some(mut entry) = fields.check().open(item, &path, ENTRY) else { continue };
        let after = SimSpan::parse(&entry.text("after")?).ok();
        let (Some(after), Some(members)) = (after, entry.count("members")) else {
            entry.refuse("after", "no span", format!("a span, e.g. `{}`", SimSpan::EXAMPLE));
            continue;
        };
        let late = entries.last().is_some_and(|(before, _)| *before >= after);
        if late || after >= repeat {
            entry.refuse("after", after.to_prose(), "later than the entry before, below repeat");
        }
        entries.push((after, members as u32));
    }
    if entries.is_empty() {
        fields.refuse("entries", "no entry", "at least one, e.g. {members: 6}");
    }
    Some(Policy::from(SchedulePolicy::new(entries, repeat, period)))
}
