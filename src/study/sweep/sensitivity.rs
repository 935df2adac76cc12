//! Which uncertain input decides? From the trials that are there, without further ones.
//!
//! The trials of each design are sorted by an input and cut into groups of equal size. The chance
//! of violating in the lowest and in the highest group is what a tornado shows. The variance of
//! the groups' means over the variance of all is the first-order Sobol index: the share of the
//! variance that would go if the input were known. What groups differ by chance is subtracted.
//!
//! Source: Plischke, Borgonovo and Smith 2013, *Global sensitivity measures from given data*.

use super::merge::DesignRow;
use super::plan::Plan;
use super::unit::{LAG, UnitResult};

/// Groups: fifths show ends that are far enough apart and hold enough trials.
const GROUPS: usize = 5;
/// Fewest trials that say anything: five in each group.
const LEAST: usize = 25;

/// What an input does to the chance of violating and to the age of the lag.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Index of the input.
    pub input: usize,
    /// Its median in the lowest and in the highest fifth.
    pub ends: [f64; 2],
    /// Chance of violating in the lowest and the highest fifth, mean over designs.
    pub violation: [f64; 2],
    /// The same over all trials.
    pub overall: f64,
    /// Largest age of the lag in the lowest and the highest fifth, mean over designs.
    pub lag_s: [f64; 2],
    /// First-order Sobol index of the violation, mean over designs in which it varies; 0–1.
    pub index: f64,
    /// The same of the largest age of the lag.
    pub lag_index: f64,
}

/// Effects of all inputs that vary, the strongest first.
pub(super) fn effects(plan: &Plan, rows: &[DesignRow]) -> Vec<Effect> {
    let rows: Vec<&DesignRow> = rows.iter().filter(|row| row.trials.len() >= LEAST).collect();
    let inputs = 0..plan.sweep.uncertain.len();
    let mut effects: Vec<Effect> = inputs.filter_map(|input| effect(input, &rows)).collect();
    let swing = |one: &Effect| (one.violation[1] - one.violation[0]).abs();
    effects.sort_by(|a, b| swing(b).total_cmp(&swing(a)).then(b.lag_index.total_cmp(&a.lag_index)));
    effects
}

fn effect(input: usize, rows: &[&DesignRow]) -> Option<Effect> {
    let violated = |one: &UnitResult| f64::from(u8::from(!one.all_met()));
    let lag = |one: &UnitResult| one.measured[LAG].unwrap_or(0.0);
    let of = |value: &dyn Fn(&UnitResult) -> f64| -> Vec<Split> {
        rows.iter().filter_map(|row| split(&row.trials, input, value)).collect()
    };
    let (violation, lag) = (of(&violated), of(&lag));
    if violation.is_empty() {
        return None;
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let end = |splits: &[Split], high: usize| mean(splits.iter().map(|s| s.means[high]).collect());
    let index = |splits: &[Split]| mean(splits.iter().filter_map(|split| split.index).collect());
    Some(Effect {
        input,
        ends: [0, 1].map(|high| mean(violation.iter().map(|split| split.ends[high]).collect())),
        violation: [0, 1].map(|high| end(&violation, high)),
        overall: mean(violation.iter().map(|split| split.overall).collect()),
        lag_s: [0, 1].map(|high| end(&lag, high)),
        index: index(&violation),
        lag_index: index(&lag),
    })
}

/// An outcome over groups of an input.
struct Split {
    ends: [f64; 2],
    means: [f64; 2],
    overall: f64,
    index: Option<f64>,
}

fn split(trials: &[UnitResult], input: usize, value: &dyn Fn(&UnitResult) -> f64) -> Option<Split> {
    let mut sorted: Vec<(f64, f64)> =
        trials.iter().map(|one| (one.inputs[input], value(one))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    if sorted.first()?.0 == sorted.last()?.0 {
        return None;
    }
    let count = sorted.len();
    let cut = |group: usize| count * group / GROUPS;
    let groups: Vec<&[(f64, f64)]> = (0..GROUPS).map(|g| &sorted[cut(g)..cut(g + 1)]).collect();
    let mean = |pairs: &[(f64, f64)]| pairs.iter().map(|p| p.1).sum::<f64>() / pairs.len() as f64;
    let squares = |pairs: &[(f64, f64)], middle: f64| -> f64 {
        pairs.iter().map(|pair| (pair.1 - middle) * (pair.1 - middle)).sum()
    };
    let overall = mean(&sorted);
    let total = squares(&sorted, overall);
    let within: f64 = groups.iter().map(|group| squares(group, mean(group))).sum();
    // Analysis of variance: of the squares between groups, as much is chance as within them, per
    // degree of freedom (epsilon squared, Kelley 1935).
    let noise = within / (count - GROUPS) as f64;
    let between = total - within - noise * (GROUPS - 1) as f64;
    let middle = |group: &[(f64, f64)]| group[group.len() / 2].0;
    // Which of equal inputs come first is no effect: each counts with the mean of its equals.
    let even: Vec<(f64, f64)> = sorted
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|equal| equal.iter().map(|pair| (pair.0, mean(equal))).collect::<Vec<_>>())
        .collect();
    Some(Split {
        ends: [middle(groups[0]), middle(groups[GROUPS - 1])],
        means: [mean(&even[..cut(1)]), mean(&even[cut(GROUPS - 1)..])],
        overall,
        index: (total > 0.0).then(|| (between / total).clamp(0.0, 1.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    /// y = 3 a + b + 0 c with uniform inputs: indices are 0.9, 0.1 and 0.
    #[test]
    fn indices_of_a_sum_are_its_shares_of_the_variance() {
        let trials: Vec<UnitResult> = (0..4_000)
            .map(|trial| {
                let mut stream = Chance::new(Seed::new(5), trial).stream("inputs", "uniform");
                let inputs: Vec<f64> = (0..3).map(|_| stream.uniform()).collect();
                let measured = vec![None, None, Some(3.0 * inputs[0] + inputs[1])];
                let (unit, scenario) = (u64::from(trial), String::new());
                let (met, values, fan) = (vec![Some(true)], vec![None], Vec::new());
                UnitResult { unit, scenario, met, values, measured, inputs, fan }
            })
            .collect();
        let lag = |one: &UnitResult| one.measured[LAG].unwrap();
        let index = |input| split(&trials, input, &lag).unwrap().index.unwrap();
        // Fifths of a line keep 1 - 1/25 of its variance.
        assert!((index(0) - 0.9 * 0.96).abs() < 0.02, "{}", index(0));
        assert!((index(1) - 0.1 * 0.96).abs() < 0.02, "{}", index(1));
        assert!(index(2) < 0.005, "{}", index(2));
        let ends = split(&trials, 0, &lag).unwrap();
        assert!((ends.means[1] - ends.means[0] - 2.4).abs() < 0.1, "3 × (0.9 − 0.1)");
    }
}
