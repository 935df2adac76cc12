//! The 99th percentiles of latencies over time, with objectives.

use super::axes::{Curve, corners, frame, legend};
use super::lag::{STYLES, panel};
use super::scene::Scene;
use crate::metrics::{Journey, Latencies, Run, Series, Shape};
use crate::units::{SimSpan, SimTime};

/// Windows that a run is divided into.
const COLUMNS: u64 = 144;

pub(super) fn scene(run: &Run, title: &str) -> Option<Scene> {
    let publish = curves(run, Journey::Publish);
    let delivery = curves(run, Journey::EndToEnd);
    if publish.is_empty() {
        return None;
    }
    let height = if delivery.is_empty() { 312.0 } else { 560.0 };
    let mut scene = frame(run, title, height);
    panel(run, &mut scene, 92.0, "ms, publish p99", &publish, &[], "publish(");
    if !delivery.is_empty() {
        panel(run, &mut scene, 340.0, "ms, end to end p99", &delivery, &[], "e2e(");
    }
    let all: Vec<Curve> = publish.into_iter().chain(delivery).collect();
    legend(&mut scene, 60.0, &all);
    Some(scene)
}

/// The curves of one panel; the second panel's colours follow those of the first.
fn curves(run: &Run, journey: Journey) -> Vec<Curve> {
    let with_styles = run.latencies.iter().zip(STYLES.iter().cycle());
    with_styles
        .filter(|(one, _)| one.journey == journey)
        .map(|(one, &(colour, dash))| Curve {
            name: one.entity.clone(),
            colour,
            dash,
            width: 2.2,
            points: corners(&over_time(run, one)),
        })
        .filter(|curve| !curve.points.is_empty())
        .collect()
}

/// The 99th percentile of each column that has records.
fn over_time(run: &Run, of: &Latencies) -> Series {
    let instant = |column: u64| {
        SimTime::ZERO + SimSpan::from_nanos(run.duration.as_nanos() / COLUMNS * column)
    };
    let value = |column: u64| {
        let all = of.between(instant(column), instant(column + 1));
        let nanos = all.quantile(0.99)?;
        Some((instant(column), SimSpan::from_nanos(nanos).as_millis_f64()))
    };
    let mut points: Vec<(SimTime, f64)> = (0..COLUMNS).filter_map(value).collect();
    // The last value holds until the end.
    points.extend(points.last().map(|(_, value)| (instant(COLUMNS), *value)));
    Series {
        name: "latency_ms".to_owned(),
        entity: of.entity.clone(),
        unit: "ms",
        shape: Shape::Step,
        points,
    }
}
