//! Foreign texts and what is wrong with them.

use crate::error::{Error, Place, Problem, Result, nearest_word};
use serde_json::Value;

/// A problem of a file, at a path.
pub fn problem(file: &str, path: &str, found: String, allowed: &str) -> Problem {
    Problem {
        place: Place::whole(file),
        path: path.to_owned(),
        found,
        allowed: allowed.to_owned(),
        nearest: None,
    }
}

/// A problem with the nearest of some words.
pub fn wrong<'a>(
    file: &str,
    path: &str,
    found: String,
    allowed: &str,
    word: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Problem {
    let nearest = nearest_word(word, words).map(str::to_owned);
    Problem { nearest, ..problem(file, path, found, allowed) }
}

/// JSON, or where it breaks off.
pub fn json_of(file: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        let mut one = problem(file, "", error.to_string(), "whole JSON");
        (one.place.line, one.place.column) = (error.line(), error.column());
        Error::input(vec![one])
    })
}
