//! Accumulators: means, variances and values over time, in one pass.

use super::{Population, Series, Shape, Spread, Utilisation};
use crate::units::SimTime;

/// Mean and variance in one pass (Welford 1962), mergeable (Chan, Golub and `LeVeque` 1979).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Welford {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Welford {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { count: 0, mean: 0.0, squares: 0.0 }
    }
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let delta = value - self.mean;
        self.mean += delta / self.count as f64;
        self.squares += delta * (value - self.mean);
    }
    /// Adds everything that another accumulator has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let count = self.count + other.count;
        let delta = other.mean - self.mean;
        let (mine, theirs) = (self.count as f64, other.count as f64);
        self.mean += delta * theirs / count as f64;
        self.squares += other.squares + delta * delta * mine * theirs / count as f64;
        self.count = count;
    }
    /// The number of values.
    pub const fn count(&self) -> u64 {
        self.count
    }
    /// The mean; 0 without values.
    pub const fn mean(&self) -> f64 {
        self.mean
    }
    /// The unbiased variance; 0 below two values.
    pub fn variance(&self) -> f64 {
        if self.count < 2 { 0.0 } else { self.squares / (self.count - 1) as f64 }
    }
}

/// A piece of a series between two points: it goes in a straight line from one value to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    seconds: f64,
    from: f64,
    to: f64,
}

/// A value over time: mean, extremes, and the share of time at or below any level.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeWeighted {
    pieces: Vec<Piece>,
    seconds: f64,
    area: f64,
}

impl TimeWeighted {
    /// The part of a series between two instants, read as its shape says.
    pub fn of(series: &Series, from: SimTime, to: SimTime) -> Self {
        let mut value = Self::default();
        for pair in series.points.windows(2) {
            let [(t0, v0), (t1, v1)] = pair else { continue };
            let (start, end) = ((*t0).max(from), (*t1).min(to));
            if end <= start {
                continue;
            }
            let line = |at: SimTime| v0 + (v1 - v0) * (at - *t0).ratio_to(*t1 - *t0);
            let (a, b) = match series.shape {
                Shape::Step => (*v0, *v0),
                Shape::Mean => (*v1, *v1),
                Shape::Linear => (line(start), line(end)),
            };
            value.add((end - start).as_secs_f64(), a, b);
        }
        value
    }

    /// Adds a stretch of time during which the value goes from one level to another.
    pub fn add(&mut self, seconds: f64, from: f64, to: f64) {
        self.pieces.push(Piece { seconds, from, to });
        self.seconds += seconds;
        self.area += seconds * f64::midpoint(from, to);
    }

    /// The mean over time; `None` without any time.
    pub fn mean(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.area / self.seconds)
    }
    /// The largest value.
    pub fn max(&self) -> Option<f64> {
        self.pieces.iter().map(|p| p.from.max(p.to)).reduce(f64::max)
    }
    /// The smallest value.
    pub fn min(&self) -> Option<f64> {
        self.pieces.iter().map(|p| p.from.min(p.to)).reduce(f64::min)
    }
    /// The share of time during which the value is at most `level`.
    pub fn share_at_most(&self, level: f64) -> f64 {
        let below: f64 = self.pieces.iter().map(|piece| piece.seconds_at_most(level)).sum();
        if self.seconds > 0.0 { below / self.seconds } else { 0.0 }
    }

    /// The level below which the value is during a share `q` of the time, exact for levels that
    /// occur and to 2^-50 of the range between them (bisection on [`TimeWeighted::share_at_most`]).
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (mut low, mut high) = (self.min()?, self.max()?);
        if self.share_at_most(low) >= q {
            return Some(low);
        }
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if self.share_at_most(middle) >= q {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }
}

impl Piece {
    fn seconds_at_most(&self, level: f64) -> f64 {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        if level >= high {
            self.seconds
        } else if level < low {
            0.0
        } else {
            self.seconds * (level - low) / (high - low)
        }
    }
}

impl Series {
    /// Mean, 99th percentile, largest and last value between two instants; zeros without points.
    pub fn spread(&self, from: SimTime, to: SimTime) -> Spread {
        let value = TimeWeighted::of(self, from, to);
        Spread {
            mean: value.mean().unwrap_or(0.0),
            p99: value.quantile(0.99).unwrap_or(0.0),
            max: value.max().unwrap_or(0.0),
            end: self.at(to).unwrap_or(0.0),
        }
    }
    /// Mean and 99th percentile between two instants; zeros without points.
    pub fn utilisation(&self, from: SimTime, to: SimTime) -> Utilisation {
        let spread = self.spread(from, to);
        Utilisation { mean: spread.mean, p99: spread.p99 }
    }
    /// Smallest, mean, largest and last value between two instants; zeros without points.
    pub fn population(&self, from: SimTime, to: SimTime) -> Population {
        let value = TimeWeighted::of(self, from, to);
        Population {
            min: value.min().unwrap_or(0.0),
            mean: value.mean().unwrap_or(0.0),
            max: value.max().unwrap_or(0.0),
            end: self.at(to).unwrap_or(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    fn series(shape: Shape, points: &[(u64, f64)]) -> Series {
        Series {
            name: "x".into(),
            entity: "y".into(),
            unit: "",
            shape,
            points: points.iter().map(|(t, v)| (at(*t), *v)).collect(),
        }
    }

    #[test]
    fn welford_merges() {
        let (mut all, mut left, mut right) = (Welford::new(), Welford::new(), Welford::new());
        for value in [1.0, 4.0, 9.0, 16.0, 25.0] {
            all.add(value);
            if value < 5.0 { left.add(value) } else { right.add(value) }
        }
        left.merge(&right);
        assert_eq!(left.count(), 5);
        assert_relative_eq!(left.mean(), 11.0);
        assert_relative_eq!(left.variance(), all.variance(), max_relative = 1e-14);
        assert_relative_eq!(all.variance(), 93.5);
    }

    #[test]
    fn a_straight_line_has_its_middle_as_mean_and_median() {
        let line = series(Shape::Linear, &[(0, 0.0), (10, 100.0)]);
        let spread = line.spread(at(0), at(10));
        assert_relative_eq!(spread.mean, 50.0);
        assert_relative_eq!(spread.p99, 99.0, max_relative = 1e-9);
        assert_relative_eq!(spread.max, 100.0);
        let second_half = line.spread(at(5), at(10));
        assert_relative_eq!(second_half.mean, 75.0);
    }

    #[test]
    fn steps_hold_and_means_look_back() {
        let steps = series(Shape::Step, &[(0, 3.0), (4, 5.0), (10, 5.0)]);
        let population = steps.population(at(0), at(10));
        assert_relative_eq!(population.mean, (3.0 * 4.0 + 5.0 * 6.0) / 10.0);
        assert_relative_eq!(population.min, 3.0);
        let means = series(Shape::Mean, &[(0, 0.0), (4, 0.5), (10, 0.25)]);
        assert_relative_eq!(means.utilisation(at(0), at(10)).mean, 0.35);
    }
}
