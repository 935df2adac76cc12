//! Step scaling: the further a metric is beyond its threshold, the larger the step.
//!
//! # Rule
//! An alarm fires when at least M of the last N points are beyond its threshold. The breach is
//! metric − threshold; steps tile the axis of the breach. Out: lower bound included, upper
//! excluded; in: lower excluded, upper included. A step changes the size by a number, by percent of
//! it (at least by a magnitude), or sets it. Percentages between 0 and 1 member count as one,
//! others are cut towards zero. During the cooldown of a step out only what exceeds that step is
//! added, and no step in is taken; a step out during the cooldown of a step in is allowed.
//! # Assumes
//! A point without a value is not beyond the threshold.
//! # Breaks
//! The alarm of a cloud lags by its own evaluation; here it is judged with the point itself.
//! # Source
//! AWS Application Auto Scaling, step scaling policies (documentation).

use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy, Target, Threshold};
use crate::units::{SimSpan, SimTime, count};
use std::collections::VecDeque;

/// What a step's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Members more or fewer.
    Change,
    /// Percent of the size, at least so many members.
    Percent {
        /// The least change in members.
        magnitude: u32,
    },
    /// The size itself.
    Exact,
}

/// A step: bounds of the breach and its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Lower bound of the breach; minus infinity for none.
    pub lower: f64,
    /// Upper bound of the breach; infinity for none.
    pub upper: f64,
    /// Its number.
    pub by: f64,
}

/// One direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Beyond this it fires: above (out), below (in).
    pub threshold: f64,
    /// So many points.
    pub points: usize,
    /// Of the last so many.
    pub of: usize,
    /// Its steps.
    pub steps: Vec<Step>,
    /// After a step.
    pub cooldown: SimSpan,
}

/// Its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSettings {
    /// The metric's name.
    pub metric: String,
    /// What the steps' numbers mean.
    pub adjustment: Adjustment,
    /// Scaling out.
    pub out: Alarm,
    /// Scaling in.
    pub inward: Alarm,
    /// Fewest members.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// Time between points.
    pub period: SimSpan,
}

/// The policy with its points.
#[derive(Debug, Clone, PartialEq)]
pub struct StepPolicy {
    settings: StepSettings,
    points: VecDeque<Option<f64>>,
    /// Time, size before and change of the last step out.
    out: Option<(SimTime, u32, i64)>,
    inward: Option<SimTime>,
}

impl Adjustment {
    /// The change that a step's number means for a size.
    pub fn change(self, size: u32, by: f64) -> i64 {
        match self {
            Self::Change => by as i64,
            Self::Exact => by as i64 - i64::from(size),
            Self::Percent { magnitude } => {
                let exact = f64::from(size) * by / 100.0;
                let whole = if exact > 0.0 && exact < 1.0 {
                    1
                } else if exact < 0.0 && exact > -1.0 {
                    -1
                } else {
                    exact.trunc() as i64
                };
                whole.signum() * whole.abs().max(i64::from(magnitude))
            }
        }
    }
}

impl StepPolicy {
    /// Its settings.
    pub fn settings(&self) -> &StepSettings {
        &self.settings
    }

    /// A policy that has seen nothing.
    pub fn new(settings: StepSettings) -> Self {
        Self { settings, points: VecDeque::new(), out: None, inward: None }
    }

    fn fires(&self, alarm: &Alarm, beyond: impl Fn(f64) -> bool) -> bool {
        let recent = self.points.iter().rev().take(alarm.of);
        recent.filter(|point| point.is_some_and(&beyond)).count() >= alarm.points
    }

    fn judge(&mut self, now: SimTime, value: Option<f64>, size: u32) -> Decision {
        let settings = self.settings.clone();
        self.points.push_back(value);
        while self.points.len() > settings.out.of.max(settings.inward.of) {
            self.points.pop_front();
        }
        let (out, inward) = (&settings.out, &settings.inward);
        let Some(value) = value else {
            return self.decided(size, None, Reason::WithinRange, "nothing is measured");
        };
        let words = format!("{} is {}", settings.metric, count(value));
        if self.fires(out, |point| point > out.threshold) {
            let breach = value - out.threshold;
            let step = |step: &&Step| step.lower <= breach && breach < step.upper;
            let Some(step) = out.steps.iter().find(step) else {
                return self.decided(size, None, Reason::WithinRange, &words);
            };
            let running = self.out.filter(|(at, ..)| now.saturating_since(*at) < out.cooldown);
            let (base, before) = running.map_or((size, 0), |(_, base, change)| (base, change));
            let change = settings.adjustment.change(base, step.by);
            if running.is_some() && change <= before {
                return self.decided(size, None, Reason::CoolingDown, &words);
            }
            let wanted = (i64::from(size) + change - before).max(0) as u32;
            let decision = self.decided(size, Some(wanted), Reason::ScaleUp, &words);
            if decision.action {
                self.out = Some((now, base, change));
            }
            return decision;
        }
        if self.fires(inward, |point| point < inward.threshold) {
            let breach = value - inward.threshold;
            let step = |step: &&Step| step.lower < breach && breach <= step.upper;
            let Some(step) = inward.steps.iter().find(step) else {
                return self.decided(size, None, Reason::WithinRange, &words);
            };
            let cooling = |at: SimTime, wait| now.saturating_since(at) < wait;
            if self.out.is_some_and(|(at, ..)| cooling(at, out.cooldown))
                || self.inward.is_some_and(|at| cooling(at, inward.cooldown))
            {
                return self.decided(size, None, Reason::CoolingDown, &words);
            }
            let change = settings.adjustment.change(size, step.by);
            let wanted = (i64::from(size) + change).max(0) as u32;
            let decision = self.decided(size, Some(wanted), Reason::ScaleDown, &words);
            if decision.action {
                self.inward = Some(now);
            }
            return decision;
        }
        self.decided(size, None, Reason::WithinRange, &words)
    }

    /// The decision for a wanted size, in bounds; a step that the bound swallows says so.
    fn decided(&self, size: u32, wanted: Option<u32>, reason: Reason, words: &str) -> Decision {
        let bounded = wanted.map(|wanted| wanted.clamp(self.settings.min, self.settings.max));
        let desired = match (reason, bounded) {
            (Reason::ScaleUp, Some(bounded)) => bounded.max(size),
            (Reason::ScaleDown, Some(bounded)) => bounded.min(size),
            _ => size,
        };
        let reason = match reason {
            Reason::ScaleUp if desired == size => Reason::AtMaximum,
            Reason::ScaleDown if desired == size => Reason::AtMinimum,
            reason => reason,
        };
        let words = format!("{words}: {size} → {desired}");
        Decision {
            metric: Some(self.settings.metric.clone()),
            proposal: wanted,
            stabilised: wanted,
            limited: wanted,
            ..Decision::of_group("step_scaling", [size, desired], reason, words)
        }
    }
}

impl ScalingPolicy for StepPolicy {
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
            up: self.settings.out.threshold,
            down: self.settings.inward.threshold,
            aim: None,
        }]
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(size) = observation.consumers else { return Vec::new() };
        let value = observation.value(&self.settings.metric);
        vec![self.judge(now, value, size)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_cut_towards_zero_and_never_to_nothing() {
        let percent = |magnitude| Adjustment::Percent { magnitude };
        assert_eq!(percent(2).change(4, 25.0), 2, "one member, raised to the magnitude");
        assert_eq!(percent(0).change(127, 10.0), 12, "12.7");
        assert_eq!(percent(0).change(667, -1.0), -6, "-6.67");
        assert_eq!((percent(0).change(4, 10.0), percent(0).change(4, -10.0)), (1, -1));
        assert_eq!(Adjustment::Exact.change(4, 10.0), 6);
    }
}
