//! A PID controller on the age of the backlog.
//!
//! # Equation
//! The backlog's age is y = lag / input rate in seconds, the error e = y − target, counted as 0
//! while |e| ≤ band · target. Members u = `K_p` e + I + `K_d` dy/dt, rounded to the nearest,
//! between minimum and maximum. I grows by `K_i` e Δt in every step, unless u is beyond a bound and
//! e would drive it further (clamping), and stays between the bounds itself. It begins where u is
//! the size that is there (bumpless).
//! # Assumes
//! The derivative is that of the measurement, not of the error, so a new target makes no jump.
//! Without arrivals an empty backlog is 0 s old; a lag without arrivals has no age and holds u.
//! # Breaks
//! Between a change and its effect lie start-up and rebalance; gains that are too large for that
//! dead time make it swing. Committed offsets make y at least half a commit interval.
//! # Source
//! Åström and Hägglund, *PID Controllers: Theory, Design, and Tuning* (1995), chapter 3.

use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::units::{SimSpan, SimTime};

/// Names of its metrics: records behind, records/s that arrive.
const METRICS: [&str; 2] = ["consumer_lag", "input_rate"];

/// Its settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PidSettings {
    /// The age to hold.
    pub target: SimSpan,
    /// Members for each second of error.
    pub proportional: f64,
    /// Members per second for each second of error.
    pub integral: f64,
    /// Members for each second per second by which the age grows.
    pub derivative: f64,
    /// Errors up to this part of the target are none.
    pub band: f64,
    /// Fewest members.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// Time between evaluations.
    pub period: SimSpan,
}

/// The controller.
#[derive(Debug, Clone, PartialEq)]
pub struct PidPolicy {
    settings: PidSettings,
    integral: Option<f64>,
    last: Option<(SimTime, f64)>,
}

impl PidPolicy {
    /// A controller that has measured nothing.
    pub fn new(settings: PidSettings) -> Self {
        Self { settings, integral: None, last: None }
    }

    /// The output in members for an age in seconds.
    fn output(&mut self, now: SimTime, age: f64, size: u32, most: f64) -> f64 {
        let settings = self.settings;
        let target = settings.target.as_secs_f64();
        let error = age - target;
        let error = if error.abs() <= settings.band * target { 0.0 } else { error };
        let least = f64::from(settings.min).min(most);
        let (slope, step) = match self.last.replace((now, age)) {
            Some((before, was)) if now > before => {
                let step = now.saturating_since(before).as_secs_f64();
                ((age - was) / step, step)
            }
            _ => (0.0, 0.0),
        };
        let proportional = settings.proportional * error;
        let fixed = proportional + settings.derivative * slope;
        let integral = self.integral.unwrap_or(f64::from(size) - proportional);
        let grown = integral + settings.integral * error * step;
        let beyond = fixed + grown;
        let driven = (beyond > most && error > 0.0) || (beyond < least && error < 0.0);
        let kept = if driven { integral } else { grown };
        self.integral = Some(kept.clamp(least, most));
        fixed + self.integral.unwrap_or(kept)
    }

    fn judge(&mut self, now: SimTime, observation: &Observation<'_>, size: u32) -> Decision {
        let [lag, rate] = METRICS.map(|metric| observation.value(metric));
        let age = match (lag, rate) {
            (Some(lag), Some(rate)) if rate > 0.0 => Some((lag / rate).max(0.0)),
            (Some(lag), _) if lag <= 0.0 => Some(0.0),
            _ => None,
        };
        let Some(age) = age else {
            let words = "the backlog has no age that could be measured".to_owned();
            return Decision::of_group("pid", [size, size], Reason::WithinRange, words);
        };
        let most = self.settings.max.min(observation.partitions.unwrap_or(u32::MAX)).max(1);
        let output = self.output(now, age, size, f64::from(most));
        let wanted = libm::round(output).max(0.0) as u32;
        let least = self.settings.min.min(most);
        let desired = wanted.clamp(least, most);
        let words = format!(
            "the backlog is {} old, {} is aimed at: {size} → {desired}",
            SimSpan::from_secs_f64(age).to_prose(),
            self.settings.target.to_prose()
        );
        Decision::sized("pid", [size, wanted, desired], METRICS[0], words)
    }
}

impl ScalingPolicy for PidPolicy {
    fn period(&self) -> SimSpan {
        self.settings.period
    }
    fn metrics(&self) -> Vec<&str> {
        METRICS.to_vec()
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(size) = observation.consumers else { return Vec::new() };
        vec![self.judge(now, observation, size)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: PidSettings = PidSettings {
        target: SimSpan::from_secs(20),
        proportional: 0.1,
        integral: 0.001,
        derivative: 2.0,
        band: 0.1,
        min: 1,
        max: 10,
        period: SimSpan::from_secs(60),
    };

    fn at(minutes: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(60 * minutes)
    }

    #[test]
    fn the_three_terms_by_hand() {
        let mut policy = PidPolicy::new(SETTINGS);
        // Bumpless: whatever the error is, the first output is the size that is there.
        assert!((policy.output(at(0), 50.0, 4, 10.0) - 4.0).abs() < 1e-12);
        // e = 60, I = 4 − 3 + 0.001 · 60 · 60 = 4.6, derivative 2 · 30 / 60 = 1, P = 6: u = 11.6
        // is beyond 10 and e > 0: I stays 1, so u = 6 + 1 + 1.
        assert!((policy.output(at(1), 80.0, 4, 10.0) - 8.0).abs() < 1e-12);
        // e = 10: P = 1, I = 1 + 0.6, derivative 2 · (−50) / 60.
        let expected = 1.0 + 1.6 - 100.0 / 60.0;
        assert!((policy.output(at(2), 30.0, 8, 10.0) - expected).abs() < 1e-12);
        // Within the band of 2 s there is no error: I stays.
        let expected = 1.6 - 2.0 * 8.5 / 60.0;
        assert!((policy.output(at(3), 21.5, 1, 10.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn clamping_keeps_the_integral_from_winding_up() {
        let mut policy = PidPolicy::new(PidSettings { derivative: 0.0, ..SETTINGS });
        for minute in 0..200 {
            assert!(policy.output(at(minute), 500.0, 4, 10.0) > 10.0);
        }
        // Summed up it would be 0.001 · 480 · 60 · 200; one step after the error has turned u = −2
        // + I leaves the upper bound.
        assert!(policy.output(at(200), 0.0, 10, 10.0) < 9.0);
    }
}
