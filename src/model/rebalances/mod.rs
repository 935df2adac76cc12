//! Kinds of rebalance protocols; the contract is `model::rebalance`.
//!
//! # Rule
//! One file per kind; this file lists them once.
//! # Assumes
//! Members are healthy.
//! # Breaks
//! Nothing.
//! # Source
//! `model::rebalance`.

use super::rebalance::{Change, Pause, RebalanceProtocol};

/// A protocol of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebalance {
    /// Classic: everyone stops.
    Eager,
}

impl RebalanceProtocol for Rebalance {
    fn pauses(&self, change: &Change<'_>) -> Vec<Pause> {
        let until = change.heartbeat + change.poll_loop + change.round_trip * 2;
        change.new.iter().map(|_| Pause { from: change.round_trip, until }).collect()
    }
}
