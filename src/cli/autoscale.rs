//! `kafsim autoscale`.

use super::output::Output;
use super::{Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::{Error, Result};
use kafsim::form::Check;
use kafsim::model::policies::Policy;
use kafsim::report::formats::replay as rows;
use kafsim::scenario::{load, manifests, read, source};
use kafsim::study::{replay, simulate};
use std::process::ExitCode;

/// `kafsim autoscale SCENARIO` or `kafsim autoscale --replay HISTORY --policy FILE`.
#[derive(Debug, Args)]
pub(crate) struct Autoscale {
    /// Scenario file, `-` for standard input
    #[arg(required_unless_present = "replay", conflicts_with = "replay")]
    scenario: Option<String>,
    /// Policy file: with a scenario it replaces the file of its first policy; with --replay it may
    /// be repeated and may hold several documents
    #[arg(long, value_name = "FILE", required_unless_present = "scenario")]
    policy: Vec<String>,
    /// Recorded history (CSV) to replay through the policy instead of a scenario
    #[arg(long, value_name = "HISTORY")]
    replay: Option<String>,
    /// Let sizes follow the decisions instead of the history
    #[arg(long, requires = "replay")]
    closed: bool,
    /// Set a value of the scenario without editing it; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    cards: Vec<std::path::PathBuf>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: Output,
}

impl Autoscale {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match (&self.replay, &self.scenario) {
            (Some(history), _) => self.replay(history),
            (None, Some(scenario)) => self.simulate(scenario),
            (None, None) => Err(Error::usage("found neither a scenario nor --replay")),
        }
    }

    fn simulate(&self, scenario: &str) -> Result<ExitCode> {
        let mut set = self.set.clone();
        if self.policy.len() > 1 {
            let found = format!("found {} policies for one scenario", self.policy.len());
            return Err(Error::usage(format!("{found}; allowed is one, or --replay")));
        }
        if let Some(policy) = self.policy.first() {
            // The command line's paths begin in the current folder.
            let absolute = std::path::absolute(policy)
                .map_err(|error| Error::io("find", std::path::Path::new(policy), error))?;
            let quoted = absolute.display().to_string().replace('\'', "''");
            set.push(format!("autoscaling/0/policy='{quoted}'"));
        }
        let source = Source {
            scenario: scenario.to_owned(),
            set,
            cards: self.cards.clone(),
            seed: self.seed,
        };
        let checked = load(&source.scenario, &source.options())?;
        if checked.scenario.autoscaling.is_empty() {
            return Err(Error::usage(format!("{scenario} has no `autoscaling`")));
        }
        let target = self.output.prepare(&checked.scenario.name)?;
        let run = simulate(&checked.scenario, Seed::new(self.seed));
        self.output.show(&run, target.as_deref())
    }

    fn replay(&self, history: &str) -> Result<ExitCode> {
        let text = source::open(history)?;
        let mut found = Vec::new();
        for file in &self.policy {
            for policy in self.read_policies(file)? {
                found.extend(replay(history, &text, &policy, self.closed)?);
            }
        }
        // By time, and within an instant in the order of the policies.
        found.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
        print(&match self.output.format() {
            super::Format::Json => rows::json(&found),
            super::Format::Csv => rows::csv(&found),
            super::Format::Markdown => rows::table(&found).markdown(),
            super::Format::Text => rows::table(&found).plain(),
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn read_policies(&self, file: &str) -> Result<Vec<Policy>> {
        let mut check = Check::default();
        let trees = read::read_documents(file, &source::open(file)?)?;
        match manifests::policies(&trees, &mut check) {
            Some(policies) if check.problems.is_empty() => {
                for warning in &check.warnings {
                    self.output.say(&format!("warning: {warning}"));
                }
                Ok(policies)
            }
            _ => Err(Error::input(check.problems)),
        }
    }
}
