//! kafsim: a flight simulator for Apache Kafka clusters.

pub mod analysis;
pub mod chance;
pub mod cluster;
pub mod engine;
pub mod error;
pub mod form;
pub mod interop;
#[cfg(feature = "live")]
pub mod live;
pub mod metrics;
pub mod model;
pub mod report;
pub mod scenario;
pub mod study;
pub mod units;
