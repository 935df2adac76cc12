//! Target tracking: hold a metric at a value, out at once and in with care.
//!
//! # Rule
//! Out: when the last points (3 by default) are all above the target, the size becomes
//! ⌈size · metric / target⌉ at once. In: when the last points (15) are all below the target by more
//! than the slack (10 %) and the cooldown since the last step has passed, the same formula gives
//! the smaller size. Between minimum and maximum.
//! # Assumes
//! The metric falls in proportion when members are added.
//! # Breaks
//! A metric without a value ends both series of points. A cumulative lag is no utilisation: it
//! keeps growing while the size is right, and the formula then overshoots.
//! # Source
//! AWS Application Auto Scaling, target tracking scaling policies (documentation); the numbers of
//! points are those of the alarms that it creates.

use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy, Target, Threshold};
use crate::units::{SimSpan, SimTime, count};

/// Its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackingSettings {
    /// The metric's name.
    pub metric: String,
    /// The value to hold, above 0.
    pub target: f64,
    /// Points above the target in a row for a step out.
    pub points_out: u32,
    /// Points below it in a row for a step in.
    pub points_in: u32,
    /// How far below the target counts, 0–1.
    pub slack: f64,
    /// Between a step and the next one in.
    pub cooldown_in: SimSpan,
    /// Fewest members.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// Time between points.
    pub period: SimSpan,
}

/// The policy with its series of points.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackingPolicy {
    settings: TrackingSettings,
    above: u32,
    below: u32,
    stepped: Option<SimTime>,
}

impl TrackingPolicy {
    /// Its settings.
    pub fn settings(&self) -> &TrackingSettings {
        &self.settings
    }

    /// A policy that has seen nothing.
    pub fn new(settings: TrackingSettings) -> Self {
        Self { settings, above: 0, below: 0, stepped: None }
    }

    fn judge(&mut self, now: SimTime, value: Option<f64>, size: u32) -> Decision {
        let settings = &self.settings;
        let Some(value) = value else {
            (self.above, self.below) = (0, 0);
            return decided(size, size, Reason::WithinRange, "nothing is measured".into());
        };
        self.above = if value > settings.target { self.above + 1 } else { 0 };
        let low = settings.target * (1.0 - settings.slack);
        self.below = if value < low { self.below + 1 } else { 0 };
        let wanted = (f64::from(size) * value / settings.target).ceil() as u32;
        let bounded = wanted.clamp(settings.min, settings.max);
        let metric = &settings.metric;
        let because = format!("{metric} {} against {}", count(value), count(settings.target));
        let (reason, desired) = if self.above >= settings.points_out {
            match bounded.cmp(&size) {
                std::cmp::Ordering::Greater => (Reason::ScaleUp, bounded),
                _ => (Reason::AtMaximum, size),
            }
        } else if self.below >= settings.points_in {
            let cooling =
                self.stepped.is_some_and(|at| now.saturating_since(at) < settings.cooldown_in);
            match (cooling, bounded < size) {
                (true, _) => (Reason::CoolingDown, size),
                (false, true) => (Reason::ScaleDown, bounded),
                (false, false) => (Reason::AtMinimum, size),
            }
        } else {
            (Reason::WithinRange, size)
        };
        if desired != size {
            self.stepped = Some(now);
            (self.above, self.below) = (0, 0);
        }
        let mut decision = decided(size, desired, reason, because);
        decision.metric = Some(self.settings.metric.clone());
        decision.proposal = Some(wanted);
        decision.stabilised = Some(if desired == size { size } else { wanted });
        decision.limited = decision.stabilised;
        decision
    }
}

fn decided(current: u32, desired: u32, reason: Reason, words: String) -> Decision {
    Decision::of_group("target_tracking", [current, desired], reason, words)
}

impl ScalingPolicy for TrackingPolicy {
    fn period(&self) -> SimSpan {
        self.settings.period
    }
    fn metrics(&self) -> Vec<&str> {
        vec![&self.settings.metric]
    }
    fn thresholds(&self) -> Vec<Threshold> {
        vec![Threshold {
            target: Target::Consumers,
            metric: self.settings.metric.clone(),
            up: self.settings.target,
            down: self.settings.target * (1.0 - self.settings.slack),
            aim: Some(self.settings.target),
        }]
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(size) = observation.consumers else { return Vec::new() };
        let value = observation.value(&self.settings.metric);
        vec![self.judge(now, value, size)]
    }
}
