//! Confidence intervals of means.

use crate::metrics::Welford;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence of the intervals that are printed.
pub const CONFIDENCE: f64 = 0.95;
/// The 90 % quantile of a standard normal: 80 % of cases lie within it on both sides. The
/// uncertainty of a card's value is meant so.
pub const DEVIATE_80: f64 = 1.281_551_565_544_6;

/// A mean with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width; infinite below two values.
    pub half_width: f64,
    /// Values or batches that made it.
    pub count: u64,
}

impl Interval {
    /// The lower end.
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }
    /// The upper end.
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }
    /// Whether a value lies inside.
    pub fn contains(&self, value: f64) -> bool {
        (self.low()..=self.high()).contains(&value)
    }
    /// Half width over mean; what a stopping rule looks at.
    pub fn relative_half_width(&self) -> f64 {
        self.half_width / self.mean.abs()
    }
}

/// The interval of the mean of independent, roughly normal values, such as the means of
/// replications: mean ± t · s / √n with Student's t of n − 1 degrees of freedom. `confidence` is
/// in (0, 1).
pub fn replications(values: &[f64], confidence: f64) -> Interval {
    let mut moments = Welford::new();
    for value in values {
        moments.add(*value);
    }
    of_moments(&moments, confidence)
}

fn of_moments(moments: &Welford, confidence: f64) -> Interval {
    let count = moments.count();
    let freedom = count.saturating_sub(1) as f64;
    let half_width = match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) if freedom >= 1.0 => {
            let quantile = t.inverse_cdf(f64::midpoint(1.0, confidence));
            quantile * (moments.variance() / count as f64).sqrt()
        }
        _ => f64::INFINITY,
    };
    Interval { mean: moments.mean(), half_width, count }
}

/// The interval of the mean of one long stationary sequence by batch means.
///
/// The sequence is cut into batches whose means are nearly independent: starting from 256 batches,
/// neighbours are joined until the lag-1 autocorrelation of the batch means is within the noise of
/// independent ones (below 1.645 / √n), or 16 are left. What correlation remains widens the
/// interval by (1 + ρ) / (1 − ρ), the variance factor of a first-order autoregression. `None` below
/// 256 values.
///
/// Source: Law, *Simulation Modeling and Analysis*, section 9.5.3; the correction as in Skart
/// (Tafazzoli and Wilson 2011).
pub fn batch_means(values: &[f64], confidence: f64) -> Option<Interval> {
    const MOST: usize = 256;
    const LEAST: usize = 16;
    let size = values.len() / MOST;
    if size == 0 {
        return None;
    }
    let mean = |batch: &[f64]| batch.iter().sum::<f64>() / batch.len() as f64;
    let mut means: Vec<f64> = values.chunks_exact(size).take(MOST).map(mean).collect();
    let noise = |count: usize| 1.645 / (count as f64).sqrt();
    while means.len() > LEAST && autocorrelation(&means) > noise(means.len()) {
        means = means.chunks_exact(2).map(mean).collect();
    }
    let mut interval = replications(&means, confidence);
    let left = autocorrelation(&means).clamp(0.0, 0.9);
    interval.half_width *= ((1.0 + left) / (1.0 - left)).sqrt();
    Some(interval)
}

/// The lag-1 autocorrelation; 0 for a constant sequence.
fn autocorrelation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let cross: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if square > 0.0 { cross / square } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn three_values_by_hand() {
        let interval = replications(&[1.0, 2.0, 3.0], 0.95);
        assert_relative_eq!(interval.mean, 2.0);
        // t(0.975, 2) = 4.302653; s / √3 = 0.57735.
        assert_relative_eq!(interval.half_width, 4.302_652_7 * 0.577_350_3, max_relative = 1e-6);
        assert!(interval.contains(0.0) && !interval.contains(5.0));
    }

    #[test]
    fn one_value_has_no_interval() {
        assert!(replications(&[7.0], 0.95).half_width.is_infinite());
        assert!(batch_means(&[1.0; 255], 0.95).is_none());
    }
}
