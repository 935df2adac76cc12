//! The oracle: it knows the load to come and pays the start-up like everybody else.
//!
//! # Rule
//! At each evaluation it looks at the highest rate between now and one start-up and one evaluation
//! later, and wants the members that this rate needs at its utilisation, between minimum and
//! maximum. So new members are there when the rate is, and members go as soon as no rate within
//! their start-up needs them.
//! # Assumes
//! The rates to come are those of the scenario's own curves (or a history's column `input_rate`).
//! What a member does is measured, see `member_rate`.
//! # Breaks
//! A backlog from elsewhere (a failure, a late start) is nothing that it foresees. It is a bound
//! for regret, not an optimum: another schedule may cost less by letting records wait.
//! # Source
//! Definition; the baseline of regret in Herbst et al., "Ready for Rain?" (2016).

use super::member_rate::MemberRate;
use crate::model::policy::{Decision, Observation, Reason, ScalingPolicy};
use crate::units::{SimSpan, SimTime};
use std::sync::Arc;

/// Its metric: records/s that all members could process.
const METRIC: &str = "true_rate";

/// Its settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OracleSettings {
    /// Utilisation to aim at, 0–1.
    pub utilisation: f64,
    /// How far ahead it acts; `None` for what the scenario's start-up takes in 95 % of cases.
    pub lead: Option<SimSpan>,
    /// Fewest members.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// Time between evaluations.
    pub period: SimSpan,
}

/// The policy.
#[derive(Debug, Clone, PartialEq)]
pub struct OraclePolicy {
    settings: OracleSettings,
    lead: SimSpan,
    /// Records/s to come, one value for each evaluation from the start on.
    rates: Arc<[f64]>,
    member: MemberRate,
}

impl OraclePolicy {
    /// An oracle that foresees nothing yet.
    pub fn new(settings: OracleSettings) -> Self {
        let lead = settings.lead.unwrap_or(SimSpan::ZERO);
        let member = MemberRate::new(lead);
        Self { settings, lead, rates: Arc::from([]), member }
    }

    /// The same that foresees rates in records/s: the largest between each evaluation and the next
    /// one, the first at the start. `start_up` is how far it looks ahead unless its file says so.
    pub fn foreseeing(mut self, rates: Vec<f64>, start_up: SimSpan) -> Self {
        self.lead = self.settings.lead.unwrap_or(start_up);
        self.member = MemberRate::new(self.lead);
        self.rates = rates.into();
        self
    }

    /// Its settings.
    pub fn settings(&self) -> &OracleSettings {
        &self.settings
    }

    /// The highest rate from an instant on until what is started now has been there for a step.
    fn highest(&self, now: SimTime) -> Option<f64> {
        let step = self.settings.period.as_nanos().max(1);
        let from = (now.as_nanos() / step) as usize;
        let ahead = self.lead.as_nanos().div_ceil(step) as usize;
        let last = self.rates.len().checked_sub(1)?;
        let window = &self.rates[from.min(last)..=(from + ahead).min(last)];
        window.iter().copied().reduce(f64::max)
    }
}

impl ScalingPolicy for OraclePolicy {
    fn period(&self) -> SimSpan {
        self.settings.period
    }
    fn metrics(&self) -> Vec<&str> {
        vec![METRIC]
    }
    fn decide(&mut self, now: SimTime, observation: &Observation<'_>) -> Vec<Decision> {
        let Some(size) = observation.consumers else { return Vec::new() };
        let partitions = observation.partitions;
        self.member.measure(now, size, observation.value(METRIC), partitions);
        let rate = self.highest(now);
        let needed =
            rate.and_then(|rate| self.member.size_for(rate, self.settings.utilisation, partitions));
        let (Some(rate), Some(needed)) = (rate, needed) else {
            let words = "nothing is known of what members can do".to_owned();
            return vec![Decision::of_group("oracle", [size; 2], Reason::WithinRange, words)];
        };
        let desired = needed.clamp(self.settings.min, self.settings.max);
        let words = format!(
            "{rate:.0} records/s will come within {}: {size} → {desired}",
            self.lead.to_prose()
        );
        vec![Decision::sized("oracle", [size, needed, desired], METRIC, words)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Sample;

    #[test]
    fn it_acts_one_start_up_ahead_and_lets_go_at_once() {
        let settings = OracleSettings {
            utilisation: 1.0,
            lead: None,
            min: 1,
            max: 20,
            period: SimSpan::from_secs(60),
        };
        // 1,000/s; from minute 5 to minute 7 it is 8,000/s.
        let rates: Vec<f64> =
            (0..12).map(|k| if (5..8).contains(&k) { 8_000.0 } else { 1_000.0 }).collect();
        let mut policy = OraclePolicy::new(settings).foreseeing(rates, SimSpan::from_secs(90));
        let mut size = 2;
        let mut sizes = Vec::new();
        for minute in 0..12 {
            let samples = [Sample { metric: METRIC, value: Some(f64::from(size) * 1_000.0) }];
            let observation = Observation {
                samples: &samples,
                brokers: 0,
                consumers: Some(size),
                partitions: None,
                workload: None,
            };
            let now = SimTime::ZERO + SimSpan::from_secs(60 * minute);
            size = policy.decide(now, &observation)[0].desired;
            sizes.push(size);
        }
        // A start-up of 90 s is two evaluations ahead; it lets go when the last high step is over.
        assert_eq!(sizes, [1, 1, 1, 8, 8, 8, 8, 8, 1, 1, 1, 1]);
    }
}
