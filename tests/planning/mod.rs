//! Plans: what to buy, and what goes where.

mod cli;
mod placement;
mod script;
