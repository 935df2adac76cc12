//! `kafsim explain`.

use super::print;
use clap::Args;
use kafsim::error::Result;
use kafsim::report::explain::explain;
use std::process::ExitCode;

/// `kafsim explain NAME`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A term, a card, a metric or a mechanism; without it, all names
    name: Option<String>,
}

impl Explain {
    pub(crate) fn run(self) -> Result<ExitCode> {
        print(&explain(self.name.as_deref())?)?;
        Ok(ExitCode::SUCCESS)
    }
}
