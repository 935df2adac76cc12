//! Terms, cards, metrics and mechanisms, in their own words.
//!
//! The text of a mechanism is the documentation of its own source file, so that it exists once.

use super::formats::table::COLUMNS;
use crate::error::{Error, Result, nearest_word};
use crate::scenario::cards::{embedded, embedded_in, embedded_kinds};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;

static MODELS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/model");

/// Names under which people look for a mechanism.
const ALIASES: [(&str, &str); 6] = [
    ("fetch", "fetching"),
    ("batch", "batching"),
    ("poll", "service"),
    ("reassign", "even-out"),
    ("kip-848", "consumer-protocol"),
    ("autoscaling-policy", "threshold"),
];

/// The explanation of a name, or all names.
///
/// # Errors
/// A name that nothing has, with the nearest one.
pub fn explain(name: Option<&str>) -> Result<String> {
    let entries = entries();
    let Some(name) = name else { return Ok(listing(&entries)) };
    let wanted = normal(name);
    let alias = ALIASES.iter().find(|(alias, _)| *alias == wanted).map(|(_, name)| *name);
    let wanted = alias.map_or(wanted, str::to_owned);
    match entries.get(&wanted) {
        Some((kind, text)) => Ok(format!("{wanted} ({kind})\n\n{}", wrap(text))),
        None => {
            let near = nearest_word(&wanted, entries.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
            let list = "`kafsim explain` lists all names";
            Err(Error::usage(format!("found no explanation of `{name}`{hint}; {list}")))
        }
    }
}

/// All names.
pub fn names() -> Vec<String> {
    entries().into_keys().collect()
}

type Entries = BTreeMap<String, (String, String)>;

fn entries() -> Entries {
    let mut entries = Entries::new();
    mechanisms(&MODELS, &mut entries);
    for kind in embedded_kinds() {
        for (name, text) in embedded_in(kind).filter(|(_, text)| text.starts_with("card:")) {
            entries.entry(normal(name)).or_insert((format!("card of {kind}"), card(text)));
        }
    }
    let glossary = embedded("glossary.md").unwrap_or_default();
    for part in glossary.split("\n## ").skip(1) {
        if let Some((term, text)) = part.split_once('\n') {
            entries.entry(normal(term)).or_insert(("term".into(), text.trim().to_owned()));
        }
    }
    entries
}

fn mechanisms(dir: &Dir<'_>, entries: &mut Entries) {
    for file in dir.files() {
        let stem = file.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if matches!(stem, "mod" | "registry" | "factor") {
            continue;
        }
        let source = file.contents_utf8().unwrap_or_default();
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        entries.insert(normal(stem), ("mechanism".into(), text.join("\n")));
    }
    dir.dirs().for_each(|dir| mechanisms(dir, entries));
}

/// A card as lines of name, value, uncertainty.
fn card(text: &str) -> String {
    text.lines()
        .filter(|line| !line.starts_with("values:"))
        .map(|line| line.trim_start().replace(['"', '{', '}'], ""))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace(['_', ' '], "-")
}

fn listing(entries: &Entries) -> String {
    let mut by_kind: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, (kind, _)) in entries {
        by_kind.entry(kind).or_default().push(name);
    }
    by_kind
        .into_iter()
        .map(|(kind, names)| format!("{kind}\n{}\n", wrap(&format!("  {}", names.join("  ")))))
        .collect()
}

/// Paragraphs joined and wrapped; headings, lists and tables keep their lines.
fn wrap(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut length = 0;
        for word in line.split_whitespace() {
            let width = word.chars().count();
            if length > 0 && length + 1 + width > usize::from(COLUMNS) {
                out.push('\n');
                length = 0;
            }
            if length == 0 {
                out.push_str(&indent);
                length = indent.len();
            } else {
                out.push(' ');
                length += 1;
            }
            out.push_str(word);
            length += width;
        }
        out.push('\n');
    }
    out
}
