//! Monte Carlo and grids: which design holds, how surely, and what that costs.
//!
//! A sweep file ([`load`]) becomes a [`Plan`] of numbered units, one per trial and design. A unit
//! is a pure function of the plan and its number ([`simulate_unit`]), so any worker may make any
//! unit ([`run`]), and [`merge`] gives the same answer whoever made them. [`lines`] is how results
//! travel.

mod asks;
mod designs;
mod draws;
mod file;
mod law;
pub mod lines;
mod merge;
mod plan;
mod proportion;
mod rank;
mod run;
mod sensitivity;
mod unit;

pub use designs::Setting;
pub use draws::Draw;
pub use file::{
    Axis, Chance, MOST_DESIGNS, MOST_TRIALS, Method, Rank, SWEEP, Stop, Sweep, Uncertain, load,
    load_text,
};
pub use law::{Drawn, Law, Plain};
pub use merge::{Answer, DesignRow, merge};
pub use plan::{Plan, plan};
pub use proportion::{Proportion, always_valid, wilson};
pub use rank::{Choice, Verdict};
pub use run::{Ledger, Shard, run};
pub use sensitivity::Effect;
pub use unit::{COST, FAN_POINTS, LAG, MEASURED, Measured, UnitResult, fan_times, simulate_unit};
