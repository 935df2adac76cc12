//! Cards from measurements: uncertain values move to where predictions meet the rows.
//!
//! # Rule
//! Gauss and Newton's steps on the logarithms of values and of gated quantities, with each value's
//! uncertainty as its prior, so that what the rows do not tell stays where it was and as uncertain
//! as it was. Steps are halved until they help. Where a kind of quantity is missed by more than
//! repeats scatter, its deviation is what it is missed by (variance components, found in turn with
//! the values): a kind that the model predicts badly does not bend what the others tell. Intervals
//! come from the last slopes.
//! # Assumes
//! Quantities are smooth in the logarithms of values; slopes are taken again after large moves.
//! # Breaks
//! A row whose limit changes from one resource to another within a step: the step is halved then.
//! # Source
//! Bard, *Nonlinear Parameter Estimation* (1974), chapters 5 and 7.

use super::fit::CORRELATED;
use super::predict::{Prediction, Repeatability, compare, values_at};
use super::rows::{Row, scenario_of};
use super::slopes::{Bench, Measured, data};
use super::squares::Squares;
use crate::analysis::DEVIATE_80;
use crate::error::{Error, Result, nearest_word};
use crate::scenario::LoadOptions;
use crate::scenario::cards::{Cards, Change, rounded};
use nalgebra::DVector;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Cards that meet rows, and how well they do.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// The rows.
    pub rows: Vec<Row>,
    /// All values that were varied.
    pub values: Vec<Calibrated>,
    /// Pairs of values (as indices) whose correlation is 0.5 or more either way.
    pub correlations: Vec<(usize, usize, f64)>,
    /// What was fitted to.
    pub data: Vec<Datum>,
    /// Squared misfit over degrees of freedom before and after: 1 is as good as repeats allow.
    pub misfit: [f64; 2],
}

/// A value of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// `KIND/CARD/KEY`.
    pub name: String,
    /// Its text before and after.
    pub was: String,
    /// See `was`.
    pub is: String,
    /// It lies within this factor of the text in 80 % of cases: before, and after the rows.
    pub before: f64,
    /// See `before`.
    pub after: f64,
    /// Whether the rows say anything of it; its text and uncertainty stay otherwise.
    pub told: bool,
}

/// A measured quantity that was fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Index of the row.
    pub row: usize,
    /// The column's name.
    pub quantity: &'static str,
    /// Measured.
    pub measured: f64,
    /// Predicted with the cards as they were, and as they are now.
    pub before: f64,
    /// See `before`.
    pub after: f64,
}

/// Most steps, and most halvings of one.
const STEPS: usize = 8;
const HALVINGS: usize = 4;
/// A step that gains less than this share of the loss is the last.
const GAIN: f64 = 0.01;
/// Slopes are taken again when a value has moved by more than this factor since the last time.
const FAR: f64 = 1.25;
/// Most times that deviations are found again, and the factor within which they stay.
const REWEIGHINGS: usize = 3;
const NEAR: f64 = 1.2;
/// Data of which fewer than this share are left tell nothing of their own deviation.
const LEAST_FREE: f64 = 0.25;
/// A value whose interval shrinks by less than this share is not told by the rows.
const TOLD: f64 = 0.05;

/// Fits the uncertain values of all cards that rows use, or those whose `KIND/CARD/KEY` begins with
/// one of `vary`; `tell` gets a sentence at every step.
///
/// # Errors
/// Rows whose scenarios do not pass their checks, rows without anything to fit to, and a word of
/// `vary` that no uncertain value begins with.
pub fn calibrate(
    rows: Vec<Row>,
    vary: &[String],
    rigs: Option<&Path>,
    options: &LoadOptions,
    tell: &dyn Fn(&str),
) -> Result<Calibration> {
    let candidates = candidates(&titles(&rows, rigs, options)?, vary, options)?;
    let scatter = Repeatability::read(options)?;
    let predictions = first(&rows, rigs, options, &scatter)?;
    let data = data(&rows, &predictions);
    if data.is_empty() {
        let words = "nothing to fit to in these rows: throughput of a saturated row, publish \
                     latency of a paced one, lag of a slow group, or CPU";
        return Err(Error::usage(words));
    }
    tell(&format!(
        "{} measurements of {} rows, {} values",
        data.len(),
        rows.len(),
        candidates.len()
    ));
    let subject = Measured { rows: &rows, rigs, options };
    let bench = Bench { subject: &subject, scatter: &scatter };
    let fitted = solve(&bench, &data, candidates, options, tell)?;
    Ok(Calibration { rows, ..fitted })
}

/// Finds the values by which the data are met; the rows are the caller's to add.
pub(super) fn solve(
    bench: &Bench<'_>,
    data: &[&Prediction],
    candidates: Vec<(String, f64)>,
    options: &LoadOptions,
    tell: &dyn Fn(&str),
) -> Result<Calibration> {
    let (names, priors): (Vec<String>, Vec<f64>) = candidates.into_iter().unzip();
    let start = DVector::from_iterator(data.len(), data.iter().map(|one| one.predicted));
    let moved = DVector::zeros(names.len());
    let squares = bench.squares(data, &names, priors.clone(), [&start, &moved])?;
    let found = Found { moved, predicted: start.clone(), squares };
    let found = descend(bench, data, &names, found, tell)?;
    let found = reweighed(bench, data, &names, found, tell)?;
    let covariance = found.squares.covariance(|_| true);
    let cards = Cards::new(options.cards.clone(), BTreeMap::new());
    let values = names.iter().enumerate().map(|(index, name)| {
        let spread = covariance[(index, index)].sqrt();
        let told = spread < (1.0 - TOLD) * priors[index];
        let (title, key) = name.rsplit_once('/').unwrap_or((name, ""));
        let was = cards.value(title, key).unwrap_or_default();
        let is = if told { rounded(&was, libm::exp(found.moved[index])) } else { was.clone() };
        let [before, after] = [priors[index], if told { spread } else { priors[index] }]
            .map(|spread| libm::exp(spread * DEVIATE_80));
        Calibrated { name: name.clone(), was, is, before, after, told }
    });
    let values: Vec<Calibrated> = values.collect();
    let fitted = data.iter().zip(&found.predicted).map(|(one, after)| Datum {
        row: one.row,
        quantity: one.quantity,
        measured: one.measured,
        before: one.predicted,
        after: *after,
    });
    let free = (data.len() as f64 - found.squares.used(&covariance)).max(1.0);
    let misfit = [bench.misfits(data, &start), bench.misfits(data, &found.predicted)]
        .map(|misfits| misfits.norm_squared() / free);
    let mut correlations = Squares::correlations(&covariance, CORRELATED);
    correlations.retain(|(first, second, _)| values[*first].told && values[*second].told);
    Ok(Calibration { correlations, values, data: fitted.collect(), misfit, rows: Vec::new() })
}

/// The cards that rows use.
fn titles(rows: &[Row], rigs: Option<&Path>, options: &LoadOptions) -> Result<BTreeSet<String>> {
    let mut titles = BTreeSet::new();
    for row in rows {
        titles.extend(scenario_of(row, rigs, options)?.scenario.cards.into_keys());
    }
    Ok(titles)
}

/// Uncertain values with the standard deviations of their logarithms.
pub(super) fn candidates(
    titles: &BTreeSet<String>,
    vary: &[String],
    options: &LoadOptions,
) -> Result<Vec<(String, f64)>> {
    let cards = Cards::new(options.cards.clone(), BTreeMap::new());
    let mut all = Vec::new();
    for title in titles {
        let uncertain = cards.uncertain(title).into_iter();
        all.extend(uncertain.map(|(key, spread)| (format!("{title}/{key}"), spread / DEVIATE_80)));
    }
    let begins = |name: &str, word: &String| name.starts_with(word.as_str());
    for word in vary {
        if !all.iter().any(|(name, _)| begins(name, word)) {
            let near = nearest_word(word, all.iter().map(|(name, _)| name.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let known: Vec<&str> = titles.iter().map(String::as_str).collect();
            let words = format!(
                "--vary {word}: no uncertain value of a card that the rows use begins so; they \
                 use {}{near}",
                known.join(", ")
            );
            return Err(Error::usage(words));
        }
    }
    all.retain(|(name, _)| vary.is_empty() || vary.iter().any(|word| begins(name, word)));
    Ok(all)
}

/// Predictions with the cards as they are.
fn first(
    rows: &[Row],
    rigs: Option<&Path>,
    options: &LoadOptions,
    scatter: &Repeatability,
) -> Result<Vec<Prediction>> {
    let made: Result<Vec<Vec<Prediction>>> = rows
        .par_iter()
        .enumerate()
        .map(|(index, row)| {
            let values = values_at(row, rigs, options, &[])?;
            Ok(compare(index, row, &[values], scatter))
        })
        .collect();
    Ok(made?.concat())
}

/// Where the descent ended.
struct Found {
    moved: DVector<f64>,
    predicted: DVector<f64>,
    squares: Squares,
}

fn descend(
    bench: &Bench<'_>,
    data: &[&Prediction],
    names: &[String],
    mut found: Found,
    tell: &dyn Fn(&str),
) -> Result<Found> {
    let mut slopes_at = found.moved.clone();
    for round in 1..=STEPS {
        let before = found.squares.loss(&found.moved);
        if !improve(bench, data, names, &mut found)? {
            break;
        }
        let after = found.squares.loss(&found.moved);
        tell(&format!("step {round}: misfit {before:.1} becomes {after:.1}"));
        if before - after < GAIN * before {
            break;
        }
        if (&found.moved - &slopes_at).amax() > libm::log(FAR) {
            let here = [&found.predicted, &found.moved];
            let priors = found.squares.priors.clone();
            found.squares = bench.squares(data, names, priors, here)?;
            slopes_at = found.moved.clone();
        }
    }
    Ok(found)
}

/// Finds in turn what each kind of quantity is missed by, and the values under these deviations.
fn reweighed(
    bench: &Bench<'_>,
    data: &[&Prediction],
    names: &[String],
    mut found: Found,
    tell: &dyn Fn(&str),
) -> Result<Found> {
    let mut before: BTreeMap<&'static str, f64> = BTreeMap::new();
    for _ in 0..REWEIGHINGS {
        let covariance = found.squares.covariance(|_| true);
        let free = 1.0 - found.squares.used(&covariance) / data.len() as f64;
        let misfits = bench.misfits(data, &found.predicted);
        let wider = missed_by(data, &misfits, free.max(LEAST_FREE));
        let at = |of: &BTreeMap<&'static str, f64>, kind| of.get(kind).copied().unwrap_or(1.0);
        let mut kinds = wider.keys().chain(before.keys());
        let near = |kind: &&'static str| at(&wider, *kind) / at(&before, *kind);
        if kinds.all(|kind| (1.0 / NEAR..NEAR).contains(&near(kind))) {
            break;
        }
        let scatter = bench.scatter.widened(&wider);
        for (index, one) in data.iter().enumerate() {
            let factor = at(&before, one.quantity) / at(&wider, one.quantity);
            found.squares.slopes.row_mut(index).scale_mut(factor);
        }
        let weighed = Bench { scatter: &scatter, ..*bench };
        found.squares.misfits = weighed.misfits(data, &found.predicted);
        found = descend(&weighed, data, names, found, tell)?;
        before = wider;
    }
    Ok(found)
}

/// By which factor each kind of quantity is missed by more than its repeats scatter; `free` is the
/// share of data that is left after the values are found.
fn missed_by(
    data: &[&Prediction],
    misfits: &DVector<f64>,
    free: f64,
) -> BTreeMap<&'static str, f64> {
    let mut sums: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    for (one, misfit) in data.iter().zip(misfits) {
        let sum = sums.entry(one.quantity).or_default();
        *sum = (sum.0 + misfit * misfit, sum.1 + free);
    }
    let factor = |(square, count): (f64, f64)| (square / count.max(1.0)).sqrt();
    let wider = sums.into_iter().map(|(kind, sum)| (kind, factor(sum)));
    wider.filter(|(_, factor)| *factor > 1.0).collect()
}

/// Takes one step, halved until it helps; says whether any did.
fn improve(
    bench: &Bench<'_>,
    data: &[&Prediction],
    names: &[String],
    found: &mut Found,
) -> Result<bool> {
    let before = found.squares.loss(&found.moved);
    let mut step = found.squares.step(|_| true, &found.moved);
    for _ in 0..HALVINGS {
        let moved = &found.moved + &step;
        let predicted = bench.at(data, names, &moved)?;
        let mut squares = found.squares.clone();
        squares.misfits = bench.misfits(data, &predicted);
        if squares.loss(&moved) < before {
            *found = Found { moved, predicted, squares };
            return Ok(true);
        }
        step /= 2.0;
    }
    Ok(false)
}

impl Calibration {
    /// The factors by which values that are told have moved.
    pub fn factors(&self) -> Vec<(String, f64)> {
        let number = |text: &str| -> Option<f64> {
            let mut words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
            words.find_map(|word| word.parse().ok())
        };
        let factor = |one: &Calibrated| {
            let (was, is) = (number(&one.was)?, number(&one.is)?);
            (one.told && was > 0.0).then(|| (one.name.clone(), is / was))
        };
        self.values.iter().filter_map(factor).collect()
    }

    /// Cards with what the rows tell, as (`KIND/CARD`, text); `date` is written beside new values.
    ///
    /// # Errors
    /// A card that has vanished meanwhile.
    pub fn cards(&self, options: &LoadOptions, date: &str) -> Result<Vec<(String, String)>> {
        let rows: BTreeSet<&str> =
            self.data.iter().map(|datum| self.rows[datum.row].id.as_str()).collect();
        let source = format!("fitted on rows {}", rows.into_iter().collect::<Vec<_>>().join(", "));
        let mut changes: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
        for one in self.values.iter().filter(|one| one.told) {
            let (title, key) = one.name.rsplit_once('/').unwrap_or((&one.name, ""));
            changes.entry(title).or_default().push(Change {
                key: key.to_owned(),
                value: one.is.clone(),
                uncertainty: format!("×/÷ {:.2}", one.after.max(1.01)),
                source: source.clone(),
            });
        }
        let cards = Cards::new(options.cards.clone(), BTreeMap::new());
        let text = |(title, changes): (&str, Vec<Change>)| {
            Ok((title.to_owned(), cards.rewritten(title, date, &changes)?))
        };
        changes.into_iter().map(text).collect()
    }
}
