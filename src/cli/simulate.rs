//! `kafsim simulate`.

use super::output::Output;
use super::{Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::report::formats::phases::phases;
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
    /// Show where the time of a produce request goes, at p50 and p99, phase by phase
    #[arg(long)]
    explain: bool,
    /// Fail when a law (conservation, utilisation, high watermark …) did not hold in the run
    #[arg(long)]
    check: bool,
}

impl Simulate {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let checked = load(&self.source.scenario, &self.source.options())?;
        let target = self.output.prepare(&checked.scenario.name)?;
        for warning in &checked.warnings {
            self.output.say(&format!("warning: {}; {}", warning.found, warning.allowed));
        }
        let run = simulate(&checked.scenario, Seed::new(self.source.seed));
        let code = self.output.show(&run, target.as_deref())?;
        if self.explain {
            print(&phases(&run))?;
        }
        if self.check {
            for law in &run.violations {
                eprintln!("broken law: {law}");
            }
            self.output.say(&format!("laws broken: {}", run.violations.len()));
            if !run.violations.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Ok(code)
    }
}
