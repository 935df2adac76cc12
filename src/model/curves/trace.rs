//! A recorded load: CSV with the columns `time,rate`.
//!
//! # Rule
//! A rate holds from its time until the next row's. Times are seconds or spans with a unit, rates
//! records/s or rates with a unit; times grow strictly. A trace covers the run or repeats.
//! # Assumes
//! The recording's resolution is fine enough for the question.
//! # Breaks
//! Peaks between two rows are averaged away.
//! # Source
//! Definition.

use super::{Reader, Steps, WORD};
use crate::error::{Place, Problem};
use crate::form::{Key, Shape, Table};
use crate::units::{Quantity, RecordRate, SimSpan, SimTime};

pub(super) const KEYS: Table = &[
    WORD,
    Key::required("trace", Shape::Text, "a CSV file with the columns time,rate"),
    Key::default("repeats", Shape::Flag, "false", "whether the trace starts again at its end"),
];

pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Steps> {
    let name = reader.fields.text("trace")?;
    let repeats = reader.fields.flag("repeats")?;
    let (text, file) = match reader.context.files.text(&name, reader.fields.node()) {
        Ok(found) => found,
        Err(why) => {
            reader.fields.refuse("trace", format!("`{name}`: {why}"), "a CSV file that exists");
            return None;
        }
    };
    let rows = match rows(&text, &file) {
        Ok(rows) => rows,
        Err(problem) => {
            reader.fields.check().problems.push(*problem);
            return None;
        }
    };
    let last = rows.last().map_or(SimTime::ZERO, |row| row.0) - SimTime::ZERO;
    if !repeats && last < reader.context.duration {
        let found = format!(
            "a trace of {} for a run of {}",
            last.to_prose(),
            reader.context.duration.to_prose()
        );
        reader.fields.refuse("trace", found, "a trace that covers the run, or `repeats: true`");
        return None;
    }
    if repeats && last.is_zero() {
        reader.fields.refuse("trace", "a trace of one instant", "at least two rows to repeat");
        return None;
    }
    Some(Steps::new(rows, repeats.then_some(last)))
}

fn rows(text: &str, file: &str) -> Result<Vec<(SimTime, f64)>, Box<Problem>> {
    let mut csv = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let problem = |line: u64, found: String, allowed: &str| {
        let place = Place { file: file.into(), line: line as usize, column: 1 };
        let (path, allowed) = (String::new(), allowed.to_owned());
        Box::new(Problem { place, path, found, allowed, nearest: None })
    };
    let header = csv.headers().map(|h| h.iter().collect::<Vec<_>>().join(",")).unwrap_or_default();
    if header != "time,rate" {
        return Err(problem(1, format!("`{header}`"), "the header `time,rate`"));
    }
    let mut rows: Vec<(SimTime, f64)> = Vec::new();
    for record in csv.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            problem(line, error.to_string(), "two columns, time and rate")
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let (time, rate) = (&record[0], &record[1]);
        let at = seconds(time)
            .ok_or_else(|| problem(line, format!("`{time}`"), "a time, e.g. `3600` or `1 h`"))?;
        let rate = records(rate)
            .ok_or_else(|| problem(line, format!("`{rate}`"), "a rate, e.g. `2000` or `2 k/s`"))?;
        if rows.last().is_some_and(|(last, _)| *last >= at) {
            return Err(problem(line, format!("`{time}`"), "a time later than the row before"));
        }
        rows.push((at, rate));
    }
    if rows.is_empty() {
        return Err(problem(0, "no rows".into(), "at least one row of time,rate"));
    }
    Ok(rows)
}

fn seconds(text: &str) -> Option<SimTime> {
    let span = match text.parse::<f64>() {
        Ok(seconds) => SimSpan::from_base(seconds * 1e9),
        Err(_) => SimSpan::parse(text),
    };
    span.ok().map(|span| SimTime::ZERO.saturating_add(span))
}

fn records(text: &str) -> Option<f64> {
    let rate = match text.parse::<f64>() {
        Ok(rate) => RecordRate::from_base(rate),
        Err(_) => RecordRate::parse(text),
    };
    rate.ok().map(RecordRate::get)
}
