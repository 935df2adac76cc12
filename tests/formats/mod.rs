//! Output formats.

mod alerts;
mod compose;
mod foreign;
mod monitoring;

use crate::support::{examples, run};
use kafsim::metrics::Run;
use kafsim::report::formats::{csv, html, json, markdown, openmetrics, terminal};
use kafsim::report::{figures, output, sentences};
use serde_json::Value;
use std::path::Path;

/// A run whose names and words try to break out of every format.
fn hostile() -> Run {
    let mut run = run("quickstart", &["duration=10 h"]);
    let name = "<script>alert(1)</script> | a,\"b\"\nc";
    let group = run.groups["billing"].clone();
    run.groups.insert(name.to_owned(), group);
    run.warnings.push(name.to_owned());
    for decision in &mut run.decisions {
        decision.words = format!("{name} {}", decision.words);
        name.clone_into(&mut decision.target);
    }
    for series in &mut run.series {
        if series.entity == "billing" {
            name.clone_into(&mut series.entity);
        }
    }
    run
}

#[test]
fn the_summary_satisfies_its_schema() {
    let schema: Value = serde_json::from_str(json::SCHEMA).expect("the schema is JSON");
    for name in examples() {
        let summary = json::summary(&run(&name, &[]));
        let mut faults = Vec::new();
        validate(&schema, &summary, "", &mut faults);
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

/// The part of JSON Schema that the summary's schema uses.
fn validate(schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    if let Some(wanted) = schema.get("const") {
        if wanted != value {
            faults.push(format!("{path}: {value} is not {wanted}"));
        }
        return;
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        if !words.contains(value) {
            faults.push(format!("{path}: {value} is none of {words:?}"));
        }
        return;
    }
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_u64() || n.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let number = is == "integer" && types.contains(&"number");
    if !number && !types.contains(&is) {
        faults.push(format!("{path}: {is}, not {types:?}"));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.is_object() && value.get(key).is_none() {
            faults.push(format!("{path}: no {key}"));
        }
    }
    for (key, below) in value.as_object().into_iter().flatten() {
        let named = schema["properties"].get(key).or(schema.get("additionalProperties"));
        match named {
            Some(schema) => validate(schema, below, &format!("{path}/{key}"), faults),
            None => faults.push(format!("{path}: the schema does not know {key}")),
        }
    }
    if let Some(items) = schema.get("items") {
        for (index, below) in value.as_array().into_iter().flatten().enumerate() {
            validate(items, below, &format!("{path}/{index}"), faults);
        }
    }
}

#[test]
fn no_number_is_nan_even_when_the_run_has_one() {
    let mut run = run("quickstart", &["duration=1 h"]);
    run.bottleneck.utilisation = f64::NAN;
    run.groups.get_mut("billing").expect("it is there").records_s = f64::INFINITY;
    let text = json::text(&run);
    assert!(!text.contains("NaN") && !text.contains("inf"));
    let summary: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(summary["bottleneck"]["utilisation"], Value::Null);
}

#[test]
fn hostile_names_stay_names() {
    let run = hostile();
    let page = html::render(&run, &[]).expect("a page");
    assert!(!page.contains("<script"), "a name became markup");
    assert!(!page.contains("http://") && !page.contains("https://"), "the page needs no network");
    let text = markdown::render(&run, &[]);
    assert!(!text.contains("<script"));
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        assert!(!line.contains(" | a,"), "the bar of a name splits a cell: {line}");
    }
    let summary: Value = serde_json::from_str(&json::text(&run)).expect("JSON");
    assert!(summary["groups"].as_object().expect("groups").len() == 2);
    let mut rows =
        ::csv::Reader::from_reader(csv::decisions(&run).as_bytes().to_vec().leak() as &[u8]);
    assert_eq!(rows.records().flatten().count(), run.decisions.len());
}

#[test]
fn text_fits_100_columns_and_has_no_colour_by_itself() {
    let mut runs: Vec<Run> = examples().iter().map(|name| run(name, &[])).collect();
    runs.push(hostile());
    for run in &runs {
        let text = terminal::render(run, Some(Path::new("reports/x")), false);
        assert!(!text.contains('\u{1b}'));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }
    assert!(terminal::render(&runs[0], None, true).contains('\u{1b}'));
}

#[test]
fn every_run_has_something_to_say() {
    for name in examples() {
        let said = sentences(&run(&name, &[]));
        assert!(!said.is_empty(), "{name}");
        assert!(
            said.iter().all(|sentence| sentence.chars().any(|c| c.is_ascii_digit())),
            "{said:?}"
        );
    }
}

#[test]
fn openmetrics_is_well_formed() {
    let text = openmetrics::render(&hostile());
    assert!(text.ends_with("# EOF\n"));
    let mut families = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().expect("a name").to_owned();
            assert!(!families.contains(&name), "{name} twice");
            families.push(name);
        } else if !line.starts_with('#') {
            let family = families.last().expect("a type comes first");
            assert!(line.starts_with(family.as_str()), "{line} is not of {family}");
            let (_, numbers) = line.rsplit_once("} ").expect("labels");
            let numbers: Vec<&str> = numbers.split(' ').collect();
            assert_eq!(numbers.len(), 2, "{line}");
            assert!(numbers.iter().all(|number| number.parse::<f64>().is_ok()), "{line}");
        }
    }
    assert!(families.contains(&"kafka_consumergroup_lag".to_owned()));
}

#[test]
fn a_set_of_files_is_complete_or_says_that_it_is_not() {
    let run = run("quickstart", &["duration=1 h"]);
    let pictures = figures::all(&run).expect("figures");
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("deep/er");
    output::prepare(&target).expect("it can be made");
    let written = output::write(&target, &run, &pictures).expect("a set");
    assert!(written.last().is_some_and(|path| path.ends_with("summary.json")));
    assert!(written.iter().all(|path| path.is_file()));
    let left = walk(&target).into_iter().filter(|name| name.contains(".tmp-")).count();
    assert_eq!(left, 0, "nothing half-written is left");
    // Something stands in the way: the mark of completeness goes first.
    std::fs::remove_file(target.join("metrics.om")).expect("it was there");
    std::fs::create_dir(target.join("metrics.om")).expect("a folder in the way");
    let error = output::write(&target, &run, &pictures).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(!target.join("summary.json").exists());
    assert!(!walk(&target).iter().any(|name| name.contains(".tmp-")));
}

fn walk(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        names.push(entry.path().display().to_string());
        if entry.path().is_dir() {
            names.extend(walk(&entry.path()));
        }
    }
    names
}
