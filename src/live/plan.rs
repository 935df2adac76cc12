//! What a run would do, told before it does anything, and what it may do at most.

use super::cluster::{Target, loopback};
use super::security::Security;
use crate::error::{Error, Result};
use crate::model::curve::LoadCurve;
use crate::scenario::{Arrivals, Scenario};
use crate::units::{Bytes, SimSpan, SimTime, count};
use std::fmt::Write;

/// Most that a run may do; small unless raised by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Length of the run.
    pub duration: SimSpan,
    /// Records sent.
    pub records: u64,
    /// Bytes sent, before replication.
    pub bytes: Bytes,
}

impl Default for Caps {
    fn default() -> Self {
        Self { duration: SimSpan::from_secs(120), records: 5_000_000, bytes: Bytes::new(2 << 30) }
    }
}

/// What a scenario asks for, in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Records of all open-loop producers; closed loops go as far as the caps.
    pub records: f64,
    /// Bytes of those records.
    pub bytes: f64,
    /// Whether a producer goes as fast as it can.
    pub closed: bool,
    /// Topics with partitions and replicas.
    pub topics: Vec<(String, u32, u32)>,
    /// Groups with their members.
    pub groups: Vec<(String, u32)>,
    /// Length.
    pub duration: SimSpan,
}

impl Plan {
    /// The plan of a scenario.
    ///
    /// # Errors
    /// The scenario has a part that cannot be played on a real cluster.
    pub fn of(scenario: &Scenario) -> Result<Self> {
        if !scenario.timeline.is_empty() || !scenario.autoscaling.is_empty() {
            return Err(Error::usage(
                "a scenario with `timeline` or `autoscaling` cannot be played live: a guest does \
                 not operate the cluster",
            ));
        }
        if scenario.initial.lag.values().any(|lag| lag.get() > 0) {
            return Err(Error::usage("a scenario with `initial/lag` cannot be played live yet"));
        }
        let end = SimTime::ZERO.saturating_add(scenario.duration);
        let (mut records, mut bytes, mut closed) = (0.0, 0.0, false);
        for one in &scenario.producers {
            if one.arrivals == Arrivals::Closed {
                closed = true;
                continue;
            }
            let volume = one.load.volume(SimTime::ZERO, end);
            records += volume;
            bytes += volume * one.record_size.mean();
        }
        let topics = scenario.cluster.topics.iter();
        Ok(Self {
            records,
            bytes,
            closed,
            topics: topics
                .map(|one| (one.name.clone(), one.partitions, one.replication_factor))
                .collect(),
            groups: scenario.groups.iter().map(|one| (one.name.clone(), one.members)).collect(),
            duration: scenario.duration,
        })
    }

    /// Refuses a plan that passes a cap.
    ///
    /// # Errors
    /// Which cap, and the option that raises it.
    pub fn within(&self, caps: &Caps) -> Result<()> {
        let faults = [
            (
                self.duration > caps.duration,
                format!("{} of run", self.duration.to_prose()),
                format!("--max-duration (now {})", caps.duration.to_prose()),
            ),
            (
                self.records > caps.records as f64,
                format!("{} records", count(self.records)),
                format!("--max-records (now {})", count(caps.records as f64)),
            ),
            (
                self.bytes > caps.bytes.as_f64(),
                format!("{}", Bytes::new(self.bytes as u64)),
                format!("--max-bytes (now {})", caps.bytes),
            ),
        ];
        let words: Vec<String> = faults
            .iter()
            .filter(|(over, _, _)| *over)
            .map(|(_, what, option)| format!("{what}, more than {option}"))
            .collect();
        if words.is_empty() {
            return Ok(());
        }
        Err(Error::refused(format!(
            "the scenario asks for {}; nothing was created. Raise the cap by name if that is meant",
            words.join("; ")
        )))
    }

    /// The plan in words; nothing was contacted for it.
    pub fn words(&self, target: &Target, caps: &Caps, security: &Security) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let mut line = |words: String| {
            let _ok = writeln!(text, "{words}");
        };
        line(match target {
            Target::Mock(_) => {
                "target     librdkafka's mock cluster, inside this process".to_owned()
            }
            Target::Bootstrap(addresses) => format!(
                "target     {addresses} ({})",
                if loopback(addresses) { "this machine" } else { "not this machine" }
            ),
        });
        let settings = security.words();
        if !settings.is_empty() {
            line(format!("settings   {settings}"));
        }
        for (name, partitions, factor) in &self.topics {
            line(format!(
                "topic      kafsim-…-N for {name}: {partitions} partitions, {factor} replicas"
            ));
        }
        for (name, members) in &self.groups {
            line(format!("group      kafsim-…-{name}: {members} members"));
        }
        let seconds = self.duration.as_secs_f64();
        let replicas = self.topics.iter().map(|one| one.2).max().unwrap_or(1);
        line(format!(
            "load       {} records, {} in {}: {}/s{}, {} on disks with {replicas} replicas",
            count(self.records),
            Bytes::new(self.bytes as u64),
            self.duration.to_prose(),
            Bytes::new((self.bytes / seconds) as u64),
            if self.closed { ", and closed loops as fast as they can" } else { "" },
            Bytes::new((self.bytes * f64::from(replicas)) as u64),
        ));
        line(format!(
            "caps       {}, {} records, {}",
            caps.duration.to_prose(),
            count(caps.records as f64),
            caps.bytes
        ));
        text
    }
}
