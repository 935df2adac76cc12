//! Properties that say how failures of brokers are noticed and mended.

use super::config::Config;
use crate::form::{Check, Node};
use crate::model::failover::Failover;
use crate::units::SimSpan;

/// Reads them from the broker properties and the card of the version.
pub(super) fn read(config: &mut Config, version: &Node, check: &mut Check) -> Option<Failover> {
    let session = config.count("broker.session.timeout.ms", 1, check);
    let heartbeat = config.count("broker.heartbeat.interval.ms", 1, check);
    let interval = config.count("leader.imbalance.check.interval.seconds", 1, check);
    let threads = config.count("num.recovery.threads.per.data.dir", 1, check);
    let balances = flag(config, "auto.leader.rebalance.enable", check);
    let eligible = version.get("eligible_leader_replicas").and_then(Node::text);
    let millis = |ms: u64| SimSpan::from_nanos(ms.saturating_mul(1_000_000));
    let interval = SimSpan::from_nanos(interval?.saturating_mul(1_000_000_000));
    Some(Failover {
        session_timeout: millis(session?),
        heartbeat: millis(heartbeat?),
        balance: balances?.then_some(interval),
        recovery_threads: u32::try_from(threads?).unwrap_or(u32::MAX),
        eligible_leader_replicas: eligible == Some("true"),
    })
}

fn flag(config: &Config, name: &str, check: &mut Check) -> Option<bool> {
    match config.text(name)? {
        ("true", _) => Some(true),
        ("false", _) => Some(false),
        (text, place) => {
            let (found, path) = (format!("`{text}`"), config.path_of(name));
            check.problem(place, &path, found, "true or false".to_owned());
            None
        }
    }
}
