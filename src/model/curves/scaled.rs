//! Another curve times a number.
//!
//! # Equation
//! λ(t) = k × λ of the curve below.
//! # Assumes
//! Nothing.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::{Curve, OF, Reader, WORD};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimTime};

pub(super) const KEYS: Table =
    &[WORD, OF, Key::required("by", Shape::Number { min: 0.0, max: 1e9 }, "the factor")];

/// Another curve times a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaled {
    of: Box<Curve>,
    by: f64,
}

impl Scaled {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let of = reader.inner();
        let by = reader.fields.number("by");
        Some(Self { of: of?, by: by? })
    }
}

impl LoadCurve for Scaled {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.rate(at) * self.by
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        self.of.volume(from, to) * self.by
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.next_change(after)
    }
}
