//! One curve times the shape of another.
//!
//! # Equation
//! λ(t) = λ₁(t) × s(t), where the shape's rate of 1 record/s means a factor of 1.
//! # Assumes
//! Nothing.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::factor::integrate;
use super::{Curve, OF, Reader, WORD, read};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimTime};

pub(super) const KEYS: Table = &[
    WORD,
    OF,
    Key::required("shape", Shape::Recursive("curve"), "its rate of 1 /s means a factor of 1"),
];

/// One curve times the shape of another.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    of: Box<Curve>,
    shape: Box<Curve>,
}

impl Product {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let of = reader.inner();
        let node = reader.fields.raw("shape")?;
        let path = reader.fields.path_of("shape");
        let shape = read(node, &path, reader.context, reader.fields.check()).map(Box::new);
        Some(Self { of: of?, shape: shape? })
    }
}

impl LoadCurve for Product {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.rate(at) * self.shape.rate(at).get()
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        integrate(from, to, |at| self.next_change(at), |at| self.rate(at).get())
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.next_change(after).min(self.shape.next_change(after))
    }
}
