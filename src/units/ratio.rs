//! A share between 0 and 1.

use super::text::{self, Quantity, QuantityError, Unit};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A share in 0..=1: utilisation, quantile, loss.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Ratio(f64);

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);
    /// All of it.
    pub const ONE: Self = Self(1.0);

    /// A share, or `None` outside 0..=1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }
    /// The share nearest to `share`; NaN becomes zero.
    pub fn clamped(share: f64) -> Self {
        if share.is_nan() { Self::ZERO } else { Self(share.clamp(0.0, 1.0)) }
    }
    /// The share as a number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

const READ: &[Unit] = &[("", 1.0), ("%", 1.0)];

impl Quantity for Ratio {
    const NAME: &'static str = "share";
    const EXAMPLE: &'static str = "40 %";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let number = text::parse_one::<Self>(text, READ)?;
        // Divided, not multiplied by 0.01: 95 % is the double nearest to 0.95.
        let share = if text.trim_end().ends_with('%') { number / 100.0 } else { number };
        Self::new(share).ok_or_else(|| QuantityError::new::<Self>(text, "between 0 and 100 %"))
    }
    fn to_base(self) -> f64 {
        self.0
    }
    fn from_base(base: f64) -> Result<Self, QuantityError> {
        Self::new(base)
            .ok_or_else(|| QuantityError::new::<Self>(&base.to_string(), "between 0 and 1"))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} %", text::sig(self.0 * 100.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_between_zero_and_one() {
        assert_eq!(Ratio::parse("40 %").unwrap().get(), 0.4);
        assert_eq!(Ratio::parse("0.7").unwrap().get(), 0.7);
        for text in ["140 %", "-1", "1.01", "x"] {
            assert!(Ratio::parse(text).is_err(), "{text}");
        }
        assert_eq!(Ratio::clamped(f64::NAN), Ratio::ZERO);
        assert_eq!(Ratio::new(0.305).unwrap().to_string(), "30.5 %");
    }
}
