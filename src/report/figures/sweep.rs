//! The figures of a sweep.

use super::scene::Scene;
use super::{Picture, sweep_fan, sweep_pareto, sweep_risk, sweep_tornado};
use crate::error::Result;
use crate::report::document::VERSION;
use crate::study::sweep::{Answer, Plan};

/// A kind of figure of a sweep.
struct Figure {
    name: &'static str,
    title: &'static str,
    scene: fn(&Plan, &Answer, &str) -> Option<Scene>,
}

const FIGURES: [Figure; 4] = [
    Figure { name: "risk", title: "Chance of missing an objective", scene: sweep_risk::scene },
    Figure { name: "pareto", title: "Cost against risk", scene: sweep_pareto::scene },
    Figure { name: "tornado", title: "What decides", scene: sweep_tornado::scene },
    Figure { name: "fan", title: "How far trials differ", scene: sweep_fan::scene },
];

/// What a sweep's figure was made from, in one line.
pub(super) fn caption(plan: &Plan, answer: &Answer) -> String {
    format!(
        "{} · {} units · seed {} · plan {} · kafsim {VERSION}",
        plan.sweep.name, answer.used, plan.seed, plan.hash
    )
}

/// All figures for which the answer has data.
///
/// # Errors
/// What cannot be drawn.
pub fn pictures(plan: &Plan, answer: &Answer) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for figure in &FIGURES {
        let Some(scene) = (figure.scene)(plan, answer, figure.title) else { continue };
        pictures.push(Picture::of(figure.name, figure.title, &scene)?);
    }
    Ok(pictures)
}

/// Faults of the layout: text that leaves a figure or covers other text; for tests.
pub fn layout_faults(plan: &Plan, answer: &Answer) -> Vec<String> {
    let of = |figure: &Figure| {
        let faults = (figure.scene)(plan, answer, figure.title).map(|scene| scene.faults());
        let name = figure.name;
        faults.into_iter().flatten().map(move |fault| format!("{name}: {fault}"))
    };
    FIGURES.iter().flat_map(of).collect()
}
