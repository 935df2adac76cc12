//! A value over time in one design: bands between quantiles over trials.

use super::axes::{LABEL, LEFT, RIGHT, WIDTH, ticks};
use super::scene::{Anchor, BLUE, Colour, GRID, INK, SOFT, SOLID, Scene};
use super::sweep::caption;
use crate::study::sweep::{Answer, Plan, fan_times};
use crate::units::{count, sig};

const TOP: f64 = 84.0;
const HEIGHT: f64 = 320.0;

pub(super) fn scene(plan: &Plan, answer: &Answer, title: &str) -> Option<Scene> {
    let (series, entity) = plan.fan.as_ref()?;
    let most = answer.fan.iter().flatten().copied().reduce(f64::max)?;
    let most = if most > 0.0 { most * 1.08 } else { 1.0 };
    let hours = plan.duration.as_secs_f64() / 3_600.0;
    let times: Vec<f64> =
        fan_times(plan.duration).iter().map(|at| at.as_secs_f64() / 3_600.0).collect();
    let x = |hour: f64| LEFT + (WIDTH - LEFT - RIGHT) * hour / hours.max(1e-9);
    let y = |value: f64| TOP + HEIGHT * (1.0 - (value / most).clamp(0.0, 1.0));
    let mut scene = Scene::new(WIDTH, TOP + HEIGHT + 88.0);
    let name = Scene::clipped(&plan.designs[answer.fanned].name, 18.0, 600.0);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, format!("{title}: {name}"));
    let unit = if series == "lag_seconds" { "age of the lag, s" } else { "lag, records" };
    let shares: Vec<String> = plan.sweep.quantiles.iter().map(|one| sig(one * 100.0)).collect();
    let words = format!("{unit}, {entity}; percentiles {} over trials", shares.join(", "));
    let words = Scene::clipped(&words, LABEL, WIDTH - LEFT - RIGHT);
    scene.text((LEFT, TOP - 16.0), Anchor::Start, LABEL, SOFT, words);
    for tick in ticks(most) {
        scene.line(vec![(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID, 1.0, SOLID);
        scene.text((LEFT - 10.0, y(tick) + 4.5), Anchor::End, LABEL, SOFT, count(tick));
    }
    let levels = plan.sweep.quantiles.len();
    let line = |level: usize| -> Vec<(f64, f64)> {
        times.iter().zip(&answer.fan).map(|(at, values)| (x(*at), y(values[level]))).collect()
    };
    for band in 0..levels / 2 {
        let mut points = line(band);
        points.extend(line(levels - 1 - band).into_iter().rev());
        scene.fill(points, tint(band + 1, levels / 2 + 1));
    }
    if levels % 2 == 1 {
        scene.line(line(levels / 2), BLUE, 2.0, SOLID);
    }
    let floor = TOP + HEIGHT;
    scene.line(vec![(LEFT, floor), (WIDTH - RIGHT, floor)], SOFT, 1.0, SOLID);
    for tick in ticks(hours) {
        scene.text((x(tick), floor + 20.0), Anchor::Middle, LABEL, SOFT, sig(tick));
    }
    let axis = "hours since the start";
    scene.text((WIDTH - RIGHT, floor + 42.0), Anchor::End, LABEL, SOFT, axis);
    let text = Scene::clipped(&caption(plan, answer), 11.0, WIDTH - LEFT - RIGHT);
    scene.text((LEFT, floor + 76.0), Anchor::Start, 11.0, SOFT, text);
    Some(scene)
}

/// Blue mixed with paper: `part` of `parts`.
fn tint(part: usize, parts: usize) -> Colour {
    let share = part as f64 / parts as f64 * 0.75;
    let mix = |ink: u8| (255.0 - (255.0 - f64::from(ink)) * share) as u8;
    (mix(BLUE.0), mix(BLUE.1), mix(BLUE.2))
}
