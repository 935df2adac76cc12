//! The physics: a contract in the singular file, its kinds in the plural folder.
//!
//! # Rule
//! A model holds no clock, no event queue and no I/O, and what chance it needs is handed to it. It
//! answers questions; engines act on the answers.
//! # Assumes
//! Numbers come from cards and scenarios; a model file holds equations only.
//! # Breaks
//! Nothing here keeps state between runs.
//! # Source
//! Each file names its own.

pub mod assignor;
pub mod assignors;
pub mod batching;
pub mod burst;
pub mod client;
pub mod codec;
pub mod cost;
pub mod curve;
pub mod curves;
pub mod disk;
pub mod election;
pub mod failover;
pub mod fault;
pub mod fetching;
pub mod heap;
pub mod link;
pub mod operation;
pub mod operations;
pub mod partitioner;
pub mod placement;
pub mod policies;
pub mod policy;
pub mod quota;
pub mod rebalance;
pub mod rebalances;
mod registry;
pub mod replica_selector;
pub mod service;
pub mod workload;
