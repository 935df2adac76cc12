//! Effects of single settings, predicted against measured, as text, Markdown and JSON.

use super::formats::table::Table;
use super::validation::percent;
use crate::study::experiment::{DESIGN, Pair, Scatter};
use crate::study::validate::Row;
use serde_json::{Value, json};

/// What the effects come to: the column, how many pairs, how many signs are right, and the median
/// error of the logarithm of the ratio.
fn by_column(pairs: &[Pair], scatter: &Scatter) -> Vec<(&'static str, usize, usize, f64)> {
    let of = |column: &'static str| {
        let mine: Vec<&Pair> = pairs.iter().filter(|pair| pair.column == column).collect();
        let right = mine.iter().filter(|pair| pair.right(noise(pair, scatter))).count();
        let mut errors: Vec<f64> = mine.iter().map(|pair| pair.error().abs()).collect();
        errors.sort_by(f64::total_cmp);
        let middle = errors.get(errors.len() / 2).copied().unwrap_or(0.0);
        (column, mine.len(), right, middle)
    };
    DESIGN.into_iter().map(of).filter(|(_, count, _, _)| *count > 0).collect()
}

/// The scatter of repeats of what a pair compares.
fn noise(pair: &Pair, scatter: &Scatter) -> f64 {
    let key = match pair.quantity {
        "records_s" => "throughput",
        "publish_p50_ms" => "median",
        _ => "p95",
    };
    scatter.values.get(key).copied().unwrap_or(0.0)
}

fn tables(rows: &[Row], pairs: &[Pair], scatter: &Scatter) -> [Table; 2] {
    let mut each =
        Table::new(&["setting", "from", "to", "quantity", "measured", "predicted", "sign"]);
    for pair in pairs {
        let [from, to] = pair.rows.map(|row| {
            let text = rows[row].text(pair.column);
            format!("{} ({})", if text.is_empty() { "none" } else { text }, rows[row].id)
        });
        each.row(&[
            pair.column.to_owned(),
            from,
            to,
            pair.quantity.to_owned(),
            percent(libm::expm1(pair.measured)),
            percent(libm::expm1(pair.predicted)),
            if pair.right(noise(pair, scatter)) { "right" } else { "WRONG" }.to_owned(),
        ]);
    }
    let mut all = Table::new(&["setting", "pairs", "right sign", "median log-ratio error"]);
    for (column, count, right, error) in by_column(pairs, scatter) {
        let cells = [column.to_owned(), count.to_string(), right.to_string(), percent(error)];
        all.row(&cells);
    }
    [each, all]
}

/// How much repeats of one measurement differ.
fn scatter_words(scatter: &Scatter) -> String {
    if scatter.values.is_empty() {
        return "Too few repeats to tell how much they scatter.".to_owned();
    }
    let each = scatter.values.iter().map(|(key, value)| format!("{key} {:.1} %", value * 100.0));
    let each: Vec<String> = each.collect();
    format!("Standard deviation between repeats: {}.", each.join(", "))
}

/// For a terminal.
pub fn text(rows: &[Row], pairs: &[Pair], scatter: &Scatter) -> String {
    let [each, all] = tables(rows, pairs, scatter);
    format!("\n{}\n{}\n{}\n", each.plain(), all.plain(), scatter_words(scatter))
}

/// A section of a report.
pub fn markdown(rows: &[Row], pairs: &[Pair], scatter: &Scatter) -> String {
    let [each, all] = tables(rows, pairs, scatter);
    format!(
        "\n## Effects of single settings\n\nPairs of rows that differ in one thing.\n\n\
         {}\n{}\n{}\n",
        each.markdown(),
        all.markdown(),
        scatter_words(scatter)
    )
}

/// The members `pairs` and `repeatability` of a validation's JSON.
pub fn json(rows: &[Row], pairs: &[Pair], scatter: &Scatter) -> [(&'static str, Value); 2] {
    let of = |pair: &Pair| {
        json!({
            "rows": pair.rows.map(|row| rows[row].id.clone()),
            "setting": pair.column,
            "quantity": pair.quantity,
            "measured_log_ratio": pair.measured,
            "predicted_log_ratio": pair.predicted,
            "sign_right": pair.right(noise(pair, scatter)),
        })
    };
    let pairs: Vec<Value> = pairs.iter().map(of).collect();
    [("pairs", json!(pairs)), ("repeatability", json!(scatter.values))]
}
