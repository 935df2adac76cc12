//! Records, records per second, and how often things happen.

use super::bytes::{ByteRate, Bytes};
use super::text::{self, COUNT_PRINT, COUNT_READ, Quantity, QuantityError, Unit, quantity};
use super::time::SimSpan;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Mul};

/// A number of records.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Records(u64);

/// Records per second: finite and never negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct RecordRate(f64);

/// How often something happens, per second: `1 / month`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Frequency(f64);

impl Records {
    /// None.
    pub const ZERO: Self = Self(0);

    /// A count of records.
    pub const fn new(records: u64) -> Self {
        Self(records)
    }
    /// The count.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The count as a real number.
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }
}

impl RecordRate {
    /// No flow.
    pub const ZERO: Self = Self(0.0);

    /// A rate in records per second; panics on NaN, infinite or negative values, which only a
    /// defect of the program can make.
    pub fn per_sec(records: f64) -> Self {
        assert!(records.is_finite() && records >= 0.0, "a record rate of {records}");
        Self(records)
    }
    /// Records per second.
    pub const fn get(self) -> f64 {
        self.0
    }
    /// Records in a span, as a real number: the flow engine keeps fractions.
    pub fn over(self, span: SimSpan) -> f64 {
        self.0 * span.as_secs_f64()
    }
    /// The text that reads back to the same value.
    pub fn to_exact(self) -> String {
        format!("{}/s", self.0)
    }
}

impl Frequency {
    /// Occurrences per second.
    pub const fn per_sec(self) -> f64 {
        self.0
    }
}

impl Add for RecordRate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::per_sec(self.0 + other.0)
    }
}

impl Mul<f64> for RecordRate {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::per_sec(self.0 * factor)
    }
}

/// A rate of records of one size is a rate of bytes.
impl Mul<Bytes> for RecordRate {
    type Output = ByteRate;
    fn mul(self, size: Bytes) -> ByteRate {
        ByteRate::per_sec(self.0 * size.as_f64())
    }
}

const RATE_READ: &[Unit] = &[("/s", 1.0), ("k/s", 1e3), ("K/s", 1e3), ("M/s", 1e6), ("G/s", 1e9)];
const RATE_PRINT: &[Unit] = &[("/s", 1.0), ("k/s", 1e3), ("M/s", 1e6)];
const FREQUENCY_READ: &[Unit] = &[
    ("/ s", 1.0),
    ("/ min", 1.0 / 60.0),
    ("/ h", 1.0 / 3_600.0),
    ("/ d", 1.0 / 86_400.0),
    ("/ day", 1.0 / 86_400.0),
    ("/ week", 1.0 / 604_800.0),
    // A twelfth of a mean Gregorian year of 365.2425 days.
    ("/ month", 12.0 / (365.2425 * 86_400.0)),
    ("/ year", 1.0 / (365.2425 * 86_400.0)),
];

quantity!(whole Records: "number of records", "5 M", COUNT_READ);
quantity!(real RecordRate: "record rate", "40 k/s", RATE_READ);
quantity!(real Frequency: "frequency", "1 / month", FREQUENCY_READ);

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::print_scaled(f, self.as_f64(), COUNT_PRINT)
    }
}

impl fmt::Display for RecordRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::print_scaled(f, self.0, RATE_PRINT)
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} / s", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_what_people_write() {
        assert_eq!(RecordRate::parse("40 k/s").unwrap().get(), 40_000.0);
        assert_eq!(RecordRate::parse("2.5M/s").unwrap().get(), 2.5e6);
        assert_eq!(Records::parse("5 M").unwrap().get(), 5_000_000);
        assert_eq!(Records::parse("100000").unwrap().get(), 100_000);
        assert!(Frequency::parse("1 / month").unwrap().per_sec() > 0.0);
        for text in ["40", "40 k", "-1 k/s", "NaN /s", "inf/s", "1e400 /s"] {
            assert!(RecordRate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_of_records_of_one_size_is_a_rate_of_bytes() {
        let rate = RecordRate::per_sec(1_000.0) * Bytes::new(1_024);
        assert_eq!(rate.get(), 1_024_000.0);
        assert_eq!(RecordRate::per_sec(40_000.0).to_string(), "40 k/s");
    }
}
