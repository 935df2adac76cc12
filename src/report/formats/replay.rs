//! Rows of a replayed policy.

use super::table::Table;
use crate::model::policies::{Fallback, FallbackBehavior};
use crate::study::{Outage, ReplayFinding, ReplayRow, ReplaySwings};
use crate::units::{SimSpan, sig};

/// An array of objects, one row per evaluation and loop.
pub fn json(rows: &[ReplayRow]) -> String {
    // Rows hold finite numbers and texts only, so they always serialise.
    let text = serde_json::to_string_pretty(&serde_json::json!({ "rows": rows }));
    text.unwrap_or_default() + "\n"
}

/// The same as CSV; an empty field is null.
pub fn csv(rows: &[ReplayRow]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Writing to memory cannot fail.
        let _written = writer.serialize(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The same for people.
pub fn table(rows: &[ReplayRow]) -> Table {
    let mut table = Table::new(&["t_s", "policy", "metric", "proposal", "desired", "reason"]);
    for row in rows {
        table.row(&[
            row.t_s.to_string(),
            row.policy.clone(),
            row.metric.clone().unwrap_or_else(|| "-".into()),
            row.proposal.map_or_else(|| "-".into(), |n| n.to_string()),
            row.desired.to_string(),
            row.reason.to_owned(),
        ]);
    }
    table
}

/// What stands out, one sentence or two for each finding.
pub fn sentences(findings: &[ReplayFinding]) -> Vec<String> {
    let words = |finding: &ReplayFinding| match finding {
        ReplayFinding::Outage(outage) => of_outage(outage),
        ReplayFinding::Swings(swings) => of_swings(swings),
    };
    findings.iter().map(words).collect()
}

fn of_outage(one: &Outage) -> String {
    let polls = if one.polls == 1 { "one poll".into() } else { format!("{} polls", one.polls) };
    let when = if one.polls == 1 {
        format!("at {} s", one.from_s)
    } else {
        format!("from {} s to {} s", one.from_s, one.to_s)
    };
    let silence = format!("{}: no trigger answered {polls} {when}", one.policy);
    let Some(fallback) = one.fallback else {
        return format!(
            "{silence}. Without `fallback` the autoscaler has no valid metric then and holds the \
             size."
        );
    };
    let size = stands_for(fallback);
    if let Some(at) = one.in_force_s {
        return format!(
            "{silence}; the fallback to {size} came into force at {at} s, {} s after the first of \
             them.",
            at - one.from_s
        );
    }
    let threshold = fallback.failure_threshold;
    let failures = if one.counted == 1 { "failure" } else { "failures" };
    let counted = format!(
        "{silence}, and the fallback to {size} never came into force: KEDA counted {} {failures} \
         in a row, failureThreshold {threshold} asks for more than {threshold}.",
        one.counted
    );
    if one.unasked == 0 {
        return format!("{counted} The outage was too short for it.");
    }
    format!(
        "{counted} Brokers that do not answer at all fail once; then there is no scaler to ask ({} \
         polls) and nothing is counted, however long it lasts. Only failureThreshold 0 acts in \
         such an outage.",
        one.unasked
    )
}

fn stands_for(fallback: Fallback) -> String {
    let own = fallback.replicas;
    match fallback.behavior {
        FallbackBehavior::Static => format!("{own} replicas"),
        FallbackBehavior::Current => "the present size".to_owned(),
        FallbackBehavior::CurrentIfHigher => format!("the present size or {own}, the larger"),
        FallbackBehavior::CurrentIfLower => format!("the present size or {own}, the smaller"),
    }
}

fn of_swings(one: &ReplaySwings) -> String {
    let swings = &one.swings;
    let what = if swings.is_sawtooth() { "a sawtooth: its size goes" } else { "flapping: goes" };
    let when = if one.steady { "while records arrive steadily" } else { "whatever demand was" };
    let times = if swings.count == 1 { "once".into() } else { format!("{} times", swings.count) };
    format!(
        "{}: {what} away and back {times} {when}, by {} replicas, with a period of {}.",
        one.policy,
        sig(swings.amplitude),
        SimSpan::from_secs_f64(one.period_s).to_prose()
    )
}
