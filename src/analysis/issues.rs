//! What goes wrong when a cluster is scaled, found in a run.
//!
//! # Rule
//! A reassignment is stuck when it was begun, did not end, and either copied nothing for
//! [`IDLE`] or never could end, because producers append more than its throttle lets pass. A group
//! storms when [`STORM`] rebalances or more fall within [`STORM_WINDOW`]. Brokers are uneven when
//! the busiest bears more than [`EVEN`] times their mean. A change degrades clients when a value
//! during it is more than [`WORSE`] times the value before.
//! # Assumes
//! Events and series of a run as the engines write them.
//! # Breaks
//! A move that is slow, but ends, is not stuck.
//! # Source
//! The exercise's runbook, "common issues"; limits are definitions of this tool, that of evenness
//! is Cruise Control's balance threshold.

use crate::metrics::Run;
use crate::units::{SimSpan, SimTime};

/// How long a copy may gain nothing.
pub const IDLE: SimSpan = SimSpan::from_secs(5 * 60);
/// Rebalances of a storm.
pub const STORM: usize = 4;
/// The time within which they fall.
pub const STORM_WINDOW: SimSpan = SimSpan::from_secs(10 * 60);
/// Largest load of a broker over the mean that counts as even.
pub const EVEN: f64 = 1.1;
/// Value during a change over the value before that counts as worse.
pub const WORSE: f64 = 1.5;
/// Busier than this somewhere, or unevenness does not matter.
const IDLE_BROKER: f64 = 0.02;

/// A reassignment that does not end.
#[derive(Debug, Clone, PartialEq)]
pub struct Stuck {
    /// What was to move.
    pub words: String,
    /// Since when nothing is gained.
    pub since: SimTime,
    /// Bytes moved until then.
    pub moved_bytes: f64,
    /// Why, where the run says it.
    pub cause: Option<String>,
}

/// Reassignments of a run that are stuck.
pub fn stuck(run: &Run) -> Vec<Stuck> {
    let open = run.operations.iter().filter(|one| one.kind == "reassign" && one.end.is_none());
    open.filter_map(|one| {
        let stall = run
            .events
            .iter()
            .find(|event| event.kind == "reassignment_stalls" && event.at >= one.start);
        let end = SimTime::ZERO.saturating_add(run.duration);
        let copied = run.series("moved_bytes_s", "cluster");
        let copied = copied.into_iter().flat_map(|series| &series.points);
        let last = copied.filter(|(at, rate)| *at > one.start && *rate > 0.0).map(|(at, _)| *at);
        let last = last.max().unwrap_or(one.start);
        let idle = end.saturating_since(last) >= IDLE;
        (idle || stall.is_some()).then(|| Stuck {
            words: one.words.clone(),
            since: stall.map_or(last, |event| event.at),
            moved_bytes: one.moved_bytes,
            cause: stall.map(|event| event.words.clone()),
        })
    })
    .collect()
}

/// Rebalances one upon the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Storm {
    /// The group.
    pub group: String,
    /// When its first rebalance came.
    pub from: SimTime,
    /// When its last one came.
    pub to: SimTime,
    /// How many there were.
    pub rebalances: usize,
}

/// Storms of a run, each as long as it lasts.
pub fn storms(run: &Run) -> Vec<Storm> {
    let mut found = Vec::new();
    for group in run.groups.keys() {
        let own = run.events.iter().filter(|one| one.kind == "rebalance" && one.entity == *group);
        let times: Vec<SimTime> = own.map(|one| one.at).collect();
        let dense = |first: usize| {
            let last = times.get(first + STORM - 1);
            last.is_some_and(|last| last.saturating_since(times[first]) <= STORM_WINDOW)
        };
        let mut first = 0;
        while first < times.len() {
            if !dense(first) {
                first += 1;
                continue;
            }
            let mut last = first + STORM - 1;
            while last + 1 < times.len() && dense(last + 2 - STORM) {
                last += 1;
            }
            found.push(Storm {
                group: group.clone(),
                from: times[first],
                to: times[last],
                rebalances: last - first + 1,
            });
            first = last + 1;
        }
    }
    found
}

/// A broker that bears more than its share.
#[derive(Debug, Clone, PartialEq)]
pub struct Uneven {
    /// Of what: `CPU`, `network in`, `network out`, `disk`, `leaders`, `stored bytes`.
    pub what: &'static str,
    /// The broker.
    pub broker: u32,
    /// Its value over the mean of all.
    pub ratio: f64,
}

/// Resources of which a broker bears more than [`EVEN`] times the mean, the worst first. Leaders
/// and bytes count when they are more than one replica's worth above.
pub fn uneven(run: &Run) -> Vec<Uneven> {
    type Value = fn(&crate::metrics::BrokerOutcome) -> f64;
    let values: [(&'static str, Value); 6] = [
        ("CPU", |one| one.cpu.mean),
        ("network in", |one| one.nic_in.mean),
        ("network out", |one| one.nic_out.mean),
        ("disk", |one| one.disk.mean),
        ("leaders", |one| f64::from(one.leaders)),
        ("stored bytes", |one| one.stored_bytes_end),
    ];
    let mut found = Vec::new();
    for (what, value) in values {
        let all: Vec<(u32, f64)> = run.brokers.iter().map(|(id, one)| (*id, value(one))).collect();
        let mean = all.iter().map(|(_, value)| value).sum::<f64>() / all.len().max(1) as f64;
        let most = all.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((broker, most)) = most else { continue };
        let matters = match what {
            "leaders" => most - mean >= 1.0,
            "stored bytes" => most > 0.0,
            _ => most > IDLE_BROKER,
        };
        if matters && mean > 0.0 && most / mean > EVEN {
            found.push(Uneven { what, broker, ratio: most / mean });
        }
    }
    found.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    found
}

/// Whether a value during a change is worse than before.
pub fn worse(before: f64, during: f64) -> bool {
    during > before * WORSE && during > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_as_much_again_is_worse() {
        assert!(worse(10.0, 15.1) && !worse(10.0, 15.0) && !worse(0.0, 0.0));
    }
}
