//! `kafsim consumers` and the death of members.

use super::kafsim;
use crate::support::{checked, example};
use kafsim::chance::Seed;
use kafsim::metrics::Run;
use kafsim::study::{ConsumerStudy, STRATEGY_MEASURES, Strategy, TRIGGERS, consumers, simulate};
use kafsim::units::{SimSpan, SimTime};

/// A steady load of 10,000 records/s on 24 partitions; a member works 1 / 190 us = 5,263 records/s.
const STEADY: [&str; 4] =
    ["duration=1 h", "producers/shop/load={rate: 10 k/s}", "autoscaling=[]", "slo=[]"];

fn with(timeline: &str, more: &[&str]) -> Run {
    let mut sets = STEADY.to_vec();
    let timeline = format!("timeline={timeline}");
    sets.push(&timeline);
    sets.extend(more);
    simulate(&checked("quickstart", &sets).scenario, Seed::new(1))
}

fn event(run: &Run, kind: &str) -> f64 {
    let found = run.events.iter().find(|event| event.kind == kind);
    found.unwrap_or_else(|| panic!("no {kind}")).at.as_secs_f64()
}

#[test]
fn a_dead_member_is_noticed_when_its_session_times_out_and_its_partitions_stand_still_till_then() {
    let run = with("[{after: 30 min, do: kill_members, group: billing}]", &[]);
    let noticed = event(&run, "member_lost") - 1_800.0;
    // 45 s from the last heartbeat, which is at most 5 s old.
    assert!((40.0..=45.0).contains(&noticed), "{noticed}");
    let lag = run.series("processing_lag_records", "billing").expect("lag");
    // One of six members owns 4 of 24 partitions: a sixth of 10,000 records/s waits.
    let sixth = 10_000.0 / 6.0;
    let at = lag.at(SimTime::ZERO + SimSpan::from_secs_f64(1_800.0 + noticed)).expect("a value");
    assert!((at / (sixth * noticed) - 1.0).abs() < 0.01, "{at} after {noticed} s");
    // The new owners learn it at their next heartbeat, at most 5 s later; nobody must let go first.
    assert!((at..at + sixth * 5.1).contains(&lag.max()), "{} and {at}", lag.max());
    assert!(run.groups["billing"].processing_lag_records.end < 1_000.0, "five keep up");
    let members = run.groups["billing"].members;
    assert!((members.end - 5.0).abs() < 1e-9, "it never comes back: {members:?}");
    // Standing still is not a pause of a rebalance: that is the handover of four partitions.
    let paused = run.groups["billing"].paused_partition_seconds;
    assert!(paused < 24.0 * 6.0, "{paused}");
}

#[test]
fn a_process_that_comes_back_early_is_a_new_member_beside_its_ghost() {
    let entry = "[{after: 30 min, do: kill_members, group: billing, count: 2, lasts: 10 s}]";
    let run = with(entry, &[]);
    let group = &run.groups["billing"];
    assert!((group.members.end - 6.0).abs() < 1e-9 && (group.members.min - 4.0).abs() < 1e-9);
    assert!((group.owning.end - 6.0).abs() < 1e-9, "{:?}", group.owning);
    // Two come back, two are noticed.
    assert_eq!(group.rebalances, 4);
}

#[test]
fn a_group_can_lose_all_its_members_and_get_them_back() {
    let entry = "[{after: 10 min, do: kill_members, group: billing, count: 9, lasts: 5 min}]";
    let run = with(entry, &[]);
    let group = &run.groups["billing"];
    assert!(group.members.min.abs() < 1e-9 && (group.members.end - 6.0).abs() < 1e-9);
    let lag = run.series("processing_lag_records", "billing").expect("lag").max();
    assert!((lag / 3e6 - 1.0).abs() < 0.05, "five minutes of the load: {lag}");
    assert!(group.processing_lag_records.end < 1_000.0);
}

#[test]
fn members_are_added_and_removed_by_count() {
    let entries = "[{after: 10 min, do: add_members, group: billing, count: 3}, \
                   {after: 30 min, do: remove_members, group: billing, count: 5}]";
    let members = with(entries, &[]).groups["billing"].members;
    assert!((members.max - 9.0).abs() < 1e-9 && (members.end - 4.0).abs() < 1e-9, "{members:?}");
}

#[test]
fn a_shorter_session_is_noticed_sooner() {
    let entry = "[{after: 30 min, do: kill_members, group: billing}]";
    let more = [
        "groups/billing/protocol=classic",
        "groups/billing/config={session.timeout.ms: 10000, heartbeat.interval.ms: 3000}",
    ];
    let noticed = event(&with(entry, &more), "member_lost") - 1_800.0;
    assert!((7.0..=10.0).contains(&noticed), "{noticed}");
}

fn mean(study: &ConsumerStudy, strategy: Strategy, key: &str) -> f64 {
    let row = study.rows.iter().find(|row| row.strategy == strategy).expect("the strategy");
    let index = STRATEGY_MEASURES.iter().position(|one| one.key == key).expect("the measure");
    row.values[index].unwrap_or_else(|| panic!("{key} is known")).mean
}

#[test]
fn the_exercise_counts_members_and_the_simulation_says_what_they_give() {
    let study =
        consumers(&checked("quickstart", &[]).scenario, None, Seed::new(1), 2).expect("a study");
    // The script's own arithmetic: PARTITION_COUNT, + 3, + 20 %, six, one.
    assert_eq!(study.partitions, 24);
    let members: Vec<u32> = study.rows.iter().map(|row| row.members).collect();
    assert_eq!(members, [1, 6, 24, 27, 29, 6]);
    // "Optimal consumer count" = partitions carries the load, and more carry no more.
    let read = |strategy| mean(&study, strategy, "records_s");
    let (matched, spare) = (read(Strategy::PartitionAware), read(Strategy::Spare));
    assert!((matched / 30_000.0 - 1.0).abs() < 0.01 && (spare / matched - 1.0).abs() < 1e-6);
    // Six members of 1 / 190 us cannot carry 50,000 records/s, and one with their cores neither.
    for strategy in [Strategy::Vertical, Strategy::Horizontal] {
        assert!(read(strategy) < 28_000.0);
        assert!(mean(&study, strategy, "lag_s_p99") > 1_000.0);
    }
    // "Extra consumers provide instant failover capacity": the session timeout comes first.
    let noticed = mean(&study, Strategy::Spare, "failover_noticed_s");
    assert!((40.0..=45.0).contains(&noticed), "{noticed}");
    assert!(mean(&study, Strategy::Spare, "failover_recovered_s") > noticed);
    // The single member loses everything while it is away: the load of its 28.8 s, at least.
    let lost = mean(&study, Strategy::Vertical, "failover_lag_records");
    assert!(lost > 28.0 * 31_000.0, "{lost}");
    // Lag calls for more members, CPU never does: the work waits for a downstream.
    let horizontal = &study.rows[1].triggers;
    let count = |key: &str| {
        let index = TRIGGERS.iter().position(|rule| rule.key == key).expect("a trigger");
        horizontal[index].count.mean
    };
    assert!(count("up_lag") >= 1.0 && count("up_cpu").abs() < 1e-9);
    // The cheapest that meets the objective is the one that pays for the peak only at the peak.
    assert_eq!(study.rows[study.best].strategy, Strategy::Autoscaled, "{}", study.reason);
}

#[test]
fn the_command_prints_rows_and_writes_the_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out").display().to_string();
    let run = || {
        kafsim()
            .args(["consumers", &example("quickstart"), "--set", "duration=12 h"])
            .args(["--replications", "2", "--format", "json", "--out", &out])
            .output()
            .expect("runs")
    };
    let output = run();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = value["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 6);
    for row in rows {
        for key in ["records_s", "records_s_low", "records_s_high", "lag_s_p99", "core_hours"] {
            assert!(row[key].is_number(), "{key}: {row}");
        }
    }
    for key in ["design", "reason", "confidence"] {
        assert!(!value["recommendation"][key].is_null(), "{key}");
    }
    for file in ["report.md", "summary.json", "figures/consumers.svg"] {
        assert!(std::path::Path::new(&out).join(file).exists(), "{file}");
    }
    assert_eq!(run().stdout, output.stdout, "the same seed gives the same bytes");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let cases: [(&[&str], &str); 3] = [
        (&["--group", "nobody"], "billing"),
        (&["--set", "groups={}", "--set", "autoscaling=[]", "--set", "slo=[]"], "group"),
        (&["--replications", "0"], "1..=1000"),
    ];
    for (arguments, words) in cases {
        let output = kafsim()
            .args(["consumers", &example("quickstart"), "--out", "none"])
            .args(arguments)
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && output.stdout.is_empty(), "{words}: {said}");
    }
}
