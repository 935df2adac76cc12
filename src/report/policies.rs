//! Autoscaling policies side by side: table, rows for programs, and the words of a choice.

use super::designs::{finite, pretty, show};
use super::formats::table::Table;
use crate::analysis::{Interval, Lint};
use crate::study::{MEASURES, PolicyOutcome, choose};
use crate::units::SimSpan;
use serde_json::{Map, Value, json};

/// One row per measure, one column per policy.
pub fn table(outcomes: &[PolicyOutcome]) -> Table {
    let mut header = vec!["95 % intervals"];
    header.extend(outcomes.iter().map(|one| one.name.as_str()));
    let mut table = Table::new(&header);
    for (index, measure) in MEASURES.iter().enumerate() {
        if outcomes.iter().all(|one| one.values[index].is_none()) {
            continue;
        }
        let mut cells = vec![measure.words.to_owned()];
        cells.extend(outcomes.iter().map(|one| show(one.values[index])));
        table.row(&cells);
    }
    table
}

/// What stands out: objectives that are missed, and sizes that swing.
pub fn findings(outcomes: &[PolicyOutcome]) -> Vec<String> {
    let mut found: Vec<String> = outcomes
        .iter()
        .filter(|one| !one.attainable)
        .flat_map(|oracle| outcomes.iter().filter_map(move |one| regret(one, oracle)))
        .collect();
    for one in outcomes {
        for missed in one.run.slo.iter().filter(|slo| slo.met == Some(false)) {
            found.push(format!("{} misses `{}`.", one.name, missed.expression));
        }
        let step = one.following.at.windows(2).next().map_or(SimSpan::ZERO, |two| two[1] - two[0]);
        if let Some(swings) = one.following.swings {
            let period = SimSpan::from_secs_f64(swings.period * step.as_secs_f64());
            found.push(format!(
                "{} {} {} times while demand is steady, by {} members, with a period of {}.",
                one.name,
                if swings.is_sawtooth() { "makes a sawtooth: swings" } else { "flaps: swings" },
                swings.count,
                crate::units::sig(swings.amplitude),
                period.to_prose(),
            ));
        }
    }
    found
}

/// What a policy that meets its objectives takes more than the oracle.
fn regret(one: &PolicyOutcome, oracle: &PolicyOutcome) -> Option<String> {
    let (own, best) = (one.mean("member_hours")?, oracle.mean("member_hours")?);
    let met = |one: &PolicyOutcome| one.mean("objectives_met").unwrap_or(1.0);
    // Who misses more than the oracle saves nothing by it.
    if !one.attainable || met(one) < met(oracle) || best <= 0.0 {
        return None;
    }
    let percent = 100.0 * (own / best - 1.0);
    Some(format!(
        "{} regrets {} member-hours against {} ({} %).",
        one.name,
        crate::units::sig(own - best),
        oracle.name,
        crate::units::sig(percent)
    ))
}

/// Flat rows, each quantity as `x`, `x_low`, `x_high`, findings, and the recommendation.
pub fn json(outcomes: &[PolicyOutcome], lints: &[Lint]) -> String {
    let row = |one: &PolicyOutcome| {
        let mut row = Map::new();
        row.insert("design".into(), json!(one.name));
        for (measure, value) in MEASURES.iter().zip(&one.values) {
            let number = |pick: fn(&Interval) -> f64| value.as_ref().map(pick).and_then(finite);
            row.insert(measure.key.into(), json!(number(|one| one.mean)));
            row.insert(format!("{}_low", measure.key), json!(number(Interval::low)));
            row.insert(format!("{}_high", measure.key), json!(number(Interval::high)));
        }
        Value::Object(row)
    };
    let recommendation = choose(outcomes).map(|(best, reason)| {
        json!({"design": outcomes[best].name, "reason": reason, "confidence": 0.95})
    });
    pretty(&json!({
        "schema": "kafsim/autoscale/1",
        "kafsim": super::document::VERSION,
        "rows": outcomes.iter().map(row).collect::<Vec<Value>>(),
        "findings": findings(outcomes),
        "lints": super::lints::json(lints),
        "recommendation": recommendation,
    }))
}
