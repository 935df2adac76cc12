//! Findings about policies, for people and for programs.

use super::designs::finite;
use crate::analysis::{Evidence, Lint};
use crate::units::{count, sig};
use serde_json::{Value, json};

/// A finding in sentences: what is wrong, what to change, the numbers.
pub fn sentence(lint: &Lint) -> String {
    let numbers: Vec<String> = lint.evidence.iter().map(number).collect();
    format!(
        "Policy {}: {} Better: {}. Numbers: {}.",
        lint.policy,
        lint.words,
        lint.advice,
        numbers.join("; ")
    )
}

fn number(one: &Evidence) -> String {
    let value = match one.unit {
        // Kafka's own settings stay as they are written.
        "ms" if one.value >= 1.0 => format!("{:.0}", one.value),
        _ if one.value.abs() >= 1_000.0 => count(one.value),
        _ => sig(one.value),
    };
    format!("{} {value} {}", one.name, one.unit).trim_end().to_owned()
}

/// Findings as an array of objects.
pub fn json(lints: &[Lint]) -> Value {
    let evidence =
        |one: &Evidence| json!({"name": one.name, "value": finite(one.value), "unit": one.unit});
    let object = |one: &Lint| {
        json!({
            "rule": one.rule,
            "policy": one.policy,
            "words": one.words,
            "advice": one.advice,
            "evidence": one.evidence.iter().map(evidence).collect::<Vec<Value>>(),
        })
    };
    Value::Array(lints.iter().map(object).collect())
}
