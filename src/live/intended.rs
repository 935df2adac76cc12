//! When each record is due: the scenario's load curve, inverted.

use crate::chance::Stream;
use crate::model::curve::{Curve, LoadCurve};
use crate::units::SimTime;

/// Instants of intended sends of one client, in nanoseconds since t = 0.
///
/// One of n clients takes every n-th record of the curve: the k-th is due when the curve's volume
/// reaches `share` of the client's own. Evenly spaced sends are staggered between clients; for
/// Poisson arrivals the gaps in volume are exponential, which is exact for any curve.
#[derive(Debug)]
pub(super) struct Intended<'c> {
    curve: &'c Curve,
    clients: f64,
    /// Volume of this client at which the next record is due.
    due: f64,
    gaps: Option<Stream>,
    segment: Segment,
}

/// A stretch of time over which the rate is held at its mean, as the engines hold it.
#[derive(Debug, Clone, Copy)]
struct Segment {
    from: SimTime,
    to: SimTime,
    /// This client's volume at its beginning and within it.
    before: f64,
    volume: f64,
}

impl<'c> Intended<'c> {
    /// Client number `index` of `clients`; `gaps` is given for Poisson arrivals.
    pub(super) fn new(curve: &'c Curve, index: u32, clients: u32, gaps: Option<Stream>) -> Self {
        let clients = f64::from(clients.max(1));
        let mut gaps = gaps;
        let due = match &mut gaps {
            Some(stream) => stream.exp1(),
            None => f64::from(index) / clients,
        };
        let start = Segment { from: SimTime::ZERO, to: SimTime::ZERO, before: 0.0, volume: 0.0 };
        Self { curve, clients, due, gaps, segment: start }
    }

    /// The next intended instant before `end`.
    pub(super) fn next(&mut self, end: SimTime) -> Option<u64> {
        while self.due >= self.segment.before + self.segment.volume {
            let Segment { to, before, volume, .. } = self.segment;
            if to >= end {
                return None;
            }
            let next = self.curve.next_change(to).min(end);
            let mine = self.curve.volume(to, next) / self.clients;
            self.segment = Segment { from: to, to: next, before: before + volume, volume: mine };
        }
        let Segment { from, to, before, volume } = self.segment;
        let share = (self.due - before) / volume;
        let span = (to - from).as_nanos() as f64;
        self.due += self.gaps.as_mut().map_or(1.0, Stream::exp1);
        Some(from.as_nanos() + (span * share) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};
    use crate::scenario::{LoadOptions, load_text};

    fn curve(load: &str) -> Curve {
        let text = format!(
            "name: x\nduration: 10 s\nhosts: {{brokers: {{card: lab-4c-16g, count: 1}}}}\n\
             cluster: {{brokers: {{run_on: brokers}}}}\n\
             topics: {{t: {{partitions: 1, replication_factor: 1}}}}\n\
             producers: {{p: {{to: {{t: 1}}, records: {{size: 1 KiB}}, load: {load}}}}}\n"
        );
        let checked = load_text("x.yaml", &text, &LoadOptions::default()).unwrap();
        checked.scenario.producers[0].load.clone()
    }

    #[test]
    fn clients_share_an_even_rate_without_meeting() {
        let curve = curve("{rate: 1 k/s}");
        let end = SimTime::from_nanos(1_000_000_000);
        let mut all = Vec::new();
        for index in 0..4 {
            let mut one = Intended::new(&curve, index, 4, None);
            while let Some(at) = one.next(end) {
                all.push(at);
            }
        }
        all.sort_unstable();
        assert_eq!(all.len(), 1_000);
        for pair in all.windows(2) {
            assert!((pair[1] - pair[0]).abs_diff(1_000_000) < 1_000, "{pair:?}");
        }
    }

    #[test]
    fn poisson_gaps_have_the_curves_mean_and_scatter() {
        let curve = curve("{rate: 20 k/s}");
        let stream = Chance::new(Seed::new(3), 0).stream("p", "test");
        let mut one = Intended::new(&curve, 0, 1, Some(stream));
        let end = SimTime::from_nanos(10_000_000_000);
        let all: Vec<u64> = std::iter::from_fn(|| one.next(end)).collect();
        // 200,000 ± 4 standard deviations of 447.
        assert!(all.len().abs_diff(200_000) < 1_800, "{}", all.len());
        let gaps: Vec<f64> = all.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let squares = gaps.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>();
        let scatter = (squares / gaps.len() as f64).sqrt() / mean;
        assert!((scatter - 1.0).abs() < 0.02, "{scatter}");
    }
}
