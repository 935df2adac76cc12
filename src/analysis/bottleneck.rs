//! What limits a run.

use crate::metrics::{Bottleneck, ResourceUse, Run, Series};
use crate::model::client::Acks;
use crate::scenario::Scenario;
use crate::units::SimTime;

/// The resources of a run, tightest first.
///
/// Each resource has the series `demand` (offered over capacity, which may pass 1) and
/// `fixed_demand` (its part without load). In the busiest sample with demand d and fixed part f,
/// all producers scaled by x would ask for f + x (d − f), so the resource is full at
/// x = (1 − f) / (d − f).
///
/// What is full comes first, and among it what others wait for: a full disk also fills connections
/// and buffers, never the other way round. Followers that fall behind hold up nobody unless a
/// producer waits for them (acks=all).
pub fn bottleneck(scenario: &Scenario, run: &Run) -> Bottleneck {
    let awaited = scenario.producers.iter().any(|one| one.settings.acks == Acks::All);
    let from = SimTime::ZERO.saturating_add(run.warm_up);
    let mut by_resource: Vec<ResourceUse> = run
        .series_named("demand")
        .map(|demand| {
            let fixed = run.series("fixed_demand", &demand.entity);
            resource_use(demand, fixed, from, SimTime::ZERO.saturating_add(run.duration))
        })
        .collect();
    let tightness = |one: &ResourceUse| one.saturates_at_load_factor.unwrap_or(f64::INFINITY);
    by_resource.sort_by(|a, b| {
        let full = |one: &ResourceUse| match one.kind {
            _ if one.peak < FULL => u8::MAX,
            "replica_fetchers" if !awaited => UNAWAITED,
            kind => rank(kind),
        };
        full(a)
            .cmp(&full(b))
            .then_with(|| tightness(a).total_cmp(&tightness(b)))
            .then_with(|| a.resource.cmp(&b.resource))
    });
    let Some(first) = by_resource.first() else { return Bottleneck::default() };
    Bottleneck {
        resource: first.resource.clone(),
        utilisation: first.peak,
        saturates_at_load_factor: first.saturates_at_load_factor,
        by_resource,
    }
}

fn resource_use(
    demand: &Series,
    fixed: Option<&Series>,
    from: SimTime,
    to: SimTime,
) -> ResourceUse {
    let peak = demand.points.iter().filter(|(at, _)| *at > from && *at <= to);
    let peak = peak.max_by(|a, b| a.1.total_cmp(&b.1)).copied();
    let (at, demanded) = peak.unwrap_or((SimTime::ZERO, 0.0));
    let fixed = fixed.and_then(|fixed| fixed.points.iter().find(|point| point.0 == at));
    let fixed = fixed.map_or(0.0, |point| point.1);
    let variable = demanded - fixed;
    let mean = demand.spread(from, to).mean;
    ResourceUse {
        resource: demand.entity.clone(),
        kind: kind(&demand.entity),
        mean: mean.min(1.0),
        peak: demanded.min(1.0),
        headroom: (1.0 - demanded).max(0.0),
        saturates_at_load_factor: (variable > 0.0).then(|| (1.0 - fixed) / variable),
    }
}

/// A resource with this utilisation in its busiest sample is full.
const FULL: f64 = 0.95;

/// The rank of what nobody waits for.
const UNAWAITED: u8 = 4;

/// What explains what: a resource of a lower rank fills those of higher ones behind it.
fn rank(kind: &str) -> u8 {
    match kind {
        "connection" => 1,
        "in_flight" => 2,
        "memory" => 3,
        _ => 0,
    }
}

/// Groups of resources by the last words that engines use for them; everything else is a disk.
const KINDS: [(&str, &str); 13] = [
    (" replica fetchers", "replica_fetchers"),
    (" fsync", "fsync"),
    (" quota", "quota"),
    (" application thread", "application_thread"),
    (" connections", "connection"),
    (" requests in flight", "in_flight"),
    (" buffer.memory", "memory"),
    (" request handlers", "request_handlers"),
    (" network threads", "network_threads"),
    (" CPU", "cpu"),
    (" NIC in", "nic_in"),
    (" NIC out", "nic_out"),
    (" link", "link"),
];

/// The group of resources, from the words that engines use.
fn kind(resource: &str) -> &'static str {
    let known = KINDS.iter().find(|(ending, _)| resource.ends_with(ending));
    let other = if resource.starts_with("group ") { "consumers" } else { "disk" };
    known.map_or(other, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Shape;
    use crate::units::SimSpan;

    fn series(name: &str, values: &[f64]) -> Series {
        let point = |(index, value): (usize, &f64)| {
            (SimTime::ZERO + SimSpan::from_secs(60 * index as u64), *value)
        };
        Series {
            name: name.into(),
            entity: "broker 1 CPU".into(),
            unit: "share",
            shape: Shape::Mean,
            points: values.iter().enumerate().map(point).collect(),
        }
    }

    #[test]
    fn the_load_factor_leaves_the_fixed_part_alone() {
        let demand = series("demand", &[0.0, 0.3, 0.7, 0.5]);
        let fixed = series("fixed_demand", &[0.0, 0.1, 0.1, 0.1]);
        let end = SimTime::ZERO + SimSpan::from_secs(180);
        let used = resource_use(&demand, Some(&fixed), SimTime::ZERO, end);
        assert_eq!(used.kind, "cpu");
        assert!((used.peak - 0.7).abs() < 1e-12);
        assert!((used.mean - 0.5).abs() < 1e-12);
        // 0.1 + x · 0.6 = 1
        assert!((used.saturates_at_load_factor.unwrap() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn overload_saturates_below_a_factor_of_one() {
        let demand = series("demand", &[0.0, 2.0]);
        let end = SimTime::ZERO + SimSpan::from_secs(60);
        let used = resource_use(&demand, None, SimTime::ZERO, end);
        assert!((used.saturates_at_load_factor.unwrap() - 0.5).abs() < 1e-12);
        assert!((used.peak - 1.0).abs() < 1e-12 && used.headroom.abs() < 1e-12);
    }
}
