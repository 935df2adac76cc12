//! Whether a measured run can be used, and what its reader should know.

use super::host::{self, Used};
use super::outcome::{Facts, quantiles};
use super::tally::{Tally, lock};
use crate::metrics::Quantiles;
use crate::scenario::{Arrivals, Scenario};
use crate::units::{count, sig};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

/// Late sends: with a 99th percentile above this, and above the interval between two sends of a
/// client, what was measured is the generator.
const LATE_NS: u64 = 10_000_000;
/// Busiest share of this machine, and of one sending thread, that a generator may take.
const OWN_SHARE: f64 = 0.8;
const SENDER_SHARE: f64 = 0.9;

/// Reasons for which what was measured is the generator and not the cluster.
pub(super) fn overload(scenario: &Scenario, tally: &Tally, facts: &Facts) -> Vec<String> {
    let mut faults = Vec::new();
    for (spec, sent) in scenario.producers.iter().zip(&tally.producers) {
        if spec.arrivals == Arrivals::Closed {
            continue;
        }
        let late = lock(&sent.latencies).late.quantile(0.99).unwrap_or(0);
        let offered = sent.offered.load(Relaxed).max(1) as f64;
        let interval = facts.end as f64 * f64::from(spec.clients) / offered;
        if late > LATE_NS && late as f64 > interval {
            faults.push(format!(
                "producer {} sent late: 1 % of its records more than {} ms after they were due",
                spec.name,
                sig(late as f64 / 1e6)
            ));
        }
        let full = sent.full.load(Relaxed);
        if full > 0 {
            faults.push(format!(
                "producer {} found its local queue (buffer.memory) full {} times: its load was \
                 more than was taken",
                spec.name,
                count(full as f64)
            ));
        }
    }
    let seconds = (facts.end.saturating_sub(tally.from)) as f64 / 1e9;
    let [_, warm, last] = &facts.used;
    let own = (last.own - warm.own) / seconds.max(1e-9) / host::cores();
    if own > OWN_SHARE {
        faults.push(format!("the generator took {} % of this machine's CPU", sig(own * 100.0)));
    }
    let open = scenario.producers.iter().any(|spec| spec.arrivals != Arrivals::Closed);
    let sender = (last.sender - warm.sender) / seconds.max(1e-9);
    if open && sender > SENDER_SHARE {
        faults.push(format!("a sending thread was {} % busy", sig(sender * 100.0)));
    }
    faults
}

pub(super) fn warnings(
    scenario: &Scenario,
    tally: &Tally,
    facts: &Facts,
    faults: Vec<String>,
) -> Vec<String> {
    let mut warnings: Vec<String> = faults
        .into_iter()
        .map(|why| format!("invalid, this measures the generator: {why}"))
        .collect();
    if facts.mock {
        warnings.push(
            "librdkafka's mock cluster was measured, inside this process: it keeps records in \
             memory, replicates nothing and forces nothing to a disk"
                .into(),
        );
    }
    for (spec, sent) in scenario.producers.iter().zip(&tally.producers) {
        if spec.settings.on_jvm {
            warnings.push(format!(
                "producer {}: the scenario names a Java client; librdkafka was measured with its \
                 settings",
                spec.name
            ));
        }
        if matches!(spec.arrivals, Arrivals::Tokens | Arrivals::Bursts) {
            warnings.push(format!("producer {}: sends were evenly spaced, no bursts", spec.name));
        }
        for (words, times) in lock(&sent.errors).iter() {
            warnings.push(format!("producer {}: {times} × {words}", spec.name));
        }
        let throttled = sent.throttled_ms.load(Relaxed);
        if throttled > 0 {
            warnings.push(format!("producer {}: throttled for up to {throttled} ms", spec.name));
        }
    }
    for (spec, received) in scenario.groups.iter().zip(&tally.groups) {
        for (words, times) in lock(&received.errors).iter() {
            warnings.push(format!("group {}: {times} × {words}", spec.name));
        }
        let read = received.processed_measured.load(Relaxed) > 0;
        if read && lock(&received.e2e).count() == 0 {
            warnings.push(format!(
                "group {}: no end-to-end latency, records have no room for a time stamp of 8 bytes",
                spec.name
            ));
        }
    }
    warnings.extend(others(tally, facts));
    warnings.extend(cold(facts));
    let (planned, found) = (scenario.cluster.brokers.len(), facts.layout.brokers.len());
    if !facts.mock && planned != found {
        warnings.push(format!("the scenario has {planned} brokers, the cluster has {found}"));
    }
    warnings
}

/// Share of this machine that other processes may take before it is said.
const OTHERS_SHARE: f64 = 0.2;

/// Share of the brokers' CPU that their compiler may take before it is said.
const JIT_SHARE: f64 = 0.2;

/// Brokers that are still being compiled are slower than they will be.
fn cold(facts: &Facts) -> Option<String> {
    let [_, warm, last] = &facts.used;
    let of = |used: &Used| used.kinds.get(host::JIT).copied().unwrap_or(0.0);
    let all = last.brokers.values().sum::<f64>() - warm.brokers.values().sum::<f64>();
    let share = (of(last) - of(warm)) / all.max(1e-9);
    (all > 0.0 && share > JIT_SHARE).then(|| {
        format!(
            "the JVM's compiler took {} % of the brokers' CPU: they are cold; play the same load \
             for 20 to 30 s first",
            sig(share * 100.0)
        )
    })
}

/// Other processes on this machine that made the run slower than it need be.
fn others(tally: &Tally, facts: &Facts) -> Option<String> {
    let seconds = facts.end.saturating_sub(tally.from) as f64 / 1e9;
    let [_, warm, last] = &facts.used;
    let brokers = |used: &Used| used.brokers.values().sum::<f64>();
    let known = last.own - warm.own + brokers(last) - brokers(warm);
    let share = (last.machine - warm.machine - known) / seconds.max(1e-9) / host::cores();
    (seconds > 0.0 && share > OTHERS_SHARE).then(|| {
        format!(
            "other processes took {} % of this machine's CPU during the run; what was measured \
             includes waiting for them",
            sig(share * 100.0)
        )
    })
}

/// Publish latency from the actual send, and who used the CPU.
pub(super) fn remarks(
    scenario: &Scenario,
    tally: &Tally,
    facts: &Facts,
    from_send: &BTreeMap<String, Quantiles>,
) -> Vec<String> {
    let mut remarks = Vec::new();
    for (spec, sent) in scenario.producers.iter().zip(&tally.producers) {
        let Some(actual) = from_send.get(&spec.name) else { continue };
        let latencies = lock(&sent.latencies);
        let Some(intended) = quantiles(&latencies.intended) else { continue };
        let late = quantiles(&latencies.late).map_or(0.0, |late| late.p99);
        remarks.push(format!(
            "Producer {}: publish p50 {} ms and p99 {} ms from the intended send, {} ms and {} ms \
             from the actual one; sends were late by {} ms at p99.",
            spec.name,
            sig(intended.p50),
            sig(intended.p99),
            sig(actual.p50),
            sig(actual.p99),
            sig(late)
        ));
    }
    let seconds = facts.end.saturating_sub(tally.from) as f64 / 1e9;
    let [_, warm, last] = &facts.used;
    if seconds > 0.0 && last.machine > 0.0 {
        let cores = |now: f64, then: f64| sig((now - then) / seconds);
        let mut words = format!(
            "CPU in cores of {}: machine {}, this generator {}",
            host::cores(),
            cores(last.machine, warm.machine),
            cores(last.own, warm.own)
        );
        for (id, used) in &last.brokers {
            let then = warm.brokers.get(id).copied().unwrap_or(*used);
            words.push_str(&format!(", broker {id} {}", cores(*used, then)));
        }
        for (kind, used) in &last.kinds {
            let then = warm.kinds.get(kind).copied().unwrap_or(0.0);
            words.push_str(&format!("; {kind} of brokers {}", cores((*used).max(then), then)));
        }
        remarks.push(format!("{words}."));
    }
    remarks
}
