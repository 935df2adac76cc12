//! What carries bytes: NICs, links, and disks behind the page cache.

use super::broker::per_byte;
use crate::chance::{Distribution, Stream};
use crate::cluster::{Allowance, Disk, Host};
use crate::model::burst::Burst;
use crate::model::disk;
use crate::units::{ByteRate, SimSpan, SimTime};

/// One direction of a NIC.
#[derive(Debug, Clone)]
pub(super) struct Nic {
    ns_per_byte: f64,
    free: SimTime,
    bytes: u64,
    /// Credit, and how long the line was used under it.
    burst: Option<(Burst, SimSpan)>,
}

/// A disk behind the page cache.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    /// Bandwidth of sequential writes, and of the writes that there are.
    sequential: f64,
    bytes_per_ns: f64,
    /// Time between two files, and how many there are.
    seek: SimSpan,
    files: u32,
    /// Credit, and how long the disk was asked for under it, in nanoseconds.
    burst: Option<(Burst, f64)>,
    commit: Distribution<SimSpan>,
    chance: Stream,
    /// When synchronous writes queued so far are on the disk.
    free: SimTime,
    /// Start and end of the latest journal commit that has been booked.
    commit_start: SimTime,
    commit_end: SimTime,
    /// Time in which the journal was committing.
    pub committing: SimSpan,
    /// Dirty bytes at an instant; write-back has taken its share up to then.
    dirty: f64,
    as_of: SimTime,
    /// Dirty bytes above which the kernel writes back at once.
    background: f64,
    /// Dirty bytes above which writers sleep.
    ceiling: f64,
    /// Bytes written into the cache or to the disk since the run began.
    pub bytes: u64,
    /// When dirty bytes were last settled, and what had been written until then.
    settled: (SimTime, u64),
    /// Bytes read from the disk, and when those asked for so far are there.
    pub read: u64,
    read_bytes_per_ns: f64,
    read_free: SimTime,
}

/// Longest sleep of a writer that dirties pages faster than the disk takes them: the kernel's
/// `MAX_PAUSE`.
const LONGEST_PAUSE: SimSpan = SimSpan::from_millis(200);
/// Excess, in time of the disk, that a writer may build up before it sleeps at all: the kernel
/// aims at pauses of about half the longest.
const PAUSE_FROM: SimSpan = SimSpan::from_millis(100);

fn credit(rate: ByteRate, allowance: Allowance) -> Burst {
    Burst::new(rate.get(), allowance.baseline.get(), allowance.credit.as_f64())
}

impl Nic {
    pub(super) fn new(rate: ByteRate, allowance: Option<Allowance>) -> Self {
        let burst = allowance.map(|allowance| (credit(rate, allowance), SimSpan::ZERO));
        Self { ns_per_byte: 1e9 / rate.get(), free: SimTime::ZERO, bytes: 0, burst }
    }
    /// Books bytes; returns when their first one and their last one pass.
    #[inline]
    pub(super) fn take(&mut self, at: SimTime, bytes: u64) -> (SimTime, SimTime) {
        let start = self.free.max(at);
        let span = match &mut self.burst {
            None => per_byte(bytes, self.ns_per_byte),
            Some((burst, used)) => {
                let span = burst.take(start, bytes as f64);
                *used += span;
                span
            }
        };
        self.free = start + span;
        self.bytes += bytes;
        (start, self.free)
    }
    /// When the first of some bytes passed whose last one passes at `end` at the earliest.
    #[inline]
    pub(super) fn begin_of(&self, end: SimTime, bytes: u64) -> SimTime {
        let span = per_byte(bytes, self.ns_per_byte);
        SimTime::ZERO + (end - SimTime::ZERO).saturating_sub(span)
    }
    /// Seconds of the line used so far.
    pub(super) fn busy(&self) -> f64 {
        match self.burst {
            None => self.bytes as f64 * self.ns_per_byte * 1e-9,
            Some((_, used)) => used.as_secs_f64(),
        }
    }
}

impl Storage {
    pub(super) fn new(disk: &Disk, host: &Host, cache_bytes: f64, chance: Stream) -> Self {
        Self {
            sequential: disk.write.get(),
            bytes_per_ns: disk.write.get() * 1e-9,
            seek: disk.seek,
            files: 0,
            burst: disk.burst.map(|allowance| (credit(disk.write, allowance), 0.0)),
            commit: disk.commit.clone(),
            chance,
            free: SimTime::ZERO,
            commit_start: SimTime::ZERO,
            commit_end: SimTime::ZERO,
            committing: SimSpan::ZERO,
            dirty: 0.0,
            as_of: SimTime::ZERO,
            background: cache_bytes * host.dirty_background,
            // Writers sleep from the midpoint of the two thresholds on.
            ceiling: cache_bytes * f64::midpoint(host.dirty_background, host.dirty_limit),
            bytes: 0,
            settled: (SimTime::ZERO, 0),
            read: 0,
            read_bytes_per_ns: disk.read.get() * 1e-9,
            read_free: SimTime::ZERO,
        }
    }

    /// One more log is on this disk.
    pub(super) fn add_file(&mut self) {
        self.files += 1;
        let piece = disk::piece(self.sequential, self.background, self.files);
        self.bytes_per_ns = disk::with_seeks(self.sequential, self.seek, piece, self.files) * 1e-9;
    }

    /// The time of moving to another file, if there is one.
    fn move_heads(&self) -> SimSpan {
        if self.files > 1 { self.seek } else { SimSpan::ZERO }
    }

    /// Bytes that are written at once, at so many per nanosecond; returns how long that takes.
    fn pass(&mut self, from: SimTime, bytes: f64, bytes_per_ns: f64) -> f64 {
        match &mut self.burst {
            None => bytes / bytes_per_ns,
            Some((burst, asked)) => {
                // Credit is counted in writes; a faster read takes less of it.
                let share = self.bytes_per_ns / bytes_per_ns;
                let nanos = burst.take(from, bytes * share).as_nanos() as f64;
                *asked += nanos;
                nanos
            }
        }
    }

    /// Bytes that the page cache holds no more are read; returns when they are there. Write-back
    /// that goes on meanwhile takes half of the disk's time, and loses the other half.
    pub(super) fn fetch(&mut self, now: SimTime, bytes: u64) -> SimTime {
        self.drain(now);
        self.read += bytes;
        let from = self.read_free.max(now);
        let mut nanos = self.pass(from, bytes as f64, self.read_bytes_per_ns);
        nanos += self.move_heads().as_nanos() as f64;
        if self.dirty > self.background {
            self.dirty += nanos * self.bytes_per_ns;
            nanos *= 2.0;
        }
        self.read_free = from + SimSpan::from_nanos(nanos as u64);
        self.read_free
    }

    /// Whether a writer of some bytes would have to sleep.
    pub(super) fn throttles(&mut self, now: SimTime, bytes: u64) -> bool {
        self.drain(now);
        self.dirty + bytes as f64 > self.ceiling
    }

    /// Bytes go into the page cache; returns how long the writer sleeps.
    pub(super) fn write(&mut self, now: SimTime, bytes: u64) -> SimSpan {
        self.drain(now);
        if self.dirty <= self.background && self.burst.is_some() {
            // They are written back before long, one way or the other.
            self.pass(now, bytes as f64, self.bytes_per_ns);
        }
        self.dirty += bytes as f64;
        self.bytes += bytes;
        let excess = self.dirty - self.ceiling;
        let pause = self.takes(now, excess.max(0.0));
        if pause < PAUSE_FROM { SimSpan::ZERO } else { pause.min(LONGEST_PAUSE) }
    }

    /// How long bytes take at the present rate.
    fn takes(&mut self, now: SimTime, bytes: f64) -> SimSpan {
        let rate = match &mut self.burst {
            None => self.bytes_per_ns,
            Some((burst, _)) => burst.rate(now),
        };
        SimSpan::from_nanos((bytes / rate) as u64)
    }

    /// Bytes go to the disk and are committed; returns when they are safe. Commits that meet share
    /// the journal's next transaction.
    pub(super) fn sync(&mut self, now: SimTime, bytes: u64) -> SimTime {
        self.bytes += bytes;
        let from = self.free.max(now);
        let nanos = self.pass(from, bytes as f64, self.sequential * 1e-9);
        self.free = from + SimSpan::from_nanos(nanos as u64) + self.move_heads();
        if self.free > self.commit_start {
            self.commit_start = self.commit_end.max(self.free);
            let span = self.commit.sample(&mut self.chance);
            self.committing += span;
            self.commit_end = self.commit_start + span;
        }
        self.commit_end
    }

    /// What is dirty is forced to the disk: synchronous writes queue behind it. Write-back goes on
    /// at the same bandwidth as before, so nothing is clean any sooner.
    pub(super) fn write_back(&mut self, now: SimTime) {
        self.drain(now);
        let span = self.takes(now, self.dirty);
        self.free = self.free.max(now + span);
    }

    /// Write-back since the last look.
    fn drain(&mut self, now: SimTime) {
        let since = std::mem::replace(&mut self.as_of, now);
        let excess = self.dirty - self.background;
        if excess <= 0.0 {
            return;
        }
        let span = now.saturating_since(since);
        let most = match &mut self.burst {
            None => span.as_nanos() as f64 * self.bytes_per_ns,
            Some((burst, _)) => burst.within(since, span),
        };
        let bytes = most.min(excess);
        if self.burst.is_some() {
            self.pass(since, bytes, self.bytes_per_ns);
        }
        self.dirty = (self.dirty - most).max(self.background);
    }

    /// Sets the dirty bytes to where writing as since the last time would have brought them.
    pub(super) fn settle(&mut self, now: SimTime) {
        self.drain(now);
        let (since, before) = std::mem::replace(&mut self.settled, (now, self.bytes));
        let span = now.saturating_since(since).as_nanos() as f64;
        if (self.bytes - before) as f64 > self.bytes_per_ns * span {
            self.dirty = self.dirty.max(self.ceiling);
        }
    }

    /// Seconds of the disk's bandwidth asked for so far.
    pub(super) fn busy(&self) -> f64 {
        if let Some((_, asked)) = self.burst {
            return asked * 1e-9;
        }
        let writing = self.bytes as f64 / self.bytes_per_ns;
        let reading = self.read as f64 / self.read_bytes_per_ns;
        (writing + reading) * 1e-9
    }
}
