//! Whole foreign files to and from scenarios and runs.

mod log_dirs;
mod perf_test;
mod prometheus;
mod reassignment;
mod rows;
mod text;

pub use log_dirs::{StoredReplica, log_dirs_json, read_log_dirs};
pub use perf_test::read_perf_test;
pub use prometheus::read_range_queries;
pub use reassignment::{
    Assignment, assignments_of, check_reassignment, describe_text, read_describe,
    read_reassignment, reassignment_json,
};
pub use rows::{RunRow, measured_row};
