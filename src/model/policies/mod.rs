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

mod flink;
mod holt_winters;
mod hpa;
mod hpa_limits;
mod hpa_metrics;
mod keda;
mod keda_lag;
mod keda_triggers;
mod member_rate;
mod node_pool;
mod none;
mod oracle;
mod packing;
mod pid;
mod schedule;
mod step_scaling;
mod target_tracking;
mod threshold;

pub use flink::{Alignment, FLINK_METRICS, FlinkPolicy, FlinkSettings, Load};
pub use holt_winters::{HoltWinters, PredictivePolicy, PredictiveSettings, Smoothing};
pub use hpa::{HpaPolicy, SYNC};
pub use hpa_limits::{Behavior, DOWN_WINDOW, Direction, Limits, RatePolicy, Select};
pub use hpa_metrics::{HpaMetric, HpaSource, HpaTarget, Tolerance};
pub use keda::{Fallback, FallbackBehavior, Health, KedaPolicy, KedaSpec, Pauses};
pub use keda_lag::KafkaTrigger;
pub use node_pool::{NodePoolPolicy, RECONCILIATION};
pub use none::NoPolicy;
pub use oracle::{OraclePolicy, OracleSettings};
pub use packing::{By, Fit, pack, r_score};
pub use pid::{PidPolicy, PidSettings};
pub use schedule::SchedulePolicy;
pub use step_scaling::{Adjustment, Alarm, Step, StepPolicy, StepSettings};
pub use target_tracking::{TrackingPolicy, TrackingSettings};
pub use threshold::{Most, ThresholdLoop, ThresholdPolicy, Watched};

use super::policy::{Decision, Observation, PolicyAlert, ScalingPolicy, Target, Threshold};
use super::registry::kinds;
use super::workload::Want;
use crate::units::{SimSpan, SimTime};

kinds! {
    /// A policy of any kind.
    #[derive(Debug, Clone, PartialEq)]
    enum Policy: ScalingPolicy {
        /// Never acts.
        None(NoPolicy),
        /// Thresholds with cooldowns.
        Threshold(ThresholdPolicy),
        /// The Flink operator's autoscaler for a group.
        Flink(FlinkPolicy),
        /// A timetable, or one fixed size.
        Schedule(SchedulePolicy),
        /// Steps by the size of the breach.
        Step(StepPolicy),
        /// A metric held at a value.
        Tracking(TrackingPolicy),
        /// PID on the age of the backlog.
        Pid(PidPolicy),
        /// Holt-Winters on the input rate.
        Predictive(PredictivePolicy),
        /// Knows the load to come.
        Oracle(OraclePolicy),
        /// A node pool's number of brokers.
        NodePool(NodePoolPolicy),
        /// A horizontal pod autoscaler.
        Hpa(HpaPolicy),
        /// A KEDA `ScaledObject` with Kafka triggers and the autoscaler that it creates.
        Keda(KedaPolicy),
    }
    read {
        fn period(&self) -> SimSpan;
        fn metrics(&self) -> Vec<&str>;
        fn wants(&self) -> Vec<Want>;
        fn scales(&self) -> Vec<Target>;
        fn thresholds(&self) -> Vec<Threshold>;
        fn alerts(&self) -> &[PolicyAlert];
    }
    write {
        fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision>;
    }
}

impl Policy {
    /// Whether it knows the load to come.
    pub fn is_oracle(&self) -> bool {
        matches!(self, Self::Oracle(_))
    }
}
