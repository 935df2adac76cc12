//! Answers of Prometheus to range queries.
//!
//! One JSON object whose members are metrics by name, each with the whole answer of
//! `/api/v1/query_range` as its value. A matrix of several series is averaged or added up by the
//! query, not here: one series an answer.

use crate::error::{Error, Place, Problem, Result, nearest_word};
use crate::study::validate::METRICS;
use serde_json::Value;
use std::collections::BTreeMap;

/// Samples (seconds of the epoch, value) by metric, the names being those of [`METRICS`]. `NaN`,
/// which Prometheus writes where it divides by nothing, is no sample.
///
/// # Errors
/// All problems of the file: no JSON, an unknown metric, an answer that is no matrix of one series,
/// a sample that is none, `messages_in` missing.
pub fn read_range_queries(
    file: &str,
    text: &str,
) -> Result<BTreeMap<&'static str, Vec<(f64, f64)>>> {
    let place = |error: Option<&serde_json::Error>| Place {
        file: file.into(),
        line: error.map_or(1, serde_json::Error::line),
        column: error.map_or(1, serde_json::Error::column),
    };
    let problem = |path: &str, found: String, allowed: &str| Problem {
        place: place(None),
        path: path.to_owned(),
        found,
        allowed: allowed.to_owned(),
        nearest: None,
    };
    let whole: Value = serde_json::from_str(text).map_err(|error| {
        let problem = problem("", error.to_string(), "JSON");
        Error::input(vec![Problem { place: place(Some(&error)), ..problem }])
    })?;
    let names = || METRICS.iter().map(|(name, _)| *name);
    let known = names().collect::<Vec<_>>().join(", ");
    let Some(members) = whole.as_object() else {
        let allowed = format!("one object whose members are among {known}");
        return Err(Error::input(vec![problem("", "no object".into(), &allowed)]));
    };
    let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, answer) in members {
        let Some(metric) = names().find(|one| one == name) else {
            let nearest = nearest_word(name, names()).map(str::to_owned);
            let unknown = problem(name, format!("`{name}`"), &format!("one of {known}"));
            problems.push(Problem { nearest, ..unknown });
            continue;
        };
        match series(answer) {
            Ok(samples) => {
                found.insert(metric, samples);
            }
            Err((found, allowed)) => problems.push(problem(name, found, allowed)),
        }
    }
    if !members.contains_key("messages_in") {
        problems.push(problem("messages_in", "nothing".into(), "the load of every hour"));
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::input(problems)) }
}

/// The one series of an answer.
fn series(answer: &Value) -> Result<Vec<(f64, f64)>, (String, &'static str)> {
    if answer["status"] != "success" {
        let allowed = "the whole answer of /api/v1/query_range, with `status: success`";
        return Err((format!("status {}", answer["status"]), allowed));
    }
    let data = &answer["data"];
    let series = data["result"].as_array().filter(|_| data["resultType"] == "matrix");
    let Some(series) = series else {
        let found = format!("a result of type {}", data["resultType"]);
        return Err((found, "a matrix, which a range query answers"));
    };
    let [one] = series.as_slice() else {
        let found = format!("{} series", series.len());
        return Err((found, "one series: let the query add up or average over brokers"));
    };
    let samples = one["values"].as_array();
    let read: Option<Vec<(f64, f64)>> = samples.into_iter().flatten().map(sample).collect();
    let read = read.ok_or(("a sample that is none".to_owned(), "[seconds, \"number\"]"))?;
    let read: Vec<(f64, f64)> = read.into_iter().filter(|(_, value)| !value.is_nan()).collect();
    if read.iter().any(|(_, value)| !value.is_finite() || *value < 0.0) {
        return Err(("a value below zero or without end".to_owned(), "numbers from zero on"));
    }
    if read.is_empty() {
        return Err(("no sample".to_owned(), "samples of some days"));
    }
    Ok(read)
}

fn sample(pair: &Value) -> Option<(f64, f64)> {
    let [at, value] = pair.as_array()?.as_slice() else { return None };
    let at = at.as_f64().filter(|at| at.is_finite() && at.abs() < 1e12)?;
    Some((at, value.as_str()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(values: &str) -> String {
        format!(
            "{{\"status\": \"success\", \"data\": {{\"resultType\": \"matrix\", \"result\": \
             [{{\"metric\": {{}}, \"values\": {values}}}]}}}}"
        )
    }

    #[test]
    fn samples_by_hand() {
        let text = format!(
            "{{\"messages_in\": {}, \"cpu\": {}}}",
            answer("[[1000, \"2.5\"], [1060.5, \"3\"], [1120, \"NaN\"]]"),
            answer("[[1000, \"0.25\"]]")
        );
        let found = read_range_queries("x", &text).unwrap();
        assert_eq!(found["messages_in"], [(1000.0, 2.5), (1060.5, 3.0)]);
        assert_eq!(found["cpu"], [(1000.0, 0.25)]);
    }

    #[test]
    fn every_bad_answer_is_named() {
        let good = answer("[[0, \"1\"]]");
        let (before, _) = good.split_once("[{").unwrap();
        let nobody = format!("{before}[]}}}}");
        let bad = [
            ("{", "JSON"),
            ("[]", "one object"),
            (&format!("{{\"cpu\": {good}}}"), "messages_in"),
            (&format!("{{\"messages_in\": {good}, \"cpus\": {good}}}"), "cpu"),
            ("{\"messages_in\": {\"status\": \"error\"}}", "status"),
            (&format!("{{\"messages_in\": {}}}", good.replace("matrix", "vector")), "matrix"),
            (&format!("{{\"messages_in\": {}}}", answer("[[0, 1]]")), "sample"),
            (&format!("{{\"messages_in\": {}}}", answer("[[0, \"-1\"]]")), "below zero"),
            (&format!("{{\"messages_in\": {}}}", answer("[[0, \"NaN\"]]")), "no sample"),
            (&format!("{{\"messages_in\": {nobody}}}"), "0 series"),
        ];
        for (text, said) in bad {
            let error = read_range_queries("x", text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
