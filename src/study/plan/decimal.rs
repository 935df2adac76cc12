//! Fixed-point decimals as `bc` computes them.
//!
//! A number has a scale, its digits after the point. A product has the larger of `scale` and the
//! factors' scales, but no more than both together; a quotient has exactly `scale`; a power is
//! exact and then cut to the larger of `scale` and the base's. Cutting is towards zero. Source: the
//! POSIX description of `bc`, and GNU bc 1.07 for how zero and fractions print.
//!
//! The numbers of a plan are bounded where they are read, so that 128 bits hold every step.

use std::fmt;

/// A decimal number with its digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    units: i128,
    scale: u32,
}

/// Most digits of a number that is read, before and after the point.
const MOST_DIGITS: usize = 15;

impl Decimal {
    /// A whole number.
    pub const fn whole(value: i64) -> Self {
        Self { units: value as i128, scale: 0 }
    }

    /// Reads digits with at most one point; no sign, no exponent, at most 15 digits on each side.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let sound = digits(whole) && digits(rest) && !(whole.is_empty() && rest.is_empty());
        if !sound || whole.len() > MOST_DIGITS || rest.len() > MOST_DIGITS {
            return None;
        }
        let units = format!("{whole}{rest}").parse().ok()?;
        Some(Self { units, scale: rest.len() as u32 })
    }

    /// The nearest real number.
    pub fn to_f64(self) -> f64 {
        self.units as f64 / power_of_ten(self.scale) as f64
    }

    /// The whole part, as the shell sees a result without digits after the point.
    pub fn to_whole(self) -> i64 {
        (self.units / power_of_ten(self.scale)) as i64
    }

    /// Whether there is nothing after the point.
    pub fn is_whole(self) -> bool {
        self.units % power_of_ten(self.scale) == 0
    }

    /// `self + other`.
    pub fn plus(self, other: Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self { units: self.at(scale) + other.at(scale), scale }
    }

    /// `scale=SCALE; self * other`.
    pub fn times(self, other: Self, scale: u32) -> Self {
        let full = self.scale + other.scale;
        let kept = full.min(scale.max(self.scale).max(other.scale));
        Self { units: self.units * other.units / power_of_ten(full - kept), scale: kept }
    }

    /// `scale=SCALE; self / other`; the divisor must not be zero.
    pub fn over(self, other: Self, scale: u32) -> Self {
        debug_assert!(other.units != 0, "bc would complain of a division by zero");
        let raised = self.units * power_of_ten(scale + other.scale);
        let units = raised / (other.units * power_of_ten(self.scale));
        Self { units, scale }
    }

    /// `scale=SCALE; self ^ exponent`.
    pub fn to_the(self, exponent: u32, scale: u32) -> Self {
        let full = self.scale * exponent;
        let kept = full.min(scale.max(self.scale));
        let units = (0..exponent).fold(1, |product, _| product * self.units);
        Self { units: units / power_of_ten(full - kept), scale: kept }
    }

    fn at(self, scale: u32) -> i128 {
        self.units * power_of_ten(scale - self.scale)
    }
}

const fn power_of_ten(exponent: u32) -> i128 {
    10_i128.pow(exponent)
}

/// As bc prints it: no zero before the point, and zero as `0` whatever its scale.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divisor = power_of_ten(self.scale);
        let (whole, rest) = (self.units / divisor, (self.units % divisor).abs());
        let text = match (whole, self.scale) {
            _ if self.units == 0 => "0".to_owned(),
            (_, 0) => whole.to_string(),
            (0, scale) => format!(".{rest:0width$}", width = scale as usize),
            (_, scale) => format!("{whole}.{rest:0width$}", width = scale as usize),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn quotients_products_and_powers_are_cut_where_bc_cuts_them() {
        assert_eq!(of("2.5").over(of("100"), 2).to_string(), ".02");
        assert_eq!(of("1.05").to_the(12, 2).to_string(), "1.79");
        assert_eq!(of("1.23").times(of("0.8"), 0).to_string(), ".98");
        assert_eq!(of("1.23").times(of("0.87"), 2).to_string(), "1.07");
        assert_eq!(of("1.23").times(of("3"), 0).to_string(), "3.69");
        assert_eq!(of("19.53").over(of("100"), 0).to_string(), "0");
        assert_eq!(of("7").over(of("0.8"), 0).to_string(), "8");
    }

    #[test]
    fn what_is_no_plain_number_is_not_read() {
        for text in ["", ".", "-1", "1e3", "1,5", "1.2.3", " 1", "1234567890123456"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert!(of("5.00").is_whole() && !of("5.01").is_whole());
    }
}
