//! One scenario, one run, with its verdict.

use super::script::remark;
use crate::analysis::judge;
use crate::chance::Seed;
use crate::engine::{des, fluid};
use crate::metrics::Run;
use crate::scenario::{Arrivals, EngineChoice, Scenario};
use crate::units::SimSpan;

/// Longest scenario that `engine: auto` simulates request by request.
const SHORT: SimSpan = SimSpan::from_secs(120);

/// One run by the engine that the scenario asks for. `auto` takes requests for closed loops and
/// for short scenarios in which nobody scales and nothing is on the timeline, flows otherwise.
pub fn make(scenario: &Scenario, seed: Seed, replication: u32) -> Run {
    let closed = scenario.producers.iter().any(|one| one.arrivals == Arrivals::Closed);
    let still = scenario.autoscaling.is_empty() && scenario.timeline.is_empty();
    let requests = match scenario.engine {
        EngineChoice::Des => true,
        EngineChoice::Fluid => false,
        EngineChoice::Auto => closed || (still && scenario.duration <= SHORT),
    };
    if requests {
        des::simulate(scenario, seed, replication)
    } else {
        fluid::simulate(scenario, seed, replication)
    }
}

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
    let mut run = judged(scenario, seed, 0);
    run.remarks.extend(remark(scenario, &run));
    run
}

/// One replication with its verdict.
pub(super) fn judged(scenario: &Scenario, seed: Seed, replication: u32) -> Run {
    let mut run = make(scenario, seed, replication);
    judge(scenario, &mut run);
    run
}
