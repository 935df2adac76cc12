//! Text becomes a tree with places, under a budget.

use crate::error::{Error, Place, Problem, Result};
use crate::form::{Entry, Node, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::sync::Arc;

/// Largest scenario text in bytes (1 MiB).
pub const MOST_BYTES: usize = 1 << 20;
/// Deepest nesting.
pub const MOST_DEPTH: usize = 32;
/// Most nodes of a tree.
pub const MOST_NODES: usize = 100_000;

/// Reads YAML text into a tree.
///
/// Scalars stay text, so `no` is a name. Refused, each by name: text over the budget, what is not
/// text, nothing at all, duplicate keys, several documents, anchors, aliases and tags.
pub fn read_text(file: &str, text: &str) -> Result<Node> {
    let mut documents = read(file, text, false)?;
    Ok(documents.swap_remove(0))
}

/// Reads YAML text of one or several documents, as manifests come; empty ones are left out.
pub fn read_documents(file: &str, text: &str) -> Result<Vec<Node>> {
    read(file, text, true)
}

/// At least one document.
fn read(file: &str, text: &str, several: bool) -> Result<Vec<Node>> {
    let file: Arc<str> = file.into();
    let whole = |found: String, allowed: String| {
        let place = Place { file: file.clone(), line: 0, column: 0 };
        Error::input(vec![Problem { place, path: String::new(), found, allowed, nearest: None }])
    };
    if text.len() > MOST_BYTES {
        let found = format!("{} bytes of text", text.len());
        return Err(whole(found, format!("at most {MOST_BYTES} bytes")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(whole("control characters".into(), "a text file in YAML".into()));
    }
    if text.trim().is_empty() {
        return Err(whole("an empty file".into(), "a YAML map".into()));
    }
    let mut builder = Builder {
        file: file.clone(),
        open: Vec::new(),
        documents: Vec::new(),
        several,
        nodes: 0,
        problems: Vec::new(),
    };
    builder.run(text)?;
    if !builder.problems.is_empty() {
        return Err(Error::input(builder.problems));
    }
    if builder.documents.is_empty() {
        return Err(whole("nothing but comments".into(), "a YAML map".into()));
    }
    Ok(builder.documents)
}

/// The bytes of a file as text; what is not UTF-8 is not a text file.
pub fn text_of(file: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| {
        Error::input(vec![Problem {
            place: Place::whole(file),
            path: String::new(),
            found: "bytes that are not UTF-8".into(),
            allowed: "a text file in YAML".into(),
            nearest: None,
        }])
    })
}

/// A collection that is not complete yet.
enum Open {
    List(Place, Vec<Node>),
    Map(Place, Vec<Entry>, Option<(String, Place)>),
}

struct Builder {
    file: Arc<str>,
    open: Vec<Open>,
    documents: Vec<Node>,
    several: bool,
    nodes: usize,
    problems: Vec<Problem>,
}

impl Builder {
    fn run(&mut self, text: &str) -> Result<()> {
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let marker = error.marker();
                let place = self.place(marker.line(), marker.col());
                // The parser has a depth limit of its own, for flow collections.
                if error.info().contains("recursion limit") {
                    self.too_deep(place)
                } else {
                    self.fatal(place, error.info().to_owned(), "YAML".into())
                }
            })?;
            self.take(event, span)?;
        }
        Ok(())
    }

    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: self.file.clone(), line, column: column + 1 }
    }

    fn fatal(&self, place: Place, found: String, allowed: String) -> Error {
        let mut problems = self.problems.clone();
        problems.push(Problem { place, path: String::new(), found, allowed, nearest: None });
        Error::input(problems)
    }

    fn too_deep(&self, place: Place) -> Error {
        let found = format!("nesting deeper than {MOST_DEPTH}");
        self.fatal(place, found, format!("at most {MOST_DEPTH} levels"))
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<()> {
        let place = self.place(span.start.line(), span.start.col());
        match event {
            Event::DocumentStart(_) if !self.several && !self.documents.is_empty() => {
                Err(self.fatal(place, "a second document".into(), "one document".into()))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(_) => self.refuse_sharing(place),
            Event::Scalar(_, _, anchor, tag) if anchor > 0 || tag.is_some() => {
                self.refuse_sharing(place)
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag)
                if anchor > 0 || tag.is_some() =>
            {
                self.refuse_sharing(place)
            }
            Event::Scalar(text, style, _, _) => {
                let null = matches!(style, ScalarStyle::Plain)
                    && matches!(text.as_ref(), "" | "~" | "null");
                let value = if null { Value::Null } else { Value::Scalar(text.into_owned()) };
                self.close(Node { place, value })
            }
            Event::SequenceStart(..) => self.begin(Open::List(place, Vec::new())),
            Event::MappingStart(..) => self.begin(Open::Map(place, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(place, items)) => {
                    self.close(Node { place, value: Value::List(items) })
                }
                Some(Open::Map(place, entries, _)) => {
                    self.close(Node { place, value: Value::Map(entries) })
                }
                None => Ok(()),
            },
        }
    }

    fn refuse_sharing(&self, place: Place) -> Result<()> {
        let allowed = "the value written out, or `extends: FILE`".to_owned();
        Err(self.fatal(place, "an anchor, alias or tag".into(), allowed))
    }

    fn begin(&mut self, open: Open) -> Result<()> {
        if self.open.len() >= MOST_DEPTH {
            let (Open::List(place, _) | Open::Map(place, _, _)) = open;
            return Err(self.too_deep(place));
        }
        self.open.push(open);
        Ok(())
    }

    /// A complete node takes its place in the collection around it.
    fn close(&mut self, node: Node) -> Result<()> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let found = format!("more than {MOST_NODES} values");
            return Err(self.fatal(node.place, found, format!("at most {MOST_NODES} values")));
        }
        match self.open.last_mut() {
            // A separator at the end opens a document of nothing.
            None if self.several && node.value == Value::Null => {}
            None => self.documents.push(node),
            Some(Open::List(_, items)) => {
                let joined = node
                    .text()
                    .is_some_and(|text| items.last_mut().is_some_and(|last| join(last, text)));
                if !joined {
                    items.push(node);
                }
            }
            Some(Open::Map(_, _, key @ None)) => {
                let Value::Scalar(text) = node.value else {
                    let found = "a key that is not a word".to_owned();
                    return Err(self.fatal(node.place, found, "a word before the colon".into()));
                };
                *key = Some((text, node.place));
            }
            Some(Open::Map(_, entries, key)) => {
                if let Some((text, place)) = key.take() {
                    let problem = add(entries, Entry { key: text, place, node });
                    self.problems.extend(problem);
                }
            }
        }
        Ok(())
    }
}

/// Adds an entry to a map; a key that is there already is a problem.
fn add(entries: &mut Vec<Entry>, entry: Entry) -> Option<Problem> {
    if entry.node.value == Value::Null
        && entries.last_mut().is_some_and(|last| join(&mut last.node, &entry.key))
    {
        return None;
    }
    let first = entries.iter().find(|first| first.key == entry.key);
    let problem = first.map(|first| Problem {
        place: entry.place.clone(),
        path: String::new(),
        found: format!("the key `{}` a second time", entry.key),
        allowed: format!("each key once; the first is in line {}", first.place.line),
        nearest: None,
    });
    entries.push(entry);
    problem
}

/// In `{start_up: lognormal(p50 25 s, p95 60 s)}` the comma belongs to the distribution, but YAML
/// ends the value there: what follows an open parenthesis is joined to it again.
fn join(before: &mut Node, text: &str) -> bool {
    let Value::Scalar(open) = &mut before.value else { return false };
    if open.matches('(').count() <= open.matches(')').count() {
        return false;
    }
    open.push_str(", ");
    open.push_str(text);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stay_text_and_keep_their_place() {
        let node = read_text("a.yaml", "\u{feff}topics:\r\n  no: {partitions: 1e3}\r\n  x: ~\r\n")
            .unwrap();
        let topics = node.get("topics").unwrap();
        assert_eq!(topics.entries()[0].key, "no");
        let partitions = topics.get("no").unwrap().get("partitions").unwrap();
        assert_eq!(partitions.text(), Some("1e3"));
        assert_eq!(partitions.place.to_string(), "a.yaml:2:20");
        assert_eq!(topics.get("x").unwrap().value, Value::Null);
    }

    #[test]
    fn a_distribution_keeps_its_comma_in_a_flow_map() {
        let text = "a: {x: lognormal(p50 1 s, p95 2 s), y: uniform(1 s, 2 s), z: 3}\n\
            b: [exp(1 s), uniform(1 s, 2 s)]";
        let node = read_text("a.yaml", text).unwrap();
        let a = node.get("a").unwrap();
        assert_eq!(a.get("x").unwrap().text(), Some("lognormal(p50 1 s, p95 2 s)"));
        assert_eq!(a.get("y").unwrap().text(), Some("uniform(1 s, 2 s)"));
        assert_eq!(a.entries().len(), 3);
        assert_eq!(node.get("b").unwrap().items()[1].text(), Some("uniform(1 s, 2 s)"));
    }

    #[test]
    fn what_is_refused_is_named() {
        let deep = format!("a: {}", "[".repeat(200_000));
        let wide = format!("a: [{}]", "1,".repeat(MOST_NODES));
        for (text, word) in [
            ("", "an empty file"),
            ("# only a comment\n", "nothing but comments"),
            ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: found the key `a` a second time"),
            ("a: &x 1\nb: *x\n", "an anchor, alias or tag"),
            ("a: *x\n", "a.yaml:1:4"),
            ("a: !!str 1\n", "an anchor, alias or tag"),
            ("a: 1\n---\nb: 2\n", "a second document"),
            ("a: [1, 2\n", "a.yaml:"),
            ("a: \u{0}\u{1}\u{2}", "control characters"),
            ("[1, 2]: 3", "a key that is not a word"),
            (deep.as_str(), "nesting deeper than 32"),
            (wide.as_str(), "more than 100000 values"),
        ] {
            let error = read_text("a.yaml", text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(text_of("a.yaml", vec![0xff, 0xfe, 0x00]).is_err());
    }
}
