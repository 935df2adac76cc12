//! Cards: numbers with value, unit, source, date and uncertainty.

use super::read::{read_text, text_of};
use super::source::Files;
use crate::error::{Error, Result, nearest_word};
use crate::form::{Check, Entry, Key, Node, Shape, Table, Value};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::PathBuf;

static MODELS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/models");

/// The keys of every card.
pub const CARD: Table = &[
    Key::required("card", Shape::Text, "the kind of card, the name of its folder"),
    Key::required("name", Shape::Text, "its name, the file's name without .yaml"),
    Key::required("about", Shape::Text, "what it describes"),
    Key::required("source", Shape::Text, "where its values come from"),
    Key::required("date", Shape::Text, "when they were taken"),
    Key::required("values", Shape::Named(&Shape::Map(VALUE)), "the values"),
];
const VALUE: Table = &[
    Key::required("value", Shape::Text, "the value with its unit"),
    Key::required("uncertainty", Shape::Text, "how far off it may be"),
    Key::optional("source", Shape::Text, "where this value comes from, if not the card's source"),
    Key::optional("date", Shape::Text, "when it was taken, if not the card's date"),
];

/// Where cards come from: the binary, and folders of the user.
#[derive(Debug, Clone, Default)]
pub struct Cards {
    folders: Vec<PathBuf>,
    factors: BTreeMap<String, f64>,
}

/// A value of a card that is to be another.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its key.
    pub key: String,
    /// The new text.
    pub value: String,
    /// How far off it may be, and where it comes from.
    pub uncertainty: String,
    /// See `uncertainty`.
    pub source: String,
}

/// A card's values as one map of texts, each with its place.
#[derive(Debug, Clone)]
pub struct Card {
    /// Kind and name: `hosts/lab-4c-16g`.
    pub title: String,
    /// 16 hexadecimal digits over its text.
    pub hash: String,
    /// A map from names to scalars.
    pub values: Node,
}

impl Cards {
    /// The embedded cards, and those in folders laid out like `models/`, which win.
    /// `factors` multiply values, by `KIND/NAME/KEY`.
    pub fn new(folders: Vec<PathBuf>, factors: BTreeMap<String, f64>) -> Self {
        Self { folders, factors }
    }

    /// The names of all cards of a kind.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let embedded = MODELS.get_dir(kind).into_iter().flat_map(Dir::files);
        let mut names: Vec<String> = embedded
            .filter_map(|file| file.path().file_stem()?.to_str().map(str::to_owned))
            .collect();
        for folder in &self.folders {
            let Ok(files) = std::fs::read_dir(folder.join(kind)) else { continue };
            let stems = files.flatten().filter_map(|file| {
                let path = file.path();
                let yaml = path.extension().is_some_and(|ext| ext == "yaml");
                yaml.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
            });
            names.extend(stems);
        }
        names.sort();
        names.dedup();
        names
    }

    /// The card that a node names; a problem if there is none.
    pub fn find(&self, kind: &str, name: &Node, path: &str, check: &mut Check) -> Option<Card> {
        let Some(word) = name.text() else {
            check.problem(&name.place, path, name.describe(), "the name of a card".into());
            return None;
        };
        match self.tree(kind, word, name) {
            Ok(Some((tree, hash))) => {
                let mut card = card(kind, word, &tree, hash, check)?;
                self.scale(&mut card);
                Some(card)
            }
            Ok(None) => {
                let names = self.names(kind);
                check.wrong_word(&name.place, path, word, names.iter().map(String::as_str));
                None
            }
            Err(error) => {
                check.problems.extend(error.problems().iter().cloned());
                None
            }
        }
    }

    /// Applies the factors that concern a card.
    fn scale(&self, card: &mut Card) {
        let title = card.title.clone();
        let Value::Map(entries) = &mut card.values.value else { return };
        for entry in entries {
            let factor = self.factors.get(&format!("{title}/{}", entry.key));
            if let (Some(factor), Value::Scalar(text)) = (factor, &mut entry.node.value) {
                *text = scaled(text, *factor);
            }
        }
    }

    /// One number of a card, by `KIND/NAME` and key.
    ///
    /// # Errors
    /// There is no such card, or it has no such number.
    pub fn number(&self, title: &str, key: &str) -> Result<f64> {
        let from = Node { place: crate::error::Place::whole(title), value: Value::Null };
        let (kind, word) = title.split_once('/').unwrap_or((title, ""));
        let tree = self.tree(kind, word, &from)?;
        let value = tree.as_ref().and_then(|(tree, _)| tree.get("values")?.get(key)?.get("value"));
        let number = value.and_then(Node::text).and_then(|text| text.parse::<f64>().ok());
        number.filter(|number| number.is_finite()).ok_or_else(|| {
            Error::usage(format!("the card {title} has no number `{key}` among its values"))
        })
    }

    /// The uncertain values of a card, as (key, spread): the value lies within a factor of
    /// exp(spread) of the one printed in 80 % of cases.
    pub fn uncertain(&self, title: &str) -> Vec<(String, f64)> {
        let Some((kind, word)) = title.split_once('/') else { return Vec::new() };
        let place = crate::error::Place::whole(title);
        let from = Node { place, value: Value::Null };
        let Ok(Some((tree, _))) = self.tree(kind, word, &from) else { return Vec::new() };
        let values = tree.get("values").map(Node::entries).unwrap_or_default();
        values
            .iter()
            .filter_map(|entry| {
                let words = entry.node.get("uncertainty")?.text()?;
                Some((entry.key.clone(), spread(words)?))
            })
            .collect()
    }

    /// The text of a card with some of its values changed.
    ///
    /// # Errors
    /// There is no such card.
    pub fn rewritten(&self, title: &str, date: &str, changes: &[Change]) -> Result<String> {
        let from = Node { place: crate::error::Place::whole(title), value: Value::Null };
        let (kind, word) = title.split_once('/').unwrap_or((title, ""));
        let Some((tree, _)) = self.tree(kind, word, &from)? else {
            return Err(Error::usage(format!("there is no card {title}")));
        };
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(quoted);
        let mut lines = Vec::new();
        for key in ["card", "name", "about", "source", "date"] {
            lines.push(format!("{key}: {}", text(&tree, key).unwrap_or_default()));
        }
        lines.push("values:".to_owned());
        for entry in tree.get("values").map(Node::entries).unwrap_or_default() {
            let change = changes.iter().find(|change| change.key == entry.key);
            let new = |key: &str| {
                change.map(|change| match key {
                    "value" => quoted(&change.value),
                    "uncertainty" => quoted(&change.uncertainty),
                    "source" => quoted(&change.source),
                    _ => quoted(date),
                })
            };
            let parts = ["value", "uncertainty", "source", "date"].into_iter().filter_map(|key| {
                let words = new(key).or_else(|| text(&entry.node, key))?;
                Some(format!("{key}: {words}"))
            });
            let parts: Vec<String> = parts.collect();
            lines.push(format!("  {}: {{{}}}", entry.key, parts.join(", ")));
        }
        Ok(lines.join("\n") + "\n")
    }

    /// The text of a card's value.
    pub fn value(&self, title: &str, key: &str) -> Option<String> {
        let (kind, word) = title.split_once('/')?;
        let from = Node { place: crate::error::Place::whole(title), value: Value::Null };
        let (tree, _) = self.tree(kind, word, &from).ok()??;
        tree.get("values")?.get(key)?.get("value")?.text().map(str::to_owned)
    }

    /// The values of a card that were fitted to measurements: name, value, uncertainty, source.
    pub fn fitted(&self, title: &str) -> Vec<[String; 4]> {
        let Some((kind, word)) = title.split_once('/') else { return Vec::new() };
        let from = Node { place: crate::error::Place::whole(title), value: Value::Null };
        let Ok(Some((tree, _))) = self.tree(kind, word, &from) else { return Vec::new() };
        let values = tree.get("values").map(Node::entries).unwrap_or_default();
        let text = |entry: &Entry, key: &str| {
            entry.node.get(key).and_then(Node::text).unwrap_or_default().to_owned()
        };
        values
            .iter()
            .filter(|entry| {
                let words = ["source", "uncertainty"].map(|key| text(entry, key));
                words.iter().any(|words| words.contains("runs_fit.csv") || words.contains("rows "))
                    || words.iter().any(|words| words.contains("fitted on row"))
            })
            .map(|entry| {
                let name = format!("{title}/{}", entry.key);
                [name, text(entry, "value"), text(entry, "uncertainty"), text(entry, "source")]
            })
            .collect()
    }

    fn tree(&self, kind: &str, word: &str, from: &Node) -> Result<Option<(Node, String)>> {
        if is_file(word) {
            let tree = Files::tree_of(word, from)?;
            let bytes = std::fs::read(Files::resolve(word, from)).unwrap_or_default();
            return Ok(Some((tree, hash_of(&bytes))));
        }
        for folder in &self.folders {
            let path = folder.join(kind).join(format!("{word}.yaml"));
            if let Ok(bytes) = std::fs::read(&path) {
                let file = path.to_string_lossy();
                let hash = hash_of(&bytes);
                let tree = read_text(&file, &text_of(&file, bytes)?)?;
                return Ok(Some((tree, hash)));
            }
        }
        let path = format!("{kind}/{word}.yaml");
        match MODELS.get_file(&path) {
            Some(file) => {
                let text = file.contents_utf8().unwrap_or_default();
                let tree = read_text(&format!("card {path}"), text)?;
                Ok(Some((tree, hash_of(file.contents()))))
            }
            None => Ok(None),
        }
    }
}

/// Whether a word names a file instead of an embedded card.
pub fn is_file(word: &str) -> bool {
    word.contains('/') || std::path::Path::new(word).extension().is_some_and(|end| end == "yaml")
}

/// The embedded text of a card or another file under `models/`.
pub fn embedded(path: &str) -> Option<&'static str> {
    MODELS.get_file(path)?.contents_utf8()
}

/// All embedded files of a folder under `models/`, as (name without ending, text).
pub fn embedded_in(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    MODELS
        .get_dir(folder)
        .into_iter()
        .flat_map(Dir::files)
        .filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?)))
}

/// Folders of cards in the binary.
pub fn embedded_kinds() -> impl Iterator<Item = &'static str> {
    MODELS.dirs().filter_map(|dir| dir.path().to_str())
}

/// The nearest name among the embedded cards of all kinds.
pub fn nearest_card(word: &str) -> Option<&'static str> {
    let names = embedded_kinds().flat_map(embedded_in).map(|(name, _)| name);
    nearest_word(word, names)
}

fn card(kind: &str, word: &str, tree: &Node, hash: String, check: &mut Check) -> Option<Card> {
    let before = check.problems.len();
    let mut fields = check.open(tree, "", CARD)?;
    for key in ["card", "name", "about", "source", "date"] {
        let _present = fields.raw(key);
    }
    let values = fields.raw("values")?;
    let mut flat = Vec::new();
    for entry in values.entries() {
        let path = format!("values/{}", entry.key);
        let Some(mut fields) = fields.check().open(&entry.node, &path, VALUE) else { continue };
        let _stated = fields.raw("uncertainty");
        if let Some(node) = fields.raw("value") {
            flat.push(Entry {
                key: entry.key.clone(),
                place: entry.place.clone(),
                node: node.clone(),
            });
        }
    }
    let title = format!("{kind}/{word}");
    let values = Node { place: values.place.clone(), value: Value::Map(flat) };
    (check.problems.len() == before).then_some(Card { title, hash, values })
}

/// The logarithmic spread that an uncertainty means: `×/÷ 1.7`, `× 1 ÷ 1.5` or `± 5 %`.
fn spread(words: &str) -> Option<f64> {
    let number = |text: &str| {
        let digits: String =
            text.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        digits.parse::<f64>().ok()
    };
    if let Some(rest) = words.strip_prefix("×/÷") {
        return number(rest).filter(|factor| *factor > 1.0).map(libm::log);
    }
    if let Some((_, rest)) = words.split_once('÷') {
        return number(rest).filter(|factor| *factor > 1.0).map(|factor| libm::log(factor) / 2.0);
    }
    let rest = words.strip_prefix('±').filter(|rest| rest.contains('%'))?;
    number(rest).map(|percent| libm::log1p(percent / 100.0))
}

/// A text whose numbers with a unit, or that stand alone, are multiplied.
fn scaled(text: &str, factor: f64) -> String {
    let mut result = String::new();
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            result.push(' ');
        }
        match word.parse::<f64>() {
            Ok(number) => result.push_str(&format!("{:.6}", number * factor)),
            Err(_) => result.push_str(word),
        }
    }
    result
}

/// A card's text under a factor, with four digits: what is written on a card.
pub fn rounded(text: &str, factor: f64) -> String {
    let words = text.split(' ').map(|word| match word.parse::<f64>() {
        Ok(number) if number != 0.0 => {
            let value = number * factor;
            let digits = 3 - libm::floor(libm::log10(value.abs())) as i32;
            format!("{value:.*}", digits.clamp(0, 9) as usize)
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<String>>().join(" ")
}

/// 64-bit FNV-1a as 16 hexadecimal digits: a fingerprint, not a signature.
pub fn hash_of(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// A usage error for a card folder that does not exist.
pub fn check_folders(folders: &[PathBuf]) -> Result<()> {
    match folders.iter().find(|folder| !folder.is_dir()) {
        Some(folder) => {
            Err(Error::usage(format!("--cards {}: there is no such folder", folder.display())))
        }
        None => Ok(()),
    }
}
