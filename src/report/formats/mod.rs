//! Output formats, one file each.

pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
pub mod openmetrics;
pub mod phases;
pub mod plain;
pub mod replay;
pub mod table;
pub mod terminal;
