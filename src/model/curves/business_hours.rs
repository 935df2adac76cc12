//! The working day.
//!
//! # Equation
//! λ = base × `peak` from 9:00 to 18:00, base × `shoulder` from 6:00 to 9:00 and from 18:00 to
//! 21:00, base × `night` otherwise, on the wall clock of the scenario.
//! # Assumes
//! Every day is a working day; put it under `weekly` for weekends.
//! # Breaks
//! Real days have rounder corners.
//! # Source
//! The exercise's `simulate-autoscaling.sh`: hours 9 to 17 have multiplier 2.5, hours 6 to 20
//! otherwise 1.5, the rest 0.5. The multipliers are that script's defaults, not measurements.

use super::{Reader, WORD};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};

const MULTIPLIER: Shape = Shape::Number { min: 0.0, max: 1e6 };

pub(super) const KEYS: Table = &[
    WORD,
    Key::required("base", Shape::quantity::<RecordRate>(), "the rate at multiplier 1"),
    Key::default("peak", MULTIPLIER, "2.5", "multiplier from 9:00 to 18:00"),
    Key::default("shoulder", MULTIPLIER, "1.5", "multiplier from 6:00 to 9:00 and 18:00 to 21:00"),
    Key::default("night", MULTIPLIER, "0.5", "multiplier from 21:00 to 6:00"),
];

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;
/// Hours at which the multiplier changes.
const CHANGES: [u64; 5] = [6, 9, 18, 21, 24];

/// The working day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusinessHours {
    /// Rates of night, shoulder, peak.
    rates: [f64; 3],
    base: f64,
    /// Wall clock at the start, since midnight.
    offset: SimSpan,
}

impl BusinessHours {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let base = reader.positive("base");
        let fields = &mut reader.fields;
        let night = fields.number("night");
        let shoulder = fields.number("shoulder");
        let peak = fields.number("peak");
        let base = base?.get();
        let rates = [base * night?, base * shoulder?, base * peak?];
        if rates.iter().all(|rate| *rate <= 0.0) {
            fields.refuse("peak", "multipliers that are all zero", "at least one above zero");
            return None;
        }
        let offset = SimSpan::from_nanos(reader.context.week_offset.as_nanos() % DAY);
        Some(Self { rates, base, offset })
    }

    /// The rate at multiplier 1.
    pub fn base(&self) -> RecordRate {
        RecordRate::per_sec(self.base)
    }

    /// Nanoseconds since midnight.
    fn clock(&self, at: SimTime) -> u64 {
        (at.as_nanos() % DAY + self.offset.as_nanos()) % DAY
    }

    fn level(&self, clock: u64) -> f64 {
        self.rates[match clock / HOUR {
            9..=17 => 2,
            6..=20 => 1,
            _ => 0,
        }]
    }
}

impl LoadCurve for BusinessHours {
    fn rate(&self, at: SimTime) -> RecordRate {
        RecordRate::per_sec(self.level(self.clock(at)))
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        let days = (to - from).as_nanos() / DAY;
        let [night, shoulder, peak] = self.rates;
        let mut volume = days as f64 * 3_600.0 * (9.0 * night + 6.0 * shoulder + 9.0 * peak);
        let mut now = from + SimSpan::from_nanos(days * DAY);
        while now < to {
            let next = self.next_change(now).min(to);
            volume += self.rate(now).over(next - now);
            now = next;
        }
        volume
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        let clock = self.clock(after);
        let next = CHANGES.iter().map(|hour| hour * HOUR).find(|change| *change > clock);
        after.saturating_add(SimSpan::from_nanos(next.unwrap_or(DAY) - clock))
    }
}
