//! `kafsim check`.

use super::{Source, print};
use clap::Args;
use kafsim::error::Result;
use kafsim::report::formats::table::Table;
use kafsim::scenario::load;
use std::process::ExitCode;

/// `kafsim check FILE`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    source: Source,
    /// Print every value that holds and where it came from
    #[arg(long)]
    effective: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let checked = load(&self.source.scenario, &self.source.options())?;
        let mut text = String::new();
        if self.effective {
            let mut table = Table::new(&["value", "is", "from"]);
            for one in &checked.effective {
                table.row(&[one.path.clone(), one.value.clone(), one.origin.clone()]);
            }
            text.push_str(&table.plain());
        }
        for warning in &checked.warnings {
            let line = format!(
                "warning: {}: {}: {}; {}\n",
                warning.place, warning.path, warning.found, warning.allowed
            );
            text.push_str(&line);
        }
        let scenario = &checked.scenario;
        let summary = format!(
            "{}: right ({} brokers, {} partitions, {} producers, {} groups, {}; hash {})\n",
            self.source.scenario,
            scenario.cluster.brokers.len(),
            scenario.cluster.partitions.len(),
            scenario.producers.len(),
            scenario.groups.len(),
            scenario.duration.to_prose(),
            scenario.hash,
        );
        text.push_str(&summary);
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
