//! Another curve, by weekday.
//!
//! # Equation
//! λ(t) = factor of the weekday × λ of the curve below.
//! # Assumes
//! Weeks begin on Monday; the wall clock is the scenario's.
//! # Breaks
//! Holidays are working days here.
//! # Source
//! Definition.

use super::factor::stepwise;
use super::{Curve, OF, Reader, WORD};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};

const FACTOR: Shape = Shape::Number { min: 0.0, max: 1e6 };

pub(super) const KEYS: Table = &[
    WORD,
    OF,
    Key::default("weekend", FACTOR, "1", "factor of Saturday and Sunday"),
    Key::optional("days", Shape::List(&FACTOR), "seven factors, Monday first, instead"),
];

const DAY: u64 = 86_400_000_000_000;

/// Another curve, by weekday.
#[derive(Debug, Clone, PartialEq)]
pub struct Weekly {
    of: Box<Curve>,
    days: [f64; 7],
    offset: SimSpan,
}

impl Weekly {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let of = reader.inner();
        let fields = &mut reader.fields;
        let weekend = fields.number("weekend");
        let mut days = [1.0, 1.0, 1.0, 1.0, 1.0, weekend?, weekend?];
        if fields.has("days") {
            let number = |node: &crate::form::Node| {
                node.text().and_then(|t| t.parse::<f64>().ok()).filter(|f| (0.0..=1e6).contains(f))
            };
            let listed: Vec<Option<f64>> = fields.list("days").iter().map(number).collect();
            let numbers: Option<Vec<f64>> = listed.into_iter().collect();
            match numbers.and_then(|numbers| <[f64; 7]>::try_from(numbers).ok()) {
                Some(seven) => days = seven,
                None => {
                    fields.refuse("days", "something else", "seven numbers, Monday first");
                    return None;
                }
            }
        }
        Some(Self { of: of?, days, offset: reader.context.week_offset })
    }

    fn clock(&self, at: SimTime) -> u64 {
        (at.as_nanos() % (7 * DAY) + self.offset.as_nanos()) % (7 * DAY)
    }
    fn factor(&self, at: SimTime) -> f64 {
        self.days[(self.clock(at) / DAY) as usize]
    }
    fn midnight(&self, after: SimTime) -> SimTime {
        after.saturating_add(SimSpan::from_nanos(DAY - self.clock(after) % DAY))
    }
}

impl LoadCurve for Weekly {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.rate(at) * self.factor(at)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let volume = |a, b| self.of.volume(a, b);
        stepwise(from, to, |at| self.midnight(at), |at| self.factor(at), volume)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.next_change(after).min(self.midnight(after))
    }
}
