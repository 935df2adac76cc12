//! Fetch loops: how often a follower or a consumer asks a leader.
//!
//! # Equation
//! One fetch is in flight per loop. A loop at the tail sends its next request when the cycle is
//! over and something has been appended: F = 1 / max(c + 1/a, w), with the cycle c (round trip,
//! hand-offs, the leader's work, transfer), a appends/s among its partitions, and the time w until
//! `fetch.min.bytes` have gathered, at most `fetch.max.wait.ms`. A loop that is behind takes the
//! largest response there is: F = byte rate / response bytes.
//! # Assumes
//! Appends are memoryless, so the wait for the next one after a cycle has mean 1/a.
//! # Breaks
//! A saturated leader answers later than the cycle says; the loop is then even rarer and cheaper.
//! # Source
//! Kafka's `AbstractFetcherThread.doWork`, `DelayedFetch.tryComplete`, `FetchRequestManager`.

use crate::units::{Bytes, SimSpan};

/// `replica.fetch.response.max.bytes` of every version so far.
pub const REPLICA_FETCH_RESPONSE: Bytes = Bytes::new(10 << 20);
/// `replica.fetch.wait.max.ms` of every version so far.
pub const REPLICA_FETCH_WAIT: SimSpan = SimSpan::from_millis(500);
/// `replica.fetch.min.bytes` of every version so far.
pub const REPLICA_FETCH_MIN: Bytes = Bytes::new(1);

/// What one fetch loop sees.
#[derive(Debug, Clone, Copy)]
pub struct FetchLoop {
    /// Round trip, hand-offs and work of one fetch.
    pub cycle: SimSpan,
    /// Batches appended per second among its partitions.
    pub appends: f64,
    /// Bytes per second that it takes.
    pub byte_rate: f64,
    /// `fetch.min.bytes`.
    pub min_bytes: f64,
    /// `fetch.max.wait.ms`.
    pub max_wait: SimSpan,
    /// Bytes of the largest response.
    pub max_bytes: f64,
    /// Whether it reads a backlog instead of the tail.
    pub behind: bool,
}

impl FetchLoop {
    /// Fetches per second; zero when nothing flows.
    pub fn fetches(&self) -> f64 {
        if self.byte_rate <= 0.0 || self.appends <= 0.0 {
            return 0.0;
        }
        let largest = self.byte_rate / self.max_bytes;
        if self.behind {
            return largest;
        }
        let gather = (self.min_bytes / self.byte_rate).min(self.max_wait.as_secs_f64());
        let tail = 1.0 / (self.cycle.as_secs_f64() + 1.0 / self.appends).max(gather);
        tail.max(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: FetchLoop = FetchLoop {
        cycle: SimSpan::from_millis(1),
        appends: 1_000.0,
        byte_rate: 1e6,
        min_bytes: 1.0,
        max_wait: SimSpan::from_millis(500),
        max_bytes: 1e7,
        behind: false,
    };

    #[test]
    fn a_loop_at_the_tail_waits_for_its_cycle_and_the_next_append() {
        assert!((TAIL.fetches() - 500.0).abs() < 1e-9);
        assert!((FetchLoop { appends: 1.0, ..TAIL }.fetches() - 1.0 / 1.001).abs() < 1e-9);
        assert!(FetchLoop { appends: 0.0, ..TAIL }.fetches().abs() < 1e-12);
    }

    #[test]
    fn min_bytes_make_fetches_rare_and_a_backlog_makes_them_large() {
        assert!((FetchLoop { min_bytes: 1e5, ..TAIL }.fetches() - 10.0).abs() < 1e-9);
        assert!((FetchLoop { min_bytes: 1e9, ..TAIL }.fetches() - 2.0).abs() < 1e-9);
        assert!((FetchLoop { behind: true, ..TAIL }.fetches() - 0.1).abs() < 1e-9);
    }
}
