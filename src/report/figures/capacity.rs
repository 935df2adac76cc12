//! Load against what brokers and groups can carry.

use super::axes::{Curve, Panel, corners, frame, legend};
use super::scene::{BLUE, DASHED, Dash, GREEN, INK, LONG, ORANGE, PINK, SOLID, Scene};
use crate::metrics::Run;

pub(super) fn scene(run: &Run, title: &str) -> Option<Scene> {
    let load = run.series("offered_records_s", "all").filter(|s| s.points.len() > 1)?;
    let mut curves = vec![Curve {
        name: "offered load".into(),
        colour: INK,
        dash: SOLID,
        width: 2.6,
        points: corners(load),
    }];
    let styles: [((u8, u8, u8), Dash); 4] =
        [(BLUE, DASHED), (ORANGE, SOLID), (GREEN, LONG), (PINK, DASHED)];
    let capacities = run.series_named("capacity_records_s").filter(|s| s.points.len() > 1);
    for (series, (colour, dash)) in capacities.zip(styles) {
        let name = if series.entity == "brokers" {
            "brokers can carry".to_owned()
        } else {
            format!("group {} can carry", series.entity)
        };
        curves.push(Curve { name, colour, dash, width: 2.0, points: corners(series) });
    }
    // What lies far above the load need not be seen in full.
    let highest = curves.iter().flat_map(|curve| &curve.points).map(|p| p.1).fold(0.0, f64::max);
    let most = highest.min(load.max() * 3.2);
    let mut scene = frame(run, title, 430.0);
    let panel = Panel::new(run, 92.0, 270.0, most);
    panel.quantity(&mut scene, "records/s");
    panel.time(&mut scene, run);
    legend(&mut scene, 60.0, &curves);
    for curve in curves.iter().rev() {
        panel.curve(&mut scene, curve);
    }
    Some(scene)
}
