//! Kinds of operations; the contract is `model::operation`.
//!
//! # Rule
//! One file per kind.
//! # Assumes
//! `model::operation`.
//! # Breaks
//! `model::operation`.
//! # Source
//! `model::operation`.

mod even_out;

pub use even_out::even_out;
