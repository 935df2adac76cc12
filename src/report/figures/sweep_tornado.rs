//! The chance of a miss in the lowest and the highest fifth of each uncertain input.

use super::axes::{LABEL, RIGHT, WIDTH, ticks};
use super::scene::{Anchor, BLUE, GRID, INK, ORANGE, SOFT, SOLID, Scene};
use super::sweep::caption;
use crate::study::sweep::{Answer, Plan};
use crate::units::sig;

const NAMES: f64 = 330.0;
const ROW: f64 = 34.0;
/// Most inputs that a figure shows: the strongest.
const MOST: usize = 20;

pub(super) fn scene(plan: &Plan, answer: &Answer, title: &str) -> Option<Scene> {
    let effects: Vec<_> = answer.effects.iter().take(MOST).collect();
    let overall = effects.first()?.overall;
    let (top, bottom) = (92.0, 92.0 + ROW * effects.len() as f64);
    let most = effects.iter().flat_map(|one| one.violation).fold(overall, f64::max);
    let most = (most * 1.1).clamp(0.01, 1.0);
    let mut scene = Scene::new(WIDTH, bottom + 66.0);
    scene.text((24.0, 30.0), Anchor::Start, 18.0, INK, title);
    let words = "chance of missing an objective, mean over designs";
    scene.text((NAMES, 58.0), Anchor::Start, LABEL, SOFT, words);
    let x = |share: f64| NAMES + (WIDTH - RIGHT - 20.0 - NAMES) * share / most;
    for tick in ticks(most) {
        scene.line(vec![(x(tick), top), (x(tick), bottom)], GRID, 1.0, SOLID);
        let text = format!("{} %", sig(tick * 100.0));
        scene.text((x(tick), bottom + 20.0), Anchor::Middle, LABEL, SOFT, text);
    }
    for (place, one) in effects.iter().enumerate() {
        let y = top + ROW * (place as f64 + 0.5);
        let name = &plan.sweep.uncertain[one.input].name;
        let name = Scene::clipped(name, LABEL, NAMES - 40.0);
        scene.text((NAMES - 12.0, y + 4.5), Anchor::End, LABEL, INK, name);
        for (share, colour) in one.violation.into_iter().zip([BLUE, ORANGE]) {
            let (from, to) = (x(overall.min(share)), x(overall.max(share)));
            scene.rect(from, y - 9.0, (to - from).max(1.5), 18.0, colour);
        }
    }
    scene.line(vec![(x(overall), top - 4.0), (x(overall), bottom)], INK, 1.5, SOLID);
    for (at, colour, words) in [(24.0, BLUE, "lowest fifth"), (150.0, ORANGE, "highest fifth")] {
        scene.rect(at, 49.0, 12.0, 10.0, colour);
        scene.text((at + 18.0, 58.0), Anchor::Start, LABEL, INK, words);
    }
    let text = Scene::clipped(&caption(plan, answer), 11.0, WIDTH - 60.0);
    scene.text((24.0, bottom + 52.0), Anchor::Start, 11.0, SOFT, text);
    Some(scene)
}
