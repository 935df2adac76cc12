//! A mergeable histogram of latencies.

/// Sub-buckets of each power of two: a value is known to 1 part in 128.
const SUB_BITS: u32 = 7;
const SUB: u64 = 1 << SUB_BITS;

/// A log-linear histogram of unsigned values, usually nanoseconds.
///
/// Each power of two is divided into 128 equal buckets, so quantiles are off by less than 1/128 of
/// their value; values below 256 are exact. Recording is O(1) without search, merging is adding,
/// and the memory is that of the largest value seen (at most 58 KiB).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Records a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }
    /// Records a value several times.
    #[inline]
    pub fn record_n(&mut self, value: u64, times: u64) {
        let bucket = bucket_of(value);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += times;
        self.count += times;
        self.sum += u128::from(value) * u128::from(times);
        self.max = self.max.max(value);
    }
    /// Adds everything that another histogram has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }
    /// What was recorded since an earlier state of the same histogram. Its maximum is known to the
    /// width of a bucket.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = earlier.counts.iter().copied().chain(std::iter::repeat(0));
        let counts: Vec<u64> = self.counts.iter().zip(before).map(|(all, old)| all - old).collect();
        let last = counts.iter().rposition(|count| *count > 0);
        Self {
            max: last.map_or(0, |bucket| highest_of(bucket).min(self.max)),
            count: self.count - earlier.count,
            sum: self.sum - earlier.sum,
            counts,
        }
    }
    /// The largest value of each bucket that has values, and how many.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(bucket, count)| (highest_of(bucket), *count))
    }
    /// The number of values.
    pub const fn count(&self) -> u64 {
        self.count
    }
    /// The exact mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
    /// The exact maximum; 0 without values.
    pub const fn max(&self) -> u64 {
        self.max
    }
    /// The smallest recorded value that at least a share `q` (0–1) of the values does not exceed,
    /// as if the values of a bucket lay evenly in it; `None` without values.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            if seen + count >= rank {
                let (high, width) = (highest_of(bucket), width_of(bucket));
                let above = (seen + count - rank) as f64 / *count as f64;
                return Some((high - ((width - 1) as f64 * above) as u64).min(self.max));
            }
            seen += count;
        }
        Some(self.max)
    }
}

#[inline]
pub(super) fn bucket_of(value: u64) -> usize {
    let magnitude = (value | SUB).ilog2();
    let shift = magnitude - SUB_BITS;
    (u64::from(shift) * SUB + (value >> shift)) as usize
}

/// How many values a bucket covers.
pub(super) const fn width_of(bucket: usize) -> u64 {
    let shift = bucket as u64 / SUB;
    if shift < 2 { 1 } else { 1 << (shift - 1) }
}

/// The largest value of a bucket.
pub(super) fn highest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * SUB {
        return bucket;
    }
    let shift = bucket / SUB - 1;
    let low = (bucket - shift * SUB) << shift;
    low + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};
    use proptest::prelude::*;

    #[test]
    fn what_came_since_is_what_was_recorded_since() {
        let mut all = Histogram::new();
        (0..100).for_each(|value| all.record(value * 1_000));
        let earlier = all.clone();
        let mut later = Histogram::new();
        for value in 50..60 {
            all.record(value * 1_000);
            later.record(value * 1_000);
        }
        let since = all.since(&earlier);
        assert_eq!((since.count(), since.mean()), (10, later.mean()));
        assert_eq!(since.quantile(0.5), later.quantile(0.5));
        assert!((since.max() as f64 / 59_000.0 - 1.0).abs() < 0.01, "{}", since.max());
        assert_eq!(all.since(&all).max(), 0);
    }

    #[test]
    fn buckets_cover_all_values_without_gaps() {
        let mut next = 0_u64;
        for bucket in 0..bucket_of(u64::MAX) {
            assert_eq!(bucket_of(next), bucket);
            let highest = highest_of(bucket);
            assert_eq!(bucket_of(highest), bucket);
            assert!(highest - next <= next / SUB, "bucket {bucket} is too wide");
            assert_eq!(highest - next + 1, width_of(bucket));
            next = highest + 1;
        }
        assert_eq!(highest_of(bucket_of(u64::MAX)), u64::MAX);
    }

    #[test]
    fn quantiles_agree_with_hdrhistogram() {
        let mut stream = Chance::new(Seed::new(2), 0).stream("histogram", "twin");
        for scale in [50.0, 1e5, 1e9] {
            let mut ours = Histogram::new();
            let mut theirs = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            for _ in 0..20_000 {
                let value = (stream.exp1() * scale) as u64;
                ours.record(value);
                theirs.record(value).unwrap();
            }
            for q in [0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let (a, b) = (ours.quantile(q).unwrap() as f64, theirs.value_at_quantile(q) as f64);
                assert!((a - b).abs() <= b / 100.0 + 1.0, "{q} of {scale}: {a} and {b}");
            }
            let mean = ours.mean().unwrap();
            assert!((mean - theirs.mean()).abs() < theirs.mean() / 500.0 + 0.5);
            assert_eq!(ours.count(), theirs.len());
        }
    }

    proptest! {
        #[test]
        fn merging_is_recording_the_union(a: Vec<u64>, b: Vec<u64>) {
            let record = |values: &[u64]| {
                let mut histogram = Histogram::new();
                for value in values {
                    histogram.record(*value);
                }
                histogram
            };
            let mut merged = record(&a);
            merged.merge(&record(&b));
            prop_assert_eq!(merged, record(&[a, b].concat()));
        }
    }
}
