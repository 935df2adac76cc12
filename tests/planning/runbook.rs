//! The runbook as an operator uses it.

use super::cli::{out, refused};
use kafsim::interop::read_reassignment;
use kafsim::scenario::read_placement;
use serde_json::Value;
use std::path::Path;

const QUICK: &str = "models/scenarios/quickstart.yaml";

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn book(more: &[&str]) -> Value {
    let head = ["runbook", QUICK, "--draws", "2", "--out", "none", "--format", "json"];
    let args: Vec<&str> = head.iter().chain(more).copied().collect();
    serde_json::from_str(&out(&args)).expect("JSON")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key} in {value}"))
}

/// All commands of a page: what stands in its code blocks, lines that go on joined.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```bash\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let joined: Vec<String> = blocks.map(|block| block.replace(" \\\n  ", " ")).collect();
    joined
        .iter()
        .flat_map(|block| block.lines())
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_section_of_the_exercise_is_there_with_boxes_and_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().to_str().expect("a path");
    let args = [
        "runbook",
        QUICK,
        "--draws",
        "2",
        "--out",
        name,
        "--add",
        "1",
        "--partitions",
        "orders=36",
        "--consumers",
        "billing=9",
        "--format",
        "markdown",
    ];
    let printed = out(&args);
    let page = read(folder.path(), "runbook.md");
    assert_eq!(printed, page);
    for heading in [
        "# Kafka scaling runbook: quickstart",
        "## Pre-scaling checklist",
        "## Adding broker 4",
        "### Partition reassignment strategy",
        "## Adding partitions: orders to 36",
        "## Consumer scaling up: billing to 9 members",
        "### Monitoring during scaling",
        "### Rollback",
        "## Post-scaling validation",
        "## Common issues and solutions",
    ] {
        assert!(page.lines().any(|line| line == heading), "{heading} in\n{page}");
    }
    assert!(page.matches("- [ ] ").count() > 25, "{page}");
    let all = commands(&page);
    for tool in [
        "kafka-reassign-partitions",
        "kafka-topics",
        "kafka-configs",
        "kafka-consumer-groups",
        "kafka-leader-election",
        "kafka-broker-api-versions",
        "kafka-cluster",
    ] {
        assert!(all.iter().any(|one| one.starts_with(tool)), "{tool}: {all:?}");
    }
    assert!(all.iter().all(|one| one.starts_with("kafka-")), "{all:?}");
    // Every file that a command reads is there and is what the tool accepts.
    let mut files: Vec<&str> = Vec::new();
    for command in &all {
        let words: Vec<&str> = command.split_whitespace().collect();
        let named = words.windows(2).filter(|pair| pair[0].ends_with("-json-file"));
        files.extend(named.map(|pair| pair[1]));
    }
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let text = read(folder.path(), file);
        if file != "election.json" {
            assert!(!read_reassignment(file, &text).expect("a reassignment").is_empty());
        }
    }
    let web = read(folder.path(), "runbook.html");
    assert!(web.contains("<input type=\"checkbox\">") && !web.contains("href="), "{web}");
    assert!(!web.contains("<script") && !web.contains("src="));
    let summary: Value = serde_json::from_str(&read(folder.path(), "summary.json")).expect("JSON");
    assert_eq!(list(&summary, "procedures").len(), 3);
    assert_eq!(list(&summary, "issues").len(), 4);
}

#[test]
fn waves_are_the_whole_and_the_rollback_is_where_it_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().to_str().expect("a path");
    let args = ["runbook", QUICK, "--draws", "0", "--out", name, "--add", "1", "--format", "json"];
    let json: Value = serde_json::from_str(&out(&args)).expect("JSON");
    let files = list(&list(&json, "procedures")[0], "files").clone();
    let names: Vec<&str> = files.iter().map(|one| one.as_str().expect("a name")).collect();
    let parse = |name: &str| read_reassignment(name, &read(folder.path(), name)).expect("right");
    let (all, back) = (parse("reassignment.json"), parse("rollback.json"));
    let waves: Vec<_> =
        names.iter().filter(|name| name.contains("wave")).flat_map(|name| parse(name)).collect();
    assert_eq!(waves.len(), all.len());
    assert!(all.iter().all(|one| waves.contains(one)));
    let now = read_placement("now", &out(&["export", QUICK, "--as", "describe"])).expect("right");
    assert!(back.iter().all(|one| now.contains(one)));
    assert!(all.iter().zip(&back).all(|(a, b)| (&a.topic, a.partition) == (&b.topic, b.partition)));
    for figure in ["brokers", "throttles"] {
        assert!(folder.path().join(format!("figures/{figure}.png")).exists(), "{figure}");
    }
    let page = read(folder.path(), "runbook.html");
    assert_eq!(page.matches("<svg").count(), 2);
    // A second, smaller runbook leaves no file of the first.
    let args = ["runbook", QUICK, "--draws", "0", "--out", name, "--consumers", "billing=8"];
    out(&args);
    assert!(!folder.path().join("reassignment.json").exists());
    assert!(!folder.path().join("figures/brokers.svg").exists());
    assert!(!folder.path().join(names[names.len() - 1]).exists());
}

#[test]
fn the_move_of_a_runbook_is_slowed_by_what_is_appended() {
    let at = |throttle: &str| {
        let json = book(&["--add", "1", "--throttle", throttle]);
        let moves = &list(&json, "procedures")[0]["move"];
        let ends = list(moves, "lasts_s").iter().map(|one| one.as_f64().expect("seconds"));
        let ends: Vec<f64> = ends.collect();
        assert!(ends[0] <= ends[1], "{ends:?}");
        let waves = list(moves, "waves_lasts_s").iter();
        let each: f64 = waves.map(|wave| wave[1].as_f64().expect("seconds")).sum();
        assert!((each / ends[1] - 1.0).abs() < 1e-6, "{each} {ends:?}");
        ends[1]
    };
    let (slow, fast) = (at("100 MiB/s"), at("200 MiB/s"));
    // Twice the throttle is more than twice as fast, because appends take the same of both.
    assert!(slow > 2.0 * fast, "{slow} {fast}");
    let args = ["runbook", QUICK, "--add", "1", "--throttle", "5 MiB/s", "--out", "none"];
    refused(&args, &["never ends", "the least throttle that ends is above"]);
}

#[test]
fn a_chosen_throttle_is_calm_and_the_window_is_the_quietest() {
    let json = book(&["--add", "1"]);
    let one = &list(&json, "procedures")[0];
    let taken = one["move"]["throttle_bytes_s"].as_f64().expect("a rate");
    let rows = list(&one["move"], "throttles");
    let row = rows.iter().find(|row| row["throttle_bytes_s"].as_f64() == Some(taken));
    let row = row.expect("the throttle was tried");
    assert!(row["busiest"].as_f64().expect("a share") <= 0.7, "{row}");
    assert!(taken > one["move"]["least_throttle_bytes_s"].as_f64().expect("a rate"));
    let load = |key: &str| list(&one[key], "records_s")[1].as_f64().expect("a rate");
    assert!(load("window") < load("busiest"));
    // During the move the network is busier than before, and no range is upside down.
    let metric = |key: &str, phase: &str| -> Vec<f64> {
        let own = list(one, "metrics").iter().find(|row| row["metric"] == key).expect("a metric");
        list(own, phase).iter().map(|end| end.as_f64().expect("a number")).collect()
    };
    let (before, during) = (metric("nic_out", "before"), metric("nic_out", "during"));
    assert!(during[1] > before[1] && during[0] <= during[1], "{before:?} {during:?}");
    let p99 = |row: &Value| row["publish_p99_ms"].as_f64().expect("a latency");
    assert!(p99(&rows[rows.len() - 1]) > p99(&rows[0]), "{rows:?}");
    let peak = list(one, "advice").iter().find(|one| one["rule"] == "Don't scale during peak");
    assert!(peak.is_some(), "{one}");
}

#[test]
fn members_come_and_go_with_the_rebalances_that_they_take() {
    let up = book(&["--consumers", "billing=9"]);
    let one = &list(&up, "procedures")[0];
    assert_eq!(one["procedure"], "consumers-up");
    let steps = list(one, "steps");
    assert!(steps[1]["title"].as_str().expect("words").contains("Start 3 members"), "{steps:?}");
    assert!(steps[1]["expect"].as_str().expect("words").contains("rebalances"), "{steps:?}");
    let down = book(&["--consumers", "billing=4"]);
    let one = &list(&down, "procedures")[0];
    assert_eq!(one["procedure"], "consumers-down");
    let many = book(&["--consumers", "billing=30"]);
    let advice = list(&list(&many, "procedures")[0], "advice");
    let spare = advice.iter().find(|one| one["rule"] == "Don't over-provision").expect("advice");
    assert!(spare["evidence"].as_str().expect("words").contains("6 of the 30 members own no"));
}

#[test]
fn a_broker_leaves_only_when_it_is_empty() {
    let more = ["--set", "hosts/brokers/count=4", "--remove", "4"];
    let json = book(&more);
    let one = &list(&json, "procedures")[0];
    assert_eq!(one["procedure"], "remove-brokers");
    let titles: Vec<&str> =
        list(one, "steps").iter().map(|step| step["title"].as_str().expect("words")).collect();
    let place = |words: &str| titles.iter().position(|title| title.contains(words));
    let waves = place("Wave 1 of").expect("a wave");
    let empty = place("holds nothing").expect("a check");
    let stop = place("Stop broker 4").expect("a stop");
    let gone = place("from the cluster's metadata").expect("an end");
    assert!(waves < empty && empty < stop && stop < gone, "{titles:?}");
}

#[test]
fn a_reassignment_of_somebody_else_is_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("mine.json");
    let now = read_placement("now", &out(&["export", QUICK, "--as", "describe"])).expect("right");
    let mut turned = now[0].clone();
    turned.replicas.rotate_left(1);
    let text = kafsim::interop::reassignment_json(&[turned]);
    std::fs::write(&name, &text).expect("written");
    let file = name.to_str().expect("a path");
    let json = book(&["--reassign", file]);
    let one = &list(&json, "procedures")[0];
    assert_eq!(one["procedure"], "reassign");
    assert_eq!(one["move"]["bytes"], 0);
    let args = |file: &'static str| ["runbook", QUICK, "--out", "none", "--reassign", file];
    std::fs::write(&name, text.replace("orders", "order")).expect("written");
    let leaked: &'static str = file.to_owned().leak();
    refused(&args(leaked), &["order-0", "did you mean `orders`"]);
    std::fs::write(&name, &text[..text.len() / 2]).expect("written");
    refused(&args(leaked), &["whole JSON"]);
}

#[test]
fn impossible_changes_are_refused_with_the_nearest_that_can_be() {
    let cases: [(&[&str], &[&str]); 12] = [
        (&[], &["nothing changes", "--add 1", "--consumers billing=7"]),
        (&["--remove", "9"], &["broker 9", "did you mean 3"]),
        (&["--remove", "3"], &["3 replicas", "2 brokers"]),
        (&["--partitions", "orders=12"], &["has 24 partitions", "the nearest is 25"]),
        (&["--partitions", "orders=24"], &["has 24 partitions already", "the nearest is 25"]),
        (&["--partitions", "orders=0"], &["the nearest is 25"]),
        (&["--partitions", "order=30"], &["no topic `order`", "did you mean `orders`"]),
        (&["--partitions", "orders"], &["found no `=`", "orders=12"]),
        (&["--consumers", "billing=0"], &["the nearest is 1"]),
        (&["--consumers", "billing=six"], &["found `six`", "a whole number"]),
        (&["--consumers", "biling=7"], &["did you mean `billing`"]),
        (&["--reassign", "balance"], &["nothing would move"]),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("book");
    for (more, words) in cases {
        let name = target.to_str().expect("a path");
        let head = ["runbook", QUICK, "--draws", "0", "--out", name];
        let args: Vec<&str> = head.iter().chain(more).copied().collect();
        refused(&args, words);
        let left = std::fs::read_dir(&target).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{more:?} left files");
    }
    for bad in ["0", "many"] {
        refused(&["runbook", QUICK, "--add", bad, "--out", "none"], &["--add"]);
    }
    refused(&["runbook", QUICK, "--add", "1", "--throttle", "0 MiB/s", "--out", "none"], &["rate"]);
}

#[test]
fn the_same_seed_gives_the_same_page() {
    let args = ["runbook", QUICK, "--draws", "1", "--out", "none", "--consumers", "billing=7"];
    assert_eq!(out(&args), out(&args));
}

#[test]
fn a_placement_comes_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("describe.txt");
    let text = out(&["export", QUICK, "--as", "describe", "--seed", "7"]);
    std::fs::write(&file, &text).expect("written");
    let set = format!("placement={}", file.display());
    let again = out(&["export", QUICK, "--as", "describe", "--set", &set]);
    assert_eq!(again, text);
    assert_ne!(out(&["export", QUICK, "--as", "describe"]), text);
    let bad = |from: &str, to: &str, words: &[&str]| {
        std::fs::write(&file, text.replace(from, to)).expect("written");
        refused(&["check", QUICK, "--set", &set], words);
    };
    bad(
        "Topic: orders\tPartition: 3\t",
        "Topic: other\tPartition: 3\t",
        &["0 replicas of orders-3"],
    );
    bad("Replicas: 1,", "Replicas: 9,", &["the unknown broker 9", "did you mean `3`"]);
    std::fs::write(&file, "{\"version\":1,").expect("written");
    refused(&["check", QUICK, "--set", &set], &["describe.txt:1:", "whole JSON"]);
    let none = ["check", QUICK, "--set", "placement=nowhere.json"];
    refused(&none, &["placement", "`nowhere.json`"]);
}
