//! Nothing is allocated per event once a run is in its steady state.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use kafsim::chance::Seed;
use kafsim::engine::des;
use kafsim::scenario::{LoadOptions, load};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations and events of a run of the bench's scenario, so many seconds long.
fn made(seconds: u32) -> [f64; 2] {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/bench-requests.yaml");
    let sets = vec![format!("duration={seconds} s")];
    let options = LoadOptions { sets, ..LoadOptions::default() };
    let checked = load(file, &options).expect("a sound scenario");
    let region = Region::new(ALLOCATOR);
    let run = des::simulate(&checked.scenario, Seed::new(1), 0);
    let change = region.change();
    let events = run.simulated_events.expect("events are counted");
    [(change.allocations + change.reallocations) as f64, events as f64]
}

#[test]
fn a_longer_run_allocates_no_more() {
    let ([few, short], [many, long]) = (made(5), made(10));
    let each = (many - few).max(0.0) / (long - short);
    println!("{few} and {many} allocations in {short} and {long} events: {each:.2e} per event");
    assert!(each < 1e-3, "{each} allocations per event");
}
