//! Bad input and bad luck: told with place and remedy, and nothing is half done.

use super::{Desk, SWEEP, text};

/// What a sweep with one change is refused with, before any work.
fn refusal(from: &str, to: &str) -> String {
    assert!(SWEEP.contains(from), "{from}");
    let desk = Desk::with(&SWEEP.replacen(from, to, 1));
    let output = desk.sweep(&[], "out", &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{to}: {said}");
    assert!(output.stdout.is_empty() && !desk.path("out").exists(), "{to}: work was begun");
    assert!(said.contains("allowed"), "{said}");
    said
}

#[test]
fn wrong_sweeps_are_refused_with_place_and_remedy() {
    let members = "groups/billing/members";
    let law = "lognormal(p50 5 k/s, p95 12 k/s)";
    for (from, to, words) in [
        (members, "groups/biling/members", "did you mean `groups/billing`?"),
        (members, "groups/billing/membres", "sweep.yaml:6:"),
        (members, "groups/billing/membres", "did you mean `members`?"),
        (members, "topics/ordres/partitions", "did you mean `topics/orders`?"),
        (members, "slo/7", "a path of keys and list indices"),
        ("[2, 3]", "[2, three]", "sweep.yaml:6:"),
        ("[2, 3]", "[]", "`values` or `same_as`"),
        (law, "normal(5 k/s, 1 k/s)", "`uniform(LOW, HIGH)`"),
        (law, "lognormal(p50 12 k/s, p95 5 k/s)", "sweep.yaml:9:"),
        (law, "uniform(1 s, 2 s)", "record rate"),
        ("uniform(0.5, 2)", "uniform(0.5 s, 2)", "`choice(A, B, …)`"),
        (
            "costs/kafka-4-generic/produce_request",
            "costs/kafka-4-generic/produce_reqest",
            "produce_request",
        ),
        ("fault: kill_members", "fault: kill_member", "did you mean `kill_members`?"),
        ("group: billing, rate", "group: biling, rate", "did you mean `billing`?"),
        ("rate: 6 / day", "rate: 6 / fortnight", "frequency"),
        ("at_most: 40", "at_most: 4", "at least 10"),
        ("method: sobol", "method: halton", "latin_hypercube"),
        ("half_width: 18 %", "half_width: 0 %", "a share"),
        ("p_slo >= 50 %", "p_slo = 50 %", "`p_slo ≥ SHARE`"),
        ("scenario: small.yaml", "scenario: gone.yaml", "gone.yaml"),
        ("uncertain:", "uncertian:", "did you mean `uncertain`?"),
        ("topics/orders/partitions", "groups/billing/members", "a second time"),
    ] {
        let said = refusal(from, to);
        assert!(said.contains(words), "{to}: {said}");
    }
}

#[test]
fn a_scenario_without_objectives_has_no_chance_to_miss_one() {
    let desk = Desk::new();
    let output = desk.sweep(&[], "out", &["--set", "slo=[]"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a scenario without `slo`"));
}

#[test]
fn results_of_another_plan_are_not_mixed() {
    let desk = Desk::new();
    assert!(desk.sweep(&["run"], "out", &["--shard", "1/2"]).status.success());
    let other = ["--shard", "2/2", "--seed", "2"];
    // A shard looks at what the others have.
    let output = desk.sweep(&["run"], "out", &other);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("units-1-of-2.tsv:1:1: found results of another plan"), "{said}");
    let output = desk.sweep(&["merge"], "out", &["--seed", "2"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!desk.path("out/summary.json").exists());
    let before = std::fs::read(desk.path("out/units-1-of-2.tsv")).expect("units");
    let output = desk.sweep(&["run"], "out", &["--shard", "1/2", "--seed", "2", "--resume"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(desk.path("out/units-1-of-2.tsv")).expect("units"), before);
}

#[test]
fn a_damaged_file_is_refused_at_its_line() {
    let desk = Desk::new();
    assert!(desk.sweep(&["run"], "out", &[]).status.success());
    let path = desk.path("out/units-1-of-1.tsv");
    let whole = std::fs::read_to_string(&path).expect("units");
    let third = whole.lines().nth(2).expect("a line");
    std::fs::write(&path, whole.replacen(third, &third.replacen('1', "2", 1), 1)).expect("a file");
    for steps in [&["merge"][..], &[]] {
        let resume: &[&str] = if steps.is_empty() { &["--resume"] } else { &[] };
        let output = desk.sweep(steps, "out", resume);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert!(said.contains("units-1-of-1.tsv:3:1: found a line whose checksum"), "{said}");
    }
    // Half a line at the end is no damage.
    std::fs::write(&path, &whole[..whole.len() - 5]).expect("a file");
    let output = desk.sweep(&["merge"], "out", &[]);
    assert!(matches!(output.status.code(), Some(0 | 5)), "{}", text(&output.stderr));
}

/// A file that may not grow stands for a full disk: the write fails in the middle of a line.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_leaves_whole_lines() {
    let desk = Desk::new();
    let kafsim = assert_cmd::cargo::cargo_bin("kafsim");
    let line = format!(
        // 8 blocks of 1 KiB; SIGXFSZ is ignored so that the write returns an error.
        "trap '' XFSZ; ulimit -f 8; exec '{}' sweep run '{}' --out '{}' --quiet",
        kafsim.display(),
        desk.path("sweep.yaml").display(),
        desk.path("out").display()
    );
    let output = std::process::Command::new("bash").args(["-c", &line]).output().expect("bash");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write") && said.contains("units-1-of-1.tsv"), "{said}");
    let units = std::fs::read(desk.path("out/units-1-of-1.tsv")).expect("units");
    assert!(units.len() > 1_000 && units.len() <= 8 * 1_024);
    assert_eq!(units.last(), Some(&b'\n'), "only whole lines are left");
    let lines = text(&units).matches('\n').count();
    assert!(lines > 2);
    // With room again the work goes on from there.
    let output = desk.sweep(&["run"], "out", &["--resume"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let more = std::fs::read(desk.path("out/units-1-of-1.tsv")).expect("units");
    assert!(more.starts_with(&units));
    let whole = desk.sweep(&["merge"], "out", &["--format", "json"]);
    assert!(whole.status.success());
    let other = desk.sweep(&[], "other", &["--format", "json"]);
    assert_eq!(text(&whole.stdout), text(&other.stdout));
}
