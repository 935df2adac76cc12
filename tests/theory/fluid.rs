//! The flow engine against backlogs computed by hand.

use crate::support::{checked, run};
use kafsim::metrics::Run;
use kafsim::model::curve::LoadCurve;
use kafsim::units::{SimSpan, SimTime};

/// Records/s that six members of the quickstart work off: each needs, per record,
/// (1 µs client + 40 µs CPU + 2.4 ms waiting) / 16 at once + 20 µs per poll / 500 records.
const CAPACITY: f64 = 6.0 / ((1e-6 + 40e-6 + 2.4e-3) / 16.0 + 20e-6 / 500.0);

fn day(load: &str, duration: &str) -> Run {
    let load = format!("producers/shop/load={load}");
    run("quickstart", &[&load, "autoscaling=[]", &format!("duration={duration}")])
}

fn at(secs: f64) -> SimTime {
    SimTime::ZERO + SimSpan::from_secs_f64(secs)
}

fn lag(run: &Run, secs: f64) -> f64 {
    let series = run.series("processing_lag_records", "billing").expect("the lag is recorded");
    series.at(at(secs)).expect("within the run")
}

/// Segments into which an hour of a load is cut.
fn segments(load: &str) -> usize {
    let load = format!("producers/shop/load={load}");
    let scenario = checked("quickstart", &[&load, "duration=1 h"]).scenario;
    let curve = &scenario.producers[0].load;
    let cuts = std::iter::successors(Some(SimTime::ZERO), |now| Some(curve.next_change(*now)));
    cuts.take_while(|now| *now < at(3_600.0)).count()
}

fn close(found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs() / expected.abs().max(1e-9);
    assert!(error <= tolerance, "{found} instead of {expected}");
}

#[test]
fn an_overloaded_group_falls_behind_by_the_difference() {
    let run = day("{rate: 50 k/s}", "1 h");
    for secs in [600.0, 1_800.0, 3_600.0] {
        close(lag(&run, secs), (50_000.0 - CAPACITY) * secs, 1e-6);
    }
    close(run.groups["billing"].records_s, CAPACITY, 1e-6);
    // The oldest record arrived when the log end was where the group now is.
    let age = run.groups["billing"].lag_seconds.end;
    close(age, 3_600.0 * (1.0 - CAPACITY / 50_000.0), 1e-3);
}

#[test]
fn a_backlog_drains_in_its_time() {
    let load = "{curve: step, levels: [{at: 0 s, rate: 50 k/s}, {at: 10 min, rate: 20 k/s}]}";
    let run = day(load, "40 min");
    let backlog = (50_000.0 - CAPACITY) * 600.0;
    close(lag(&run, 600.0), backlog, 1e-6);
    let drained = 600.0 + backlog / (CAPACITY - 20_000.0);
    assert!(lag(&run, drained - 2.0) > 1.0);
    assert!(lag(&run, drained + 2.0) < 1.0, "{}", lag(&run, drained + 2.0));
}

#[test]
fn a_ramp_builds_the_backlog_of_its_area() {
    let load = "{curve: ramp, from: 20 k/s, to: 60 k/s, lasts: 1 h}";
    let run = day(load, "1 h");
    let slope = 40_000.0 / 3_600.0;
    let crossing = (CAPACITY - 20_000.0) / slope;
    let area = slope * (3_600.0 - crossing) * (3_600.0 - crossing) / 2.0;
    close(lag(&run, 3_600.0), area, 0.01);
    close(run.producers["shop"].offered_records, 40_000.0 * 3_600.0, 1e-9);
}

#[test]
fn halving_the_segments_of_a_ramp_moves_its_peak_by_less_than_one_percent() {
    // A ramp over an hour is cut every 36 s (1 % of its range); empty steps cut it every 18 s.
    let ramp = "{curve: ramp, from: 20 k/s, to: 60 k/s, lasts: 1 h}";
    let levels: Vec<String> =
        (0..200).map(|step| format!("{{at: {} s, rate: 0 /s}}", 18 * step)).collect();
    let steps = format!("{{curve: step, levels: [{}]}}", levels.join(", "));
    let both = format!("{{curve: sum, of: [{ramp}, {steps}]}}");
    assert_eq!((segments(ramp), segments(&both)), (100, 200));
    let (coarse, fine) = (day(ramp, "1 h"), day(&both, "1 h"));
    close(lag(&fine, 3_600.0), lag(&coarse, 3_600.0), 0.01);
}

#[test]
fn a_full_disk_bandwidth_limits_appends_and_producers_block() {
    let run = run(
        "quickstart",
        &[
            "producers/shop/load={rate: 60 k/s}",
            "producers/shop/records/size=20 KiB",
            "autoscaling=[]",
            "groups={}",
            "slo=[]",
            "duration=30 min",
        ],
    );
    // Every broker writes every record: 400 MiB/s of disk, 20 KiB a record.
    let shop = &run.producers["shop"];
    close(shop.records_s, 400.0 * 1_048_576.0 / 20_480.0, 1e-3);
    assert!(shop.blocked_share.is_some_and(|share| share > 0.9));
    assert!(shop.failed_records > 1e7);
    assert!(run.bottleneck.resource.contains("disk"), "{}", run.bottleneck.resource);
    close(run.bottleneck.saturates_at_load_factor.expect("a factor"), 20_480.0 / 60_000.0, 1e-3);
}

#[test]
fn a_move_takes_what_it_lacks_over_what_the_throttle_leaves() {
    let run = run("add-a-broker", &["producers/shop/load={rate: 35 k/s}"]);
    let reassign = run.operations.iter().find(|one| one.kind == "reassign").expect("it moves");
    let took = (reassign.end.expect("it ends") - reassign.start).as_secs_f64();
    // Stored by retention: an hour, in closed segments up to one more; 18 of 24 partitions move.
    let throttle = 150.0 * 1_048_576.0;
    let inflow = 35_000.0 * 2_560.0 * 18.0 / 24.0;
    close(reassign.moved_bytes, throttle * took, 0.01);
    let missing = reassign.moved_bytes - inflow * took;
    close(took, missing / (throttle - inflow), 0.01);
    let stored = 35_000.0 * 2_560.0 * 3_600.0 * 18.0 / 24.0;
    assert!(missing > stored * 0.95 && missing < stored * 1.5, "{missing} of {stored}");
}

#[test]
fn a_new_broker_gives_nothing_until_partitions_move() {
    let run = run("add-a-broker", &["producers/shop/load={rate: 35 k/s}"]);
    let cpu = run.series("cpu_utilisation", "4").expect("broker 4 is measured");
    let capacity = run.series("capacity_records_s", "brokers").expect("capacity is recorded");
    let (before, idle, after) = (at(1_500.0), at(2_400.0), at(17_000.0));
    assert!(cpu.at(idle).expect("it runs") < 0.05);
    close(capacity.at(idle).expect("a value"), capacity.at(before).expect("a value"), 1e-6);
    assert!(cpu.at(after).expect("it runs") > 0.2);
    assert!(capacity.at(after) > capacity.at(before));
}

#[test]
fn retention_overtakes_a_group_that_is_too_slow() {
    let run = run(
        "quickstart",
        &[
            "producers/shop/load={rate: 50 k/s}",
            "autoscaling=[]",
            "groups/billing/members=2",
            "topics/orders/config={min.insync.replicas: 2, retention.ms: 600000, \
            segment.bytes: 16777216}",
            "duration=2 h",
        ],
    );
    let group = &run.groups["billing"];
    assert!(group.lost_records > 1e7, "{group:?}");
    assert!(run.events.iter().any(|event| event.kind == "retention_loss"));
    // Nobody can be further behind than what is stored: ten minutes, one check and one segment.
    assert!(group.lag_seconds.max < 600.0 + 300.0 + 60.0, "{}", group.lag_seconds.max);
}
