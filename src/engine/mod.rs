//! Pure makers of runs from a scenario and a seed.
//!
//! `kernel` is a discrete-event kernel that has never heard of Kafka; `fluid` simulates flows
//! between events.

pub mod fluid;
pub mod kernel;
