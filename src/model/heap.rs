//! Java heaps: when a process collects its young generation and stands still.
//!
//! # Equation
//! A process that allocates g bytes/s into an eden of E bytes pauses every E / g seconds, each time
//! for a span of a lognormal law. Allocated are the bytes of received requests and of fetch
//! responses, a constant per request, and at clients a constant per record. Sent bytes are not:
//! brokers send from the page cache, producers from a pool of buffers.
//! # Assumes
//! What is young dies young (a collection costs the same whatever was allocated); no old
//! generation is collected. The kernel goes on meanwhile, with the socket's window.
//! # Breaks
//! Decompression and down-conversion allocate more; a heap that is too small collects in full.
//! # Source
//! Kafka's start script (G1, `MaxGCPauseMillis=20`) and its documentation, section "Java version":
//! 90 % of the pauses of a large cluster are about 21 ms, less than one a second.

use crate::chance::{Distribution, Stream};
use crate::units::{Bytes, SimSpan, SimTime};

/// Values of a cost card.
#[derive(Debug, Clone, PartialEq)]
pub struct Heaps {
    /// Length of a collection.
    pub collection: Distribution<SimSpan>,
    /// Bytes that a broker allocates between two collections.
    pub broker_eden: Bytes,
    /// Bytes that a client process allocates between two collections.
    pub client_eden: Bytes,
    /// Bytes allocated per request beside the request itself.
    pub request_garbage: Bytes,
    /// Bytes that a client allocates per record.
    pub record_garbage: Bytes,
}

/// The young generation of one process.
#[derive(Debug, Clone)]
pub struct Eden {
    size: u64,
    used: u64,
    chance: Stream,
}

impl Eden {
    /// An eden that has been filled to a random part; one of size 0 is never collected.
    pub fn new(size: Bytes, mut chance: Stream) -> Self {
        let used = (size.as_f64() * chance.uniform()) as u64;
        Self { size: size.get(), used, chance }
    }

    /// Allocates; the end of the pause when that fills it.
    #[inline]
    pub fn allocate(
        &mut self,
        now: SimTime,
        bytes: u64,
        pause: &Distribution<SimSpan>,
    ) -> Option<SimTime> {
        self.used += bytes;
        if self.used < self.size || self.size == 0 {
            return None;
        }
        self.used = 0;
        Some(now + pause.sample(&mut self.chance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    fn stream() -> Stream {
        Chance::new(Seed::new(1), 0).stream("test", "heap")
    }

    #[test]
    fn a_collection_comes_each_time_that_eden_is_full() {
        let pause = Distribution::parse("10 ms").unwrap();
        let mut eden = Eden::new(Bytes::new(1_000), stream());
        let mut pauses = 0;
        for step in 0..1_000 {
            let now = SimTime::ZERO + SimSpan::from_millis(step);
            if let Some(until) = eden.allocate(now, 100, &pause) {
                assert_eq!(until - now, SimSpan::from_millis(10));
                pauses += 1;
            }
        }
        assert_eq!(pauses, 100);
        let mut none = Eden::new(Bytes::ZERO, stream());
        assert!((0..1_000).all(|_| none.allocate(SimTime::ZERO, 1 << 30, &pause).is_none()));
    }
}
