//! `kafsim compare`.

use super::{Format, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::{Error, Result};
use kafsim::report::{designs, figures, output};
use kafsim::scenario::{LoadOptions, load};
use kafsim::study::{Design, differences, evaluate};
use std::path::PathBuf;
use std::process::ExitCode;

/// `kafsim compare A B …`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Scenario files, the first is what the others are compared with
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Make designs of every file by setting a value, e.g. engine=des,fluid; may be repeated
    #[arg(long, value_name = "PATH=A,B,…")]
    vary: Vec<String>,
    /// Set a value in all designs; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    cards: Vec<PathBuf>,
    /// Replications of each design
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replications: u32,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for the table, the rows and the figure, or `none`
    #[arg(long, value_name = "DIR", default_value = "reports/comparison")]
    out: String,
}

impl Compare {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let designs = self.designs()?;
        let folder = (self.out != "none").then(|| PathBuf::from(&self.out));
        if let Some(folder) = &folder {
            output::prepare(folder)?;
        }
        let outcomes = evaluate(&designs, Seed::new(self.seed), self.replications);
        let different = differences(&outcomes);
        let table = designs::table(&outcomes);
        let changes = designs::differences_table(&outcomes, &different);
        let (best, reason) = designs::recommendation(&outcomes, &different);
        let markdown =
            format!("{}\n{}\n**{best}**: {reason}.\n", table.markdown(), changes.markdown());
        let json = designs::comparison_json(&outcomes, &different);
        if let Some(folder) = &folder {
            let picture = figures::comparison_picture(&outcomes)?;
            output::write_pictures(&folder.join("figures"), &[picture])?;
            output::place(&folder.join("report.md"), markdown.as_bytes())?;
            output::place(&folder.join("summary.json"), json.as_bytes())?;
        }
        print(&match self.format {
            Format::Text => {
                format!("{}\n{}\n{best}: {reason}.\n", table.plain(), changes.plain())
            }
            Format::Json => json,
            Format::Csv => table.csv(),
            Format::Markdown => markdown,
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// Every file under every combination of what varies.
    fn designs(&self) -> Result<Vec<Design>> {
        let mut sets: Vec<(String, Vec<String>)> = vec![(String::new(), self.set.clone())];
        for vary in &self.vary {
            let usage = || {
                Error::usage(format!(
                    "found `--vary {vary}`; allowed is PATH=A,B, e.g. engine=des,fluid"
                ))
            };
            let (path, values) = vary.split_once('=').ok_or_else(usage)?;
            sets = sets
                .iter()
                .flat_map(|(name, set)| {
                    values.split(',').map(move |value| {
                        let mut set = set.clone();
                        set.push(format!("{path}={value}"));
                        let last = path.rsplit('/').next().unwrap_or(path);
                        (format!("{name} {last}={value}"), set)
                    })
                })
                .collect();
        }
        let mut designs = Vec::new();
        for file in &self.scenarios {
            for (name, sets) in &sets {
                let options = LoadOptions {
                    sets: sets.clone(),
                    cards: self.cards.clone(),
                    seed: self.seed,
                    ..LoadOptions::default()
                };
                let scenario = load(file, &options)?.scenario;
                let name = format!("{}{name}", scenario.name);
                designs.push(Design { name, scenario });
            }
        }
        if designs.len() < 2 {
            let allowed = "at least two scenarios, or one with --vary PATH=A,B";
            return Err(Error::usage(format!("found one design; allowed are {allowed}")));
        }
        Ok(designs)
    }
}
