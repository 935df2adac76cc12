//! What all threads of a run count together.

use super::clock::Clock;
use crate::cluster::{Cluster, TopicId};
use crate::metrics::Histogram;
use rdkafka::statistics::{Statistics, Window};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything that is shared between producers, consumers and the watcher.
#[derive(Debug)]
pub(super) struct Tally {
    pub clock: Clock,
    /// Length and warm-up of the run, ns since t = 0.
    end: AtomicU64,
    pub from: u64,
    /// Nobody sends any more.
    pub stop: AtomicBool,
    /// Consumers leave.
    pub leave: AtomicBool,
    /// Bytes that may still be sent.
    pub budget: AtomicI64,
    pub producers: Vec<Sent>,
    pub groups: Vec<Received>,
    /// Log ends by topic and partition, from acknowledgements.
    pub ends: Vec<Vec<AtomicU64>>,
}

/// What one producer (all its clients) did.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub offered: AtomicU64,
    pub acked: AtomicU64,
    pub acked_bytes: AtomicU64,
    pub failed: AtomicU64,
    /// Those between the warm-up and the end.
    pub offered_measured: AtomicU64,
    pub acked_measured: AtomicU64,
    pub bytes_measured: AtomicU64,
    /// Times that the local queue was full, and nanoseconds that sends waited for it.
    pub full: AtomicU64,
    pub blocked: AtomicU64,
    /// Requests that librdkafka sent, by client.
    pub requests: Mutex<BTreeMap<String, (u64, u64)>>,
    pub batch_bytes: Mutex<(f64, f64)>,
    pub parts: Mutex<Parts>,
    pub latencies: Mutex<Latencies>,
    pub errors: Mutex<BTreeMap<String, u64>>,
    pub throttled_ms: AtomicU64,
}

/// Latencies of a producer in nanoseconds: from the intended and from the actual send to the
/// acknowledgement, and how late sends were.
#[derive(Debug, Default, Clone)]
pub(super) struct Latencies {
    pub intended: Histogram,
    pub actual: Histogram,
    pub late: Histogram,
}

/// Sums of librdkafka's own latency windows: (weight, Σ p50, Σ p99), in microseconds.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Parts {
    pub queue: (f64, f64, f64),
    pub outbuf: (f64, f64, f64),
    pub round_trip: (f64, f64, f64),
}

/// What one group did.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub processed: AtomicU64,
    pub processed_measured: AtomicU64,
    pub e2e: Mutex<Histogram>,
    /// Partitions that each member owns.
    pub owned: Vec<AtomicU64>,
    pub rebalances: AtomicU64,
    /// Committed offsets by topic and partition, as librdkafka's statistics tell them.
    pub committed: Vec<Vec<AtomicU64>>,
    pub errors: Mutex<BTreeMap<String, u64>>,
}

/// A lock whose holder can only have panicked between two whole updates.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    pub(super) fn new(
        cluster: &Cluster,
        producers: usize,
        members: &[u32],
        [from, end]: [u64; 2],
        budget: i64,
    ) -> Self {
        let counters = || -> Vec<Vec<AtomicU64>> {
            let of = |count: u32| (0..count).map(|_| AtomicU64::new(0)).collect();
            cluster.topics.iter().map(|topic| of(topic.partitions)).collect()
        };
        let group = |members: &u32| Received {
            owned: (0..*members).map(|_| AtomicU64::new(0)).collect(),
            committed: counters(),
            ..Received::default()
        };
        Self {
            clock: Clock::new(),
            end: AtomicU64::new(end),
            from,
            stop: AtomicBool::new(false),
            leave: AtomicBool::new(false),
            budget: AtomicI64::new(budget),
            producers: (0..producers).map(|_| Sent::default()).collect(),
            groups: members.iter().map(group).collect(),
            ends: counters(),
        }
    }

    /// When the run ends; earlier than the scenario says when it was stopped.
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }
    /// Ends the run at `t` or when it would have ended, and every sending.
    pub(super) fn end_at(&self, t: u64) {
        self.end.fetch_min(t, Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
    }
    /// Nanoseconds since t = 0 of an instant of the clock; `None` before the run begins.
    pub(super) fn since_zero(&self, at: u64) -> Option<u64> {
        at.checked_sub(self.clock.zero())
    }
    /// Whether an instant of the clock counts for rates.
    pub(super) fn measured(&self, at: u64) -> bool {
        self.since_zero(at).is_some_and(|t| t >= self.from && t < self.end())
    }
    /// Records that stand in a topic by acknowledgements.
    pub(super) fn end_of(&self, topic: TopicId) -> u64 {
        self.ends[topic.index()].iter().map(|end| end.load(Ordering::Relaxed)).sum()
    }
}

impl Sent {
    /// Takes what matters from librdkafka's statistics.
    pub(super) fn read(&self, statistics: &Statistics, measured: bool) {
        let requests = statistics.brokers.values();
        let sent: i64 = requests.filter_map(|broker| broker.req.get("Produce")).sum();
        let sent = sent.max(0) as u64;
        let mut known = lock(&self.requests);
        let entry = known.entry(statistics.name.clone()).or_insert((sent, sent));
        // What was sent before the warm-up ended is the ground from which is counted.
        if !measured && entry.0 == entry.1 {
            entry.0 = sent;
        }
        entry.1 = sent;
        drop(known);
        let throttled = statistics.brokers.values().filter_map(|one| one.throttle.as_ref());
        let longest = throttled.map(|window| window.max).max().unwrap_or(0);
        self.throttled_ms.fetch_max(longest.max(0) as u64, Ordering::Relaxed);
        if !measured {
            return;
        }
        let mut bytes = lock(&self.batch_bytes);
        for topic in statistics.topics.values() {
            bytes.0 += topic.batchsize.cnt as f64;
            bytes.1 += topic.batchsize.sum as f64;
        }
        drop(bytes);
        let mut parts = lock(&self.parts);
        for broker in statistics.brokers.values() {
            add(&mut parts.queue, broker.int_latency.as_ref());
            add(&mut parts.outbuf, broker.outbuf_latency.as_ref());
            add(&mut parts.round_trip, broker.rtt.as_ref());
        }
    }
}

fn add(sum: &mut (f64, f64, f64), window: Option<&Window>) {
    let Some(window) = window.filter(|window| window.cnt > 0) else { return };
    let weight = window.cnt as f64;
    *sum = (sum.0 + weight, sum.1 + weight * window.p50 as f64, sum.2 + weight * window.p99 as f64);
}
