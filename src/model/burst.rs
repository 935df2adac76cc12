//! Burst credit: a rate that lasts only while there is credit.
//!
//! # Rule
//! A bucket holds credit in bytes, full at first. It fills at the baseline rate and empties by
//! every byte that passes. While there is credit bytes pass at the burst rate, without it at the
//! baseline rate.
//! # Assumes
//! Credit is earned at the rate that is guaranteed without it, as for general-purpose cloud
//! volumes and for the networks of small cloud machines.
//! # Breaks
//! Schemes with several buckets (a day's and a minute's), and operations counted instead of bytes.
//! # Source
//! Amazon EC2 documentation, "I/O credits and burst performance" and "Network I/O credits".

use crate::units::{SimSpan, SimTime};

/// A token bucket in front of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Burst {
    /// Bytes per nanosecond with and without credit.
    fast: f64,
    slow: f64,
    /// Credit of a full bucket in bytes, and what there is at an instant.
    most: f64,
    level: f64,
    as_of: SimTime,
}

impl Burst {
    /// A full bucket; rates in bytes per second, `baseline` below `burst`.
    pub fn new(burst: f64, baseline: f64, credit: f64) -> Self {
        let (fast, slow) = (burst * 1e-9, baseline * 1e-9);
        Self { fast, slow, most: credit, level: credit, as_of: SimTime::ZERO }
    }

    fn earn(&mut self, now: SimTime) {
        let span = now.saturating_since(self.as_of).as_nanos() as f64;
        self.level = (self.level + span * self.slow).min(self.most);
        self.as_of = self.as_of.max(now);
    }

    /// Nanoseconds for which the credit lasts at the burst rate.
    fn lasts(&self) -> f64 {
        self.level / (self.fast - self.slow)
    }

    /// Bytes per nanosecond at an instant.
    pub fn rate(&mut self, now: SimTime) -> f64 {
        self.earn(now);
        if self.level > 0.0 { self.fast } else { self.slow }
    }

    /// Passes bytes from an instant on, not before all earlier ones are through; returns how long
    /// it takes.
    pub fn take(&mut self, from: SimTime, bytes: f64) -> SimSpan {
        self.earn(from);
        let quick = bytes.min(self.fast * self.lasts());
        let nanos = quick / self.fast + (bytes - quick) / self.slow;
        self.level = (self.level + nanos * self.slow - bytes).max(0.0);
        let span = SimSpan::from_nanos(nanos as u64);
        self.as_of += span;
        span
    }

    /// Bytes that can pass within a span from an instant on.
    pub fn within(&mut self, from: SimTime, span: SimSpan) -> f64 {
        self.earn(from);
        let nanos = span.as_nanos() as f64;
        let quick = nanos.min(self.lasts());
        quick * self.fast + (nanos - quick) * self.slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 MB/s while there is credit, 20 MB/s without; 80 MB of credit.
    fn bucket() -> Burst {
        Burst::new(100e6, 20e6, 80e6)
    }

    #[test]
    fn credit_lasts_as_long_as_the_difference_of_the_rates_says() {
        // 80 MB at 100 − 20 MB/s last 1 s and carry 100 MB; the other 20 MB take another second.
        let mut burst = bucket();
        assert_eq!(burst.take(SimTime::ZERO, 120e6), SimSpan::from_secs(2));
        assert_eq!(
            burst.within(SimTime::ZERO + SimSpan::from_secs(2), SimSpan::from_secs(1)),
            20e6
        );
    }

    #[test]
    fn a_device_at_rest_earns_credit_up_to_a_full_bucket() {
        let mut burst = bucket();
        let end = SimTime::ZERO + burst.take(SimTime::ZERO, 100e6);
        // One second of rest is worth 20 MB: 0.25 s of burst, 25 MB.
        let later = end + SimSpan::from_secs(1);
        assert!((burst.within(later, SimSpan::from_millis(250)) - 25e6).abs() < 1.0);
        let much_later = end + SimSpan::from_secs(1_000);
        assert!((burst.within(much_later, SimSpan::from_secs(1)) - 100e6).abs() < 1.0);
    }
}
