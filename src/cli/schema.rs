//! `kafsim schema`.

use super::print;
use clap::{Args, ValueEnum};
use kafsim::error::Result;
use kafsim::report::formats::json;
use kafsim::scenario::schema::schema;
use std::process::ExitCode;

/// `kafsim schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which schema
    #[arg(value_enum, default_value_t = Of::Scenario)]
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Scenario files
    Scenario,
    /// `summary.json` and `--format json`
    Summary,
}

impl Schema {
    pub(crate) fn run(self) -> Result<ExitCode> {
        print(&match self.of {
            Of::Scenario => format!("{:#}\n", schema()),
            Of::Summary => json::SCHEMA.to_owned(),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
