//! Sizes: wanted, ready and useful, for brokers and each group.

use super::axes::{Curve, Panel, corners, frame, legend};
use super::scene::{BLUE, DASHED, DOTTED, INK, ORANGE, SOLID, Scene};
use crate::metrics::{Run, Series};

/// Groups shown.
const MOST: usize = 3;

pub(super) fn scene(run: &Run, title: &str) -> Option<Scene> {
    let mut panels: Vec<(String, [Option<&Series>; 3])> = Vec::new();
    let brokers = ["brokers_desired", "brokers_ready", "brokers_useful"];
    panels.push(("brokers".into(), brokers.map(|name| run.series(name, "cluster"))));
    for name in run.groups.keys().take(MOST) {
        let members = ["members_desired", "members_ready", "members_owning"];
        panels.push((format!("members of {name}"), members.map(|series| run.series(series, name))));
    }
    panels.retain(|(_, series)| series.iter().flatten().any(|series| series.points.len() > 1));
    if panels.is_empty() {
        return None;
    }
    let height = 96.0 + 205.0 * panels.len() as f64 - 12.0;
    let mut scene = frame(run, title, height);
    for (index, (unit, series)) in panels.iter().enumerate() {
        let curves = curves(series);
        let most = curves.iter().flat_map(|curve| &curve.points).map(|p| p.1).fold(0.0, f64::max);
        let panel = Panel::new(run, 96.0 + 205.0 * index as f64, 130.0, most);
        let unit = Scene::clipped(unit, super::axes::LABEL, 300.0);
        panel.quantity(&mut scene, &unit);
        panel.time(&mut scene, run);
        for curve in &curves {
            panel.curve(&mut scene, curve);
        }
        if index == 0 {
            legend(&mut scene, 60.0, &curves);
        }
    }
    Some(scene)
}

fn curves(series: &[Option<&Series>; 3]) -> Vec<Curve> {
    let styles = [
        ("wanted", ORANGE, DASHED, 2.0),
        ("ready", INK, DOTTED, 2.6),
        ("useful (has partitions)", BLUE, SOLID, 2.2),
    ];
    series
        .iter()
        .zip(styles)
        .filter_map(|(series, (name, colour, dash, width))| {
            let points = corners((*series)?);
            Some(Curve { name: name.into(), colour, dash, width, points })
        })
        .collect()
}
