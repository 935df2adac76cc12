//! Latencies over time: distributions by window, and mixtures of them.

use super::histogram::{Histogram, bucket_of, highest_of, width_of};
use crate::units::{SimSpan, SimTime};

/// Mean and quantiles of a latency in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Largest.
    pub max: f64,
}

/// Which way of a record a latency measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journey {
    /// From a producer's `send` to the acknowledgement.
    Publish,
    /// From a producer's `send` to the poll that returns the record to a group's member.
    EndToEnd,
}

/// The records of one window of time.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyWindow {
    /// The end of the window; it begins where the one before ends.
    pub until: SimTime,
    /// Indices of distributions and how many records each stands for.
    pub mix: Vec<(usize, f64)>,
    /// A wait that all of them have in addition.
    pub later: SimSpan,
}

/// The latencies of a producer or a group over time. Each window is a mixture of few
/// distributions: its own where requests were simulated, those of operating points near it where
/// flows were.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    /// What is measured.
    pub journey: Journey,
    /// The producer or group.
    pub entity: String,
    /// The distributions, in nanoseconds.
    pub parts: Vec<Histogram>,
    /// In order of time, without gaps.
    pub windows: Vec<LatencyWindow>,
}

impl Latencies {
    /// Nothing yet.
    pub fn new(journey: Journey, entity: &str) -> Self {
        Self { journey, entity: entity.to_owned(), parts: Vec::new(), windows: Vec::new() }
    }
    /// All records of the windows that end in `(from, to]`.
    pub fn between(&self, from: SimTime, to: SimTime) -> Mixture {
        let mut mixture = Mixture::default();
        // Windows without a wait of their own share their distributions: each is added once.
        let mut plain = vec![0.0; self.parts.len()];
        for window in self.windows.iter().filter(|one| one.until > from && one.until <= to) {
            for (part, records) in &window.mix {
                if window.later.is_zero() {
                    plain[*part] += records;
                } else {
                    mixture.add(&self.parts[*part], *records, window.later);
                }
            }
        }
        for (part, records) in self.parts.iter().zip(plain) {
            mixture.add(part, records, SimSpan::ZERO);
        }
        mixture
    }
}

/// A weighted sum of histograms, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mixture {
    counts: Vec<f64>,
    count: f64,
    sum: f64,
    max: u64,
}

impl Mixture {
    /// Adds a distribution that stands for so many records, all of them later by a span.
    pub fn add(&mut self, of: &Histogram, records: f64, later: SimSpan) {
        if of.count() == 0 || records <= 0.0 {
            return;
        }
        let each = records / of.count() as f64;
        for (value, count) in of.buckets() {
            let bucket = bucket_of(value.saturating_add(later.as_nanos()));
            if bucket >= self.counts.len() {
                self.counts.resize(bucket + 1, 0.0);
            }
            self.counts[bucket] += each * count as f64;
        }
        self.count += records;
        self.sum += records * (of.mean().unwrap_or(0.0) + later.as_nanos() as f64);
        self.max = self.max.max(of.max().saturating_add(later.as_nanos()));
    }
    /// The mean in nanoseconds; `None` without records.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
    /// The largest value in nanoseconds.
    pub const fn max(&self) -> u64 {
        self.max
    }
    /// The value in nanoseconds that a share `q` (0–1) of the records does not exceed, as if the
    /// records of a bucket lay evenly in it; `None` without records.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        if self.count <= 0.0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * self.count;
        let mut seen = 0.0;
        for (bucket, count) in self.counts.iter().enumerate() {
            if *count > 0.0 && seen + count >= rank {
                let above = ((seen + count - rank) / count).clamp(0.0, 1.0);
                let back = ((width_of(bucket) - 1) as f64 * above) as u64;
                return Some((highest_of(bucket) - back).min(self.max));
            }
            seen += count;
        }
        Some(self.max)
    }
    /// Mean and quantiles in milliseconds; `None` without records.
    pub fn quantiles(&self) -> Option<Quantiles> {
        let ms = |nanos: u64| SimSpan::from_nanos(nanos).as_millis_f64();
        let at = |q: f64| self.quantile(q).map_or(0.0, ms);
        Some(Quantiles {
            mean: self.mean()? / 1e6,
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(self.max),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(from: u64, to: u64) -> Histogram {
        let mut histogram = Histogram::new();
        (from..to).for_each(|value| histogram.record(value * 1_000));
        histogram
    }

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(secs)
    }

    #[test]
    fn a_mixture_has_the_quantiles_of_its_parts() {
        // 0 to 100 µs nine times as often as 100 to 200 µs.
        let window = |until, mix| LatencyWindow { until: at(until), mix, later: SimSpan::ZERO };
        let latencies = Latencies {
            parts: vec![even(0, 100), even(100, 200)],
            windows: vec![window(1, vec![(0, 900.0)]), window(2, vec![(0, 900.0), (1, 200.0)])],
            ..Latencies::new(Journey::Publish, "shop")
        };
        let all = latencies.between(at(0), at(2));
        let near = |q: f64, micros: f64| {
            let found = all.quantile(q).unwrap() as f64 / 1e3;
            assert!((found - micros).abs() < 0.02 * micros, "{q}: {found} for {micros}");
        };
        near(0.45, 50.0);
        near(0.95, 150.0);
        assert!((all.mean().unwrap() / 1e3 - 0.9 * 49.5 - 0.1 * 149.5).abs() < 1e-9);
        assert_eq!(latencies.between(at(0), at(1)).max(), 99_000);
        assert_eq!(latencies.between(at(2), at(3)).quantile(0.5), None);
    }

    #[test]
    fn a_wait_moves_the_whole_window() {
        let later = SimSpan::from_millis(5);
        let latencies = Latencies {
            parts: vec![even(0, 100)],
            windows: vec![LatencyWindow { until: at(1), mix: vec![(0, 7.0)], later }],
            ..Latencies::new(Journey::EndToEnd, "billing")
        };
        let all = latencies.between(at(0), at(1)).quantiles().unwrap();
        assert!((all.p50 - 5.05).abs() < 0.03 && (all.max - 5.099).abs() < 1e-9, "{all:?}");
    }
}
