//! Partitions that were unavailable, as a table.

use super::formats::table::Table;
use crate::metrics::Run;
use crate::units::SimSpan;

/// Partitions that are shown; the worst come first.
const SHOWN: usize = 20;

/// The worst partitions with their seconds.
pub(super) fn table(run: &Run) -> Table {
    let mut table = Table::new(&[
        "partition",
        "without a leader",
        "longest",
        "acks=all waits",
        "too few in sync",
        "at the end",
    ]);
    let span = |span: SimSpan| if span.is_zero() { "-".to_owned() } else { span.to_prose() };
    for one in run.outages.iter().take(SHOWN) {
        table.row(&[
            format!("{}-{}", one.topic, one.partition),
            span(one.offline),
            span(one.longest_offline),
            span(one.stalled),
            span(one.under_replicated),
            if one.lasts { "unavailable" } else { "available" }.to_owned(),
        ]);
    }
    table
}

/// What the table leaves out.
pub(super) fn rest(run: &Run) -> Option<String> {
    let left = run.outages.len().saturating_sub(SHOWN);
    (left > 0).then(|| format!("{left} further partitions are in summary.json under `outages`."))
}
