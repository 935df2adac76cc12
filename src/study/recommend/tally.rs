//! What a number of days say about a policy.

use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::units::SimSpan;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Rebalances that count as much as an hour of a member: a dozen members that stand still for five
/// seconds lose a member-minute.
const REBALANCES_PER_HOUR: f64 = 60.0;

/// What one day says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Day {
    /// Missed objectives: how far, relative to their limit or share.
    violation: f64,
    missed: Vec<(String, Option<f64>, &'static str)>,
    cost: Option<f64>,
    member_hours: f64,
    lag_seconds: f64,
    changes: f64,
    rebalances: f64,
    price: f64,
}

/// Means over days, and how many of them meet all objectives.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Days that were simulated.
    pub days: u32,
    /// Days that meet all objectives.
    pub met: u32,
    /// Cost of a day in the cards' currency; `None` without prices.
    pub cost: Option<f64>,
    /// Member-hours of a day.
    pub member_hours: f64,
    /// Age of the oldest record at worst: mean over days, in seconds.
    pub lag_seconds: f64,
    /// The same on the worst day.
    pub lag_seconds_worst: f64,
    /// Changes of the number of members in a day.
    pub changes: f64,
    /// Rebalances in a day.
    pub rebalances: f64,
    /// Objectives that were missed: how often, worst value and its unit.
    pub missed: BTreeMap<String, (u32, Option<f64>, &'static str)>,
    violation: f64,
    price: f64,
}

/// Judges a day for the group that a policy scales.
pub(super) fn day(scenario: &Scenario, run: &Run, scaler: usize, group: usize) -> Day {
    let name = &scenario.groups[group].name;
    let outcome = run.groups.get(name).cloned().unwrap_or_default();
    let missed = run.slo.iter().filter(|one| one.met == Some(false));
    let how_far = |one: &crate::metrics::ObjectiveOutcome| match (one.share, one.value) {
        (Some(share), _) => 1.0 - share,
        (None, Some(value)) if one.limit != 0.0 => (value / one.limit - 1.0).abs(),
        _ => 1.0,
    };
    let own = run.decisions.iter().filter(|made| made.target == *name && made.from != made.to);
    let span = run.duration.as_secs_f64() - run.warm_up.as_secs_f64();
    let member_hours = outcome.members.mean * span / 3_600.0;
    let cost = run.cost.as_ref().map(|cost| cost.total);
    // What the policy cannot change would hide what it can.
    let by_cost = scenario.autoscaling[scaler].brokers;
    Day {
        price: cost
            .filter(|_| by_cost)
            .unwrap_or(member_hours + f64::from(outcome.rebalances) / REBALANCES_PER_HOUR),
        violation: missed.clone().map(how_far).sum(),
        missed: missed.map(|one| (one.expression.clone(), one.value, one.unit)).collect(),
        cost,
        member_hours,
        lag_seconds: outcome.lag_seconds.max,
        changes: own.filter(|made| !made.failed).count() as f64,
        rebalances: f64::from(outcome.rebalances),
    }
}

impl Day {
    /// Whether it meets all objectives.
    pub(super) fn holds(&self) -> bool {
        self.missed.is_empty()
    }
}

impl Tally {
    pub(super) fn of(days: &[Day]) -> Self {
        let count = days.len().max(1) as f64;
        let mean = |of: fn(&Day) -> f64| days.iter().map(of).sum::<f64>() / count;
        let costs: Option<Vec<f64>> = days.iter().map(|day| day.cost).collect();
        let mut missed: BTreeMap<String, (u32, Option<f64>, &'static str)> = BTreeMap::new();
        for (words, value, unit) in days.iter().flat_map(|day| &day.missed) {
            let entry = missed.entry(words.clone()).or_insert((0, None, unit));
            entry.0 += 1;
            entry.1 = match (entry.1, *value) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
        }
        Self {
            days: days.len() as u32,
            met: days.iter().filter(|day| day.missed.is_empty()).count() as u32,
            cost: costs.map(|all| all.iter().sum::<f64>() / count),
            member_hours: mean(|day| day.member_hours),
            lag_seconds: mean(|day| day.lag_seconds),
            lag_seconds_worst: days.iter().map(|day| day.lag_seconds).fold(0.0, f64::max),
            changes: mean(|day| day.changes),
            rebalances: mean(|day| day.rebalances),
            missed,
            violation: mean(|day| day.violation),
            price: mean(|day| day.price),
        }
    }

    /// Whether every day meets every objective.
    pub fn holds(&self) -> bool {
        self.days > 0 && self.met == self.days
    }

    /// Whether it comes nearer to meeting the objectives.
    pub(super) fn violation_is_below(&self, other: &Self) -> bool {
        self.violation < other.violation
    }

    /// What is made small: member-hours with rebalances, or the cost when the policy scales brokers
    /// too.
    pub(super) fn price(&self) -> f64 {
        self.price
    }

    /// The better one first: more days that hold, then nearer to holding, then cheaper.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        other
            .met
            .cmp(&self.met)
            .then(self.violation.total_cmp(&other.violation))
            .then(self.price().total_cmp(&other.price()))
    }

    /// What was missed, in words.
    pub fn misses(&self) -> String {
        let one = |(words, (times, worst, unit)): (&String, &(u32, Option<f64>, &'static str))| {
            let worst = worst.map_or_else(String::new, |value| {
                let value = match *unit {
                    "s" => SimSpan::from_secs_f64(value).to_prose(),
                    _ => format!("{} {unit}", crate::units::count(value)),
                };
                format!(", at worst {value}")
            });
            format!("`{words}` on {times} of {} days{worst}", self.days)
        };
        self.missed.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}
