//! Cooldowns and windows that are shorter than a member's start-up.
//!
//! A policy that acts again before its last step can have helped acts on what that step was for;
//! one that takes a member away sooner than it could bring it back pays for the start-up twice.

use super::{Case, Found, number, prose};
use crate::model::policies::{DOWN_WINDOW, Limits, Policy};
use crate::model::policy::Target;
use crate::units::SimSpan;

/// A wait of a policy: its name, how long it is, and what follows when it is too short.
type Wait = (&'static str, SimSpan, &'static str);

const AGAIN: &str = "it asks again before its last step can have helped";
const AWAY: &str = "it takes members away sooner than it could bring them back";
const ZERO: &str = "after a short pause of the load the group is at 0, and the next record waits \
    for a whole start-up";

pub(super) fn rule(case: &Case<'_>) -> Option<Found> {
    let start_up = case.start_up();
    let (name, wait, follows) =
        waits(case.policy()).into_iter().find(|(_, wait, _)| wait.as_secs_f64() < start_up)?;
    let mut evidence = vec![
        number(name, wait.as_secs_f64(), "s"),
        number("start-up of a member, p50", case.group.start_up.quantile(0.5) / 1e9, "s"),
        number("start-up of a member, p95", start_up, "s"),
    ];
    let took = effective(case);
    evidence.extend(took.map(|seconds| number("until a step out worked, mean", seconds, "s")));
    let took = took.map_or_else(String::new, |seconds| {
        format!(" In this run a step out worked {} after its decision on average.", prose(seconds))
    });
    let wait_words = if wait.is_zero() { "no time at all".to_owned() } else { wait.to_prose() };
    Some(Found {
        words: format!(
            "{name} is {wait_words}, the start-up of a member takes up to {} (p95): {follows}.\
             {took}",
            prose(start_up)
        ),
        advice: format!("{name} of at least {}", prose(start_up.ceil())),
        evidence,
    })
}

fn waits(policy: &Policy) -> Vec<Wait> {
    let down = |limits: &Limits| {
        let window = limits.behavior.as_ref().map_or(DOWN_WINDOW, |rules| rules.down.window);
        ("scaleDown.stabilizationWindowSeconds", window, AWAY)
    };
    match policy {
        Policy::Threshold(policy) => {
            let own = policy.loops().iter().filter(|one| one.target == Target::Consumers);
            own.map(|one| ("scale_up.cooldown", one.cooldown_up, AGAIN)).collect()
        }
        Policy::Step(policy) => vec![("out.cooldown", policy.settings().out.cooldown, AGAIN)],
        Policy::Tracking(policy) => vec![("cooldown_in", policy.settings().cooldown_in, AWAY)],
        Policy::Hpa(policy) => vec![down(policy.limits())],
        Policy::Keda(policy) => {
            let spec = policy.spec();
            let to_zero = spec.min == 0 || spec.idle.is_some();
            let zero = to_zero.then_some(("cooldownPeriod", spec.cooldown, ZERO));
            zero.into_iter().chain([down(&spec.limits)]).collect()
        }
        _ => Vec::new(),
    }
}

/// Mean seconds from a decision for more members until they worked.
fn effective(case: &Case<'_>) -> Option<f64> {
    let own = case.run.decisions.iter().filter(|one| one.target == case.group.name);
    let up = own.filter(|one| one.to > one.from);
    let spans: Vec<f64> =
        up.filter_map(|one| one.effective_after).map(SimSpan::as_secs_f64).collect();
    (!spans.is_empty()).then(|| spans.iter().sum::<f64>() / spans.len() as f64)
}
