//! A sine around a mean.
//!
//! # Equation
//! λ(t) = m + a·cos(2π (t − p) / T) with the largest rate at p; the volume is
//! m·(t₁ − t₀) + a·T / 2π · (sin φ₁ − sin φ₀).
//! # Assumes
//! The amplitude is at most the mean.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::{Reader, WORD, smooth};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};
use std::f64::consts::TAU;

pub(super) const KEYS: Table = &[
    WORD,
    Key::required("mean", Shape::quantity::<RecordRate>(), "the mean rate"),
    Key::required("amplitude", Shape::quantity::<RecordRate>(), "at most the mean"),
    Key::default("period", Shape::quantity::<SimSpan>(), "24 h", "from peak to peak"),
    Key::default("peak", Shape::quantity::<SimSpan>(), "14 h", "first peak after the start"),
];

/// A sine around a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sine {
    mean: f64,
    amplitude: f64,
    period: SimSpan,
    peak: SimSpan,
}

impl Sine {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let mean = reader.positive("mean");
        let fields = &mut reader.fields;
        let amplitude = fields.quantity::<RecordRate>("amplitude");
        let period = fields.quantity::<SimSpan>("period");
        let peak = fields.quantity::<SimSpan>("peak");
        let (mean, amplitude, period) = (mean?, amplitude?, period?);
        if amplitude > mean {
            fields.refuse("amplitude", format!("`{amplitude}`"), format!("at most {mean}"));
            return None;
        }
        if period < SimSpan::from_secs(1) {
            fields.refuse("period", format!("`{period}`"), "at least 1 s");
            return None;
        }
        Some(Self { mean: mean.get(), amplitude: amplitude.get(), period, peak: peak? })
    }

    fn phase(&self, at: SimTime) -> f64 {
        (at.as_secs_f64() - self.peak.as_secs_f64()) / self.period.as_secs_f64() * TAU
    }
}

impl LoadCurve for Sine {
    fn rate(&self, at: SimTime) -> RecordRate {
        RecordRate::per_sec((self.mean + self.amplitude * libm::cos(self.phase(at))).max(0.0))
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let waves = libm::sin(self.phase(to)) - libm::sin(self.phase(from));
        let swing = self.amplitude * self.period.as_secs_f64() / TAU * waves;
        (self.mean * (to - from).as_secs_f64() + swing).max(0.0)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        let slope = self.amplitude * TAU / self.period.as_secs_f64();
        if slope > 0.0 {
            after.saturating_add(smooth(2.0 * self.amplitude, slope))
        } else {
            SimTime::MAX
        }
    }
}
