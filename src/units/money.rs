//! Money and money per hour, in US dollars.

use super::text::{self, Quantity, QuantityError, Unit, quantity};
use super::time::SimSpan;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Mul};

/// An amount in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Money(f64);

/// US dollars per hour.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct MoneyRate(f64);

impl Money {
    /// An amount in dollars; panics on NaN, infinite or negative ones, which only a defect of the
    /// program can make.
    pub fn of(dollars: f64) -> Self {
        assert!(dollars.is_finite() && dollars >= 0.0, "an amount of {dollars} dollars");
        Self(dollars)
    }
    /// The amount in dollars.
    pub const fn dollars(self) -> f64 {
        self.0
    }
}

impl MoneyRate {
    /// Dollars per hour.
    pub const fn per_hour(self) -> f64 {
        self.0
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// What a price per hour comes to over a span.
impl Mul<SimSpan> for MoneyRate {
    type Output = Money;
    fn mul(self, span: SimSpan) -> Money {
        Money(self.0 * span.as_secs_f64() / 3_600.0)
    }
}

const READ: &[Unit] = &[("USD", 1.0)];
const RATE_READ: &[Unit] = &[("USD/h", 1.0)];

quantity!(real Money: "price", "0.41 USD", READ);
quantity!(real MoneyRate: "price per hour", "0.41 USD/h", RATE_READ);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} USD", text::sig(self.0)))
    }
}

impl fmt::Display for MoneyRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} USD/h", text::sig(self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_per_hour_over_a_day() {
        let day = MoneyRate::parse("0.50 USD/h").unwrap() * SimSpan::from_secs(86_400);
        assert_eq!(day.dollars(), 12.0);
    }
}
