//! Sweeps as something to look at: tables, a page, rows for programs, and files of results.

mod document;
mod json;
mod ledger;
mod output;
mod parquet;
mod rows;

pub use document::{document, terminal};
pub use json::json;
pub use ledger::{FileLedger, MemoryLedger, gather};
pub use output::{write, write_plan};
pub use rows::{Cell, Column, Rows, designs, effects, fan, trials};
