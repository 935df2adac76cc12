//! No autoscaling: the baseline.
//!
//! # Rule
//! Never decides anything.
//! # Assumes
//! Nothing.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use crate::model::policy::{Decision, Observation, ScalingPolicy};
use crate::units::{SimSpan, SimTime};

/// Never acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoPolicy;

impl ScalingPolicy for NoPolicy {
    fn period(&self) -> SimSpan {
        SimSpan::MAX
    }
    fn decide(&mut self, _now: SimTime, _observation: &Observation<'_>) -> Vec<Decision> {
        Vec::new()
    }
}
