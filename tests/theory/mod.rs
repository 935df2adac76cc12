//! Closed forms: the simulated interval must cover the theory.

mod fluid;
mod stations;
mod statistics;
