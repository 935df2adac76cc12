//! Client quotas: how long a broker mutes a client that goes over its rate.
//!
//! # Equation
//! A sensor holds values in samples of one second, at most eleven and the one that overlaps the
//! window. Its rate is O = sum / W, where W is the time since the oldest sample began, but at least
//! ten full seconds and the started one. Above the bound T the client is muted for (O − T) / T · W:
//! exactly until the rate is T again, if nothing more comes.
//! # Assumes
//! The clock has whole milliseconds, as Kafka's.
//! # Breaks
//! `quota.window.num` and `quota.window.size.seconds` are Kafka's defaults.
//! # Source
//! Kafka's `SampledStat`, `Rate.windowSize`, `QuotaUtils.throttleTime`, `ClientQuotaManager`.

use crate::units::{ByteRate, SimSpan, SimTime};

/// Limits of one client id (a producer, a group) on each broker; absent means none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quota {
    /// `producer_byte_rate` or `consumer_byte_rate`.
    pub bytes: Option<ByteRate>,
    /// `request_percentage`: time of request handlers and network threads, 100 is one thread.
    pub requests: Option<f64>,
}

/// What is compared with a bound on one broker.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaSensor {
    /// Allowed per second.
    bound: f64,
    samples: Vec<Sample>,
    current: usize,
    /// Everything recorded so far.
    total: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    start: u64,
    last: u64,
    value: f64,
}

/// `quota.window.num` and `quota.window.size.seconds`.
const SAMPLES: u64 = 11;
const WINDOW_MS: u64 = 1_000;
/// Longest muting for request time: `quota.window.size.seconds`.
pub const MOST_FOR_REQUESTS: SimSpan = SimSpan::from_millis(WINDOW_MS);

impl QuotaSensor {
    /// A sensor that has seen nothing; `bound` is per second, above zero.
    pub fn new(bound: f64) -> Self {
        Self { bound, samples: Vec::new(), current: 0, total: 0.0 }
    }

    /// Records a value, and says for how long the client is muted.
    pub fn record(&mut self, now: SimTime, value: f64) -> SimSpan {
        let now = millis(now);
        self.add(now, value);
        self.total += value;
        for sample in &mut self.samples {
            if now - sample.last >= SAMPLES * WINDOW_MS {
                *sample = Sample { start: now, last: now, value: 0.0 };
            }
        }
        let window = self.window(now);
        let sum: f64 = self.samples.iter().map(|sample| sample.value).sum();
        let over = sum / self.bound - window;
        if over <= 0.0 {
            return SimSpan::ZERO;
        }
        SimSpan::from_millis((over * WINDOW_MS as f64).round() as u64)
    }

    /// Takes a value back: what was throttled is not sent.
    pub fn unrecord(&mut self, now: SimTime, value: f64) {
        self.add(millis(now), -value);
        self.total -= value;
    }

    /// Seconds of the bound used so far: over time it is the share of the quota.
    pub fn used(&self) -> f64 {
        self.total / self.bound
    }

    fn add(&mut self, now: u64, value: f64) {
        let fresh = Sample { start: now, last: now, value: 0.0 };
        match self.samples.get(self.current) {
            None => self.samples.push(fresh),
            Some(sample) if now - sample.start >= WINDOW_MS => {
                self.current = (self.current + 1) % (SAMPLES as usize + 1);
                match self.samples.get_mut(self.current) {
                    Some(oldest) => *oldest = fresh,
                    None => self.samples.push(fresh),
                }
            }
            Some(_) => {}
        }
        let sample = &mut self.samples[self.current];
        sample.value += value;
        sample.last = now;
    }

    /// The window of the rate in seconds.
    fn window(&self, now: u64) -> f64 {
        let oldest = self.samples.iter().map(|sample| sample.start).min().unwrap_or(now);
        let elapsed = now - oldest;
        let missing = (SAMPLES - 1).saturating_sub(elapsed / WINDOW_MS) * WINDOW_MS;
        (elapsed + missing).max(1) as f64 / WINDOW_MS as f64
    }
}

/// Whole milliseconds of an instant.
fn millis(at: SimTime) -> u64 {
    (at - SimTime::ZERO).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_millis(ms)
    }

    #[test]
    fn ten_seconds_worth_pass_at_once_and_then_the_excess_is_waited_off() {
        let mut sensor = QuotaSensor::new(1_000.0);
        assert_eq!(sensor.record(at(0), 10_000.0), SimSpan::ZERO);
        // 10,500 over 10 s are 1,050/s: (1,050 − 1,000) / 1,000 · 10 s.
        assert_eq!(sensor.record(at(0), 500.0), SimSpan::from_millis(500));
        // Half a second later the window is 10.5 s long and the rate is the bound.
        assert_eq!(sensor.record(at(500), 0.0), SimSpan::ZERO);
        // A full second starts the window over at 10 s, with what is in it.
        assert_eq!(sensor.record(at(1_000), 0.0), SimSpan::from_millis(500));
    }

    #[test]
    fn what_is_older_than_eleven_seconds_is_forgotten() {
        let mut sensor = QuotaSensor::new(1_000.0);
        sensor.record(at(0), 20_000.0);
        assert_eq!(sensor.record(at(10_999), 0.0), SimSpan::from_millis(9_001));
        let mut sensor = QuotaSensor::new(1_000.0);
        sensor.record(at(0), 20_000.0);
        assert_eq!(sensor.record(at(11_000), 0.0), SimSpan::ZERO);
    }

    #[test]
    fn a_steady_client_over_its_bound_is_held_to_it() {
        let mut sensor = QuotaSensor::new(1_000.0);
        let (mut now, mut sent) = (0, 0.0_f64);
        while now < 600_000 {
            sent += 100.0;
            now += 1 + sensor.record(at(now), 100.0).as_millis();
        }
        // Ten seconds' worth came first.
        let rate = (sent - 10_000.0) / 600.0;
        assert!((rate - 1_000.0).abs() < 30.0, "{rate}");
    }
}
