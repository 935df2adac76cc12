//! The quickstart's day: simulated, and from file to report.

use kafsim::chance::Seed;
use kafsim::report::{figures, formats};
use kafsim::scenario::{LoadOptions, load};
use kafsim::study::simulate;
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
}
