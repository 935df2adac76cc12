//! What engines write through.

use super::{Event, Series, Shape};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// A series that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesId(usize);

/// Collects series and events in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    series: Vec<Series>,
    index: BTreeMap<String, BTreeMap<String, usize>>,
    events: Vec<Event>,
}

impl Recorder {
    /// A recorder without anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The series with this name of this entity; made on first use.
    pub fn series(
        &mut self,
        name: &str,
        entity: &str,
        unit: &'static str,
        shape: Shape,
    ) -> SeriesId {
        if let Some(id) = self.index.get(name).and_then(|entities| entities.get(entity)) {
            return SeriesId(*id);
        }
        let id = self.series.len();
        self.index.entry(name.to_owned()).or_default().insert(entity.to_owned(), id);
        self.series.push(Series {
            name: name.to_owned(),
            entity: entity.to_owned(),
            unit,
            shape,
            points: Vec::new(),
        });
        SeriesId(id)
    }

    /// Adds a point; values are finite and time does not go back. Of several points at one instant
    /// the last counts, except that a line may jump: it keeps the value before and the value after.
    /// A step that does not change the value adds nothing.
    pub fn push(&mut self, id: SeriesId, at: SimTime, value: f64) {
        let series = &mut self.series[id.0];
        assert!(value.is_finite(), "{} of {} is {value}", series.name, series.entity);
        let points = &mut series.points;
        if let Some((then, same)) = points.last().copied() {
            assert!(then <= at, "{} of {} goes back in time", series.name, series.entity);
            let unchanged = same.to_bits() == value.to_bits();
            if unchanged && (then == at || series.shape == Shape::Step) {
                return;
            }
            let jumped = points.len() > 1 && points[points.len() - 2].0 == at;
            if then == at && (series.shape != Shape::Linear || jumped) {
                points.pop();
            }
        }
        points.push((at, value));
    }

    /// The last value of a series.
    pub fn last(&self, id: SeriesId) -> Option<f64> {
        self.series[id.0].points.last().map(|point| point.1)
    }

    /// Leaves a mark on the time line.
    pub fn event(&mut self, at: SimTime, kind: &'static str, entity: &str, words: String) {
        self.events.push(Event { at, kind, entity: entity.to_owned(), words });
    }

    /// All series, steps extended to the end, and all events in the order of time.
    pub fn finish(mut self, end: SimTime) -> (Vec<Series>, Vec<Event>) {
        for series in &mut self.series {
            if let (Shape::Step, Some((at, value))) = (series.shape, series.points.last().copied())
                && at < end
            {
                series.points.push((end, value));
            }
        }
        self.events.sort_by_key(|event| event.at);
        (self.series, self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    #[test]
    fn steps_keep_changes_only_and_reach_the_end() {
        let mut recorder = Recorder::new();
        let id = recorder.series("brokers_ready", "cluster", "brokers", Shape::Step);
        for (time, value) in [(0, 3.0), (5, 3.0), (7, 4.0), (7, 5.0)] {
            recorder.push(id, at(time), value);
        }
        let (series, _) = recorder.finish(at(9));
        assert_eq!(series[0].points, [(at(0), 3.0), (at(7), 5.0), (at(9), 5.0)]);
        assert_eq!(series[0].at(at(6)), Some(3.0));
    }

    #[test]
    fn a_name_and_entity_is_one_series_and_events_are_in_order() {
        let mut recorder = Recorder::new();
        let one = recorder.series("lag_records", "billing", "records", Shape::Linear);
        assert_eq!(one, recorder.series("lag_records", "billing", "records", Shape::Linear));
        assert_ne!(one, recorder.series("lag_records", "audit", "records", Shape::Linear));
        recorder.event(at(5), "rebalance", "billing", "second".into());
        recorder.event(at(2), "rebalance", "billing", "first".into());
        let (_, events) = recorder.finish(at(9));
        assert_eq!(events[0].words, "first");
    }
}
