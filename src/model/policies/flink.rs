//! The autoscaler of the Flink operator, applied to a consumer group: rates and lag together.
//!
//! # Equation
//! With the rate r at which records are consumed, the lag L and its slope, target = max(0, r +
//! dL/dt). Capacity needed at utilisation u: needed(u) = round(L / catch-up + target / u); with
//! restart it has target · restart / catch-up on top. Scale = needed(0.7, with restart) / true
//! rate, at least 0.4; p' = ⌈scale · p⌉ within minimum, maximum and partitions. It acts only if the
//! true rate is below needed(1, without restart) or above needed(0.4, with restart); while L / r is
//! above 5 min it never scales in. p' is then aligned upwards to the number of partitions.
//! # Assumes
//! Rates are means over a window of 15 min that starts again, after 5 min, with every change of
//! size. A step down waits 1 h and takes the largest size that was called for in that hour.
//! # Breaks
//! One vertex: nothing propagates rates through a graph. Gains of past steps are not judged.
//! # Source
//! apache/flink-kubernetes-operator, `JobVertexScaler`, `AutoScalerUtils`,
//! `ScalingMetricEvaluator`, `alignment`.

use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::units::{SimSpan, SimTime};

/// Names of its metrics: records/s consumed, records behind, records/s that all members could
/// process.
pub const FLINK_METRICS: [&str; 3] = ["input_rate", "consumer_lag", "true_rate"];

/// Which sizes suit a number of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// A divisor of it.
    EvenlySpread,
    /// A divisor, or the next size that gives the fullest member less.
    Balanced,
}

/// Its settings; the defaults are the operator's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlinkSettings {
    /// Utilisation to aim at, 0–1.
    pub utilisation: f64,
    /// It acts beyond this distance from the aim, 0–1.
    pub boundary: f64,
    /// In which a backlog shall be gone.
    pub catch_up: SimSpan,
    /// Without processing in every change of size.
    pub restart: SimSpan,
    /// A longer backlog (lag over rate) forbids scaling in.
    pub long_backlog: SimSpan,
    /// Window of the means.
    pub window: SimSpan,
    /// Nothing is measured for so long after a change.
    pub stabilization: SimSpan,
    /// Wait before a step down.
    pub down_interval: SimSpan,
    /// Largest step down, as a part of the size.
    pub most_down: f64,
    /// Fewest members.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// How sizes follow partitions.
    pub alignment: Alignment,
    /// Time between evaluations.
    pub period: SimSpan,
}

impl Default for FlinkSettings {
    fn default() -> Self {
        let minutes = |minutes: u64| SimSpan::from_secs(60 * minutes);
        Self {
            utilisation: 0.7,
            boundary: 0.3,
            catch_up: minutes(30),
            restart: minutes(5),
            long_backlog: minutes(5),
            window: minutes(15),
            stabilization: minutes(5),
            down_interval: minutes(60),
            most_down: 0.6,
            min: 1,
            max: 200,
            alignment: Alignment::Balanced,
            period: minutes(1),
        }
    }
}

/// Means of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Records/s consumed.
    pub input: f64,
    /// Records behind.
    pub lag: f64,
    /// Growth of the lag in records/s.
    pub slope: f64,
    /// Records/s that all members could process.
    pub true_rate: f64,
}

impl FlinkSettings {
    /// Capacity in records/s that a load needs at a utilisation of 0–1; infinite at 0.
    pub fn needed(&self, load: Load, utilisation: f64, restart: bool) -> f64 {
        let catch_up = self.catch_up.as_secs_f64();
        let target = (load.input + load.slope).max(0.0);
        if utilisation <= 0.0 {
            return f64::INFINITY;
        }
        let lost = if restart { target * self.restart.as_secs_f64() / catch_up } else { 0.0 };
        (load.lag / catch_up + lost + target / utilisation).round()
    }

    /// The size for a load before alignment, from `size` members.
    pub fn size(&self, load: Load, size: u32, partitions: Option<u32>) -> u32 {
        let scale = self.needed(load, self.utilisation, true) / load.true_rate;
        let wanted = (scale.max(1.0 - self.most_down) * f64::from(size)).ceil();
        (wanted as u32).min(self.most(partitions)).max(self.min)
    }

    /// Whether a load calls for another size: up, down or neither.
    pub fn calls(&self, load: Load) -> std::cmp::Ordering {
        let backlog = load.input > 0.0 && load.lag / load.input > self.long_backlog.as_secs_f64();
        let (high, low) = if backlog {
            (1.0, 0.0)
        } else {
            ((self.utilisation + self.boundary).min(1.0), self.utilisation - self.boundary)
        };
        if load.true_rate < self.needed(load, high, false) {
            std::cmp::Ordering::Greater
        } else if load.true_rate > self.needed(load, low, true) {
            std::cmp::Ordering::Less
        } else {
            std::cmp::Ordering::Equal
        }
    }

    /// The next size from `wanted` upwards that suits the partitions, when there is one.
    pub fn aligned(&self, wanted: u32, size: u32, partitions: Option<u32>) -> u32 {
        let Some(partitions) = partitions.filter(|partitions| *partitions > 0) else {
            return wanted;
        };
        let last = if wanted > size { self.most(Some(partitions)) } else { size };
        let fullest = partitions / wanted.max(1);
        let suits = |size: &u32| {
            partitions.is_multiple_of(*size)
                || (self.alignment == Alignment::Balanced && partitions / size < fullest)
        };
        (wanted.max(1)..=last).find(suits).unwrap_or(wanted)
    }

    fn most(&self, partitions: Option<u32>) -> u32 {
        self.max.min(partitions.unwrap_or(u32::MAX))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    at: SimTime,
    input: f64,
    lag: f64,
    true_rate: f64,
}

/// The policy with its window.
#[derive(Debug, Clone, PartialEq)]
pub struct FlinkPolicy {
    settings: FlinkSettings,
    window: Vec<Measured>,
    size: Option<u32>,
    changed: Option<SimTime>,
    down: Option<(SimTime, u32)>,
}

impl FlinkPolicy {
    /// A policy that has measured nothing.
    pub fn new(settings: FlinkSettings) -> Self {
        Self { settings, window: Vec::new(), size: None, changed: None, down: None }
    }

    /// Means of a full window.
    fn load(&self, now: SimTime) -> Option<Load> {
        let (first, last) = (self.window.first()?, self.window.last()?);
        let span = last.at.saturating_since(first.at);
        if now.saturating_since(first.at) < self.settings.window || span.is_zero() {
            return None;
        }
        let mean = |of: fn(&Measured) -> f64| {
            self.window.iter().map(of).sum::<f64>() / self.window.len() as f64
        };
        Some(Load {
            input: mean(|one| one.input),
            lag: last.lag,
            slope: (last.lag - first.lag) / span.as_secs_f64(),
            true_rate: mean(|one| one.true_rate),
        })
    }

    /// Adds a measurement, unless the group is still settling after a change.
    fn measure(&mut self, now: SimTime, observation: &Observation<'_>, size: u32) {
        if self.size.replace(size).is_some_and(|before| before != size) {
            self.changed = Some(now);
            self.window.clear();
            self.down = None;
        }
        let settling =
            self.changed.is_some_and(|at| now.saturating_since(at) < self.settings.stabilization);
        let [input, lag, true_rate] = FLINK_METRICS.map(|metric| observation.value(metric));
        if let (false, Some(input), Some(lag), Some(true_rate)) = (settling, input, lag, true_rate)
        {
            self.window.push(Measured { at: now, input, lag, true_rate });
        }
        let window = self.settings.window;
        self.window.retain(|one| now.saturating_since(one.at) <= window);
    }

    fn judge(&mut self, now: SimTime, size: u32, partitions: Option<u32>) -> Decision {
        let Some(load) = self.load(now).filter(|load| load.true_rate > 0.0) else {
            return stay(size, Reason::CoolingDown, "the window of measurements is not full");
        };
        let settings = self.settings;
        let calls = settings.calls(load);
        let proposal = settings.size(load, size, partitions);
        let mut decision = stay(size, Reason::WithinRange, "the true rate suits the load");
        decision.metric = Some("true_rate".to_owned());
        decision.proposal = Some(proposal);
        let up = match (calls, proposal.cmp(&size)) {
            (std::cmp::Ordering::Greater, std::cmp::Ordering::Greater) => true,
            (std::cmp::Ordering::Less, std::cmp::Ordering::Less) => false,
            _ => {
                self.down = None;
                return decision;
            }
        };
        let mut wanted = proposal;
        if up {
            self.down = None;
        } else {
            let (since, most) = self.down.unwrap_or((now, proposal));
            wanted = most.max(proposal);
            self.down = Some((since, wanted));
            if now.saturating_since(since) < settings.down_interval {
                decision.reason = Reason::CoolingDown;
                decision.words = String::from("a step down waits for its interval");
                return decision;
            }
        }
        decision.stabilised = Some(wanted);
        let aligned = settings.aligned(wanted, size, partitions);
        decision.limited = Some(aligned);
        decision.desired = aligned;
        decision.action = aligned != size;
        if decision.action {
            decision.reason = if up { Reason::ScaleUp } else { Reason::ScaleDown };
        }
        decision.words = format!(
            "{:.0}/s are needed, {:.0}/s could be processed: {size} → {aligned}",
            settings.needed(load, settings.utilisation, true),
            load.true_rate
        );
        decision
    }
}

fn stay(current: u32, reason: Reason, words: &str) -> Decision {
    Decision::of_group("flink", [current, current], reason, words.to_owned())
}

impl ScalingPolicy for FlinkPolicy {
    fn period(&self) -> SimSpan {
        self.settings.period
    }
    fn metrics(&self) -> Vec<&str> {
        FLINK_METRICS.to_vec()
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(size) = observation.consumers else { return Vec::new() };
        self.measure(now, observation, size);
        vec![self.judge(now, size, observation.partitions)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Sample;
    use std::cmp::Ordering;

    const LOAD: Load = Load { input: 1_000.0, lag: 360_000.0, slope: 200.0, true_rate: 1_300.0 };

    #[test]
    fn f1_needs_2114_and_goes_from_4_to_7() {
        let settings = FlinkSettings::default();
        assert_eq!(settings.needed(LOAD, 0.7, true), 2_114.0);
        assert_eq!(settings.needed(LOAD, 1.0, false), 1_400.0);
        assert_eq!(settings.size(LOAD, 4, None), 7);
        assert_eq!(settings.calls(LOAD), Ordering::Greater);
    }

    #[test]
    fn f1b_at_1400_nothing_happens() {
        let load = Load { true_rate: 1_400.0, ..LOAD };
        let settings = FlinkSettings::default();
        assert_eq!(settings.size(load, 4, None), 7);
        assert_eq!(settings.calls(load), Ordering::Equal);
    }

    #[test]
    fn f2_twelve_partitions_take_twelve_members_in_both_modes() {
        for alignment in [Alignment::Balanced, Alignment::EvenlySpread] {
            let settings = FlinkSettings { alignment, ..FlinkSettings::default() };
            assert_eq!(settings.aligned(settings.size(LOAD, 4, Some(12)), 4, Some(12)), 12);
        }
    }

    #[test]
    fn f3_a_hundred_partitions_take_34_or_50() {
        let balanced = FlinkSettings::default();
        let spread = FlinkSettings { alignment: Alignment::EvenlySpread, ..balanced };
        assert_eq!(
            (balanced.aligned(30, 20, Some(100)), spread.aligned(30, 20, Some(100))),
            (34, 50)
        );
    }

    #[test]
    fn no_step_down_while_a_backlog_is_processed() {
        let load = Load { input: 100.0, lag: 40_000.0, slope: 0.0, true_rate: 1e6 };
        assert_eq!(FlinkSettings::default().calls(load), Ordering::Equal);
        let calm = Load { lag: 0.0, ..load };
        assert_eq!(FlinkSettings::default().calls(calm), Ordering::Less);
    }

    fn ask(policy: &mut FlinkPolicy, minute: u64, values: [f64; 3], size: u32) -> Decision {
        let samples: [Sample<'_>; 3] =
            std::array::from_fn(|i| Sample { metric: FLINK_METRICS[i], value: Some(values[i]) });
        let observation = Observation {
            samples: &samples,
            brokers: 0,
            consumers: Some(size),
            partitions: Some(12),
            workload: None,
        };
        let now = SimTime::ZERO + SimSpan::from_secs(60 * minute);
        policy.decide(now, &observation).remove(0)
    }

    #[test]
    fn it_waits_for_its_window_and_settles_after_a_change() {
        let mut policy = FlinkPolicy::new(FlinkSettings::default());
        for minute in 0..15 {
            let lag = 12_000.0 * minute as f64;
            let found = ask(&mut policy, minute, [1_000.0, lag, 1_000.0], 4);
            assert_eq!((found.desired, found.reason), (4, Reason::CoolingDown));
        }
        let up = ask(&mut policy, 15, [1_000.0, 180_000.0, 1_000.0], 4);
        assert_eq!((up.desired, up.reason), (12, Reason::ScaleUp));
        for minute in 16..36 {
            let found = ask(&mut policy, minute, [1_000.0, 0.0, 6_000.0], 12);
            assert_eq!(found.reason, Reason::CoolingDown, "minute {minute}");
        }
        // The window is full at minute 36, and a step down waits an hour from then.
        for minute in 36..96 {
            let found = ask(&mut policy, minute, [1_000.0, 0.0, 6_000.0], 12);
            assert_eq!((found.desired, found.reason), (12, Reason::CoolingDown), "{minute}");
        }
        let down = ask(&mut policy, 96, [1_000.0, 0.0, 6_000.0], 12);
        // At most 60 % in a step, and the next divisor of 12 from there.
        assert_eq!((down.proposal, down.desired, down.reason), (Some(5), 6, Reason::ScaleDown));
    }
}
