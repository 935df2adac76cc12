//! `kafsim autoscale`.

use super::output::{More, Output};
use super::{Source, autoscale_recommend, print};
use clap::Args;
use kafsim::analysis::{Lint, lints};
use kafsim::chance::Seed;
use kafsim::cluster::GroupId;
use kafsim::error::{Error, Result};
use kafsim::form::Check;
use kafsim::model::policies::Policy;
use kafsim::report::formats::{csv, replay as rows};
use kafsim::report::monitoring::alert_file;
use kafsim::report::{figures, lints as wrong, output, policies};
use kafsim::scenario::{Scenario, load, manifests, read, source};
use kafsim::study::{Design, choose, compare_policies, replay_and_judge, simulate};
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
    /// Find the numbers of the policy at which it meets the scenario's objectives at the least
    /// cost, and write its file with them; code 3 when there are none
    #[arg(long, requires = "scenario", conflicts_with = "replay")]
    recommend: bool,
    /// Alert rules of Prometheus to judge on the run: which fire, when, for how long
    #[arg(long, value_name = "FILE", requires = "scenario", conflicts_with_all = ["recommend"])]
    alerts: Option<String>,
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
            (None, Some(scenario)) if self.recommend => self.tune(scenario),
            (None, Some(_)) if self.policy.len() > 1 && self.alerts.is_some() => {
                Err(Error::usage("found several policies with --alerts; allowed is one"))
            }
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
        let rules = match &self.alerts {
            Some(file) => Some(alert_file::read(file, &source::open(file)?)?),
            None => None,
        };
        let target = self.output.prepare(&checked.name)?;
        let mut run = simulate(&checked, Seed::new(self.seed));
        let mut found = lints(&checked, &run);
        if let Some(name) = self.policy.first() {
            // The name as it was given, not as it was found.
            let file = &checked.autoscaling[0].file;
            for one in found.iter_mut().filter(|one| one.policy == *file) {
                one.policy.clone_from(name);
            }
        }
        run.remarks.extend(found.iter().map(wrong::sentence));
        let mut more = vec![More { key: "lints", value: wrong::json(&found), table: None }];
        if let (Some(file), Some(rules)) = (&self.alerts, rules) {
            let judged = alert_file::judge(&rules, &run)?;
            more.push(More {
                key: "alert_rules",
                value: alert_file::json(&judged, &run),
                table: Some((format!("Alerts of {file}"), alert_file::table(&judged, &run))),
            });
        }
        self.output.show_with(&run, target.as_deref(), &more)
    }

    /// Its first policy, tuned.
    fn tune(&self, scenario: &str) -> Result<ExitCode> {
        let file = match &self.policy[..] {
            [file] => file.clone(),
            [] => {
                let checked = self.load(scenario, None)?;
                let own = checked.autoscaling.first().map(|scaler| scaler.file.as_str());
                let Some(own) = own.filter(|own| *own != "none") else {
                    return Err(Error::usage(format!("{scenario} has no policy to tune")));
                };
                // Files that a scenario names begin in its own folder.
                let folder = Path::new(scenario).parent().unwrap_or(Path::new(""));
                folder.join(own).display().to_string()
            }
            several => {
                let found = several.len();
                return Err(Error::usage(format!(
                    "found {found} policies with --recommend; allowed is one"
                )));
            }
        };
        let checked = self.load(scenario, Some(&file))?;
        autoscale_recommend::run(&checked, &file, self.seed, &self.output)
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
        let mut found = Vec::new();
        for (design, outcome) in designs.iter().zip(&outcomes) {
            for one in lints(&design.scenario, &outcome.run) {
                found.push(Lint { policy: design.name.clone(), ..one });
            }
        }
        words.extend(found.iter().map(wrong::sentence));
        words.extend(
            choose(&outcomes)
                .map(|(best, reason)| format!("Take {}: {reason}.", outcomes[best].name)),
        );
        let markdown = format!("{}\n- {}\n", table.markdown(), words.join("\n- "));
        let json = policies::json(&outcomes, &found);
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
        let mut findings = Vec::new();
        for file in &self.policy {
            for policy in self.read_policies(file)? {
                let replayed = replay_and_judge(history, &text, &policy, self.closed)?;
                found.extend(replayed.rows);
                findings.extend(replayed.findings);
            }
        }
        // By time, and within an instant in the order of the policies.
        found.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
        // Rows for programs are those of the exchange format and nothing else.
        let words = rows::sentences(&findings);
        let points: String = words.iter().map(|one| format!("\n- {one}")).collect();
        let table = rows::table(&found);
        print(&match self.output.format() {
            super::Format::Json => rows::json(&found),
            super::Format::Csv => rows::csv(&found),
            super::Format::Markdown if words.is_empty() => table.markdown(),
            super::Format::Markdown => format!("{}{points}\n", table.markdown()),
            super::Format::Text if words.is_empty() => table.plain(),
            super::Format::Text => format!("{}{points}\n", table.plain()),
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
