//! A station resolved at arrival.

use crate::units::{SimSpan, SimTime};

/// A first-come first-served station with `c` equal servers and unlimited room.
///
/// With FIFO order and known service times, start and end of service are known when a customer
/// arrives (Kiefer and Wolfowitz 1955): it takes the server that is free first. So neither queue
/// nor departures need events. Arrivals must come in the order of time. O(c) per arrival.
#[derive(Debug, Clone)]
pub struct FifoStation {
    free_at: Vec<SimTime>,
    /// The server to try first: in turn, since below saturation the next one is usually idle, and
    /// which idle server it is makes no difference.
    next: usize,
    busy: SimSpan,
}

/// When a customer's service starts and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Start; the wait is the span since the arrival.
    pub start: SimTime,
    /// End.
    pub end: SimTime,
}

/// The server that is free first.
pub(crate) fn first_free(free_at: &[SimTime]) -> usize {
    let mut first = 0;
    for (index, free) in free_at.iter().enumerate() {
        first = std::hint::select_unpredictable(*free < free_at[first], index, first);
    }
    first
}

impl FifoStation {
    /// A station with this many servers, at least one.
    pub fn new(servers: usize) -> Self {
        assert!(servers > 0, "a station without servers");
        Self { free_at: vec![SimTime::ZERO; servers], next: 0, busy: SimSpan::ZERO }
    }
    /// Serves a customer that arrives at an instant and needs a service time.
    #[inline]
    pub fn serve(&mut self, at: SimTime, service: SimSpan) -> Service {
        let mut first = self.next;
        if self.free_at[first] > at {
            first = first_free(&self.free_at);
        }
        self.next = if first + 1 < self.free_at.len() { first + 1 } else { 0 };
        let start = self.free_at[first].max(at);
        let end = start + service;
        self.free_at[first] = end;
        self.busy += service;
        Service { start, end }
    }
    /// Server time used by all customers so far; over servers × time it is the utilisation.
    pub fn busy(&self) -> SimSpan {
        self.busy
    }
}
