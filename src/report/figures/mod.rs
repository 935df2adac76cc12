//! Figures, one file each.
//!
//! A figure is data first: a scene of marks, which is checked (nothing leaves the figure,
//! no text covers text) and then written as SVG and PNG. A new figure is one file and one line in
//! `FIGURES`.

mod axes;
mod brokers;
mod capacity;
mod decisions;
mod designs;
mod font;
mod lag;
mod latency;
mod overlay;
mod plan;
mod policies;
mod render;
mod replicas;
mod scene;
mod sweep;
mod sweep_fan;
mod sweep_pareto;
mod sweep_risk;
mod sweep_tornado;
mod throttles;
mod utilisation;
mod validation;

pub use brokers::{brokers_faults, brokers_picture};
pub use designs::{comparison_picture, consumers_picture, partitions_picture};
pub use overlay::{layout_faults as overlay_faults, picture as overlay_picture};
pub use plan::{plan_faults, plan_picture};
pub use policies::picture as policies_picture;
pub use sweep::{layout_faults as sweep_faults, pictures as sweep_pictures};
pub use throttles::{throttles_faults, throttles_picture};
pub use validation::{calibration_picture, picture as validation_picture};

use crate::error::Result;
use crate::metrics::Run;
use scene::Scene;

/// A finished figure.
#[derive(Debug, Clone)]
pub struct Picture {
    /// File name without ending.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// As SVG.
    pub svg: String,
    /// As PNG.
    pub png: Vec<u8>,
}

impl Picture {
    fn of(name: &'static str, title: &str, scene: &Scene) -> Result<Self> {
        let (svg, png) = (render::svg(scene, title), render::png(scene)?);
        Ok(Self { name, title: title.to_owned(), svg, png })
    }
}

/// A kind of figure: its file name, its title, and its scene where the run has the data.
struct Figure {
    name: &'static str,
    title: &'static str,
    scene: fn(&Run, &str) -> Option<Scene>,
}

const FIGURES: [Figure; 6] = [
    Figure { name: "load", title: "Load against capacity", scene: capacity::scene },
    Figure { name: "lag", title: "Consumer lag", scene: lag::scene },
    Figure { name: "latency", title: "Latency", scene: latency::scene },
    Figure {
        name: "replicas",
        title: "Brokers and members: wanted, ready, useful",
        scene: replicas::scene,
    },
    Figure { name: "utilisation", title: "Utilisation of brokers", scene: utilisation::scene },
    Figure { name: "decisions", title: "Scaling decisions and moves", scene: decisions::scene },
];

/// File names of all figures, without ending.
pub fn names() -> impl Iterator<Item = &'static str> {
    FIGURES.iter().map(|figure| figure.name)
}

/// All figures for which the run has data.
pub fn all(run: &Run) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for figure in &FIGURES {
        let Some(scene) = (figure.scene)(run, figure.title) else { continue };
        pictures.push(Picture::of(figure.name, figure.title, &scene)?);
    }
    Ok(pictures)
}

/// Faults of the layout of each figure of a run: text that leaves the figure or covers other text.
/// Empty for a sound layout; for tests.
pub fn layout_faults(run: &Run) -> Vec<String> {
    let of = |figure: &Figure| {
        let faults = (figure.scene)(run, figure.title).map(|scene| scene.faults());
        let name = figure.name;
        faults.into_iter().flatten().map(move |fault| format!("{name}: {fault}"))
    };
    FIGURES.iter().flat_map(of).collect()
}
