//! Cards from measurements: what was put in comes out, and what rows do not tell stays.

use super::{kafsim, row};
use crate::support::root;
use kafsim::chance::Seed;
use kafsim::scenario::LoadOptions;
use kafsim::study::make;
use kafsim::study::validate::{Calibration, Row, calibrate, read_rows, scenario_of};
use std::collections::BTreeMap;

const REQUEST: &str = "costs/kafka-2-published/produce_request";
const TRIP: &str = "networks/lab-switch/rtt_same_zone";
const THREADS: &str = "costs/kafka-2-published/session_partition";

/// Rows as a cluster would give them whose values differ from the cards by these factors.
fn measured_at(factors: &[(&str, f64)]) -> Vec<Row> {
    let (header, row) = row();
    let columns: Vec<&str> = header.split(',').collect();
    let fields: Vec<&str> = row.split(',').collect();
    let line = |changes: &BTreeMap<&str, String>| -> String {
        let field = |(column, old): (&&str, &&str)| match changes.get(*column) {
            Some(new) => new.clone(),
            None => (*old).to_owned(),
        };
        columns.iter().zip(&fields).map(field).collect::<Vec<_>>().join(",")
    };
    let measured = ["records_s", "records_s_sd", "publish_mean_ms", "publish_p50_ms"];
    let others = ["publish_p95_ms", "publish_p99_ms", "publish_p999_ms"];
    let reading = ["consume_records_s_per_group", "groups", "members_per_group"];
    let mut text = header.clone();
    let mut cases = Vec::new();
    for (bytes, target) in [(512, ""), (2_000, ""), (8_000, ""), (512, "5000"), (2_000, "2000")] {
        let mut changes = BTreeMap::new();
        for column in measured.iter().chain(&others).chain(&reading) {
            changes.insert(*column, String::new());
        }
        changes.insert("groups", "0".to_owned());
        changes.insert("id", format!("made-{}", cases.len()));
        changes.insert("record_bytes", bytes.to_string());
        changes.insert("target_records_s", target.to_owned());
        changes.insert("not_comparable", String::new());
        cases.push(changes);
    }
    let options = LoadOptions {
        factors: factors.iter().map(|(key, by)| ((*key).to_owned(), *by)).collect(),
        ..LoadOptions::default()
    };
    for changes in &mut cases {
        let bare = format!("{header}\n{}\n", line(changes));
        let rows = read_rows("runs_fit.csv", &bare, None).expect("sound rows");
        let checked = scenario_of(&rows[0], None, &options).expect("a sound scenario");
        let run = make(&checked.scenario, Seed::new(7), 0);
        let load = &run.producers["load"];
        changes.insert("records_s", format!("{:.1}", load.records_s));
        let p50 = load.latency_ms.expect("it is known").p50;
        changes.insert("publish_p50_ms", format!("{p50:.4}"));
        text.push_str(&format!("\n{}", line(changes)));
    }
    read_rows("runs_fit.csv", &text, None).expect("sound rows")
}

fn calibrated(rows: Vec<Row>, vary: &[&str]) -> Calibration {
    let vary: Vec<String> = vary.iter().map(|word| (*word).to_owned()).collect();
    calibrate(rows, &vary, None, &LoadOptions::default(), &|_| ()).expect("sound rows")
}

#[test]
fn what_was_put_into_rows_comes_out_of_the_cards() {
    let truth = [(TRIP, 1.3), (REQUEST, 1.15)];
    let found = calibrated(measured_at(&truth), &[TRIP, REQUEST, THREADS]);
    for (name, factor) in truth {
        let one = found.values.iter().find(|one| one.name == name).expect(name);
        let number = |text: &str| text.split(' ').next().and_then(|text| text.parse::<f64>().ok());
        let moved = number(&one.is).expect("a number") / number(&one.was).expect("a number");
        assert!(one.told && one.after < one.before, "{one:?}");
        let off = libm::log(moved / factor).abs();
        assert!(off < 1.5 * libm::log(one.after) && off < 0.1, "{one:?}: by {moved}, not {factor}");
    }
    // One broker alone has no fetch sessions worth the name.
    let silent = found.values.iter().find(|one| one.name == THREADS).expect(THREADS);
    assert!(!silent.told && silent.is == silent.was && silent.after == silent.before, "{silent:?}");
    let [before, after] = found.misfit;
    assert!(after < 0.2 * before, "{:?}", found.misfit);
    for one in &found.data {
        assert!((one.after / one.measured - 1.0).abs() < 0.05, "{one:?}");
    }
}

#[test]
fn rows_that_agree_with_the_cards_leave_them_alone() {
    let found = calibrated(measured_at(&[]), &[TRIP, REQUEST]);
    for one in &found.values {
        let number = |text: &str| text.split(' ').next().and_then(|text| text.parse::<f64>().ok());
        let moved = number(&one.is).expect("a number") / number(&one.was).expect("a number");
        assert!((moved - 1.0).abs() < 0.03, "{one:?}");
    }
}

#[test]
fn the_command_writes_cards_that_are_used_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let (header, row) = row();
    let runs = folder.path().join("runs_own.csv");
    std::fs::write(&runs, format!("{header}\n{row}\n")).expect("written");
    let out = folder.path().join("cards");
    let output = kafsim()
        .args(["calibrate", "--vary", "hosts/machine-1gbe", "--vary", TRIP, "--quiet", "--from"])
        .arg(&runs)
        .arg("--out")
        .arg(&out)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let card = std::fs::read_to_string(out.join("hosts/machine-1gbe.yaml")).expect("a card");
    assert!(
        card.contains("fitted on rows") && card.contains("memory: {value: \"32 GiB\""),
        "{card}"
    );
    for file in ["report.md", "summary.json", "figures/calibration.svg"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let output = kafsim()
        .args(["validate", "--format", "json", "--cards"])
        .arg(&out)
        .arg(&runs)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn calibration_refuses_what_it_cannot_use() {
    let refused = |args: &[&str], words: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("cards");
        let output = kafsim()
            .current_dir(root())
            .args(["calibrate", "--out"])
            .arg(&out)
            .args(args)
            .output()
            .expect("runs");
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{found}");
        for word in words {
            assert!(found.contains(word), "{word}: {found}");
        }
        assert!(!out.join("summary.json").exists(), "something was written");
    };
    let fit = "data/published/runs_fit.csv";
    let near = "did you mean `networks/lab-switch/rtt_same_zone`?";
    refused(&["--from", fit, "--vary", "networks/lab-switch/rtt_same_zne"], &[near]);
    refused(&["--from", "gone.csv"], &["gone.csv"]);
    refused(&[], &["--from"]);
    // Nobody reads, nothing is written as fast as possible, and no latency is known.
    let folder = tempfile::tempdir().expect("a folder");
    let (header, row) = row();
    let mut fields: Vec<&str> = row.split(',').collect();
    for column in ["publish_p50_ms", "publish_p99_ms", "consume_records_s_per_group"] {
        let place = header.split(',').position(|one| one == column).expect(column);
        fields[place] = "";
    }
    let runs = folder.path().join("runs_own.csv");
    std::fs::write(&runs, format!("{header}\n{}\n", fields.join(","))).expect("written");
    refused(&["--from", &runs.display().to_string()], &["nothing", "fit"]);
}
