//! Supply that swings while demand does not.
//!
//! # Rule
//! A turning point is a size at which supply changes direction. Three turning points in a row are a
//! swing when demand stayed within a band of [`STEADY`] over them: supply went away and came back
//! for no reason that demand gave. One swing is a flap; regular ones are a sawtooth, with a period
//! (first to third turning point) and an amplitude: at least [`TEETH`] swings of which at least
//! [`MOST`] take the median period, a quarter more or less.
//! # Assumes
//! Supply is a step function, demand a mean over each step.
//! # Breaks
//! A policy that follows noise of more than the band is not found here; instability tells it.
//! # Source
//! Definition of this tool, after "thrashing" in the Kubernetes documentation of the horizontal pod
//! autoscaler.

use super::median;

/// The largest demand over the smallest of a time that counts as steady.
const STEADY: f64 = 1.25;

/// Fewest swings of a sawtooth: two up and two down.
const TEETH: u32 = 4;
/// Share of a sawtooth's swings that are regular.
const MOST: f64 = 0.75;
/// How far a regular swing is from the median period at most, as a part of it.
const NEAR: f64 = 0.25;

/// What swings a supply had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swings {
    /// How many.
    pub count: u32,
    /// Median time from one extreme to the next one of the same kind, in steps.
    pub period: f64,
    /// Median distance between the extremes.
    pub amplitude: f64,
    /// Share of the swings whose period is the median one, a quarter more or less; 0–1.
    pub regular: f64,
}

impl Swings {
    /// Whether they are a sawtooth and no mere flapping.
    pub fn is_sawtooth(&self) -> bool {
        self.count >= TEETH && self.regular >= MOST
    }
}

/// The swings of a supply over equal steps; `None` when there is none.
pub fn swings(demand: &[f64], supply: &[f64]) -> Option<Swings> {
    // Extremes: where a move is followed by one in the other direction, and both ends.
    let mut extremes: Vec<(usize, f64)> = Vec::new();
    let mut last_move = 0.0_f64;
    for (step, pair) in supply.windows(2).enumerate() {
        let change = pair[1] - pair[0];
        if change == 0.0 {
            continue;
        }
        if change * last_move <= 0.0 {
            extremes.push((step, pair[0]));
        }
        last_move = change;
    }
    if let Some(last) = supply.last() {
        extremes.push((supply.len() - 1, *last));
    }
    let steady = |from: usize, to: usize| {
        let range = demand.get(from..=to).unwrap_or_default();
        let low = range.iter().copied().fold(f64::INFINITY, f64::min);
        let high = range.iter().copied().fold(0.0, f64::max);
        high <= low * STEADY
    };
    let found: Vec<(f64, f64)> = extremes
        .windows(3)
        .filter(|three| steady(three[0].0 + 1, three[2].0))
        .map(|three| ((three[2].0 - three[0].0) as f64, (three[1].1 - three[0].1).abs()))
        .collect();
    let of = |pick: fn(&(f64, f64)) -> f64| median(&found.iter().map(pick).collect::<Vec<f64>>());
    let (period, amplitude) = (of(|swing| swing.0)?, of(|swing| swing.1)?);
    let near = found.iter().filter(|swing| (swing.0 - period).abs() <= NEAR * period).count();
    let regular = near as f64 / found.len() as f64;
    Some(Swings { count: found.len() as u32, period, amplitude, regular })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sawtooth_has_its_period_and_amplitude() {
        // Up by four after three steps, back after three: extremes every three steps.
        let supply: Vec<f64> =
            (0..40).map(|step| if step / 3 % 2 == 0 { 2.0 } else { 6.0 }).collect();
        let found = swings(&[5.0; 40], &supply).unwrap();
        assert_eq!((found.period, found.amplitude), (6.0, 4.0));
        assert!(found.count >= 11, "{found:?}");
        assert!(found.is_sawtooth());
    }

    #[test]
    fn irregular_swings_are_flapping() {
        // Away for 1, 9, 2, 14, 1 steps: no two alike.
        let mut supply = Vec::new();
        for (index, steps) in [5, 1, 3, 9, 30, 2, 4, 14, 1, 1, 8].into_iter().enumerate() {
            supply.extend(vec![if index % 2 == 0 { 2.0 } else { 5.0 }; steps]);
        }
        let found = swings(&vec![1.0; supply.len()], &supply).unwrap();
        assert!(found.count >= 8 && !found.is_sawtooth(), "{found:?}");
        let once = swings(&[1.0; 9], &[2.0, 2.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0]).unwrap();
        assert!(once.count == 1 && !once.is_sawtooth(), "one swing is a flap: {once:?}");
    }

    #[test]
    fn supply_that_follows_demand_does_not_swing() {
        let demand: Vec<f64> =
            (0..40).map(|step| if step / 10 % 2 == 0 { 2.0 } else { 6.0 }).collect();
        assert_eq!(swings(&demand, &demand), None);
        assert_eq!(swings(&[5.0; 40], &[5.0; 40]), None);
        let rises: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(swings(&[5.0; 40], &rises), None);
    }
}
