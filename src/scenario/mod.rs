//! What the reader wrote, checked.
//!
//! Text becomes a tree with places under a budget ([`read`]), the tree gets everything that it
//! extends and what `--set` says ([`source`]), and becomes a [`Scenario`] through typed readers
//! that push into one list of problems (`check`). Numbers come from [`cards`], foreign policy files
//! are read by [`manifests`].

pub mod cards;
mod check;
pub mod foreign;
mod group;
pub mod manifests;
mod objective;
mod placement;
pub mod read;
mod scenario;
pub mod schema;
pub mod source;
pub mod splice;
mod template;

pub use check::{Checked, MOST_BROKERS, MOST_REPLICAS, SCENARIO};
pub use group::{ClientRack, Group, GroupProtocol, Work};
pub use objective::{Comparison, Metric, Objective, Stat, Window};
pub use placement::{Assignment, read_describe, read_placement, read_reassignment};
pub use scenario::{
    Arrivals, BrokerPool, BrokerSettings, EngineChoice, Initial, Pacing, Producer, Rebalancing,
    Scaler, Scenario, Seats, TimelineAction, TimelineEntry, Tls,
};
pub use template::{Replacement, Template};

use crate::chance::Seed;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a scenario is loaded.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `path=value` pairs that replace what the file says.
    pub sets: Vec<String>,
    /// Folders with further cards.
    pub cards: Vec<PathBuf>,
    /// Factors on uncertain values of cards, by `KIND/NAME/KEY`.
    pub factors: BTreeMap<String, f64>,
    /// Seed of the placement and of noise in curves.
    pub seed: u64,
}

/// Loads and checks a scenario file; `-` is standard input.
///
/// # Errors
/// All problems of the file in one error, each with its place.
pub fn load(file: &str, options: &LoadOptions) -> Result<Checked> {
    load_text(file, &source::open(file)?, options)
}

/// Checks a scenario from its text; `file` names it in problems and is where paths begin.
pub fn load_text(file: &str, text: &str, options: &LoadOptions) -> Result<Checked> {
    load_layers(&[(file, text)], options)
}

/// Checks a scenario that is written in layers, the ground first: scalars and lists of a later one
/// replace, maps merge.
///
/// # Errors
/// All problems of all layers in one error, each with its place.
pub fn load_layers(layers: &[(&str, &str)], options: &LoadOptions) -> Result<Checked> {
    cards::check_folders(&options.cards)?;
    let mut root: Option<crate::form::Node> = None;
    for (file, text) in layers {
        let layer = source::extended(read::read_text(file, text)?)?;
        root = Some(match root {
            Some(below) => source::merge(below, layer),
            None => layer,
        });
    }
    let Some(mut root) = root else { return Err(Error::usage("no scenario".to_owned())) };
    for assignment in &options.sets {
        source::set(&mut root, assignment)?;
    }
    let cards = cards::Cards::new(options.cards.clone(), options.factors.clone());
    check::check(&root, &cards, Seed::new(options.seed))
}
