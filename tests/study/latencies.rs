//! Latencies that objectives name: over windows of a run by requests, and of a run by flows from
//! requests at its operating points.

use crate::support::checked;
use kafsim::chance::Seed;
use kafsim::metrics::{Journey, Quantiles, Run};
use kafsim::study::simulate;

/// The quickstart's cluster with fewer client processes, two objectives and nobody who scales.
fn run(sets: &[&str]) -> Run {
    run_seed(sets, 1)
}

fn run_seed(sets: &[&str], seed: u64) -> Run {
    let slo = r#"slo=["publish(shop).p99 < 1 s in 99 % of 1 s windows", "e2e(billing).p50 < 1 s"]"#;
    let load = "producers/shop/clients=20";
    let mut all = vec![slo, load, "autoscaling=[]", "warm_up=1 s"];
    all.extend(sets);
    simulate(&checked("quickstart", &all).scenario, Seed::new(seed))
}

fn publish(run: &Run) -> Quantiles {
    run.producers["shop"].latency_ms.expect("asked for")
}

fn near(found: f64, expected: f64, factor: f64) {
    assert!(found / expected < factor && expected / found < factor, "{found} for {expected}");
}

#[test]
fn flows_have_the_latencies_of_requests_at_their_load() {
    let steady = |engine: &str| {
        let engine = format!("engine={engine}");
        run(&[&engine, "duration=20 s", "producers/shop/load={rate: 15 k/s}"])
    };
    let (requests, flows) = (steady("des"), steady("fluid"));
    for (of, factor) in [(|one: &Quantiles| one.p50) as fn(&Quantiles) -> f64, |one| one.p99]
        .into_iter()
        .zip([1.05, 1.25])
    {
        near(of(&publish(&flows)), of(&publish(&requests)), factor);
        let delivery = |run: &Run| run.groups["billing"].e2e_latency_ms.expect("asked for");
        near(of(&delivery(&flows)), of(&delivery(&requests)), factor);
    }
    assert!(flows.slo.iter().chain(&requests.slo).all(|one| one.met == Some(true)));
}

#[test]
fn a_day_is_the_mixture_of_its_loads() {
    // Half of the time 5,000, half of it 35,000 records/s: seven of eight records have the latency
    // of the higher load, and windows of either half have their own.
    let step = "producers/shop/load={curve: step, levels: [{at: 0 s, rate: 5 k/s}, \
                {at: 10 min, rate: 35 k/s}]}";
    let day = run(&["engine=fluid", "duration=20 min", step]);
    let alone = |rate: &str| {
        run(&["engine=des", "duration=10 s", &format!("producers/shop/load={{rate: {rate}}}")])
    };
    let (low, high) = (publish(&alone("5 k/s")), publish(&alone("35 k/s")));
    // A pause of a few milliseconds moves the mean of seconds: the means of several seeds.
    let seeds = 1..=5;
    let mean = |sets: &[&str]| {
        seeds.clone().map(|seed| publish(&run_seed(sets, seed)).mean).sum::<f64>() / 5.0
    };
    let mean_alone = |rate: &str| {
        mean(&["engine=des", "duration=10 s", &format!("producers/shop/load={{rate: {rate}}}")])
    };
    let mixture = mean_alone("5 k/s") / 8.0 + mean_alone("35 k/s") * 7.0 / 8.0;
    near(mean(&["engine=fluid", "duration=20 min", step]), mixture, 1.05);
    let latencies = day.latencies(Journey::Publish, "shop").expect("asked for");
    let at = |minutes: u64| {
        kafsim::units::SimTime::ZERO + kafsim::units::SimSpan::from_secs(60 * minutes)
    };
    let p50 = |from, to| latencies.between(at(from), at(to)).quantiles().expect("records").p50;
    near(p50(1, 9), low.p50, 1.05);
    near(p50(11, 19), high.p50, 1.05);
}

#[test]
fn a_backlog_is_waited_for() {
    // Two members cannot keep up with 30,000 records/s: a record waits for what lies before it,
    // backlog over rate.
    let day = run(&[
        "engine=fluid",
        "duration=10 min",
        "groups/billing/members=2",
        "producers/shop/load={rate: 30 k/s}",
        "warm_up=0 s",
    ]);
    let group = &day.groups["billing"];
    let (rate, backlog) = (group.records_s, group.processing_lag_records);
    let delivery = group.e2e_latency_ms.expect("asked for");
    near(delivery.max, backlog.max / rate * 1e3, 1.02);
    near(delivery.mean, backlog.mean / rate * 1e3, 1.02);
}
