//! How predictions move with values of cards: each value is varied by itself, and every row is
//! simulated again.

use super::gates::gated;
use super::predict::{Prediction, Repeatability, values_at};
use super::rows::Row;
use super::squares::Squares;
use crate::error::Result;
use crate::scenario::LoadOptions;
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Values are varied by this factor up and down.
const STEP: f64 = 1.1;

/// What is simulated again and again: rows of runs, or hours of a cluster's metrics.
pub(super) trait Subject: Sync {
    /// Quantities of one of them when values of cards are multiplied by factors.
    ///
    /// # Errors
    /// Its scenario does not pass its checks.
    fn values(
        &self,
        index: usize,
        factors: &[(String, f64)],
    ) -> Result<BTreeMap<&'static str, f64>>;
    /// Half the unit in which a measurement was printed.
    fn half_unit(&self, index: usize, quantity: &str) -> f64;
}

/// Rows, and where their rigs are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured<'a> {
    pub rows: &'a [Row],
    pub rigs: Option<&'a Path>,
    pub options: &'a LoadOptions,
}

impl Subject for Measured<'_> {
    fn values(
        &self,
        index: usize,
        factors: &[(String, f64)],
    ) -> Result<BTreeMap<&'static str, f64>> {
        values_at(&self.rows[index], self.rigs, self.options, factors)
    }
    fn half_unit(&self, index: usize, quantity: &str) -> f64 {
        self.rows[index].half_unit(quantity)
    }
}

/// A subject, and how much its quantities scatter.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub subject: &'a dyn Subject,
    pub scatter: &'a Repeatability,
}

/// The gated quantities among predictions: what a fit looks at.
pub(super) fn data<'p>(rows: &[Row], predictions: &'p [Prediction]) -> Vec<&'p Prediction> {
    predictions
        .iter()
        .filter(|one| gated(&rows[one.row], one))
        .filter(|one| one.predicted > 0.0 && one.measured > 0.0)
        .collect()
}

/// The rows of some data, each once.
pub(super) fn rows_of(data: &[&Prediction]) -> Vec<usize> {
    let mut rows: Vec<usize> = data.iter().map(|one| one.row).collect();
    rows.dedup();
    rows
}

/// Factors on the values that have moved.
fn factors(names: &[String], moved: &DVector<f64>) -> Vec<(String, f64)> {
    let moved = names.iter().zip(moved).filter(|(_, by)| **by != 0.0);
    moved.map(|(name, by)| (name.clone(), libm::exp(*by))).collect()
}

impl Bench<'_> {
    /// The least squares around the cards, or where their values have `moved` to (logarithms):
    /// slopes with these values, misfits of these data as predicted there.
    ///
    /// # Errors
    /// Rows whose scenarios do not pass their checks.
    pub(super) fn squares(
        &self,
        data: &[&Prediction],
        names: &[String],
        priors: Vec<f64>,
        [predicted, moved]: [&DVector<f64>; 2],
    ) -> Result<Squares> {
        let work: Vec<(usize, usize, f64)> = rows_of(data)
            .iter()
            .flat_map(|row| (0..names.len()).map(move |name| (*row, name)))
            .flat_map(|(row, name)| [(row, name, STEP), (row, name, 1.0 / STEP)])
            .collect();
        let varied: Result<Vec<_>> = work
            .par_iter()
            .map(|(row, name, factor)| {
                let mut factors = factors(names, moved);
                let own = factor * libm::exp(moved[*name]);
                factors.retain(|(other, _)| *other != names[*name]);
                factors.push((names[*name].clone(), own));
                self.subject.values(*row, &factors)
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
                slopes[(datum, *name)] = slope / self.scatter.of(one.quantity);
            }
        }
        Ok(Squares { slopes, misfits: self.misfits(data, predicted), priors })
    }

    /// What the data are predicted to be where values have `moved` to.
    ///
    /// # Errors
    /// Rows whose scenarios do not pass their checks.
    pub(super) fn at(
        &self,
        data: &[&Prediction],
        names: &[String],
        moved: &DVector<f64>,
    ) -> Result<DVector<f64>> {
        let factors = factors(names, moved);
        let rows = rows_of(data);
        let runs: Result<Vec<_>> =
            rows.par_iter().map(|row| self.subject.values(*row, &factors)).collect();
        let runs = runs?;
        let value = |one: &&Prediction| {
            let place = rows.iter().position(|row| *row == one.row)?;
            runs[place].get(one.quantity).copied()
        };
        let values = data.iter().map(|one| value(one).unwrap_or(0.0));
        Ok(DVector::from_iterator(data.len(), values))
    }

    /// How far predictions are off.
    pub(super) fn misfits(&self, data: &[&Prediction], predicted: &DVector<f64>) -> DVector<f64> {
        let misfits = data.iter().zip(predicted).map(|(one, value)| self.misfit(one, *value));
        DVector::from_iterator(data.len(), misfits)
    }

    /// How far a prediction is off, over its standard deviation. A value printed in whole units is
    /// an interval; the misfit is the distance to it.
    fn misfit(&self, one: &Prediction, predicted: f64) -> f64 {
        let half = self.subject.half_unit(one.row, one.quantity);
        let low = (one.measured - half).max(f64::MIN_POSITIVE);
        let nearest = predicted.clamp(low, one.measured + half);
        libm::log(predicted.max(1e-9) / nearest) / self.scatter.of(one.quantity)
    }
}
