//! Tables of keys: the one description of a map.

use crate::units::Quantity;

/// A table of the keys that a map may have.
pub type Table = &'static [Key];

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The word, in snake_case; Kafka's properties keep Kafka's name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there, and what it is when it is not.
    pub need: Need,
    /// One sentence of meaning, with unit and range.
    pub meaning: &'static str,
}

/// Whether a key must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be written.
    Required,
    /// Absent means absent.
    Optional,
    /// Absent means this text.
    Default(&'static str),
}

/// What a value looks like; enough for the JSON Schema and for hints.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number in a range, both ends included.
    Count {
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
    },
    /// A real number in a range, both ends included.
    Number {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// A quantity: its name and an example of its text.
    Quantity {
        /// The quantity's name.
        name: &'static str,
        /// A correct example.
        example: &'static str,
    },
    /// A distribution of a quantity.
    Distribution {
        /// The quantity's name.
        name: &'static str,
        /// A correct example of one value.
        example: &'static str,
    },
    /// One word of a closed list.
    Word(&'static [&'static str]),
    /// A list of one shape.
    List(&'static Shape),
    /// A map with these keys.
    Map(Table),
    /// A map from names that the author chooses to one shape.
    Named(&'static Shape),
    /// A map whose `tag` key is a word that decides which further keys are allowed.
    Tagged {
        /// The deciding key.
        tag: &'static str,
        /// The words, each with its table.
        kinds: &'static [(&'static str, Table)],
    },
    /// A shape that refers to itself (a curve of curves), by the name of its definition.
    Recursive(&'static str),
    /// A map whose shape is described elsewhere (Kafka's own properties, foreign manifests).
    Foreign(&'static str),
}

impl Shape {
    /// The shape of a quantity.
    pub const fn quantity<Q: Quantity>() -> Self {
        Self::Quantity { name: Q::NAME, example: Q::EXAMPLE }
    }
    /// The shape of a distribution of a quantity.
    pub const fn distribution<Q: Quantity>() -> Self {
        Self::Distribution { name: Q::NAME, example: Q::EXAMPLE }
    }
}

impl Key {
    /// A key that must be written.
    pub const fn required(name: &'static str, shape: Shape, meaning: &'static str) -> Self {
        Self { name, shape, need: Need::Required, meaning }
    }
    /// A key that may be absent.
    pub const fn optional(name: &'static str, shape: Shape, meaning: &'static str) -> Self {
        Self { name, shape, need: Need::Optional, meaning }
    }
    /// A key with a default text.
    pub const fn default(
        name: &'static str,
        shape: Shape,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, shape, need: Need::Default(default), meaning }
    }
}
