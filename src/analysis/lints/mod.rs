//! What is wrong with a policy on a scenario before anybody runs it, with the numbers that say so.
//!
//! Each rule is one file with one function from a [`Case`] to a finding or nothing. A rule looks at
//! what the policy's file and the scenario say; from the run of the scenario it takes how often the
//! case arose. New rules are one file here and one entry in [`RULES`].

mod cap_leak;
mod commit_interval;
mod poll_interval;
mod start_up;
mod tolerance_trap;

use crate::cluster::GroupId;
use crate::metrics::{Run, Series};
use crate::model::client::Commits;
use crate::model::policies::Policy;
use crate::model::service::PollLoop;
use crate::scenario::{Group, Scaler, Scenario};
use crate::units::{SimSpan, SimTime};

/// A number that proves a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What it is.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

/// A finding about one policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Lint {
    /// The rule's name, in snake_case.
    pub rule: &'static str,
    /// The policy's file.
    pub policy: String,
    /// What is wrong and what follows, in one or two sentences.
    pub words: String,
    /// What to change.
    pub advice: String,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// A policy that scales a group, in its scenario.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    scenario: &'a Scenario,
    run: &'a Run,
    scaler: &'a Scaler,
    group: &'a Group,
}

/// What a rule finds, without its name and the policy's.
struct Found {
    words: String,
    advice: String,
    evidence: Vec<Evidence>,
}

type Rule = fn(&Case<'_>) -> Option<Found>;

/// All rules, in the order in which they are told.
const RULES: [(&str, Rule); 5] = [
    ("lag_at_rest", commit_interval::rule),
    ("tolerance_trap", tolerance_trap::rule),
    ("cap_leak", cap_leak::rule),
    ("max_poll_interval", poll_interval::rule),
    ("shorter_than_start_up", start_up::rule),
];

/// The findings about all policies of a scenario that scale a group; `run` is its run.
pub fn lints(scenario: &Scenario, run: &Run) -> Vec<Lint> {
    let mut found = Vec::new();
    for scaler in &scenario.autoscaling {
        let Some(group) = scaler.group.map(GroupId::index) else { continue };
        let case = Case { scenario, run, scaler, group: &scenario.groups[group] };
        for (name, rule) in RULES {
            found.extend(rule(&case).map(|one| Lint {
                rule: name,
                policy: scaler.file.clone(),
                words: one.words,
                advice: one.advice,
                evidence: one.evidence,
            }));
        }
    }
    found
}

impl Case<'_> {
    /// Partitions that the group reads, or those of one topic.
    fn partitions(&self, topic: Option<&str>) -> u32 {
        let topics = &self.scenario.cluster.topics;
        let read = self.group.reads.iter().map(|id| &topics[id.index()]);
        let named = read.filter(|one| topic.is_none_or(|name| one.name == name));
        named.map(|one| one.partitions).sum()
    }

    /// Records/s that reach the group: mean and largest over the run, after the warm-up.
    fn arrivals(&self) -> [f64; 2] {
        let from = SimTime::ZERO.saturating_add(self.run.warm_up);
        let to = SimTime::ZERO.saturating_add(self.run.duration);
        let mut sums = [0.0; 2];
        for producer in &self.scenario.producers {
            let read = producer.to.iter().filter(|(topic, _)| self.group.reads.contains(topic));
            let share: f64 = read.map(|(_, share)| share).sum();
            let Some(series) = self.run.series("offered_records_s", &producer.name) else {
                continue;
            };
            let spread = series.spread(from, to);
            sums[0] += share * spread.mean;
            sums[1] += share * spread.max;
        }
        sums
    }

    /// Records/s that one member works off when it is behind.
    fn member_rate(&self) -> f64 {
        1.0 / self.service()
    }

    /// Seconds that a record takes a member when polls are full.
    fn service(&self) -> f64 {
        let work = PollLoop {
            cores: self.group.cores,
            speed: self.group.speed,
            cpu_per_record: self.group.work.cpu_per_record + self.group.decompression,
            wait_per_record: self.group.work.wait_per_record,
            concurrency: f64::from(self.group.work.concurrency),
        };
        let most = f64::from(self.group.settings.max_poll_records);
        work.service(&self.scenario.costs, most)
    }

    /// Time between commits; `None` when every poll commits.
    fn commit_interval(&self) -> Option<SimSpan> {
        let settings = &self.group.settings;
        (settings.commits == Commits::Interval).then_some(settings.auto_commit_interval)
    }

    /// The 95 % quantile of a member's start-up, in seconds.
    fn start_up(&self) -> f64 {
        self.group.start_up.quantile(0.95) / 1e9
    }

    /// The number of members that was wanted, over time.
    fn wanted(&self) -> Option<&Series> {
        self.run.series("members_desired", &self.group.name)
    }

    /// Seconds of the run in which the wanted number of members was within these bounds.
    fn seconds_at(&self, least: u32, most: u32) -> Option<f64> {
        let series = self.wanted()?;
        let ends = series.points.iter().skip(1).map(|point| point.0);
        let end = SimTime::ZERO.saturating_add(self.run.duration);
        let spans = series.points.iter().zip(ends.chain([end]));
        let within = spans
            .filter(|((_, size), _)| (f64::from(least)..=f64::from(most)).contains(size))
            .map(|((at, _), until)| until.saturating_since(*at).as_secs_f64());
        Some(within.sum())
    }

    fn policy(&self) -> &Policy {
        &self.scaler.policy
    }
}

fn number(name: &'static str, value: f64, unit: &'static str) -> Evidence {
    Evidence { name, value, unit }
}

/// A time in words.
fn prose(seconds: f64) -> String {
    SimSpan::from_secs_f64(seconds).to_prose()
}
