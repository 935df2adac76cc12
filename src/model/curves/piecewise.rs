//! Constant between jumps: `constant`, `step` and `trace`.
//!
//! # Equation
//! λ(t) = level k for t between the k-th instant and the next; the volume is the sum of level ×
//! length. A repeating curve starts again after its last instant.
//! # Assumes
//! A level holds until the next one.
//! # Breaks
//! Nothing.
//! # Source
//! Definition.

use super::{Reader, WORD};
use crate::form::{Key, Shape, Table};
use crate::model::curve::LoadCurve;
use crate::units::{RecordRate, SimSpan, SimTime};

pub(super) const CONSTANT: Table = &[
    WORD,
    Key::required("rate", Shape::quantity::<RecordRate>(), "records per second, all clients"),
    Key::default(
        "arrivals",
        Shape::Word(&["poisson", "paced"]),
        "poisson",
        "how records arrive within a second; the flow engine sees the mean",
    ),
];
pub(super) const STEP: Table = &[
    WORD,
    Key::required("levels", Shape::List(&Shape::Map(LEVEL)), "instants and their new rates"),
];
const LEVEL: Table = &[
    Key::required("at", Shape::quantity::<SimSpan>(), "time since the start"),
    Key::required("rate", Shape::quantity::<RecordRate>(), "the rate from then on"),
];

/// Constant between jumps.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// (instant, rate from then on), strictly increasing, the first at zero.
    levels: Vec<(SimTime, f64)>,
    /// Volume from zero to each instant.
    before: Vec<f64>,
    /// The curve starts again after this long.
    repeats: Option<SimSpan>,
}

impl Steps {
    /// A curve from instants and rates; the first rate also holds before the first instant.
    /// Instants must grow strictly, and there must be one.
    pub fn new(mut levels: Vec<(SimTime, f64)>, repeats: Option<SimSpan>) -> Self {
        if let Some(first) = levels.first_mut() {
            first.0 = SimTime::ZERO;
        }
        let mut before = Vec::with_capacity(levels.len());
        let mut volume = 0.0;
        for (index, (at, _)) in levels.iter().enumerate() {
            if let Some((last, rate)) = index.checked_sub(1).map(|i| levels[i]) {
                volume += rate * (*at - last).as_secs_f64();
            }
            before.push(volume);
        }
        Self { levels, before, repeats }
    }

    /// Always the same rate.
    pub fn constant(rate: RecordRate) -> Self {
        Self::new(vec![(SimTime::ZERO, rate.get())], None)
    }

    pub(super) fn read_constant(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let arrivals = reader.fields.word("arrivals");
        let rate = reader.positive("rate")?;
        arrivals.map(|_| Self::constant(rate))
    }

    pub(super) fn read_step(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let mut levels: Vec<(SimTime, f64)> = Vec::new();
        let items = reader.fields.list("levels");
        if items.is_empty() {
            reader.fields.refuse("levels", "no level", "at least one `{at: 2 h, rate: 10 k/s}`");
            return None;
        }
        let mut sound = true;
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}/{index}", reader.fields.path_of("levels"));
            let fields = reader.fields.check().open(item, &path, LEVEL);
            let read = fields.and_then(|mut fields| {
                let at = fields.quantity::<SimSpan>("at");
                let rate = fields.quantity::<RecordRate>("rate");
                let at = SimTime::ZERO.saturating_add(at?);
                if levels.last().is_some_and(|(last, _)| *last >= at) {
                    fields.refuse("at", "an instant that is not later", "instants that grow");
                    return None;
                }
                Some((at, rate?.get()))
            });
            sound &= read.is_some();
            levels.extend(read);
        }
        sound.then(|| Self::new(levels, None))
    }

    /// The instant within the first period, and how many periods lie before it.
    fn fold(&self, at: SimTime) -> (SimTime, u64) {
        match self.repeats {
            Some(period) => {
                let nanos = at.as_nanos();
                let rounds = nanos / period.as_nanos();
                (SimTime::from_nanos(nanos % period.as_nanos()), rounds)
            }
            None => (at, 0),
        }
    }

    fn level(&self, at: SimTime) -> usize {
        self.levels.partition_point(|(start, _)| *start <= at).saturating_sub(1)
    }

    fn volume_to(&self, at: SimTime) -> f64 {
        let (at, rounds) = self.fold(at);
        let within = |at: SimTime| {
            let level = self.level(at);
            let (start, rate) = self.levels[level];
            self.before[level] + rate * (at - start).as_secs_f64()
        };
        let period = self.repeats.map_or(0.0, |p| within(SimTime::ZERO.saturating_add(p)));
        rounds as f64 * period + within(at)
    }
}

impl LoadCurve for Steps {
    fn rate(&self, at: SimTime) -> RecordRate {
        RecordRate::per_sec(self.levels[self.level(self.fold(at).0)].1)
    }
    fn volume(&self, from: SimTime, to: SimTime) -> f64 {
        if self.levels.len() == 1 {
            return self.levels[0].1 * (to - from).as_secs_f64();
        }
        (self.volume_to(to) - self.volume_to(from)).max(0.0)
    }
    fn next_change(&self, after: SimTime) -> SimTime {
        let (within, rounds) = self.fold(after);
        let next = self.levels.get(self.level(within) + 1).map(|(start, _)| *start);
        match (next, self.repeats) {
            (Some(next), None) => next,
            (None, None) => SimTime::MAX,
            (next, Some(period)) => {
                let base = SimTime::ZERO.saturating_add(period * rounds);
                let end = base.saturating_add(period);
                next.map_or(end, |next| base.saturating_add(next - SimTime::ZERO).min(end))
            }
        }
    }
}
