//! Another curve with noise.
//!
//! # Equation
//! In each interval of length `every` the load below is multiplied by e^(σz − σ²/2) with a standard
//! normal z of its own, so that the mean factor is 1.
//! # Assumes
//! Intervals are independent; σ is the standard deviation of the logarithm.
//! # Breaks
//! Slow drifts need a trace or a curve of their own.
//! # Source
//! Definition; the draws belong to the curve's path, so that all replications and designs share
//! them.

use super::factor::stepwise;
use super::{Curve, OF, Reader, WORD};
use crate::chance::Chance;
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};

pub(super) const KEYS: Table = &[
    WORD,
    OF,
    Key::required("sigma", Shape::Number { min: 0.0, max: 3.0 }, "spread of the logarithm"),
    Key::default("every", Shape::quantity::<SimSpan>(), "1 min", "length of an interval"),
];

/// Another curve with noise.
#[derive(Debug, Clone)]
pub struct Noise {
    of: Box<Curve>,
    sigma: f64,
    every: SimSpan,
    chance: Chance,
    path: String,
}

impl PartialEq for Noise {
    fn eq(&self, other: &Self) -> bool {
        (&self.of, self.every, &self.path) == (&other.of, other.every, &other.path)
            && self.sigma.to_bits() == other.sigma.to_bits()
    }
}

impl Noise {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let of = reader.inner();
        let fields = &mut reader.fields;
        let sigma = fields.number("sigma");
        let every = fields.quantity::<SimSpan>("every")?;
        if every < SimSpan::from_secs(1) {
            fields.refuse("every", format!("`{every}`"), "at least 1 s");
            return None;
        }
        let path = fields.path().to_owned();
        Some(Self { of: of?, sigma: sigma?, every, chance: reader.context.chance, path })
    }

    fn factor(&self, at: SimTime) -> f64 {
        let interval = at.as_nanos() / self.every.as_nanos();
        let z = self.chance.stream(&self.path, &format!("noise/{interval}")).normal();
        libm::exp(self.sigma * z - self.sigma * self.sigma / 2.0)
    }
    fn turn(&self, after: SimTime) -> SimTime {
        let every = self.every.as_nanos();
        SimTime::from_nanos((after.as_nanos() / every + 1).saturating_mul(every))
    }
}

impl LoadCurve for Noise {
    fn rate(&self, at: SimTime) -> RecordRate {
        self.of.rate(at) * self.factor(at)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let volume = |a, b| self.of.volume(a, b);
        stepwise(from, to, |at| self.turn(at), |at| self.factor(at), volume)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        self.of.next_change(after).min(self.turn(after))
    }
}
