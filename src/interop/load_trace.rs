//! Answers of Prometheus to a range query, as a load trace.
//!
//! Source: Prometheus HTTP API, "Range queries": `{status, data: {resultType: matrix, result:
//! [{metric, values: [[seconds, "value"]]}]}}`.

use super::text::{json_of, problem};
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// A load over time: seconds since the first sample, and the value.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadTrace {
    /// Seconds of the epoch of the first sample.
    pub begins: f64,
    /// Seconds since then, records/s.
    pub rows: Vec<(f64, f64)>,
}

/// Reads the whole answer of `/api/v1/query_range`; several series are added up where they have a
/// sample at the same time.
///
/// # Errors
/// Broken JSON with its place; no matrix, no sample, samples that are none, values below zero,
/// times that do not grow.
pub fn read_load_trace(file: &str, text: &str) -> Result<LoadTrace> {
    let tree = json_of(file, text)?;
    let bad = |path: &str, found: String, allowed: &str| {
        Err(Error::input(vec![problem(file, path, found, allowed)]))
    };
    if tree["status"] != "success" {
        let found = format!("status {}", tree["status"]);
        return bad("status", found, "the whole answer of /api/v1/query_range, `success`");
    }
    let data = &tree["data"];
    let list = data["result"].as_array().filter(|_| data["resultType"] == "matrix");
    let Some(list) = list else {
        let found = format!("a result of type {}", data["resultType"]);
        return bad("data/resultType", found, "a matrix, which a range query answers");
    };
    let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
    for (index, series) in list.iter().enumerate() {
        let path = format!("data/result/{index}/values");
        let mut latest = f64::NEG_INFINITY;
        for (at, pair) in series["values"].as_array().into_iter().flatten().enumerate() {
            let Some((time, value)) = sample(pair) else {
                return bad(&format!("{path}/{at}"), pair.to_string(), "[seconds, \"number\"]");
            };
            if time <= latest {
                return bad(&format!("{path}/{at}"), pair.to_string(), "times that grow");
            }
            latest = time;
            // NaN is what Prometheus writes where it divides by nothing: no sample.
            if value.is_nan() {
                continue;
            }
            if !value.is_finite() || value < 0.0 {
                return bad(&format!("{path}/{at}"), pair.to_string(), "records/s from 0 on");
            }
            *sums.entry((time * 1e3).round() as u64).or_insert(0.0) += value;
        }
    }
    let Some(first) = sums.keys().next().copied() else {
        return bad("data/result", "no sample".into(), "samples of a rate of records");
    };
    let rows = sums.into_iter().map(|(at, value)| ((at - first) as f64 / 1e3, value)).collect();
    Ok(LoadTrace { begins: first as f64 / 1e3, rows })
}

fn sample(pair: &Value) -> Option<(f64, f64)> {
    let [at, value] = pair.as_array()?.as_slice() else { return None };
    let at = at.as_f64().filter(|at| at.is_finite() && (0.0..1e12).contains(at))?;
    Some((at, value.as_str()?.parse().ok()?))
}

impl LoadTrace {
    /// As `load: {trace: FILE}` reads it.
    pub fn csv(&self) -> String {
        let rows = self.rows.iter().map(|(at, rate)| format!("{at},{rate}\n"));
        format!("time,rate\n{}", rows.collect::<String>())
    }
    /// The mean of the samples.
    pub fn mean(&self) -> f64 {
        self.rows.iter().map(|(_, rate)| rate).sum::<f64>() / self.rows.len().max(1) as f64
    }
    /// Seconds from the first sample to the last.
    pub fn lasts(&self) -> f64 {
        self.rows.last().map_or(0.0, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(results: &str) -> String {
        format!(
            "{{\"status\": \"success\", \"data\": {{\"resultType\": \"matrix\", \"result\": \
             [{results}]}}}}"
        )
    }

    #[test]
    fn series_are_added_up_by_their_times() {
        let one =
            "{\"metric\": {}, \"values\": [[1000, \"2.5\"], [1060.5, \"3\"], [1120, \"NaN\"]]}";
        let two = "{\"metric\": {}, \"values\": [[1000, \"1\"], [1120, \"4\"]]}";
        let trace = read_load_trace("p.json", &answer(&format!("{one}, {two}"))).unwrap();
        assert_eq!(trace.begins, 1_000.0);
        assert_eq!(trace.rows, [(0.0, 3.5), (60.5, 3.0), (120.0, 4.0)]);
        assert_eq!(trace.csv(), "time,rate\n0,3.5\n60.5,3\n120,4\n");
        assert_eq!((trace.mean(), trace.lasts()), (3.5, 120.0));
    }

    #[test]
    fn every_bad_answer_is_named() {
        let values = |list: &str| answer(&format!("{{\"metric\": {{}}, \"values\": {list}}}"));
        for (text, words) in [
            ("{\"status\": \"succ".to_owned(), "p.json:1:"),
            ("{\"status\": \"error\"}".to_owned(), "status"),
            (values("[[0, \"1\"]]").replace("matrix", "vector"), "a matrix"),
            (answer(""), "no sample"),
            (values("[[0, 1]]"), "data/result/0/values/0"),
            (values("[[0, \"-1\"]]"), "from 0 on"),
            (values("[[5, \"1\"], [5, \"1\"]]"), "times that grow"),
        ] {
            let error = read_load_trace("p.json", &text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }
}
