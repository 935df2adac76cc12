//! The planner and the broker study as a person uses them.

use crate::support::root;
use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

fn kafsim(args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("kafsim").expect("the binary");
    command.current_dir(root()).args(args).assert()
}

pub(super) fn out(args: &[&str]) -> String {
    String::from_utf8(kafsim(args).success().get_output().stdout.clone()).expect("text")
}

pub(super) fn refused(args: &[&str], words: &[&str]) {
    let assert = kafsim(args).code(2);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    for word in words {
        assert!(text.contains(word), "{args:?}: {text}");
    }
}

const SIX: [&str; 12] = [
    "--messages-per-second",
    "10000",
    "--message-size",
    "1024",
    "--replication-factor",
    "3",
    "--retention-hours",
    "168",
    "--peak-multiplier",
    "2.5",
    "--growth-percent",
    "5",
];

fn plan(more: &[&str]) -> Vec<&'static str> {
    let leaked: Vec<&'static str> = more.iter().map(|one| &*one.to_string().leak()).collect();
    ["plan"].into_iter().chain(SIX).chain(leaked).chain(["--out", "none", "--quiet"]).collect()
}

#[test]
fn the_exercises_questions_are_answered_with_its_numbers() {
    let text = out(&plan(&["--method", "seed", "--format", "markdown"]));
    for words in [
        "## Current Requirements",
        "### Throughput",
        "## 12-Month Projection",
        "## Recommendations",
        "## Scaling Triggers",
        "## Cost Estimation",
        "| Average | 9.76 | 9.7656 | MB/s |",
        "| Growth multiplier | 1.79 |",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn answers_come_from_a_file_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.yaml");
    let text = "messages_per_second: 10000\nmessage_size: 1024\nreplication_factor: 3\n\
        retention_hours: 168\npeak_multiplier: 2.5\ngrowth_percent: 5\n";
    std::fs::write(&file, text).expect("written");
    let name = file.to_str().expect("a path");
    let by_file = out(&["plan", name, "--method", "seed", "--out", "none", "--format", "json"]);
    assert_eq!(by_file, out(&plan(&["--method", "seed", "--format", "json"])));
    std::fs::write(&file, text.replace("message_size", "mesage_size")).expect("written");
    refused(&["plan", name, "--out", "none"], &[":2:1", "did you mean `message_size`"]);
}

#[test]
fn bad_plans_are_refused_before_any_work() {
    refused(&["plan", "--out", "none"], &["6 problems", "messages_per_second: found nothing"]);
    let mut negative = plan(&[]);
    negative[2] = "-5";
    refused(&negative, &["messages_per_second: found `-5`", "did you mean `1`"]);
    refused(&plan(&["--demand", "9000..8000"]), &["the low end is above", "8000..9000"]);
    refused(&plan(&["--demand", "0..8000"]), &["found `0`"]);
    refused(&plan(&["--machines", "lab-4c-16gg"]), &["did you mean `lab-4c-16g`"]);
    refused(&plan(&["--machines", "hdd-8c-64g"]), &["has no price"]);
}

#[test]
fn the_simulated_choice_is_within_its_risk_and_the_next_cheaper_one_is_not() {
    let more = ["--method", "simulate", "--format", "json", "--machines", "lab-4c-16g"];
    let text = out(&plan(&more));
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let months = json["rows"].as_array().expect("rows");
    assert_eq!(months.len(), 13);
    let number = |value: &Value| value.as_f64().expect("a number");
    for pair in months.windows(2) {
        assert!(number(&pair[1]["usd_per_month"]) >= number(&pair[0]["usd_per_month"]));
    }
    for month in months {
        assert!(number(&month["risk"]) <= 0.05, "{month}");
    }
    for cheaper in json["cheaper"].as_array().expect("cheaper ones") {
        assert!(number(&cheaper["risk"]) > 0.05, "{cheaper}");
    }
    let front = json["front"].as_array().expect("a front");
    for pair in front.windows(2) {
        assert!(number(&pair[1]["usd_per_month"]) >= number(&pair[0]["usd_per_month"]));
        assert!(number(&pair[1]["risk"]) < number(&pair[0]["risk"]));
    }
}

#[test]
fn a_plan_is_a_page_with_its_front() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().to_str().expect("a path");
    let mut args: Vec<&str> = ["plan"].into_iter().chain(SIX).collect();
    let more = ["--machines", "lab-4c-16g", "--quiet", "--out", name, "--format", "json"];
    args.extend(more);
    let json: Value = serde_json::from_str(&out(&args)).expect("JSON");
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).expect(file);
    let page = read("report.html");
    for words in ["<h2>Current Requirements</h2>", "<h3>Throughput</h3>", "<svg", "Cost against"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(read("report.md").contains("(figures/front.svg)"));
    assert!(!json["front"].as_array().expect("a front").is_empty());
    assert!(
        std::fs::read(folder.path().join("figures/front.png")).expect("a picture").len() > 5_000
    );
}

#[test]
fn figures_of_plans_and_moves_have_sound_layouts() {
    use kafsim::report::figures::{brokers_faults, plan_faults, throttles_faults};
    use kafsim::study::brokers::{BrokerQuestion, Joining, brokers};
    use kafsim::study::plan::{Offer, PlanAnswer, Purchase};
    use kafsim::study::runbook::{Change, RunbookOptions, runbook};
    use kafsim::units::{Money, RecordRate};
    for count in ["count=3", "count=60"] {
        let set = format!("hosts/brokers/{count}");
        let scenario = crate::support::checked("quickstart", &[&set, "duration=1 h"]).scenario;
        let joining = vec![Joining { machine: scenario.pool.host.clone() }];
        let question = BrokerQuestion { joining, ..BrokerQuestion::default() };
        let study = brokers(&scenario, &[], &question, kafsim::chance::Seed::new(1)).expect("one");
        assert_eq!(brokers_faults(&study), Vec::<String>::new());
        if count != "count=3" {
            continue;
        }
        let seed = kafsim::chance::Seed::new(1);
        let options = RunbookOptions { throttle: None, concurrency: None, seed };
        let nothing = |_, _| Ok(Vec::new());
        let book = runbook(&[scenario], &Change::Brokers(question), options, &nothing);
        let book = book.expect("a runbook");
        let faults = throttles_faults(book.moves().expect("a move"));
        assert_eq!(faults, Vec::<String>::new());
    }
    let offer = |brokers: u32, risk: f64| Offer {
        purchase: Purchase {
            machine: "a-machine-with-a-long-name-64c-512g".into(),
            brokers,
            partitions: 12,
            members: 3,
        },
        monthly: Money::of(f64::from(brokers) * 150.0),
        parts: [0.0; 3],
        risk,
        takes: RecordRate::per_sec(1e4),
        bound_by: "CPU".into(),
    };
    let front: Vec<Offer> =
        (3..30).map(|brokers| offer(brokers, 1.0 / f64::from(brokers * brokers))).collect();
    let answer = PlanAnswer {
        months: vec![front[4].clone()],
        by_script: Some(offer(40, 0.0)),
        front,
        cheaper: Vec::new(),
        headroom: [None; 3],
        runs: 1,
    };
    assert_eq!(plan_faults(&answer), Vec::<String>::new());
}

const QUICK: &str = "models/scenarios/quickstart.yaml";

#[test]
fn a_fourth_broker_comes_with_the_tools_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().to_str().expect("a path");
    let args = ["brokers", QUICK, "--out", name, "--throttle", "100 MiB/s", "--format", "json"];
    let json: Value = serde_json::from_str(&out(&args)).expect("JSON");
    let goals = json["goals"].as_array().expect("goals");
    assert!(goals.iter().all(|goal| goal["missed_after"] == 0), "{goals:?}");
    assert!(json["move"]["lasts_s"].as_f64().expect("a duration") > 60.0);
    let read = |file: &Path| std::fs::read_to_string(file).expect("a file");
    let parse = |file: &str| -> Value {
        serde_json::from_str(&read(&folder.path().join(file))).expect("JSON")
    };
    let (plan, back) = (parse("reassignment.json"), parse("rollback.json"));
    assert_eq!(plan["version"], 1);
    let list = |tree: &Value| tree["partitions"].as_array().expect("partitions").clone();
    assert_eq!(list(&plan).len(), list(&back).len());
    assert!(
        list(&plan).iter().any(|one| one["replicas"].as_array().expect("ids").contains(&4.into()))
    );
    let page = read(&folder.path().join("report.html"));
    assert!(page.contains("<svg") && page.contains("kafka-reassign-partitions"), "{page}");
    assert!(read(&folder.path().join("report.md")).contains("(figures/brokers.svg)"));
    let picture = std::fs::read(folder.path().join("figures/brokers.png")).expect("a picture");
    assert!(picture.len() > 5_000);
    // The waves together are the whole.
    let waves = json["move"]["waves"].as_array().expect("waves").len();
    let width = waves.to_string().len();
    let in_waves: usize =
        (1..=waves).map(|at| list(&parse(&format!("wave-{at:0width$}.json"))).len()).sum();
    assert_eq!(in_waves, list(&plan).len());
    // The rollback is what the cluster says of itself.
    let now: Value =
        serde_json::from_str(&out(&["export", QUICK, "--as", "reassignment"])).expect("JSON");
    assert!(list(&back).iter().all(|one| list(&now).contains(one)));
    let file = folder.path().join("rollback.json");
    let file = file.to_str().expect("a path");
    refused(&["import", "reassignment", file, "--against", QUICK], &["where it is already"]);
}

#[test]
fn a_throttle_below_the_ingress_is_refused_with_the_least_that_ends() {
    let args = ["brokers", QUICK, "--out", "none", "--throttle", "20 MiB/s"];
    refused(&args, &["never ends", "the least throttle that ends is above 45.8 MiB/s"]);
}

#[test]
fn impossible_changes_are_refused() {
    refused(&["brokers", QUICK, "--remove", "7", "--out", "none"], &["broker 7", "did you mean 3"]);
    refused(&["brokers", QUICK, "--remove", "3", "--out", "none"], &["3 replicas", "2 brokers"]);
    refused(&["brokers", QUICK, "--add", "0", "--out", "none"], &["nothing changes"]);
    let machine = ["brokers", QUICK, "--machine", "nvme-8c-64gb", "--out", "none"];
    refused(&machine, &["did you mean `nvme-8c-64g`"]);
    let rate = ["brokers", QUICK, "--throttle", "50", "--out", "none"];
    refused(&rate, &["e.g. `250 MiB/s`"]);
}

#[test]
fn what_is_exported_is_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("describe.txt");
    std::fs::write(&file, out(&["export", QUICK, "--as", "describe"])).expect("written");
    let name = file.to_str().expect("a path");
    let placement = out(&["import", "describe", name]);
    assert_eq!(placement, out(&["export", QUICK, "--as", "reassignment"]));
    std::fs::write(&file, out(&["export", QUICK, "--as", "log-dirs"])).expect("written");
    let rows = out(&["import", "log-dirs", name]);
    assert_eq!(rows.lines().count(), 1 + 24 * 3);
    std::fs::write(&file, &placement[..placement.len() / 2]).expect("written");
    refused(&["import", "reassignment", name], &["whole JSON"]);
    let unknown = placement.replacen("orders", "order", 1).replacen("  2", "  9", 1);
    std::fs::write(&file, unknown).expect("written");
    let args = ["import", "reassignment", name, "--against", QUICK];
    refused(&args, &["the unknown partition order-0", "did you mean `orders`"]);
}
