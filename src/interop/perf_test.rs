//! What Kafka's own perf tools print, read into rows of runs.
//!
//! Three tools are known by the shape of their lines: `ProducerPerformance`
//! (`kafka-producer-perf-test`), `ConsumerPerformance` and `EndToEndLatency`. Text around them
//! (a script's own lines, log lines) is left alone. Their MB is a MiB.

use super::rows::RunRow;
use crate::error::{Error, Place, Problem, Result};

/// Rows of all results in a text, in its order; `file` names it in problems.
///
/// A producer's intermediate windows give `records_s_sd`; its last line gives the row.
///
/// # Errors
/// No line of any of the tools.
pub fn read_perf_test(file: &str, text: &str) -> Result<Vec<RunRow>> {
    let mut rows = Vec::new();
    let mut windows: Vec<f64> = Vec::new();
    let mut header: Vec<String> = Vec::new();
    let mut average: Option<f64> = None;
    for line in text.lines().map(str::trim) {
        if let Some(mut row) = producer_result(line) {
            if let Some(deviation) = deviation(&windows) {
                row.set("records_s_sd", &format!("{deviation:.1}"));
            }
            windows.clear();
            rows.push(row);
        } else if let Some(rate) = producer_window(line) {
            windows.push(rate);
        } else if line.starts_with("start.time") {
            header = line.split(',').map(|name| name.trim().to_owned()).collect();
        } else if let Some(row) = consumer_result(&header, line) {
            rows.push(row);
        } else if let Some(rest) = line.strip_prefix("Avg latency:") {
            average = number_before(rest, "ms");
        } else if let Some(rest) = line.strip_prefix("Percentiles:") {
            rows.extend(end_to_end(rest, average.take()));
        }
    }
    if rows.is_empty() {
        return Err(Error::input(vec![Problem {
            place: Place::whole(file),
            path: String::new(),
            found: "no result of a perf tool".to_owned(),
            allowed: "text printed by kafka-producer-perf-test, ConsumerPerformance or \
                      EndToEndLatency, with its last line"
                .to_owned(),
            nearest: None,
        }]));
    }
    for (index, row) in rows.iter_mut().enumerate() {
        row.set("id", &format!("row-{}", index + 1));
        row.set("repeats", &1);
        row.set("source", &file);
    }
    Ok(rows)
}

/// The number just before a word: `52593.2` before `records/sec`.
fn number_before(text: &str, word: &str) -> Option<f64> {
    let before = text.split(word).next().filter(|before| before.len() < text.len())?;
    let last = before.trim_end().rsplit([' ', '(', ',', '=']).next()?;
    last.parse().ok().filter(|number: &f64| number.is_finite())
}

/// `263071 records sent, 52593.2 records/sec (51.36 MB/sec), 510.5 ms avg latency, …`
fn producer_window(line: &str) -> Option<f64> {
    line.contains("records sent").then(|| number_before(line, " records/sec"))?
}

/// The last line, which has percentiles too.
fn producer_result(line: &str) -> Option<RunRow> {
    if !line.contains(" 50th") {
        return None;
    }
    let rate = producer_window(line)?;
    let sent = number_before(line, " records sent")?;
    let mut row = RunRow::default();
    row.set("case", &"kafka-producer-perf-test");
    row.set("records_s", &rate);
    row.set("producers", &1);
    if rate > 0.0 {
        row.set("duration_s", &format!("{:.1}", sent / rate));
    }
    // Bytes per record follow from both rates; the tool prints two decimals of MiB/s.
    let bytes = number_before(line, " MB/sec").map(|mib| mib * 1_048_576.0 / rate);
    if let Some(bytes) = bytes.filter(|bytes| bytes.is_finite()) {
        row.set("record_bytes", &bytes.round());
    }
    let columns = [
        ("publish_mean_ms", " ms avg latency"),
        ("publish_p50_ms", " ms 50th"),
        ("publish_p95_ms", " ms 95th"),
        ("publish_p99_ms", " ms 99th"),
        ("publish_p999_ms", " ms 99.9th"),
    ];
    for (column, word) in columns {
        if let Some(value) = number_before(line, word) {
            row.set(column, &value);
        }
    }
    Some(row)
}

/// The CSV line of `ConsumerPerformance`. Its `nMsg.sec` includes the join of the group;
/// `fetch.nMsg.sec` does not, and is taken.
fn consumer_result(header: &[String], line: &str) -> Option<RunRow> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let of = |name: &str| -> Option<f64> {
        let index = header.iter().position(|one| one == name)?;
        fields.get(index)?.parse().ok()
    };
    if header.is_empty() || fields.len() != header.len() {
        return None;
    }
    let records = of("data.consumed.in.nMsg")?;
    let mut row = RunRow::default();
    row.set("case", &"ConsumerPerformance");
    row.set("groups", &1);
    row.set("members_per_group", &1);
    row.set("consume_records_s_per_group", &of("fetch.nMsg.sec")?);
    if let Some(time) = of("fetch.time.ms") {
        row.set("duration_s", &(time / 1e3));
    }
    let bytes = of("data.consumed.in.MB").map(|mib| mib * 1_048_576.0 / records);
    if let Some(bytes) = bytes.filter(|bytes| bytes.is_finite()) {
        row.set("record_bytes", &bytes.round());
    }
    Some(row)
}

/// `50th = 1, 99th = 11, 99.9th = 23`: one record at a time, from send to delivery.
fn end_to_end(rest: &str, average: Option<f64>) -> Option<RunRow> {
    let of = |word: &str| {
        let part = rest.split(',').find(|part| part.trim().starts_with(word))?;
        part.split('=').nth(1)?.trim().parse::<f64>().ok()
    };
    let mut row = RunRow::default();
    row.set("case", &"EndToEndLatency");
    row.set("producers", &1);
    row.set("groups", &1);
    row.set("members_per_group", &1);
    row.set("e2e_p50_ms", &of("50th")?);
    row.set("e2e_p99_ms", &of("99th")?);
    if let Some(average) = average.filter(|average| *average > 0.0) {
        // The next record is sent when this one has arrived.
        row.set("records_s", &format!("{:.1}", 1e3 / average));
    }
    Some(row)
}

fn deviation(windows: &[f64]) -> Option<f64> {
    let mut all = crate::metrics::Welford::new();
    for rate in windows {
        all.add(*rate);
    }
    (all.count() > 1).then(|| libm::sqrt(all.variance()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "starting\n\
        263071 records sent, 52593.2 records/sec (51.36 MB/sec), 510.5 ms avg latency, 1304.0 ms \
        max latency.\n\
        236929 records sent, 47385.8 records/sec (46.28 MB/sec), 620.5 ms avg latency, 1404.0 ms \
        max latency.\n\
        500000 records sent, 50000.000000 records/sec (48.83 MB/sec), 565.10 ms avg latency, \
        1404.00 ms max latency, 451 ms 50th, 1058 ms 95th, 1244 ms 99th, 1276 ms 99.9th.\n\
        start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
        rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec\n\
        2026-11-27 10:00:00:000, 2026-11-27 10:00:05:000, 976.5625, 195.3, 1000000, 200000.0, \
        3700, 1300, 751.2, 769230.8\n\
        Avg latency: 2.5000 ms\n\
        Percentiles: 50th = 1, 99th = 11, 99.9th = 23\n";

    #[test]
    fn all_three_tools_are_read_by_hand() {
        let rows = read_perf_test("x.txt", TEXT).unwrap();
        let of = |row: usize, column: &str| rows[row].get(column).to_owned();
        assert_eq!(rows.len(), 3);
        assert_eq!([of(0, "records_s"), of(0, "record_bytes")], ["50000", "1024"]);
        assert_eq!([of(0, "publish_p50_ms"), of(0, "publish_p999_ms")], ["451", "1276"]);
        assert_eq!([of(0, "publish_mean_ms"), of(0, "duration_s")], ["565.1", "10.0"]);
        // |52593.2 − 47385.8| / √2
        assert_eq!(of(0, "records_s_sd"), "3682.2");
        assert_eq!(of(1, "consume_records_s_per_group"), "769230.8");
        assert_eq!([of(1, "record_bytes"), of(1, "duration_s")], ["1024", "1.3"]);
        assert_eq!([of(2, "e2e_p50_ms"), of(2, "e2e_p99_ms")], ["1", "11"]);
        assert_eq!(of(2, "records_s"), "400.0");
    }

    #[test]
    fn other_text_is_refused_and_cut_text_does_no_harm() {
        assert!(read_perf_test("x.txt", "nothing here").is_err());
        for cut in 0..TEXT.len() {
            let _any = read_perf_test("x.txt", TEXT.get(..cut).unwrap_or(""));
        }
    }

    #[test]
    fn columns_are_those_that_validate_reads() {
        let text = RunRow::csv(&[]);
        let published =
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/published/runs_fit.csv"));
        assert_eq!(text.trim(), published.lines().next().unwrap());
    }
}
