//! Plans: what to buy, and what goes where.

mod cli;
mod issues;
mod placement;
mod runbook;
mod script;
