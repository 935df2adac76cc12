//! `kafsim consumers`.

use super::{Format, Source, print};
use clap::Args;
use kafsim::chance::Seed;
use kafsim::error::Result;
use kafsim::report::{consumers as tables, figures, output};
use kafsim::scenario::load;
use kafsim::study::consumers;
use std::process::ExitCode;

/// `kafsim consumers SCENARIO`.
#[derive(Debug, Args)]
pub(crate) struct Consumers {
    #[command(flatten)]
    source: Source,
    /// Group whose members are scaled; not needed when there is one
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Replications of each strategy
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replications: u32,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for the tables, the rows and the figure, or `none` [default: reports/NAME-consumers]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
}

impl Consumers {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let scenario = load(&self.source.scenario, &self.source.options())?.scenario;
        let folder =
            super::output::folder(self.out.as_deref(), &format!("{}-consumers", scenario.name))?;
        let seed = Seed::new(self.source.seed);
        let study = consumers(&scenario, self.group.as_deref(), seed, self.replications)?;
        let all = tables::tables(&study, &scenario.start.to_string());
        let words = tables::words(&study);
        let markdown: String = all
            .iter()
            .map(|(title, table)| format!("## {title}\n\n{}\n", table.markdown()))
            .collect();
        let markdown = format!("# Consumer strategies\n\n{markdown}**{words}**\n");
        let json = tables::json(&study);
        if let Some(folder) = &folder {
            let picture = figures::consumers_picture(&study)?;
            output::write_pictures(&folder.join("figures"), &[picture])?;
            output::place(&folder.join("report.md"), markdown.as_bytes())?;
            output::place(&folder.join("summary.json"), json.as_bytes())?;
        }
        print(&match self.format {
            Format::Text => {
                let plain =
                    all.iter().map(|(title, table)| format!("{title}\n{}\n", table.plain()));
                format!("{}{words}\n", plain.collect::<String>())
            }
            Format::Json => json,
            Format::Csv => tables::csv(&study),
            Format::Markdown => markdown,
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
