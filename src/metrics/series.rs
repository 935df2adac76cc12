//! Values over time.
//!
//! The names that engines write and everything above reads; `target` is `brokers` or a group:
//!
//! | name | entity | unit | shape |
//! |---|---|---|---|
//! | `offered_records_s`, `acked_records_s` | producer, and `all` | records/s | mean |
//! | `capacity_records_s` | `brokers`, and each group | records/s | step |
//! | `processed_records_s` | group | records/s | mean |
//! | `lag_records` (committed), `processing_lag_records` | group | records | linear |
//! | `lag_seconds` | group | s | linear |
//! | `members_desired`, `members_ready`, `members_owning` | group | members | step |
//! | `brokers_desired`, `brokers_ready`, `brokers_useful` | `cluster` | brokers | step |
//! | `cpu_utilisation`, `disk_utilisation` | node id | share | mean |
//! | `nic_in_utilisation`, `nic_out_utilisation` | node id | share | mean |
//! | `stored_bytes` | node id | bytes | linear |
//! | `moved_bytes_s` | `cluster` | bytes/s | mean |
//! | `demand` (may pass 1), `fixed_demand` (without load) | resource | share | mean |
//! | a policy's own metric name | target | the metric's unit | step |

use crate::units::SimTime;

/// How a series is to be read between its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A value holds until the next point (replica counts).
    Step,
    /// Values lie on a line between points (backlogs).
    Linear,
    /// A point is the mean since the point before it (rates, utilisations).
    Mean,
}

/// One quantity of one entity over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What is measured, unit last: `lag_records`, `cpu_utilisation`.
    pub name: String,
    /// Whose it is: `billing`, a broker's node id as text, `cluster`.
    pub entity: String,
    /// The unit for axes: `records`, `records/s`, `share`, `members`.
    pub unit: &'static str,
    /// How to read it.
    pub shape: Shape,
    /// Points in time order.
    pub points: Vec<(SimTime, f64)>,
}

impl Series {
    /// The largest value, 0 for an empty series.
    pub fn max(&self) -> f64 {
        self.points.iter().map(|(_, value)| *value).fold(0.0, f64::max)
    }
    /// The value that holds at an instant, read as the shape says; `None` before the first point.
    pub fn at(&self, instant: SimTime) -> Option<f64> {
        let after = self.points.partition_point(|(at, _)| *at <= instant);
        match self.shape {
            Shape::Step => after.checked_sub(1).map(|i| self.points[i].1),
            Shape::Mean => self.points.get(after).or(self.points.last()).map(|point| point.1),
            Shape::Linear => {
                let (t0, v0) = *self.points.get(after.checked_sub(1)?)?;
                let Some((t1, v1)) = self.points.get(after).copied() else { return Some(v0) };
                let share = (instant - t0).ratio_to(t1 - t0);
                Some(v0 + (v1 - v0) * share)
            }
        }
    }
}
