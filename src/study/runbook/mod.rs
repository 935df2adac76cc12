//! The procedure of a change: when to make it, how long it takes, what to expect meanwhile, and
//! what the simulation says against it.
//!
//! # Rule
//! The scenario is simulated by flows as it stands, during the change and after it, with nothing
//! else going on, each once more for every draw of card values. The change is put where the load is
//! least. What a metric may be is told as its smallest and largest value in that stretch over all
//! draws. Latencies are those of requests at the load of that stretch.
//! # Assumes
//! Copies take what their throttle allows of each machine from its clients (see `copying`).
//! # Breaks
//! Leader changes, and clients that have to find the new leader, are not in the numbers.

mod advice;
mod change;
mod copying;
mod gauges;
mod latency;
mod moves;
mod window;

pub use advice::{Advice, Rule, advice};
pub use change::{Change, check};
pub use gauges::{Gauge, gauges};
pub use latency::PublishLatency;
pub use moves::{MoveBook, ThrottleRow};
pub use window::{Window, windows};

use super::brokers::{BrokerStudy, steady};
use super::simulate::judged;
use crate::chance::Seed;
use crate::cluster::{GroupId, TopicId};
use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::scenario::{Scenario, TimelineAction, TimelineEntry};
use crate::units::{ByteRate, SimSpan};
use rayon::prelude::*;

/// How long members are watched after their number has changed.
const WATCHED: SimSpan = SimSpan::from_secs(15 * 60);
/// Replications of latencies.
const TIMES: u32 = 3;
/// Shortest stretch that is looked for.
const SHORTEST: SimSpan = SimSpan::from_secs(10 * 60);

/// What is asked beside the change.
#[derive(Debug, Clone, Copy)]
pub struct RunbookOptions {
    /// Throttle of each broker; chosen when none.
    pub throttle: Option<ByteRate>,
    /// Replicas that a broker gets or sends at a time; chosen when none.
    pub concurrency: Option<u32>,
    /// Seed.
    pub seed: Seed,
}

/// A stretch of the change with what is to be expected.
#[derive(Debug, Clone)]
pub struct Phase {
    /// `before`, `during`, `after`.
    pub name: &'static str,
    /// The first run.
    pub run: Run,
    /// By gauge, in their order: smallest and largest value over all draws.
    pub ranges: Vec<Option<[f64; 2]>>,
    /// By producer, in their order.
    pub latencies: Vec<Option<PublishLatency>>,
}

/// What differs between kinds of changes.
#[derive(Debug, Clone)]
pub enum Body {
    /// Replicas move.
    Move(Box<MoveBook>),
    /// A topic gets partitions.
    Partitions {
        /// The topic.
        topic: TopicId,
        /// Partitions before and after.
        counts: [u32; 2],
        /// Share of keys that stay in their partition.
        keys_stay: f64,
    },
    /// A group gets or loses members.
    Members {
        /// The group.
        group: GroupId,
        /// Members before and after.
        counts: [u32; 2],
        /// Rebalances that the change takes.
        rebalances: u32,
        /// What partitions wait because of it, partition-seconds.
        paused: f64,
    },
}

/// The procedure of one change.
#[derive(Debug, Clone)]
pub struct Procedure {
    /// The change.
    pub change: Change,
    /// The scenario as it stands.
    pub scenario: Scenario,
    /// The cluster after the change.
    pub after: Scenario,
    /// When to make it, and when not to.
    pub windows: [Window; 2],
    /// What is watched.
    pub gauges: Vec<Gauge>,
    /// Before, during, after.
    pub phases: Vec<Phase>,
    /// During the change in the busiest stretch: by gauge.
    pub at_peak: Vec<Option<[f64; 2]>>,
    /// Simulations of each phase.
    pub simulations: usize,
    /// What is special.
    pub body: Body,
}

impl Procedure {
    /// The phase of a name.
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.name == name)
    }
    /// The move, where replicas move.
    pub fn moves(&self) -> Option<&MoveBook> {
        match &self.body {
            Body::Move(book) => Some(book),
            Body::Partitions { .. } | Body::Members { .. } => None,
        }
    }
    /// The study of the move.
    pub fn study(&self) -> Option<&BrokerStudy> {
        self.moves().map(|book| &book.study)
    }
}

/// Scenarios of a phase: as it is read, then with drawn cards.
type Draws = [Scenario];

/// Writes the procedure of a change; `draws` begin with the scenario itself, the others are it with
/// values of cards drawn from their uncertainty; `again` reads them with a topic of another number
/// of partitions.
///
/// # Errors
/// A change that cannot be, with the nearest that can; see [`check`].
pub fn runbook(
    draws: &Draws,
    change: &Change,
    options: RunbookOptions,
    again: &dyn Fn(TopicId, u32) -> Result<Vec<Scenario>>,
) -> Result<Procedure> {
    let Some(scenario) = draws.first() else { return Err(Error::usage("no scenario")) };
    check(scenario, change)?;
    let still: Vec<Scenario> = draws.par_iter().map(steady).collect();
    match change {
        Change::Brokers(question) => moves::procedure(&still, change, question, options),
        Change::Partitions { topic, count } => {
            let wide: Vec<Scenario> = again(*topic, *count)?.par_iter().map(steady).collect();
            Ok(partitions(&still, wide, change, (*topic, *count), options.seed))
        }
        Change::Members { group, count } => {
            Ok(members(&still, change, (*group, *count), options.seed))
        }
    }
}

/// The phases of a change that is complete at once.
fn partitions(
    still: &Draws,
    wide: Vec<Scenario>,
    change: &Change,
    (topic, count): (TopicId, u32),
    seed: Seed,
) -> Procedure {
    let gauges = gauges(&still[0]);
    let before = runs(still, seed);
    let windows = windows(&before[0], SHORTEST);
    let after = runs(&wide, seed);
    let old = still[0].cluster.topic(topic).partitions;
    let phases = vec![
        phase("before", before, &gauges, &windows[0], &still[0], seed),
        phase("after", after, &gauges, &windows[0], &wide[0], seed),
    ];
    let after = wide.into_iter().next().unwrap_or_else(|| still[0].clone());
    Procedure {
        change: change.clone(),
        scenario: still[0].clone(),
        after,
        windows,
        at_peak: vec![None; gauges.len()],
        gauges,
        phases,
        simulations: still.len(),
        body: Body::Partitions { topic, counts: [old, count], keys_stay: keys_stay(old, count) },
    }
}

/// Keys whose hash gives the same number by both moduli: those of which it is below the smaller,
/// one of each least common multiple.
fn keys_stay(old: u32, new: u32) -> f64 {
    let gcd = |a: u64, b: u64| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let (old, new) = (u64::from(old), u64::from(new));
    let multiple = old / gcd(old, new) * new;
    old.min(new) as f64 / multiple as f64
}

/// The phases of a group that gets or loses members in the quietest stretch.
fn members(
    still: &Draws,
    change: &Change,
    (group, count): (GroupId, u32),
    seed: Seed,
) -> Procedure {
    let gauges = gauges(&still[0]);
    let before = runs(still, seed);
    let windows = windows(&before[0], WATCHED);
    let scaled = |window: &Window| -> Vec<Run> {
        let one = |scenario: &Scenario| {
            let mut scenario = scenario.clone();
            let action = TimelineAction::ScaleGroup { group, members: count };
            scenario.timeline.push(TimelineEntry { at: window.from, action });
            judged(&scenario, seed, 0)
        };
        still.par_iter().map(one).collect()
    };
    let grown: Vec<Scenario> = still
        .iter()
        .map(|scenario| {
            let mut scenario = scenario.clone();
            scenario.groups[group.index()].members = count;
            scenario
        })
        .collect();
    let during = scaled(&windows[0]);
    let busy = scaled(&windows[1]);
    let name = &still[0].groups[group.index()].name;
    let of = |run: &Run| {
        run.groups.get(name).map_or((0, 0.0), |one| (one.rebalances, one.paused_partition_seconds))
    };
    let (old, new) = (of(&before[0]), of(&during[0]));
    let body = Body::Members {
        group,
        counts: [still[0].groups[group.index()].members, count],
        rebalances: new.0.saturating_sub(old.0),
        paused: (new.1 - old.1).max(0.0),
    };
    let at_peak = ranges(&busy, &gauges, &windows[1]);
    let after = runs(&grown, seed);
    let phases = vec![
        phase("before", before, &gauges, &windows[0], &still[0], seed),
        Phase { latencies: Vec::new(), ..bare_phase("during", during, &gauges, &windows[0]) },
        phase("after", after, &gauges, &windows[0], &grown[0], seed),
    ];
    Procedure {
        change: change.clone(),
        scenario: still[0].clone(),
        after: grown[0].clone(),
        windows,
        gauges,
        phases,
        at_peak,
        simulations: still.len(),
        body,
    }
}

/// One run of each draw.
fn runs(draws: &Draws, seed: Seed) -> Vec<Run> {
    draws.par_iter().map(|scenario| judged(scenario, seed, 0)).collect()
}

/// By gauge, the smallest and largest value in a stretch over all runs.
fn ranges(runs: &[Run], gauges: &[Gauge], window: &Window) -> Vec<Option<[f64; 2]>> {
    let over = |gauge: &Gauge| {
        let all = runs.iter().filter_map(|run| gauge.range(run, window));
        all.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
    };
    gauges.iter().map(over).collect()
}

fn bare_phase(name: &'static str, runs: Vec<Run>, gauges: &[Gauge], window: &Window) -> Phase {
    let ranges = ranges(&runs, gauges, window);
    let mut runs = runs;
    Phase { name, run: runs.swap_remove(0), ranges, latencies: Vec::new() }
}

/// A phase with the latencies at its busiest instant.
fn phase(
    name: &'static str,
    runs: Vec<Run>,
    gauges: &[Gauge],
    window: &Window,
    scenario: &Scenario,
    seed: Seed,
) -> Phase {
    let latencies = latency::at(scenario, &runs[0], window, seed, TIMES);
    Phase { latencies, ..bare_phase(name, runs, gauges, window) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_stay_by_hand() {
        // Doubling: half of them. 24 to 36: of 72 hashes, those below 24.
        assert_eq!(keys_stay(12, 24), 0.5);
        assert_eq!(keys_stay(24, 36), 24.0 / 72.0);
        let counted = |old: u64, new: u64| {
            let multiple = (1..=old * new).find(|n| n % old == 0 && n % new == 0).unwrap();
            let same = (0..multiple).filter(|hash| hash % old == hash % new).count();
            same as f64 / multiple as f64
        };
        for (old, new) in [(3, 7), (6, 9), (10, 15), (8, 64)] {
            assert_eq!(keys_stay(old, new), counted(u64::from(old), u64::from(new)));
        }
    }
}
