//! The exercise's do's and don'ts, given only where the simulation has a reason.
//!
//! # Rule
//! Understand the bottleneck first: brokers change, and what is full first is not theirs. Don't
//! over-provision: what is added was not needed at [`SPARE`] times the load. Don't scale during
//! peak: the same change at the busiest time takes a resource [`MUCH`] further, or never ends, or
//! takes much longer. Don't forget consumers: after the change a group is full before the brokers.
//! Don't ignore rebalancing: the change stops partitions for some time, or oldest records get
//! worse. Plan ahead: less than [`AHEAD`] of the load is left before.
//! # Assumes
//! Loads grow alike.
//! # Breaks
//! Document changes, test procedures, monitor everything: a simulation has no evidence for them.
//! # Source
//! The exercise's "scaling best practices"; limits are definitions of this tool.

use super::{Body, Change, Procedure};
use crate::analysis::issues::worse;
use crate::metrics::{ResourceUse, Run};
use crate::units::{MoneyRate, SimSpan, sig};

/// Load over that of the run from which on more is too much.
const SPARE: f64 = 2.0;
/// Load that is left, over that of the run, below which one is late.
const AHEAD: f64 = 1.3;
/// Further share of a resource at peak that matters.
const MUCH: f64 = 0.1;
/// Members or brokers that are changed at a time without a word.
const GRADUAL: f64 = 2.0;

/// The exercise's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Do: add resources incrementally.
    Gradually,
    /// Do: scale before hitting limits.
    PlanAhead,
    /// Don't: understand the bottleneck first.
    NotBlindly,
    /// Don't: waste resources and money.
    NotTooMuch,
    /// Don't: it affects performance.
    NotIgnoreRebalancing,
    /// Don't: risk service disruption.
    NotAtPeak,
    /// Don't: they need scaling too.
    NotForgetConsumers,
}

impl Rule {
    /// As the exercise writes it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gradually => "Scale gradually",
            Self::PlanAhead => "Plan ahead",
            Self::NotBlindly => "Don't scale blindly",
            Self::NotTooMuch => "Don't over-provision",
            Self::NotIgnoreRebalancing => "Don't ignore rebalancing",
            Self::NotAtPeak => "Don't scale during peak",
            Self::NotForgetConsumers => "Don't forget consumers",
        }
    }
}

/// A piece of advice with what the simulation says for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The rule.
    pub rule: Rule,
    /// The numbers.
    pub evidence: String,
}

/// What the simulation says for a rule, if anything.
type Find = fn(&Procedure) -> Option<String>;

/// What the simulation advises, in the order of the exercise.
pub fn advice(procedure: &Procedure) -> Vec<Advice> {
    let all: [(Rule, Find); 7] = [
        (Rule::Gradually, gradually),
        (Rule::PlanAhead, plan_ahead),
        (Rule::NotBlindly, not_blindly),
        (Rule::NotTooMuch, not_too_much),
        (Rule::NotIgnoreRebalancing, rebalancing),
        (Rule::NotAtPeak, not_at_peak),
        (Rule::NotForgetConsumers, consumers),
    ];
    let one =
        |(rule, find): (Rule, Find)| find(procedure).map(|evidence| Advice { rule, evidence });
    all.into_iter().filter_map(one).collect()
}

fn run<'p>(procedure: &'p Procedure, phase: &str) -> Option<&'p Run> {
    procedure.phase(phase).map(|phase| &phase.run)
}

/// The resource of a kind that is full first, with the factor.
fn first<'r>(run: &'r Run, of: &dyn Fn(&ResourceUse) -> bool) -> Option<(&'r ResourceUse, f64)> {
    let all = run.bottleneck.by_resource.iter().filter(|one| of(one));
    let with = all.filter_map(|one| Some((one, one.saturates_at_load_factor?)));
    with.min_by(|a, b| a.1.total_cmp(&b.1))
}

fn of_brokers(one: &ResourceUse) -> bool {
    ["cpu", "nic_in", "nic_out", "disk"].contains(&one.kind)
}

fn of_groups(one: &ResourceUse) -> bool {
    one.kind == "consumers"
}

fn grows(procedure: &Procedure) -> bool {
    match &procedure.change {
        Change::Brokers(question) => !question.joining.is_empty(),
        Change::Partitions { .. } => true,
        Change::Members { group, count } => {
            *count > procedure.scenario.groups[group.index()].members
        }
    }
}

fn gradually(procedure: &Procedure) -> Option<String> {
    match &procedure.body {
        Body::Move(book) if book.waves.len() > 1 => {
            let most = book.wave_lasts.iter().map(|ends| ends[1]).max()?;
            Some(format!(
                "In {} waves a step that goes wrong is at most {} of copying old, of {} in all, \
                 and leaves the other waves' partitions where they are.",
                book.waves.len(),
                most.to_prose(),
                book.lasts[1].to_prose()
            ))
        }
        Body::Members { counts, .. } => {
            let ratio = f64::from(counts[1]) / f64::from(counts[0]);
            let after = run(procedure, "after")?;
            let (_, factor) = first(after, &of_groups)?;
            (ratio < 1.0 / GRADUAL && factor < AHEAD).then(|| {
                format!(
                    "From {} to {} members the group is full at {} times the load: take fewer away \
                     at a time.",
                    counts[0],
                    counts[1],
                    sig(factor)
                )
            })
        }
        Body::Move(_) | Body::Partitions { .. } => None,
    }
}

fn plan_ahead(procedure: &Procedure) -> Option<String> {
    let before = run(procedure, "before")?;
    let (one, factor) = first(before, &|_| true)?;
    let moves = procedure.moves().filter(|_| of_brokers(one));
    let takes = moves.map_or(String::new(), |book| {
        let start_up = if book.study.plan.before.len() > procedure.scenario.cluster.brokers.len() {
            SimSpan::from_secs_f64(book.start_up[1])
        } else {
            SimSpan::ZERO
        };
        let all = book.lasts[1].saturating_add(start_up);
        format!(" The change takes up to {} to help.", all.to_prose())
    });
    (factor < AHEAD).then(|| {
        format!(
            "{} is full at {} times the load of this scenario.{takes}",
            one.resource,
            sig(factor)
        )
    })
}

fn not_blindly(procedure: &Procedure) -> Option<String> {
    if !grows(procedure) {
        return None;
    }
    let before = run(procedure, "before")?;
    let (one, factor) = first(before, &|_| true)?;
    let after = run(procedure, "after").and_then(|run| first(run, &|_| true));
    let told = |what: &str| {
        let (next, later) = after?;
        Some(format!(
            "The first to be full is {} at {} times the load, which {what} does not change: after \
             it {} is full at {} times.",
            one.resource,
            sig(factor),
            next.resource,
            sig(later)
        ))
    };
    match procedure.change {
        Change::Brokers(_) if !of_brokers(one) => told("a broker more"),
        Change::Members { .. } if !of_groups(one) => told("a member more"),
        Change::Partitions { .. } if of_brokers(one) => told("a partition more"),
        _ => None,
    }
}

fn not_too_much(procedure: &Procedure) -> Option<String> {
    if !grows(procedure) {
        return None;
    }
    let before = run(procedure, "before")?;
    let (of, what): (fn(&ResourceUse) -> bool, &str) = match procedure.change {
        Change::Brokers(_) => (of_brokers, "the brokers"),
        Change::Members { .. } | Change::Partitions { .. } => (of_groups, "the groups"),
    };
    let (one, factor) = first(before, &of)?;
    if let Body::Members { group, counts, .. } = &procedure.body {
        let reads = &procedure.scenario.groups[group.index()].reads;
        let partitions: u32 =
            reads.iter().map(|topic| procedure.scenario.cluster.topic(*topic).partitions).sum();
        if counts[1] > partitions {
            return Some(format!(
                "{} of the {} members own no partition: the topics have {partitions}.",
                counts[1] - partitions,
                counts[1]
            ));
        }
    }
    let price = match &procedure.change {
        Change::Brokers(question) => {
            let prices = question.joining.iter().map(|one| one.machine.price);
            prices.map(|price| price.map(MoneyRate::per_hour)).sum()
        }
        Change::Partitions { .. } | Change::Members { .. } => None::<f64>,
    };
    let cost = price
        .map_or(String::new(), |rate| format!(" What joins costs {} USD per hour.", sig(rate)));
    (factor >= SPARE).then(|| {
        format!(
            "{what} are first full at {} times the load of this scenario ({}).{cost}",
            sig(factor),
            one.resource
        )
    })
}

fn rebalancing(procedure: &Procedure) -> Option<String> {
    if let Body::Members { rebalances, paused, .. } = &procedure.body
        && *paused > 0.0
    {
        let age = worst_age(procedure).map_or(String::new(), |(group, before, during)| {
            format!(
                " The oldest record of {group} is {} old meanwhile, {} before.",
                SimSpan::from_secs_f64(during).to_prose(),
                SimSpan::from_secs_f64(before).to_prose()
            )
        });
        return Some(format!(
            "{rebalances} {} partitions for {} partition-seconds in all.{age}",
            if *rebalances == 1 { "rebalance stops" } else { "rebalances stop" },
            sig(*paused)
        ));
    }
    let (group, before, during) = worst_age(procedure)?;
    worse(before, during).then(|| {
        format!(
            "The oldest record of {group} is up to {} old during the change, {} before.",
            SimSpan::from_secs_f64(during).to_prose(),
            SimSpan::from_secs_f64(before).to_prose()
        )
    })
}

/// The group whose oldest record gets oldest during the change: before, during.
fn worst_age(procedure: &Procedure) -> Option<(String, f64, f64)> {
    let (before, during) = (procedure.phase("before")?, procedure.phase("during")?);
    let ages = procedure.gauges.iter().enumerate().filter_map(|(index, gauge)| {
        let group = gauge.key.strip_prefix("lag_seconds/")?;
        Some((group.to_owned(), before.ranges[index]?[1], during.ranges[index]?[1]))
    });
    ages.max_by(|a, b| a.2.total_cmp(&b.2))
}

fn not_at_peak(procedure: &Procedure) -> Option<String> {
    let [quiet, busy] = &procedure.windows;
    if quiet.from == busy.from {
        return None;
    }
    let during = procedure.phase("during")?;
    let pairs = during.ranges.iter().zip(&procedure.at_peak).zip(&procedure.gauges);
    let further = pairs.filter(|(_, gauge)| gauge.unit == "share").filter_map(|((a, b), gauge)| {
        let (quiet, busy) = ((*a)?[1], (*b)?[1]);
        (busy - quiet >= MUCH).then_some((gauge, quiet, busy))
    });
    let worst = further.max_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)));
    let mut words = Vec::new();
    if let Some((gauge, quiet, busy)) = worst {
        words.push(format!(
            "At the busiest time the same change takes {} to {} %, instead of {} %.",
            gauge.words,
            sig(busy * 100.0),
            sig(quiet * 100.0)
        ));
    }
    if let Some(book) = procedure.moves()
        && book.throttle.is_some()
    {
        match book.at_peak {
            None => words.push("At the busiest time it never ends under this throttle.".to_owned()),
            Some(peak) if worse(book.lasts[1].as_secs_f64(), peak.as_secs_f64()) => {
                words.push(format!(
                    "At the busiest time it takes {} instead of {}.",
                    peak.to_prose(),
                    book.lasts[1].to_prose()
                ));
            }
            Some(_) => {}
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn consumers(procedure: &Procedure) -> Option<String> {
    if matches!(procedure.change, Change::Members { .. }) {
        return None;
    }
    let after = run(procedure, "after")?;
    let (group, factor) = first(after, &of_groups)?;
    let brokers = first(after, &of_brokers).map(|(one, factor)| (one.resource.as_str(), factor));
    let (broker, later) = brokers.unwrap_or(("no broker", f64::INFINITY));
    if grows(procedure) && factor < later {
        let later =
            if later.is_finite() { format!("at {} times", sig(later)) } else { "never".into() };
        return Some(format!(
            "After the change {} are full at {} times the load, {broker} {later}.",
            group.resource,
            sig(factor)
        ));
    }
    None
}
