//! How far predictions are from measurements.

mod rows;

pub use rows::{Row, read_rows, rig_text, scenario_of};
