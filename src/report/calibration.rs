//! A calibration as text, Markdown, JSON and CSV.

use super::formats::table::Table;
use super::validation::{percent, short};
use crate::study::validate::{Calibrated, Calibration};
use serde_json::{Value, json};

/// Values that the rows tell.
fn values_table(calibration: &Calibration) -> Table {
    let header = ["value", "was", "is", "known before", "known now"];
    let mut table = Table::new(&header);
    for one in calibration.values.iter().filter(|one| one.told) {
        let within = |factor: f64| format!("×/÷ {factor:.2}");
        let cells = [
            one.name.clone(),
            one.was.clone(),
            one.is.clone(),
            within(one.before),
            within(one.after),
        ];
        table.row(&cells);
    }
    table
}

fn data_table(calibration: &Calibration) -> Table {
    let header =
        ["row", "quantity", "measured", "predicted before", "error", "predicted now", "error now"];
    let mut table = Table::new(&header);
    for one in &calibration.data {
        table.row(&[
            calibration.rows[one.row].id.clone(),
            one.quantity.to_owned(),
            short(one.measured),
            short(one.before),
            percent(one.before / one.measured - 1.0),
            short(one.after),
            percent(one.after / one.measured - 1.0),
        ]);
    }
    table
}

fn correlations_table(calibration: &Calibration) -> Table {
    let mut table = Table::new(&["value", "and", "correlation"]);
    for (first, second, share) in &calibration.correlations {
        let name = |index: usize| calibration.values[index].name.clone();
        table.row(&[name(*first), name(*second), format!("{share:+.2}")]);
    }
    table
}

/// Sentences about what the rows do not tell.
fn untold(calibration: &Calibration) -> String {
    let names: Vec<&str> = calibration
        .values
        .iter()
        .filter(|one| !one.told)
        .map(|one: &Calibrated| one.name.as_str())
        .collect();
    let told = calibration.values.len() - names.len();
    let rest = if names.is_empty() {
        String::new()
    } else {
        format!(
            " The rows do not tell {}; they stay as they were, and as uncertain.",
            names.join(", ")
        )
    };
    let [before, after] = calibration.misfit;
    format!(
        "{} measurements tell {told} of {} values. Misfit over the scatter of repeats: {before:.2} \
         before, {after:.2} now; 1 is as good as repeats allow.{rest}",
        calibration.data.len(),
        calibration.values.len(),
    )
}

fn pairs(calibration: &Calibration) -> &'static str {
    if calibration.correlations.is_empty() {
        ""
    } else {
        "Values that the rows can hardly tell apart: runs in which only one of them matters would."
    }
}

/// For a terminal.
pub fn text(calibration: &Calibration) -> String {
    let mut text =
        format!("{}\n{}\n", values_table(calibration).plain(), data_table(calibration).plain());
    if !calibration.correlations.is_empty() {
        let table = correlations_table(calibration).plain();
        text.push_str(&format!("{}\n{table}\n", pairs(calibration)));
    }
    text + &untold(calibration) + "\n"
}

/// As a report.
pub fn markdown(calibration: &Calibration) -> String {
    let correlations = if calibration.correlations.is_empty() {
        String::new()
    } else {
        let table = correlations_table(calibration).markdown();
        format!("\n{}\n\n{table}", pairs(calibration))
    };
    format!(
        "# Calibration\n\n{}\n\n![Predicted over measured](figures/calibration.svg)\n\n\
         ## Values\n\n{}{correlations}\n## Measurements\n\n{}",
        untold(calibration),
        values_table(calibration).markdown(),
        data_table(calibration).markdown(),
    )
}

/// One row per value.
pub fn csv(calibration: &Calibration) -> String {
    let mut table = Table::new(&["name", "was", "is", "within_before", "within_now", "told"]);
    for one in &calibration.values {
        table.row(&[
            one.name.clone(),
            one.was.clone(),
            one.is.clone(),
            format!("{:.4}", one.before),
            format!("{:.4}", one.after),
            one.told.to_string(),
        ]);
    }
    table.csv()
}

/// As one JSON object with sorted keys.
pub fn json(calibration: &Calibration) -> String {
    let values: Vec<Value> = calibration
        .values
        .iter()
        .map(|one| {
            json!({
                "name": one.name,
                "was": one.was,
                "is": one.is,
                "within_before": one.before,
                "within_now": one.after,
                "told": one.told,
            })
        })
        .collect();
    let data: Vec<Value> = calibration
        .data
        .iter()
        .map(|one| {
            json!({
                "id": calibration.rows[one.row].id,
                "quantity": one.quantity,
                "measured": one.measured,
                "before": one.before,
                "after": one.after,
            })
        })
        .collect();
    let value = json!({
        "schema": "kafsim/calibration/1",
        "kafsim": env!("CARGO_PKG_VERSION"),
        "values": values,
        "measurements": data,
        "misfit": {"before": calibration.misfit[0], "after": calibration.misfit[1]},
        "correlations": calibration.correlations.iter().map(|(first, second, share)| {
            let name = |index: usize| &calibration.values[index].name;
            json!({"first": name(*first), "second": name(*second), "correlation": share})
        }).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}
