//! From the proposal of a horizontal pod autoscaler to its decision: memory, windows and rates.
//!
//! # Rule
//! Without `behavior`: the largest proposal of the last 300 s (an age of exactly 300 s counts), at
//! most max(2 × current, 4), within minimum and maximum. With it: the size moves only as far as the
//! lowest proposal of the up window and the highest of the down window both allow (an age of
//! exactly the window does not count); then each rate policy takes the size at the start of its own
//! period (now − added + removed there) and allows so many pods or percent of it.
//!
//! The very first proposal that is remembered is the size at the first sync. Rescales are
//! remembered in two lists; a new event overwrites the last one in its list that is older than the
//! longest period of *its own* direction, whatever the other direction still needs.
//! # Assumes
//! Percentages are doubles in the controller's order: ⌈start · (1 + v / 100)⌉ up, truncated down.
//! # Breaks
//! A restarted controller forgets everything; this one never restarts.
//! # Source
//! Kubernetes `horizontal.go`; KEP-853.

use super::hpa_metrics::replicas;
use crate::model::policy::Reason;
use crate::units::{SimSpan, SimTime};
use std::cmp::Ordering;

/// The stabilisation that the controller applies to scaling down when nothing else is said.
pub const DOWN_WINDOW: SimSpan = SimSpan::from_secs(300);

/// Which of several rate policies decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// The largest change.
    Max,
    /// The smallest change.
    Min,
    /// This direction never moves.
    Disabled,
}

/// So much change in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePolicy {
    /// Pods, or percent of the size at the period's start.
    pub value: i64,
    /// Whether the value is a percentage.
    pub percent: bool,
    /// The period.
    pub period: SimSpan,
}

/// One direction of `behavior`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direction {
    /// Stabilisation window.
    pub window: SimSpan,
    /// Which policy decides.
    pub select: Select,
    /// The rate policies, at least one.
    pub policies: Vec<RatePolicy>,
}

/// `spec.behavior` with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behavior {
    /// Scaling up.
    pub up: Direction,
    /// Scaling down.
    pub down: Direction,
}

impl Default for Behavior {
    fn default() -> Self {
        let period = SimSpan::from_secs(15);
        let all = RatePolicy { value: 100, percent: true, period };
        let four = RatePolicy { value: 4, percent: false, period };
        let direction = |window, policies| Direction { window, select: Select::Max, policies };
        Self {
            up: direction(SimSpan::ZERO, vec![four, all]),
            down: direction(DOWN_WINDOW, vec![all]),
        }
    }
}

/// The bounds and rules of one autoscaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Smallest size.
    pub min: i64,
    /// Largest size.
    pub max: i64,
    /// `behavior`; without it the older path is taken.
    pub behavior: Option<Behavior>,
}

/// A proposal on its way to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounded {
    /// After the windows.
    pub stabilised: i64,
    /// After the rates.
    pub limited: i64,
    /// After minimum and maximum.
    pub desired: i64,
    /// Why.
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Event {
    change: i64,
    at: SimTime,
}

/// What an autoscaler remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Memory {
    proposals: Vec<(i64, SimTime)>,
    started: bool,
    up: Vec<Event>,
    down: Vec<Event>,
}

impl Memory {
    /// Remembers the size at the first sync.
    pub(super) fn begin(&mut self, now: SimTime, current: i64) {
        if !self.started {
            self.started = true;
            self.proposals.push((current, now));
        }
    }

    /// Remembers a rescale, when there are rules that need it.
    pub(super) fn rescaled(&mut self, limits: &Limits, now: SimTime, from: i64, to: i64) {
        let Some(behavior) = &limits.behavior else { return };
        let (events, rules) =
            if to > from { (&mut self.up, &behavior.up) } else { (&mut self.down, &behavior.down) };
        let longest = rules.policies.iter().map(|policy| policy.period).max();
        let longest = longest.unwrap_or(SimSpan::ZERO);
        let event = Event { change: (to - from).abs(), at: now };
        match events.iter().rposition(|old| now.saturating_since(old.at) > longest) {
            Some(index) => events[index] = event,
            None => events.push(event),
        }
    }

    /// Windows, rates and bounds; remembers the proposal.
    pub(super) fn bound(
        &mut self,
        limits: &Limits,
        now: SimTime,
        current: i64,
        proposal: i64,
    ) -> Bounded {
        let bounded = match &limits.behavior {
            Some(behavior) => self.with_behavior(limits, behavior, now, current, proposal),
            None => self.without_behavior(limits, now, current, proposal),
        };
        let longest = limits
            .behavior
            .as_ref()
            .map_or(DOWN_WINDOW, |behavior| behavior.up.window.max(behavior.down.window));
        // What is older can never count again.
        self.proposals.retain(|(_, at)| now.saturating_since(*at) <= longest);
        self.proposals.push((proposal, now));
        bounded
    }

    fn without_behavior(
        &self,
        limits: &Limits,
        now: SimTime,
        current: i64,
        proposal: i64,
    ) -> Bounded {
        let recent = self
            .proposals
            .iter()
            .filter(|(_, at)| now.saturating_since(*at) <= DOWN_WINDOW)
            .map(|(size, _)| *size);
        let stabilised = recent.fold(proposal, i64::max);
        let limit = (2 * current).max(4);
        let limited = stabilised.min(limit);
        let desired = if stabilised < limits.min { limits.min } else { limited.min(limits.max) };
        let reason = if desired != stabilised && stabilised < limits.min {
            Reason::TooFewReplicas
        } else if desired != stabilised && limits.max > limit {
            Reason::ScaleUpLimit
        } else if desired != stabilised {
            Reason::TooManyReplicas
        } else if stabilised != proposal {
            Reason::ScaleDownStabilized
        } else {
            Reason::DesiredWithinRange
        };
        Bounded { stabilised, limited, desired, reason }
    }

    fn with_behavior(
        &self,
        limits: &Limits,
        behavior: &Behavior,
        now: SimTime,
        current: i64,
        proposal: i64,
    ) -> Bounded {
        let newer = |window: SimSpan| {
            let young = move |(_, at): &&(i64, SimTime)| now.saturating_since(*at) < window;
            self.proposals.iter().filter(young).map(|(size, _)| *size)
        };
        let lowest = newer(behavior.up.window).fold(proposal, i64::min);
        let highest = newer(behavior.down.window).fold(proposal, i64::max);
        let stabilised = current.max(lowest).min(highest);
        let (limited, desired, hit) = match stabilised.cmp(&current) {
            Ordering::Greater => {
                let limit = self.up_limit(&behavior.up, now, current);
                let limited = stabilised.min(limit);
                let hit =
                    if limits.max > limit { Reason::ScaleUpLimit } else { Reason::TooManyReplicas };
                (limited, limited.min(limits.max), hit)
            }
            Ordering::Less => {
                let limit = self.down_limit(&behavior.down, now, current);
                let limited = stabilised.max(limit);
                let hit = if limits.min < limit {
                    Reason::ScaleDownLimit
                } else {
                    Reason::TooFewReplicas
                };
                (limited, limited.max(limits.min), hit)
            }
            Ordering::Equal => (stabilised, stabilised, Reason::DesiredWithinRange),
        };
        let reason = if desired != stabilised {
            hit
        } else if stabilised == proposal {
            Reason::DesiredWithinRange
        } else if proposal >= current {
            Reason::ScaleUpStabilized
        } else {
            Reason::ScaleDownStabilized
        };
        Bounded { stabilised, limited, desired, reason }
    }

    /// The size at the start of a period that ends now.
    fn start(&self, now: SimTime, period: SimSpan, current: i64) -> i64 {
        let changed = |events: &[Event]| -> i64 {
            let young = |event: &&Event| now.saturating_since(event.at) < period;
            events.iter().filter(young).map(|event| event.change).sum()
        };
        current - changed(&self.up) + changed(&self.down)
    }

    fn up_limit(&self, rules: &Direction, now: SimTime, current: i64) -> i64 {
        let allowed = rules.policies.iter().map(|policy| {
            let start = self.start(now, policy.period, current);
            if policy.percent {
                replicas(start as f64 * (1.0 + policy.value as f64 / 100.0))
            } else {
                start + policy.value
            }
        });
        let limit = match rules.select {
            Select::Max => allowed.max(),
            Select::Min => allowed.min(),
            Select::Disabled => None,
        };
        limit.unwrap_or(current).max(current)
    }

    fn down_limit(&self, rules: &Direction, now: SimTime, current: i64) -> i64 {
        let allowed = rules.policies.iter().map(|policy| {
            let start = self.start(now, policy.period, current);
            if policy.percent {
                (start as f64 * (1.0 - policy.value as f64 / 100.0)).trunc() as i64
            } else {
                start - policy.value
            }
        });
        let limit = match rules.select {
            Select::Max => allowed.min(),
            Select::Min => allowed.max(),
            Select::Disabled => None,
        };
        limit.unwrap_or(current).min(current)
    }
}
