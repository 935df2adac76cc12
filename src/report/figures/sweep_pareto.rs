//! Cost against the chance of missing an objective; dominated designs are grey.

use super::axes::{LABEL, LEFT, RIGHT, WIDTH, ticks};
use super::scene::{Anchor, BLUE, Extent, GRID, INK, ORANGE, SOFT, SOLID, Scene};
use super::sweep::caption;
use crate::study::sweep::{Answer, COST, Plan};
use crate::units::sig;

const TOP: f64 = 76.0;
const HEIGHT: f64 = 380.0;

pub(super) fn scene(plan: &Plan, answer: &Answer, title: &str) -> Option<Scene> {
    let cost = |row: usize| answer.rows[row].means[COST].map(|cost| cost.mean);
    let most_cost = (0..answer.rows.len()).filter_map(cost).reduce(f64::max)?;
    let ends = answer.rows.iter().map(|row| row.violation.high);
    let most_risk = (ends.fold(0.0, f64::max) * 1.05).clamp(0.01, 1.0);
    let most_cost = most_cost.max(1e-9) * 1.08;
    let x = |cost: f64| LEFT + (WIDTH - LEFT - RIGHT) * cost / most_cost;
    let y = |risk: f64| TOP + HEIGHT * (1.0 - (risk / most_risk).clamp(0.0, 1.0));
    let mut scene = Scene::new(WIDTH, TOP + HEIGHT + 88.0);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, title);
    let words =
        "chance of missing an objective, 95 % bars; grey: another design is cheaper and safer";
    scene.text((LEFT, TOP - 16.0), Anchor::Start, LABEL, SOFT, words);
    for tick in ticks(most_risk) {
        scene.line(vec![(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID, 1.0, SOLID);
        let text = format!("{} %", sig(tick * 100.0));
        scene.text((LEFT - 10.0, y(tick) + 4.5), Anchor::End, LABEL, SOFT, text);
    }
    let floor = TOP + HEIGHT;
    for tick in ticks(most_cost) {
        scene.line(vec![(x(tick), floor), (x(tick), floor + 5.0)], SOFT, 1.0, SOLID);
        scene.text((x(tick), floor + 20.0), Anchor::Middle, LABEL, SOFT, sig(tick));
    }
    let axis = "mean cost of a run, USD";
    scene.text((WIDTH - RIGHT, floor + 42.0), Anchor::End, LABEL, SOFT, axis);
    points(plan, answer, &mut scene, &x, &y);
    let text = Scene::clipped(&caption(plan, answer), 11.0, WIDTH - LEFT - RIGHT);
    scene.text((LEFT, floor + 76.0), Anchor::Start, 11.0, SOFT, text);
    Some(scene)
}

/// Designs as points, the front joined; names of the front where there is room.
fn points(
    plan: &Plan,
    answer: &Answer,
    scene: &mut Scene,
    x: &dyn Fn(f64) -> f64,
    y: &dyn Fn(f64) -> f64,
) {
    let cost = |row: usize| answer.rows[row].means[COST].map(|cost| cost.mean);
    let mut front: Vec<(f64, f64)> = Vec::new();
    let mut order: Vec<usize> = (0..answer.rows.len()).filter(|row| cost(*row).is_some()).collect();
    order.sort_by(|a, b| cost(*a).unwrap_or(0.0).total_cmp(&cost(*b).unwrap_or(0.0)));
    let best = answer.choice.as_ref().and_then(|choice| choice.design);
    for index in &order {
        let row = &answer.rows[*index];
        let at = x(cost(*index).unwrap_or(0.0));
        let colour = match (best == Some(row.design), row.on_front) {
            (true, _) => ORANGE,
            (false, true) => BLUE,
            (false, false) => (176, 182, 189),
        };
        scene.line(
            vec![(at, y(row.violation.low)), (at, y(row.violation.high))],
            colour,
            1.5,
            SOLID,
        );
        scene.rect(at - 4.5, y(row.violation.share) - 4.5, 9.0, 9.0, colour);
        if row.on_front {
            front.push((at, y(row.violation.share)));
        }
    }
    scene.line(front, BLUE, 1.0, &[4.0, 3.0]);
    let mut taken: Vec<Extent> = scene.extents().into_iter().map(|(extent, _)| extent).collect();
    for index in order {
        let row = &answer.rows[index];
        if !row.on_front && best != Some(row.design) {
            continue;
        }
        let name = Scene::clipped(&plan.designs[row.design].name, 12.0, 260.0);
        let from = (x(cost(index).unwrap_or(0.0)) + 8.0, y(row.violation.share) - 8.0);
        scene.name_if_free(from, WIDTH - RIGHT, name, &mut taken);
    }
}
