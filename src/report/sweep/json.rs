//! The answer of a sweep as one JSON object.

use crate::report::designs::{finite, pretty};
use crate::report::document::VERSION;
use crate::study::sweep::{Answer, DesignRow, MEASURED, Plan};
use serde_json::{Map, Value, json};

/// One object with sorted keys: rows by design, effects, recommendation, what is missing.
pub fn json(plan: &Plan, answer: &Answer) -> String {
    let effects: Vec<Value> = answer
        .effects
        .iter()
        .map(|one| {
            json!({
                "input": plan.sweep.uncertain[one.input].name,
                "drawn": one.ends,
                "p_violation": one.violation,
                "lag_s_max": one.lag_s,
                "sobol_index_violation": one.index,
                "sobol_index_lag": one.lag_index,
            })
        })
        .collect();
    let name = |design: usize| plan.designs[design].name.clone();
    let recommendation = answer.choice.as_ref().map(|choice| {
        json!({
            "design": choice.design.map(name),
            "reason": choice.reason,
            "confidence": plan.sweep.rank.map(|rank| rank.confidence),
            "not_excluded": choice.rivals.iter().map(|one| name(*one)).collect::<Vec<_>>(),
        })
    });
    pretty(&json!({
        "schema": "kafsim/sweep-answer/1",
        "kafsim": VERSION,
        "sweep": plan.sweep.name,
        "plan": plan.hash,
        "seed": plan.seed.get(),
        "objectives": plan.objectives,
        "units_used": answer.used,
        "complete": answer.missing.is_empty(),
        "missing_units": answer.missing,
        "rows": answer.rows.iter().map(|row| object(plan, answer, row)).collect::<Vec<_>>(),
        "effects": effects,
        "recommendation": recommendation,
    }))
}

fn object(plan: &Plan, answer: &Answer, row: &DesignRow) -> Value {
    let mut object = Map::new();
    let setting = &plan.designs[row.design];
    let values = setting.values.iter().map(|(path, value)| (path.clone(), json!(value)));
    object.insert("design".into(), json!(setting.name));
    object.insert("values".into(), Value::Object(values.collect()));
    object.insert("trials".into(), json!(row.trials.len()));
    object.insert("precise".into(), json!(row.precise));
    object.insert("on_front".into(), json!(row.on_front));
    let verdict = answer.choice.as_ref().map(|choice| choice.verdicts[row.design].word());
    object.insert("verdict".into(), json!(verdict));
    object.insert("p_violation".into(), json!(finite(row.violation.share)));
    object.insert("p_violation_low".into(), json!(row.violation.low));
    object.insert("p_violation_high".into(), json!(row.violation.high));
    let each: Vec<Option<f64>> = row.each.iter().map(|one| finite(one.share)).collect();
    object.insert("p_violation_each".into(), json!(each));
    for (index, one) in MEASURED.iter().enumerate() {
        let mean = row.means[index];
        object.insert(one.key.into(), json!(mean.map(|mean| mean.mean)));
        let ends = mean.map(|mean| (finite(mean.low()), finite(mean.high())));
        object.insert(format!("{}_low", one.key), json!(ends.and_then(|ends| ends.0)));
        object.insert(format!("{}_high", one.key), json!(ends.and_then(|ends| ends.1)));
        let shares = plan.sweep.quantiles.iter().map(ToString::to_string);
        let quantiles: Option<Map<String, Value>> = row.quantiles[index]
            .as_ref()
            .map(|values| shares.zip(values).map(|(share, value)| (share, json!(value))).collect());
        object.insert(format!("{}_quantiles", one.key), json!(quantiles));
    }
    Value::Object(object)
}
