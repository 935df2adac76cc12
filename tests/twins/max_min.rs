//! The engine's max-min shares against the reference, on random networks.

use super::max_min_reference::{Flow, fits, rates};
use kafsim::chance::{Chance, Seed, Stream};
use kafsim::engine::fluid::FairShare;

fn network(stream: &mut Stream) -> (Vec<f64>, Vec<Flow>) {
    let resources = 1 + stream.index(6);
    let capacity = (0..resources).map(|_| (stream.index(20) as f64) * 0.5).collect();
    let flow = |stream: &mut Stream| {
        let mut uses: Vec<(usize, f64)> = Vec::new();
        for resource in 0..resources {
            if uses.is_empty() || stream.uniform() < 0.4 {
                uses.push((resource, 0.05 + stream.uniform()));
            }
        }
        let demand = match stream.index(4) {
            0 => 0.0,
            1 => 1e7,
            _ => stream.uniform() * 8.0,
        };
        Flow { demand, weight: 0.25 + stream.index(4) as f64, uses }
    };
    let flows = (0..=stream.index(8)).map(|_| flow(stream)).collect();
    (capacity, flows)
}

#[test]
fn shares_agree_with_the_reference_on_10_000_random_networks() {
    let mut stream = Chance::new(Seed::new(21), 0).stream("network", "random");
    let mut share = FairShare::new();
    let mut saturated = 0;
    for case in 0..10_000 {
        let (capacity, flows) = network(&mut stream);
        share.reset(capacity.iter().copied());
        for flow in &flows {
            share.flow(flow.demand, flow.weight, flow.uses.iter().copied());
        }
        let found = share.solve().to_vec();
        let expected = rates(&capacity, &flows);
        assert!(fits(&capacity, &flows, &found, 1e-9), "case {case}: {found:?}");
        for (a, b) in found.iter().zip(&expected) {
            assert!((a - b).abs() <= 1e-5 * b.max(1.0), "case {case}: {found:?} {expected:?}");
        }
        saturated += usize::from(flows.iter().zip(&found).any(|(flow, rate)| *rate < flow.demand));
    }
    assert!(saturated > 5_000, "only {saturated} networks were saturated");
}

#[test]
fn scaling_capacity_and_demand_scales_the_shares() {
    let mut stream = Chance::new(Seed::new(22), 0).stream("network", "scaled");
    let mut share = FairShare::new();
    for _ in 0..500 {
        let (capacity, flows) = network(&mut stream);
        let solve = |factor: f64, share: &mut FairShare| {
            share.reset(capacity.iter().map(|c| c * factor));
            for flow in &flows {
                share.flow(flow.demand * factor, flow.weight, flow.uses.iter().copied());
            }
            share.solve().to_vec()
        };
        let (one, four) = (solve(1.0, &mut share), solve(4.0, &mut share));
        for (a, b) in one.iter().zip(&four) {
            assert!((4.0 * a - b).abs() <= 1e-9 * b.max(1.0));
        }
    }
}
