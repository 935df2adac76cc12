//! A validation as text, Markdown, JSON and CSV.

use super::formats::table::Table;
use crate::study::validate::{Gate, Prediction, Validation, error, gated};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A number with about four significant digits.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        x if x >= 1_000.0 => crate::units::count(value),
        x if x >= 100.0 => format!("{value:.0}"),
        x if x >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:+.0} %", share * 100.0)
}

/// All comparisons, one line each.
fn rows_table(validation: &Validation) -> Table {
    let header =
        ["row", "split", "quantity", "measured", "predicted", "80 % interval", "error", "gated"];
    let mut table = Table::new(&header);
    for one in &validation.predictions {
        let row = &validation.rows[one.row];
        table.row(&[
            row.id.clone(),
            row.split.clone(),
            one.quantity.to_owned(),
            short(one.measured),
            short(one.predicted),
            format!("{} to {}", short(one.low80), short(one.high80)),
            percent(error(row, one)),
            if gated(row, one) { "yes".to_owned() } else { String::new() },
        ]);
    }
    table
}

fn gates_table(validation: &Validation) -> Table {
    let mut table = Table::new(&["gate", "rows", "n", "value", "limit", "met"]);
    for gate in &validation.gates {
        table.row(&[
            gate.name.clone(),
            gate.split.clone(),
            gate.n.to_string(),
            gate.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")),
            format!("{:.2}", gate.limit),
            verdict(gate).to_owned(),
        ]);
    }
    table
}

fn verdict(gate: &Gate) -> &'static str {
    match gate.met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "too few to judge",
    }
}

fn baselines_table(validation: &Validation) -> Table {
    let mut table =
        Table::new(&["throughput at saturation by", "rows", "n", "median error", "largest error"]);
    let show = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
    for gate in validation.gates.iter().filter(|gate| gate.name.contains("largest absolute")) {
        let middle = validation
            .gates
            .iter()
            .find(|other| other.split == gate.split && other.name.contains("median absolute"));
        let middle = middle.and_then(|gate| gate.value);
        let n = gate.n.to_string();
        let cells = ["kafsim".to_owned(), gate.split.clone(), n, show(middle), show(gate.value)];
        table.row(&cells);
    }
    for one in &validation.baselines {
        let n = one.n.to_string();
        let cells =
            [one.name.to_owned(), one.split.clone(), n, show(one.median), show(one.largest)];
        table.row(&cells);
    }
    table
}

fn fitted_table(validation: &Validation) -> Table {
    let mut table =
        Table::new(&["fitted value", "is", "uncertainty", "the rows alone say", "from"]);
    for one in &validation.fitted {
        let [name, value, uncertainty, source] = one.clone();
        let told = validation.fit.values.iter().find(|told| told.name == name);
        let told = told.map_or_else(|| "-".to_owned(), |told| format!("×/÷ {:.2}", told.after));
        table.row(&[name, value, uncertainty, told, source]);
    }
    table
}

/// Pairs of values that the rows can hardly tell apart.
fn correlations(validation: &Validation) -> Table {
    let mut table = Table::new(&["fitted value", "and", "correlation"]);
    for (first, second, share) in &validation.fit.correlations {
        let name = |index: usize| validation.fit.values[index].name.clone();
        table.row(&[name(*first), name(*second), format!("{share:+.2}")]);
    }
    table
}

/// Rows of the fit, predicted by the fit to all others.
fn left_out(validation: &Validation) -> Table {
    let header =
        ["row left out", "quantity", "measured", "fitted to all", "to the others", "error"];
    let mut table = Table::new(&header);
    for one in &validation.fit.left_out {
        table.row(&[
            validation.rows[one.row].id.clone(),
            one.quantity.to_owned(),
            short(one.measured),
            short(one.with),
            short(one.without),
            percent(one.without / one.measured - 1.0),
        ]);
    }
    table
}

/// For a terminal.
pub fn text(validation: &Validation) -> String {
    let mut rest = String::new();
    if !validation.fit.left_out.is_empty() {
        rest = format!("{}\n", left_out(validation).plain());
    }
    format!(
        "{}\n{rest}{}\n{}\n{} values were fitted, on rows marked fit alone.\n",
        rows_table(validation).plain(),
        gates_table(validation).plain(),
        baselines_table(validation).plain(),
        validation.fitted.len(),
    )
}

/// As the committed report.
pub fn markdown(validation: &Validation) -> String {
    format!(
        "# How far kafsim is from measurements\n\n\
         Every row is one published run of a real Kafka cluster, simulated on the card of its \
         machines. Values were fitted on rows of the split `fit`; rows of `holdout` are the ones \
         to look at. An error is the distance to the printed value's own rounding, over the \
         value.\n\n\
         ![Predicted over measured](figures/validation.svg)\n\n\
         ## Gates\n\n{}\n## Against simpler methods\n\n{}\n## All rows\n\n{}\n\
         ## Values that were fitted\n\n{} values, from priors that were uncertain by a factor of \
         1.7. What the rows alone say leaves the other values as uncertain as the rows leave \
         them.\n\n{}\n{}",
        gates_table(validation).markdown(),
        baselines_table(validation).markdown(),
        rows_table(validation).markdown(),
        validation.fitted.len(),
        fitted_table(validation).markdown(),
        correlations(validation).markdown(),
    )
}

/// One row per comparison.
pub fn csv(validation: &Validation) -> String {
    let mut text = String::from(
        "id,rig,split,quantity,saturated,measured,predicted,low80,high80,error,gated\n",
    );
    for one in &validation.predictions {
        let row = &validation.rows[one.row];
        text.push_str(&format!(
            "{},{},{},{},{},{},{:.6},{:.6},{:.6},{:.6},{}\n",
            row.id,
            row.rig,
            row.split,
            one.quantity,
            one.saturated,
            one.measured,
            one.predicted,
            one.low80,
            one.high80,
            error(row, one),
            gated(row, one),
        ));
    }
    text
}

/// As one JSON object with sorted keys.
pub fn json(validation: &Validation) -> String {
    let rows: Vec<Value> = validation
        .predictions
        .iter()
        .map(|one| {
            let row = &validation.rows[one.row];
            json!({
                "id": row.id,
                "rig": row.rig,
                "split": row.split,
                "quantity": one.quantity,
                "saturated": one.saturated,
                "measured": one.measured,
                "predicted": one.predicted,
                "low80": one.low80,
                "high80": one.high80,
                "error": error(row, one),
                "gated": gated(row, one),
            })
        })
        .collect();
    let value = json!({
        "schema": "kafsim/validation/1",
        "kafsim": env!("CARGO_PKG_VERSION"),
        "rows": rows,
        "gates": validation.gates,
        "baselines": validation.baselines,
        "summary": summary(validation),
        "correlations": validation.fit.correlations.iter().map(|(first, second, share)| {
            let name = |index: usize| &validation.fit.values[index].name;
            json!({"first": name(*first), "second": name(*second), "correlation": share})
        }).collect::<Vec<_>>(),
        "left_out": validation.fit.left_out.iter().map(|one| {
            json!({
                "id": validation.rows[one.row].id,
                "quantity": one.quantity,
                "measured": one.measured,
                "fitted_to_all": one.with,
                "fitted_to_others": one.without,
            })
        }).collect::<Vec<_>>(),
        "fitted_parameters": validation.fitted.iter().map(|[name, value, uncertainty, source]| {
            json!({"name": name, "value": value, "uncertainty": uncertainty, "source": source})
        }).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

/// Median error by rig and quantity.
fn summary(validation: &Validation) -> Value {
    let mut errors: BTreeMap<(&str, &str), Vec<&Prediction>> = BTreeMap::new();
    for one in &validation.predictions {
        let rig = validation.rows[one.row].rig.as_str();
        errors.entry((rig, one.quantity)).or_default().push(one);
    }
    let entries = errors.into_iter().map(|((rig, quantity), list)| {
        let mut values: Vec<f64> =
            list.iter().map(|one| error(&validation.rows[one.row], one).abs()).collect();
        values.sort_by(f64::total_cmp);
        let median = values[values.len() / 2];
        json!({"rig": rig, "quantity": quantity, "n": values.len(), "median_error": median})
    });
    Value::Array(entries.collect())
}
