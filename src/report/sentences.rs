//! The most interesting sentences of a run, by rule.

use super::clock::Clock;
use crate::metrics::{DecisionEntry, OutageEntry, Run};
use crate::units::{SimTime, count, sig};

/// The sentences of a run, the most interesting first; at least one.
///
/// Each rule looks at one thing and says one sentence with a weight: objectives that were missed
/// and data that was lost come first, then what the autoscaler did too late, in vain or for
/// nothing, then what limits.
pub fn sentences(run: &Run) -> Vec<String> {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let rules = [
        lost(run),
        objectives(run),
        outages(run),
        late(run, &clock),
        useless_lag(run),
        brokers(run, &clock),
        failed(run),
        flapping(run, &clock),
        limit(run),
        objectives_met(run),
    ];
    let mut found: Vec<(u32, String)> = rules.into_iter().flatten().collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(_, sentence)| sentence).collect()
}

type Rule = Option<(u32, String)>;

fn lost(run: &Run) -> Rule {
    let failed: f64 = run.producers.values().map(|producer| producer.failed_records).sum();
    let lost: f64 = run.groups.values().map(|group| group.lost_records).sum();
    if failed + lost < 1.0 {
        return None;
    }
    let sentence = format!(
        "Records were lost: {} given up by producers, {} deleted by retention before a group had \
         read them.",
        count(failed),
        count(lost)
    );
    Some((100, sentence))
}

/// What faults of brokers made unavailable, and for how long.
fn outages(run: &Run) -> Rule {
    let worst = run.outages.first()?;
    let name = |one: &OutageEntry| format!("{}-{}", one.topic, one.partition);
    let ends = |one: &OutageEntry| if one.lasts { ", to the end" } else { "" };
    let offline = run.outages.iter().filter(|one| !one.offline.is_zero()).count();
    let stalled = run.outages.iter().filter(|one| !one.stalled.is_zero()).count();
    let mut parts = Vec::new();
    if offline > 0 {
        parts.push(format!(
            "{offline} partitions had no leader for up to {} ({}{})",
            worst.offline.to_prose(),
            name(worst),
            ends(worst)
        ));
    }
    if let Some(longest) = run.outages.iter().max_by_key(|one| one.stalled)
        && stalled > 0
    {
        parts.push(format!(
            "acks=all waited on {stalled} that had one for up to {} ({}{})",
            longest.stalled.to_prose(),
            name(longest),
            ends(longest)
        ));
    }
    if parts.is_empty() {
        return None;
    }
    let lost = match run.lost_records {
        None => String::new(),
        Some(0) => " No acknowledged record was lost.".to_owned(),
        Some(lost) => format!(" {} acknowledged records were lost.", count(lost as f64)),
    };
    Some((95, format!("Unavailable: {}.{lost}", parts.join("; "))))
}

fn objectives(run: &Run) -> Rule {
    let missed = run.slo.iter().find(|objective| objective.met == Some(false))?;
    let value = missed.value.map_or_else(|| "?".into(), |value| quantity(value, missed.unit));
    let share = missed.share.map_or_else(String::new, |share| {
        format!(" and held {} % of the time", sig(share * 100.0))
    });
    Some((
        90,
        format!("Objective missed: `{}`; the worst value is {value}{share}.", missed.expression),
    ))
}

fn objectives_met(run: &Run) -> Rule {
    if run.slo.is_empty() || run.slo.iter().any(|objective| objective.met != Some(true)) {
        return None;
    }
    let first = &run.slo[0];
    let value = first.value.map_or_else(|| "?".into(), |value| quantity(value, first.unit));
    Some((10, format!("All objectives are met; `{}` at worst {value}.", first.expression)))
}

/// The first rise of a group that helped, and how late it was.
fn late(run: &Run, clock: &Clock) -> Rule {
    let first = run.decisions.iter().find(|one| {
        one.target != "brokers" && one.to > one.from && one.effective_after.is_some()
    })?;
    let after = first.effective_after?;
    let peak = run.groups.get(&first.target)?.lag_records.max;
    let gain = gain(first).map_or_else(String::new, |gain| format!(", {gain}"));
    Some((
        70,
        format!(
            "Group {} went from {} to {} members at {}; they worked {} later{gain}. Its lag peaked \
             at {} records.",
            first.target,
            first.from,
            first.to,
            clock.text(first.at),
            after.to_prose(),
            count(peak)
        ),
    ))
}

/// Capacity before and after an action.
pub(super) fn gain(decision: &DecisionEntry) -> Option<String> {
    let (before, after) = (decision.capacity_before?, decision.capacity_after?);
    Some(format!("capacity {} → {} records/s", count(before), count(after)))
}

/// The committed lag never falls below half a commit interval's records, however fast the group is.
fn useless_lag(run: &Run) -> Rule {
    let line = run.thresholds.iter().find(|line| line.metric == "consumer_lag")?;
    let group = run.groups.get(&line.target)?;
    let floor = group.lag_records.mean - group.processing_lag_records.mean;
    let wasted = run
        .decisions
        .iter()
        .filter(|one| one.target == line.target && one.to > one.from)
        .filter_map(|one| one.capacity_before.zip(one.capacity_after))
        .filter(|(before, after)| *after < before * 1.01)
        .count();
    if wasted < 2 {
        return None;
    }
    Some((
        80,
        format!(
            "{wasted} rises of group {} gained nothing: offsets are committed in intervals, so its \
             lag shows {} records on average even when it keeps up, and the threshold of {} cannot \
             tell.",
            line.target,
            count(floor),
            count(line.up)
        ),
    ))
}

/// What the first broker that was added gave, and when.
fn brokers(run: &Run, clock: &Clock) -> Rule {
    let first = run.decisions.iter().find(|one| one.target == "brokers" && one.to > one.from)?;
    let at = clock.text(first.at);
    let added = format!("Broker {} was decided at {at}", first.to);
    let moved: f64 = run.operations.iter().map(|operation| operation.moved_bytes).sum();
    let moved = crate::units::Bytes::new(moved as u64);
    Some(match first.effective_after {
        Some(after) => {
            let gain = gain(first).map_or_else(String::new, |gain| format!(" ({gain})"));
            let sentence = format!(
                "{added} and carried load {} later{gain}; all moves of the run copied {moved}.",
                after.to_prose()
            );
            (75, sentence)
        }
        None => (85, format!("{added} and never became useful; moves copied {moved} in vain.")),
    })
}

fn failed(run: &Run) -> Rule {
    let failed = run.decisions.iter().filter(|decision| decision.failed).count();
    let alerts: Vec<String> = run.alerts.iter().map(|alert| format!("`{}`", alert.name)).collect();
    if failed == 0 || alerts.is_empty() {
        return None;
    }
    Some((
        60,
        format!(
            "{failed} of {} scaling decisions changed nothing; alerts: {}.",
            run.decisions.len(),
            alerts.join(", ")
        ),
    ))
}

/// Up, down and up again of the same target within a few hours.
fn flapping(run: &Run, clock: &Clock) -> Rule {
    let moves: Vec<&DecisionEntry> =
        run.decisions.iter().filter(|one| one.target == "brokers" && !one.failed).collect();
    let turns: Vec<&DecisionEntry> = moves
        .windows(2)
        .filter(|pair| (pair[0].to > pair[0].from) != (pair[1].to > pair[1].from))
        .map(|pair| pair[1])
        .collect();
    let first = turns.first()?;
    (turns.len() >= 3).then(|| {
        let sentence = format!(
            "Brokers flapped: from {} on the policy changed direction {} times, because moving \
             data counts as load ({}).",
            clock.text(first.at),
            turns.len(),
            turns.get(1).map_or("", |one| one.words.as_str())
        );
        (82, sentence)
    })
}

fn limit(run: &Run) -> Rule {
    let limit = &run.bottleneck;
    let factor = limit.saturates_at_load_factor?;
    let sentence = if factor < 1.0 {
        // What is held while a broker is gone, and what catches up afterwards, is busy as well.
        let held = run.outages.iter().any(|one| !(one.offline + one.stalled).is_zero());
        format!(
            "Overload: in the busiest minute {} could carry {} % of what was offered{}.",
            limit.resource,
            sig(factor * 100.0),
            if held {
                "; partitions were unavailable, so that need not be for lack of capacity"
            } else {
                ""
            }
        )
    } else {
        format!(
            "{} limits: {} % busy in the busiest minute, full at {} times the load.",
            capital(&limit.resource),
            sig(limit.utilisation * 100.0),
            sig(factor)
        )
    };
    Some((if factor < 1.0 { 65 } else { 40 }, sentence))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A value in its unit as a person says it.
pub(super) fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "s" => crate::units::SimSpan::from_secs_f64(value).to_prose(),
        "ms" => crate::units::SimSpan::from_secs_f64(value / 1e3).to_prose(),
        "share" => format!("{} %", sig(value * 100.0)),
        _ => format!("{} {unit}", count(value)),
    }
}
