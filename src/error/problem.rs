//! One thing that is wrong in a file, told so that a tired operator can mend it.

use std::fmt;
use std::sync::Arc;

/// Where something was written. Lines and columns count from 1; 0 means "the file as a whole".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it; `-` is standard input, `--set` the command line.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What was found where, what is allowed, and the nearest valid word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// Path of the key with `/` between the parts, empty for the file as a whole.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What is allowed instead; never empty.
    pub allowed: String,
    /// The nearest valid word, when one is near.
    pub nearest: Option<String>,
}

impl Place {
    /// The file as a whole.
    pub fn whole(file: &str) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            f.write_str(&self.file)
        } else {
            write!(f, "{}:{}:{}", self.file, self.line, self.column)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "found {}; allowed is {}", self.found, self.allowed)?;
        if let Some(word) = &self.nearest {
            write!(f, " (did you mean `{word}`?)")?;
        }
        Ok(())
    }
}

/// The word out of `words` that `found` was most likely meant to be, if any is near enough:
/// at most one edit for every three letters, transpositions counting as one.
pub fn nearest_word<'a>(found: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = found.to_lowercase();
    words
        .into_iter()
        .map(|word| {
            let edits = strsim::osa_distance(&lower, &word.to_lowercase());
            (edits, word)
        })
        .filter(|(edits, word)| *edits * 3 <= word.chars().count().max(3))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let words = ["partitions", "replication_factor", "config"];
        assert_eq!(nearest_word("partitoins", words), Some("partitions"));
        assert_eq!(nearest_word("Config", words), Some("config"));
        assert_eq!(nearest_word("brokers", words), None);
    }

    #[test]
    fn a_problem_reads_as_one_sentence() {
        let problem = Problem {
            place: Place { file: "a.yaml".into(), line: 3, column: 5 },
            path: "topics/orders".into(),
            found: "the key `partitoins`".into(),
            allowed: "one of partitions, config".into(),
            nearest: Some("partitions".into()),
        };
        assert_eq!(
            problem.to_string(),
            "a.yaml:3:5: topics/orders: found the key `partitoins`; allowed is one of partitions, \
             config (did you mean `partitions`?)"
        );
    }
}
