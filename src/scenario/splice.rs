//! New values in somebody's own text: comments, order and spelling stay as they are.
//!
//! A value that is written is replaced where it stands, in its own quotes. A value that is not
//! written is put before the first key of the deepest map on its way that exists, with what is
//! missing between as a flow map; that is valid inside block and flow maps alike.

use super::read::read_documents;
use crate::error::{Error, Place, Problem, Result};
use crate::form::{Node, Value};

/// A value to write: the path of its key, `/` between the parts, list items by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewValue {
    /// The path.
    pub path: String,
    /// The scalar's text, without quotes.
    pub text: String,
}

/// A change of a text: at a byte, so many bytes give way to others.
struct Edit {
    at: usize,
    length: usize,
    with: String,
}

/// The text with new values in the document with this number (empty ones are not counted).
///
/// # Errors
/// A path that leads through a scalar or an empty map, and a text that would not read as meant
/// afterwards: with file, line and path.
pub fn splice(file: &str, text: &str, document: usize, values: &[NewValue]) -> Result<String> {
    let mut spliced = text.to_owned();
    // One by one: what one value puts there, the next one may stand in.
    for value in values {
        let trees = read_documents(file, &spliced)?;
        let Some(tree) = trees.get(document) else {
            return Err(Error::usage(format!("{file} has no document {document}")));
        };
        let edit = edit(&spliced, tree, value)?;
        spliced.replace_range(edit.at..edit.at + edit.length, &edit.with);
        let after = read_documents(file, &spliced)?;
        let found = after.get(document).and_then(|tree| find(tree, &value.path));
        if found.and_then(Node::text) != Some(&value.text) {
            return Err(refused(&tree.place, &value.path, "a value that cannot be replaced"));
        }
    }
    Ok(spliced)
}

/// The node at a path.
pub fn find<'n>(tree: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('/').try_fold(tree, |node, part| match &node.value {
        Value::List(items) => items.get(part.parse::<usize>().ok()?),
        _ => node.get(part),
    })
}

fn edit(text: &str, tree: &Node, value: &NewValue) -> Result<Edit> {
    let parts: Vec<&str> = value.path.split('/').collect();
    let mut node = tree;
    for (depth, part) in parts.iter().enumerate() {
        let next = match &node.value {
            Value::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => node.get(part),
        };
        match next {
            Some(next) => node = next,
            None => return insertion(text, node, &parts[depth..], value),
        }
    }
    let Value::Scalar(_) = &node.value else {
        return Err(refused(&node.place, &value.path, &node.describe()));
    };
    let at = offset(text, &node.place);
    let rest = &text[at..];
    let (length, with) = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inside = rest[1..].find(quote).unwrap_or(0);
            (inside + 2, format!("{quote}{}{quote}", value.text))
        }
        _ => {
            let ends = |c: char| c.is_whitespace() || ",}]".contains(c);
            (rest.find(ends).unwrap_or(rest.len()), value.text.clone())
        }
    };
    Ok(Edit { at, length, with })
}

/// What is missing, before the first key of a map.
fn insertion(text: &str, node: &Node, missing: &[&str], value: &NewValue) -> Result<Edit> {
    let Some(first) = node.entries().first() else {
        return Err(refused(&node.place, &value.path, &node.describe()));
    };
    let inner = missing[1..].iter().rev();
    let nested = inner.fold(value.text.clone(), |inside, key| format!("{{{key}: {inside}}}"));
    let at = offset(text, &first.place);
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..at];
    // A block map's key has nothing before it in its line but spaces and dashes of lists.
    let block = before.chars().all(|c| c == ' ' || c == '-' || c == '\u{feff}');
    let indent = " ".repeat(before.chars().filter(|c| *c != '\u{feff}').count());
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let after = if block { format!("{end}{indent}") } else { ", ".to_owned() };
    Ok(Edit { at, length: 0, with: format!("{}: {nested}{after}", missing[0]) })
}

/// The byte at which a place stands.
fn offset(text: &str, place: &Place) -> usize {
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    for _ in 1..place.line {
        start += text[start..].find('\n').map_or(0, |end| end + 1);
    }
    let column = text[start..].char_indices().nth(place.column.saturating_sub(1));
    column.map_or(text.len(), |(byte, _)| start + byte)
}

fn refused(place: &Place, path: &str, found: &str) -> Error {
    Error::input(vec![Problem {
        place: place.clone(),
        path: path.to_owned(),
        found: found.to_owned(),
        allowed: "a plain or quoted value, or a map with at least one key above it".to_owned(),
        nearest: None,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# mine
spec:
  triggers:  # two
    - type: kafka
      metadata:
        lagThreshold: \"20000\"   # records
        topic: ö, not a comment
    - {type: kafka, metadata: {topic: b, lagThreshold: 5}}
  max: 24# odd
";

    fn spliced(text: &str, values: &[(&str, &str)]) -> Result<String> {
        let values: Vec<NewValue> = values
            .iter()
            .map(|(path, text)| NewValue { path: (*path).into(), text: (*text).into() })
            .collect();
        splice("a.yaml", text, 0, &values)
    }

    #[test]
    fn values_change_where_they_stand_and_nothing_else_does() {
        let new = spliced(
            TEXT,
            &[
                ("spec/triggers/0/metadata/lagThreshold", "700"),
                ("spec/triggers/1/metadata/lagThreshold", "123456"),
            ],
        )
        .unwrap();
        let by_hand = TEXT.replace("\"20000\"", "\"700\"").replace("old: 5}", "old: 123456}");
        assert_eq!(new, by_hand);
        let crlf = TEXT.replace('\n', "\r\n");
        let new = spliced(&crlf, &[("spec/triggers/0/metadata/lagThreshold", "7")]).unwrap();
        assert_eq!(new, crlf.replace("20000", "7"));
        let bom = format!("\u{feff}{TEXT}");
        let new = spliced(&bom, &[("spec/triggers/0/metadata/lagThreshold", "7")]).unwrap();
        assert_eq!(new, bom.replace("20000", "7"));
    }

    #[test]
    fn what_is_missing_is_put_before_the_first_key() {
        let text = "kind: A\nspec:\n  # first\n  max: 3\n  list:\n    - {a: 1}\n    - b: 2\n";
        let new = spliced(
            text,
            &[
                ("spec/min", "1"),
                ("spec/x/y/z", "9"),
                ("spec/list/0/c", "4"),
                ("spec/list/1/c", "5"),
            ],
        )
        .unwrap();
        let tree = read_documents("a.yaml", &new).unwrap().swap_remove(0);
        let value = |path: &str| find(&tree, path).and_then(Node::text).map(str::to_owned);
        for (path, expected) in [
            ("spec/min", "1"),
            ("spec/x/y/z", "9"),
            ("spec/max", "3"),
            ("spec/list/0/a", "1"),
            ("spec/list/0/c", "4"),
            ("spec/list/1/b", "2"),
            ("spec/list/1/c", "5"),
        ] {
            assert_eq!(value(path).as_deref(), Some(expected), "{path} in\n{new}");
        }
        assert!(new.contains("  # first\n"), "{new}");
        let two = spliced("a:\n  b: 1\n", &[("a/x/y/p", "2"), ("a/x/z", "3")]).unwrap();
        assert_eq!(two, "a:\n  x: {z: 3, y: {p: 2}}\n  b: 1\n");
        assert!(new.contains("    - {c: 4, a: 1}\n    - c: 5\n      b: 2\n"), "{new}");
    }

    #[test]
    fn another_document_keeps_its_bytes() {
        let text = "---\nkind: X\nmax: 1\n---\nkind: Y\nmax: 1\n";
        let value = NewValue { path: "max".into(), text: "2".into() };
        let new = splice("a.yaml", text, 1, std::slice::from_ref(&value)).unwrap();
        assert_eq!(new, "---\nkind: X\nmax: 1\n---\nkind: Y\nmax: 2\n");
        assert!(splice("a.yaml", text, 2, &[value]).is_err());
    }

    #[test]
    fn what_cannot_be_replaced_is_refused_at_its_line() {
        for (path, word) in [
            ("spec/triggers", "a list of 2"),
            ("spec/max/deep", "`24# odd`"),
            ("kind/x", "a.yaml:2:1"),
        ] {
            let error = spliced(TEXT, &[(path, "1")]);
            if path == "kind/x" {
                assert!(error.is_ok(), "the root is a map");
                continue;
            }
            let error = error.unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(word), "{error}");
        }
        let block = "a: |\n  12\n";
        assert!(spliced(block, &[("a", "3")]).is_err(), "a block scalar is no number");
    }
}
