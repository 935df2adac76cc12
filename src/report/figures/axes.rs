//! Axes: time below, a quantity at the left.

use super::scene::{Anchor, Colour, Dash, GRID, INK, SOFT, Scene};
use crate::metrics::{Run, Series, Shape};
use crate::report::clock::Clock;
use crate::report::document::caption;
use crate::units::{SimSpan, SimTime, count};

/// Size of labels.
pub(super) const LABEL: f64 = 13.0;
/// Width of every figure.
pub(super) const WIDTH: f64 = 1_000.0;
/// Margins: left, right, below the last panel.
pub(super) const LEFT: f64 = 86.0;
pub(super) const RIGHT: f64 = 28.0;

/// A panel of a figure: where it is and what it measures.
pub(super) struct Panel {
    pub top: f64,
    pub height: f64,
    /// The largest value.
    pub most: f64,
    pub end: SimTime,
}

/// A quantity over time to draw.
pub(super) struct Curve {
    pub name: String,
    pub colour: Colour,
    pub dash: Dash,
    pub width: f64,
    pub points: Vec<(SimTime, f64)>,
}

/// A scene with title and caption.
pub(super) fn frame(run: &Run, title: &str, height: f64) -> Scene {
    let mut scene = Scene::new(WIDTH, height);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, title);
    let text = Scene::clipped(&caption(run), 11.0, WIDTH - LEFT - RIGHT);
    scene.text((LEFT, height - 12.0), Anchor::Start, 11.0, SOFT, text);
    scene
}

/// The corner points of a series: steps become stairs, means hold back to the point before.
pub(super) fn corners(series: &Series) -> Vec<(SimTime, f64)> {
    let mut points = Vec::with_capacity(series.points.len() * 2);
    for (index, (at, value)) in series.points.iter().copied().enumerate() {
        match (series.shape, index.checked_sub(1).map(|i| series.points[i])) {
            (Shape::Step, Some((_, before))) => points.extend([(at, before), (at, value)]),
            (Shape::Mean, Some((before, _))) => points.extend([(before, value), (at, value)]),
            (Shape::Mean, None) => {}
            _ => points.push((at, value)),
        }
    }
    points
}

impl Panel {
    /// A panel for values up to `most`, with some air.
    pub(super) fn new(run: &Run, top: f64, height: f64, most: f64) -> Self {
        let end = SimTime::ZERO.saturating_add(run.duration);
        Self { top, height, most: if most > 0.0 { most * 1.08 } else { 1.0 }, end }
    }
    pub(super) fn x(&self, at: SimTime) -> f64 {
        let share = at.as_secs_f64() / self.end.as_secs_f64().max(1e-9);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }
    pub(super) fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value / self.most).clamp(0.0, 1.0))
    }

    /// Grid and labels of the quantity.
    pub(super) fn quantity(&self, scene: &mut Scene, unit: &str) {
        scene.text((LEFT, self.top - 10.0), Anchor::Start, LABEL, SOFT, unit);
        for tick in ticks(self.most) {
            let y = self.y(tick);
            scene.line(vec![(LEFT, y), (WIDTH - RIGHT, y)], GRID, 1.0, &[]);
            scene.text((LEFT - 10.0, y + 4.5), Anchor::End, LABEL, SOFT, count(tick));
        }
    }

    /// Labels of the time axis.
    pub(super) fn time(&self, scene: &mut Scene, run: &Run) {
        let clock = Clock::new(&run.start, self.end);
        let y = self.top + self.height;
        scene.line(vec![(LEFT, y), (WIDTH - RIGHT, y)], SOFT, 1.0, &[]);
        let face = super::font::Face::new();
        let step = time_step(run.duration);
        let mut at = SimTime::ZERO;
        while at <= self.end {
            let (x, text) = (self.x(at), clock.text(at));
            let half = face.width(&text, LABEL) / 2.0;
            scene.line(vec![(x, y), (x, y + 5.0)], SOFT, 1.0, &[]);
            // The last label may be wider than the margin.
            let middle = x.min(WIDTH - half - 4.0);
            scene.text((middle, y + 20.0), Anchor::Middle, LABEL, SOFT, text);
            at += step;
        }
    }

    /// Draws a curve; columns of many points become their extremes.
    pub(super) fn curve(&self, scene: &mut Scene, curve: &Curve) {
        let points: Vec<(f64, f64)> =
            curve.points.iter().map(|(at, value)| (self.x(*at), self.y(*value))).collect();
        let points = thin(&points);
        if points.len() > 1 {
            scene.line(points, curve.colour, curve.width, curve.dash);
        }
    }

    /// A level with its words above it at the right.
    pub(super) fn level(&self, scene: &mut Scene, value: f64, words: &str, colour: Colour) {
        if value <= self.most {
            let y = self.y(value);
            scene.line(vec![(LEFT, y), (WIDTH - RIGHT, y)], colour, 1.5, &[3.0, 3.0]);
            scene.text((WIDTH - RIGHT - 4.0, y - 6.0), Anchor::End, LABEL, colour, words);
        }
    }
}

/// A legend in one line above a panel, from the right edge leftwards.
pub(super) fn legend(scene: &mut Scene, y: f64, curves: &[Curve]) {
    let face = super::font::Face::new();
    let room = (WIDTH - RIGHT - LEFT) / curves.len().max(1) as f64 - 60.0;
    let mut x = WIDTH - RIGHT;
    for curve in curves.iter().rev() {
        let name = Scene::clipped(&curve.name, LABEL, room.max(60.0));
        let width = face.width(&name, LABEL);
        scene.text((x, y), Anchor::End, LABEL, INK, name);
        x -= width + 8.0;
        scene.line(vec![(x - 28.0, y - 4.0), (x, y - 4.0)], curve.colour, curve.width, curve.dash);
        x -= 28.0 + 20.0;
    }
}

/// At most six round numbers up to a value.
pub(super) fn ticks(most: f64) -> Vec<f64> {
    let rough = most / 5.0;
    let power = libm::pow(10.0, libm::floor(libm::log10(rough.max(f64::MIN_POSITIVE))));
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * power).find(|s| *s >= rough);
    let step = step.unwrap_or(rough);
    (0..=6).map(|n| f64::from(n) * step).filter(|tick| *tick <= most).collect()
}

/// A round span of which at most eight fit.
fn time_step(duration: SimSpan) -> SimSpan {
    const STEPS: [u64; 14] =
        [1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 86_400, 604_800, 2_592_000];
    let fits = |seconds: &&u64| duration.ratio_to(SimSpan::from_secs(**seconds)) <= 8.0;
    SimSpan::from_secs(STEPS.iter().find(fits).copied().unwrap_or(31_536_000))
}

/// First, lowest, highest and last point of each half pixel, so that spikes stay.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let column = |x: f64| (x * 2.0).floor() as i64;
    let mut thin: Vec<(f64, f64)> = Vec::new();
    let mut rest = points;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|p| column(p.0) == column(first.0)).count();
        let (inside, after) = rest.split_at(length);
        let low = inside.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = inside.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        thin.push(*first);
        if length > 2 {
            thin.extend(low);
            thin.extend(high);
        }
        if length > 1 {
            thin.extend(inside.last());
        }
        rest = after;
    }
    thin
}
