//! Typed readers over a map, which push into one list of problems.

use super::{Key, Need, Node, Shape, Table, Value};
use crate::chance::Distribution;
use crate::error::{Place, Problem, nearest_word};
use crate::units::{Quantity, QuantityError};

/// Everything that reading a file finds: problems, warnings and the values that now hold.
#[derive(Debug, Default)]
pub struct Check {
    /// What must be mended.
    pub problems: Vec<Problem>,
    /// What is allowed and has no effect, or looks like a mistake.
    pub warnings: Vec<Problem>,
    /// Every value that holds, in the order it was read.
    pub effective: Vec<Effective>,
}

/// A value that holds, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Path of the key, `/` between its parts.
    pub path: String,
    /// The value as text.
    pub value: String,
    /// Where it came from: `file:line`, `default`, `card NAME`, `Kafka 4.1 default`.
    pub origin: String,
}

/// A map that is read against its table. Unknown keys are problems as soon as it is opened.
#[derive(Debug)]
pub struct Fields<'n, 'c> {
    node: &'n Node,
    table: Table,
    path: String,
    lenient: bool,
    check: &'c mut Check,
}

impl Check {
    /// Reports that `found` at a node is not `allowed`.
    pub fn problem(&mut self, place: &Place, path: &str, found: String, allowed: String) {
        self.problems.push(Problem {
            place: place.clone(),
            path: path.to_owned(),
            found,
            allowed,
            nearest: None,
        });
    }

    /// Reports a word that is none of `words`, with the nearest one.
    pub fn wrong_word<'w>(
        &mut self,
        place: &Place,
        path: &str,
        found: &str,
        words: impl IntoIterator<Item = &'w str>,
    ) {
        let words: Vec<&str> = words.into_iter().collect();
        self.problems.push(Problem {
            place: place.clone(),
            path: path.to_owned(),
            found: format!("`{found}`"),
            allowed: one_of(&words),
            nearest: nearest_word(found, words).map(str::to_owned),
        });
    }

    /// Notes a value that holds.
    pub fn note(&mut self, path: String, value: String, origin: String) {
        self.effective.push(Effective { path, value, origin });
    }

    /// Opens a map at a path; a node of another shape is a problem.
    pub fn open<'n>(&mut self, node: &'n Node, path: &str, table: Table) -> Option<Fields<'n, '_>> {
        self.open_as(node, path, table, false)
    }

    /// Opens a map of somebody else's format, where an unknown key is only a warning; maps below it
    /// are read the same way.
    pub fn open_foreign<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        table: Table,
    ) -> Option<Fields<'n, '_>> {
        self.open_as(node, path, table, true)
    }

    fn open_as<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        table: Table,
        lenient: bool,
    ) -> Option<Fields<'n, '_>> {
        if !matches!(node.value, Value::Map(_)) {
            let words: Vec<&str> = table.iter().map(|key| key.name).collect();
            let allowed = format!("a map with the keys {}", words.join(", "));
            self.problem(&node.place, path, node.describe(), allowed);
            return None;
        }
        let known = self.problems.len();
        for entry in node.entries() {
            if !table.iter().any(|key| key.name == entry.key) {
                let words = table.iter().map(|key| key.name);
                self.wrong_word(&entry.place, path, &entry.key, words);
            }
        }
        if lenient {
            self.warnings.extend(self.problems.drain(known..));
        }
        Some(Fields { node, table, path: path.to_owned(), lenient, check: self })
    }
}

impl<'n> Fields<'n, '_> {
    /// The map's node.
    pub fn node(&self) -> &'n Node {
        self.node
    }
    /// The map's path.
    pub fn path(&self) -> &str {
        &self.path
    }
    /// The list of problems, for checks that span several keys.
    pub fn check(&mut self) -> &mut Check {
        self.check
    }
    /// The path of one of the map's keys.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}/{key}", self.path) }
    }
    /// The place of a key's value, or of the map when the key is absent.
    pub fn place_of(&self, key: &str) -> Place {
        self.node.get(key).unwrap_or(self.node).place.clone()
    }
    /// Whether the key was written.
    pub fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some()
    }
    /// Reports a problem with a key's value.
    pub fn refuse(&mut self, key: &str, found: impl Into<String>, allowed: impl Into<String>) {
        let (place, path) = (self.place_of(key), self.path_of(key));
        self.check.problem(&place, &path, found.into(), allowed.into());
    }

    /// The key's node as written; a missing required key is a problem.
    pub fn raw(&mut self, key: &str) -> Option<&'n Node> {
        let node = self.node.get(key);
        if node.is_none() && matches!(self.key(key).need, Need::Required) {
            let meaning = self.key(key).meaning;
            let allowed = format!("the key `{key}`: {meaning}");
            self.check.problem(&self.node.place, &self.path, "no such key".into(), allowed);
        }
        node
    }

    /// The text of a scalar, or its default; notes it as effective.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.raw(key) {
            Some(node) => match &node.value {
                Value::Scalar(text) => {
                    let origin = node.place.to_string();
                    self.check.note(self.path_of(key), text.clone(), origin);
                    Some(text.clone())
                }
                _ => {
                    let allowed = describe(&self.key(key).shape);
                    self.refuse(key, node.describe(), allowed);
                    None
                }
            },
            None => match self.key(key).need {
                Need::Default(text) => {
                    self.check.note(self.path_of(key), text.to_owned(), "default".into());
                    Some(text.to_owned())
                }
                Need::Required | Need::Optional => None,
            },
        }
    }

    /// A quantity.
    pub fn quantity<Q: Quantity>(&mut self, key: &str) -> Option<Q> {
        self.parsed(key, Q::parse)
    }
    /// A distribution of a quantity.
    pub fn distribution<Q: Quantity>(&mut self, key: &str) -> Option<Distribution<Q>> {
        self.parsed(key, Distribution::parse)
    }
    /// `true` or `false`.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.parsed(key, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(not_allowed(text, &Shape::Flag)),
        })
    }
    /// A whole number in the table's range.
    pub fn count(&mut self, key: &str) -> Option<u64> {
        let shape = self.key(key).shape;
        self.parsed(key, |text| {
            let number = text.replace('_', "").parse::<u64>().ok();
            let Shape::Count { min, max } = shape else { return Err(not_allowed(text, &shape)) };
            number.filter(|n| (min..=max).contains(n)).ok_or_else(|| not_allowed(text, &shape))
        })
    }
    /// A real number in the table's range.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        let shape = self.key(key).shape;
        self.parsed(key, |text| {
            let number = text.parse::<f64>().ok();
            let Shape::Number { min, max } = shape else { return Err(not_allowed(text, &shape)) };
            number.filter(|n| (min..=max).contains(n)).ok_or_else(|| not_allowed(text, &shape))
        })
    }
    /// One word of the table's list, as its index.
    pub fn word(&mut self, key: &str) -> Option<usize> {
        let Shape::Word(words) = self.key(key).shape else {
            unreachable!("`{key}` is read as a word, so its table says so")
        };
        let text = self.text(key)?;
        let found = words.iter().position(|word| *word == text);
        if found.is_none() {
            let (place, path) = (self.place_of(key), self.path_of(key));
            self.check.wrong_word(&place, &path, &text, words.iter().copied());
        }
        found
    }
    /// The items of a list; none when the key is absent.
    pub fn list(&mut self, key: &str) -> &'n [Node] {
        let Some(node) = self.raw(key) else { return &[] };
        if !matches!(node.value, Value::List(_)) {
            let allowed = describe(&self.key(key).shape);
            self.refuse(key, node.describe(), allowed);
        }
        node.items()
    }
    /// A map below this one, opened against its own table.
    pub fn map(&mut self, key: &str, table: Table) -> Option<Fields<'n, '_>> {
        let node = self.raw(key)?;
        let path = self.path_of(key);
        self.check.open_as(node, &path, table, self.lenient)
    }

    fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, QuantityError>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(key, error.found, error.allowed);
                None
            }
        }
    }

    fn key(&self, name: &str) -> &'static Key {
        match self.table.iter().find(|key| key.name == name) {
            Some(key) => key,
            None => unreachable!("`{name}` is read, so its table lists it"),
        }
    }
}

fn not_allowed(text: &str, shape: &Shape) -> QuantityError {
    QuantityError { found: format!("`{text}`"), allowed: describe(shape) }
}

/// A choice in words; of nothing when the file defines none.
pub fn one_of(words: &[&str]) -> String {
    if words.is_empty() {
        return "nothing: the file defines none".to_owned();
    }
    format!("one of {}", words.join(", "))
}

/// What a shape allows, in words.
pub(super) fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Text => "a text".into(),
        Shape::Flag => "true or false".into(),
        Shape::Count { min, max: u64::MAX } => format!("a whole number of at least {min}"),
        Shape::Count { min, max } => format!("a whole number from {min} to {max}"),
        Shape::Number { min, max } if max.is_infinite() => format!("a number of at least {min}"),
        Shape::Number { min, max } => format!("a number from {min} to {max}"),
        Shape::Quantity { name, example } => format!("a {name}, e.g. `{example}`"),
        Shape::Distribution { name, example } => {
            format!("a {name} or a distribution of it, e.g. `{example}` or `exp({example})`")
        }
        Shape::Word(words) => one_of(words),
        Shape::List(item) => format!("a list, each item {}", describe(item)),
        Shape::Map(table) => {
            let words: Vec<&str> = table.iter().map(|key| key.name).collect();
            format!("a map with the keys {}", words.join(", "))
        }
        Shape::Named(_) => "a map from names".into(),
        Shape::Tagged { tag, kinds } => {
            let words: Vec<&str> = kinds.iter().map(|(word, _)| *word).collect();
            format!("a map with `{tag}: {}`", words.join(" | "))
        }
        Shape::Recursive(name) | Shape::Foreign(name) => format!("a {name}"),
    }
}
