//! Repeats of a step become one row.

use super::super::validate::Row;

/// Measured columns, and the digits that they are written with.
pub const MEASURED: [(&str, usize); 12] = [
    ("duration_s", 1),
    ("records_s", 1),
    ("publish_mean_ms", 3),
    ("publish_p50_ms", 3),
    ("publish_p95_ms", 3),
    ("publish_p99_ms", 3),
    ("publish_p999_ms", 3),
    ("consume_records_s_per_group", 1),
    ("e2e_p50_ms", 3),
    ("e2e_p99_ms", 3),
    ("lag_end_records", 0),
    ("cpu_utilisation", 4),
];

/// The step's design with the means of its repeats, their number, and the standard deviation of
/// throughput between them; nothing without repeats.
pub fn merged(step: &Row, repeats: &[Row]) -> Option<Row> {
    if repeats.is_empty() {
        return None;
    }
    let mut row = step.clone();
    for (column, digits) in MEASURED {
        let values: Vec<f64> = repeats.iter().filter_map(|one| one.number(column)).collect();
        if values.len() == repeats.len() {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            row.set(column, &format!("{mean:.digits$}"));
        }
    }
    let mut rates = crate::metrics::Welford::new();
    repeats.iter().filter_map(|one| one.number("records_s")).for_each(|rate| rates.add(rate));
    if repeats.len() > 1 {
        row.set("records_s_sd", &format!("{:.1}", libm::sqrt(rates.variance())));
    }
    row.set("repeats", &repeats.len().to_string());
    let sources: Vec<&str> = repeats.iter().map(|one| one.text("source")).collect();
    row.set("source", sources.first().copied().unwrap_or_default());
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn means_and_deviations_by_hand() {
        let row = |rate: &str, p50: &str| {
            let columns = [("id", "x"), ("records_s", rate), ("publish_p50_ms", p50)];
            let columns = columns.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Row::designed(BTreeMap::from(columns), "runs_fit.csv")
        };
        let step = row("", "");
        let found = merged(&step, &[row("90", "1.5"), row("110", "2.5")]).unwrap();
        let of = |name: &str| found.text(name).to_owned();
        // |90 − 110| / √2
        assert_eq!([of("records_s"), of("records_s_sd")], ["100.0", "14.1"]);
        assert_eq!([of("publish_p50_ms"), of("repeats")], ["2.000", "2"]);
        // One repeat without a latency: the mean of the others would be another thing.
        let found = merged(&step, &[row("90", "1.5"), row("110", "")]).unwrap();
        assert_eq!(found.text("publish_p50_ms"), "");
        assert!(merged(&step, &[]).is_none());
    }
}
