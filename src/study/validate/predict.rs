//! Predictions of rows, with intervals.

use super::rows::{Row, scenario_of};
use crate::analysis::DEVIATE_80;
use crate::chance::{Chance, Seed, Stream};
use crate::error::Result;
use crate::metrics::Run;
use crate::scenario::LoadOptions;
use crate::scenario::cards::Cards;
use crate::study::make;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Points of the Latin hypercube over the uncertainties of the cards.
pub const POINTS: usize = 16;

/// What is compared: columns of a row.
pub const QUANTITIES: [&str; 12] = [
    "records_s",
    "publish_mean_ms",
    "publish_p50_ms",
    "publish_p95_ms",
    "publish_p99_ms",
    "publish_p999_ms",
    "consume_records_s_per_group",
    "e2e_p50_ms",
    "e2e_p99_ms",
    "lag_end_records",
    "lag_slope_records_s",
    "cpu_utilisation",
];

/// One quantity of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Index of the row.
    pub row: usize,
    /// The column's name.
    pub quantity: &'static str,
    /// Whether the row is predicted to run as fast as it can.
    pub saturated: bool,
    /// Measured.
    pub measured: f64,
    /// Predicted with the cards as they are.
    pub predicted: f64,
    /// 80 % of repeated measurements are expected between these.
    pub low80: f64,
    /// See `low80`.
    pub high80: f64,
}

/// The standard deviation between repeats of one measurement, as a share of its value, from the
/// card `repeatability/load-tools`.
#[derive(Debug, Clone)]
pub(super) struct Repeatability {
    throughput: f64,
    median: f64,
    p95: f64,
    tail: f64,
    /// Factors on kinds of quantities that predictions miss by more than repeats scatter.
    wider: BTreeMap<&'static str, f64>,
}

impl Repeatability {
    /// # Errors
    /// A card of the user's own that lacks a value.
    pub(super) fn read(options: &LoadOptions) -> Result<Self> {
        let cards = Cards::new(options.cards.clone(), BTreeMap::new());
        let number = |key| cards.number("repeatability/load-tools", key);
        Ok(Self {
            throughput: number("throughput")?,
            median: number("median")?,
            p95: number("p95")?,
            tail: number("tail")?,
            wider: BTreeMap::new(),
        })
    }

    /// The same with other deviations: a factor on each of these quantities'.
    pub(super) fn widened(&self, wider: &BTreeMap<&'static str, f64>) -> Self {
        let mut all = self.clone();
        for (quantity, factor) in wider {
            *all.wider.entry(quantity).or_insert(1.0) *= factor;
        }
        all
    }

    /// For means over an hour, which scatter as throughput does, whatever they are of.
    pub(super) fn of_hours(&self, quantities: &[&'static str]) -> Self {
        let factor = |one: &&'static str| (*one, self.throughput / self.of(one));
        self.widened(&quantities.iter().map(factor).collect())
    }

    /// The deviation of a quantity.
    pub(super) fn of(&self, quantity: &str) -> f64 {
        let repeats = match quantity {
            "records_s" | "consume_records_s_per_group" => self.throughput,
            "publish_p50_ms" | "publish_mean_ms" | "e2e_p50_ms" => self.median,
            // What a JVM compiles and collects differs from run to run.
            "publish_p95_ms" | "cpu_utilisation" => self.p95,
            _ => self.tail,
        };
        repeats * self.wider.get(quantity).copied().unwrap_or(1.0)
    }
}

/// What a row's quantities are when values of cards are multiplied by factors.
///
/// # Errors
/// A row whose scenario does not pass its checks.
pub(super) fn values_at(
    row: &Row,
    rigs: Option<&Path>,
    options: &LoadOptions,
    factors: &[(String, f64)],
) -> Result<BTreeMap<&'static str, f64>> {
    let mut options = options.clone();
    options.factors.extend(factors.iter().cloned());
    let checked = scenario_of(row, rigs, &options)?;
    let run = make(&checked.scenario, Seed::new(options.seed), 0);
    Ok(quantities(row, &run))
}

/// Predicts rows that may have no measurements yet.
///
/// # Errors
/// Rows whose scenarios do not pass their checks.
pub fn foresee(rows: &[Row], rigs: Option<&Path>, options: &LoadOptions) -> Result<Vec<Foreseen>> {
    let values = at_points(rows, rigs, options)?;
    let scatter = Repeatability::read(options)?;
    let points = values.chunks(POINTS + 1);
    let each = rows.iter().zip(points).enumerate();
    Ok(each.flat_map(|(index, (row, points))| expected(index, row, points, &scatter)).collect())
}

/// Predicts all rows and keeps what was measured.
///
/// # Errors
/// Rows whose scenarios do not pass their checks.
pub(super) fn predict(
    rows: &[Row],
    rigs: Option<&Path>,
    options: &LoadOptions,
) -> Result<Vec<Prediction>> {
    let values = at_points(rows, rigs, options)?;
    let scatter = Repeatability::read(options)?;
    let points = values.chunks(POINTS + 1);
    let each = rows.iter().zip(points).enumerate();
    Ok(each.flat_map(|(index, (row, points))| compare(index, row, points, &scatter)).collect())
}

/// What rows are with the cards as they are, and at each point of the hypercube, row by row.
fn at_points(
    rows: &[Row],
    rigs: Option<&Path>,
    options: &LoadOptions,
) -> Result<Vec<BTreeMap<&'static str, f64>>> {
    let mut plans = Vec::new();
    for row in rows {
        // Every scenario is checked before anything runs.
        let checked = scenario_of(row, rigs, options)?;
        plans.push(checked.scenario.cards.keys().cloned().collect::<Vec<String>>());
    }
    let titles: BTreeSet<&String> = plans.iter().flatten().collect();
    let columns = hypercube(&titles, options);
    let work: Vec<(usize, usize)> =
        (0..rows.len()).flat_map(|row| (0..=POINTS).map(move |point| (row, point))).collect();
    work.par_iter()
        .map(|(row, point)| {
            let factor = |point: usize| {
                columns.iter().map(move |(key, column)| (key.clone(), column[point]))
            };
            let factors: Vec<_> = point.checked_sub(1).into_iter().flat_map(factor).collect();
            values_at(&rows[*row], rigs, options, &factors)
        })
        .collect()
}

/// One column per uncertain value: each of the 16 strata once, in an order of its own, so that all
/// rows share the same points.
fn hypercube(titles: &BTreeSet<&String>, options: &LoadOptions) -> Vec<(String, Vec<f64>)> {
    let cards = Cards::new(options.cards.clone(), BTreeMap::new());
    let chance = Chance::new(Seed::new(options.seed), 0);
    let mut columns = Vec::new();
    for title in titles {
        for (key, spread) in cards.uncertain(title) {
            let name = format!("{title}/{key}");
            let mut stream = chance.stream(&name, "hypercube");
            let strata = shuffled(&mut stream);
            let column = strata.into_iter().map(|stratum| {
                let share = (stratum as f64 + stream.uniform()) / POINTS as f64;
                libm::exp(spread / DEVIATE_80 * normal_quantile(share))
            });
            columns.push((name, column.collect()));
        }
    }
    columns
}

fn shuffled(stream: &mut Stream) -> Vec<usize> {
    let mut strata: Vec<usize> = (0..POINTS).collect();
    for index in (1..POINTS).rev() {
        strata.swap(index, stream.index(index + 1));
    }
    strata
}

/// The normal deviate of a share in (0, 1).
fn normal_quantile(share: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, Normal};
    Normal::standard().inverse_cdf(share)
}

/// What a run says about the columns of a row.
fn quantities(row: &Row, run: &Run) -> BTreeMap<&'static str, f64> {
    let mut values = BTreeMap::new();
    let Some(load) = run.producers.get("load") else { return values };
    values.insert("records_s", load.records_s);
    if let Some(latency) = load.latency_ms {
        values.insert("publish_mean_ms", latency.mean);
        values.insert("publish_p50_ms", latency.p50);
        values.insert("publish_p95_ms", latency.p95);
        values.insert("publish_p99_ms", latency.p99);
        values.insert("publish_p999_ms", latency.p999);
    }
    let machines: Vec<f64> = run.brokers.values().map(|broker| broker.cpu.mean).collect();
    let cpu = machines.iter().sum::<f64>() / machines.len().max(1) as f64;
    values.insert("cpu_utilisation", cpu);
    let count = run.groups.len().max(1) as f64;
    if !run.groups.is_empty() {
        let rate = run.groups.values().map(|group| group.records_s).sum::<f64>() / count;
        values.insert("consume_records_s_per_group", rate);
        let slope = (load.records_s - rate).max(0.0);
        values.insert("lag_slope_records_s", slope);
        // The backlog of the tool's warm-up is in it.
        let seconds = row.number("duration_s").unwrap_or(0.0) + WARM_UP_S;
        let standing: f64 =
            run.groups.values().map(|group| group.processing_lag_records.mean).sum();
        let lag = if slope > 0.01 * load.records_s { slope * seconds } else { standing / count };
        values.insert("lag_end_records", lag * count);
        let slowest = run.groups.values().filter_map(|group| group.e2e_latency_ms);
        if let Some(latency) = slowest.reduce(|a, b| if a.p50 > b.p50 { a } else { b }) {
            // Below saturation latency is stationary; behind, it grows with the backlog.
            if slope <= 0.01 * load.records_s {
                values.insert("e2e_p50_ms", latency.p50);
                values.insert("e2e_p99_ms", latency.p99);
            }
        }
    }
    values
}

/// The OpenMessaging Benchmark runs a minute at full rate before it records.
const WARM_UP_S: f64 = 60.0;
/// A group behind the producers by more than this share is overloaded.
const OVERLOADED: f64 = 0.03;

fn measured(row: &Row, quantity: &str) -> Option<f64> {
    if quantity != "lag_slope_records_s" {
        return row.number(quantity).filter(|_| row.comparable(quantity));
    }
    let written = row.number("records_s")?;
    let read = row.number("consume_records_s_per_group")?;
    (read < (1.0 - OVERLOADED) * written).then_some(written - read)
}

/// What is expected of a row, whatever was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// Index of the row.
    pub row: usize,
    /// The column's name.
    pub quantity: &'static str,
    /// Whether the row is predicted to run as fast as it can.
    pub saturated: bool,
    /// Predicted with the cards as they are.
    pub predicted: f64,
    /// 80 % of repeated measurements are expected between these.
    pub low80: f64,
    /// See `low80`.
    pub high80: f64,
}

pub(super) fn compare(
    index: usize,
    row: &Row,
    points: &[BTreeMap<&'static str, f64>],
    scatter: &Repeatability,
) -> Vec<Prediction> {
    let with = |one: Foreseen| {
        Some(Prediction {
            row: one.row,
            quantity: one.quantity,
            saturated: one.saturated,
            measured: measured(row, one.quantity)?,
            predicted: one.predicted,
            low80: one.low80,
            high80: one.high80,
        })
    };
    expected(index, row, points, scatter).into_iter().filter_map(with).collect()
}

fn expected(
    index: usize,
    row: &Row,
    points: &[BTreeMap<&'static str, f64>],
    scatter: &Repeatability,
) -> Vec<Foreseen> {
    let mut found = Vec::new();
    let target = row.number("target_records_s");
    let reached = points[0].get("records_s").copied().unwrap_or(0.0);
    let saturated = target.is_none_or(|target| reached < 0.97 * target);
    for quantity in QUANTITIES {
        let Some(predicted) = points[0].get(quantity).copied() else { continue };
        let mut around: Vec<f64> = points[1..]
            .iter()
            .filter_map(|values| values.get(quantity))
            .map(|value| libm::log(value.max(1e-9) / predicted.max(1e-9)))
            .collect();
        around.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (around.len().max(1) - 1) as f64;
            let (below, part) = (place.floor() as usize, place.fract());
            let low = around.get(below).copied().unwrap_or(0.0);
            let high = around.get(below + 1).copied().unwrap_or(low);
            low + part * (high - low)
        };
        let noise = DEVIATE_80 * scatter.of(quantity);
        let half = |side: f64| (side * side + noise * noise).sqrt();
        found.push(Foreseen {
            row: index,
            quantity,
            saturated,
            predicted,
            low80: predicted * libm::exp(-half(at(0.1).min(0.0))),
            high80: predicted * libm::exp(half(at(0.9).max(0.0))),
        });
    }
    found
}
