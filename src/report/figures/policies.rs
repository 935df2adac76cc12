//! Policies side by side: members against what the load needs, and how old the oldest record is.

use super::Picture;
use super::axes::{Curve, Panel, corners, frame, legend};
use super::lag::panel;
use super::scene::{BLUE, Colour, DASHED, Dash, GREEN, INK, LONG, ORANGE, PINK, SOFT, SOLID};
use crate::error::Result;
use crate::metrics::Series;
use crate::study::PolicyOutcome;

/// Policies that a figure can tell apart.
const MOST: usize = 6;
const STYLES: [(Colour, Dash); MOST] =
    [(SOFT, DASHED), (BLUE, SOLID), (ORANGE, SOLID), (GREEN, LONG), (PINK, SOLID), (INK, DASHED)];

/// How much later than all others the first policy may be and still be drawn.
const TOO_LATE: f64 = 5.0;

/// The figure; `None` without a policy, and of the first six only.
pub fn picture(outcomes: &[PolicyOutcome], group: &str) -> Result<Option<Picture>> {
    let Some(first) = outcomes.first() else { return Ok(None) };
    let title = "Policies side by side";
    let mut scene = frame(&first.run, title, 570.0);
    let curves = |name: &str| -> Vec<Curve> {
        let own = |one: &PolicyOutcome| one.run.series(name, group).map(corners);
        let all = outcomes.iter().zip(STYLES);
        all.filter_map(|(one, (colour, dash))| {
            let (name, points) = (one.name.clone(), own(one)?);
            Some(Curve { name, colour, dash, width: 2.2, points })
        })
        .collect()
    };
    let members = curves("members_owning");
    let following = &first.following;
    let needed = Series {
        name: "members_needed".to_owned(),
        entity: group.to_owned(),
        unit: "members",
        shape: crate::metrics::Shape::Mean,
        points: following.at.iter().copied().zip(following.demand.iter().copied()).collect(),
    };
    let needed = Curve {
        name: "needed".to_owned(),
        colour: INK,
        dash: &[2.0, 3.0],
        width: 2.0,
        points: corners(&needed),
    };
    let highest = members.iter().chain([&needed]).flat_map(|curve| &curve.points);
    let highest = highest.map(|point| point.1).fold(0.0, f64::max);
    let area = Panel::new(&first.run, 102.0, 165.0, highest);
    area.quantity(&mut scene, "members that own partitions");
    area.time(&mut scene, &first.run);
    for curve in members.iter().rev().chain([&needed]) {
        area.curve(&mut scene, curve);
    }
    let mut age = curves("lag_seconds");
    // Who never scales may be so late that the others cannot be told apart.
    let peak = |curve: &Curve| curve.points.iter().map(|point| point.1).fold(0.0, f64::max);
    if age.len() > 1 && peak(&age[0]) > TOO_LATE * age[1..].iter().map(peak).fold(0.0, f64::max) {
        age.remove(0);
    }
    panel(&first.run, &mut scene, 350.0, "seconds, oldest record", &age, &[], "lag_seconds(");
    let mut all = members;
    all.push(needed);
    legend(&mut scene, 62.0, &all);
    Picture::of("policies", title, &scene).map(Some)
}
