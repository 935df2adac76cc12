//! What was measured on three real brokers (`data/measured`), beside what the same scenario gives
//! here. Nothing was fitted to these runs; their holdout halves are judged like the others.

use crate::support::root;
use kafsim::chance::Seed;
use kafsim::engine::des;
use kafsim::metrics::Run;
use kafsim::scenario::{LoadOptions, load};

/// Points of a measured series: seconds and value.
fn measured(folder: &str, series: &str, entity: &str) -> Vec<(f64, f64)> {
    let path = root().join("data/measured").join(folder).join("timeseries.csv");
    let text = std::fs::read_to_string(&path).expect("it is in the repository");
    let fields = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let number = |text: &str| text.parse::<f64>().expect("a number");
    fields
        .filter(|one| one[1] == series && one[2] == entity)
        .map(|one| (number(one[0]), number(one[3])))
        .collect()
}

/// The same of a simulated run.
fn simulated(run: &Run, series: &str, entity: &str) -> Vec<(f64, f64)> {
    let series = run.series(series, entity).expect("it is recorded");
    series.points.iter().map(|(at, value)| (at.as_secs_f64(), *value)).collect()
}

/// A set of `tests/cluster/sets` as its half was measured.
fn play(set: &str, sets: &[&str], seed: u64) -> Run {
    let file = root().join(format!("tests/cluster/sets/{set}.yaml"));
    let options = LoadOptions {
        sets: sets.iter().map(|one| (*one).to_owned()).collect(),
        seed,
        ..LoadOptions::default()
    };
    let checked = load(&file.display().to_string(), &options).expect("a sound scenario");
    des::simulate(&checked.scenario, Seed::new(seed), 0)
}

/// Seconds' worth of acknowledgements that are missing between two instants: what comes late
/// does not make up for it.
fn stall(acked: &[(f64, f64)], rate: f64, [from, to]: [f64; 2]) -> f64 {
    let spans = acked.windows(2).filter(|pair| pair[1].0 > from && pair[1].0 <= to);
    spans.map(|pair| (pair[1].0 - pair[0].0) * (1.0 - pair[1].1 / rate).max(0.0)).sum()
}

/// Seconds from the peak of a lag until a hundredth of it is left.
fn drain(lag: &[(f64, f64)]) -> f64 {
    let peak = *lag.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("points");
    let end = lag.iter().find(|(at, left)| *at > peak.0 && *left < 0.01 * peak.1);
    end.expect("it ends").0 - peak.0
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = values.collect();
    all.iter().sum::<f64>() / all.len() as f64
}

/// Measured and simulated must agree within a share of what was measured.
fn agree(what: &str, [measured, simulated]: [f64; 2], share: f64) {
    println!("{what}: measured {measured:.2} s, simulated {simulated:.2} s");
    assert!((simulated - measured).abs() <= share * measured, "{what}");
}

#[test]
fn a_killed_broker_stops_acknowledgements_for_as_long_as_measured() {
    let (larger, half) = ("topics/orders/partitions=24", "producers/shop/load={rate: 1 k/s}");
    let fit = ["timeline=[{after: 20 s, do: kill_broker, broker: 2, lasts: 25 s}]"];
    let holdout = [
        "timeline=[{after: 20 s, do: kill_broker, broker: 3, lasts: 25 s}]",
        larger,
        "producers/shop/records/size=2 KiB",
        half,
    ];
    for (split, sets, rate) in [("fit", &fit[..], 2_000.0), ("holdout", &holdout, 1_000.0)] {
        let of = |repeat: u32| {
            let points = measured(&format!("kill/{split}-{repeat}"), "acked_records_s", "shop");
            stall(&points, rate, [20.0, 40.0])
        };
        // When the last heartbeat was is chance: nine seconds after it the broker is fenced.
        let run = |seed| {
            stall(
                &simulated(&play("failure", sets, seed), "acked_records_s", "shop"),
                rate,
                [20.0, 40.0],
            )
        };
        agree(&format!("kill, {split}"), [mean((1..=2).map(of)), mean((1..=8).map(run))], 0.2);
    }
}

#[test]
fn a_clean_restart_stalls_as_little_as_measured() {
    for repeat in 1..=2_u32 {
        let points = measured(&format!("restart/fit-{repeat}"), "acked_records_s", "shop");
        let timeline = "timeline=[{after: 20 s, do: stop_broker, broker: 2, lasts: 10 s}]";
        let run = play("failure", &[timeline], u64::from(repeat));
        let simulated = simulated(&run, "acked_records_s", "shop");
        let [real, ours] = [&points, &simulated].map(|one| stall(one, 2_000.0, [20.0, 40.0]));
        println!("clean restart, fit: measured {real:.2} s, simulated {ours:.2} s");
        assert!(real < 2.0 && ours < 2.0, "{real} and {ours} s");
    }
}

#[test]
fn a_backlog_drains_in_the_time_that_was_measured() {
    let holdout = [
        "groups/billing/members=3",
        "topics/orders/partitions=9",
        "producers/shop/load={curve: step, levels: [{at: 0 s, rate: 5 k/s}, \
         {at: 15 s, rate: 1 k/s}]}",
    ];
    for (split, sets) in [("fit", &[][..]), ("holdout", &holdout)] {
        let of = |repeat: u32| {
            let folder = format!("drain/{split}-{repeat}");
            drain(&measured(&folder, "processing_lag_records", "billing"))
        };
        let run = |seed| {
            drain(&simulated(&play("drain", sets, seed), "processing_lag_records", "billing"))
        };
        agree(&format!("drain, {split}"), [mean((1..=2).map(of)), mean((1..=2).map(run))], 0.15);
    }
}
