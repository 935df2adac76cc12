//! Machines: cores, NICs and disks that several processes share.
//!
//! Everything here is booked when it is asked for, in the order of asking, and answers with the
//! end: cores and NICs are first-come first-served stations, so that no event is needed for their
//! queues. A latency that does not use the resource (a hand-off, a thread that is still busy) is
//! added to the answer and not booked, so a resource never idles while someone waits for it.
//!
//! Cores serve in the order of asking because items of work (a request, a batch, a poll) are far
//! shorter than a scheduler's slice. Were they shared evenly instead, the other extreme, the time
//! in the station would be longer: on eight cores by 0.5 % in the mean and 3 % in p99 at 50 % load,
//! by 5 % and 25 % at 70 %, by 11 % and 44 % at 80 %; on two cores by 13 % and 37 % at 50 %, by
//! 30 % and 61 % at 70 % (`tests/theory/stations.rs` prints and bounds it).

use super::storage::{Nic, Storage};
use crate::chance::{Distribution, Stream};
use crate::cluster::Host;
use crate::engine::kernel::FifoStation;
use crate::model::cost::Costs;
use crate::units::{ByteRate, SimSpan, SimTime};

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
    housekeeping: Housekeeping,
    /// The most that one connection carries.
    pub nic_flow: Option<ByteRate>,
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

/// What brokers do without any request (timers, the controller's records, metrics, the collector's
/// own threads): a little work all the time, which takes what it needs of the cores' capacity but
/// keeps nobody waiting who finds one free.
#[derive(Debug, Clone)]
struct Housekeeping {
    /// Cores of this machine that it takes.
    share: f64,
    /// It is booked in pieces of this span: that of a network thread's work on a request.
    piece: SimSpan,
    /// Done up to this instant, and when the next piece is due.
    until: SimTime,
    due: SimTime,
}

impl Housekeeping {
    /// Takes so many more cores of this machine.
    fn add(&mut self, share: f64) {
        self.share += share;
        self.due = self.until.saturating_add(self.gap());
    }

    /// Time between two pieces.
    fn gap(&self) -> SimSpan {
        SimSpan::from_nanos((self.piece.as_nanos() as f64 / self.share).ceil() as u64)
    }

    /// Books what has come up since the last time, at the instant at which it began to: on cores
    /// that were free it is over by now.
    #[cold]
    fn catch_up(&mut self, now: SimTime, cpu: &mut FifoStation) {
        let passed = now.saturating_since(self.until).as_nanos() as f64;
        let threads = self.share.ceil();
        let span = SimSpan::from_nanos((passed * self.share / threads) as u64);
        for _ in 0..threads as usize {
            cpu.serve(self.until, span);
        }
        self.until = now;
        self.due = now.saturating_add(self.gap());
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
            housekeeping: Housekeeping {
                share: 0.0,
                piece: costs.network_request,
                until: SimTime::ZERO,
                due: SimTime::MAX,
            },
            cache,
            nic_flow: host.nic_flow,
            egress: Nic::new(host.nic_out, host.nic_burst),
            ingress: Nic::new(host.nic_in, host.nic_burst),
            disks: host
                .disks
                .iter()
                .map(|disk| Storage::new(disk, host, cache_bytes / shares, disk_chance.clone()))
                .collect(),
        }
    }

    /// A broker runs here, and takes so many cores of speed 1 without any request.
    pub(super) fn run_broker(&mut self, idle_cores: f64) {
        if idle_cores > 0.0 {
            self.housekeeping.add(idle_cores * self.slowness);
        }
    }

    /// Utilisation without any request.
    pub(super) fn idle_utilisation(&self) -> f64 {
        self.housekeeping.share / self.cores.ceil().max(1.0)
    }

    /// CPU work of a span on a core of speed 1; returns its end.
    #[inline]
    pub(super) fn work(&mut self, now: SimTime, work: SimSpan) -> SimTime {
        self.wait_and_work(now, work).1
    }

    /// The same with the time that the work waits for a core (or for its quota) before the end.
    #[inline]
    pub(super) fn wait_and_work(&mut self, now: SimTime, work: SimSpan) -> (SimSpan, SimTime) {
        if now >= self.housekeeping.due {
            self.housekeeping.catch_up(now, &mut self.cpu);
        }
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
