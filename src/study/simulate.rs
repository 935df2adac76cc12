//! One scenario, one run, with its verdict.

use super::script::remark;
use crate::analysis::judge;
use crate::chance::Seed;
use crate::engine::fluid;
use crate::metrics::Run;
use crate::scenario::Scenario;

/// Simulates a scenario and judges the run: bottleneck, objectives, alerts, and what the exercise's
/// script would have claimed where it applies.
///
/// # Example
/// ```
/// use kafsim::chance::Seed;
/// use kafsim::scenario::{LoadOptions, load};
///
/// let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/quickstart.yaml");
/// let options = LoadOptions { sets: vec!["duration=1 h".into()], ..LoadOptions::default() };
/// let checked = load(file, &options)?;
/// let run = kafsim::study::simulate(&checked.scenario, Seed::new(1));
/// assert!(run.groups["billing"].records_s > 9_000.0);
/// # Ok::<(), kafsim::error::Error>(())
/// ```
pub fn simulate(scenario: &Scenario, seed: Seed) -> Run {
    let mut run = fluid::simulate(scenario, seed, 0);
    judge(scenario, &mut run);
    run.remarks.extend(remark(scenario, &run));
    run
}
