//! Threads, shards, resumption and violent ends do not change a byte.

use super::{Desk, answer, text};
use std::process::{Command, Stdio};
use std::time::Duration;

fn assert_same(desk: &Desk, one: &str, other: &str) {
    let (a, b) = (answer(&desk.path(one)), answer(&desk.path(other)));
    let names = |list: &[(String, Vec<u8>)]| list.iter().map(|e| e.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    assert!(names(&a).contains(&"trials.parquet".to_owned()) && a.len() >= 19, "{:?}", names(&a));
    let different: Vec<&String> =
        a.iter().zip(&b).filter(|(x, y)| x.1 != y.1).map(|(x, _)| &x.0).collect();
    assert_eq!(different, Vec::<&String>::new(), "{one} against {other}");
}

#[test]
fn threads_and_shards_give_the_same_bytes() {
    let desk = Desk::new();
    for threads in ["1", "2", "8"] {
        let output = desk.sweep(&[], &format!("t{threads}"), &["--threads", threads]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    for other in ["t2", "t8"] {
        assert_same(&desk, "t1", other);
    }
    // Some design was stopped before its last trial, and not all at the same one.
    let table = std::fs::read_to_string(desk.path("t1/designs.csv")).expect("a table");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let column = reader.headers().expect("a head").iter().position(|one| one == "trials");
    let column = column.expect("trials are told");
    let trials: Vec<u64> = reader
        .records()
        .map(|row| row.expect("a row")[column].parse().expect("a number"))
        .collect();
    assert_eq!(trials.len(), 4);
    assert!(trials.iter().any(|count| *count < 40), "{trials:?}");
    for shards in [1, 3, 7] {
        let out = format!("s{shards}");
        // The last first: order does not matter.
        for shard in (1..=shards).rev() {
            let shard = format!("{shard}/{shards}");
            let output = desk.sweep(&["run"], &out, &["--shard", &shard]);
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
        let output = desk.sweep(&["merge"], &out, &[]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_same(&desk, "t1", &out);
    }
}

#[test]
fn shards_that_do_not_see_each_other_merge_to_the_same() {
    let desk = Desk::new();
    assert!(desk.sweep(&[], "all", &[]).status.success());
    std::fs::create_dir(desk.path("merged")).expect("a folder");
    for shard in 1..=3 {
        let (alone, name) = (format!("alone-{shard}"), format!("units-{shard}-of-3.tsv"));
        let output = desk.sweep(&["run"], &alone, &["--shard", &format!("{shard}/3")]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        if shard < 3 {
            let to = desk.path("merged").join(&name);
            std::fs::copy(desk.path(&alone).join(&name), to).expect("a copy");
        }
    }
    // Without the third the results are partial: told, listed, and complete in what is there.
    let output = desk.sweep(&["merge"], "merged", &[]);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stderr).contains("missing: "), "{}", text(&output.stderr));
    let summary = std::fs::read_to_string(desk.path("merged/summary.json")).expect("it is there");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(summary["complete"], false);
    let missing = summary["missing_units"].as_array().expect("a list");
    assert!(!missing.is_empty());
    assert!(missing.iter().all(|unit| unit.as_u64().expect("a number") % 3 == 2));
    let name = "units-3-of-3.tsv";
    std::fs::copy(desk.path("alone-3").join(name), desk.path("merged").join(name)).expect("a copy");
    assert!(desk.sweep(&["merge"], "merged", &[]).status.success());
    assert_same(&desk, "all", "merged");
}

/// A wait with an end: nobody sends.
fn pause(time: Duration) {
    let (_send, wait) = std::sync::mpsc::channel::<()>();
    assert!(wait.recv_timeout(time).is_err());
}

/// Kills a worker at many moments; what it reported is there, and resuming gives the same bytes.
#[test]
fn a_killed_run_loses_nothing_that_was_reported() {
    let desk = Desk::new();
    assert!(desk.sweep(&[], "whole", &[]).status.success());
    let units = desk.path("killed/units-1-of-1.tsv");
    let lines = || std::fs::read(&units).map_or(0, |all| text(&all).matches('\n').count());
    let mut before = 0;
    let mut grown = 0;
    for moment in 0..12 {
        let mut worker = Command::new(assert_cmd::cargo::cargo_bin("kafsim"))
            .args(["sweep", "--resume", "--quiet", "--out"])
            .arg(desk.path("killed"))
            .arg(desk.path("sweep.yaml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        // However fast the machine is, a worker is killed at work: a line or two further, and then
        // somewhere within the next unit.
        let further = before + moment % 3;
        while lines() <= further && worker.try_wait().expect("its state").is_none() {
            pause(Duration::from_millis(2));
        }
        pause(Duration::from_millis(7 * (moment as u64 % 5)));
        worker.kill().expect("it is killed");
        worker.wait().expect("it ended");
        let now = lines();
        assert!(now >= before, "lines were lost: {before} and then {now}");
        grown += usize::from(now > before);
        before = now;
    }
    assert!(grown >= 2, "the worker was never killed at work");
    let output = desk.sweep(&[], "killed", &["--resume"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(lines() >= before);
    assert_same(&desk, "whole", "killed");
}

#[test]
fn a_file_that_is_cut_anywhere_resumes_to_the_same_bytes() {
    let desk = Desk::new();
    assert!(desk.sweep(&[], "whole", &[]).status.success());
    let whole = std::fs::read(desk.path("whole/units-1-of-1.tsv")).expect("units");
    for share in [0, 1, 30, 333, 700, 999] {
        let cut = whole.len() * share / 1_000 + share % 7;
        let out = format!("cut-{share}");
        std::fs::create_dir(desk.path(&out)).expect("a folder");
        std::fs::write(desk.path(&out).join("units-1-of-1.tsv"), &whole[..cut]).expect("a file");
        let output = desk.sweep(&[], &out, &["--resume"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_same(&desk, "whole", &out);
    }
}

#[test]
fn a_worker_says_from_the_environment_which_one_it_is() {
    let desk = Desk::new();
    for index in 0..2 {
        let mut command = super::kafsim();
        command.env("JOB_COMPLETION_INDEX", index.to_string());
        command.args(["sweep", "run", "--shard", "auto", "--shards", "2", "--quiet", "--out"]);
        command.arg(desk.path("k8s")).arg(desk.path("sweep.yaml"));
        assert!(command.output().expect("it runs").status.success());
    }
    assert!(desk.path("k8s/units-1-of-2.tsv").is_file());
    assert!(desk.sweep(&["merge"], "k8s", &[]).status.success());
    assert!(desk.sweep(&[], "all", &[]).status.success());
    assert_same(&desk, "all", "k8s");
}

/// Designs share their luck: what chance drew in a trial is the same for all of them.
#[test]
fn a_trial_draws_the_same_for_every_design() {
    let desk = Desk::new();
    let output = desk.sweep(&["plan"], "plan", &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("4 designs × 40 trials = 160 units"));
    let mut reader = csv::Reader::from_path(desk.path("plan/plan.csv")).expect("a table");
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 160);
    let drawn = |row: &csv::StringRecord| row.iter().skip(4).map(str::to_owned).collect::<Vec<_>>();
    for trial in rows.chunks(4) {
        assert!(trial.iter().all(|row| drawn(row) == drawn(&trial[0])), "{trial:?}");
    }
    assert_ne!(drawn(&rows[0]), drawn(&rows[4]));
    // Sobol's points are even: half of the 32 first lie below the median.
    let below = rows.chunks(4).take(32).filter(|t| t[0][4].parse::<f64>().expect("x") < 5_000.0);
    assert_eq!(below.count(), 16);
}
