//! Distributions over values of any quantity, by quantile: what is uncertain in a scenario.

use crate::chance::Distribution;
use crate::units::{
    ByteRate, Bytes, Frequency, Money, MoneyRate, Quantity, QuantityError, Ratio, RecordRate,
    Records, SimSpan, sig,
};

/// What a scenario's value may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// A distribution over the base unit of a quantity, and that unit as text.
    Real {
        /// In base units.
        law: Distribution<Plain>,
        /// Ending of the text, with its space.
        unit: &'static str,
    },
    /// Whole numbers, equally likely, both ends included.
    Whole {
        /// Smallest.
        low: u64,
        /// Largest.
        high: u64,
    },
    /// Equally likely texts.
    Choice(Vec<String>),
}

/// A number in the base unit of some quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plain(f64);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Quantity for Plain {
    const NAME: &'static str = "number";
    const EXAMPLE: &'static str = "1.2";

    fn parse(text: &str) -> Result<Self, QuantityError> {
        let number = text.trim().parse::<f64>().ok().filter(|x| x.is_finite() && *x >= 0.0);
        let allowed = "a number of at least 0, e.g. `1.2`".to_owned();
        number.map(Self).ok_or_else(|| QuantityError { found: format!("`{text}`"), allowed })
    }
    fn to_base(self) -> f64 {
        self.0
    }
    fn from_base(base: f64) -> Result<Self, QuantityError> {
        Self::parse(&base.to_string())
    }
}

/// A drawn value: as text, and as a number for sensitivities (the index for a choice).
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// As the scenario reads it.
    pub text: String,
    /// In the base unit.
    pub number: f64,
}

impl Law {
    /// Reads `uniform(A, B)`, `exp(MEAN)`, `lognormal(p50 A, p95 B)` of any quantity,
    /// `whole(A, B)` or `choice(A, B, …)`.
    ///
    /// # Errors
    /// What was found and what is allowed.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (text, wrong) = (text.trim(), || QuantityError {
            found: format!("`{}`", text.trim().chars().take(60).collect::<String>()),
            allowed: "`uniform(LOW, HIGH)`, `exp(MEAN)` or `lognormal(p50 MEDIAN, p95 HIGHER)` \
                      with values of one unit, `whole(FIRST, LAST)` or `choice(A, B, …)`"
                .to_owned(),
        });
        let inside = |name: &str| text.strip_prefix(name)?.trim().strip_prefix('(');
        if let Some(rest) = inside("choice").or_else(|| inside("whole")) {
            let rest = rest.strip_suffix(')').ok_or_else(wrong)?;
            let parts: Vec<&str> = rest.split(',').map(str::trim).collect();
            if text.starts_with("choice") {
                let sound = parts.len() > 1 && parts.iter().all(|part| !part.is_empty());
                let choices = parts.iter().map(|part| (*part).to_owned()).collect();
                return sound.then_some(Self::Choice(choices)).ok_or_else(wrong);
            }
            let [low, high] = parts.as_slice() else { return Err(wrong()) };
            let whole = |text: &str| text.parse::<u64>().map_err(|_| wrong());
            let (low, high) = (whole(low)?, whole(high)?);
            return (low < high).then_some(Self::Whole { low, high }).ok_or_else(wrong);
        }
        if !text.contains('(') {
            return Err(wrong());
        }
        as_law::<Plain>(text, "")
            .or_else(|| as_law::<SimSpan>(text, " ns"))
            .or_else(|| as_law::<Ratio>(text, ""))
            .or_else(|| as_law::<Bytes>(text, " B"))
            .or_else(|| as_law::<ByteRate>(text, " B/s"))
            .or_else(|| as_law::<RecordRate>(text, " /s"))
            .or_else(|| as_law::<Records>(text, ""))
            .or_else(|| as_law::<Frequency>(text, " / s"))
            .or_else(|| as_law::<MoneyRate>(text, " USD/h"))
            .or_else(|| as_law::<Money>(text, " USD"))
            .ok_or_else(wrong)
    }

    /// The value below which a share `p` in (0, 1) of the draws lies.
    pub fn quantile(&self, p: f64) -> Drawn {
        match self {
            Self::Real { law, unit } => {
                let number = law.quantile(p);
                let whole = matches!(*unit, " ns" | " B");
                let number = if whole { libm::round(number) } else { number };
                Drawn { text: format!("{number}{unit}"), number }
            }
            Self::Whole { low, high } => {
                let count = (high - low + 1) as f64;
                let value = low + ((p * count) as u64).min(high - low);
                Drawn { text: value.to_string(), number: value as f64 }
            }
            Self::Choice(texts) => {
                let index = ((p * texts.len() as f64) as usize).min(texts.len() - 1);
                Drawn { text: texts[index].clone(), number: index as f64 }
            }
        }
    }
}

impl Law {
    /// A drawn number for people: with its unit, to three digits.
    pub fn show(&self, number: f64) -> String {
        let of = |quantity: Option<String>, unit: &str| {
            quantity.unwrap_or_else(|| format!("{}{unit}", sig(number)))
        };
        match self {
            Self::Real { unit: " ns", .. } => {
                of(SimSpan::from_base(rounded(number)).ok().map(|span| span.to_string()), " ns")
            }
            Self::Real { unit: " B", .. } => {
                of(Bytes::from_base(rounded(number)).ok().map(|bytes| bytes.to_string()), " B")
            }
            Self::Real { unit, .. } => format!("{}{unit}", sig(number)),
            Self::Whole { .. } => sig(number),
            Self::Choice(texts) => texts.get(number as usize).cloned().unwrap_or_default(),
        }
    }
}

/// To three significant digits.
fn rounded(number: f64) -> f64 {
    let digits = 2.0 - libm::floor(libm::log10(number.max(1.0)));
    let scale = libm::pow(10.0, digits);
    libm::round(libm::round(number * scale) / scale)
}

fn as_law<Q: Quantity>(text: &str, unit: &'static str) -> Option<Law> {
    let law = Distribution::<Q>::parse(text).ok()?;
    Some(Law::Real { law: Distribution::from_law(law.law().clone()), unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_of_any_unit_is_drawn_in_that_unit() {
        for (text, median) in [
            ("uniform(1, 3)", "2"),
            ("lognormal(p50 20 k/s, p95 30 k/s)", "20000 /s"),
            ("uniform(1 KiB, 3 KiB)", "2048 B"),
            ("uniform(10 %, 30 %)", "0.2"),
            ("uniform(1 s, 3 s)", "2000000000 ns"),
            ("whole(3, 5)", "4"),
            ("choice(lz4, zstd, none)", "zstd"),
        ] {
            assert_eq!(Law::parse(text).unwrap().quantile(0.5).text, median, "{text}");
        }
        assert_eq!(Law::parse("whole(3, 5)").unwrap().quantile(0.999).text, "5");
        assert_eq!(Law::parse("whole(3, 5)").unwrap().quantile(0.001).text, "3");
    }

    #[test]
    fn what_was_drawn_is_shown_with_its_unit() {
        for (text, number, shown) in [
            ("uniform(1 ms, 3 ms)", 1_921_744.0, "1.92 ms"),
            ("uniform(1 s, 300 s)", 61_234_567_890.0, "1.02 min"),
            ("lognormal(p50 20 k/s, p95 30 k/s)", 20_123.0, "20123 /s"),
            ("uniform(0.7, 1.5)", 0.801_2, "0.801"),
            ("whole(3, 5)", 4.0, "4"),
            ("choice(lz4, zstd, none)", 1.0, "zstd"),
        ] {
            assert_eq!(Law::parse(text).unwrap().show(number), shown, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "20 k/s",
            "normal(1, 2)",
            "uniform(2, 1)",
            "uniform(1 s, 2 KiB)",
            "uniform(1 s)",
            "whole(3, 3)",
            "whole(1.5, 3)",
            "choice(a)",
            "choice(a,,b)",
            "lognormal(p50 2, p95 1)",
            "exp(-1)",
            "uniform(1, 2",
        ] {
            assert!(Law::parse(text).is_err(), "{text}");
        }
    }
}
