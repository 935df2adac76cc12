//! Percentiles of latency, simulated over measured.

use super::Picture;
use super::axes::LABEL;
use super::scene::{Anchor, BLUE, Colour, DASHED, Dash, GRID, INK, ORANGE, SOFT, SOLID, Scene};
use crate::error::Result;
use crate::metrics::{Quantiles, Run};
use crate::units::sig;

const TITLE: &str = "Latency by percentile, simulated and measured";
const HEIGHT: f64 = 330.0;
const WIDTH: f64 = 390.0;
const TOP: f64 = 96.0;

/// The figure; `None` when the two runs know no latency of a producer or group in common.
pub fn picture(simulated: &Run, measured: &Run) -> Result<Option<Picture>> {
    let Some(scene) = scene(simulated, measured) else { return Ok(None) };
    Picture::of("overlay", TITLE, &scene).map(Some)
}

type Pair = (String, Quantiles, Quantiles);

fn scene(simulated: &Run, measured: &Run) -> Option<Scene> {
    let publish = measured.producers.iter().find_map(|(name, one)| {
        let of = simulated.producers.get(name)?.latency_ms?;
        Some((format!("publish latency of {name}, ms"), of, one.latency_ms?))
    });
    let end_to_end = measured.groups.iter().find_map(|(name, one)| {
        let of = simulated.groups.get(name)?.e2e_latency_ms?;
        Some((format!("end-to-end latency of {name}, ms"), of, one.e2e_latency_ms?))
    });
    let pairs: Vec<Pair> = publish.into_iter().chain(end_to_end).collect();
    if pairs.is_empty() {
        return None;
    }
    let mut scene = Scene::new(1_000.0, 500.0);
    scene.text((70.0, 30.0), Anchor::Start, 18.0, INK, TITLE);
    for (pair, left) in pairs.iter().zip([70.0, 570.0]) {
        panel(&mut scene, left, pair);
    }
    let engine = simulated.engine.word();
    legend(&mut scene, 70.0, BLUE, SOLID, "measured, from the intended send");
    legend(&mut scene, 400.0, ORANGE, DASHED, &format!("simulated ({engine})"));
    let caption = crate::report::document::caption(measured);
    let caption = Scene::clipped(&caption, 11.0, 900.0);
    scene.text((70.0, 488.0), Anchor::Start, 11.0, SOFT, caption);
    Some(scene)
}

fn legend(scene: &mut Scene, left: f64, colour: Colour, dash: Dash, words: &str) {
    scene.line(vec![(left, 52.0), (left + 34.0, 52.0)], colour, 2.2, dash);
    scene.text((left + 42.0, 56.5), Anchor::Start, LABEL, SOFT, words);
}

/// Percentiles, evenly spaced in the number of nines.
fn points(one: &Quantiles) -> [(f64, f64); 4] {
    [(0.5, one.p50), (0.95, one.p95), (0.99, one.p99), (0.999, one.p999)]
}

fn nines(share: f64) -> f64 {
    -libm::log10(1.0 - share)
}

fn panel(scene: &mut Scene, left: f64, (title, simulated, measured): &Pair) {
    scene.text((left, TOP - 14.0), Anchor::Start, LABEL, SOFT, title.clone());
    let values = points(simulated).into_iter().chain(points(measured)).map(|point| point.1);
    let (low, high) = values.fold((f64::MAX, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    let low = libm::floor(libm::log10(low.max(1e-3)) - 0.05);
    let high = libm::ceil(libm::log10(high.max(2e-3)) + 0.05).max(low + 1.0);
    let y = |ms: f64| {
        let share = (libm::log10(ms.max(1e-3)) - low) / (high - low);
        TOP + HEIGHT * (1.0 - share.clamp(0.0, 1.0))
    };
    let (first, last) = (nines(0.5), nines(0.999));
    let x = |share: f64| left + WIDTH * (nines(share) - first) / (last - first);
    for power in (low as i32)..=(high as i32) {
        let value = libm::pow(10.0, f64::from(power));
        scene.line(vec![(left, y(value)), (left + WIDTH, y(value))], GRID, 1.0, &[]);
        scene.text((left - 8.0, y(value) + 4.5), Anchor::End, LABEL, SOFT, sig(value));
    }
    for (share, name) in [(0.5, "p50"), (0.95, "p95"), (0.99, "p99"), (0.999, "p99.9")] {
        scene.line(vec![(x(share), TOP), (x(share), TOP + HEIGHT)], GRID, 1.0, &[]);
        scene.text((x(share), TOP + HEIGHT + 18.0), Anchor::Middle, LABEL, SOFT, name);
    }
    for (one, colour, dash) in [(simulated, ORANGE, DASHED), (measured, BLUE, SOLID)] {
        let line = points(one).iter().map(|(share, ms)| (x(*share), y(*ms))).collect();
        scene.line(line, colour, 2.2, dash);
    }
}

/// Faults of the layout; for tests.
pub fn layout_faults(simulated: &Run, measured: &Run) -> Vec<String> {
    scene(simulated, measured).map(|scene| scene.faults()).unwrap_or_default()
}
