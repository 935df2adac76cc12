//! How well supply follows demand.
//!
//! Over n equal steps with demand d and supply s, both in members: accuracy `θ_U` = 100/n Σ max(d −
//! s, 0)/d and `θ_O` = 100/n Σ max(s − d, 0)/d; timeshare `τ_U` and `τ_O` = percent of steps below
//! and above the demand; instability v = percent of the n − 1 changes in which both do not move the
//! same way, of which k has supply moving up against demand and k' down; jitter = (changes of
//! supply − changes of demand) / n. Herbst et al., "Ready for Rain?" (2016); Bauer et al. (2018).

use std::cmp::Ordering;

/// Metrics of elasticity; percent where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elasticity {
    /// `θ_U`: what was missing, relative to demand; at most 100.
    pub accuracy_under: f64,
    /// `θ_O`: what was too much, relative to demand; unbounded.
    pub accuracy_over: f64,
    /// `τ_U`: time with too little.
    pub timeshare_under: f64,
    /// `τ_O`: time with too much.
    pub timeshare_over: f64,
    /// v: steps in which supply and demand do not move the same way.
    pub instability: f64,
    /// k: steps in which supply moves above the direction of demand.
    pub instability_over: f64,
    /// k': steps in which supply moves below the direction of demand.
    pub instability_under: f64,
    /// Changes of supply beyond those of demand, per step; negative is sluggish.
    pub jitter: f64,
}

/// Smallest value of a metric in a ratio, in percent.
const FLOOR: f64 = 1e-6;

/// The metrics of equal steps; `None` without two steps or with a demand that is not above 0.
pub fn elasticity(demand: &[f64], supply: &[f64]) -> Option<Elasticity> {
    let steps = demand.len().min(supply.len());
    let pairs = || demand.iter().copied().zip(supply.iter().copied());
    if steps < 2 || pairs().any(|(d, s)| d <= 0.0 || !d.is_finite() || !s.is_finite()) {
        return None;
    }
    let n = steps as f64;
    let share =
        |of: &dyn Fn(f64, f64) -> f64| 100.0 / n * pairs().map(|(d, s)| of(d, s)).sum::<f64>();
    let moves: Vec<(Ordering, Ordering)> = pairs()
        .zip(pairs().skip(1))
        .map(|((d, s), (next_d, next_s))| (next_d.total_cmp(&d), next_s.total_cmp(&s)))
        .collect();
    let percent = |of: &dyn Fn(Ordering, Ordering) -> bool| {
        let count = moves.iter().filter(|(d, s)| of(*d, *s)).count();
        100.0 * count as f64 / (n - 1.0)
    };
    let changes = |of: fn(&(Ordering, Ordering)) -> Ordering| {
        moves.iter().filter(|one| of(one) != Ordering::Equal).count() as f64
    };
    Some(Elasticity {
        accuracy_under: share(&|d, s| (d - s).max(0.0) / d),
        accuracy_over: share(&|d, s| (s - d).max(0.0) / d),
        timeshare_under: share(&|d, s| f64::from(u8::from(s < d))),
        timeshare_over: share(&|d, s| f64::from(u8::from(s > d))),
        instability: percent(&|d, s| d != s),
        instability_over: percent(&|d, s| s > d),
        instability_under: percent(&|d, s| s < d),
        jitter: (changes(|one| one.1) - changes(|one| one.0)) / n,
    })
}

impl Elasticity {
    /// The elastic speed-up over a baseline: the geometric mean of the four ratios of accuracy and
    /// timeshare. Zero over zero is 1; a single zero counts as 10⁻⁶ %.
    pub fn speed_up(&self, baseline: &Self) -> f64 {
        let ratio = |own: f64, other: f64| {
            if own <= 0.0 && other <= 0.0 { 1.0 } else { other.max(FLOOR) / own.max(FLOOR) }
        };
        let product = ratio(self.accuracy_under, baseline.accuracy_under)
            * ratio(self.accuracy_over, baseline.accuracy_over)
            * ratio(self.timeshare_under, baseline.timeshare_under)
            * ratio(self.timeshare_over, baseline.timeshare_over);
        product.sqrt().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const DEMAND: [f64; 10] = [4.0, 4.0, 6.0, 6.0, 8.0, 8.0, 4.0, 4.0, 2.0, 2.0];
    const SUPPLY: [f64; 10] = [4.0, 4.0, 4.0, 6.0, 6.0, 8.0, 8.0, 4.0, 4.0, 2.0];

    #[test]
    fn e1_one_step_of_delay_against_a_fixed_size() {
        let found = elasticity(&DEMAND, &SUPPLY).unwrap();
        assert_relative_eq!(found.accuracy_under, 5.8333, epsilon = 1e-4);
        assert_relative_eq!(found.accuracy_over, 20.0);
        assert_relative_eq!(found.timeshare_under, 20.0);
        assert_relative_eq!(found.timeshare_over, 20.0);
        assert_relative_eq!(found.instability, 88.89, epsilon = 1e-2);
        assert_relative_eq!(found.instability_over, 44.44, epsilon = 1e-2);
        assert_relative_eq!(found.instability_under, 44.44, epsilon = 1e-2);
        assert_eq!(found.jitter, 0.0);
        let fixed = elasticity(&DEMAND, &[5.0; 10]).unwrap();
        assert_relative_eq!(fixed.accuracy_under, 10.833, epsilon = 1e-3);
        assert_relative_eq!(fixed.accuracy_over, 40.0);
        assert_relative_eq!(fixed.timeshare_under, 40.0);
        assert_relative_eq!(fixed.timeshare_over, 60.0);
        assert_relative_eq!(found.speed_up(&fixed), 2.1727, epsilon = 1e-4);
    }

    #[test]
    fn a_perfect_supply_is_finite_against_itself_and_others() {
        let perfect = elasticity(&DEMAND, &DEMAND).unwrap();
        assert_eq!(perfect.instability, 0.0);
        assert_eq!(perfect.speed_up(&perfect), 1.0);
        let late = elasticity(&DEMAND, &SUPPLY).unwrap();
        assert!(perfect.speed_up(&late).is_finite() && perfect.speed_up(&late) > 1.0);
        assert!(elasticity(&DEMAND[..1], &SUPPLY[..1]).is_none());
        assert!(elasticity(&[0.0; 3], &[1.0; 3]).is_none());
    }
}
