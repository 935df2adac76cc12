//! Where the statistics of a run begin when the scenario does not say.
//!
//! A run by requests begins with empty queues and idle threads. Under a steady load a pilot run
//! shows when its throughputs have settled, by MSER-5; all replications are cut there.

use super::simulate::{by_requests, make};
use crate::analysis::mser5;
use crate::chance::Seed;
use crate::metrics::Run;
use crate::model::curve::LoadCurve;
use crate::scenario::{Arrivals, Scenario};
use crate::units::{SimSpan, SimTime};
use std::borrow::Cow;

/// The scenario with a warm-up, and what is to be said about it.
pub(super) fn settled(scenario: &Scenario, seed: Seed) -> (Cow<'_, Scenario>, Option<String>) {
    let still = scenario.timeline.is_empty();
    if scenario.warm_up.is_some() || !by_requests(scenario) || !steady(scenario) || !still {
        return (Cow::Borrowed(scenario), None);
    }
    let pilot = make(scenario, seed, 0);
    let Some(span) = warm_up(&pilot) else {
        let words = "The throughput does not settle within the run (MSER-5): a longer duration, \
                     or a warm_up, would tell more.";
        return (Cow::Borrowed(scenario), Some(words.to_owned()));
    };
    if span.is_zero() {
        return (Cow::Borrowed(scenario), None);
    }
    let mut cut = scenario.clone();
    cut.warm_up = Some(span);
    let words = format!("The first {} are cut as warm-up (MSER-5).", span.to_prose());
    (Cow::Owned(cut), Some(words))
}

/// Whether nothing but chance changes over time.
fn steady(scenario: &Scenario) -> bool {
    let end = SimTime::ZERO.saturating_add(scenario.duration);
    scenario
        .producers
        .iter()
        .all(|one| one.arrivals == Arrivals::Closed || one.load.next_change(SimTime::ZERO) >= end)
}

/// The longest cut that any throughput asks for; `None` when one of them never settles.
fn warm_up(pilot: &Run) -> Option<SimSpan> {
    let producers = pilot.series_named("acked_records_s").filter(|one| one.entity != "all");
    let groups = pilot.series_named("processed_records_s");
    let mut longest = SimSpan::ZERO;
    for series in producers.chain(groups) {
        let values: Vec<f64> = series.points.iter().skip(1).map(|point| point.1).collect();
        let found = mser5(&values);
        if found.unsettled {
            return None;
        }
        let end = series.points.get(found.drop).map_or(SimTime::ZERO, |point| point.0);
        longest = longest.max(end - SimTime::ZERO);
    }
    Some(longest)
}
