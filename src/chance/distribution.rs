//! Distributions as data: read from text, printed as text, sampled by inversion.

use super::Stream;
use crate::units::{Quantity, QuantityError};
use std::fmt;

/// A law over the base unit of a quantity.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// Always the same value.
    Constant(f64),
    /// Equally likely between two values.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Memoryless with this mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// The logarithm is normal.
    Lognormal {
        /// Median, e to the power of the mean of the logarithm.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Equally likely values of a file, in ascending order.
    Empirical(Vec<f64>),
}

/// A distribution of a quantity: `lognormal(p50 25 s, p95 60 s)`, `exp(50 us)`,
/// `uniform(1 KiB, 4 KiB)`, or a single value.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution<Q> {
    law: Law,
    quantity: std::marker::PhantomData<Q>,
}

impl<Q: Quantity> Distribution<Q> {
    /// A distribution from its law in base units; the caller has checked the law's parameters.
    pub fn from_law(law: Law) -> Self {
        Self { law, quantity: std::marker::PhantomData }
    }
    /// Always the same value.
    pub fn constant(value: Q) -> Self {
        Self::from_law(Law::Constant(value.to_base()))
    }
    /// The law in base units.
    pub fn law(&self) -> &Law {
        &self.law
    }

    /// Reads `VALUE`, `uniform(LOW, HIGH)`, `exp(MEAN)` or `lognormal(p50 A, p95 B)`.
    /// `file(…)` needs a file system and is read by the scenario floor.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('(') else {
            return Q::parse(text).map(Self::constant);
        };
        let inside = rest.strip_suffix(')').ok_or_else(|| wrong::<Q>(text))?;
        let args: Vec<&str> = inside.split(',').map(str::trim).collect();
        let law = match (name.trim(), args.as_slice()) {
            ("exp", [mean]) => Law::Exponential { mean: Q::parse(mean)?.to_base() },
            ("uniform", [low, high]) => {
                let (low, high) = (Q::parse(low)?.to_base(), Q::parse(high)?.to_base());
                if low > high {
                    return Err(wrong::<Q>(text));
                }
                Law::Uniform { low, high }
            }
            ("lognormal", [median, p95]) => lognormal::<Q>(text, median, p95)?,
            _ => return Err(wrong::<Q>(text)),
        };
        Ok(Self::from_law(law))
    }

    /// One draw, by inversion of the distribution function: one uniform number each.
    pub fn sample(&self, stream: &mut Stream) -> Q {
        let value = self.quantile(stream.uniform());
        // A finite law of non-negative quantities can only leave the range by overflow.
        Q::from_base(value)
            .or_else(|_| Q::from_base(self.mean()))
            .unwrap_or_else(|error| unreachable!("a checked law has a representable mean: {error}"))
    }

    /// The value (base unit) below which a share `p` in (0, 1) of the draws lies.
    pub fn quantile(&self, p: f64) -> f64 {
        match &self.law {
            Law::Constant(value) => *value,
            Law::Uniform { low, high } => low + p * (high - low),
            Law::Exponential { mean } => -libm::log1p(-p) * mean,
            Law::Lognormal { median, sigma } => median * libm::exp(sigma * normal_quantile(p)),
            Law::Empirical(values) => {
                let index = (p * values.len() as f64) as usize;
                values[index.min(values.len() - 1)]
            }
        }
    }

    /// The mean in the base unit.
    pub fn mean(&self) -> f64 {
        match &self.law {
            Law::Constant(value) => *value,
            Law::Uniform { low, high } => f64::midpoint(*low, *high),
            Law::Exponential { mean } => *mean,
            Law::Lognormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Law::Empirical(values) => values.iter().sum::<f64>() / values.len() as f64,
        }
    }
}

fn wrong<Q: Quantity>(text: &str) -> QuantityError {
    let example = Q::EXAMPLE;
    QuantityError {
        found: format!("`{text}`"),
        allowed: format!(
            "a {name}: `{example}`, `exp({example})`, `uniform(LOW, HIGH)` or \
             `lognormal(p50 MEDIAN, p95 HIGHER)`",
            name = Q::NAME,
        ),
    }
}

fn lognormal<Q: Quantity>(text: &str, median: &str, p95: &str) -> Result<Law, QuantityError> {
    let part = |word: &str, arg: &str| {
        arg.strip_prefix(word).map(str::trim).map(Q::parse).ok_or_else(|| wrong::<Q>(text))?
    };
    let (median, p95) = (part("p50", median)?.to_base(), part("p95", p95)?.to_base());
    if median <= 0.0 || p95 < median {
        return Err(wrong::<Q>(text));
    }
    Ok(Law::Lognormal { median, sigma: libm::log(p95 / median) / normal_quantile(0.95) })
}

impl<Q: Quantity> fmt::Display for Distribution<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |base: f64| Q::from_base(base).map_or_else(|_| "?".into(), |q| q.to_string());
        let text = match &self.law {
            Law::Constant(value) => show(*value),
            Law::Uniform { low, high } => format!("uniform({}, {})", show(*low), show(*high)),
            Law::Exponential { mean } => format!("exp({})", show(*mean)),
            Law::Lognormal { median, .. } => {
                format!("lognormal(p50 {}, p95 {})", show(*median), show(self.quantile(0.95)))
            }
            Law::Empirical(values) => format!("{} values of a file", values.len()),
        };
        f.pad(&text)
    }
}

/// Inverse of the standard normal distribution function.
///
/// Acklam's rational approximation (2003), refined by one Halley step with `erfc`, which brings the
/// relative error below 1e-15.
pub(super) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    const TAIL: f64 = 0.024_25;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |q: f64| horner(&C, q) / horner(&[D[0], D[1], D[2], D[3], 1.0], q);
    let guess = if p < TAIL {
        tail(libm::sqrt(-2.0 * libm::log(p)))
    } else if p > 1.0 - TAIL {
        -tail(libm::sqrt(-2.0 * libm::log1p(-p)))
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / horner(&[B[0], B[1], B[2], B[3], B[4], 1.0], r)
    };
    let error = 0.5 * libm::erfc(-guess / std::f64::consts::SQRT_2) - p;
    let step = error * libm::sqrt(std::f64::consts::TAU) * libm::exp(guess * guess / 2.0);
    guess - step / (1.0 + guess * step / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};
    use crate::units::{Bytes, SimSpan};

    #[test]
    fn text_reads_and_prints() {
        let start = Distribution::<SimSpan>::parse("lognormal(p50 25 s, p95 60 s)").unwrap();
        assert!((start.quantile(0.5) - 25e9).abs() < 1.0);
        assert!((start.quantile(0.95) - 60e9).abs() < 100.0);
        assert_eq!(start.to_string(), "lognormal(p50 25 s, p95 1 min)");
        let size = Distribution::<Bytes>::parse("uniform(1 KiB, 4 KiB)").unwrap();
        assert_eq!(size.mean(), 2_560.0);
        assert_eq!(Distribution::<Bytes>::parse("600 B").unwrap().mean(), 600.0);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "exp(-1 s)",
            "exp()",
            "exp(1 s",
            "uniform(2 s, 1 s)",
            "lognormal(25 s, 60 s)",
            "lognormal(p50 60 s, p95 25 s)",
            "lognormal(p50 0 s, p95 1 s)",
            "pareto(1 s)",
            "",
        ] {
            assert!(Distribution::<SimSpan>::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_normal_quantile_is_exact() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.95, 1.644_853_626_951_472_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-9, -5.997_807_015_007_687),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-12, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn sampled_means_cover_the_law() {
        let mut stream = Chance::new(Seed::new(3), 0).stream("test", "means");
        for text in ["exp(2 s)", "uniform(1 s, 3 s)", "lognormal(p50 1 s, p95 3 s)"] {
            let law = Distribution::<SimSpan>::parse(text).unwrap();
            let n = 50_000;
            let draws: Vec<f64> = (0..n).map(|_| law.sample(&mut stream).to_base()).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let var = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(n);
            let half_width = 4.0 * (var / f64::from(n)).sqrt();
            assert!((mean - law.mean()).abs() < half_width, "{text}: {mean} {}", law.mean());
        }
    }
}
