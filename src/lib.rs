//! kafsim: a flight simulator for Apache Kafka clusters.
pub mod chance;
pub mod error;
pub mod form;
pub mod units;
