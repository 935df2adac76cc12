//! Bytes and bytes per second.

use super::text::{self, Quantity, QuantityError, Unit, quantity};
use super::time::SimSpan;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// A number of bytes: counted, so that conservation is exact.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Bytes(u64);

/// Bytes per second: finite and never negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct ByteRate(f64);

impl Bytes {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A count of bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }
    /// The count.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The count as a real number.
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }
    /// The difference, zero if `other` is larger.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
    /// The text that reads back to the same value: `64 KiB`, `65537 B`.
    pub fn to_exact(self) -> String {
        text::exact(self.0, EXACT)
    }
}

impl ByteRate {
    /// No flow.
    pub const ZERO: Self = Self(0.0);

    /// A rate in bytes per second; panics on NaN, infinite or negative values, which only a defect
    /// of the program can make.
    pub fn per_sec(bytes: f64) -> Self {
        assert!(bytes.is_finite() && bytes >= 0.0, "a byte rate of {bytes}");
        Self(bytes)
    }
    /// Bytes per second.
    pub const fn get(self) -> f64 {
        self.0
    }
    /// The text that reads back to the same value, in bytes per second.
    pub fn to_exact(self) -> String {
        if self.0.fract() == 0.0 && self.0 < 9e15 {
            format!("{}/s", text::exact(self.0 as u64, EXACT))
        } else {
            format!("{} B/s", self.0)
        }
    }
}

impl Add for Bytes {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        match self.0.checked_add(other.0) {
            Some(bytes) => Self(bytes),
            None => panic!("more than 16 EiB"),
        }
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Bytes {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        match self.0.checked_mul(times) {
            Some(bytes) => Self(bytes),
            None => panic!("more than 16 EiB"),
        }
    }
}

/// Time to move bytes at a rate, rounded up: a byte never takes zero time. At rate zero it takes
/// forever.
impl Div<ByteRate> for Bytes {
    type Output = SimSpan;
    fn div(self, rate: ByteRate) -> SimSpan {
        if self.0 == 0 {
            return SimSpan::ZERO;
        }
        if rate.0 == 0.0 {
            return SimSpan::MAX;
        }
        SimSpan::from_nanos((self.0 as f64 / rate.0 * 1e9).ceil() as u64)
    }
}

/// The mean rate of bytes over a span; zero over an empty one.
impl Div<SimSpan> for Bytes {
    type Output = ByteRate;
    fn div(self, span: SimSpan) -> ByteRate {
        if span.is_zero() { ByteRate::ZERO } else { ByteRate(self.0 as f64 / span.as_secs_f64()) }
    }
}

/// Bytes that a rate moves in a span, rounded down.
impl Mul<SimSpan> for ByteRate {
    type Output = Bytes;
    fn mul(self, span: SimSpan) -> Bytes {
        Bytes((self.0 * span.as_secs_f64()) as u64)
    }
}

impl Mul<f64> for ByteRate {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::per_sec(self.0 * factor)
    }
}

impl Add for ByteRate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::per_sec(self.0 + other.0)
    }
}

/// The difference of two rates, zero if the right one is larger.
impl Sub for ByteRate {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0.0))
    }
}

const KIB: f64 = 1024.0;
const READ: &[Unit] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("KiB", KIB),
    ("MB", 1e6),
    ("MiB", KIB * KIB),
    ("GB", 1e9),
    ("GiB", KIB * KIB * KIB),
    ("TB", 1e12),
    ("TiB", KIB * KIB * KIB * KIB),
];
const PRINT: &[Unit] = &[
    ("B", 1.0),
    ("KiB", KIB),
    ("MiB", KIB * KIB),
    ("GiB", KIB * KIB * KIB),
    ("TiB", KIB * KIB * KIB * KIB),
];
const EXACT: &[(&str, u64)] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
/// Networks are sold in bits per second; a lone `b` is refused, because it is read both ways.
const RATE_READ: &[Unit] = &[
    ("B/s", 1.0),
    ("kB/s", 1e3),
    ("KB/s", 1e3),
    ("KiB/s", KIB),
    ("MB/s", 1e6),
    ("MiB/s", KIB * KIB),
    ("GB/s", 1e9),
    ("GiB/s", KIB * KIB * KIB),
    ("bit/s", 0.125),
    ("kbit/s", 125.0),
    ("Mbit/s", 125e3),
    ("Gbit/s", 125e6),
];
const RATE_PRINT: &[Unit] =
    &[("B/s", 1.0), ("KiB/s", KIB), ("MiB/s", KIB * KIB), ("GiB/s", KIB * KIB * KIB)];

quantity!(whole Bytes: "size", "64 KiB", READ);
quantity!(real ByteRate: "byte rate", "250 MiB/s", RATE_READ);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::print_scaled(f, self.as_f64(), PRINT)
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::print_scaled(f, self.0, RATE_PRINT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_rates_read_what_people_write() {
        assert_eq!(Bytes::parse("64 KiB").unwrap().get(), 65_536);
        assert_eq!(Bytes::parse("600B").unwrap().get(), 600);
        assert_eq!(Bytes::parse("1.5 GiB").unwrap().get(), 1_610_612_736);
        assert_eq!(ByteRate::parse("250 MiB/s").unwrap().get(), 262_144_000.0);
        assert_eq!(ByteRate::parse("10 Gbit/s").unwrap().get(), 1.25e9);
    }

    #[test]
    fn a_lone_b_and_a_missing_unit_are_refused() {
        for text in ["64", "64 Kb", "64 kib", "-1 B", "1e30 TiB"] {
            assert!(Bytes::parse(text).is_err(), "{text}");
        }
        let error = ByteRate::parse("250").unwrap_err().to_string();
        assert!(error.contains("250 MiB/s"), "{error}");
    }

    #[test]
    fn moving_bytes_takes_time_rounded_up() {
        let rate = ByteRate::per_sec(3.0);
        assert_eq!(Bytes::new(1) / rate, SimSpan::from_nanos(333_333_334));
        assert_eq!(Bytes::new(1) / ByteRate::ZERO, SimSpan::MAX);
        assert_eq!(Bytes::ZERO / ByteRate::ZERO, SimSpan::ZERO);
        assert_eq!(rate * SimSpan::from_secs(2), Bytes::new(6));
    }

    #[test]
    fn printing_keeps_three_digits() {
        assert_eq!(Bytes::new(65_536).to_string(), "64 KiB");
        assert_eq!(Bytes::new(1_536).to_string(), "1.5 KiB");
        assert_eq!(ByteRate::per_sec(0.0).to_string(), "0 B/s");
        assert_eq!(Bytes::new(65_537).to_exact(), "65537 B");
    }
}
