//! What a person wrote, as a tree with places, and typed readers that collect every problem.
//!
//! A *table* of [`Key`]s describes a map once: its words, shapes, defaults and meaning. The same
//! table drives the typed readers ([`Fields`]), the JSON Schema, the nearest-word hints and
//! `check --effective`. It stands below `model/`, so that each kind of curve, policy or operation
//! declares its own keys in its own file. Text becomes a tree in `scenario::read`.

mod fields;
mod node;
mod table;

pub use fields::{Check, Effective, Fields, one_of};
pub use node::{Entry, Node, Value};
pub use table::{Key, Need, Shape, Table};
