//! The last day of a cluster's metrics against its prediction, as text, Markdown and JSON.

use super::formats::table::Table;
use super::validation::{percent, short};
use crate::study::validate::BackTest;
use serde_json::{Value, json};

fn tables(test: &BackTest) -> [Table; 2] {
    let mut all = Table::new(&["the last day", "hours", "median error before", "median error now"]);
    for (quantity, count, [before, after]) in test.errors() {
        let cells = [quantity.to_owned(), count.to_string(), percent(before), percent(after)];
        all.row(&cells);
    }
    let header = ["hour", "quantity", "measured", "predicted before", "predicted now", "error"];
    let mut each = Table::new(&header);
    for one in &test.data {
        each.row(&[
            test.hours[one.row].id.clone(),
            one.quantity.to_owned(),
            short(one.measured),
            short(one.before),
            short(one.after),
            percent(one.after / one.measured - 1.0),
        ]);
    }
    [all, each]
}

/// For a terminal: the errors of the last day.
pub fn text(test: &BackTest) -> String {
    format!("\n{}", tables(test)[0].plain())
}

/// A section of a report, with every hour.
pub fn markdown(test: &BackTest) -> String {
    let [all, each] = tables(test);
    format!("\n## The last day\n\n{}\n{}", all.markdown(), each.markdown())
}

/// The member `back_test` of a calibration's JSON.
pub fn json(test: &BackTest) -> Value {
    let errors = test.errors().into_iter().map(|(quantity, count, [before, after])| {
        json!({
            "quantity": quantity,
            "hours": count,
            "median_error_before": before,
            "median_error": after,
        })
    });
    let hours = test.data.iter().map(|one| {
        json!({
            "hour": test.hours[one.row].id,
            "quantity": one.quantity,
            "measured": one.measured,
            "predicted_before": one.before,
            "predicted": one.after,
        })
    });
    json!({"errors": errors.collect::<Vec<_>>(), "hours": hours.collect::<Vec<_>>()})
}
