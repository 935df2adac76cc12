//! What a purchase costs against the chance that it is too little.

use super::Picture;
use super::axes::{LABEL, LEFT, RIGHT, WIDTH, ticks};
use super::font::Face;
use super::scene::{Anchor, BLUE, Colour, Extent, GRID, INK, ORANGE, PINK, SOFT, SOLID, Scene};
use crate::error::Result;
use crate::study::plan::{MOST_RISK, Offer, PlanAnswer};
use crate::units::sig;

const TOP: f64 = 76.0;
const HEIGHT: f64 = 340.0;
const TITLE: &str = "Cost against risk, in 12 months";
const GREY: Colour = (176, 182, 189);

/// The front with what is bought, what is cheaper, and what the exercise's script would buy.
pub fn plan_picture(answer: &PlanAnswer) -> Result<Picture> {
    Picture::of("front", TITLE, &scene(answer))
}

/// Faults of its layout; for tests.
pub fn plan_faults(answer: &PlanAnswer) -> Vec<String> {
    scene(answer).faults()
}

fn same(a: &Offer, b: &Offer) -> bool {
    a.purchase == b.purchase
}

fn scene(answer: &PlanAnswer) -> Scene {
    let bought = answer.months.last();
    let marks: Vec<(&Offer, Colour, bool)> = answer
        .front
        .iter()
        .map(|one| {
            let taken = bought.is_some_and(|bought| same(bought, one));
            (one, if taken { ORANGE } else { BLUE }, true)
        })
        .chain(answer.by_script.iter().map(|one| (one, PINK, false)))
        .collect();
    let most = marks.iter().map(|(one, ..)| one.monthly.dollars()).fold(0.0, f64::max);
    let most = most.max(1e-9) * 1.1;
    let x = |cost: f64| LEFT + (WIDTH - LEFT - RIGHT) * (cost / most).clamp(0.0, 1.0);
    let worst = marks.iter().map(|(one, ..)| one.risk).fold(MOST_RISK * 2.0, f64::max);
    let worst = (worst * 1.08).min(1.05);
    let y = |risk: f64| TOP + HEIGHT * (1.0 - (risk / worst).clamp(0.0, 1.0));
    let mut scene = Scene::new(WIDTH, TOP + HEIGHT + 92.0);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, TITLE);
    let words = "chance that the objective is violated, against $ per month";
    scene.text((LEFT, TOP - 16.0), Anchor::Start, LABEL, SOFT, words);
    for tick in ticks(worst).into_iter().filter(|tick| *tick <= 1.0) {
        scene.line(vec![(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID, 1.0, SOLID);
        let text = format!("{} %", sig((tick * 1_000.0).round() / 10.0));
        scene.text((LEFT - 10.0, y(tick) + 4.5), Anchor::End, LABEL, SOFT, text);
    }
    let floor = TOP + HEIGHT;
    for tick in ticks(most) {
        scene.line(vec![(x(tick), floor), (x(tick), floor + 5.0)], SOFT, 1.0, SOLID);
        scene.text((x(tick), floor + 20.0), Anchor::Middle, LABEL, SOFT, sig(tick));
    }
    let limit = vec![(LEFT, y(MOST_RISK)), (WIDTH - RIGHT, y(MOST_RISK))];
    scene.line(limit, SOFT, 1.5, &[3.0, 3.0]);
    points(&mut scene, &marks, &x, &y);
    legend(&mut scene, floor + 64.0);
    scene
}

/// The front joined by a line, each purchase with its name where there is room.
fn points(
    scene: &mut Scene,
    marks: &[(&Offer, Colour, bool)],
    x: &dyn Fn(f64) -> f64,
    y: &dyn Fn(f64) -> f64,
) {
    let at = |one: &Offer| (x(one.monthly.dollars()), y(one.risk));
    let front: Vec<(f64, f64)> =
        marks.iter().filter(|mark| mark.2).map(|mark| at(mark.0)).collect();
    if front.len() > 1 {
        scene.line(front, GREY, 1.5, &[4.0, 3.0]);
    }
    for (one, colour, _) in marks {
        let (left, top) = at(one);
        scene.rect(left - 5.0, top - 5.0, 10.0, 10.0, *colour);
    }
    let mut taken: Vec<Extent> = scene.extents().into_iter().map(|(extent, _)| extent).collect();
    // What is bought, and what the script would buy, are named first.
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by_key(|at| marks[*at].1 == BLUE);
    for (one, ..) in order.into_iter().map(|at| marks[at]) {
        let name = format!("{} × {}", one.purchase.brokers, one.purchase.machine);
        let name = Scene::clipped(&name, 12.0, 240.0);
        let (left, mut base) = (at(one).0 + 9.0, at(one).1 - 8.0);
        // Above the dotted line, where it would be crossed.
        let line = y(MOST_RISK);
        if base - 12.0 < line && line < base + 4.0 {
            base = line - 6.0;
        }
        scene.name_if_free((left, base), WIDTH - RIGHT, name, &mut taken);
    }
}

fn legend(scene: &mut Scene, y: f64) {
    let mut x = LEFT;
    let face = Face::new();
    for (words, colour) in [
        ("bought", ORANGE),
        ("nothing is cheaper and safer", BLUE),
        ("the exercise's script", PINK),
    ] {
        scene.rect(x, y - 10.0, 10.0, 10.0, colour);
        scene.text((x + 16.0, y), Anchor::Start, LABEL, INK, words);
        x += 16.0 + face.width(words, LABEL) + 28.0;
    }
    let words = format!("dotted: {} % is allowed", sig(MOST_RISK * 100.0));
    scene.text((x, y), Anchor::Start, LABEL, SOFT, words);
}
