//! Intervals of a chance that was seen to come true so many times out of so many.

use crate::analysis::CONFIDENCE;
use statrs::distribution::{ContinuousCDF, Normal};

/// A share with an interval, all in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    /// Times over trials.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Proportion {
    /// Half of the interval's width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// Wilson's score interval at 95 %, for `times` out of `trials`; the whole range without trials.
///
/// Source: Wilson 1927; Brown, Cai and Das Gupta 2001 recommend it for its coverage near 0 and 1.
pub fn wilson(times: u64, trials: u64) -> Proportion {
    if trials == 0 {
        return Proportion { share: f64::NAN, low: 0.0, high: 1.0 };
    }
    let z = Normal::standard().inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
    let (n, share) = (trials as f64, times as f64 / trials as f64);
    let scale = 1.0 + z * z / n;
    let middle = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends the interval touches them exactly; rounding must not take it away from there.
    let low = if times == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if times == trials { 1.0 } else { (middle + half).min(1.0) };
    Proportion { share, low, high }
}

/// A confidence sequence: with probability of at least `1 - error` the true chance lies inside
/// *at every number of trials at once*, so looking after each trial and stopping when one likes
/// costs nothing.
///
/// The likelihood ratio of a uniform mixture of chances against the true one is a martingale with
/// mean 1, which exceeds 1 / error with probability of at most `error` (Ville's inequality):
/// p is inside while B(s + 1, n − s + 1) / (p^s (1 − p)^(n − s)) < 1 / error.
///
/// Assumes independent trials. Source: Robbins 1970, *Statistical methods related to the law of
/// the iterated logarithm*; Howard and others 2021.
pub fn always_valid(times: u64, trials: u64, error: f64) -> Proportion {
    let (hits, misses) = (times as f64, (trials - times) as f64);
    let share = if trials == 0 { f64::NAN } else { hits / trials as f64 };
    let beta =
        libm::lgamma(hits + 1.0) + libm::lgamma(misses + 1.0) - libm::lgamma(hits + misses + 2.0);
    let log = |count: f64, p: f64| if count == 0.0 { 0.0 } else { count * libm::log(p) };
    let inside = |p: f64| beta - log(hits, p) - log(misses, 1.0 - p) < -libm::log(error);
    let middle = if trials == 0 { 0.5 } else { share };
    let low = if times == 0 { 0.0 } else { edge(0.0, middle, &inside) };
    let high = if times == trials { 1.0 } else { edge(1.0, middle, &inside) };
    Proportion { share, low, high }
}

/// Where `inside` begins to hold on the way from an end to the middle, by bisection.
fn edge(end: f64, middle: f64, inside: &dyn Fn(f64) -> bool) -> f64 {
    let (mut out, mut within) = (end, middle);
    for _ in 0..60 {
        let half = f64::midpoint(out, within);
        if inside(half) {
            within = half;
        } else {
            out = half;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};
    use approx::assert_relative_eq;

    #[test]
    fn wilson_by_hand() {
        // Brown, Cai and Das Gupta 2001: 0 of 10 gives 0 to z²/(n + z²).
        let interval = wilson(0, 10);
        assert_eq!(interval.low, 0.0);
        let z2 = 1.959_963_984_540_054_f64 * 1.959_963_984_540_054;
        assert_relative_eq!(interval.high, z2 / (10.0 + z2), max_relative = 1e-9);
        assert_eq!(wilson(10, 10).high, 1.0);
        assert_relative_eq!(wilson(5, 10).half_width(), 0.2634, max_relative = 1e-3);
    }

    #[test]
    fn the_sequence_covers_at_every_look() {
        for (entity, truth) in [("a", 0.05), ("b", 0.5), ("c", 0.97)] {
            let mut missed = 0;
            for path in 0..400 {
                let mut stream = Chance::new(Seed::new(11), path).stream(entity, "coin");
                let mut times = 0;
                let outside = (1..=300).any(|trials| {
                    times += u64::from(stream.uniform() < truth);
                    let interval = always_valid(times, trials, 0.05);
                    truth < interval.low || truth > interval.high
                });
                missed += u32::from(outside);
            }
            // 5 % of 400 is 20, and four standard deviations above that are 37.
            assert!(missed <= 37, "{truth}: {missed} of 400 paths left the sequence");
        }
        // An interval that is made for one look fails this test's way of looking.
        let mut missed = 0;
        for path in 0..400 {
            let mut stream = Chance::new(Seed::new(11), path).stream("d", "coin");
            let mut times = 0;
            missed += u32::from((1..=300).any(|trials| {
                times += u64::from(stream.uniform() < 0.5);
                let interval = wilson(times, trials);
                interval.low > 0.5 || interval.high < 0.5
            }));
        }
        assert!(missed > 60, "{missed}");
    }
}
