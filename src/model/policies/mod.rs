//! Kinds of autoscaling policies; the contract is `model::policy`.
//!
//! # Rule
//! One file per kind; this file lists them once.
//! # Assumes
//! A policy's file is read by `scenario::manifests`.
//! # Breaks
//! Nothing.
//! # Source
//! `model::policy`.

mod none;

pub use none::NoPolicy;

use super::policy::{Decision, Observation, PolicyAlert, ScalingPolicy};
use crate::units::{SimSpan, SimTime};

/// A policy of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// Never acts.
    None(NoPolicy),
}

impl ScalingPolicy for Policy {
    fn period(&self) -> SimSpan {
        let Self::None(policy) = self;
        policy.period()
    }
    fn metrics(&self) -> Vec<&str> {
        let Self::None(policy) = self;
        policy.metrics()
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Self::None(policy) = self;
        policy.decide(now, observation)
    }
    fn alerts(&self) -> &[PolicyAlert] {
        let Self::None(policy) = self;
        policy.alerts()
    }
}
