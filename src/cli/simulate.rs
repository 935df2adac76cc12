//! `kafsim simulate`.

use super::output::Output;
use super::{Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::report::formats::phases::phases;
use kafsim::scenario::load;
use kafsim::study::{Precision, simulate_precisely};
use kafsim::units::{Quantity, Ratio};
use std::process::ExitCode;

/// `kafsim simulate SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    output: Output,
    /// Simulate so many times, for 95 % intervals [default: until they are ± 5 % (requests), once
    /// (flows)]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    replications: Option<u32>,
    /// Simulate until the intervals of throughput and publish latency are so narrow to each side,
    /// 15 times at most
    #[arg(long, value_name = "SHARE", default_value = "5 %", conflicts_with = "replications",
        value_parser = share)]
    precision: f64,
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
        let precision =
            self.replications.map_or(Precision::HalfWidth(self.precision), Precision::Replications);
        let seed = Seed::new(self.source.seed);
        let run = simulate_precisely(&checked.scenario, seed, precision);
        let code = self.output.show(&run, target.as_deref())?;
        if self.explain {
            print(&phases(&run))?;
        }
        if self.check {
            let all = std::iter::once(&run).chain(&run.others);
            let broken: Vec<&String> = all.flat_map(|one| &one.violations).collect();
            for law in &broken {
                eprintln!("broken law: {law}");
            }
            self.output.say(&format!("laws broken: {}", broken.len()));
            if !broken.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Ok(code)
    }
}

/// A share of more than nothing.
fn share(text: &str) -> std::result::Result<f64, String> {
    let allowed = "a share above 0, e.g. `2 %` or `0.02`";
    let ratio = Ratio::parse(text).map_err(|_| allowed.to_owned())?.get();
    if ratio > 0.0 { Ok(ratio) } else { Err(allowed.to_owned()) }
}
