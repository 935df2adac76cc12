//! Whole foreign files to and from scenarios and runs.

mod perf_test;
mod prometheus;
mod rows;

pub use perf_test::read_perf_test;
pub use prometheus::read_range_queries;
pub use rows::{RunRow, measured_row};
