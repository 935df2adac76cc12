//! Broker × time: how busy CPUs are.

use super::axes::{LABEL, LEFT, Panel, RIGHT, WIDTH, frame};
use super::scene::{Anchor, Colour, INK, SOFT, Scene};
use crate::metrics::{Run, Series};
use crate::units::{SimSpan, SimTime};

/// Rows and columns shown; more brokers are merged by the busiest.
const MOST_ROWS: usize = 24;
const COLUMNS: u64 = 144;

/// Control points of a scale whose lightness falls evenly, so that it reads in grey.
const SCALE: [Colour; 6] = [
    (247, 245, 214),
    (196, 222, 165),
    (121, 191, 150),
    (52, 146, 142),
    (38, 94, 128),
    (46, 32, 82),
];

pub(super) fn scene(run: &Run, title: &str) -> Option<Scene> {
    let mut rows: Vec<&Series> =
        run.series_named("cpu_utilisation").filter(|s| s.points.len() > 1).collect();
    if rows.is_empty() {
        return None;
    }
    rows.sort_by_key(|series| series.entity.parse::<u32>().unwrap_or(u32::MAX));
    let hidden = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let row = (240.0 / rows.len() as f64).clamp(16.0, 34.0);
    let height = row * rows.len() as f64;
    let mut scene = frame(run, title, 96.0 + height + 62.0);
    let panel = Panel::new(run, 96.0, height, 1.0);
    for (index, series) in rows.iter().enumerate() {
        let top = 96.0 + row * index as f64;
        cells(run, &mut scene, &panel, series, top, row);
        let label = (LEFT - 10.0, top + row / 2.0 + 4.5);
        let text = Scene::clipped(&format!("broker {}", series.entity), LABEL, LEFT - 16.0);
        scene.text(label, Anchor::End, LABEL, SOFT, text);
    }
    panel.time(&mut scene, run);
    scale(&mut scene, hidden);
    Some(scene)
}

fn cells(run: &Run, scene: &mut Scene, panel: &Panel, series: &Series, top: f64, row: f64) {
    let step = run.duration.as_nanos() / COLUMNS;
    let instant = |column: u64| SimTime::ZERO.saturating_add(SimSpan::from_nanos(column * step));
    let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else { return };
    for column in 0..COLUMNS {
        let (from, to) = (instant(column), instant(column + 1));
        // A broker that does not exist leaves the paper white.
        if to <= first.0 || from >= last.0 {
            continue;
        }
        let value = series.utilisation(from.max(first.0), to.min(last.0)).mean;
        let (left, right) = (panel.x(from), panel.x(to));
        scene.rect(left, top + 1.0, right - left + 0.3, row - 2.0, colour(value));
    }
}

/// The colour of a share.
fn colour(share: f64) -> Colour {
    let at = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let index = (at.floor() as usize).min(SCALE.len() - 2);
    let mix = |a: u8, b: u8| {
        (f64::from(a) + (f64::from(b) - f64::from(a)) * (at - index as f64)).round() as u8
    };
    let (a, b) = (SCALE[index], SCALE[index + 1]);
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

fn scale(scene: &mut Scene, hidden: usize) {
    let (right, y, width) = (WIDTH - RIGHT - 46.0, 52.0, 220.0);
    for step in 0..44 {
        let share = f64::from(step) / 43.0;
        let left = right - width + width * f64::from(step) / 44.0;
        scene.rect(left, y, width / 44.0 + 0.3, 14.0, colour(share));
    }
    scene.text((right - width - 8.0, y + 12.0), Anchor::End, LABEL, INK, "CPU busy 0 %");
    scene.text((right + 8.0, y + 12.0), Anchor::Start, LABEL, INK, "100 %");
    if hidden > 0 {
        let text = format!("{hidden} more brokers are not shown");
        scene.text((LEFT, y + 12.0), Anchor::Start, LABEL, SOFT, text);
    }
}
