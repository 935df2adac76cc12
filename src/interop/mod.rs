//! Whole foreign files to and from scenarios and runs.

mod cruise_control;
mod draft;
mod draft_machine;
mod kafka_rebalance;
mod load_trace;
mod log_dirs;
mod omb;
mod omb_result;
mod perf_test;
mod prometheus;
mod reassignment;
mod rows;
mod text;

pub use crate::scenario::{Assignment, read_describe, read_reassignment};
pub use cruise_control::{
    BrokerCapacity, CruiseLoad, capacity_json, cruise_load_json, read_capacity, read_cruise_load,
};
pub use draft::{Answers, Draft, draft};
pub use kafka_rebalance::{
    KafkaRebalance, RebalanceMode, kafka_rebalance_yaml, read_kafka_rebalance,
};
pub use load_trace::{LoadTrace, read_load_trace};
pub use log_dirs::{StoredReplica, log_dirs_json, read_log_dirs};
pub use omb::{OmbDriver, OmbWorkload, omb_scenario, read_omb_driver, read_omb_workload};
pub use omb_result::{omb_result, read_omb_result, with_latencies};
pub use perf_test::read_perf_test;
pub use prometheus::read_range_queries;
pub use reassignment::{assignments_of, check_reassignment, describe_text, reassignment_json};
pub use rows::{RunRow, measured_row};
