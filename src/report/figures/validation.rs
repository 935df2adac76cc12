//! Predicted over measured, for throughput and latency: a validation with 80 % intervals, a
//! calibration before and after.

use super::Picture;
use super::axes::LABEL;
use super::scene::{Anchor, BLUE, Colour, GRID, INK, ORANGE, SOFT, Scene};
use crate::error::Result;
use crate::study::validate::{Calibration, Datum, Prediction, Validation, gated};
use crate::units::count;

const TITLE: &str = "Predicted over measured, with 80 % intervals";
const CALIBRATED: &str = "Predicted over measured, before and after calibration";
const SIZE: f64 = 400.0;

/// The figure of a validation.
pub fn picture(validation: &Validation) -> Result<Picture> {
    let of = |wanted: fn(&str) -> bool| -> Vec<Point> {
        let fits = |one: &&Prediction| {
            wanted(one.quantity) && gated(&validation.rows[one.row], one) && one.measured > 0.0
        };
        let point = |one: &Prediction| Point {
            measured: one.measured,
            predicted: one.predicted,
            interval: Some([one.low80, one.high80]),
            colour: if validation.rows[one.row].split == "fit" { BLUE } else { ORANGE },
        };
        validation.predictions.iter().filter(fits).map(point).collect()
    };
    let words = "blue: rows that were fitted; orange: rows held out; across: measured, \
                 up: predicted";
    drawn("validation", TITLE, [of(is_rate), of(is_latency)], words)
}

/// The figure of a calibration.
pub fn calibration_picture(calibration: &Calibration) -> Result<Picture> {
    let of = |wanted: fn(&str) -> bool| -> Vec<Point> {
        let fits = |one: &&Datum| wanted(one.quantity);
        let both = |one: &Datum| {
            let point = |predicted, colour| Point {
                measured: one.measured,
                predicted,
                interval: None,
                colour,
            };
            [point(one.before, SOFT), point(one.after, BLUE)]
        };
        calibration.data.iter().filter(fits).flat_map(both).collect()
    };
    let words = "grey: with the cards as they were; blue: calibrated; across: measured, \
                 up: predicted";
    drawn("calibration", CALIBRATED, [of(is_rate), of(is_latency)], words)
}

fn is_rate(quantity: &str) -> bool {
    quantity == "records_s"
}

fn is_latency(quantity: &str) -> bool {
    quantity.starts_with("publish")
}

/// One prediction of one measurement.
struct Point {
    measured: f64,
    predicted: f64,
    interval: Option<[f64; 2]>,
    colour: Colour,
}

fn drawn(
    name: &'static str,
    title: &str,
    [rates, latencies]: [Vec<Point>; 2],
    words: &str,
) -> Result<Picture> {
    let mut scene = Scene::new(1_000.0, 560.0);
    scene.text((70.0, 30.0), Anchor::Start, 18.0, INK, title);
    panel(&mut scene, 70.0, "records/s at saturation", &rates);
    panel(&mut scene, 560.0, "publish p50 and p99 below saturation, ms", &latencies);
    scene.text((70.0, 546.0), Anchor::Start, 11.0, SOFT, words);
    Picture::of(name, title, &scene)
}

fn panel(scene: &mut Scene, left: f64, title: &str, points: &[Point]) {
    let top = 80.0;
    scene.text((left, top - 14.0), Anchor::Start, LABEL, SOFT, title);
    if points.is_empty() {
        let middle = (left + SIZE / 2.0, top + SIZE / 2.0);
        scene.text(middle, Anchor::Middle, LABEL, SOFT, "nothing of this was measured");
        return;
    }
    let values = points.iter().flat_map(|one| {
        let [low, high] = one.interval.unwrap_or([one.predicted; 2]);
        [one.measured, low, high]
    });
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
        let at = x(one.measured);
        if let Some([low, high]) = one.interval {
            scene.line(vec![(at, y(low)), (at, y(high))], one.colour, 1.5, &[]);
        }
        scene.rect(at - 3.0, y(one.predicted) - 3.0, 6.0, 6.0, one.colour);
    }
}

/// Powers of ten, with halves of them when there are few, and even steps where there are none.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let steps: &[f64] = if high - low > 2.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let (from, to) = (libm::floor(low) as i32, libm::ceil(high) as i32);
    let within = |value: &f64| (low..=high).contains(&libm::log10(*value));
    let powers: Vec<f64> = (from..=to)
        .flat_map(|power| steps.iter().map(move |step| step * libm::pow(10.0, f64::from(power))))
        .filter(within)
        .collect();
    if powers.len() >= 2 {
        return powers;
    }
    let [least, most] = [low, high].map(|power| libm::pow(10.0, power));
    let rough = (most - least) / TICKS;
    let unit = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let step = [1.0, 2.0, 5.0, 10.0].map(|one| one * unit).into_iter().find(|one| *one >= rough);
    let step = step.unwrap_or(rough);
    let begin = libm::ceil(least / step) as u64;
    let end = libm::floor(most / step) as u64;
    (begin..=end).map(|index| index as f64 * step).collect()
}

/// About so many even steps.
const TICKS: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_axis_has_even_steps_and_a_wide_one_powers() {
        assert_eq!(decades(0.0, 3.0), [1.0, 10.0, 100.0, 1_000.0]);
        assert_eq!(decades(-0.1, 0.8), [1.0, 2.0, 5.0]);
        let ticks = decades(libm::log10(72_000.0), libm::log10(91_000.0));
        assert_eq!(ticks, [75_000.0, 80_000.0, 85_000.0, 90_000.0]);
    }
}
