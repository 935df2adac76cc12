//! Sizes by the clock: one fixed size, or a timetable that repeats.
//!
//! # Rule
//! The size is that of the last entry whose time has come; before the first entry of a turn it is
//! the last entry of the turn before. One entry is a fixed size.
//! # Assumes
//! Times count from the first evaluation.
//! # Breaks
//! It looks at nothing.
//! # Source
//! Definition; the baseline of the elasticity metrics, and the scheduled actions of every cloud.

use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::units::{SimSpan, SimTime};

/// The policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchedulePolicy {
    entries: Vec<(SimSpan, u32)>,
    repeat: SimSpan,
    period: SimSpan,
    began: Option<SimTime>,
}

impl SchedulePolicy {
    /// A timetable of at least one entry (time in the turn, members), times ascending and below
    /// `repeat`, which is above zero.
    pub fn new(entries: Vec<(SimSpan, u32)>, repeat: SimSpan, period: SimSpan) -> Self {
        Self { entries, repeat, period, began: None }
    }

    fn size(&self, since: SimSpan) -> Option<u32> {
        let turn = SimSpan::from_nanos(since.as_nanos() % self.repeat.as_nanos());
        let come = self.entries.iter().rfind(|(at, _)| *at <= turn);
        come.or(self.entries.last()).map(|(_, members)| *members)
    }
}

impl ScalingPolicy for SchedulePolicy {
    fn period(&self) -> SimSpan {
        self.period
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let began = *self.began.get_or_insert(now);
        let wanted = self.size(now.saturating_since(began));
        let (Some(current), Some(desired)) = (observation.consumers, wanted) else {
            return Vec::new();
        };
        let reason = match desired.cmp(&current) {
            std::cmp::Ordering::Greater => Reason::ScaleUp,
            std::cmp::Ordering::Less => Reason::ScaleDown,
            std::cmp::Ordering::Equal => Reason::WithinRange,
        };
        let words = format!("the timetable says {desired}: {current} → {desired}");
        let mut decision = Decision::of_group("schedule", [current, desired], reason, words);
        decision.proposal = wanted;
        (decision.stabilised, decision.limited) = (wanted, wanted);
        vec![decision]
    }
}
