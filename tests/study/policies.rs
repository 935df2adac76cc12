//! Autoscaling policies side by side.

use crate::support::{checked, example, root};
use assert_cmd::Command;
use kafsim::chance::Seed;
use kafsim::cluster::GroupId;
use kafsim::study::{Design, PolicyOutcome, choose, compare_policies};

fn policy(name: &str) -> String {
    root().join(format!("models/policies/{name}.yaml")).display().to_string()
}

fn design(name: &str, sets: &[&str]) -> Design {
    let duration = ["duration=4 h", "start=2026-11-27T08:00", "producers/shop/load/at=2 h"];
    let all: Vec<&str> = duration.into_iter().chain(sets.iter().copied()).collect();
    Design { name: name.to_owned(), scenario: checked("black-friday", &all).scenario }
}

fn compared(count: u32) -> Vec<PolicyOutcome> {
    let keda = format!("autoscaling/0/policy='{}'", policy("scaledobject"));
    let designs =
        [design("fixed", &["autoscaling=[]"]), design("seed", &[]), design("keda", &[&keda])];
    compare_policies(&designs, GroupId(0), Seed::new(1), count)
}

#[test]
fn the_same_load_and_what_each_policy_makes_of_it() {
    let outcomes = compared(3);
    let [fixed, seed, keda] = &outcomes[..] else { panic!("three designs") };
    // Common chance: everybody is asked for the same.
    let offered = |one: &PolicyOutcome| one.run.producers["shop"].offered_records_s;
    // Sums over other intervals round otherwise.
    for one in [seed, keda] {
        assert!((offered(one) / offered(fixed) - 1.0).abs() < 1e-9);
    }
    assert_eq!(fixed.mean("speed_up"), Some(1.0), "against itself");
    assert_eq!((fixed.mean("changes"), fixed.mean("swings")), (Some(0.0), Some(0.0)));
    assert_eq!(fixed.mean("member_hours"), Some(12.0 * 4.0));
    // Twelve members cannot carry the sale; the exercise's policy adds two each five minutes and is
    // late, KEDA asks for all it may have at once.
    let late = |one: &PolicyOutcome| one.mean("lag_seconds_max").expect("a lag");
    assert!(late(fixed) > late(seed) && late(seed) > 3.0 * late(keda), "{outcomes:#?}");
    assert!(seed.mean("changes").expect("changes") >= 10.0);
    assert!(keda.mean("swings").expect("swings") > 5.0, "its lag threshold makes it swing");
    let (best, reason) = choose(&outcomes).expect("a choice");
    assert_eq!(best, 2, "{reason}");
}

#[test]
fn an_oracle_is_a_measure_and_no_advice() {
    let with = |name: &str| {
        let set = format!("autoscaling/0/policy='{}'", policy(name));
        design(name, &[&set])
    };
    let designs = [design("fixed", &["autoscaling=[]"]), with("scaledobject"), with("oracle")];
    let outcomes = compare_policies(&designs, GroupId(0), Seed::new(1), 2);
    let [_, keda, oracle] = &outcomes[..] else { panic!("three designs") };
    // It knows the sale: nothing is missing, and members are there when it begins.
    let missing = oracle.mean("timeshare_under").expect("a demand");
    assert!(missing < 0.5, "{missing} % of the time too few");
    assert_eq!(oracle.mean("objectives_met"), Some(1.0));
    assert!(oracle.mean("member_hours") < keda.mean("member_hours"));
    assert!(oracle.mean("lag_seconds_max") < keda.mean("lag_seconds_max"));
    assert_eq!(choose(&outcomes).expect("a choice").0, 1, "nobody can take the oracle");
    let words = kafsim::report::policies::findings(&outcomes).join("\n");
    assert!(words.contains("scaledobject regrets") && !words.contains("fixed regrets"), "{words}");
}

#[test]
fn demand_is_counted_in_members() {
    // A record takes a member 100 µs and nothing else: 25,000 records/s need two and a half.
    let sets = [
        "autoscaling=[]",
        "groups/billing/work={cpu_per_record: 100 us}",
        "producers/shop/load={rate: 25 k/s}",
    ];
    let fixed = Design {
        name: "fixed".to_owned(),
        scenario: checked("black-friday", &["duration=1 h", sets[0], sets[1], sets[2]]).scenario,
    };
    let outcomes = compare_policies(&[fixed], GroupId(0), Seed::new(1), 1);
    let one = &outcomes[0];
    let needed = one.following.demand.iter().sum::<f64>() / one.following.demand.len() as f64;
    assert!((2.45..2.65).contains(&needed), "{needed}");
    // With foresight it is three members for an hour; there are twelve.
    let over = one.mean("over_perfect").expect("hours");
    assert!((over - 300.0).abs() < 1.0, "{over} %");
    let elasticity = one.following.elasticity.expect("a demand");
    assert!((elasticity.accuracy_over - (12.0 / needed - 1.0) * 100.0).abs() < 5.0);
    assert_eq!(elasticity.timeshare_under, 0.0);
}

#[test]
fn the_command_prints_a_table_rows_and_a_choice() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [policy("seed"), policy("hpa")];
    let run = |more: &[&str]| {
        Command::cargo_bin("kafsim")
            .expect("the binary")
            .args(["autoscale", &example("black-friday"), "--set", "duration=2 h"])
            .args(["--replications", "2", "--policy", &files[0], "--policy", &files[1], "--out"])
            .arg(folder.path())
            .args(more)
            .output()
            .expect("runs")
    };
    let output = run(&["--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names: Vec<&str> = value["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["design"].as_str())
        .collect();
    assert_eq!(names, ["fixed at 12", "seed", "hpa"]);
    assert!(value["rows"][1]["member_hours_low"].is_number());
    assert!(names.contains(&value["recommendation"]["design"].as_str().expect("a design")));
    for file in ["summary.json", "report.md", "decisions-hpa.csv", "figures/policies.svg"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
    let text = String::from_utf8(run(&[]).stdout).expect("text");
    assert!(text.contains("member-hours") && text.contains("Take "), "{text}");
}

#[test]
fn policies_that_scale_no_group_are_not_compared() {
    let files = [policy("seed"), policy("hpa")];
    let output = Command::cargo_bin("kafsim")
        .expect("the binary")
        .args(["autoscale", &example("black-friday"), "--out", "none"])
        .args(["--set", "autoscaling/0/scales={brokers: cluster}"])
        .args(["--policy", &files[0], "--policy", &files[1]])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("scale no group"), "{text}");
}
