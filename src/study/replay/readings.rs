//! Columns of a history as readings of a controller.
//!
//! Quantities are in a column of the metric's name; an empty field is invalid then. Pods are in
//! `NAME[i]`, `NAME.request[i]` and `pod.state[i]`, whose indices are the pods. Offsets of the
//! metric S are in `S.committed[P]` and `S.end[P]`, P being a partition or TOPIC/PARTITION; either
//! may hold `error`, and a column S may hold `error` or `unreachable` for the query as a whole.

use super::history::History;
use crate::error::Result;
use crate::model::workload::{Offset, Offsets, PartitionOffsets, Pod, PodState, Reading, Want};
use crate::units::milli_quantity;

/// What a controller may read at each row.
#[derive(Debug, Clone)]
pub(super) enum Readings {
    Quantity(Vec<Option<i64>>),
    Pods(Vec<Vec<Pod>>),
    Offsets(Vec<Answer>),
}

/// The brokers' answer at one row.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Unreachable,
    Failed,
    Offsets(Vec<PartitionOffsets>),
}

impl Readings {
    /// Reads the columns of a want; every row is checked.
    pub(super) fn read(history: &History, want: &Want) -> Result<Self> {
        match want {
            Want::Quantity { name } => {
                Ok(Self::Quantity(quantities(history, history.column(name)?)?))
            }
            Want::Pods { name, requests } => Ok(Self::Pods(pods(history, name, *requests)?)),
            Want::Offsets { name, topic, .. } => {
                Ok(Self::Offsets(offsets(history, name, topic.is_some())?))
            }
        }
    }

    /// What is read at a row.
    pub(super) fn at(&self, row: usize) -> Reading<'_> {
        match self {
            Self::Quantity(values) => Reading::Quantity(values[row]),
            Self::Pods(pods) => Reading::Pods(&pods[row]),
            Self::Offsets(answers) => Reading::Offsets(match &answers[row] {
                Answer::Unreachable => Offsets::Unreachable,
                Answer::Failed => Offsets::Failed,
                Answer::Offsets(partitions) => Offsets::Answer(partitions),
            }),
        }
    }
}

impl Readings {
    /// The sum of the logs' ends at a row; `None` when it is not about offsets or nobody answers.
    pub(super) fn ends(&self, row: usize) -> Option<f64> {
        let Self::Offsets(answers) = self else { return None };
        let Answer::Offsets(partitions) = answers.get(row)? else { return None };
        let end = |one: &PartitionOffsets| match one.end {
            Offset::At(end) => Some(end as f64),
            Offset::Missing | Offset::Error => None,
        };
        partitions.iter().map(end).sum()
    }
}

fn quantities(history: &History, column: usize) -> Result<Vec<Option<i64>>> {
    history.values(column, |field| {
        if field.is_empty() {
            return Ok(None);
        }
        milli_quantity(field).map(Some).map_err(|error| error.allowed)
    })
}

/// The indices `[…]` of columns with a stem, in the order of the header.
fn indices<'h>(history: &'h History, stem: &str) -> Vec<&'h str> {
    let index =
        |column: &'h String| column.strip_prefix(stem)?.strip_prefix('[')?.strip_suffix(']');
    history.columns().iter().filter_map(index).collect()
}

fn pods(history: &History, name: &str, requests: bool) -> Result<Vec<Vec<Pod>>> {
    let numbers = indices(history, "pod.state");
    if numbers.is_empty() {
        return Err(history.no_column("columns `pod.state[i]`, one for each pod"));
    }
    let mut rows: Vec<Vec<Pod>> = Vec::new();
    for number in numbers {
        let states = history.values(history.column(&format!("pod.state[{number}]"))?, state)?;
        let usage = quantities(history, history.column(&format!("{name}[{number}]"))?)?;
        let request = if requests {
            quantities(history, history.column(&format!("{name}.request[{number}]"))?)?
        } else {
            vec![None; states.len()]
        };
        rows.resize_with(states.len(), Vec::new);
        for (row, pods) in rows.iter_mut().enumerate() {
            let (usage, request) = (usage[row], request[row]);
            pods.extend(states[row].map(|state| Pod { state, usage, request }));
        }
    }
    Ok(rows)
}

fn state(field: &str) -> std::result::Result<Option<PodState>, String> {
    Ok(Some(match field {
        "" => return Ok(None),
        "ready" => PodState::Ready,
        "unready" => PodState::Unready,
        "pending" => PodState::Pending,
        "deleted" => PodState::Deleted,
        "failed" => PodState::Failed,
        _ => return Err("ready, unready, pending, deleted, failed, or nothing".to_owned()),
    }))
}

fn offsets(history: &History, name: &str, one_topic: bool) -> Result<Vec<Answer>> {
    let partitions = partitions(history, name, one_topic)?;
    let whole = match history.find(name) {
        Some(column) => history.values(column, |field| match field {
            "" => Ok(None),
            "error" => Ok(Some(Answer::Failed)),
            "unreachable" => Ok(Some(Answer::Unreachable)),
            _ => Err("error, unreachable, or nothing".to_owned()),
        })?,
        None => Vec::new(),
    };
    let mut rows: Vec<Vec<PartitionOffsets>> = Vec::new();
    for (key, partition) in partitions {
        let column = |what: &str| history.column(&format!("{name}.{what}[{key}]"));
        let committed = history.values(column("committed")?, offset)?;
        let end = history.values(column("end")?, offset)?;
        rows.resize_with(end.len(), Vec::new);
        for (row, found) in rows.iter_mut().enumerate() {
            let (committed, end) = (committed[row], end[row]);
            found.push(PartitionOffsets { partition, committed, end });
        }
    }
    let mut whole = whole.into_iter();
    let answer = |found| whole.next().flatten().unwrap_or(Answer::Offsets(found));
    Ok(rows.into_iter().map(answer).collect())
}

/// The partitions that the header names, in a fixed order: index text and number.
fn partitions(history: &History, name: &str, one_topic: bool) -> Result<Vec<(String, u32)>> {
    let allowed = if one_topic {
        format!("columns `{name}.committed[P]` and `{name}.end[P]`, P a partition's number")
    } else {
        format!("columns `{name}.committed[TOPIC/P]` and `{name}.end[TOPIC/P]`")
    };
    let mut found = Vec::new();
    for stem in ["committed", "end"] {
        for key in indices(history, &format!("{name}.{stem}")) {
            let (topic, number) = match (one_topic, key.rsplit_once('/')) {
                (true, _) => ("", key),
                (false, Some((topic, number))) if !topic.is_empty() => (topic, number),
                (false, _) => return Err(history.no_column(&allowed)),
            };
            let number = number.parse::<u32>().map_err(|_| history.no_column(&allowed))?;
            found.push((topic.to_owned(), number, key.to_owned()));
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(history.no_column(&allowed));
    }
    Ok(found.into_iter().map(|(_, number, key)| (key, number)).collect())
}

fn offset(field: &str) -> std::result::Result<Offset, String> {
    match (field, field.parse::<i64>()) {
        // Kafka's own answer for a group that has committed nothing.
        ("" | "-1", _) => Ok(Offset::Missing),
        ("error", _) => Ok(Offset::Error),
        (_, Ok(offset)) if offset >= 0 => Ok(Offset::At(offset)),
        _ => Err("an offset from 0, `error`, or nothing".to_owned()),
    }
}
