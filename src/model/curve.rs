//! Load curves: the offered rate over time, with exact volumes.
//!
//! # Equation
//! A curve is a rate λ(t) ≥ 0 in records/s. An engine asks for the *volume* ∫λ dt over an interval,
//! which every kind answers in closed form, or to 1e-9 by Gauss-Legendre quadrature between the
//! instants at which a factor changes, and for the end of the segment over which the rate may be
//! held at its mean.
//! # Assumes
//! Time runs on a wall clock without daylight-saving jumps: a day has 24 h, a week 7 days.
//! # Breaks
//! A curve says nothing about how records arrive within a second; that is an arrival process.
//! # Source
//! The business-hours day is the exercise's script (`simulate-autoscaling.sh`: multiplier 2.5 in
//! hours 9 to 17, 1.5 in hours 6 to 20, else 0.5); the other kinds are definitions.

use crate::chance::Chance;
use crate::form::{Check, Node, Table};
use crate::units::{RecordRate, SimSpan, SimTime};

pub use super::curves::Curve;

/// What every kind of curve answers.
pub trait LoadCurve {
    /// The rate at an instant; at a jump, the rate just after it.
    fn rate(&self, at: SimTime) -> RecordRate;
    /// The records (fractions kept) offered in `from..to`; `from` must not be after `to`.
    fn volume(&self, from: SimTime, to: SimTime) -> f64;
    /// The end of the segment that begins at `after`, always later: the next jump, or where a slope
    /// has moved the rate by 1 % of the curve's range, at least 1 s and at most 60 s later.
    /// [`SimTime::MAX`] when nothing changes any more.
    fn next_change(&self, after: SimTime) -> SimTime;
}

/// What reading a curve needs to know of the scenario.
#[derive(Debug, Clone, Copy)]
pub struct CurveContext<'a> {
    /// Wall clock at the start of the run, as the span since Monday 00:00 (0 ≤ span < 7 days).
    pub week_offset: SimSpan,
    /// Length of the run; traces must cover it or repeat.
    pub duration: SimSpan,
    /// Where noise comes from.
    pub chance: Chance,
    /// Opens a file that the scenario names (`trace: file.csv`, `curve: shapes/day.yaml`).
    pub files: &'a dyn CurveFiles,
    /// Curve files that are being read, outermost first.
    pub chain: &'a [String],
}

/// Access to files that a curve names, relative to the file that names them. The scenario floor
/// implements it; tests use a map.
pub trait CurveFiles: std::fmt::Debug {
    /// The text of a data file such as a trace, and the name under which problems quote it.
    fn text(&self, name: &str, from: &Node) -> Result<(String, String), String>;
    /// The tree of a YAML file that holds a curve; its places name the file.
    fn tree(&self, name: &str, from: &Node) -> Result<Node, crate::error::Error>;
}

/// Reads a `load:` map: `{curve: KIND, …}`, `{rate: R}`, `{trace: FILE}`. Pushes problems into
/// `check`; `None` means that there is at least one.
pub fn read_curve(
    node: &Node,
    path: &str,
    context: &CurveContext<'_>,
    check: &mut Check,
) -> Option<Curve> {
    super::curves::read(node, path, context, check)
}

/// The words after `curve:` with the table of keys of each, for the JSON Schema and hints.
pub fn curve_kinds() -> &'static [(&'static str, Table)] {
    super::curves::KINDS
}
