//! When to make a change: the quietest stretch of a run that is long enough, and the busiest.

use crate::metrics::Run;
use crate::units::{SimSpan, SimTime};

/// A stretch of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its begin.
    pub from: SimTime,
    /// Its end.
    pub to: SimTime,
    /// Smallest and largest load in it, records/s offered by all producers.
    pub load: [f64; 2],
}

impl Window {
    /// The whole run.
    pub fn whole(run: &Run) -> Self {
        Self::of(run, SimTime::ZERO, SimTime::ZERO.saturating_add(run.duration))
    }

    fn of(run: &Run, from: SimTime, to: SimTime) -> Self {
        let offered = run.series("offered_records_s", "all");
        let inside = offered.into_iter().flat_map(|series| &series.points);
        let loads = inside.filter(|(at, _)| *at > from && *at <= to).map(|(_, load)| *load);
        let load = loads.fold([f64::INFINITY, 0.0], |ends: [f64; 2], load| {
            [ends[0].min(load), ends[1].max(load)]
        });
        Self { from, to, load: if load[0].is_finite() { load } else { [0.0, 0.0] } }
    }
}

/// The stretches of a length in which the largest load is smallest, and in which it is largest; the
/// first of several. A length beyond the run gives the whole run twice.
pub fn windows(run: &Run, length: SimSpan) -> [Window; 2] {
    let end = SimTime::ZERO.saturating_add(run.duration);
    let offered = run.series("offered_records_s", "all");
    let points = offered.into_iter().flat_map(|series| &series.points).map(|(at, _)| *at);
    let starts = std::iter::once(SimTime::ZERO).chain(points);
    let fits = |from: &SimTime| from.saturating_add(length) <= end;
    let mut best: Option<[Window; 2]> = None;
    for from in starts.filter(fits) {
        let one = Window::of(run, from, from.saturating_add(length));
        let [quiet, busy] = best.get_or_insert([one, one]);
        if one.load[1] < quiet.load[1] {
            *quiet = one;
        }
        if one.load[1] > busy.load[1] {
            *busy = one;
        }
    }
    best.unwrap_or([Window::whole(run); 2])
}
