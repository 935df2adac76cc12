//! `kafsim autoscale`.

use super::output::Output;
use super::{Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::cluster::GroupId;
use kafsim::error::{Error, Result};
use kafsim::form::Check;
use kafsim::model::policies::Policy;
use kafsim::report::formats::{csv, replay as rows};
use kafsim::report::{figures, output, policies};
use kafsim::scenario::{Scenario, load, manifests, read, source};
use kafsim::study::{Design, choose, compare_policies, replay, simulate};
use std::path::Path;
use std::process::ExitCode;

/// `kafsim autoscale SCENARIO` or `kafsim autoscale --replay HISTORY --policy FILE`.
#[derive(Debug, Args)]
pub(crate) struct Autoscale {
    /// Scenario file, `-` for standard input
    #[arg(required_unless_present = "replay", conflicts_with = "replay")]
    scenario: Option<String>,
    /// Policy file: with a scenario it replaces the file of its first policy, and several are
    /// compared; with --replay it may hold several documents
    #[arg(long, value_name = "FILE", required_unless_present = "scenario")]
    policy: Vec<String>,
    /// Recorded history (CSV) to replay through the policy instead of a scenario
    #[arg(long, value_name = "HISTORY")]
    replay: Option<String>,
    /// Let sizes follow the decisions instead of the history
    #[arg(long, requires = "replay")]
    closed: bool,
    /// Replications of each policy that is compared
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replications: u32,
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
            (None, Some(scenario)) if self.policy.len() > 1 => self.compare(scenario),
            (None, Some(scenario)) => self.simulate(scenario),
            (None, None) => Err(Error::usage("found neither a scenario nor --replay")),
        }
    }

    /// One policy: the whole report of its run.
    fn simulate(&self, scenario: &str) -> Result<ExitCode> {
        let checked = self.load(scenario, self.policy.first())?;
        if checked.autoscaling.is_empty() {
            return Err(Error::usage(format!("{scenario} has no `autoscaling`")));
        }
        let target = self.output.prepare(&checked.name)?;
        let run = simulate(&checked, Seed::new(self.seed));
        self.output.show(&run, target.as_deref())
    }

    /// Several policies on the same load, and nobody who scales.
    fn compare(&self, scenario: &str) -> Result<ExitCode> {
        let mut designs = Vec::new();
        for file in &self.policy {
            let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
            let scenario = self.load(scenario, Some(file))?;
            designs.push(Design { name: stem.into_owned(), scenario });
        }
        let groups: Vec<GroupId> = designs
            .iter()
            .filter_map(|one| one.scenario.autoscaling.iter().find_map(|scaler| scaler.group))
            .collect();
        let Some(group) = groups.first().copied() else {
            return Err(Error::usage("found policies that scale no group; there is no comparison"));
        };
        if groups.len() < designs.len() || groups.iter().any(|other| *other != group) {
            let allowed = "policies that all scale the same one";
            return Err(Error::usage(format!(
                "found policies for different groups; allowed: {allowed}"
            )));
        }
        let mut fixed = designs[0].scenario.clone();
        fixed.autoscaling.clear();
        let spec = &fixed.groups[group.index()];
        let (name, members) = (spec.name.clone(), spec.members);
        let still = Design { name: format!("fixed at {members}"), scenario: fixed };
        designs.insert(0, still);
        let folder = self.output.prepare(&format!("{}-policies", designs[0].scenario.name))?;
        let outcomes = compare_policies(&designs, group, Seed::new(self.seed), self.replications);
        let table = policies::table(&outcomes);
        let mut words = policies::findings(&outcomes);
        words.extend(
            choose(&outcomes)
                .map(|(best, reason)| format!("Take {}: {reason}.", outcomes[best].name)),
        );
        let markdown = format!("{}\n- {}\n", table.markdown(), words.join("\n- "));
        let json = policies::json(&outcomes);
        if let Some(folder) = &folder {
            let picture = figures::policies_picture(&outcomes, &name)?;
            output::write_pictures(&folder.join("figures"), picture.as_slice())?;
            for one in &outcomes {
                let file = format!("decisions-{}.csv", one.name.replace(' ', "-"));
                output::place(&folder.join(file), csv::decisions(&one.run).as_bytes())?;
            }
            output::place(&folder.join("report.md"), markdown.as_bytes())?;
            output::place(&folder.join("summary.json"), json.as_bytes())?;
        }
        print(&match self.output.format() {
            super::Format::Text => format!("{}\n{}\n", table.plain(), words.join("\n")),
            super::Format::Json => json,
            super::Format::Csv => table.csv(),
            super::Format::Markdown => markdown,
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// The scenario, with a policy file in place of that of its first policy.
    fn load(&self, scenario: &str, policy: Option<&String>) -> Result<Scenario> {
        let mut set = self.set.clone();
        if let Some(policy) = policy {
            // The command line's paths begin in the current folder.
            let absolute = std::path::absolute(policy)
                .map_err(|error| Error::io("find", Path::new(policy), error))?;
            let quoted = absolute.display().to_string().replace('\'', "''");
            set.push(format!("autoscaling/0/policy='{quoted}'"));
        }
        let source = Source {
            scenario: scenario.to_owned(),
            set,
            cards: self.cards.clone(),
            seed: self.seed,
        };
        Ok(load(&source.scenario, &source.options())?.scenario)
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
