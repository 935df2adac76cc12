//! Always the same rate.
//!
//! # Equation
//! λ(t) = rate; the volume of an interval is rate × length.
//! # Assumes
//! Nothing.
//! # Breaks
//! Nothing; real load is rarely constant.
//! # Source
//! Definition.

use crate::form::{Check, Key, Node, Shape, Table};
use crate::model::curve::{CurveContext, LoadCurve};
use crate::units::{RecordRate, SimTime};

pub(super) const KEYS: Table = &[
    Key::optional("curve", Shape::Text, "the kind of curve"),
    Key::required("rate", Shape::quantity::<RecordRate>(), "records per second, all clients"),
];

/// Always the same rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// The rate.
    pub rate: RecordRate,
}

impl Constant {
    pub(super) fn read(
        node: &Node,
        path: &str,
        _context: &CurveContext<'_>,
        check: &mut Check,
    ) -> Option<Self> {
        let rate = check.open(node, path, KEYS)?.quantity("rate")?;
        Some(Self { rate })
    }
}

impl LoadCurve for Constant {
    fn rate(&self, _at: SimTime) -> RecordRate {
        self.rate
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        self.rate.over(to - from)
    }
    fn next_change(&self, _after: SimTime) -> SimTime {
        SimTime::MAX
    }
    fn peak(&self, _from: SimTime, _to: SimTime) -> RecordRate {
        self.rate
    }
}
