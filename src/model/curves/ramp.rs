//! A straight rise or fall.
//!
//! # Equation
//! λ(t) goes in a straight line from `from` to `to` while `lasts`, and is constant before and
//! after; the volume is that of trapezoids.
//! # Assumes
//! Nothing.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::{Reader, WORD, smooth};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};

pub(super) const KEYS: Table = &[
    WORD,
    Key::required("from", Shape::quantity::<RecordRate>(), "the rate before"),
    Key::required("to", Shape::quantity::<RecordRate>(), "the rate after"),
    Key::default("starts", Shape::quantity::<SimSpan>(), "0 s", "when it begins to change"),
    Key::required("lasts", Shape::quantity::<SimSpan>(), "how long it changes"),
];

/// A straight rise or fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    from: f64,
    to: f64,
    starts: SimTime,
    ends: SimTime,
}

impl Ramp {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let fields = &mut reader.fields;
        let from = fields.quantity::<RecordRate>("from");
        let to = fields.quantity::<RecordRate>("to");
        let starts = fields.quantity::<SimSpan>("starts");
        let lasts = fields.quantity::<SimSpan>("lasts")?;
        if lasts.is_zero() {
            fields.refuse("lasts", "no time", "a span above zero; for a jump use `curve: step`");
            return None;
        }
        let starts = SimTime::ZERO.saturating_add(starts?);
        let ends = starts.saturating_add(lasts);
        Some(Self { from: from?.get(), to: to?.get(), starts, ends })
    }

    fn value(&self, at: SimTime) -> f64 {
        let share = at.saturating_since(self.starts).ratio_to(self.ends - self.starts);
        self.from + (self.to - self.from) * share.min(1.0)
    }
}

impl LoadCurve for Ramp {
    fn rate(&self, at: SimTime) -> RecordRate {
        RecordRate::per_sec(self.value(at))
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let pieces = [
            (from, to.min(self.starts)),
            (from.max(self.starts), to.min(self.ends)),
            (from.max(self.ends), to),
        ];
        let trapezoid = |(a, b): (SimTime, SimTime)| {
            f64::midpoint(self.value(a), self.value(b)) * b.saturating_since(a).as_secs_f64()
        };
        pieces.into_iter().filter(|(a, b)| a < b).map(trapezoid).sum()
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        if after < self.starts {
            return self.starts;
        }
        if after >= self.ends {
            return SimTime::MAX;
        }
        let range = (self.to - self.from).abs();
        let slope = range / (self.ends - self.starts).as_secs_f64();
        after.saturating_add(smooth(range, slope)).min(self.ends)
    }
}
