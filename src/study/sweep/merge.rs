//! Results of units become one answer, whoever made them and in whatever order.
//!
//! A design's trials are taken in their order up to the first at which the stopping rule holds.
//! Later ones, which a worker may have made that did not know, are left out: so the answer is the
//! same to the byte for any number of threads and shards, and after any interruption.

use super::file::Stop;
use super::plan::Plan;
use super::proportion::{Proportion, always_valid, wilson};
use super::rank::{Choice, choose, error_each, pareto};
use super::sensitivity::{Effect, effects};
use super::unit::{COST, MEASURED, UnitResult};
use crate::analysis::{CONFIDENCE, Interval, replications};
use std::collections::BTreeMap;

/// One design with what its trials say.
#[derive(Debug, Clone)]
pub struct DesignRow {
    /// Index of the design in the plan.
    pub design: usize,
    /// Its trials, in their order.
    pub trials: Vec<UnitResult>,
    /// Chance of missing an objective, with its 95 % interval.
    pub violation: Proportion,
    /// Chance of missing each objective.
    pub each: Vec<Proportion>,
    /// By measure: mean with its 95 % interval over trials.
    pub means: Vec<Option<Interval>>,
    /// By measure: its quantiles over trials, in the order of the plan's.
    pub quantiles: Vec<Option<Vec<f64>>>,
    /// Whether no other design is cheaper and safer.
    pub on_front: bool,
    /// Whether the stopping rule held, or nothing was to be stopped.
    pub precise: bool,
}

/// The answer of a sweep.
#[derive(Debug, Clone)]
pub struct Answer {
    /// By design.
    pub rows: Vec<DesignRow>,
    /// Units that are needed and not there.
    pub missing: Vec<u64>,
    /// Units that were used.
    pub used: u64,
    /// The best design, when a ranking is asked for.
    pub choice: Option<Choice>,
    /// The design that is told of: the best, or the safest.
    pub shown: usize,
    /// What each uncertain input does to the shown design, the strongest first.
    pub effects: Vec<Effect>,
    /// The design of the fan: the shown one, or, when its lag stays at nothing in all quantiles,
    /// the dearest of the front below it that has something to tell.
    pub fanned: usize,
    /// Its fan: at each time, the plan's quantiles.
    pub fan: Vec<Vec<f64>>,
}

/// Answers a sweep from results of its units.
pub fn merge(plan: &Plan, results: &BTreeMap<u64, UnitResult>) -> Answer {
    let mut missing = Vec::new();
    let rows = (0..plan.designs.len()).map(|design| row(plan, results, design, &mut missing));
    let mut rows: Vec<DesignRow> = rows.collect();
    missing.sort_unstable();
    let costs: Vec<Option<f64>> =
        rows.iter().map(|row| row.means[COST].map(|cost| cost.mean)).collect();
    let risks: Vec<f64> = rows.iter().map(|row| row.violation.share).collect();
    for (row, front) in rows.iter_mut().zip(pareto(&costs, &risks)) {
        row.on_front = front;
    }
    let choice = plan.sweep.rank.map(|rank| choose(rank, plan, &rows));
    let safest = (0..rows.len()).min_by(|a, b| risks[*a].total_cmp(&risks[*b])).unwrap_or(0);
    let shown = choice.as_ref().and_then(|choice| choice.design).unwrap_or(safest);
    let (fanned, fan) = telling_fan(plan, &rows, shown);
    Answer {
        used: rows.iter().map(|row| row.trials.len() as u64).sum(),
        missing,
        effects: effects(plan, &rows),
        fan,
        fanned,
        choice,
        shown,
        rows,
    }
}

/// After how many trials a design has enough. With `gaps` trials that are missing are passed over,
/// without they end what is known.
pub(super) fn stopped(
    plan: &Plan,
    results: &BTreeMap<u64, UnitResult>,
    design: usize,
    gaps: bool,
) -> Option<u64> {
    if plan.sweep.stop == Stop::Never {
        return None;
    }
    let (mut trials, mut misses, mut costs) = (0, 0, Vec::new());
    for trial in 0..plan.sweep.at_most {
        let unit = trial * plan.designs.len() as u64 + design as u64;
        let Some(result) = results.get(&unit) else {
            if gaps {
                continue;
            }
            return None;
        };
        trials += 1;
        misses += u64::from(!result.all_met());
        costs.extend(result.cost());
        if trials >= plan.sweep.at_least && enough(plan, trials, misses, &costs) {
            return Some(trial + 1);
        }
    }
    None
}

fn enough(plan: &Plan, trials: u64, misses: u64, costs: &[f64]) -> bool {
    match plan.sweep.stop {
        Stop::Never => false,
        Stop::Chance(width) => wilson(misses, trials).half_width() <= width,
        Stop::Cost(width) => {
            let interval = replications(costs, CONFIDENCE);
            interval.mean == 0.0 || interval.relative_half_width() <= width
        }
        Stop::Rank => plan.sweep.rank.is_some_and(|rank| {
            let error = error_each(rank, plan.designs.len());
            let met = always_valid(trials - misses, trials, error);
            met.low >= rank.share || met.high < rank.share
        }),
    }
}

fn row(
    plan: &Plan,
    results: &BTreeMap<u64, UnitResult>,
    design: usize,
    missing: &mut Vec<u64>,
) -> DesignRow {
    let stop = stopped(plan, results, design, true);
    let mut trials = Vec::new();
    for trial in 0..stop.unwrap_or(plan.sweep.at_most) {
        let unit = trial * plan.designs.len() as u64 + design as u64;
        match results.get(&unit) {
            Some(result) => trials.push(result.clone()),
            None => missing.push(unit),
        }
    }
    let count = trials.len() as u64;
    let missed = |index: usize| {
        let misses = trials.iter().filter(|one| one.met[index] != Some(true)).count();
        wilson(misses as u64, count)
    };
    let columns: Vec<Option<Vec<f64>>> = (0..MEASURED.len())
        .map(|index| trials.iter().map(|one| one.measured[index]).collect::<Option<Vec<f64>>>())
        .map(|values| values.filter(|values| !values.is_empty()))
        .collect();
    let interval =
        |values: &Option<Vec<f64>>| values.as_ref().map(|values| replications(values, CONFIDENCE));
    let quantiles = |values: &Option<Vec<f64>>| {
        let mut sorted = values.clone()?;
        sorted.sort_by(f64::total_cmp);
        Some(plan.sweep.quantiles.iter().map(|share| quantile(&sorted, *share)).collect())
    };
    DesignRow {
        design,
        violation: wilson(trials.iter().filter(|one| !one.all_met()).count() as u64, count),
        each: (0..plan.objectives.len()).map(missed).collect(),
        means: columns.iter().map(interval).collect(),
        quantiles: columns.iter().map(quantiles).collect(),
        on_front: false,
        precise: stop.is_some() || plan.sweep.stop == Stop::Never,
        trials,
    }
}

/// The quantile of sorted values, on the line between the two nearest.
///
/// Source: Hyndman and Fan 1996, definition 7.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = sorted[at as usize];
    let above = sorted[(at as usize + 1).min(sorted.len() - 1)];
    below + (above - below) * at.fract()
}

/// A design's fan that is not flat, going down the front from the shown one; else the shown one's.
fn telling_fan(plan: &Plan, rows: &[DesignRow], shown: usize) -> (usize, Vec<Vec<f64>>) {
    let of = |design: usize| fan(&rows[design].trials, &plan.sweep.quantiles);
    let cost = |design: &usize| rows[*design].means[COST].map_or(f64::INFINITY, |cost| cost.mean);
    let mut below: Vec<usize> =
        (0..rows.len()).filter(|one| rows[*one].on_front && cost(one) < cost(&shown)).collect();
    below.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    std::iter::once(shown)
        .chain(below)
        .map(|design| (design, of(design)))
        .find(|(_, fan)| fan.iter().flatten().any(|value| *value > 0.0))
        .unwrap_or_else(|| (shown, of(shown)))
}

fn fan(trials: &[UnitResult], quantiles: &[f64]) -> Vec<Vec<f64>> {
    let points = trials.first().map_or(0, |one| one.fan.len());
    let at = |point: usize| {
        let mut values: Vec<f64> =
            trials.iter().filter_map(|one| one.fan.get(point).copied()).collect();
        values.sort_by(f64::total_cmp);
        quantiles.iter().map(|share| quantile(&values, *share)).collect()
    };
    (0..points).map(at).collect()
}
