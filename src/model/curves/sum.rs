//! Several curves together.
//!
//! # Equation
//! λ(t) = Σ λₖ(t); volumes add up.
//! # Assumes
//! Nothing.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::{Curve, Reader, WORD, read};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimTime};

pub(super) const KEYS: Table =
    &[WORD, Key::required("of", Shape::List(&Shape::Recursive("curve")), "the curves to add")];

/// Several curves together.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    of: Vec<Curve>,
}

impl Sum {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let items = reader.fields.list("of");
        if items.is_empty() {
            reader.fields.refuse("of", "no curve", "a list of at least one curve");
            return None;
        }
        let mut of = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}/{index}", reader.fields.path_of("of"));
            of.push(read(item, &path, reader.context, reader.fields.check()));
        }
        Some(Self { of: of.into_iter().collect::<Option<Vec<Curve>>>()? })
    }
}

impl LoadCurve for Sum {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.iter().map(|curve| curve.rate(at)).fold(RecordRate::ZERO, |sum, rate| sum + rate)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        self.of.iter().map(|curve| curve.volume(from, to)).sum()
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.iter().map(|curve| curve.next_change(after)).min().unwrap_or(SimTime::MAX)
    }
}
