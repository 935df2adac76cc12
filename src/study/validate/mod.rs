//! How far predictions are from measurements: rows of published or own runs, each simulated on its
//! rig, with intervals, gates and baselines.

mod backtest;
mod baselines;
mod calibrate;
mod fit;
mod gates;
mod predict;
mod rows;
mod slopes;
mod squares;

pub use backtest::{BackTest, Hour, METRICS, backtest, hours};
pub use baselines::Baseline;
pub use calibrate::{Calibrated, Calibration, Datum, calibrate};
pub use fit::{Fit, LeftOut, Told};
pub use gates::{Gate, error, gated};
pub use predict::{Foreseen, POINTS, Prediction, QUANTITIES, foresee};
pub use rows::{COLUMNS, FURTHER, Row, read_rows, rig_text, scenario_of};

use crate::error::Result;
use crate::scenario::LoadOptions;
use crate::scenario::cards::Cards;
use std::collections::BTreeMap;
use std::path::Path;

/// A validation: predictions of all rows, and what to think of them.
#[derive(Debug, Clone)]
pub struct Validation {
    /// All rows, in the order of the files.
    pub rows: Vec<Row>,
    /// All comparisons, row by row.
    pub predictions: Vec<Prediction>,
    /// Gates by file.
    pub gates: Vec<Gate>,
    /// Baselines by file.
    pub baselines: Vec<Baseline>,
    /// Values that were fitted, with their cards' words on uncertainty and source.
    pub fitted: Vec<[String; 4]>,
    /// What the rows marked `fit` say about them; nothing without such rows.
    pub fit: Fit,
}

/// Validates rows against predictions; `leave_one_out` also predicts each row marked `fit` by the
/// fit to all others.
///
/// # Errors
/// Rows whose scenarios do not pass their checks.
pub fn validate(
    rows: Vec<Row>,
    rigs: Option<&Path>,
    options: &LoadOptions,
    leave_one_out: bool,
) -> Result<Validation> {
    let predictions = predict::predict(&rows, rigs, options)?;
    let mut splits: Vec<String> = rows.iter().map(|row| row.split.clone()).collect();
    splits.dedup();
    let gates = splits.iter().flat_map(|split| gates::gates(split, &rows, &predictions)).collect();
    let baselines =
        splits.iter().flat_map(|split| baselines::baselines(split, &rows, rigs, options)).collect();
    let fitted = fitted(&rows, rigs, options);
    let names: Vec<String> = fitted.iter().map(|[name, ..]| name.clone()).collect();
    let fit = fit::fit(&rows, &predictions, &names, rigs, options, leave_one_out)?;
    Ok(Validation { rows, predictions, gates, baselines, fitted, fit })
}

/// Values of the cards in use whose source says that they were fitted.
fn fitted(rows: &[Row], rigs: Option<&Path>, options: &LoadOptions) -> Vec<[String; 4]> {
    let mut titles = BTreeMap::new();
    for row in rows {
        if let Ok(checked) = scenario_of(row, rigs, options) {
            titles.extend(checked.scenario.cards);
        }
    }
    let cards = Cards::new(options.cards.clone(), BTreeMap::new());
    titles.keys().flat_map(|title| cards.fitted(title)).collect()
}
