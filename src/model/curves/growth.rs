//! Another curve that grows by the month.
//!
//! # Equation
//! λ(t) = (1 + g)^(t / month) × λ of the curve below, with a month of 365.25 / 12 days.
//! # Assumes
//! Growth compounds continuously at the monthly rate.
//! # Breaks
//! Nothing.
//! # Source
//! Definition; the exercise's `capacity-planner.sh` compounds over twelve months likewise.

use super::factor::integrate;
use super::{Curve, OF, Reader, WORD};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{Ratio, RecordRate, SimSpan, SimTime};

pub(super) const KEYS: Table =
    &[WORD, OF, Key::required("monthly", Shape::quantity::<Ratio>(), "growth per month")];

/// Seconds of a mean month.
const MONTH: f64 = 365.25 / 12.0 * 86_400.0;
/// A day's growth is far below 1 % of any range that matters; segments end with the hour.
const SEGMENT: SimSpan = SimSpan::from_secs(3_600);

/// Another curve that grows by the month.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    of: Box<Curve>,
    monthly: f64,
}

impl Growth {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let of = reader.inner();
        let monthly = reader.fields.quantity::<Ratio>("monthly")?.get();
        Some(Self { of: of?, monthly })
    }
    fn factor(&self, at: SimTime) -> f64 {
        libm::pow(1.0 + self.monthly, at.as_secs_f64() / MONTH)
    }
}

impl LoadCurve for Growth {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.rate(at) * self.factor(at)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let value = |at| self.of.rate(at).get() * self.factor(at);
        integrate(from, to, |at| self.next_change(at), value)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.next_change(after).min(after.saturating_add(SEGMENT))
    }
}
