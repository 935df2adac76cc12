//! Plans: what to buy, and what goes where.

mod placement;
mod script;
