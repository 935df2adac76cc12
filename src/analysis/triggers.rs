//! Conditions on a series that must hold for some time before they count.

use crate::metrics::{Series, Shape};
use crate::units::{SimSpan, SimTime};

/// A condition: a series above or below a number for some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trigger {
    /// Whether it asks for more than the limit; otherwise for less.
    pub above: bool,
    /// The number, in the unit of the series.
    pub limit: f64,
    /// How long without a break.
    pub lasting: SimSpan,
}

impl Trigger {
    fn met(&self, value: f64) -> bool {
        if self.above { value > self.limit } else { value < self.limit }
    }

    /// When the trigger fires, and for how long its condition goes on from then. Crossings of
    /// straight lines are exact.
    pub fn firings(&self, series: &Series) -> Vec<(SimTime, SimSpan)> {
        let mut held: Vec<(SimTime, SimTime)> = Vec::new();
        for (from, to) in self.pieces(series) {
            match held.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => held.push((from, to)),
            }
        }
        held.into_iter()
            .filter_map(|(from, to)| {
                let fired = from.saturating_add(self.lasting);
                (fired < to).then(|| (fired, to - fired))
            })
            .collect()
    }

    /// Stretches in which the condition holds, one or none between two points.
    fn pieces(&self, series: &Series) -> Vec<(SimTime, SimTime)> {
        let pairs = series.points.windows(2).filter(|pair| pair[1].0 > pair[0].0);
        let piece = |pair: &[(SimTime, f64)]| {
            let ((t0, v0), (t1, v1)) = (pair[0], pair[1]);
            let (begin, end) = match series.shape {
                Shape::Step => (v0, v0),
                Shape::Mean => (v1, v1),
                Shape::Linear => (v0, v1),
            };
            let crossing = || {
                let share = (self.limit - begin) / (end - begin);
                t0 + SimSpan::from_secs_f64((t1 - t0).as_secs_f64() * share)
            };
            match (self.met(begin), self.met(end)) {
                (true, true) => Some((t0, t1)),
                (true, false) => Some((t0, crossing().min(t1))),
                (false, true) => Some((crossing().min(t1), t1)),
                (false, false) => None,
            }
        };
        pairs.filter_map(piece).filter(|(from, to)| from < to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(shape: Shape, points: &[(u64, f64)]) -> Series {
        let point = |(at, value): &(u64, f64)| (SimTime::ZERO + SimSpan::from_secs(*at), *value);
        Series {
            name: "lag_records".into(),
            entity: "billing".into(),
            unit: "records",
            shape,
            points: points.iter().map(point).collect(),
        }
    }

    fn fired(trigger: Trigger, series: &Series) -> Vec<(f64, f64)> {
        let list = trigger.firings(series).into_iter();
        list.map(|(at, lasted)| (at.as_secs_f64(), lasted.as_secs_f64())).collect()
    }

    #[test]
    fn a_line_crosses_at_its_exact_instant_and_must_last() {
        // Up from 0 to 200 k in 100 s, down again: above 100 k from 50 to 1,150.
        let line = series(Shape::Linear, &[(0, 0.0), (100, 2e5), (1_100, 2e5), (1_200, 0.0)]);
        let up = Trigger { above: true, limit: 1e5, lasting: SimSpan::from_secs(300) };
        assert_eq!(fired(up, &line), [(350.0, 800.0)]);
        let longer = Trigger { lasting: SimSpan::from_secs(1_100), ..up };
        assert!(fired(longer, &line).is_empty());
    }

    #[test]
    fn a_break_starts_the_clock_again() {
        let steps = series(Shape::Step, &[(0, 5.0), (200, 0.0), (210, 5.0), (600, 5.0)]);
        let up = Trigger { above: true, limit: 1.0, lasting: SimSpan::from_secs(300) };
        assert_eq!(fired(up, &steps), [(510.0, 90.0)]);
        let down = Trigger { above: false, limit: 1.0, lasting: SimSpan::ZERO };
        assert_eq!(fired(down, &steps), [(200.0, 10.0)]);
    }

    #[test]
    fn a_mean_counts_for_the_time_before_its_point() {
        let means = series(Shape::Mean, &[(0, 0.0), (60, 0.9), (120, 0.2)]);
        let up = Trigger { above: true, limit: 0.8, lasting: SimSpan::ZERO };
        assert_eq!(fired(up, &means), [(0.0, 60.0)]);
    }
}
