//! Files: the only place that opens what a scenario names.

use super::read::{read_documents, read_text, text_of};
use crate::error::{Error, Place, Problem, Result};
use crate::form::{Entry, Node, Value};
use crate::model::curve::CurveFiles;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Opens files relative to the file that names them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Files {
    /// The path of a file that a node names: relative to the node's own file.
    pub fn resolve(name: &str, from: &Node) -> PathBuf {
        let place = Path::new(&*from.place.file);
        place.parent().unwrap_or(Path::new("")).join(name)
    }

    /// The tree of a file that a node names, under the name by which problems quote it.
    pub fn tree_of(name: &str, from: &Node) -> Result<Node> {
        let (quoted, text) = Self::text_named(name, from)?;
        read_text(&quoted, &text)
    }

    /// The trees of a file that may hold several documents.
    pub fn documents_of(name: &str, from: &Node) -> Result<Vec<Node>> {
        let (quoted, text) = Self::text_named(name, from)?;
        read_documents(&quoted, &text)
    }

    fn text_named(name: &str, from: &Node) -> Result<(String, String)> {
        let path = Self::resolve(name, from);
        let quoted = path.to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).map_err(|source| {
            Error::input(vec![Problem {
                place: from.place.clone(),
                path: String::new(),
                found: format!("`{name}`: {source}"),
                allowed: "a file that can be read".into(),
                nearest: None,
            }])
        })?;
        let text = text_of(&quoted, bytes)?;
        Ok((quoted, text))
    }
}

impl CurveFiles for Files {
    fn text(&self, name: &str, from: &Node) -> Result<(String, String), String> {
        let path = Self::resolve(name, from);
        let quoted = path.to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| "not a text file".to_owned())?;
        Ok((text, quoted))
    }
    fn tree(&self, name: &str, from: &Node) -> Result<Node> {
        Self::tree_of(name, from)
    }
}

/// The text of the file that the user named; `-` is standard input.
pub fn open(file: &str) -> Result<String> {
    let mut bytes = Vec::new();
    if file == "-" {
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|source| Error::io("read", Path::new("standard input"), source))?;
    } else {
        bytes = std::fs::read(file).map_err(|source| {
            Error::input(vec![Problem {
                place: Place::whole(file),
                path: String::new(),
                found: source.to_string(),
                allowed: "a file that can be read".into(),
                nearest: None,
            }])
        })?;
    }
    text_of(file, bytes)
}

/// A tree with everything that it extends: scalars and lists replace, maps merge.
pub fn extended(node: Node) -> Result<Node> {
    let mut chain = vec![node.place.file.to_string()];
    let mut layers = vec![node];
    while let Some(base) = layers.last().and_then(|layer| layer.get("extends")) {
        let Some(name) = base.text() else {
            return Err(problem(base, base.describe(), "the name of a file".into()));
        };
        let tree = Files::tree_of(name, base)?;
        let file = tree.place.file.to_string();
        let circle = chain.iter().any(|seen| same_file(seen, &file));
        chain.push(file);
        if circle {
            let found = format!("files that extend each other: {}", chain.join(" → "));
            return Err(problem(base, found, "a file that does not lead back here".into()));
        }
        layers.push(tree);
    }
    let mut layers = layers.into_iter().rev();
    let first = layers.next().unwrap_or_else(|| unreachable!("the file itself is a layer"));
    let mut whole = layers.fold(first, merge);
    if let Value::Map(entries) = &mut whole.value {
        entries.retain(|entry| entry.key != "extends");
    }
    Ok(whole)
}

fn same_file(a: &str, b: &str) -> bool {
    let full = |name: &str| std::fs::canonicalize(name).unwrap_or_else(|_| PathBuf::from(name));
    full(a) == full(b)
}

fn problem(node: &Node, found: String, allowed: String) -> Error {
    let (place, path) = (node.place.clone(), "extends".to_owned());
    Error::input(vec![Problem { place, path, found, allowed, nearest: None }])
}

/// `over` on top of `base`.
pub(super) fn merge(base: Node, over: Node) -> Node {
    match (base.value, over.value) {
        (Value::Map(mut entries), Value::Map(changes)) => {
            for change in changes {
                match entries.iter().position(|entry| entry.key == change.key) {
                    Some(index) => {
                        let entry = &mut entries[index];
                        let below = std::mem::replace(&mut entry.node, change.node.clone());
                        entry.node = merge(below, change.node);
                        entry.place = change.place;
                    }
                    None => entries.push(change),
                }
            }
            Node { place: over.place, value: Value::Map(entries) }
        }
        (_, value) => Node { place: over.place, value },
    }
}

/// Applies `--set path=value`; the value is YAML, so `{rate: 5 k/s}` sets a map.
pub fn set(root: &mut Node, assignment: &str) -> Result<()> {
    let usage = || {
        let example = "--set producers/shop/load/base='30 k/s'";
        Error::usage(format!("found `{assignment}`; allowed is path=value, e.g. {example}"))
    };
    let (path, value) = assignment.split_once('=').ok_or_else(usage)?;
    if path.is_empty() || path.split('/').any(str::is_empty) {
        return Err(usage());
    }
    let value = if value.is_empty() {
        Node { place: Place::whole("--set"), value: Value::Null }
    } else {
        read_text("--set", value)?
    };
    put(root, path, value).map_err(|_| usage())
}

/// Puts a node at a path; maps on the way are made where they are absent, at the node's own place.
///
/// # Errors
/// A path that leads through a value or beyond a list.
pub fn put(root: &mut Node, path: &str, value: Node) -> Result<()> {
    let place = value.place.clone();
    let mut node = root;
    for part in path.split('/') {
        node = child(node, part, &place).ok_or_else(|| {
            Error::input(vec![Problem {
                place: place.clone(),
                path: path.to_owned(),
                found: format!("`{part}` in a path, where the scenario has no place for it"),
                allowed: "a path of keys and list indices of the scenario".to_owned(),
                nearest: None,
            }])
        })?;
    }
    *node = value;
    Ok(())
}

fn child<'n>(node: &'n mut Node, part: &str, place: &Place) -> Option<&'n mut Node> {
    if part.is_empty() {
        return None;
    }
    if !matches!(node.value, Value::Map(_) | Value::List(_)) {
        node.value = Value::Map(Vec::new());
    }
    match &mut node.value {
        Value::List(items) => part.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
        Value::Map(entries) => {
            let index = entries.iter().position(|entry| entry.key == part).unwrap_or_else(|| {
                let node = Node { place: place.clone(), value: Value::Null };
                entries.push(Entry { key: part.to_owned(), place: place.clone(), node });
                entries.len() - 1
            });
            Some(&mut entries[index].node)
        }
        Value::Null | Value::Scalar(_) => None,
    }
}
