//! Another curve with a crowd that comes and goes.
//!
//! # Equation
//! The factor rises in a straight line from 1 to `factor` within `rise`, stays while it `holds`,
//! and falls back within `decay`; λ(t) = factor × λ of the curve below.
//! # Assumes
//! The crowd multiplies what is there already.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::factor::integrate;
use super::{Curve, OF, Reader, WORD, smooth};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};

const SPAN: Shape = Shape::quantity::<SimSpan>();

pub(super) const KEYS: Table = &[
    WORD,
    OF,
    Key::required("at", SPAN, "when the crowd begins to come"),
    Key::required("factor", Shape::Number { min: 0.0, max: 1e6 }, "load at the height over before"),
    Key::default("rise", SPAN, "5 min", "how long it comes"),
    Key::default("holds", SPAN, "30 min", "how long it stays"),
    Key::default("decay", SPAN, "1 h", "how long it goes"),
];

/// Another curve with a crowd that comes and goes.
#[derive(Debug, Clone, PartialEq)]
pub struct FlashCrowd {
    of: Box<Curve>,
    factor: f64,
    /// Begins to come, all there, begins to go, gone.
    instants: [SimTime; 4],
}

impl FlashCrowd {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let of = reader.inner();
        let fields = &mut reader.fields;
        let factor = fields.number("factor");
        let spans = ["at", "rise", "holds", "decay"].map(|key| fields.quantity::<SimSpan>(key));
        let mut now = SimTime::ZERO;
        let mut instants = [now; 4];
        for (instant, span) in instants.iter_mut().zip(spans) {
            now = now.saturating_add(span?);
            *instant = now;
        }
        Some(Self { of: of?, factor: factor?, instants })
    }

    fn factor(&self, at: SimTime) -> f64 {
        let [comes, there, goes, gone] = self.instants;
        let share = |from: SimTime, to: SimTime| {
            let span = to.saturating_since(from);
            if span.is_zero() { 1.0 } else { at.saturating_since(from).ratio_to(span) }
        };
        let height = if at < comes || at >= gone {
            0.0
        } else if at < there {
            share(comes, there)
        } else if at < goes {
            1.0
        } else {
            1.0 - share(goes, gone)
        };
        1.0 + (self.factor - 1.0) * height
    }

    /// The end of the factor's own segment.
    fn bend(&self, after: SimTime) -> SimTime {
        let [comes, there, goes, gone] = self.instants;
        let next = self.instants.into_iter().find(|instant| *instant > after);
        let next = next.unwrap_or(SimTime::MAX);
        let slopes = (after >= comes && after < there) || (after >= goes && after < gone);
        if !slopes {
            return next;
        }
        let length = if after < there { there - comes } else { gone - goes };
        let range = (self.factor - 1.0).abs();
        next.min(after.saturating_add(smooth(range, range / length.as_secs_f64())))
    }
}

impl LoadCurve for FlashCrowd {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.rate(at) * self.factor(at)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let value = |at| self.of.rate(at).get() * self.factor(at);
        integrate(from, to, |at| self.next_change(at), value)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.next_change(after).min(self.bend(after))
    }
}
