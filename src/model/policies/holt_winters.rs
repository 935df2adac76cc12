//! Holt-Winters: scale for the load of the next minutes, from its level, trend and season.
//!
//! # Equation
//! Additive, for the input rate y in every step, with a season of m steps:
//! - level l' = α (y − s) + (1 − α)(l + b)
//! - trend b' = β (l' − l) + (1 − β) b
//! - seasonal part of this step s' = γ (y − l − b) + (1 − γ) s
//!
//! The forecast for h steps ahead is l + h b plus the seasonal part of that step. Without a season
//! s = 0 throughout (Holt's linear method). The first season gives the level (its mean) and the
//! seasonal parts (the distances from it), with no trend.
//!
//! The size is what the largest of the present rate and the forecasts up to the horizon needs at
//! the utilisation aimed at; a smaller size waits until nothing within the hold time asked for
//! more.
//! # Assumes
//! A step is an evaluation. Until a whole season has been seen the present rate alone counts. A
//! forecast below zero is zero.
//! # Breaks
//! A jump that no season knows (a sale) is seen when it is there, like by any reactive policy. The
//! rate is forecast, not the recommendations of another autoscaler as in the
//! predictive-horizontal-pod-autoscaler: recommendations depend on what the policy itself did.
//! # Source
//! Holt 1957, Winters 1960; Hyndman and Athanasopoulos, *Forecasting: Principles and Practice* (3rd
//! edition), section 8.3.

use super::member_rate::MemberRate;
use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::units::{SimSpan, SimTime};

/// Names of its metrics: records/s that arrive, records/s that all members could process.
const METRICS: [&str; 2] = ["input_rate", "true_rate"];

/// Weights of the newest value, 0–1, and the season in steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// α, of the level.
    pub level: f64,
    /// β, of the trend.
    pub trend: f64,
    /// γ, of the seasonal parts.
    pub season: f64,
    /// Steps of a season; `None` for no season.
    pub steps: Option<usize>,
}

/// The state of the method.
#[derive(Debug, Clone, PartialEq)]
pub struct HoltWinters {
    smoothing: Smoothing,
    level: Option<f64>,
    trend: f64,
    /// Seasonal parts by their step in the season; until it is full, the values themselves.
    season: Vec<f64>,
    /// Values seen.
    seen: usize,
}

impl HoltWinters {
    /// A method that has seen nothing.
    pub fn new(smoothing: Smoothing) -> Self {
        Self { smoothing, level: None, trend: 0.0, season: Vec::new(), seen: 0 }
    }

    /// One more value.
    pub fn see(&mut self, value: f64) {
        let Smoothing { level, trend, season, steps } = self.smoothing;
        let place = steps.map(|steps| self.seen % steps.max(1));
        self.seen += 1;
        let Some(before) = self.level else {
            match steps {
                None => self.level = Some(value),
                Some(steps) => {
                    self.season.push(value);
                    if self.season.len() >= steps {
                        let mean = self.season.iter().sum::<f64>() / self.season.len() as f64;
                        self.level = Some(mean);
                        self.season.iter_mut().for_each(|one| *one -= mean);
                    }
                }
            }
            return;
        };
        let part = place.map_or(0.0, |place| self.season[place]);
        let expected = before + self.trend;
        let after = level * (value - part) + (1.0 - level) * expected;
        self.trend = trend * (after - before) + (1.0 - trend) * self.trend;
        self.level = Some(after);
        if let Some(place) = place {
            self.season[place] = season * (value - expected) + (1.0 - season) * part;
        }
    }

    /// The value `ahead` steps after the last one seen; `None` before the first season is over.
    pub fn forecast(&self, ahead: usize) -> Option<f64> {
        let level = self.level?;
        let part = match self.smoothing.steps {
            Some(steps) => self.season[(self.seen + ahead - 1) % steps.max(1)],
            None => 0.0,
        };
        Some(level + ahead as f64 * self.trend + part)
    }
}

/// Settings of the policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictiveSettings {
    /// The method's weights and season.
    pub smoothing: Smoothing,
    /// How far ahead it looks: at least a start-up.
    pub horizon: SimSpan,
    /// A smaller size waits for so long.
    pub hold: SimSpan,
    /// Utilisation to aim at, 0–1.
    pub utilisation: f64,
    /// Fewest members.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// Time between evaluations: a step of the method.
    pub period: SimSpan,
}

/// The policy.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictivePolicy {
    settings: PredictiveSettings,
    method: HoltWinters,
    member: MemberRate,
    asked: Vec<(SimTime, u32)>,
}

impl PredictivePolicy {
    /// A policy that has seen nothing.
    pub fn new(settings: PredictiveSettings) -> Self {
        let method = HoltWinters::new(settings.smoothing);
        let member = MemberRate::new(settings.horizon);
        Self { settings, method, member, asked: Vec::new() }
    }

    fn judge(&mut self, now: SimTime, observation: &Observation<'_>, size: u32) -> Decision {
        let settings = self.settings;
        let [rate, true_rate] = METRICS.map(|metric| observation.value(metric));
        let partitions = observation.partitions;
        self.member.measure(now, size, true_rate, partitions);
        let stay = |words: &str| {
            let words = words.to_owned();
            Decision::of_group("holt_winters", [size; 2], Reason::WithinRange, words)
        };
        let Some(rate) = rate else { return stay("no rate is measured") };
        self.method.see(rate);
        let steps = settings.horizon.as_nanos().div_ceil(settings.period.as_nanos().max(1));
        let ahead = (1..=steps as usize).filter_map(|step| self.method.forecast(step));
        let expected = ahead.reduce(f64::max);
        let highest = expected.map_or(rate, |expected| expected.max(rate));
        let Some(needed) = self.member.size_for(highest, settings.utilisation, partitions) else {
            return stay("nothing is known of what members can do");
        };
        self.asked.push((now, needed));
        self.asked.retain(|(at, _)| now.saturating_since(*at) <= settings.hold);
        let held = self.asked.iter().map(|(_, size)| *size).fold(needed, u32::max);
        let stabilised = if needed < size { held.min(size) } else { needed };
        let desired = stabilised.clamp(settings.min, settings.max);
        let forecast = match expected {
            Some(expected) => format!("at most {:.0}/s are expected", expected.max(0.0)),
            None => "no season has been seen yet".to_owned(),
        };
        let words = format!("{rate:.0} records/s arrive, {forecast}: {size} → {desired}");
        let sizes = [size, needed, desired];
        let mut decision = Decision::sized("holt_winters", sizes, METRICS[0], words);
        if decision.reason == Reason::AtMinimum && size > settings.min {
            // Fewer would do, but more were called for not long ago.
            decision.reason = Reason::CoolingDown;
        }
        (decision.stabilised, decision.limited) = (Some(stabilised), Some(stabilised));
        decision
    }
}

impl ScalingPolicy for PredictivePolicy {
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

    fn seen(smoothing: Smoothing, values: &[f64]) -> HoltWinters {
        let mut method = HoltWinters::new(smoothing);
        for value in values {
            method.see(*value);
        }
        method
    }

    #[test]
    fn holts_linear_method_by_hand() {
        let smoothing = Smoothing { level: 0.5, trend: 0.5, season: 0.0, steps: None };
        let method = seen(smoothing, &[10.0, 14.0]);
        // l = 0.5 · 14 + 0.5 · 10 = 12, b = 0.5 · 2 = 1.
        assert_eq!((method.forecast(1), method.forecast(3)), (Some(13.0), Some(15.0)));
        assert_eq!(HoltWinters::new(smoothing).forecast(1), None);
    }

    #[test]
    fn one_seasonal_step_by_hand() {
        let smoothing = Smoothing { level: 0.5, trend: 0.2, season: 0.4, steps: Some(4) };
        assert_eq!(seen(smoothing, &[8.0, 12.0, 20.0]).forecast(1), None);
        let method = seen(smoothing, &[8.0, 12.0, 20.0, 4.0]);
        // Level 11, parts −3, 1, 9, −7.
        let next: Vec<f64> = (1..=5).filter_map(|ahead| method.forecast(ahead)).collect();
        assert_eq!(next, [8.0, 12.0, 20.0, 4.0, 8.0]);
        let method = seen(smoothing, &[8.0, 12.0, 20.0, 4.0, 12.0]);
        // l = 0.5 · 15 + 0.5 · 11 = 13, b = 0.2 · 2 = 0.4, part = 0.4 · 1 + 0.6 · (−3) = −1.4.
        for (ahead, expected) in [(1, 14.4), (2, 22.8), (3, 7.2), (4, 13.2), (5, 16.0)] {
            let found = method.forecast(ahead).unwrap();
            assert!((found - expected).abs() < 1e-12, "{ahead}: {found}");
        }
    }

    #[test]
    fn a_pure_season_is_forecast_exactly_whatever_the_weights() {
        let day: Vec<f64> = (0..24).map(|hour| 100.0 + f64::from(hour * hour % 17)).collect();
        for level in [0.1, 0.9] {
            let smoothing = Smoothing { level, trend: 0.3, season: 0.5, steps: Some(24) };
            let days = day.repeat(3);
            let method = seen(smoothing, &days);
            for (ahead, value) in day.iter().enumerate() {
                assert!((method.forecast(ahead + 1).unwrap() - value).abs() < 1e-9);
            }
        }
    }
}
