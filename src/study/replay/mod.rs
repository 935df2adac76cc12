//! Replaying a recorded history through a policy: what would it have done?
//!
//! No cluster: the history's metrics are what the policy sees. In the open loop its sizes are the
//! history's too, and a decision changes only the policy's own memory; in the closed loop sizes
//! start from the first row and follow the decisions at once.

mod findings;
mod history;
mod readings;

pub use self::findings::{Outage, ReplayFinding, ReplaySwings};

use self::findings::{Outages, Sizes, arrivals};
use self::history::History;
use self::readings::Readings;
use crate::error::Result;
use crate::model::policies::{Policy, SYNC};
use crate::model::policy::{Decision, Observation, Reason, Sample, ScalingPolicy, Target};
use crate::model::workload::{Reading, Want, Workload};
use crate::units::{SimSpan, SimTime};
use serde::Serialize;

/// One evaluation of one loop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayRow {
    /// Seconds, on the history's clock.
    pub t_s: f64,
    /// The loop's name.
    pub policy: String,
    /// The metric that decided, if any.
    pub metric: Option<String>,
    /// What the metrics ask for.
    pub proposal: Option<u32>,
    /// After the cooldown or the windows.
    pub stabilised: Option<u32>,
    /// After rate limits, before minimum and maximum.
    pub limited: Option<u32>,
    /// The size wanted, or the current one.
    pub desired: u32,
    /// One word of a closed list.
    pub reason: &'static str,
}

/// Replays a history (CSV text) through a policy, at t0 + k · period up to and including the last
/// row.
///
/// Columns: `t_s`; what the policy reads; and sizes. A policy of thresholds reads its own metrics
/// (an empty field is unmeasured) and `brokers` and `consumers` (or `replicas` for one loop), and
/// `partitions` where a size depends on it. Controllers of Kubernetes read `replicas`, `ready`
/// (default: all of them) and the columns of their metrics (see the module `readings`).
///
/// # Errors
/// A missing column, a `t_s` that does not grow, a value that is no quantity: with file and line.
pub fn replay(file: &str, text: &str, policy: &Policy, closed: bool) -> Result<Vec<ReplayRow>> {
    replay_and_judge(file, text, policy, closed).map(|replayed| replayed.rows)
}

/// Rows and what stands out in them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replayed {
    /// One row for each evaluation of each loop.
    pub rows: Vec<ReplayRow>,
    /// What a reader should know.
    pub findings: Vec<ReplayFinding>,
}

/// The same as [`replay`], with what stands out.
///
/// # Errors
/// Those of [`replay`].
pub fn replay_and_judge(file: &str, text: &str, policy: &Policy, closed: bool) -> Result<Replayed> {
    let history = History::read(file, text)?;
    let wants = policy.wants();
    if wants.is_empty() {
        replay_thresholds(&history, foreseeing(&history, policy)?, closed)
    } else {
        replay_controller(&history, policy.clone(), &wants, closed)
    }
}

/// Controllers: what each want may read, and the sizes of the workload.
fn replay_controller(
    history: &History,
    mut policy: Policy,
    wants: &[Want],
    closed: bool,
) -> Result<Replayed> {
    let replicas = history.all_sizes(history.column("replicas")?)?;
    let ready = history.find("ready").map(|column| history.sizes(column)).transpose()?;
    let columns: Vec<Readings> =
        wants.iter().map(|want| Readings::read(history, want)).collect::<Result<_>>()?;
    let period = policy.period();
    let demand = arrivals(history, &columns)?;
    let (mut outages, mut sizes) = (Outages::default(), Sizes::default());
    let mut rows = Vec::new();
    let mut size = replicas[0];
    for (k, t_s, row) in history.evaluations(period)? {
        if !closed {
            size = replicas[row];
        }
        let listed = ready.as_ref().and_then(|ready| ready[row]);
        let readings: Vec<Reading<'_>> = columns.iter().map(|column| column.at(row)).collect();
        let workload = Workload {
            spec: size,
            status: size,
            ready: if closed { size } else { listed.unwrap_or(size) },
            follows: closed,
            readings: &readings,
        };
        let now = SimTime::from_nanos(period.as_nanos().saturating_mul(k));
        let observation = Observation {
            samples: &[],
            brokers: 0,
            consumers: Some(size),
            partitions: None,
            workload: Some(workload),
        };
        let mut poll = None;
        for decision in policy.decide(now, &observation) {
            size = decision.desired;
            if decision.policy.ends_with(POLL) {
                poll = Some(decision.reason != Reason::NoScaler);
            } else {
                let demand = demand.as_ref().map_or(1.0, |demand| demand[row]);
                sizes.push(&decision.policy, demand, decision.desired);
            }
            rows.push(row_of(t_s, decision));
        }
        if let Policy::Keda(keda) = &policy {
            outages.look(t_s, poll, &keda.spec().name, keda);
        }
    }
    let swings = sizes.finish(step(&policy).as_secs_f64(), demand.is_some());
    Ok(Replayed { rows, findings: outages.finish().chain(swings).collect() })
}

/// How the name of a poll ends.
const POLL: &str = "/poll";

/// Time between two decisions of a controller of Kubernetes.
fn step(policy: &Policy) -> SimSpan {
    if matches!(policy, Policy::Keda(_)) { SYNC } else { policy.period() }
}

/// The policy, which knows the rest of the history when it is an oracle.
fn foreseeing(history: &History, policy: &Policy) -> Result<Policy> {
    let Policy::Oracle(oracle) = policy else { return Ok(policy.clone()) };
    let rates = history.numbers(history.column("input_rate")?)?;
    let steps = history.evaluations(oracle.period())?;
    let period = oracle.period().as_secs_f64();
    // The rows that hold at some time before the next evaluation.
    let highest = |(_, t_s, row): &(u64, f64, usize)| {
        let later = (*row + 1..history.len()).take_while(|row| history.t_s(*row) < t_s + period);
        let rows = std::iter::once(*row).chain(later);
        rows.filter_map(|row| rates[row]).fold(0.0, f64::max)
    };
    let rates = steps.iter().map(highest).collect();
    Ok(Policy::from(oracle.clone().foreseeing(rates, SimSpan::ZERO)))
}

fn replay_thresholds(history: &History, mut policy: Policy, closed: bool) -> Result<Replayed> {
    let metrics: Vec<String> = policy.metrics().into_iter().map(str::to_owned).collect();
    let targets = policy.scales();
    let columns: Vec<Vec<Option<f64>>> = metrics
        .iter()
        .map(|metric| history.numbers(history.column(metric)?))
        .collect::<Result<_>>()?;
    let wanted: Vec<Vec<u32>> = targets
        .iter()
        .map(|target| history.all_sizes(size_column(history, *target, targets.len())?))
        .collect::<Result<_>>()?;
    let partitions = match history.find("partitions") {
        Some(column) => history.numbers(column)?,
        None => Vec::new(),
    };
    let demand = arrivals(history, &[])?;
    let mut told = Sizes::default();
    let mut rows = Vec::new();
    let mut sizes: Vec<u32> = wanted.iter().map(|sizes| sizes[0]).collect();
    for (k, t_s, row) in history.evaluations(policy.period())? {
        if !closed {
            sizes = wanted.iter().map(|sizes| sizes[row]).collect();
        }
        let samples: Vec<Sample<'_>> = metrics
            .iter()
            .zip(&columns)
            .map(|(metric, column)| Sample { metric, value: column[row] })
            .collect();
        let size = |target| targets.iter().position(|one| *one == target).map(|i| sizes[i]);
        let since = SimSpan::from_nanos(policy.period().as_nanos().saturating_mul(k));
        let decisions = policy.decide(
            SimTime::ZERO + since,
            &Observation {
                samples: &samples,
                brokers: size(Target::Brokers).unwrap_or(0),
                consumers: size(Target::Consumers),
                partitions: partitions.get(row).copied().flatten().map(|n| n as u32),
                workload: None,
            },
        );
        for decision in decisions {
            if let (true, Some(index)) =
                (closed, targets.iter().position(|target| *target == decision.target))
            {
                sizes[index] = decision.desired;
            }
            let demand = demand.as_ref().map_or(1.0, |demand| demand[row]);
            told.push(&decision.policy, demand, decision.desired);
            rows.push(row_of(t_s, decision));
        }
    }
    let swings = told.finish(policy.period().as_secs_f64(), demand.is_some());
    Ok(Replayed { rows, findings: swings.collect() })
}

fn row_of(t_s: f64, decision: Decision) -> ReplayRow {
    ReplayRow {
        t_s,
        policy: decision.policy,
        metric: decision.metric,
        proposal: decision.proposal,
        stabilised: decision.stabilised,
        limited: decision.limited,
        desired: decision.desired,
        reason: decision.reason.word(),
    }
}

fn size_column(history: &History, target: Target, targets: usize) -> Result<usize> {
    match (history.column(target.word()), history.find("replicas"), targets) {
        (Err(_), Some(column), 1) => Ok(column),
        (found, _, _) => found,
    }
}
