//! Pairs of rows that differ in one thing: is the effect of a setting predicted?

use super::super::validate::{Prediction, Row};
use super::DESIGN;

/// The effect of one setting on one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Indices of the rows.
    pub rows: [usize; 2],
    /// The column in which they differ.
    pub column: &'static str,
    /// What is compared.
    pub quantity: &'static str,
    /// Logarithm of the second over the first: measured and predicted.
    pub measured: f64,
    /// See `measured`.
    pub predicted: f64,
}

/// An effect smaller than this (2 %) has no sign.
const NO_EFFECT: f64 = 0.02;

impl Pair {
    /// Whether the prediction goes the way of the measurement, or neither goes anywhere; an effect
    /// within `scatter` (the standard deviation between repeats of one measurement) has no sign.
    pub fn right(&self, scatter: f64) -> bool {
        let none = NO_EFFECT.max(2.0 * scatter * std::f64::consts::SQRT_2);
        if self.measured.abs() < none {
            return self.predicted.abs() < 2.0 * none;
        }
        self.measured * self.predicted > 0.0
    }
    /// How far the predicted ratio is from the measured one, as a logarithm.
    pub fn error(&self) -> f64 {
        self.predicted - self.measured
    }
}

/// All pairs whose rows differ in exactly one column of their design. Throughput is compared where
/// both are saturated, publish p50 and CPU where both are paced at one rate.
pub fn pairs(rows: &[Row], predictions: &[Prediction]) -> Vec<Pair> {
    let mut found = Vec::new();
    for first in 0..rows.len() {
        for second in first + 1..rows.len() {
            let Some(column) = only_difference(&rows[first], &rows[second]) else { continue };
            let saturated = [first, second].map(|row| rows[row].saturated());
            let quantities: &[&'static str] = match saturated {
                [true, true] => &["records_s"],
                [false, false] => &["publish_p50_ms", "cpu_utilisation"],
                _ => continue,
            };
            for quantity in quantities {
                let of = |row: usize| {
                    predictions.iter().find(|one| one.row == row && one.quantity == *quantity)
                };
                let (Some(a), Some(b)) = (of(first), of(second)) else { continue };
                let ratio = |a: f64, b: f64| libm::log(b.max(1e-9) / a.max(1e-9));
                found.push(Pair {
                    rows: [first, second],
                    column,
                    quantity,
                    measured: ratio(a.measured, b.measured),
                    predicted: ratio(a.predicted, b.predicted),
                });
            }
        }
    }
    found
}

/// The one column in which two designs differ; nobody's members are no difference.
fn only_difference(first: &Row, second: &Row) -> Option<&'static str> {
    let unread = [first, second].iter().any(|row| row.number("groups").unwrap_or(0.0) == 0.0);
    let mut differ = DESIGN.into_iter().filter(|column| {
        first.text(column) != second.text(column) && !(unread && *column == "members_per_group")
    });
    let column = differ.next()?;
    differ.next().is_none().then_some(column)
}

#[cfg(test)]
mod tests {
    use super::super::{Plan, Purpose};
    use super::*;
    use crate::units::SimSpan;

    #[test]
    fn the_table_of_validation_has_a_pair_for_everything_that_is_gated() {
        let plan = Plan::new(Purpose::Validate, 3, SimSpan::from_secs(900)).unwrap();
        let mut rows = plan.steps;
        let mut predictions = Vec::new();
        for (index, row) in rows.iter_mut().enumerate() {
            let rate = row.text("target_records_s").to_owned();
            row.set("records_s", if rate.is_empty() { "50000" } else { &rate });
            for quantity in ["records_s", "publish_p50_ms"] {
                predictions.push(Prediction {
                    row: index,
                    quantity,
                    saturated: rate.is_empty(),
                    measured: 2.0,
                    predicted: 1.0,
                    low80: 1.0,
                    high80: 1.0,
                });
            }
        }
        let found = pairs(&rows, &predictions);
        for column in
            ["acks", "replication_factor", "linger_ms", "partitions", "compression", "groups"]
        {
            assert!(found.iter().any(|pair| pair.column == column), "{column}: {found:?}");
        }
        assert!(found.iter().all(|pair| pair.error().abs() < 1e-12 && pair.right(0.05)));
    }

    #[test]
    fn signs_by_hand() {
        let pair = |measured: f64, predicted: f64| Pair {
            rows: [0, 1],
            column: "acks",
            quantity: "records_s",
            measured,
            predicted,
        };
        assert!(pair(-0.5, -0.1).right(0.05) && !pair(-0.5, 0.1).right(0.05));
        assert!(!pair(0.5, 0.0).right(0.05), "no effect is no sign");
        assert!(pair(0.05, -0.05).right(0.05), "both within the scatter");
        assert!(!pair(0.01, 0.9).right(0.05), "an effect that is not there");
    }
}
