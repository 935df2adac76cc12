//! What the rows of a fit say about the values that were fitted to them.
//!
//! Each fitted value is varied by itself, every row is simulated again, and the logarithms of all
//! gated quantities are taken as linear in the logarithms of the values. With the scatter of
//! repeats as standard deviations, and the spread that a value had before it was fitted as its
//! prior, least squares gives the covariance of all values: their intervals, and which of them the
//! rows cannot tell apart (Bard, Nonlinear Parameter Estimation, 1974, chapter 7). Misfits larger
//! than the scatter widen it (Birge's ratio). A row is left out by the step of Gauss and Newton
//! that the least squares of all other rows take, and simulated where that leads.

use super::predict::{Prediction, Repeatability};
use super::rows::Row;
use super::slopes::{Bench, Measured, data, rows_of};
use super::squares::Squares;
use crate::analysis::DEVIATE_80;
use crate::error::Result;
use crate::scenario::LoadOptions;
use nalgebra::DVector;
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
pub(super) const CORRELATED: f64 = 0.5;
/// What the priors of all costs are uncertain by, in 80 % of cases (the cost cards say ×/÷ 1.7).
const PRIOR: f64 = 1.7;

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
    let mut data = data(rows, predictions);
    data.retain(|one| rows[one.row].split == "fit");
    if data.is_empty() || names.is_empty() {
        return Ok(Fit::default());
    }
    let scatter = Repeatability::read(options)?;
    let subject = Measured { rows, rigs, options };
    let bench = Bench { subject: &subject, scatter: &scatter };
    let before = libm::log(PRIOR) / DEVIATE_80;
    let predicted = DVector::from_iterator(data.len(), data.iter().map(|one| one.predicted));
    let here = DVector::zeros(names.len());
    let squares = bench.squares(&data, names, vec![before; names.len()], [&predicted, &here])?;
    let covariance = squares.covariance(|_| true);
    let birge = squares.birge(&covariance);
    let spread = |index: usize| (covariance[(index, index)] * birge).sqrt();
    let values = names.iter().enumerate().map(|(index, name)| Told {
        name: name.clone(),
        before: PRIOR,
        after: libm::exp(spread(index).min(before) * DEVIATE_80),
    });
    let correlations = Squares::correlations(&covariance, CORRELATED);
    let left_out =
        if leave_one_out { leave_out(&bench, &data, names, &squares)? } else { Vec::new() };
    Ok(Fit { values: values.collect(), correlations, left_out })
}

/// Each row at the values that the others lead to: the difference of two steps, since the cards'
/// values are where the fit to all rows was ended.
fn leave_out(
    bench: &Bench<'_>,
    data: &[&Prediction],
    names: &[String],
    squares: &Squares,
) -> Result<Vec<LeftOut>> {
    let here = DVector::zeros(names.len());
    let all = squares.step(|_| true, &here);
    let most = libm::log(PRIOR);
    let found: Result<Vec<Vec<LeftOut>>> = rows_of(data)
        .par_iter()
        .map(|row| {
            let moved = squares.step(|datum| data[datum].row != *row, &here) - &all;
            let factor = |(index, name): (usize, &String)| {
                (name.clone(), libm::exp(moved[index].clamp(-most, most)))
            };
            let factors: Vec<(String, f64)> = names.iter().enumerate().map(factor).collect();
            let values = bench.subject.values(*row, &factors)?;
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
