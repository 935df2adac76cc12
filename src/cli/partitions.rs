//! `kafsim partitions`.

use super::{Format, Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::report::{designs, figures, output};
use kafsim::scenario::load;
use kafsim::study::{DEFAULT_COUNTS, partitions};
use std::process::ExitCode;

/// `kafsim partitions SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Partitions {
    #[command(flatten)]
    source: Source,
    /// Partition counts to try
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_values_t = DEFAULT_COUNTS,
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    counts: Vec<u32>,
    /// Replications of each count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replications: u32,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for the table, the rows and the figure, or `none` [default: reports/NAME-partitions]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
}

impl Partitions {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let checked = load(&self.source.scenario, &self.source.options())?;
        let folder = super::output::folder(
            self.out.as_deref(),
            &format!("{}-partitions", checked.scenario.name),
        )?;
        let seed = Seed::new(self.source.seed);
        let study = partitions(&checked.scenario, &self.counts, seed, self.replications);
        let table = designs::partitions_table(&study);
        let markdown = format!("{}\n{}\n", table.markdown(), study.reason);
        let json = designs::partitions_json(&study);
        if let Some(folder) = &folder {
            let picture = figures::partitions_picture(&study)?;
            output::write_pictures(&folder.join("figures"), &[picture])?;
            output::place(&folder.join("report.md"), markdown.as_bytes())?;
            output::place(&folder.join("summary.json"), json.as_bytes())?;
        }
        print(&match self.format {
            Format::Text => format!("{}\n{}\n", table.plain(), study.reason),
            Format::Json => json,
            Format::Csv => table.csv(),
            Format::Markdown => markdown,
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
