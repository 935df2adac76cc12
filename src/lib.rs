//! kafsim: a flight simulator for Apache Kafka clusters.
pub mod chance;
pub mod cluster;
pub mod error;
pub mod form;
pub mod metrics;
pub mod model;
pub mod scenario;
pub mod units;
