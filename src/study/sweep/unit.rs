//! One unit of a sweep: a design under the luck of a trial, as a row.

use super::plan::Plan;
use crate::error::Result;
use crate::metrics::{Run, Series, Shape};
use crate::study::simulate::judged;
use crate::units::{SimSpan, SimTime};

/// Points of a fan over the run.
pub const FAN_POINTS: u32 = 96;

/// A number that each unit has.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Its column, unit last.
    pub key: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its words.
    pub words: &'static str,
    value: fn(&Run) -> Option<f64>,
}

/// Position of the cost of a run among [`MEASURED`].
pub const COST: usize = 0;
/// Position of the largest age of the lag among [`MEASURED`].
pub const LAG: usize = 2;

/// What is kept of each run besides its objectives.
pub const MEASURED: [Measured; 6] = [
    Measured {
        key: "cost_usd",
        unit: "USD",
        words: "cost of the run, USD",
        value: |run| run.cost.as_ref().map(|cost| cost.total),
    },
    Measured {
        key: "records_s",
        unit: "records/s",
        words: "written, records/s",
        value: |run| Some(run.producers.values().map(|one| one.records_s).sum()),
    },
    Measured {
        key: "lag_s_max",
        unit: "s",
        words: "oldest record, s",
        value: |run| run.groups.values().map(|one| one.lag_seconds.max).reduce(f64::max),
    },
    Measured {
        key: "lag_s_p99",
        unit: "s",
        words: "age of the lag, p99 over time, s",
        value: |run| run.groups.values().map(|one| one.lag_seconds.p99).reduce(f64::max),
    },
    Measured {
        key: "broker_cpu_p99",
        unit: "1",
        words: "busiest broker's CPU, p99 over time",
        value: |run| run.brokers.values().map(|one| one.cpu.p99).reduce(f64::max),
    },
    Measured {
        key: "scaling_decisions",
        unit: "1",
        words: "scaling decisions",
        value: |run| Some(run.decisions.len() as f64),
    },
];

/// The result of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitResult {
    /// Its number.
    pub unit: u64,
    /// Hash of the scenario that was simulated.
    pub scenario: String,
    /// Which objectives were met, in the scenario's order; `None` is unknown.
    pub met: Vec<Option<bool>>,
    /// Their values.
    pub values: Vec<Option<f64>>,
    /// In the order of [`MEASURED`].
    pub measured: Vec<Option<f64>>,
    /// What chance drew, in the order of the file.
    pub inputs: Vec<f64>,
    /// The fan's series at equally spaced times.
    pub fan: Vec<f64>,
}

impl UnitResult {
    /// Whether all objectives were met; what is unknown is not met.
    pub fn all_met(&self) -> bool {
        self.met.iter().all(|met| *met == Some(true))
    }
    /// The cost.
    pub fn cost(&self) -> Option<f64> {
        self.measured.first().copied().flatten()
    }
}

/// Simulates a unit.
///
/// # Errors
/// A draw that no scenario can have.
pub fn simulate_unit(plan: &Plan, unit: u64) -> Result<UnitResult> {
    let (checked, draw) = plan.scenario(unit)?;
    let run = judged(&checked.scenario, crate::chance::Seed::new(draw.seed), 0);
    let fan = plan.fan.as_ref().and_then(|(name, entity)| run.series(name, entity));
    Ok(UnitResult {
        unit,
        scenario: checked.scenario.hash.clone(),
        met: run.slo.iter().map(|one| one.met).collect(),
        values: run.slo.iter().map(|one| one.value).collect(),
        measured: MEASURED.iter().map(|one| (one.value)(&run)).collect(),
        inputs: draw.inputs,
        fan: fan.map(|series| sampled(series, run.duration)).unwrap_or_default(),
    })
}

/// The times of a fan's points.
pub fn fan_times(duration: SimSpan) -> Vec<SimTime> {
    let at = |point: u32| duration.as_secs_f64() * f64::from(point) / f64::from(FAN_POINTS);
    let time = |point: u32| SimTime::ZERO.saturating_add(SimSpan::from_secs_f64(at(point)));
    (0..=FAN_POINTS).map(time).collect()
}

/// Values of a series at the times of a fan: steps and means hold, lines are straight.
fn sampled(series: &Series, duration: SimSpan) -> Vec<f64> {
    let value = |at: SimTime| {
        let next = series.points.partition_point(|(time, _)| *time <= at);
        let before = next.checked_sub(1).map(|index| series.points[index]);
        match (before, series.points.get(next), series.shape) {
            (Some((_, value)), None, _) | (Some((_, value)), Some(_), Shape::Step) => value,
            (None, Some((_, value)), _) | (Some(_), Some((_, value)), Shape::Mean) => *value,
            (Some((from, a)), Some((to, b)), Shape::Linear) => {
                let span = to.as_secs_f64() - from.as_secs_f64();
                let share = (at.as_secs_f64() - from.as_secs_f64()) / span.max(1e-9);
                a + (b - a) * share.clamp(0.0, 1.0)
            }
            (None, None, _) => 0.0,
        }
    };
    fan_times(duration).into_iter().map(value).collect()
}
