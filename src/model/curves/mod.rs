//! Kinds of load curves; the contract is `model::curve`.
//!
//! # Rule
//! One file per kind; this file lists them once, and the list makes the enum, the reader and the
//! table of words.
//! # Assumes
//! Every kind answers volumes exactly.
//! # Breaks
//! A kind that cannot bound its next change does not belong here.
//! # Source
//! `model::curve`.

mod constant;

pub use constant::Constant;

use super::curve::{CurveContext, LoadCurve};
use crate::form::{Check, Node, Table};
use crate::units::{RecordRate, SimTime};

/// A curve of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// Always the same rate.
    Constant(Constant),
}

pub(super) const KINDS: &[(&str, Table)] = &[("constant", constant::KEYS)];

pub(super) fn read(
    node: &Node,
    path: &str,
    context: &CurveContext<'_>,
    check: &mut Check,
) -> Option<Curve> {
    Constant::read(node, path, context, check).map(Curve::Constant)
}

impl LoadCurve for Curve {
    fn rate(&self, at: SimTime) -> RecordRate {
        let Self::Constant(curve) = self;
        curve.rate(at)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let Self::Constant(curve) = self;
        curve.volume(from, to)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        let Self::Constant(curve) = self;
        curve.next_change(after)
    }
    fn peak(&self, from: SimTime, to: SimTime) -> RecordRate {
        let Self::Constant(curve) = self;
        curve.peak(from, to)
    }
}
