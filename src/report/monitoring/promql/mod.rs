//! A small part of `PromQL`, enough for the alert rules that people write about Kafka.
//!
//! # Grammar
//! ```text
//! alert    = sum compare number          compare = > >= < <= == !=
//! sum      = product { (+ | -) product }
//! product  = value { (* | /) value }
//! value    = number | ( sum ) | aggregate | rate | selector
//! aggregate = (sum|avg|max|min|count) [by|without (labels)] ( sum ) [by|without (labels)]
//! rate     = (rate|increase) ( selector [ time ] )
//! selector = name [ { label (= != =~ !~) "text", … } ]
//! ```
//! A regular expression is words with `.*` and `.+` in them, `|` between alternatives. Everything
//! else of `PromQL` is refused by name.

mod eval;
mod lex;
mod parse;

pub use eval::{Labels, Sampled, Unknown};
pub use lex::Refusal;
pub(crate) use parse::duration;
pub use parse::parse;

use crate::units::SimSpan;

/// An alert's expression: fires where the left side compares so with the number.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    left: Expr,
    compare: Compare,
    right: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Number(f64),
    Selector(Selector),
    Rate { of: Selector, window: SimSpan, per_second: bool },
    Aggregate { by: Aggregate, labels: Grouping, of: Box<Expr> },
    Binary { op: char, left: Box<Expr>, right: Box<Expr> },
}

#[derive(Debug, Clone, PartialEq)]
struct Selector {
    name: String,
    matchers: Vec<Matcher>,
}

#[derive(Debug, Clone, PartialEq)]
struct Matcher {
    label: String,
    /// Whether it must not match.
    negated: bool,
    /// Alternatives, each the pieces between its wildcards.
    pattern: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `.*`, or `.+` which needs a character.
    Any {
        at_least_one: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Avg,
    Max,
    Min,
    Count,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

impl Compare {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Above => left > right,
            Self::AtLeast => left >= right,
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left.total_cmp(&right).is_eq(),
            Self::Unequal => left.total_cmp(&right).is_ne(),
        }
    }
}

impl Matcher {
    fn matches(&self, value: &str) -> bool {
        self.pattern.iter().any(|pieces| fits(pieces, value)) != self.negated
    }
}

/// Whether a whole text fits a pattern.
fn fits(pieces: &[Piece], text: &str) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(start), rest)) => {
            text.strip_prefix(start.as_str()).is_some_and(|text| fits(rest, text))
        }
        Some((Piece::Any { at_least_one }, rest)) => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.skip(usize::from(*at_least_one)).any(|at| fits(rest, &text[at..]))
        }
    }
}
