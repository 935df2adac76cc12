//! What one member of a group can process, and how many members a rate then needs.
//!
//! # Equation
//! Of P partitions the busiest of n members has ⌈P / n⌉. A group whose busiest member is full at a
//! rate R has members of c = R · ⌈P / n⌉ / P. A rate r at a utilisation u needs the smallest n with
//! r · ⌈P / n⌉ / P ≤ u · c, all P members when none suffices; without a number of partitions ⌈r /
//! (u · c)⌉.
//! # Assumes
//! Partitions carry equal shares of the rate. R is only taken when the size has not changed for
//! long enough that everybody who is wanted works.
//! # Breaks
//! A skewed key makes the busiest member busier than this at every other size.
//! # Source
//! The definition of a partition's one reader in a group; DS2 (Kalavri et al., OSDI 2018) for the
//! true rate.

use crate::units::{SimSpan, SimTime};

/// The rate of a member, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MemberRate {
    settle: SimSpan,
    known: Option<f64>,
    size: Option<u32>,
    changed: Option<SimTime>,
}

impl MemberRate {
    /// Nothing is known; a measurement counts when the size has not changed for `settle`.
    pub(super) fn new(settle: SimSpan) -> Self {
        Self { settle, known: None, size: None, changed: None }
    }

    /// Looks at a group of a size that could process so many records/s.
    pub(super) fn measure(
        &mut self,
        now: SimTime,
        size: u32,
        true_rate: Option<f64>,
        partitions: Option<u32>,
    ) {
        if self.size.replace(size).is_some_and(|before| before != size) {
            self.changed = Some(now);
        }
        let settling = self.changed.is_some_and(|at| now.saturating_since(at) < self.settle);
        let rate = true_rate.filter(|rate| *rate > 0.0 && rate.is_finite() && size > 0);
        if let (false, Some(rate)) = (settling, rate) {
            self.known = Some(rate * share(size, partitions));
        }
    }

    /// The members that a rate needs at a utilisation of 0–1; `None` while nothing is known.
    pub(super) fn size_for(
        &self,
        rate: f64,
        utilisation: f64,
        partitions: Option<u32>,
    ) -> Option<u32> {
        let room = self.known? * utilisation;
        let fits = |size: &u32| rate * share(*size, partitions) <= room;
        Some(match partitions {
            Some(partitions) => (1..=partitions).find(fits).unwrap_or(partitions.max(1)),
            None => ((rate / room).ceil() as u32).max(1),
        })
    }
}

/// The busiest member's share of the rate.
fn share(size: u32, partitions: Option<u32>) -> f64 {
    match partitions {
        Some(partitions) if partitions > 0 => {
            f64::from(partitions.div_ceil(size.max(1))) / f64::from(partitions)
        }
        _ => 1.0 / f64::from(size.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(seconds)
    }

    #[test]
    fn the_busiest_member_decides() {
        let mut rate = MemberRate::new(SimSpan::from_secs(60));
        assert_eq!(rate.size_for(1.0, 1.0, Some(12)), None);
        // Five members of twelve partitions: one has three, a quarter of the rate.
        rate.measure(at(0), 5, Some(4_000.0), Some(12));
        // Members of 1,000/s: 3,000/s need a third each, so three; a bit more needs four.
        let size = |records: f64| rate.size_for(records, 1.0, Some(12));
        assert_eq!((size(3_000.0), size(3_001.0), size(4_001.0)), (Some(3), Some(4), Some(6)));
        assert_eq!(size(99_000.0), Some(12));
        assert_eq!(rate.size_for(3_000.0, 0.5, Some(12)), Some(6));
        assert_eq!(rate.size_for(2_500.0, 1.0, None), Some(3));
    }

    #[test]
    fn a_size_that_has_just_changed_tells_nothing() {
        let mut rate = MemberRate::new(SimSpan::from_secs(60));
        rate.measure(at(0), 2, Some(2_000.0), None);
        rate.measure(at(60), 4, Some(2_000.0), None);
        rate.measure(at(90), 4, Some(2_000.0), None);
        assert_eq!(rate.size_for(4_000.0, 1.0, None), Some(4), "still 1,000/s each");
        rate.measure(at(120), 4, Some(2_000.0), None);
        assert_eq!(rate.size_for(4_000.0, 1.0, None), Some(8));
    }
}
