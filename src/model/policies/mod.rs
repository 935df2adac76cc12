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
mod threshold;

pub use none::NoPolicy;
pub use threshold::{Most, ThresholdLoop, ThresholdPolicy, Watched};

use super::policy::{Decision, Observation, PolicyAlert, ScalingPolicy, Threshold};
use super::registry::kinds;
use crate::units::{SimSpan, SimTime};

kinds! {
    /// A policy of any kind.
    #[derive(Debug, Clone, PartialEq)]
    enum Policy: ScalingPolicy {
        /// Never acts.
        None(NoPolicy),
        /// Thresholds with cooldowns.
        Threshold(ThresholdPolicy),
    }
    read {
        fn period(&self) -> SimSpan;
        fn metrics(&self) -> Vec<&str>;
        fn thresholds(&self) -> Vec<Threshold>;
        fn alerts(&self) -> &[PolicyAlert];
    }
    write {
        fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision>;
    }
}
