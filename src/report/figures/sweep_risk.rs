//! The chance of missing an objective by design, with 95 % intervals and the limit.

use super::axes::{LABEL, RIGHT, WIDTH};
use super::scene::{Anchor, BLUE, GRID, INK, ORANGE, SOFT, SOLID, Scene};
use super::sweep::caption;
use crate::study::sweep::{Answer, Plan};
use crate::units::sig;

/// Room for the designs' names.
const NAMES: f64 = 330.0;
const ROW: f64 = 26.0;
/// Most designs that a figure shows: the safest ones.
const MOST: usize = 30;

pub(super) fn scene(plan: &Plan, answer: &Answer, title: &str) -> Option<Scene> {
    let mut rows: Vec<usize> = (0..answer.rows.len()).collect();
    let risk = |row: &usize| answer.rows[*row].violation.share;
    rows.sort_by(|a, b| risk(a).total_cmp(&risk(b)));
    rows.retain(|row| risk(row).is_finite());
    rows.truncate(MOST);
    if rows.is_empty() {
        return None;
    }
    let (top, bottom) = (74.0, 74.0 + ROW * rows.len() as f64);
    let mut scene = Scene::new(WIDTH, bottom + 66.0);
    scene.text((24.0, 30.0), Anchor::Start, 18.0, INK, title);
    let x = |share: f64| NAMES + (WIDTH - RIGHT - 20.0 - NAMES) * share;
    for tick in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        scene.line(vec![(x(tick), top), (x(tick), bottom)], GRID, 1.0, SOLID);
        let text = format!("{} %", sig(tick * 100.0));
        scene.text((x(tick), bottom + 20.0), Anchor::Middle, LABEL, SOFT, text);
    }
    if let Some(rank) = plan.sweep.rank {
        let at = x(1.0 - rank.share);
        scene.line(vec![(at, top - 4.0), (at, bottom)], ORANGE, 1.5, &[3.0, 3.0]);
        let words = format!("limit {} %", sig((1.0 - rank.share) * 100.0));
        scene.text((at + 4.0, top - 10.0), Anchor::Start, LABEL, ORANGE, words);
    }
    let best = answer.choice.as_ref().and_then(|choice| choice.design);
    for (place, index) in rows.iter().enumerate() {
        let row = &answer.rows[*index];
        let y = top + ROW * (place as f64 + 0.5);
        let colour = if best == Some(row.design) { ORANGE } else { BLUE };
        let name = Scene::clipped(&plan.designs[row.design].name, LABEL, NAMES - 40.0);
        scene.text((NAMES - 12.0, y + 4.5), Anchor::End, LABEL, INK, name);
        let bar = vec![(x(row.violation.low), y), (x(row.violation.high), y)];
        scene.line(bar, colour, 2.5, SOLID);
        scene.rect(x(row.violation.share) - 4.0, y - 5.0, 8.0, 10.0, colour);
    }
    let text = Scene::clipped(&caption(plan, answer), 11.0, WIDTH - 60.0);
    scene.text((24.0, bottom + 52.0), Anchor::Start, 11.0, SOFT, text);
    Some(scene)
}
