//! Instants and spans of simulated time, in integer nanoseconds.
//!
//! Two types, because an instant is not a span: spans add up and scale, instants only differ.
//! A `u64` of nanoseconds lasts 584 years; scenarios are limited to far less when they are checked,
//! so arithmetic that overflows is a defect of the program and panics in every build.

use super::text::{self, Quantity, QuantityError, Unit};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// An instant of simulated time: nanoseconds since the start of the run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct SimTime(u64);

/// A length of simulated time in nanoseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct SimSpan(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// The last representable instant; used as "never".
    pub const MAX: Self = Self(u64::MAX);

    /// An instant from nanoseconds since the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// Seconds since the start.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }
    /// The span from `earlier` to `self`, or `None` if `earlier` is later.
    pub const fn checked_since(self, earlier: Self) -> Option<SimSpan> {
        match self.0.checked_sub(earlier.0) {
            Some(nanos) => Some(SimSpan(nanos)),
            None => None,
        }
    }
    /// The span from `earlier` to `self`, zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> SimSpan {
        SimSpan(self.0.saturating_sub(earlier.0))
    }
    /// The instant a span later; the last instant if that does not exist.
    pub const fn saturating_add(self, span: SimSpan) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl SimSpan {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest representable span; used as "forever".
    pub const MAX: Self = Self(u64::MAX);

    /// A span from nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
    /// A span from whole milliseconds, the unit of Kafka's settings.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }
    /// A span from whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS_PER_SEC)
    }
    /// The span nearest to `secs`; zero for negative or NaN, [`SimSpan::MAX`] when too long.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * NANOS_PER_SEC as f64).round() as u64)
    }
    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }
    /// Milliseconds.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
    /// Whether the span is empty.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// The difference, zero if `other` is longer.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
    /// The sum, [`SimSpan::MAX`] if it is too long.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
    /// How often `other` fits into this span, as a real number.
    pub fn ratio_to(self, other: Self) -> f64 {
        self.0 as f64 / other.0 as f64
    }
    /// The text that reads back to the same value: `1500 ms`, `5 min`.
    pub fn to_exact(self) -> String {
        text::exact(self.0, EXACT)
    }
    /// Decimal hours and minutes for prose: `1 h 30 min`, `4 min 20 s`, `350 ms`.
    pub fn to_prose(self) -> String {
        let secs = (self.0 + NANOS_PER_SEC / 2) / NANOS_PER_SEC;
        let (days, hours, mins, rest) =
            (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60, secs % 60);
        match (days, hours, mins) {
            (0, 0, 0) => self.to_string(),
            (0, 0, m) if rest == 0 => format!("{m} min"),
            (0, 0, m) => format!("{m} min {rest} s"),
            (0, h, 0) => format!("{h} h"),
            (0, h, m) => format!("{h} h {m} min"),
            (d, 0, _) => format!("{d} d"),
            (d, h, _) => format!("{d} d {h} h"),
        }
    }
}

impl Add<SimSpan> for SimTime {
    type Output = Self;
    fn add(self, span: SimSpan) -> Self {
        match self.0.checked_add(span.0) {
            Some(nanos) => Self(nanos),
            None => panic!("simulated time ran past its 584 years"),
        }
    }
}

impl AddAssign<SimSpan> for SimTime {
    fn add_assign(&mut self, span: SimSpan) {
        *self = *self + span;
    }
}

impl Sub for SimTime {
    type Output = SimSpan;
    /// The span between two instants; the right one must not be later.
    fn sub(self, earlier: Self) -> SimSpan {
        match self.checked_since(earlier) {
            Some(span) => span,
            None => panic!("a span from a later instant to an earlier one"),
        }
    }
}

impl Add for SimSpan {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        match self.0.checked_add(other.0) {
            Some(nanos) => Self(nanos),
            None => panic!("a span of more than 584 years"),
        }
    }
}

impl AddAssign for SimSpan {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for SimSpan {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        match self.0.checked_mul(times) {
            Some(nanos) => Self(nanos),
            None => panic!("a span of more than 584 years"),
        }
    }
}

impl Div<u64> for SimSpan {
    type Output = Self;
    fn div(self, parts: u64) -> Self {
        Self(self.0 / parts)
    }
}

const READ: &[Unit] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("min", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
    ("w", 604_800e9),
];
const PRINT: &[Unit] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("min", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
];
const EXACT: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SEC),
    ("min", 60 * NANOS_PER_SEC),
    ("h", 3_600 * NANOS_PER_SEC),
    ("d", 86_400 * NANOS_PER_SEC),
];

impl Quantity for SimSpan {
    const NAME: &'static str = "duration";
    const EXAMPLE: &'static str = "1 h 30 min";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let nanos = text::parse_sum::<Self>(text, READ)?;
        text::to_u64::<Self>(text, nanos).map(Self)
    }
    fn to_base(self) -> f64 {
        self.0 as f64
    }
    fn from_base(base: f64) -> Result<Self, QuantityError> {
        text::to_u64::<Self>(&base.to_string(), base).map(Self)
    }
}

impl fmt::Display for SimSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::print_scaled(f, self.0 as f64, PRINT)
    }
}

impl fmt::Display for SimTime {
    /// `hh:mm:ss` since the start, with days in front when there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0 / NANOS_PER_SEC;
        let (days, rest) = (secs / 86_400, secs % 86_400);
        let clock = format!("{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
        if days == 0 { f.pad(&clock) } else { f.pad(&format!("{days}d {clock}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_what_people_write() {
        for (text, nanos) in [
            ("15 s", 15_000_000_000),
            ("15s", 15_000_000_000),
            ("1 h 30 min", 5_400_000_000_000),
            ("1h30min", 5_400_000_000_000),
            ("2.5 ms", 2_500_000),
            ("40 us", 40_000),
            ("40 µs", 40_000),
            ("0 s", 0),
            ("1e3 ms", NANOS_PER_SEC),
        ] {
            assert_eq!(SimSpan::parse(text).unwrap(), SimSpan(nanos), "{text}");
        }
    }

    #[test]
    fn durations_refuse_what_is_not_one() {
        for text in ["", "15", "s", "-1 s", "nan s", "inf s", "1 fortnight", "30 min 1 h", "1e30 d"]
        {
            assert!(SimSpan::parse(text).is_err(), "{text}");
        }
        let error = SimSpan::parse("15").unwrap_err().to_string();
        assert!(error.contains("`15`") && error.contains("1 h 30 min"), "{error}");
    }

    #[test]
    fn exact_text_reads_back() {
        for nanos in [1, 999, 1_500_000, 60 * NANOS_PER_SEC, 90 * NANOS_PER_SEC + 1, 0] {
            let span = SimSpan(nanos);
            assert_eq!(SimSpan::parse(&span.to_exact()).unwrap(), span);
        }
    }

    #[test]
    fn prose_is_short() {
        assert_eq!(SimSpan::from_secs(5_400).to_prose(), "1 h 30 min");
        assert_eq!(SimSpan::from_secs(260).to_prose(), "4 min 20 s");
        assert_eq!(SimSpan::from_millis(350).to_prose(), "350 ms");
        assert_eq!(SimTime::from_nanos(90_061 * NANOS_PER_SEC).to_string(), "1d 01:01:01");
    }

    #[test]
    #[should_panic(expected = "584 years")]
    fn overflow_is_never_silent() {
        let _ = SimTime::MAX + SimSpan::from_nanos(1);
    }
}
