//! Studies: validation, comparison, partitions.

mod backtest;
mod calibration;
mod consumers;
mod latencies;
mod lints;
mod measured;
mod policies;
mod recommend;

use crate::support::{checked, example, root};
use assert_cmd::Command;
use kafsim::chance::Seed;
use kafsim::scenario::{LoadOptions, load_text};
use kafsim::study::validate::{read_rows, scenario_of, validate};
use kafsim::study::{Design, Precision, differences, evaluate, partitions, simulate_precisely};

fn kafsim() -> Command {
    Command::cargo_bin("kafsim").expect("the binary")
}

/// The first row of the published file, with its header.
fn row() -> (String, String) {
    let text = std::fs::read_to_string(root().join("data/published/runs_fit.csv")).expect("data");
    let mut lines = text.lines();
    let header = lines.next().expect("a header").to_owned();
    (header, lines.next().expect("a row").to_owned())
}

#[test]
fn every_published_row_is_a_sound_scenario() {
    for file in ["runs_fit.csv", "runs_holdout.csv"] {
        let path = root().join("data/published").join(file);
        let text = std::fs::read_to_string(&path).expect("data");
        let rows = read_rows(file, &text, None).expect("sound rows");
        assert!(rows.len() >= 15);
        for row in &rows {
            let scenario = scenario_of(row, None, &LoadOptions::default()).expect(&row.id).scenario;
            let groups = row.number("groups").unwrap_or(0.0);
            assert!((scenario.groups.len() as f64 - groups).abs() < 0.5, "{}", row.id);
            assert!(
                (scenario.cluster.brokers.len() as f64 - row.number("brokers").expect("brokers"))
                    .abs()
                    < 0.5
            );
        }
    }
}

#[test]
fn all_problems_of_a_bad_file_come_in_one_message() {
    let (header, row) = row();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs_bad.csv");
    let bad = [
        row.replace("lam-2018,", "nowhere-2020,"),
        row.replace(",512,16384,", ",many,16384,"),
        row.replacen(",1,1,1,,1,512", ",1,1,3,,1,512", 1),
    ];
    let header = header.replace(",record_bytes,", ",record_byte,");
    let header_bad = format!("{header}\n{}\n", bad.join("\n"));
    std::fs::write(&path, header_bad).expect("a file");
    let out = folder.path().join("out");
    let output = kafsim()
        .args(["validate", path.to_str().expect("text"), "--out", out.to_str().expect("text")])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for words in ["record_bytes", "nowhere-2020", "3 replicas on 1 brokers", "runs_bad.csv:2"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(output.stdout.is_empty() && !out.exists(), "nothing is written");
    // A file that is not there is a wrong input too.
    let output = kafsim().args(["validate", "gone.csv"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    // Text where a number belongs.
    let (header, row) = self::row();
    let text = format!("{header}\n{}\n", row.replace(",16384,", ",lots,"));
    let error = read_rows("runs_x.csv", &text, None).expect_err("it is refused");
    assert!(error.to_string().contains("`lots`"), "{error}");
}

#[test]
fn requests_and_flows_carry_the_same_load() {
    let design = |engine: &str| {
        let scenario = checked("bench-requests", &[&format!("engine={engine}")]).scenario;
        Design { name: engine.to_owned(), scenario }
    };
    let outcomes = evaluate(&[design("des"), design("fluid")], Seed::new(1), 3);
    for (quantity, words) in [(0, "written"), (4, "read")] {
        let [des, fluid] =
            [0, 1].map(|one: usize| outcomes[one].values[quantity].expect(words).mean);
        assert!((fluid / des - 1.0).abs() < 0.01, "{words}: {des} and {fluid}");
    }
}

#[test]
fn a_difference_is_real_when_it_is_and_not_when_it_is_not() {
    let design = |name: &str, linger: &str| {
        let set = format!("producers/shop/config/linger.ms={linger}");
        let scenario = checked("bench-requests", &[&set, "duration=3 s", "warm_up=1 s"]).scenario;
        Design { name: name.to_owned(), scenario }
    };
    let designs = [design("five", "5"), design("same", "5"), design("twenty", "20")];
    let outcomes = evaluate(&designs, Seed::new(1), 5);
    let found = differences(&outcomes);
    // Common random numbers: the same design differs by nothing at all.
    assert!(found.iter().filter(|one| one.design == 1).all(|one| !one.real));
    let p50 = found.iter().find(|one| one.design == 2 && one.quantity == 2).expect("compared");
    assert!(p50.real && p50.by.mean > 5.0, "{p50:?}");
}

#[test]
fn partitions_answers_in_one_go() {
    let scenario = checked("quickstart", &[]).scenario;
    let study = partitions(&scenario, &[6, 3, 3], Seed::new(1), 2);
    assert_eq!(study.counts, [3, 6]);
    let read: Vec<f64> =
        study.reading.iter().map(|one| one.values[4].expect("they read").mean).collect();
    assert!(read[1] > 1.5 * read[0], "twice the members read more: {read:?}");
    let output = kafsim()
        .args(["partitions", &example("quickstart"), "--counts", "3,6", "--replications", "2"])
        .args(["--format", "json", "--out", "none"])
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let row = &value["rows"][0];
    for key in ["records_s", "records_s_low", "records_s_high", "consumed_records_s"] {
        assert!(row[key].is_number(), "{key}: {row}");
    }
    assert!(value["recommendation"]["reason"].is_string());
}

#[test]
fn the_rows_of_a_fit_say_what_they_know() {
    // Two rows of one rig: least squares, what it leaves open, and each row by the other.
    let text = std::fs::read_to_string(root().join("data/published/runs_fit.csv")).expect("data");
    let two: Vec<&str> = text.lines().take(3).collect();
    let rows = read_rows("runs_fit.csv", &two.join("\n"), None).expect("sound rows");
    let result = validate(rows, None, &LoadOptions::default(), true).expect("sound scenarios");
    let fit = &result.fit;
    assert_eq!(fit.values.len(), result.fitted.len());
    assert!(fit.values.iter().all(|one| one.after > 1.0 && one.after <= one.before + 1e-9));
    // They know something about their machine, and nothing about a cost per partition: they have
    // one partition.
    let after = |name: &str| fit.values.iter().find(|one| one.name == name).expect(name).after;
    assert!(after("hosts/machine-1gbe/speed") < 1.69, "{fit:?}");
    assert!(after("costs/kafka-2-published/sender_partition") > 1.695, "{fit:?}");
    let left: Vec<usize> = fit.left_out.iter().map(|one| one.row).collect();
    assert!(left.contains(&0) && left.contains(&1), "{fit:?}");
    assert!(fit.left_out.iter().any(|one| (one.without / one.with - 1.0).abs() > 0.005), "{fit:?}");
}

#[test]
fn a_steady_run_is_cut_where_it_settles() {
    // A backlog of 20 k records, read at 2 k/s while 1 k/s come in: it is gone after 20 s.
    let text = |load: &str, more: &str| {
        format!(
            "name: settles\nduration: 60 s\n{more}engine: des\n\
             hosts: {{brokers: {{card: lab-4c-16g, count: 1}}}}\n\
             cluster: {{brokers: {{run_on: brokers}}}}\ntopics: {{orders: {{partitions: 1, \
             replication_factor: 1}}}}\nproducers:\n  shop: {{to: {{orders: 1}}, \
             records: {{size: 100 B}}, load: {load}}}\n\
             groups:\n  billing: {{reads: [orders], work: {{wait_per_record: 500 us}}}}\n\
             initial: {{lag: {{billing: 20 k}}}}\n"
        )
    };
    let run = |load: &str, more: &str| {
        let checked = load_text("s.yaml", &text(load, more), &LoadOptions::default());
        let scenario = checked.expect("sound").scenario;
        simulate_precisely(&scenario, Seed::new(1), Precision::Replications(1))
    };
    let settled = run("{rate: 1 k/s}", "");
    assert!((19.0..25.0).contains(&settled.warm_up.as_secs_f64()), "{}", settled.warm_up);
    assert!(settled.remarks.iter().any(|words| words.contains("MSER-5")), "{:?}", settled.remarks);
    // What the author says holds, and a load that changes over time is told as a whole.
    assert!(run("{rate: 1 k/s}", "warm_up: 0 s\n").warm_up.is_zero());
    let ramp = "{curve: ramp, from: 100 /s, to: 1 k/s, lasts: 60 s}";
    assert!(run(ramp, "").warm_up.is_zero());
}
