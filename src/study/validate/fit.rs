//! What the rows of a fit say about the values that were fitted to them.
//!
//! Each fitted value is varied by itself, every row is simulated again, and the logarithms of all
//! gated quantities are taken as linear in the logarithms of the values. With the scatter of
//! repeats as standard deviations, and the spread that a value had before it was fitted as its
//! prior, least squares gives the covariance of all values: their intervals, and which of them the
//! rows cannot tell apart (Bard, Nonlinear Parameter Estimation, 1974, chapter 7). Misfits larger
//! than the scatter widen it (Birge's ratio). A row is left out by the step of Gauss and Newton
//! that the least squares of all other rows take, and simulated where that leads.

use super::gates::gated;
use super::predict::{DEVIATE_80, Prediction, Repeatability, values_at};
use super::rows::Row;
use crate::error::Result;
use crate::scenario::LoadOptions;
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use std::path::Path;

/// What the rows say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fit {
    /// The fitted values.
    pub values: Vec<Told>,
    /// Pairs of values (as indices) whose correlation is 0.5 or more either way.
    pub correlations: Vec<(usize, usize, f64)>,
    /// Rows predicted by the fit to all others; empty when that was not asked for.
    pub left_out: Vec<LeftOut>,
}

/// What the rows tell about one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// `KIND/CARD/KEY`.
    pub name: String,
    /// It lies within this factor of the card's value in 80 % of cases: before, and after the rows.
    pub before: f64,
    /// See `before`.
    pub after: f64,
}

/// A gated quantity of a row that was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Index of the row.
    pub row: usize,
    /// The column's name.
    pub quantity: &'static str,
    /// Measured.
    pub measured: f64,
    /// Predicted with the cards as they are, fitted to this row too.
    pub with: f64,
    /// Predicted by the fit to all other rows.
    pub without: f64,
}

/// Correlations below this are not told.
const CORRELATED: f64 = 0.5;
/// What the priors of all costs are uncertain by, in 80 % of cases (the cost cards say ×/÷ 1.7).
const PRIOR: f64 = 1.7;
/// Values are varied by this factor up and down.
const STEP: f64 = 1.1;

/// The least squares around the cards' values.
struct Squares {
    /// Derivatives of logarithms over their standard deviations: a row per datum, a column per
    /// value.
    slopes: DMatrix<f64>,
    /// Logarithms of predicted over measured, over their standard deviations.
    misfits: DVector<f64>,
}

/// Varies the fitted values around their cards and looks at rows marked `fit`.
///
/// # Errors
/// Rows whose scenarios do not pass their checks.
pub(super) fn fit(
    rows: &[Row],
    predictions: &[Prediction],
    names: &[String],
    rigs: Option<&Path>,
    options: &LoadOptions,
    leave_one_out: bool,
) -> Result<Fit> {
    let data: Vec<&Prediction> = predictions
        .iter()
        .filter(|one| rows[one.row].split == "fit" && gated(&rows[one.row], one))
        .filter(|one| one.predicted > 0.0 && one.measured > 0.0)
        .collect();
    if data.is_empty() || names.is_empty() {
        return Ok(Fit::default());
    }
    let scatter = Repeatability::read(options)?;
    let squares = squares(rows, &data, names, rigs, options, &scatter)?;
    let covariance = squares.covariance(|_| true);
    let used = squares.used(&covariance);
    let misfit = squares.misfits.norm_squared() / (data.len() as f64 - used).max(1.0);
    let spread = |index: usize| (covariance[(index, index)] * misfit.max(1.0)).sqrt();
    let before = libm::log(PRIOR) / DEVIATE_80;
    let values = names.iter().enumerate().map(|(index, name)| Told {
        name: name.clone(),
        before: PRIOR,
        after: libm::exp(spread(index).min(before) * DEVIATE_80),
    });
    let mut correlations = Vec::new();
    for first in 0..names.len() {
        for second in first + 1..names.len() {
            let product = covariance[(first, first)] * covariance[(second, second)];
            let share = covariance[(first, second)] / product.sqrt();
            if share.abs() >= CORRELATED {
                correlations.push((first, second, share));
            }
        }
    }
    let left_out = if leave_one_out {
        leave_out(rows, &data, names, rigs, options, &squares)?
    } else {
        Vec::new()
    };
    Ok(Fit { values: values.collect(), correlations, left_out })
}

/// The rows of some data, each once.
fn rows_of(data: &[&Prediction]) -> Vec<usize> {
    let mut rows: Vec<usize> = data.iter().map(|one| one.row).collect();
    rows.dedup();
    rows
}

fn squares(
    rows: &[Row],
    data: &[&Prediction],
    names: &[String],
    rigs: Option<&Path>,
    options: &LoadOptions,
    scatter: &Repeatability,
) -> Result<Squares> {
    let work: Vec<(usize, usize, f64)> = rows_of(data)
        .iter()
        .flat_map(|row| (0..names.len()).map(move |name| (*row, name)))
        .flat_map(|(row, name)| [(row, name, STEP), (row, name, 1.0 / STEP)])
        .collect();
    let varied: Result<Vec<_>> = work
        .par_iter()
        .map(|(row, name, factor)| {
            values_at(&rows[*row], rigs, options, &[(names[*name].clone(), *factor)])
        })
        .collect();
    let varied = varied?;
    let mut slopes = DMatrix::zeros(data.len(), names.len());
    for (datum, one) in data.iter().enumerate() {
        for (place, (row, name, factor)) in work.iter().enumerate() {
            if *row != one.row || *factor < 1.0 {
                continue;
            }
            let at = |place: usize| varied[place].get(one.quantity).copied().unwrap_or(0.0);
            let rise = libm::log(at(place).max(1e-9) / at(place + 1).max(1e-9));
            let slope = rise / (2.0 * libm::log(STEP));
            slopes[(datum, *name)] = slope / scatter.of(one.quantity);
        }
    }
    // A value printed in whole units is an interval; the misfit is the distance to it.
    let misfit = |one: &&Prediction| {
        let half = rows[one.row].half_unit(one.quantity);
        let low = (one.measured - half).max(f64::MIN_POSITIVE);
        let nearest = one.predicted.clamp(low, one.measured + half);
        libm::log(one.predicted / nearest) / scatter.of(one.quantity)
    };
    Ok(Squares { slopes, misfits: DVector::from_iterator(data.len(), data.iter().map(misfit)) })
}

impl Squares {
    /// The covariance of the values' logarithms by the data that are kept.
    fn covariance(&self, keep: impl Fn(usize) -> bool) -> DMatrix<f64> {
        let spread = libm::log(PRIOR) / DEVIATE_80;
        let count = self.slopes.ncols();
        let mut normal = DMatrix::from_diagonal_element(count, count, 1.0 / (spread * spread));
        for datum in (0..self.slopes.nrows()).filter(|datum| keep(*datum)) {
            let row = self.slopes.row(datum);
            normal += row.transpose() * row;
        }
        // The prior makes it positive definite.
        normal.try_inverse().unwrap_or_else(|| DMatrix::zeros(count, count))
    }

    /// How many values the data fix: the trace of the hat matrix.
    fn used(&self, covariance: &DMatrix<f64>) -> f64 {
        (&self.slopes * covariance * self.slopes.transpose()).trace()
    }

    /// The step of Gauss and Newton by the data that are kept.
    fn step(&self, keep: impl Fn(usize) -> bool + Copy) -> DVector<f64> {
        let mut gradient = DVector::zeros(self.slopes.ncols());
        for datum in (0..self.slopes.nrows()).filter(|datum| keep(*datum)) {
            gradient += self.slopes.row(datum).transpose() * self.misfits[datum];
        }
        -(self.covariance(keep) * gradient)
    }
}

/// Each row at the values that the others lead to: the difference of two steps, since the cards'
/// values are where the fit to all rows was ended.
fn leave_out(
    rows: &[Row],
    data: &[&Prediction],
    names: &[String],
    rigs: Option<&Path>,
    options: &LoadOptions,
    squares: &Squares,
) -> Result<Vec<LeftOut>> {
    let all = squares.step(|_| true);
    let most = libm::log(PRIOR);
    let found: Result<Vec<Vec<LeftOut>>> = rows_of(data)
        .par_iter()
        .map(|row| {
            let moved = squares.step(|datum| data[datum].row != *row) - &all;
            let factor = |(index, name): (usize, &String)| {
                (name.clone(), libm::exp(moved[index].clamp(-most, most)))
            };
            let factors: Vec<(String, f64)> = names.iter().enumerate().map(factor).collect();
            let values = values_at(&rows[*row], rigs, options, &factors)?;
            let of_row = data.iter().filter(|one| one.row == *row);
            let left = of_row.map(|one| LeftOut {
                row: *row,
                quantity: one.quantity,
                measured: one.measured,
                with: one.predicted,
                without: values.get(one.quantity).copied().unwrap_or(0.0),
            });
            Ok(left.collect())
        })
        .collect();
    Ok(found?.concat())
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
        }
    }

    #[test]
    fn a_sum_that_alone_is_seen_makes_its_parts_correlated() {
        let covariance = three().covariance(|_| true);
        let share = covariance[(0, 1)] / covariance[(0, 0)];
        assert!(share < -0.9, "{share}");
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
        let step = squares.step(|datum| datum != 2);
        assert!(step[2].abs() < 1e-12 && step[0] < 0.0, "{step}");
    }
}
