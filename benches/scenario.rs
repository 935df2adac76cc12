//! The quickstart's day in flows, and request-level runs: simulated seconds per wall second.

use kafsim::chance::{Chance, Seed};
use kafsim::cluster::BrokerId;
use kafsim::engine::des;
use kafsim::model::placement::{PlacementBroker, PlacementPartition, place};
use kafsim::report::{figures, formats};
use kafsim::scenario::{LoadOptions, load};
use kafsim::study::simulate;
use kafsim::units::{ByteRate, Bytes};
use std::hint::black_box;
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> Instant {
    Instant::now()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Peak resident memory of the process in megabytes, where the system tells it.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1e3)
}

fn main() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/quickstart.yaml");
    let (mut simulated, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        let start = clock();
        let Ok(checked) = load(file, &LoadOptions { seed: 1, ..LoadOptions::default() }) else {
            println!("the quickstart cannot be read");
            return;
        };
        let inner = clock();
        let run = simulate(&checked.scenario, Seed::new(1));
        simulated.push(inner.elapsed().as_secs_f64());
        let pictures = figures::all(&run).unwrap_or_default();
        black_box(formats::html::render(&run, &pictures).map_or(0, |page| page.len()));
        black_box(formats::json::text(&run));
        whole.push(start.elapsed().as_secs_f64());
    }
    let (simulated, whole) = (median(simulated), median(whole));
    let peak = peak_mb().map_or_else(|| "unknown".into(), |peak| format!("{peak:.0} MB"));
    println!("quickstart's day: {simulated:.3} s of simulation (gate 0.2, goal 0.05)");
    println!(
        "from file to report with figures: {whole:.3} s (gate 1), peak memory {peak} (gate 100)"
    );
    placement();
    requests();
}

/// A thousand brokers with 100,000 replicas; fifty join, twenty leave.
fn placement() {
    let rate = ByteRate::per_sec(1e9);
    let broker = |index: usize| PlacementBroker {
        rack: ["a", "b", "c"][index % 3].to_owned(),
        stays: index >= 20,
        disk: Bytes::new(8 << 40),
        nic_in: rate,
        nic_out: rate,
        cores: 64.0,
    };
    let mut sizes = Chance::new(Seed::new(4), 0).stream("placement", "bench");
    let mut partition = |index: usize| {
        let size = 5.0 + sizes.uniform() * 5.0;
        PlacementPartition {
            replicas: (0..3).map(|at| BrokerId(((index + at) % 1_000) as u32)).collect(),
            bytes: Bytes::new((size * f64::from(1 << 30)) as u64),
            ingress: ByteRate::per_sec(size * 1e5),
            egress: ByteRate::per_sec(size * 1e5),
            leader_cores: size / 1e3,
            follower_cores: size / 3e3,
        }
    };
    let brokers: Vec<_> = (0..1_050).map(broker).collect();
    let partitions: Vec<_> = (0..33_334).map(&mut partition).collect();
    let start = clock();
    let plan = place(&brokers, &partitions);
    let wall = start.elapsed().as_secs_f64();
    let moved = plan.map_or_else(|error| error.to_string(), |plan| plan.moved.to_string());
    println!("placement of 100,000 replicas on 1,000 brokers: {wall:.2} s (gate 10), {moved} move");
}

/// A request-level run: simulated seconds per wall second, events, nanoseconds per event, events
/// per produce request.
fn measure(file: &str, sets: &[&str]) -> Option<[f64; 4]> {
    let path = format!("{}/models/scenarios/{file}", env!("CARGO_MANIFEST_DIR"));
    let sets = sets.iter().map(|set| (*set).to_owned()).collect();
    let checked = load(&path, &LoadOptions { sets, seed: 1, ..LoadOptions::default() }).ok()?;
    let mut walls = Vec::new();
    let mut last = None;
    for _ in 0..3 {
        let start = clock();
        let run = des::simulate(&checked.scenario, Seed::new(1), 0);
        walls.push(start.elapsed().as_secs_f64());
        last = Some(run);
    }
    let (wall, run) = (median(walls), last?);
    let seconds = checked.scenario.duration.as_secs_f64();
    let events = run.simulated_events? as f64;
    let requests: f64 = run.producers.values().filter_map(|one| one.requests_s).sum();
    Some([seconds / wall, events, wall / events * 1e9, events / (requests * seconds)])
}

fn requests() {
    let show = |name: &str, goal: &str, values: Option<[f64; 4]>| {
        let Some([speed, events, nanos, each]) = values else {
            println!("{name}: the scenario cannot be read");
            return;
        };
        println!(
            "{name}: {speed:.1} simulated s per s ({goal}), {events:.0} events, \
             {nanos:.0} ns each, {each:.1} per produce request"
        );
    };
    let base = "bench-requests.yaml";
    show("5,000 requests/s, acks=all", "gate 100, goal 200", measure(base, &[]));
    let closed = [
        "producers/shop/load={closed_loop: true}",
        "producers/shop/clients=2",
        "producers/shop/records/size=1024 B",
        "producers/shop/config={acks: 1, batch.size: 1048576, linger.ms: 1}",
        "hosts/brokers/card=storage-8c-64g-2nvme",
        "cluster/brokers/log_dirs=2",
    ];
    show("closed loop at the disks' limit", "gate 20, goal 50", measure(base, &closed));
    let many = [
        "topics/orders/partitions=5000",
        "producers/shop/load={rate: 200 k/s}",
        "producers/shop/clients=2",
        "producers/shop/config={acks: 1, batch.size: 1048576, linger.ms: 1}",
        "producers/shop/client=java-2.6",
    ];
    show("5,000 partitions, 200 k records/s", "gate 1, goal 5", measure(base, &many));
    let of = |partitions: &str| {
        let set = format!("topics/orders/partitions={partitions}");
        measure(base, &[&set, "duration=4 s", "warm_up=1 s"]).map(|values| values[2])
    };
    if let (Some(few), Some(lots)) = (of("12"), of("12000")) {
        let ratio = lots / few;
        println!("cost per event, 12,000 partitions over 12: {ratio:.2} (gate 2, goal 1.2)");
    }
    if let Some(peak) = peak_mb() {
        println!("peak memory of all request-level runs: {peak:.0} MB (gates 100 and 500)");
    }
}
