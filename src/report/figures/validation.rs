//! Predicted over measured, for throughput and latency, with 80 % intervals.

use super::Picture;
use super::axes::LABEL;
use super::render;
use super::scene::{Anchor, BLUE, Colour, GRID, INK, ORANGE, SOFT, Scene};
use crate::error::Result;
use crate::study::validate::{Prediction, Validation, gated};
use crate::units::count;

const TITLE: &str = "Predicted over measured, with 80 % intervals";
const SIZE: f64 = 400.0;

/// The figure of a validation.
pub fn picture(validation: &Validation) -> Result<Picture> {
    let scene = scene(validation);
    Ok(Picture {
        name: "validation",
        title: TITLE.to_owned(),
        svg: render::svg(&scene, TITLE),
        png: render::png(&scene)?,
    })
}

fn scene(validation: &Validation) -> Scene {
    let mut scene = Scene::new(1_000.0, 560.0);
    scene.text((70.0, 30.0), Anchor::Start, 18.0, INK, TITLE);
    let of = |wanted: fn(&str) -> bool| -> Vec<&Prediction> {
        let fits = |one: &&Prediction| {
            wanted(one.quantity) && gated(&validation.rows[one.row], one) && one.measured > 0.0
        };
        validation.predictions.iter().filter(fits).collect()
    };
    let rates = of(|quantity| quantity == "records_s");
    let latencies = of(|quantity| quantity.starts_with("publish"));
    panel(&mut scene, 70.0, "records/s at saturation", &rates, validation);
    panel(&mut scene, 560.0, "publish p50 and p99 below saturation, ms", &latencies, validation);
    let words = "blue: rows that were fitted; orange: rows held out; across: measured, \
                 up: predicted";
    scene.text((70.0, 546.0), Anchor::Start, 11.0, SOFT, words);
    scene
}

fn panel(
    scene: &mut Scene,
    left: f64,
    title: &str,
    points: &[&Prediction],
    validation: &Validation,
) {
    let top = 80.0;
    scene.text((left, top - 14.0), Anchor::Start, LABEL, SOFT, title);
    let values = points.iter().flat_map(|one| [one.measured, one.low80, one.high80]);
    let (low, high) = values.fold((f64::MAX, 1e-9_f64), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = (libm::log10(low.min(high)) - 0.05, libm::log10(high) + 0.05);
    let place = |value: f64| (libm::log10(value) - low) / (high - low) * SIZE;
    let x = |value: f64| left + place(value);
    let y = |value: f64| top + SIZE - place(value);
    for tick in decades(low, high) {
        let (at_x, at_y) = (x(tick), y(tick));
        scene.line(vec![(at_x, top), (at_x, top + SIZE)], GRID, 1.0, &[]);
        scene.line(vec![(left, at_y), (left + SIZE, at_y)], GRID, 1.0, &[]);
        scene.text((at_x, top + SIZE + 18.0), Anchor::Middle, LABEL, SOFT, count(tick));
        scene.text((left - 8.0, at_y + 4.5), Anchor::End, LABEL, SOFT, count(tick));
    }
    scene.line(vec![(left, top + SIZE), (left + SIZE, top)], SOFT, 1.0, &[4.0, 4.0]);
    for one in points {
        let held_out = validation.rows[one.row].split != "fit";
        let colour: Colour = if held_out { ORANGE } else { BLUE };
        let at = x(one.measured);
        scene.line(vec![(at, y(one.low80)), (at, y(one.high80))], colour, 1.5, &[]);
        scene.rect(at - 3.0, y(one.predicted) - 3.0, 6.0, 6.0, colour);
    }
}

/// Powers of ten, with halves of them when there are few.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let steps: &[f64] = if high - low > 2.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let (from, to) = (libm::floor(low) as i32, libm::ceil(high) as i32);
    (from..=to)
        .flat_map(|power| steps.iter().map(move |step| step * libm::pow(10.0, f64::from(power))))
        .filter(|value| (low..=high).contains(&libm::log10(*value)))
        .collect()
}
