//! Autoscaling policies side by side on one load.

use super::designs::Design;
use super::simulate::judged;
use crate::analysis::{CONFIDENCE, Elasticity, Interval, Swings, elasticity, replications, swings};
use crate::chance::Seed;
use crate::cluster::GroupId;
use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};
use rayon::prelude::*;

/// A quantity that policies are compared by.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Its key in outputs, unit last.
    pub key: &'static str,
    /// Its words in tables.
    pub words: &'static str,
    value: fn(&Measured<'_>) -> Option<f64>,
}

/// What one replication is measured by.
struct Measured<'r> {
    scenario: &'r Scenario,
    run: &'r Run,
    group: usize,
    following: &'r Following,
    /// How the first design, which scales nothing, follows the same demand.
    baseline: Option<&'r Elasticity>,
}

/// Demand and supply of a group in members, at each sample after the warm-up.
#[derive(Debug, Clone, PartialEq)]
pub struct Following {
    /// Ends of the samples.
    pub at: Vec<SimTime>,
    /// Records/s that reach the group over what one member does.
    pub demand: Vec<f64>,
    /// Members that own partitions.
    pub supply: Vec<f64>,
    /// Their elasticity; `None` when nothing is demanded at some time.
    pub elasticity: Option<Elasticity>,
    /// Swings while demand is steady.
    pub swings: Option<Swings>,
}

/// What is compared, in the order of tables.
pub const MEASURES: [Measure; 17] = [
    Measure { key: "objectives_met", words: "objectives met", value: |one| met(one.run) },
    Measure {
        key: "lag_records_max",
        words: "lag, most records",
        value: |one| Some(of_group(one)?.lag_records.max),
    },
    Measure {
        key: "lag_seconds_p99",
        words: "oldest record, p99, s",
        value: |one| Some(of_group(one)?.lag_seconds.p99),
    },
    Measure {
        key: "lag_seconds_max",
        words: "oldest record, s",
        value: |one| Some(of_group(one)?.lag_seconds.max),
    },
    Measure { key: "member_hours", words: "member-hours", value: member_hours },
    Measure {
        key: "over_perfect",
        words: "over perfect foresight, %",
        value: |one| Some(100.0 * (member_hours(one)? / perfect(one.following, one.run)? - 1.0)),
    },
    Measure {
        key: "cost_total",
        words: "cost, USD",
        value: |one| one.run.cost.as_ref().map(|cost| cost.total),
    },
    Measure { key: "changes", words: "changes of members", value: |one| Some(changes(one)) },
    Measure {
        key: "adaptation_s",
        words: "until a change works, s",
        value: |one| Some(adaptation(one)),
    },
    Measure {
        key: "rebalances_per_hour",
        words: "rebalances per hour",
        value: |one| {
            let hours = one.run.duration.as_secs_f64() / 3_600.0;
            Some(f64::from(of_group(one)?.rebalances) / hours)
        },
    },
    Measure {
        key: "paused_partition_seconds",
        words: "paused partition-seconds",
        value: |one| Some(of_group(one)?.paused_partition_seconds),
    },
    Measure {
        key: "timeshare_under",
        words: "time with too few, %",
        value: |one| Some(one.following.elasticity?.timeshare_under),
    },
    Measure {
        key: "accuracy_under",
        words: "missing, % of demand",
        value: |one| Some(one.following.elasticity?.accuracy_under),
    },
    Measure {
        key: "accuracy_over",
        words: "too many, % of demand",
        value: |one| Some(one.following.elasticity?.accuracy_over),
    },
    Measure {
        key: "instability",
        words: "instability, %",
        value: |one| Some(one.following.elasticity?.instability),
    },
    Measure {
        key: "speed_up",
        words: "elastic speed-up",
        value: |one| Some(one.following.elasticity?.speed_up(one.baseline?)),
    },
    Measure {
        key: "swings",
        words: "swings at steady demand",
        value: |one| Some(one.following.swings.map_or(0.0, |swings| f64::from(swings.count))),
    },
];

/// A policy with its results.
#[derive(Debug, Clone)]
pub struct PolicyOutcome {
    /// The design's name.
    pub name: String,
    /// Whether somebody could deploy it: an oracle knows what nobody knows.
    pub attainable: bool,
    /// The first replication.
    pub run: Run,
    /// Demand and supply in it.
    pub following: Following,
    /// By measure, in the order of [`MEASURES`]: the mean with its 95 % interval.
    pub values: Vec<Option<Interval>>,
}

impl PolicyOutcome {
    /// The mean of a measure.
    pub fn mean(&self, key: &str) -> Option<f64> {
        let index = MEASURES.iter().position(|one| one.key == key)?;
        self.values[index].map(|value| value.mean)
    }
}

/// Simulates every policy `count` times with the same chance. The first design is the baseline of
/// the speed-up: it should scale nothing. `group` is whose members are compared.
pub fn compare_policies(
    designs: &[Design],
    group: GroupId,
    seed: Seed,
    count: u32,
) -> Vec<PolicyOutcome> {
    let work: Vec<(usize, u32)> = (0..designs.len())
        .flat_map(|design| (0..count).map(move |replication| (design, replication)))
        .collect();
    let runs: Vec<(Run, Following)> = work
        .par_iter()
        .map(|(design, replication)| {
            let scenario = &designs[*design].scenario;
            let run = judged(scenario, seed, *replication);
            let following = following(scenario, &run, group);
            (run, following)
        })
        .collect();
    let of = |design: usize| &runs[design * count as usize..][..count as usize];
    designs
        .iter()
        .enumerate()
        .map(|(index, design)| {
            let measured = of(index).iter().zip(of(0)).map(|((run, following), (_, baseline))| {
                let baseline = baseline.elasticity.as_ref();
                Measured {
                    scenario: &design.scenario,
                    run,
                    group: group.index(),
                    following,
                    baseline,
                }
            });
            let measured: Vec<Measured<'_>> = measured.collect();
            let values = MEASURES.iter().map(|measure| {
                let values: Option<Vec<f64>> = measured.iter().map(measure.value).collect();
                values.map(|values| replications(&values, CONFIDENCE))
            });
            PolicyOutcome {
                name: design.name.clone(),
                attainable: design.scenario.autoscaling.iter().all(|one| !one.policy.is_oracle()),
                run: of(index)[0].0.clone(),
                following: of(index)[0].1.clone(),
                values: values.collect(),
            }
        })
        .collect()
}

/// Demand and supply over the samples of a run.
fn following(scenario: &Scenario, run: &Run, group: GroupId) -> Following {
    let spec = &scenario.groups[group.index()];
    let from = SimTime::ZERO.saturating_add(run.warm_up);
    let arrivals: Vec<(&crate::metrics::Series, f64)> = scenario
        .producers
        .iter()
        .filter_map(|producer| {
            let read = producer.to.iter().filter(|(topic, _)| spec.reads.contains(topic));
            let share: f64 = read.map(|(_, share)| share).sum();
            Some((run.series("offered_records_s", &producer.name)?, share))
        })
        .collect();
    let capacity = run.series("capacity_records_s", &spec.name);
    let owning = run.series("members_owning", &spec.name);
    // What one member does: the most per member that was seen, because unequal numbers of
    // partitions leave some of them idle.
    let each =
        capacity.into_iter().flat_map(|series| &series.points).filter_map(|(at, capacity)| {
            let members = owning?.at(*at).filter(|members| *members > 0.0)?;
            Some(capacity / members)
        });
    let each = each.fold(0.0, f64::max);
    let grid = arrivals.first().map(|(series, _)| series.points.iter().map(|point| point.0));
    let mut found = Following {
        at: Vec::new(),
        demand: Vec::new(),
        supply: Vec::new(),
        elasticity: None,
        swings: None,
    };
    let mut start = SimTime::ZERO;
    for at in grid.into_iter().flatten().filter(|at| *at > from) {
        let middle = start + at.saturating_since(start) / 2;
        start = at;
        let rate: f64 =
            arrivals.iter().map(|(series, share)| series.at(middle).unwrap_or(0.0) * share).sum();
        let (Some(members), true) = (owning.and_then(|one| one.at(middle)), each > 0.0) else {
            continue;
        };
        found.at.push(at);
        found.demand.push(rate / each);
        found.supply.push(members);
    }
    found.elasticity = elasticity(&found.demand, &found.supply);
    found.swings = swings(&found.demand, &found.supply);
    found
}

/// A share of objectives; `None` without any.
fn met(run: &Run) -> Option<f64> {
    let judged: Vec<bool> = run.slo.iter().filter_map(|one| one.met).collect();
    let met = judged.iter().filter(|met| **met).count();
    (!judged.is_empty()).then(|| met as f64 / judged.len() as f64)
}

fn of_group<'r>(one: &Measured<'r>) -> Option<&'r crate::metrics::GroupOutcome> {
    one.run.groups.get(&one.scenario.groups[one.group].name)
}

/// Members that exist, over time.
fn member_hours(one: &Measured<'_>) -> Option<f64> {
    let measured = one.run.duration.as_secs_f64() - one.run.warm_up.as_secs_f64();
    Some(of_group(one)?.members.mean * measured / 3_600.0)
}

/// Member-hours of whole members that carry each sample's demand, known in advance and there at
/// once.
fn perfect(following: &Following, run: &Run) -> Option<f64> {
    let hours = (run.duration.as_secs_f64() - run.warm_up.as_secs_f64()) / 3_600.0;
    let needed: f64 = following.demand.iter().map(|demand| demand.ceil().max(1.0)).sum();
    let count = following.demand.len();
    (count > 0).then(|| needed / count as f64 * hours)
}

/// Decisions that changed the group's size.
fn changes(one: &Measured<'_>) -> f64 {
    let name = &one.scenario.groups[one.group].name;
    let own = one.run.decisions.iter().filter(|made| made.target == *name && made.from != made.to);
    own.filter(|made| !made.failed).count() as f64
}

/// Mean time from a decision to the moment at which its members work; 0 without changes.
fn adaptation(one: &Measured<'_>) -> f64 {
    let name = &one.scenario.groups[one.group].name;
    let own = one.run.decisions.iter().filter(|made| made.target == *name);
    let spans: Vec<f64> =
        own.filter_map(|made| made.effective_after).map(SimSpan::as_secs_f64).collect();
    let count = spans.len();
    if count == 0 { 0.0 } else { spans.iter().sum::<f64>() / count as f64 }
}

/// The index of the policy to take, and why: the cheapest of those that meet most objectives.
/// Nobody can take an oracle.
pub fn choose(outcomes: &[PolicyOutcome]) -> Option<(usize, String)> {
    let met = |one: &PolicyOutcome| one.mean("objectives_met").unwrap_or(1.0);
    let of = |one: &PolicyOutcome, key| one.mean(key).unwrap_or(f64::INFINITY);
    let price = |one: &PolicyOutcome| (of(one, "cost_total"), of(one, "member_hours"));
    let best = (0..outcomes.len()).filter(|one| outcomes[*one].attainable).max_by(|a, b| {
        let (a, b) = (&outcomes[*a], &outcomes[*b]);
        let (cost, hours) = (price(b).0.total_cmp(&price(a).0), price(b).1.total_cmp(&price(a).1));
        met(a).total_cmp(&met(b)).then(cost).then(hours)
    })?;
    let one = &outcomes[best];
    let objectives = match one.mean("objectives_met") {
        None => "there is no objective, and it is the cheapest".to_owned(),
        Some(1.0) => "it meets all objectives at the least cost".to_owned(),
        Some(share) => format!(
            "no policy meets all objectives in all replications; it meets the most ({:.0} %)",
            100.0 * share
        ),
    };
    let hours = one.mean("member_hours").unwrap_or(0.0);
    let lag = one.mean("lag_seconds_max").unwrap_or(0.0);
    let reason = format!(
        "{objectives}: {hours:.1} member-hours, the oldest record at worst {} old",
        SimSpan::from_secs_f64(lag).to_prose()
    );
    Some((best, reason))
}
