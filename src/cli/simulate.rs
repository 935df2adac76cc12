//! `kafsim simulate`.

use super::Source;
use super::output::Output;
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::scenario::load;
use kafsim::study::simulate;
use std::process::ExitCode;

/// `kafsim simulate SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    output: Output,
}

impl Simulate {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let checked = load(&self.source.scenario, &self.source.options())?;
        let target = self.output.prepare(&checked.scenario.name)?;
        for warning in &checked.warnings {
            self.output.say(&format!("warning: {}; {}", warning.found, warning.allowed));
        }
        let run = simulate(&checked.scenario, Seed::new(self.source.seed));
        self.output.show(&run, target.as_deref())
    }
}
