//! What a throttle costs: how long the move takes, and what is busy meanwhile.

use super::Picture;
use super::axes::{LABEL, LEFT, RIGHT, WIDTH, ticks};
use super::scene::{Anchor, BLUE, GRID, INK, ORANGE, SOFT, SOLID, Scene};
use crate::error::Result;
use crate::study::runbook::MoveBook;
use crate::units::{count, sig};

const TITLE: &str = "Throttles: how long the move takes, and what it does meanwhile";
const HEIGHT: f64 = 130.0;
const STEP: f64 = 196.0;
/// Room of a throttle's name: with less, only some have one.
const NAME: f64 = 80.0;

/// Each throttle that was tried, the one that is taken in another colour.
pub fn throttles_picture(book: &MoveBook) -> Result<Picture> {
    Picture::of("throttles", TITLE, &scene(book))
}

/// Faults of its layout; for tests.
pub fn throttles_faults(book: &MoveBook) -> Vec<String> {
    scene(book).faults()
}

fn scene(book: &MoveBook) -> Scene {
    let rows = &book.throttles;
    let minutes = rows.iter().map(|row| row.lasts.map(|ends| ends[1].as_secs_f64() / 60.0));
    let busy = rows.iter().map(|row| Some(row.busiest * 100.0));
    let panels: Vec<(&str, Vec<Option<f64>>)> = vec![
        ("all waves take, minutes", minutes.collect()),
        ("busiest network or disk, %", busy.collect()),
        ("publish p99 of the slowest producer, ms", rows.iter().map(|row| row.p99_ms).collect()),
    ];
    let shown: Vec<_> =
        panels.into_iter().filter(|(_, values)| values.iter().any(Option::is_some)).collect();
    let mut scene = Scene::new(WIDTH, 96.0 + STEP * shown.len() as f64);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, TITLE);
    for (index, (words, values)) in shown.iter().enumerate() {
        let top = 76.0 + STEP * index as f64;
        // Latencies span decades.
        let axis = if words.ends_with("ms") { Axis::decades(values) } else { Axis::even(values) };
        panel(&mut scene, book, (top, words), &axis, values);
    }
    let words = "orange: taken; no point: the move never ends, or is not known";
    let bottom = 80.0 + STEP * shown.len() as f64;
    scene.text((LEFT, bottom), Anchor::Start, 11.0, SOFT, words);
    scene
}

/// A quantity from below to above: even, or by decades.
enum Axis {
    Even { most: f64 },
    Decades { least: f64, most: f64 },
}

impl Axis {
    fn even(values: &[Option<f64>]) -> Self {
        let most = values.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
        Self::Even { most: most * 1.08 }
    }

    /// Whole decades around the values.
    fn decades(values: &[Option<f64>]) -> Self {
        let known = || values.iter().flatten().copied().filter(|value| *value > 0.0);
        let least = known().fold(f64::INFINITY, f64::min).min(1e9);
        let most = known().fold(least, f64::max);
        let power = |exponent: f64| libm::pow(10.0, exponent);
        let above = libm::floor(libm::log10(most)) + 1.0;
        Self::Decades { least: power(libm::floor(libm::log10(least))), most: power(above) }
    }

    fn share(&self, value: f64) -> f64 {
        match self {
            Self::Even { most } => value / most,
            Self::Decades { least, most } => {
                libm::log10(value.max(*least) / least) / libm::log10(most / least)
            }
        }
    }

    fn ticks(&self) -> Vec<f64> {
        match self {
            Self::Even { most } => ticks(*most),
            Self::Decades { least, most } => {
                std::iter::successors(Some(*least), |tick| Some(tick * 10.0))
                    .take_while(|tick| *tick <= most * 1.001)
                    .collect()
            }
        }
    }
}

fn panel(
    scene: &mut Scene,
    book: &MoveBook,
    (top, words): (f64, &str),
    axis: &Axis,
    values: &[Option<f64>],
) {
    let y = |value: f64| top + HEIGHT * (1.0 - axis.share(value).clamp(0.0, 1.0));
    let room = (WIDTH - LEFT - RIGHT) / values.len().max(1) as f64;
    let x = |index: usize| LEFT + room * (index as f64 + 0.5);
    scene.text((LEFT, top - 10.0), Anchor::Start, LABEL, SOFT, words);
    for tick in axis.ticks() {
        scene.line(vec![(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID, 1.0, SOLID);
        let text = if tick < 10.0 { sig(tick) } else { count(tick) };
        scene.text((LEFT - 10.0, y(tick) + 4.5), Anchor::End, LABEL, SOFT, text);
    }
    let known =
        values.iter().enumerate().filter_map(|(index, value)| Some((x(index), y((*value)?))));
    scene.line(known.collect(), BLUE, 1.5, SOLID);
    let named = (NAME / room).ceil().max(1.0) as usize;
    for (index, value) in values.iter().enumerate() {
        let throttle = book.throttles[index].throttle;
        let colour = if Some(throttle) == book.throttle { ORANGE } else { BLUE };
        if let Some(value) = value {
            scene.rect(x(index) - 4.5, y(*value) - 4.5, 9.0, 9.0, colour);
        }
        if index % named == 0 {
            let at = (x(index), top + HEIGHT + 20.0);
            scene.text(at, Anchor::Middle, LABEL, INK, throttle.to_string());
        }
    }
}
