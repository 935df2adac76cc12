//! What each broker bears, before and after a move.

use super::Picture;
use super::axes::{LABEL, LEFT, RIGHT, WIDTH, ticks};
use super::scene::{Anchor, BLUE, Colour, GRID, INK, SOFT, SOLID, Scene};
use crate::error::Result;
use crate::model::placement::{BALANCE, Resource};
use crate::report::document::caption;
use crate::study::brokers::BrokerStudy;
use crate::units::count;

const BEFORE: Colour = (176, 182, 189);
const HEIGHT: f64 = 120.0;
const STEP: f64 = 190.0;
/// Room of a broker's name: with less, only some have one.
const NAME: f64 = 34.0;

/// Disk, network and leaders of each broker, with the mean that is aimed at.
pub fn brokers_picture(study: &BrokerStudy) -> Result<Picture> {
    Picture::of("brokers", TITLE, &scene(study))
}

/// Faults of its layout; for tests.
pub fn brokers_faults(study: &BrokerStudy) -> Vec<String> {
    scene(study).faults()
}

const TITLE: &str = "What each broker bears, before and after the move";

fn scene(study: &BrokerStudy) -> Scene {
    const MIB: f64 = 1_048_576.0;
    let panels: [(Resource, &str, f64); 4] = [
        (Resource::Disk, "stored, GiB", MIB * 1_024.0),
        (Resource::NetworkIn, "network in, MiB/s", MIB),
        (Resource::NetworkOut, "network out, MiB/s", MIB),
        (Resource::Leaders, "leaders", 1.0),
    ];
    let mut scene = Scene::new(WIDTH, 96.0 + STEP * panels.len() as f64);
    scene.text((LEFT, 30.0), Anchor::Start, 18.0, INK, TITLE);
    let mut x = WIDTH - RIGHT;
    for (words, colour) in [("after", BLUE), ("before", BEFORE)] {
        scene.text((x, 52.0), Anchor::End, LABEL, INK, words);
        x -= super::font::Face::new().width(words, LABEL) + 8.0;
        scene.rect(x - 12.0, 42.0, 12.0, 12.0, colour);
        x -= 32.0;
    }
    for (index, (resource, words, unit)) in panels.into_iter().enumerate() {
        panel(&mut scene, study, 84.0 + STEP * index as f64, resource, (words, unit));
    }
    let bottom = 84.0 + STEP * panels.len() as f64;
    let words = format!(
        "dotted: {BALANCE} × the mean of brokers that hold replicas afterwards · {}",
        caption(&study.runs[0])
    );
    let words = Scene::clipped(&words, 11.0, WIDTH - LEFT - RIGHT);
    scene.text((LEFT, bottom), Anchor::Start, 11.0, SOFT, words);
    scene
}

fn panel(
    scene: &mut Scene,
    study: &BrokerStudy,
    top: f64,
    resource: Resource,
    (words, unit): (&str, f64),
) {
    let plan = &study.plan;
    let value = |load: &crate::model::placement::BrokerLoad| load.of(resource) / unit;
    let both = plan.before.iter().chain(&plan.after).map(value);
    let holders = plan.after.iter().filter(|one| one.replicas > 0);
    let aim = holders.clone().map(value).sum::<f64>() / holders.count().max(1) as f64 * BALANCE;
    let most = both.fold(aim, f64::max).max(f64::MIN_POSITIVE) * 1.08;
    let y = |value: f64| top + HEIGHT * (1.0 - (value / most).clamp(0.0, 1.0));
    scene.text((LEFT, top - 10.0), Anchor::Start, LABEL, SOFT, words);
    // Every other tick where there are many: panels are low.
    let all = ticks(most);
    let step = if all.len() > 4 { 2 } else { 1 };
    for tick in all.into_iter().step_by(step) {
        scene.line(vec![(LEFT, y(tick)), (WIDTH - RIGHT, y(tick))], GRID, 1.0, SOLID);
        scene.text((LEFT - 10.0, y(tick) + 4.5), Anchor::End, LABEL, SOFT, count(tick));
    }
    let brokers = &study.scenario.cluster.brokers;
    let room = (WIDTH - LEFT - RIGHT) / brokers.len().max(1) as f64;
    let named = (NAME / room).ceil().max(1.0) as usize;
    let width = (room * 0.36).min(60.0);
    for (index, broker) in brokers.iter().enumerate() {
        let middle = LEFT + room * (index as f64 + 0.5);
        for (load, colour, left) in
            [(&plan.before[index], BEFORE, middle - width), (&plan.after[index], BLUE, middle)]
        {
            let height = y(0.0) - y(value(load));
            scene.rect(left, y(value(load)), width, height, colour);
        }
        if index % named == 0 {
            let name = broker.node_id.to_string();
            scene.text((middle, top + HEIGHT + 18.0), Anchor::Middle, LABEL, INK, name);
        }
    }
    scene.line(vec![(LEFT, y(aim)), (WIDTH - RIGHT, y(aim))], SOFT, 1.5, &[3.0, 3.0]);
}
