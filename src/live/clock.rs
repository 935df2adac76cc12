//! The only clock of the library: monotonic, so that a wall clock that steps changes nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nanoseconds since it was made; the run begins at an instant that is set once.
#[derive(Debug)]
pub(super) struct Clock {
    made: Instant,
    zero: AtomicU64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "measuring needs a clock")]
    pub(super) fn new() -> Self {
        Self { made: Instant::now(), zero: AtomicU64::new(u64::MAX) }
    }
    /// Nanoseconds since the clock was made.
    pub(super) fn now(&self) -> u64 {
        self.made.elapsed().as_nanos() as u64
    }
    /// Sets t = 0 of the run.
    pub(super) fn begin(&self, at: u64) {
        self.zero.store(at, Ordering::Release);
    }
    /// When the run begins; far away before that is known.
    pub(super) fn zero(&self) -> u64 {
        self.zero.load(Ordering::Acquire)
    }
    /// Sleeps until an instant of this clock; the kernel's timer slack makes it some 60 µs late.
    pub(super) fn sleep_until(&self, at: u64) {
        let now = self.now();
        if at > now {
            pause(Duration::from_nanos(at - now));
        }
    }
}

/// Sleeps.
#[expect(clippy::disallowed_methods, reason = "a load generator waits for its next send")]
pub(super) fn pause(span: Duration) {
    std::thread::sleep(span);
}
