//! `kafsim import`.

use super::print;
use clap::{Args, Subcommand};
use kafsim::error::Result;
use kafsim::interop::{RunRow, read_perf_test};
use kafsim::scenario::source::open;
use std::process::ExitCode;

/// `kafsim import WHAT FILE`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Text printed by Kafka's perf tools: producer, consumer, end to end
    PerfTest {
        /// The text, `-` for standard input
        file: String,
    },
}

impl Import {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let What::PerfTest { file } = self.what;
        let rows = read_perf_test(&file, &open(&file)?)?;
        print(&RunRow::csv(&rows))?;
        Ok(ExitCode::SUCCESS)
    }
}
