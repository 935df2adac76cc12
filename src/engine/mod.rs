//! Pure makers of runs from a scenario and a seed.
//!
//! `kernel` is a discrete-event kernel that has never heard of Kafka; `des` simulates requests,
//! `fluid` flows between events; `control` is the controller that both have in common.

mod control;
pub mod des;
pub mod fluid;
pub mod kernel;
