//! The exercise's reasons to add a broker, on a run.

use crate::metrics::{BrokerOutcome, Run};

/// A reason: a broker is above a share of a resource.
#[derive(Debug, Clone, Copy)]
pub struct BrokerTrigger {
    /// As the exercise writes it.
    pub words: &'static str,
    /// The share.
    pub limit: f64,
    value: fn(&BrokerOutcome) -> f64,
}

/// The exercise's: CPU 70 % sustained, network 70 %, I/O wait 20 %. Sustained is read as the 99th
/// percentile over the run. I/O wait is the share of time in which a disk is busy and the CPU is
/// not: the simulator knows both, and takes them as independent.
pub const BROKER_TRIGGERS: [BrokerTrigger; 3] = [
    BrokerTrigger { words: "CPU usage > 70% sustained", limit: 0.7, value: |one| one.cpu.p99 },
    BrokerTrigger {
        words: "Network utilization > 70%",
        limit: 0.7,
        value: |one| one.nic_in.p99.max(one.nic_out.p99),
    },
    BrokerTrigger {
        words: "Disk I/O wait > 20%",
        limit: 0.2,
        value: |one| one.disk.p99 * (1.0 - one.cpu.p99),
    },
];

/// A trigger on a run.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerReading {
    /// Its words.
    pub words: &'static str,
    /// The busiest broker.
    pub broker: u32,
    /// Its share.
    pub value: f64,
    /// Whether the trigger calls for a broker.
    pub fires: bool,
}

/// All triggers on a run, in their order.
pub fn read_triggers(run: &Run) -> Vec<TriggerReading> {
    let one = |trigger: &BrokerTrigger| {
        let all = run.brokers.iter().map(|(id, one)| (*id, (trigger.value)(one)));
        let (broker, value) = all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        TriggerReading { words: trigger.words, broker, value, fires: value > trigger.limit }
    };
    BROKER_TRIGGERS.iter().map(one).collect()
}
