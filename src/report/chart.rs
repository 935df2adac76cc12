//! A small chart for a terminal: load against capacity, and lag, in blocks.

use crate::metrics::{Run, Series, Shape};
use crate::report::clock::Clock;
use crate::units::{SimSpan, SimTime, count};

const WIDTH: usize = 72;
const HEIGHT: usize = 6;
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Load with a line for the smallest capacity, and the lag of the group with the largest lag.
pub fn chart(run: &Run) -> String {
    let clock = Clock::new(&run.start, SimTime::ZERO.saturating_add(run.duration));
    let mut text = String::new();
    if let Some(load) = run.series("offered_records_s", "all") {
        let capacity = tightest(run);
        let label = capacity
            .as_ref()
            .map_or_else(String::new, |(name, _)| format!(" ─ what {name} can carry"));
        text.push_str(&format!("Load, records/s{label}\n"));
        let line = capacity.as_ref().map(|(_, series)| columns(run, series, f64::min));
        text.push_str(&area(&columns(run, load, f64::max), line.as_deref()));
    }
    let lag = run.series_named("lag_records").max_by(|a, b| a.max().total_cmp(&b.max()));
    if let Some(lag) = lag {
        text.push_str(&format!("Lag of {}, records\n", lag.entity));
        text.push_str(&area(&columns(run, lag, f64::max), None));
    }
    if !text.is_empty() {
        text.push_str(&axis(run, &clock));
    }
    text
}

/// The target whose capacity comes closest to the load.
fn tightest(run: &Run) -> Option<(String, &Series)> {
    let closest = |series: &&Series| {
        let lowest = series.points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        ordered(lowest)
    };
    let series = run.series_named("capacity_records_s").min_by_key(closest)?;
    let name = if series.entity == "brokers" {
        "the brokers".to_owned()
    } else {
        format!("group {}", series.entity)
    };
    Some((name, series))
}

/// Positive floats order like their bits.
fn ordered(value: f64) -> u64 {
    value.max(0.0).to_bits()
}

/// The series in columns, joined by `join` within each.
fn columns(run: &Run, series: &Series, join: fn(f64, f64) -> f64) -> Vec<f64> {
    let step = run.duration.as_nanos() / WIDTH as u64;
    let instant = |nanos: u64| SimTime::ZERO.saturating_add(SimSpan::from_nanos(nanos));
    (0..WIDTH as u64)
        .map(|column| {
            let (from, to) = (instant(column * step), instant((column + 1) * step));
            let inside = series.points.iter().filter(|(at, _)| *at > from && *at <= to);
            let value = inside.map(|point| point.1).reduce(join);
            let held = series.at(from).filter(|_| series.shape == Shape::Step || value.is_none());
            match (value, held) {
                (Some(a), Some(b)) => join(a, b),
                (value, held) => value.or(held).unwrap_or(0.0),
            }
        })
        .collect()
}

fn area(values: &[f64], line: Option<&[f64]>) -> String {
    let top = values.iter().chain(line.into_iter().flatten()).copied().fold(0.0, f64::max);
    // A capacity far above the load would flatten it.
    let top = top.min(values.iter().copied().fold(0.0, f64::max) * 2.0).max(f64::MIN_POSITIVE);
    let mut text = String::new();
    for row in (0..HEIGHT).rev() {
        let label = match row {
            0 => "0".to_owned(),
            _ if row == HEIGHT - 1 => count(top),
            _ => String::new(),
        };
        let mut cells = String::new();
        for (index, value) in values.iter().enumerate() {
            let height = value / top * HEIGHT as f64 - row as f64;
            let eighths = (height * 8.0).round().clamp(0.0, 8.0) as usize;
            let marked = line
                .is_some_and(|line| (line[index] / top * HEIGHT as f64).floor() as usize == row);
            cells.push(if marked && eighths == 0 { '─' } else { BLOCKS[eighths] });
        }
        text.push_str(&format!("{label:>9} ┤{}\n", cells.trim_end()));
    }
    text
}

fn axis(run: &Run, clock: &Clock) -> String {
    let mut line = format!("{:>9} └", "");
    for quarter in 0..4_u64 {
        let at = SimTime::ZERO.saturating_add(run.duration / 4 * quarter);
        line.push_str(&format!("{:<18}", clock.text(at)));
    }
    let end = clock.text(SimTime::ZERO.saturating_add(run.duration));
    let used = line.trim_end().chars().count();
    let gap = " ".repeat((WIDTH + 11).saturating_sub(used).max(1));
    format!("{}{gap}{end}\n", line.trim_end())
}
