//! The time line of decisions: what was decided, what it became, what it cost.

use super::axes::{LABEL, LEFT, Panel, RIGHT, WIDTH, frame};
use super::font::Face;
use super::scene::{Anchor, BLUE, Colour, GRID, INK, ORANGE, PINK, SKY, SOFT, SOLID, Scene};
use crate::metrics::{DecisionEntry, Run};
use crate::units::SimTime;

const LANE: f64 = 64.0;
const TOP: f64 = 92.0;
const MOST_LANES: usize = 6;

pub(super) fn scene(run: &Run, title: &str) -> Option<Scene> {
    if run.decisions.is_empty() && run.operations.is_empty() {
        return None;
    }
    let mut targets: Vec<&str> = Vec::new();
    for decision in &run.decisions {
        if !targets.contains(&decision.target.as_str()) {
            targets.push(&decision.target);
        }
    }
    targets.sort_by_key(|target| (*target != "brokers", *target));
    targets.truncate(MOST_LANES);
    let lanes = targets.len() + 2;
    let height = LANE * lanes as f64;
    let mut scene = frame(run, title, TOP + height + 62.0);
    let panel = Panel::new(run, TOP, height, 1.0);
    for (index, target) in targets.iter().enumerate() {
        let top = TOP + LANE * index as f64;
        lane(&mut scene, top, target);
        decisions(run, &mut scene, &panel, target, top);
    }
    let moves = TOP + LANE * targets.len() as f64;
    lane(&mut scene, moves, "moves");
    spans(
        &mut scene,
        &panel,
        moves,
        BLUE,
        run.operations
            .iter()
            .filter(|one| one.kind == "reassign")
            .map(|one| (one.start, one.end.unwrap_or(panel.end), one.words.as_str())),
    );
    lane(&mut scene, moves + LANE, "alerts");
    spans(
        &mut scene,
        &panel,
        moves + LANE,
        PINK,
        run.alerts
            .iter()
            .map(|one| (one.fired_at, one.fired_at.saturating_add(one.lasted), one.name.as_str())),
    );
    panel.time(&mut scene, run);
    key(&mut scene);
    Some(scene)
}

fn lane(scene: &mut Scene, top: f64, name: &str) {
    let y = top + LANE;
    scene.line(vec![(LEFT, y), (WIDTH - RIGHT, y)], GRID, 1.0, SOLID);
    let name = Scene::clipped(name, LABEL, LEFT - 16.0);
    scene.text((LEFT - 10.0, top + LANE / 2.0 + 4.5), Anchor::End, LABEL, SOFT, name);
}

/// Up and down triangles with sizes where there is room; crosses for failures.
fn decisions(run: &Run, scene: &mut Scene, panel: &Panel, target: &str, top: f64) {
    let face = Face::new();
    let mut free = [f64::NEG_INFINITY; 2];
    let middle = top + LANE / 2.0;
    let mut before = None;
    for one in run.decisions.iter().filter(|one| one.target == target) {
        let x = panel.x(one.at);
        // Up lies above down, so that both stay visible when they follow each other.
        let shift = if one.failed {
            0.0
        } else if one.to > one.from {
            -7.0
        } else {
            7.0
        };
        mark(scene, one, x, middle + shift);
        // Of failures in a row the first one says why.
        let again = one.failed && before == Some(one.reason.as_str());
        before = one.failed.then_some(one.reason.as_str());
        if again {
            continue;
        }
        let text = label(one);
        let width = face.width(&text, LABEL);
        // Labels stay inside the figure and out of each other's way, up above and down below.
        let left = (x - width / 2.0).clamp(LEFT, WIDTH - RIGHT - width);
        let rows = [top + 14.0, top + LANE - 6.0];
        let row = usize::from(one.to < one.from || one.failed);
        if free[row] < left {
            scene.text((left, rows[row]), Anchor::Start, LABEL, INK, text);
            free[row] = left + width + 8.0;
        }
    }
}

/// The change and what called for it.
fn label(one: &DecisionEntry) -> String {
    // Reasons begin with the metric, or say that all metrics are low.
    let metric = one.words.split(' ').next().unwrap_or_default();
    let cause = if metric == "all" { "all metrics low" } else { metric };
    let cause = Scene::clipped(cause, LABEL, 170.0);
    if one.failed {
        format!("{}, {cause}", one.reason)
    } else {
        format!("{} → {}, {cause}", one.from, one.to)
    }
}

fn mark(scene: &mut Scene, one: &DecisionEntry, x: f64, y: f64) {
    let r = 6.0;
    if one.failed {
        scene.line(vec![(x - 4.0, y - 4.0), (x + 4.0, y + 4.0)], SOFT, 1.4, SOLID);
        scene.line(vec![(x - 4.0, y + 4.0), (x + 4.0, y - 4.0)], SOFT, 1.4, SOLID);
    } else if one.to > one.from {
        scene.fill(vec![(x - r, y + r * 0.8), (x + r, y + r * 0.8), (x, y - r)], ORANGE);
    } else {
        scene.fill(vec![(x - r, y - r * 0.8), (x + r, y - r * 0.8), (x, y + r)], SKY);
    }
}

/// Bars, each in the first of two rows where it and its words have room.
fn spans<'r>(
    scene: &mut Scene,
    panel: &Panel,
    top: f64,
    colour: Colour,
    spans: impl Iterator<Item = (SimTime, SimTime, &'r str)>,
) {
    let face = Face::new();
    let mut free = [f64::NEG_INFINITY; 2];
    for (from, to, words) in spans {
        let (left, right) = (panel.x(from), panel.x(to).max(panel.x(from) + 2.0));
        let row = usize::from(free[0] > left && free[1] < free[0]);
        let y = top + 8.0 + 27.0 * row as f64;
        scene.rect(left, y, right - left, 7.0, colour);
        let width = face.width(words, 12.0);
        let start = left.min(WIDTH - RIGHT - width).max(LEFT);
        if start >= free[row] && width <= WIDTH - RIGHT - LEFT {
            scene.text((start, y + 20.0), Anchor::Start, 12.0, INK, words);
            free[row] = (start + width + 10.0).max(right);
        } else {
            free[row] = free[row].max(right);
        }
    }
}

fn key(scene: &mut Scene) {
    let y = 60.0;
    let entries: [(&str, f64); 3] = [("up", 700.0), ("down", 770.0), ("failed", 862.0)];
    for (index, (name, x)) in entries.into_iter().enumerate() {
        let example = DecisionEntry {
            at: SimTime::ZERO,
            policy: String::new(),
            target: String::new(),
            from: 1,
            to: if index == 0 { 2 } else { 0 },
            reason: String::new(),
            words: String::new(),
            failed: index == 2,
            effective_after: None,
            capacity_before: None,
            capacity_after: None,
        };
        mark(scene, &example, x, y - 4.0);
        scene.text((x + 14.0, y), Anchor::Start, LABEL, INK, name);
    }
}
