//! Machines: cores, NICs and disks that several processes share.
//!
//! Everything here is booked when it is asked for, in the order of asking, and answers with the
//! end: cores and NICs are first-come first-served stations, so that no event is needed for their
//! queues. A latency that does not use the resource (a hand-off, a thread that is still busy) is
//! added to the answer and not booked, so a resource never idles while someone waits for it.

use super::broker::per_byte;
use crate::chance::{Distribution, Stream};
use crate::cluster::{Disk, Host};
use crate::engine::kernel::FifoStation;
use crate::model::cost::Costs;
use crate::units::{SimSpan, SimTime};

/// A machine or container.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    cpu: FifoStation,
    cores: f64,
    /// Inverse of the speed of a core: time that a unit of work takes.
    slowness: f64,
    noise: f64,
    /// Least time of waking a thread in nanoseconds, and the share of the slowest.
    wake_least: f64,
    wake_rarest: f64,
    chance: Stream,
    quota: Option<Quota>,
    steal: Steal,
    pub egress: Nic,
    pub ingress: Nic,
    pub disks: Vec<Storage>,
    /// Bytes that the page cache holds.
    pub cache: i64,
}

/// Slices of time that are taken from the cores, at random instants. Whatever is at work on a core
/// then is done that much later.
#[derive(Debug, Clone)]
struct Steal {
    /// Mean time between two slices on any core, in nanoseconds.
    every: f64,
    next: SimTime,
    slice: Distribution<SimSpan>,
    chance: Stream,
}

impl Steal {
    fn new(host: &Host, chance: Stream) -> Self {
        let every = host.steal_slice.mean() * 1e9 / (host.steal * host.cores);
        let slice = host.steal_slice.clone();
        let mut steal = Self { every, next: SimTime::MAX, slice, chance };
        if every.is_finite() {
            steal.next = SimTime::ZERO + steal.gap();
        }
        steal
    }

    fn gap(&mut self) -> SimSpan {
        SimSpan::from_nanos((self.every * self.chance.exp1()) as u64)
    }

    /// Takes the slice that is due from the work that is next.
    #[cold]
    fn take(&mut self, now: SimTime) -> SimSpan {
        self.next = now + self.gap();
        self.slice.sample(&mut self.chance)
    }
}

/// A container's CPU quota (the kernel's CFS bandwidth control): so much CPU time per period, by
/// all threads together, and nothing is carried over.
#[derive(Debug, Clone)]
struct Quota {
    per_period: u64,
    /// Periods before this one are over, and `used` is what this one has used; later periods when
    /// it is more than one's quota.
    period: u64,
    used: u64,
}

/// `cpu.cfs_period_us`.
const PERIOD: u64 = 100_000_000;

impl Quota {
    fn new(cores: f64) -> Self {
        Self { per_period: (cores * PERIOD as f64) as u64, period: 0, used: 0 }
    }

    /// Uses a span of CPU time that would end at `end`; returns when it ends under the quota.
    fn take(&mut self, now: SimTime, span: SimSpan, end: SimTime) -> SimTime {
        let period = now.as_nanos() / PERIOD;
        let passed = period.saturating_sub(self.period);
        self.used = self.used.saturating_sub(passed.saturating_mul(self.per_period));
        self.period = self.period.max(period);
        self.used += span.as_nanos();
        let wait = self.used / self.per_period;
        if wait == 0 {
            return end;
        }
        // The rest of the work runs when a later period begins.
        let rest = self.used % self.per_period;
        let begin = SimTime::from_nanos((self.period + wait) * PERIOD);
        end.max(begin + SimSpan::from_nanos(rest.min(span.as_nanos())))
    }
}

/// One direction of a NIC.
#[derive(Debug, Clone)]
pub(super) struct Nic {
    ns_per_byte: f64,
    free: SimTime,
    bytes: u64,
}

/// A disk behind the page cache.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    bytes_per_ns: f64,
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
/// Half the width of a uniform law with a standard deviation of 1.
const UNIFORM_HALF_WIDTH: f64 = 1.732_050_807_568_877_2;

impl Machine {
    pub(super) fn new(host: &Host, cache_bytes: f64, costs: &Costs, chances: [Stream; 3]) -> Self {
        let servers = host.cores.ceil().max(1.0);
        let [chance, disk_chance, steal] = chances;
        let cache = cache_bytes as i64;
        let shares = host.disks.len().max(1) as f64;
        Self {
            cpu: FifoStation::new(servers as usize),
            cores: host.cores,
            // A fraction of a core is a slower core.
            slowness: servers / (host.speed * host.cores),
            noise: costs.cpu_noise,
            wake_least: costs.hand_off.as_nanos() as f64 * costs.wake_least,
            wake_rarest: costs.wake_rarest,
            chance,
            quota: host.cpu_quota.map(Quota::new),
            steal: Steal::new(host, steal),
            cache,
            egress: Nic::new(host.nic_out.get()),
            ingress: Nic::new(host.nic_in.get()),
            disks: host
                .disks
                .iter()
                .map(|disk| Storage::new(disk, host, cache_bytes / shares, disk_chance.clone()))
                .collect(),
        }
    }

    /// CPU work of a span on a core of speed 1; returns its end.
    #[inline]
    pub(super) fn work(&mut self, now: SimTime, work: SimSpan) -> SimTime {
        self.wait_and_work(now, work).1
    }

    /// The same with the time that the work waits for a core (or for its quota) before the end.
    #[inline]
    pub(super) fn wait_and_work(&mut self, now: SimTime, work: SimSpan) -> (SimSpan, SimTime) {
        let swing = self.noise * UNIFORM_HALF_WIDTH * (2.0 * self.chance.uniform() - 1.0);
        let nanos = work.as_nanos() as f64 * self.slowness * (1.0 + swing);
        let mut span = SimSpan::from_nanos(nanos as u64);
        if now >= self.steal.next {
            span += self.steal.take(now);
        }
        let end = self.cpu.serve(now, span).end;
        let end = self.quota.as_mut().map_or(end, |quota| quota.take(now, span, end));
        (end.saturating_since(now + span), end)
    }

    /// Latency of waking a thread that sleeps: mostly quick, but some find the core busy or asleep.
    #[inline]
    pub(super) fn wake(&mut self) -> SimSpan {
        let spread = self.chance.uniform().max(self.wake_rarest).sqrt();
        SimSpan::from_nanos((self.wake_least / spread) as u64)
    }

    /// The span that a piece of work takes on an idle core.
    pub(super) fn alone(&self, work: SimSpan) -> SimSpan {
        SimSpan::from_nanos((work.as_nanos() as f64 * self.slowness) as u64)
    }

    /// Bytes that have passed through the page cache so far, written or read into it.
    pub(super) fn passed(&self) -> i64 {
        self.disks.iter().map(|disk| disk.bytes + disk.read).sum::<u64>() as i64
    }

    /// Core seconds used so far, over cores: divided by time it is the utilisation.
    pub(super) fn busy(&self) -> f64 {
        let servers = self.cores.ceil().max(1.0);
        self.cpu.busy().as_secs_f64() / servers
    }
}

impl Nic {
    fn new(bytes_per_s: f64) -> Self {
        Self { ns_per_byte: 1e9 / bytes_per_s, free: SimTime::ZERO, bytes: 0 }
    }
    /// Books bytes; returns when their first one and their last one pass.
    #[inline]
    pub(super) fn take(&mut self, at: SimTime, bytes: u64) -> (SimTime, SimTime) {
        let start = self.free.max(at);
        let span = per_byte(bytes, self.ns_per_byte);
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
        self.bytes as f64 * self.ns_per_byte * 1e-9
    }
}

impl Storage {
    fn new(disk: &Disk, host: &Host, cache_bytes: f64, chance: Stream) -> Self {
        Self {
            bytes_per_ns: disk.write.get() * 1e-9,
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

    /// Bytes that the page cache holds no more are read; returns when they are there. Write-back
    /// that goes on meanwhile takes half of the disk's time, and loses the other half.
    pub(super) fn fetch(&mut self, now: SimTime, bytes: u64) -> SimTime {
        self.drain(now);
        self.read += bytes;
        let mut span = bytes as f64 / self.read_bytes_per_ns;
        if self.dirty > self.background {
            self.dirty += span * self.bytes_per_ns;
            span *= 2.0;
        }
        self.read_free = self.read_free.max(now) + SimSpan::from_nanos(span as u64);
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
        self.dirty += bytes as f64;
        self.bytes += bytes;
        let excess = self.dirty - self.ceiling;
        let pause = SimSpan::from_nanos((excess.max(0.0) / self.bytes_per_ns) as u64);
        if pause < PAUSE_FROM { SimSpan::ZERO } else { pause.min(LONGEST_PAUSE) }
    }

    /// Bytes go to the disk and are committed; returns when they are safe. Commits that meet share
    /// the journal's next transaction.
    pub(super) fn sync(&mut self, now: SimTime, bytes: u64) -> SimTime {
        self.bytes += bytes;
        let span = SimSpan::from_nanos((bytes as f64 / self.bytes_per_ns) as u64);
        self.free = self.free.max(now) + span;
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
        let span = SimSpan::from_nanos((self.dirty / self.bytes_per_ns) as u64);
        self.free = self.free.max(now + span);
    }

    /// Write-back since the last look.
    fn drain(&mut self, now: SimTime) {
        let span = now.saturating_since(self.as_of).as_nanos() as f64;
        self.as_of = now;
        if self.dirty > self.background {
            self.dirty = (self.dirty - span * self.bytes_per_ns).max(self.background);
        }
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
        let writing = self.bytes as f64 / self.bytes_per_ns;
        let reading = self.read as f64 / self.read_bytes_per_ns;
        (writing + reading) * 1e-9
    }
}
