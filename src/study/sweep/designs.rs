//! Designs: every combination of the axes, times the named ones.

use super::file::{Axis, MOST_DESIGNS, Sweep};
use crate::error::{Error, Place, Problem, Result};
use crate::form::{Fields, Key, Node, Shape, Table, Value};
use crate::scenario::Replacement;

pub(super) const AXIS: Table = &[
    Key::required("path", Shape::Text, "path of a scenario's value"),
    Key::optional("values", Shape::List(&Shape::Text), "its values"),
    Key::optional("same_as", Shape::Text, "path of the axis whose value it takes"),
    Key::optional("at_most", Shape::Text, "path of the axis that it must not exceed"),
];
pub(super) const NAMED: Table = &[
    Key::required("name", Shape::Text, "its name"),
    Key::required("set", Shape::Foreign("map from paths to values"), "values by path"),
];

/// One design.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name: the values that set it apart.
    pub name: String,
    /// Each axis with its value as text, in the order of the file.
    pub values: Vec<(String, String)>,
    /// What it changes in the scenario.
    pub replacements: Vec<Replacement>,
}

/// Reads `vary`.
pub(super) fn axes(fields: &mut Fields<'_, '_>) -> Vec<Axis> {
    let items = fields.list("vary");
    let mut axes: Vec<Axis> = Vec::new();
    for (index, node) in items.iter().enumerate() {
        let paths: Vec<String> = axes.iter().map(|axis| axis.path.clone()).collect();
        let opened = fields.check().open(node, &format!("vary/{index}"), AXIS);
        let Some(mut one) = opened else { continue };
        let Some(path) = one.text("path") else { continue };
        if paths.contains(&path) {
            one.refuse("path", format!("`{path}` a second time"), "each path once");
        }
        let mut other = |key: &str| {
            let text = one.text(key)?;
            let found = paths.iter().position(|path| *path == text);
            if found.is_none() {
                let (place, path) = (one.place_of(key), one.path_of(key));
                one.check().wrong_word(&place, &path, &text, paths.iter().map(String::as_str));
            }
            found
        };
        let (same_as, at_most) = (other("same_as"), other("at_most"));
        let values = one.list("values").to_vec();
        if values.is_empty() != one.has("same_as") {
            one.refuse("path", "no values, or two sources of them", "`values` or `same_as`");
        }
        axes.push(Axis { path, values, same_as, at_most });
    }
    axes
}

/// Reads `designs`.
pub(super) fn named(fields: &mut Fields<'_, '_>) -> Vec<(String, Vec<(String, Node)>)> {
    let items = fields.list("designs");
    let mut designs: Vec<(String, Vec<(String, Node)>)> = Vec::new();
    for (index, node) in items.iter().enumerate() {
        let opened = fields.check().open(node, &format!("designs/{index}"), NAMED);
        let Some(mut one) = opened else { continue };
        let (Some(name), Some(set)) = (one.text("name"), one.raw("set")) else { continue };
        if designs.iter().any(|(other, _)| *other == name) {
            one.refuse("name", format!("`{name}` a second time"), "each name once");
        }
        if set.entries().is_empty() && !matches!(set.value, Value::Map(_)) {
            one.refuse("set", set.describe(), "a map from paths to values");
        }
        let set = set.entries().iter().map(|one| (one.key.clone(), one.node.clone()));
        designs.push((name, set.collect()));
    }
    designs
}

/// All designs of a sweep, in the order of the file, the last axis turning fastest.
///
/// # Errors
/// No design, or more than [`MOST_DESIGNS`].
pub(super) fn settings(sweep: &Sweep) -> Result<Vec<Setting>> {
    let refused = |found: String, allowed: String| {
        let (place, path) = (Place::whole(&sweep.file), "vary".to_owned());
        Error::input(vec![Problem { place, path, found, allowed, nearest: None }])
    };
    let sizes = sweep.axes.iter().map(|axis| axis.values.len().max(1));
    let size = sizes.fold(sweep.named.len().max(1), usize::saturating_mul);
    if size > MOST_DESIGNS {
        let allowed = format!("at most {MOST_DESIGNS} designs");
        return Err(refused(format!("{size} designs"), allowed));
    }
    let mut settings = Vec::new();
    let blank = (String::new(), Vec::new());
    let named: Vec<&(String, Vec<(String, Node)>)> =
        if sweep.named.is_empty() { vec![&blank] } else { sweep.named.iter().collect() };
    for (name, set) in named {
        let mut rows: Vec<Vec<Node>> = vec![Vec::new()];
        for axis in &sweep.axes {
            let longer = |row: &Vec<Node>| {
                let same: Vec<Node> =
                    axis.same_as.iter().map(|other| row[*other].clone()).collect();
                let values = if axis.same_as.is_some() { same } else { axis.values.clone() };
                let fits = |value: &Node| {
                    axis.at_most.is_none_or(|other| number(value) <= number(&row[other]))
                };
                let kept: Vec<Node> = values.into_iter().filter(fits).collect();
                kept.into_iter().map(|value| [row.clone(), vec![value]].concat()).collect()
            };
            rows = rows.iter().flat_map(|row| -> Vec<Vec<Node>> { longer(row) }).collect();
        }
        settings.extend(rows.iter().map(|row| setting(name, set, &sweep.axes, row)));
    }
    if settings.is_empty() {
        return Err(refused("no design".to_owned(), "values that keep `at_most`".to_owned()));
    }
    Ok(settings)
}

fn setting(name: &str, set: &[(String, Node)], axes: &[Axis], row: &[Node]) -> Setting {
    let mut values = Vec::new();
    if !name.is_empty() {
        values.push(("design".to_owned(), name.to_owned()));
    }
    let mut words: Vec<String> = vec![name.to_owned()];
    let fixed = set.iter().map(|(path, value)| (path.clone(), value.clone()));
    let mut replacements: Vec<Replacement> =
        fixed.map(|(path, value)| Replacement { path, value }).collect();
    for (axis, value) in axes.iter().zip(row) {
        let text = value.text().map_or_else(|| value.describe(), str::to_owned);
        if axis.same_as.is_none() {
            words.push(format!("{} {text}", short(&axis.path)));
        }
        values.push((axis.path.clone(), text));
        replacements.push(Replacement { path: axis.path.clone(), value: value.clone() });
    }
    words.retain(|word| !word.is_empty());
    let name = if words.is_empty() { "as written".to_owned() } else { words.join(", ") };
    Setting { name, values, replacements }
}

/// `groups/billing/members` is called `billing members`.
fn short(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| *part != "config").collect();
    parts[parts.len().saturating_sub(2)..].join(" ")
}

/// The leading number of a value, for `at_most`.
fn number(node: &Node) -> f64 {
    let text = node.text().unwrap_or_default().replace('_', "");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].parse().unwrap_or(f64::NAN)
}
