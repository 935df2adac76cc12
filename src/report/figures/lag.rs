//! Committed lag and the age of the oldest record, with thresholds and objectives.

use super::axes::{Curve, Panel, corners, frame, legend};
use super::scene::{BLUE, DASHED, Dash, GREEN, LONG, ORANGE, PINK, SOFT, SOLID, Scene};
use crate::metrics::Run;
use crate::units::count;

/// Colours and dashes of curves, one after another.
pub(super) const STYLES: [((u8, u8, u8), Dash); 4] =
    [(BLUE, SOLID), (ORANGE, DASHED), (GREEN, LONG), (PINK, SOLID)];

pub(super) fn scene(run: &Run, title: &str) -> Option<Scene> {
    let lag = curves(run, "lag_records");
    if lag.is_empty() {
        return None;
    }
    let mut scene = frame(run, title, 560.0);
    let mut levels: Vec<(f64, String)> = Vec::new();
    for line in run.thresholds.iter().filter(|line| line.metric == "consumer_lag") {
        levels
            .push((line.up, format!("policy scales {} up above {}", line.target, count(line.up))));
    }
    panel(run, &mut scene, 92.0, "records, committed lag", &lag, &levels, "lag(");
    let age = curves(run, "lag_seconds");
    panel(run, &mut scene, 340.0, "seconds, oldest record", &age, &[], "lag_seconds(");
    legend(&mut scene, 60.0, &lag);
    Some(scene)
}

fn curves(run: &Run, name: &str) -> Vec<Curve> {
    run.series_named(name)
        .filter(|series| series.points.len() > 1)
        .zip(STYLES)
        .map(|(series, (colour, dash))| Curve {
            name: series.entity.clone(),
            colour,
            dash,
            width: 2.2,
            points: corners(series),
        })
        .collect()
}

/// A panel of curves over time with levels, those of objectives included.
pub(super) fn panel(
    run: &Run,
    scene: &mut Scene,
    top: f64,
    unit: &str,
    curves: &[Curve],
    levels: &[(f64, String)],
    objective: &str,
) {
    let mut levels = levels.to_vec();
    for one in run.slo.iter().filter(|one| one.expression.trim_start().starts_with(objective)) {
        levels.push((one.limit, format!("objective: {}", one.expression)));
    }
    let highest = curves.iter().flat_map(|curve| &curve.points).map(|p| p.1).fold(0.0, f64::max);
    // Levels are shown, but do not flatten the curve more than by half.
    let shown = levels.iter().map(|level| level.0).filter(|level| *level <= highest * 3.0);
    let panel = Panel::new(run, top, 165.0, shown.fold(highest, f64::max));
    panel.quantity(scene, unit);
    panel.time(scene, run);
    for curve in curves.iter().rev() {
        panel.curve(scene, curve);
    }
    levels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut last = f64::INFINITY;
    for (value, words) in levels.iter().filter(|level| level.0 <= panel.most) {
        // Two levels close to each other: the second goes without words.
        let words = if (last - panel.y(*value)).abs() < 20.0 { "" } else { words };
        last = panel.y(*value);
        let words = Scene::clipped(words, super::axes::LABEL, 560.0);
        panel.level(scene, *value, &words, SOFT);
    }
}
