//! Least squares with priors around the values of cards (Bard, *Nonlinear Parameter Estimation*,
//! 1974, chapter 7).

use nalgebra::{DMatrix, DVector};

/// What data say about values, linear in the logarithms of both.
#[derive(Debug, Clone)]
pub(super) struct Squares {
    /// Derivatives of logarithms over their standard deviations: a row per datum, a column per
    /// value.
    pub slopes: DMatrix<f64>,
    /// Logarithms of predicted over measured, over their standard deviations.
    pub misfits: DVector<f64>,
    /// Standard deviations of the values' logarithms before the data.
    pub priors: Vec<f64>,
}

impl Squares {
    /// The covariance of the values' logarithms by the data that are kept.
    pub(super) fn covariance(&self, keep: impl Fn(usize) -> bool) -> DMatrix<f64> {
        let precisions = self.priors.iter().map(|spread| 1.0 / (spread * spread));
        let mut normal =
            DMatrix::from_diagonal(&DVector::from_iterator(self.priors.len(), precisions));
        for datum in (0..self.slopes.nrows()).filter(|datum| keep(*datum)) {
            let row = self.slopes.row(datum);
            normal += row.transpose() * row;
        }
        // The prior makes it positive definite.
        let count = self.priors.len();
        normal.try_inverse().unwrap_or_else(|| DMatrix::zeros(count, count))
    }

    /// How many values the data fix: the trace of the hat matrix.
    pub(super) fn used(&self, covariance: &DMatrix<f64>) -> f64 {
        (&self.slopes * covariance * self.slopes.transpose()).trace()
    }

    /// Misfits larger than the scatter widen all intervals by this (the square of Birge's ratio).
    pub(super) fn birge(&self, covariance: &DMatrix<f64>) -> f64 {
        let free = self.misfits.len() as f64 - self.used(covariance);
        (self.misfits.norm_squared() / free.max(1.0)).max(1.0)
    }

    /// The step of Gauss and Newton by the data that are kept, from where the values' logarithms
    /// have `moved` away from the middle of their priors.
    pub(super) fn step(
        &self,
        keep: impl Fn(usize) -> bool + Copy,
        moved: &DVector<f64>,
    ) -> DVector<f64> {
        let pull = moved.iter().zip(&self.priors).map(|(moved, spread)| moved / (spread * spread));
        let mut gradient = DVector::from_iterator(self.priors.len(), pull);
        for datum in (0..self.slopes.nrows()).filter(|datum| keep(*datum)) {
            gradient += self.slopes.row(datum).transpose() * self.misfits[datum];
        }
        -(self.covariance(keep) * gradient)
    }

    /// What is to be made small: squared misfits, and squared moves over the priors.
    pub(super) fn loss(&self, moved: &DVector<f64>) -> f64 {
        let pull = moved.iter().zip(&self.priors).map(|(moved, spread)| moved / spread);
        self.misfits.norm_squared() + pull.map(|one| one * one).sum::<f64>()
    }

    /// Pairs of values (as indices) whose correlation is at least `least` either way.
    pub(super) fn correlations(covariance: &DMatrix<f64>, least: f64) -> Vec<(usize, usize, f64)> {
        let mut pairs = Vec::new();
        for first in 0..covariance.nrows() {
            for second in first + 1..covariance.nrows() {
                let product = covariance[(first, first)] * covariance[(second, second)];
                let share = covariance[(first, second)] / product.sqrt();
                if share.abs() >= least {
                    pairs.push((first, second, share));
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two data that both see the sum of two values, and one that sees the third alone.
    fn three() -> Squares {
        let slopes = [[10.0, 10.0, 0.0], [10.0, 10.0, 0.0], [0.0, 0.0, 10.0]].concat();
        Squares {
            slopes: DMatrix::from_row_slice(3, 3, &slopes),
            misfits: DVector::from_row_slice(&[1.0, 1.0, 2.0]),
            priors: vec![libm::log(1.7) / 1.281_55; 3],
        }
    }

    #[test]
    fn a_sum_that_alone_is_seen_makes_its_parts_correlated() {
        let covariance = three().covariance(|_| true);
        let pairs = Squares::correlations(&covariance, 0.5);
        assert_eq!(pairs.len(), 1);
        assert!(pairs[0].2 < -0.9, "{pairs:?}");
        assert!(covariance[(0, 2)].abs() < 1e-9);
        // 1 / (10² + 1 / 0.414²) by hand.
        assert!((covariance[(2, 2)] - 1.0 / (100.0 + 5.832)).abs() < 1e-5, "{covariance}");
        // Three data fix a little less than two values.
        let used = three().used(&covariance);
        assert!((1.8..2.0).contains(&used), "{used}");
    }

    #[test]
    fn without_its_datum_a_value_stays_where_the_prior_has_it() {
        let squares = three();
        let step = squares.step(|datum| datum != 2, &DVector::zeros(3));
        assert!(step[2].abs() < 1e-12 && step[0] < 0.0, "{step}");
    }

    #[test]
    fn a_value_that_no_datum_holds_goes_back_to_the_middle_of_its_prior() {
        let squares = three();
        let moved = DVector::from_row_slice(&[0.0, 0.0, 0.3]);
        let step = squares.step(|datum| datum != 2, &moved);
        assert!((step[2] + 0.3).abs() < 1e-9, "{step}");
    }
}
