//! A scenario's tree, read once and checked many times with other values.

use super::cards::{Cards, check_folders};
use super::check::{self, Checked};
use super::source::{self, Files};
use super::{LoadOptions, read};
use crate::chance::Seed;
use crate::error::{Place, Result};
use crate::form::{Check, Node, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The tree of a scenario file with everything that it extends.
#[derive(Debug, Clone)]
pub struct Template {
    root: Node,
    cards: Vec<PathBuf>,
}

/// A value that replaces what the file says at a path (`/` between its parts).
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// The path.
    pub path: String,
    /// The value; problems with it are told at its place.
    pub value: Node,
}

impl Template {
    /// Reads the scenario that a node of another file names, relative to that file. What the
    /// options set is set; their factors and seed are left to [`Template::check`].
    ///
    /// # Errors
    /// What the file cannot be read for; its meaning is not checked yet.
    pub fn named(name: &str, from: &Node, options: &LoadOptions) -> Result<Self> {
        check_folders(&options.cards)?;
        let mut root = source::extended(Files::tree_of(name, from)?)?;
        for assignment in &options.sets {
            source::set(&mut root, assignment)?;
        }
        Ok(Self { root, cards: options.cards.clone() })
    }

    /// A scenario from its text.
    pub fn of_text(file: &str, text: &str) -> Result<Self> {
        let root = source::extended(read::read_text(file, text)?)?;
        Ok(Self { root, cards: Vec::new() })
    }

    /// The node at a path, if the file has one there.
    pub fn get(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(&self.root, |node, part| match part.parse::<usize>() {
            Ok(index) if !node.items().is_empty() => node.items().get(index),
            _ => node.get(part),
        })
    }

    /// The keys of a card's values; `None` when there is no such card.
    pub fn card_keys(&self, kind: &str, name: &str) -> Option<Vec<String>> {
        let place = Place::whole(name);
        let node = Node { place, value: Value::Scalar(name.to_owned()) };
        let cards = Cards::new(self.cards.clone(), BTreeMap::new());
        let card = cards.find(kind, &node, "", &mut Check::default())?;
        Some(card.values.entries().iter().map(|entry| entry.key.clone()).collect())
    }

    /// The scenario with values replaced, cards' values multiplied (by `KIND/NAME/KEY`), and a
    /// seed for placement and noise.
    ///
    /// # Errors
    /// All problems in one error; those of replaced values at the replacement's own place.
    pub fn check(
        &self,
        replacements: &[Replacement],
        factors: &BTreeMap<String, f64>,
        seed: u64,
    ) -> Result<Checked> {
        let mut root = self.root.clone();
        for one in replacements {
            source::put(&mut root, &one.path, one.value.clone())?;
        }
        let cards = Cards::new(self.cards.clone(), factors.clone());
        check::check(&root, &cards, Seed::new(seed))
    }
}
