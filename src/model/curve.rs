//! Load curves: the offered rate over time, with exact volumes.
//!
//! # Equation
//! A curve is a rate λ(t) ≥ 0 in records/s. An engine asks for the *volume* ∫λ dt over an interval,
//! which every kind answers exactly (closed form) or to 1e-9 (products, by Gauss–Legendre between
//! breakpoints), and for the next instant at which the shape changes.
//! # Assumes
//! Time runs on a wall clock without daylight-saving jumps: a day has 24 h, a week 7 days.
//! # Breaks
//! A curve says nothing about how records arrive within a second; that is an arrival process.
//! # Source
//! PHYSICS: load curves; the business-hours day is the exercise's script
//! (`simulate-autoscaling.sh`: multiplier 2.5 in hours 9–17, 1.5 in hours 6–20, else 0.5).

use crate::form::{Check, Node, Table};
use crate::units::{RecordRate, SimSpan, SimTime};

pub use super::curves::Curve;

/// What every kind of curve answers.
pub trait LoadCurve {
    /// The rate at an instant; at a jump, the rate just after it.
    fn rate(&self, at: SimTime) -> RecordRate;
    /// The records (fractions kept) offered in `from..to`; `from` must not be after `to`.
    fn volume(&self, from: SimTime, to: SimTime) -> f64;
    /// The first instant after `at` at which the curve stops being the same straight line; smooth
    /// curves answer the end of a segment that is straight within 1 % of their range (at least 1 s,
    /// at most 60 s later). [`SimTime::MAX`] when nothing changes any more.
    fn next_change(&self, after: SimTime) -> SimTime;
    /// The largest rate the curve reaches in `from..to`.
    fn peak(&self, from: SimTime, to: SimTime) -> RecordRate;
}

/// What reading a curve needs to know of the scenario.
#[derive(Debug, Clone, Copy)]
pub struct CurveContext<'a> {
    /// Wall clock at the start of the run, as the span since Monday 00:00 (0 ≤ span < 7 days).
    pub week_offset: SimSpan,
    /// Length of the run; growth is counted over it and traces must cover it or repeat.
    pub duration: SimSpan,
    /// Opens a file that the scenario names (`trace: file.csv`, `curve: shapes/day.yaml`).
    pub files: &'a dyn CurveFiles,
}

/// Access to files that a curve names, relative to the file that names them. The scenario floor
/// implements it; tests use a map.
pub trait CurveFiles: std::fmt::Debug {
    /// The text of a data file such as a trace.
    fn text(&self, name: &str, from: &Node) -> Result<String, String>;
    /// The tree of a YAML file that holds a curve.
    fn tree(&self, name: &str, from: &Node) -> Result<Node, String>;
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
