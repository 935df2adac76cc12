//! Gates: how good predictions must be, on which rows, and how good they are.

use super::predict::Prediction;
use super::rows::Row;
use crate::analysis::median;
use serde::Serialize;

/// One gate over the rows of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// What is judged.
    pub name: String,
    /// Which file's rows: `fit`, `holdout`.
    pub split: String,
    /// Measurements in it.
    pub n: usize,
    /// Reached; `None` without measurements.
    pub value: Option<f64>,
    /// Allowed.
    pub limit: f64,
    /// Whether it is met; `None` below eight measurements, which are reported and not judged.
    pub met: Option<bool>,
}

/// Fewest measurements that a gate needs.
const LEAST: usize = 8;

/// The error of a prediction as a share of the measured value: the distance to the interval in
/// which a value printed in whole units lies.
pub fn error(row: &Row, one: &Prediction) -> f64 {
    let half = match one.quantity {
        "lag_slope_records_s" => 0.0,
        quantity => row.half_unit(quantity),
    };
    let distance = ((one.predicted - one.measured).abs() - half).max(0.0);
    let share = distance / one.measured.abs().max(f64::MIN_POSITIVE);
    if one.predicted < one.measured { -share } else { share }
}

/// Whether a prediction counts for a gate: throughput of saturated rows, latency of paced ones.
pub fn gated(row: &Row, one: &Prediction) -> bool {
    match one.quantity {
        "records_s" => row.saturated(),
        "publish_p50_ms" | "publish_p99_ms" => !row.saturated(),
        "lag_slope_records_s" | "cpu_utilisation" => true,
        _ => false,
    }
}

/// All gates over the rows of one file.
pub(super) fn gates(split: &str, rows: &[Row], predictions: &[Prediction]) -> Vec<Gate> {
    let mine: Vec<&Prediction> =
        predictions.iter().filter(|one| rows[one.row].split == split).collect();
    let of = |quantity: &str| -> Vec<&Prediction> {
        let fits = |one: &&&Prediction| one.quantity == quantity && gated(&rows[one.row], one);
        mine.iter().filter(fits).copied().collect()
    };
    let errors = |list: &[&Prediction]| -> Vec<f64> {
        list.iter().map(|one| error(&rows[one.row], one).abs()).collect()
    };
    let throughput = of("records_s");
    let (p50, p99) = (of("publish_p50_ms"), of("publish_p99_ms"));
    let lag = errors(&of("lag_slope_records_s"));
    let paced: Vec<f64> = mine
        .iter()
        .filter(|one| one.quantity == "records_s" && !rows[one.row].saturated())
        .map(|one| f64::from(u8::from(one.saturated)))
        .collect();
    let ratios: Vec<f64> = p99.iter().map(|one| ratio(&rows[one.row], one)).collect();
    let all: Vec<&Prediction> = throughput.iter().chain(&p50).chain(&p99).copied().collect();
    let latencies: Vec<f64> =
        p50.iter().chain(&p99).map(|one| one.high80 / one.low80.max(1e-9)).collect();
    let widths: Vec<f64> =
        throughput.iter().map(|one| (one.high80 - one.low80) / one.predicted).collect();
    let rates = errors(&throughput);
    let most = rates.iter().copied().fold(0.0, f64::max);
    let gate = |name: &str, values: &[f64], limit: f64| {
        at_most(split, name, values.len(), median(values), limit)
    };
    let mut gates = vec![
        gate("throughput at saturation, median absolute error", &rates, 0.10),
        at_most(
            split,
            "throughput at saturation, largest absolute error",
            rates.len(),
            (!rates.is_empty()).then_some(most),
            0.25,
        ),
        at_most(
            split,
            "paced rows predicted as saturated, share",
            paced.len(),
            (!paced.is_empty()).then(|| paced.iter().sum::<f64>() / paced.len() as f64),
            0.0,
        ),
        gate("publish p50 below saturation, median absolute error", &errors(&p50), 0.20),
        gate("publish p99 below saturation, median ratio", &ratios, 1.5),
        gate("consumer lag slope when overloaded, median absolute error", &lag, 0.10),
        gate("80 % intervals of throughput, median width over value", &widths, 0.40),
        gate("80 % intervals of latency, median high over low", &latencies, 2.0),
    ];
    let cpu = of("cpu_utilisation");
    if !cpu.is_empty() {
        let points: Vec<f64> = cpu.iter().map(|one| (one.predicted - one.measured).abs()).collect();
        gates.push(gate(
            "CPU of the brokers' machines, median error in shares of it",
            &points,
            0.1,
        ));
    }
    gates.push(coverage(split, rows, &all));
    gates
}

/// A measurement is inside when the interval that its rounding leaves open meets the predicted one.
fn coverage(split: &str, rows: &[Row], all: &[&Prediction]) -> Gate {
    let meets = |one: &&&Prediction| {
        let half = rows[one.row].half_unit(one.quantity);
        one.low80 <= one.measured + half && one.measured - half <= one.high80
    };
    let inside = all.iter().filter(meets).count();
    let value = (!all.is_empty()).then(|| inside as f64 / all.len() as f64);
    Gate {
        name: "80 % intervals contain the measurement, share (0.7 to 0.9)".to_owned(),
        split: split.to_owned(),
        n: all.len(),
        value,
        limit: 0.7,
        met: value.filter(|_| all.len() >= LEAST).map(|share| (0.7..=0.9).contains(&share)),
    }
}

fn at_most(split: &str, name: &str, n: usize, value: Option<f64>, limit: f64) -> Gate {
    Gate {
        name: name.to_owned(),
        split: split.to_owned(),
        n,
        value,
        limit,
        met: value.filter(|_| n >= LEAST).map(|value| value <= limit),
    }
}

/// How far apart prediction and measurement are as a ratio, at least 1.
fn ratio(row: &Row, one: &Prediction) -> f64 {
    let half = row.half_unit(one.quantity);
    let (low, high) = (one.measured - half, one.measured + half);
    if one.predicted > high {
        one.predicted / high
    } else if one.predicted < low {
        low / one.predicted.max(1e-9)
    } else {
        1.0
    }
}
