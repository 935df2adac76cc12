//! kafsim: a flight simulator for Apache Kafka clusters.
pub mod chance;
pub mod cluster;
pub mod error;
pub mod form;
pub mod units;
