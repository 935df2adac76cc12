//! Where the time of a request goes.

use super::table::Table;
use crate::metrics::Run;

/// The way of a record from `send` to its acknowledgement at p50 and p99, the phases of requests on
/// each broker under Kafka's names, and end-to-end latency.
pub fn phases(run: &Run) -> String {
    if run.path.is_empty() {
        return "\nWhere time goes is known to the request-level engine alone: --set engine=des.\n"
            .to_owned();
    }
    let mut way = Table::new(&["from send to acknowledgement", "near p50, ms", "near p99, ms"]);
    let (mut p50, mut p99) = (0.0, 0.0);
    for (part, middle, tail) in &run.path {
        way.row(&[(*part).to_owned(), format!("{middle:.3}"), format!("{tail:.3}")]);
        (p50, p99) = (p50 + middle, p99 + tail);
    }
    way.row(&["a batch's first record, all".to_owned(), format!("{p50:.3}"), format!("{p99:.3}")]);
    let header = [
        "broker",
        "requests",
        "requests/s",
        "RequestQueueTimeMs",
        "LocalTimeMs",
        "RemoteTimeMs",
        "ResponseTimeMs",
        "TotalTimeMs p99",
    ];
    let mut table = Table::new(&header);
    for (id, broker) in &run.brokers {
        for (kind, one) in &broker.requests {
            let total = one.total_ms.map_or(0.0, |total| total.p99);
            let numbers =
                [one.request_queue_ms, one.local_ms, one.remote_ms, one.response_ms, total];
            let mut cells = vec![id.to_string(), kind.clone(), format!("{:.0}", one.requests_s)];
            cells.extend(numbers.map(|number| format!("{number:.3}")));
            table.row(&cells);
        }
    }
    let mut ends = Table::new(&["from send to the application", "p50, ms", "p99, ms"]);
    for (name, group) in &run.groups {
        let Some(latency) = group.e2e_latency_ms else { continue };
        ends.row(&[
            format!("group {name}"),
            format!("{:.3}", latency.p50),
            format!("{:.3}", latency.p99),
        ]);
    }
    format!("\n{}\n{}\n{}", way.plain(), table.plain(), ends.plain())
}
