//! Replaying a recorded history through a policy: what would it have done?
//!
//! No cluster: the history's metrics are what the policy sees. In the open loop its sizes are the
//! history's too, and a decision changes only the policy's own memory; in the closed loop sizes
//! start from the first row and follow the decisions at once.

use crate::error::{Error, Place, Problem, Result};
use crate::model::policies::Policy;
use crate::model::policy::{Observation, Sample, ScalingPolicy, Target};
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
    /// After the cooldown.
    pub stabilised: Option<u32>,
    /// Before minimum and maximum.
    pub limited: Option<u32>,
    /// The size wanted, or the current one.
    pub desired: u32,
    /// One word of a closed list.
    pub reason: &'static str,
}

/// A recorded history: rows that hold until the next.
#[derive(Debug, Clone)]
struct History {
    columns: Vec<String>,
    /// Seconds and values, in the order of the columns; `None` where nothing was measured.
    rows: Vec<(f64, Vec<Option<f64>>)>,
}

/// Replays a history (CSV text) through a policy, at t0 + k · period up to and including the last
/// row.
///
/// Columns: `t_s`, the policy's own metrics (an empty field is unmeasured), and sizes: `brokers`
/// and `consumers` (or `replicas` for a policy of one loop), and `partitions` where a size depends
/// on it.
///
/// # Errors
/// A missing column, a `t_s` that does not grow, a value that is not a number: with file and line.
pub fn replay(file: &str, text: &str, policy: &Policy, closed: bool) -> Result<Vec<ReplayRow>> {
    let history = History::read(file, text)?;
    let mut policy = policy.clone();
    let metrics: Vec<String> = policy.metrics().into_iter().map(str::to_owned).collect();
    let targets = targets(&policy);
    let metric_columns = metrics
        .iter()
        .map(|metric| history.column(file, metric))
        .collect::<Result<Vec<usize>>>()?;
    let size_columns = targets
        .iter()
        .map(|target| history.size_column(file, *target, targets.len()))
        .collect::<Result<Vec<usize>>>()?;
    let partitions = history.columns.iter().position(|column| column == "partitions");
    let mut rows = Vec::new();
    let mut sizes = history.sizes(file, 0, &size_columns)?;
    for (t_s, index) in history.evaluations(policy.period()) {
        if !closed {
            sizes = history.sizes(file, index, &size_columns)?;
        }
        let values = &history.rows[index].1;
        let samples: Vec<Sample<'_>> = metrics
            .iter()
            .zip(&metric_columns)
            .map(|(metric, column)| Sample { metric, value: values[*column] })
            .collect();
        let size = |target| targets.iter().position(|one| *one == target).map(|i| sizes[i]);
        let decisions = policy.decide(
            SimTime::ZERO + SimSpan::from_secs_f64(t_s - history.rows[0].0),
            &Observation {
                samples: &samples,
                brokers: size(Target::Brokers).unwrap_or(0),
                consumers: size(Target::Consumers),
                partitions: partitions.and_then(|column| values[column]).map(|n| n as u32),
            },
        );
        for decision in decisions {
            if let (true, Some(index)) =
                (closed, targets.iter().position(|target| *target == decision.target))
            {
                sizes[index] = decision.desired;
            }
            rows.push(ReplayRow {
                t_s,
                policy: decision.policy,
                metric: decision.metric,
                proposal: decision.proposal,
                stabilised: decision.stabilised,
                limited: decision.limited,
                desired: decision.desired,
                reason: decision.reason.word(),
            });
        }
    }
    Ok(rows)
}

/// What a policy scales, brokers first.
fn targets(policy: &Policy) -> Vec<Target> {
    let mut targets: Vec<Target> =
        policy.thresholds().into_iter().map(|threshold| threshold.target).collect();
    targets.dedup();
    targets
}

impl History {
    fn read(file: &str, text: &str) -> Result<Self> {
        let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let columns: Vec<String> = match csv.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect(),
            Err(error) => return Err(problem(file, 1, error.to_string(), "a CSV header")),
        };
        let mut history = Self { columns, rows: Vec::new() };
        let time = history.column(file, "t_s")?;
        for record in csv.records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line) as usize;
                problem(file, line, error.to_string(), "as many fields as the header")
            })?;
            let line = record.position().map_or(0, csv::Position::line) as usize;
            let mut values = Vec::with_capacity(history.columns.len());
            for (column, field) in history.columns.iter().zip(&record) {
                values.push(number(file, line, column, field)?);
            }
            let Some(t_s) = values[time] else {
                return Err(problem(file, line, "no t_s".into(), "seconds in every row"));
            };
            if history.rows.last().is_some_and(|(last, _)| *last >= t_s) {
                let found = format!("t_s {t_s}");
                return Err(problem(file, line, found, "a t_s later than the row before"));
            }
            history.rows.push((t_s, values));
        }
        if history.rows.is_empty() {
            return Err(problem(file, 0, "no rows".into(), "at least one row"));
        }
        Ok(history)
    }

    fn column(&self, file: &str, name: &str) -> Result<usize> {
        self.columns.iter().position(|column| column == name).ok_or_else(|| {
            let found = format!("the columns {}", self.columns.join(", "));
            problem(file, 1, found, &format!("a column `{name}`"))
        })
    }

    fn size_column(&self, file: &str, target: Target, targets: usize) -> Result<usize> {
        let replicas = self.columns.iter().position(|column| column == "replicas");
        match (self.column(file, target.word()), replicas, targets) {
            (Err(_), Some(column), 1) => Ok(column),
            (found, _, _) => found,
        }
    }

    fn sizes(&self, file: &str, row: usize, columns: &[usize]) -> Result<Vec<u32>> {
        let size = |column: &usize| {
            let value = self.rows[row].1[*column];
            value.filter(|value| value.fract() == 0.0).map(|value| value as u32).ok_or_else(|| {
                let found = format!("{} at t_s {}", self.columns[*column], self.rows[row].0);
                problem(file, 0, found, "a whole number in every row")
            })
        };
        columns.iter().map(size).collect()
    }

    /// Instants of evaluation, each with the row that holds then.
    fn evaluations(&self, period: SimSpan) -> Vec<(f64, usize)> {
        let (first, last) = (self.rows[0].0, self.rows[self.rows.len() - 1].0);
        let mut instants = Vec::new();
        let mut row = 0;
        for k in 0_u32.. {
            let t_s = first + f64::from(k) * period.as_secs_f64();
            if t_s > last {
                break;
            }
            while self.rows.get(row + 1).is_some_and(|(next, _)| *next <= t_s) {
                row += 1;
            }
            instants.push((t_s, row));
        }
        instants
    }
}

fn number(file: &str, line: usize, column: &str, field: &str) -> Result<Option<f64>> {
    if field.is_empty() {
        return Ok(None);
    }
    match field.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
        _ => {
            let found = format!("{column} `{field}`");
            Err(problem(file, line, found, "a number of at least 0, or nothing"))
        }
    }
}

fn problem(file: &str, line: usize, found: String, allowed: &str) -> Error {
    let place = Place { file: file.into(), line, column: usize::from(line > 0) };
    let (path, allowed) = (String::new(), allowed.to_owned());
    Error::input(vec![Problem { place, path, found, allowed, nearest: None }])
}
