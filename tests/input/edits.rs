//! Single edits of the example files: each changes what the file means, or is refused at its line.

use crate::support::{example, examples};
use kafsim::chance::{Chance, Seed, Stream};
use kafsim::form::Effective;
use kafsim::scenario::{LoadOptions, load_text};
use std::collections::BTreeSet;

/// What a text means, or its problems.
fn meaning(file: &str, text: &str) -> Result<Vec<Effective>, String> {
    match load_text(file, text, &LoadOptions::default()) {
        Ok(checked) => Ok(checked.effective),
        Err(error) => Err(error.to_string()),
    }
}

fn values(effective: &[Effective]) -> BTreeSet<(String, String)> {
    effective.iter().map(|one| (one.path.clone(), one.value.clone())).collect()
}

/// Words followed by a colon, with their places in the text; names that the author chose excluded.
fn keys(text: &str) -> Vec<(usize, usize)> {
    const KNOWN: [&str; 40] = [
        "name",
        "start",
        "duration",
        "hosts",
        "card",
        "count",
        "zones",
        "cluster",
        "version",
        "run_on",
        "log_dirs",
        "start_up",
        "topics",
        "partitions",
        "replication_factor",
        "config",
        "producers",
        "to",
        "clients",
        "client",
        "records",
        "size",
        "key",
        "keys",
        "load",
        "curve",
        "base",
        "groups",
        "reads",
        "members",
        "pods",
        "work",
        "cpu_per_record",
        "wait_per_record",
        "concurrency",
        "autoscaling",
        "policy",
        "scales",
        "rebalance",
        "timeline",
    ];
    let mut found = Vec::new();
    for (at, _) in text.match_indices(": ").chain(text.match_indices(":\n")) {
        let from = text[..at].rfind(|c: char| !(c.is_alphanumeric() || "_.-".contains(c)));
        let from = from.map_or(0, |from| from + 1);
        let line = text[..from].rsplit('\n').next().unwrap_or_default();
        if KNOWN.contains(&&text[from..at]) && !line.contains('#') {
            found.push((from, at));
        }
    }
    found.sort_unstable();
    found
}

/// One letter swapped, dropped or doubled.
fn typo(word: &str, stream: &mut Stream) -> String {
    let letters: Vec<char> = word.chars().collect();
    let at = stream.index(letters.len());
    let mut new = letters.clone();
    match stream.index(3) {
        0 if at + 1 < letters.len() && letters[at] != letters[at + 1] => new.swap(at, at + 1),
        1 if letters.len() > 3 => {
            new.remove(at);
        }
        _ => new.insert(at, letters[at]),
    }
    new.into_iter().collect()
}

#[test]
fn five_hundred_edits_change_the_meaning_or_are_refused_at_their_line() {
    let mut stream = Chance::new(Seed::new(51), 0).stream("edit", "random");
    let files: Vec<(String, String)> = examples()
        .iter()
        .map(|name| (example(name), std::fs::read_to_string(example(name)).expect("a file")))
        .collect();
    let (mut typos, mut hinted) = (0, 0);
    for edit in 0..500 {
        let (file, text) = &files[stream.index(files.len())];
        let before = values(&meaning(file, text).expect("examples are right"));
        let keys = keys(text);
        let (from, to) = keys[stream.index(keys.len())];
        let word = &text[from..to];
        let line = 1 + text[..from].matches('\n').count();
        let kind = stream.index(3);
        let new = match kind {
            // A key with a typing error.
            0 => format!("{}{}{}", &text[..from], typo(word, &mut stream), &text[to..]),
            // A value that is no value: at the key's line or the next.
            1 => format!("{}: '§'{}", &text[..to], rest(&text[to..])),
            // The key once more in front of itself.
            _ => format!("{}{word}: 1\n{}{}", &text[..from], indent(text, from), &text[from..]),
        };
        match meaning(file, &new) {
            Ok(after) => {
                assert_ne!(values(&after), before, "edit {edit} of `{word}` went unnoticed");
            }
            Err(found) => {
                let near = (line..=line + 1).any(|line| found.contains(&format!(":{line}:")));
                assert!(near || kind == 1, "edit {edit} of `{word}`, line {line}: {found}");
                if kind == 0 {
                    typos += 1;
                    hinted += usize::from(found.contains(&format!("did you mean `{word}`?")));
                }
            }
        }
    }
    println!("{hinted} of {typos} typing errors got the right word");
    assert!(typos > 100 && hinted * 100 >= typos * 95, "{hinted} of {typos}");
}

/// What follows a value: the rest after the end of its line, or of its flow item.
fn rest(text: &str) -> &str {
    let end = text.find([',', '}', '\n']).unwrap_or(text.len());
    &text[end..]
}

/// What stands before a key that begins its line or its item; nothing within a flow map.
fn indent(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |from| from + 1);
    let before = &text[line..at];
    if matches!(before.trim(), "" | "-") { " ".repeat(before.len()) } else { String::new() }
}
