//! Rows of a replayed policy.

use super::table::Table;
use crate::study::ReplayRow;

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
