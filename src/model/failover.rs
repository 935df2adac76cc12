//! How long it takes until a cluster has noticed and mended the failure of a broker.
//!
//! # Equation
//! A broker is fenced one session after its last heartbeat, so a time s − u·h after its death,
//! u uniform in 0 to 1. A decision of the controller over n partitions is in force everywhere
//! after c + n·p. A controlled shutdown ends one heartbeat after its leaders have moved. A process
//! that starts after a crash checks B bytes of its logs with t threads per log dir, of which C
//! are not in the page cache: max(B / (t · rate), C / disk). A client asks for metadata at once,
//! then after waits of b, 2b, 4b … up to a maximum, each ± 20 %.
//! # Assumes
//! All brokers apply a decision at the same instant; the quorum of controllers is healthy.
//! # Breaks
//! Thousands of clients that refresh at once load the brokers; only their waits are here.
//! # Source
//! Kafka's `BrokerHeartbeatManager`, `BrokerLifecycleManager`, `LogManager.loadLogs`,
//! `ExponentialBackoff` and `Metadata.timeToAllowUpdate`; KIP-631.

use crate::chance::Distribution;
use crate::units::SimSpan;

/// Broker properties about failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failover {
    /// `broker.session.timeout.ms`.
    pub session_timeout: SimSpan,
    /// `broker.heartbeat.interval.ms`.
    pub heartbeat: SimSpan,
    /// `leader.imbalance.check.interval.seconds`, unless `auto.leader.rebalance.enable` is false.
    pub balance: Option<SimSpan>,
    /// `num.recovery.threads.per.data.dir`.
    pub recovery_threads: u32,
    /// Whether replicas that left a small ISR may still lead (KIP-966).
    pub eligible_leader_replicas: bool,
}

/// Costs of changes, from a cost card.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverCosts {
    /// From a decision of the controller until all brokers act on it.
    pub controller_change: SimSpan,
    /// The same, further, per partition that changes.
    pub controller_partition: SimSpan,
    /// From starting a broker's process until it looks at its logs.
    pub broker_start: Distribution<SimSpan>,
    /// CPU per byte of a log that is checked after a crash, in nanoseconds.
    pub recovery_ns_per_byte: f64,
}

impl Failover {
    /// From a death until the broker is fenced; `phase` is uniform in 0 to 1.
    pub fn fenced_after(&self, phase: f64) -> SimSpan {
        let silent = SimSpan::from_secs_f64(self.heartbeat.as_secs_f64() * phase);
        self.session_timeout.saturating_sub(silent)
    }
}

impl FailoverCosts {
    /// From a decision over so many partitions until it is in force.
    pub fn in_force_after(&self, partitions: usize) -> SimSpan {
        self.controller_change + self.controller_partition * partitions as u64
    }

    /// Checking the logs of one log dir after a crash: bytes of segments that may not be on the
    /// disk and those of them that are not in the page cache, threads, and bytes per second that
    /// its disk reads.
    pub fn recovery(&self, [bytes, cold]: [f64; 2], threads: u32, disk: f64) -> SimSpan {
        let checking = bytes * self.recovery_ns_per_byte * 1e-9 / f64::from(threads.max(1));
        SimSpan::from_secs_f64(checking.max(cold / disk))
    }
}

/// Beyond this many doublings a wait is at its maximum in any case.
const MOST_DOUBLINGS: u32 = 16;
/// `RETRY_BACKOFF_JITTER`.
const JITTER: f64 = 0.2;

/// The wait before attempt number `attempts` + 1, `luck` uniform in 0 to 1.
pub fn back_off(base: SimSpan, most: SimSpan, attempts: u32, luck: f64) -> SimSpan {
    let wait = (base * (1_u64 << attempts.min(MOST_DOUBLINGS))).min(most);
    SimSpan::from_secs_f64(wait.as_secs_f64() * (1.0 + JITTER * (2.0 * luck - 1.0)))
}

/// From now until a client asks the next time, when it lost its broker `elapsed` ago and has asked
/// ever since, without jitter.
pub fn next_ask(base: SimSpan, most: SimSpan, elapsed: SimSpan) -> SimSpan {
    let mut at = SimSpan::ZERO;
    for attempts in 0..MOST_DOUBLINGS {
        if at >= elapsed || at + most == at {
            return at.saturating_sub(elapsed);
        }
        at += back_off(base, most, attempts, 0.5);
    }
    if at >= elapsed {
        return at.saturating_sub(elapsed);
    }
    let past = elapsed.saturating_sub(at).as_nanos() % most.as_nanos().max(1);
    SimSpan::from_nanos(most.as_nanos() - past)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs() -> FailoverCosts {
        FailoverCosts {
            controller_change: SimSpan::from_millis(20),
            controller_partition: SimSpan::from_nanos(30_000),
            broker_start: Distribution::constant(SimSpan::from_secs(8)),
            recovery_ns_per_byte: 1.0,
        }
    }

    #[test]
    fn a_dead_broker_is_fenced_after_seven_to_nine_seconds() {
        let failover = Failover {
            session_timeout: SimSpan::from_secs(9),
            heartbeat: SimSpan::from_secs(2),
            balance: None,
            recovery_threads: 2,
            eligible_leader_replicas: true,
        };
        assert_eq!(failover.fenced_after(0.0), SimSpan::from_secs(9));
        assert_eq!(failover.fenced_after(1.0), SimSpan::from_secs(7));
        assert_eq!(failover.fenced_after(0.25), SimSpan::from_millis(8_500));
    }

    #[test]
    fn a_thousand_partitions_take_thirty_milliseconds_more() {
        assert_eq!(costs().in_force_after(1_000), SimSpan::from_millis(50));
    }

    #[test]
    fn recovery_is_bound_by_threads_or_by_the_disk() {
        // 10 GB at 1 ns per byte on two threads; a disk of 500 MB/s needs 20 s for them.
        assert_eq!(costs().recovery([10e9, 0.0], 2, 5e8), SimSpan::from_secs(5));
        assert_eq!(costs().recovery([10e9, 2e9], 2, 5e8), SimSpan::from_secs(5));
        assert_eq!(costs().recovery([10e9, 10e9], 2, 5e8), SimSpan::from_secs(20));
        assert_eq!(costs().recovery([0.0, 0.0], 2, 5e8), SimSpan::ZERO);
    }

    #[test]
    fn a_client_asks_at_the_sums_of_its_waits() {
        let ask = |elapsed: u64| {
            let (base, most) = (SimSpan::from_millis(100), SimSpan::from_secs(1));
            next_ask(base, most, SimSpan::from_millis(elapsed)).as_millis()
        };
        // At 0, 100, 300, 700, 1500, 2500, 3500 ms and so on.
        let waits = [0, 50, 100, 250, 800, 1_500, 1_600, 8_000, 60_001].map(ask);
        assert_eq!(waits, [0, 50, 0, 50, 700, 0, 900, 500, 499]);
    }

    #[test]
    fn waits_double_up_to_the_maximum() {
        let (base, most) = (SimSpan::from_millis(100), SimSpan::from_secs(1));
        let waits: Vec<u64> =
            (0..6).map(|attempt| back_off(base, most, attempt, 0.5).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(back_off(base, most, 0, 0.0), SimSpan::from_millis(80));
        assert_eq!(back_off(base, most, 99, 1.0), SimSpan::from_millis(1_200));
    }
}
