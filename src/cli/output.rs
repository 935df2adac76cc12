//! Where results go: standard output and a folder.

use super::{Format, print};
use clap::{Args, ValueEnum};
use kafsim::error::Result;
use kafsim::metrics::Run;
use kafsim::report::formats::table::Table;
use kafsim::report::{figures, formats, output};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of every command that makes a run.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for report, figures and data, or `none` [default: reports/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Folder for the figures alone [default: figures/ in the output folder]
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Exit with 3 when an objective is missed
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// No messages on standard error
    #[arg(long)]
    quiet: bool,
}

/// The folder that `--out` names, else `reports/NAME`, made and tried before any work; `None` for
/// `--out none`.
pub(crate) fn folder(out: Option<&str>, name: &str) -> Result<Option<PathBuf>> {
    let folder = match out {
        Some("none") => return Ok(None),
        Some(folder) => PathBuf::from(folder),
        None => Path::new("reports").join(name),
    };
    output::prepare(&folder)?;
    Ok(Some(folder))
}

/// What makes a run a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A missed objective
    Slo,
}

/// A part that a command adds to the result of a run.
pub(crate) struct More {
    /// Its key in the object for programs.
    pub(crate) key: &'static str,
    /// Its value there.
    pub(crate) value: serde_json::Value,
    /// Heading and table for people; without it the run's own text says it already.
    pub(crate) table: Option<(String, Table)>,
}

impl Output {
    /// The format of standard output.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// A message on standard error.
    pub(crate) fn say(&self, message: &str) {
        if !self.quiet {
            eprintln!("{message}");
        }
    }

    /// The output folder, made and tried before any work; `None` for `--out none`.
    pub(crate) fn prepare(&self, name: &str) -> Result<Option<PathBuf>> {
        if let Some(plots) = &self.plots {
            output::prepare(plots)?;
        }
        folder(self.out.as_deref(), name)
    }

    /// Writes the set of files, prints the result, and says how it ended.
    pub(crate) fn show(&self, run: &Run, folder: Option<&Path>) -> Result<ExitCode> {
        self.show_with(run, folder, &[])
    }

    /// The same with further parts.
    pub(crate) fn show_with(
        &self,
        run: &Run,
        folder: Option<&Path>,
        more: &[More],
    ) -> Result<ExitCode> {
        let wanted = folder.is_some() || self.plots.is_some();
        let pictures = if wanted { figures::all(run)? } else { Vec::new() };
        if let Some(plots) = &self.plots {
            output::write_pictures(plots, &pictures)?;
        }
        if let Some(folder) = folder {
            output::write(folder, run, &pictures)?;
        }
        print(&match self.format {
            Format::Text => {
                let terminal = std::io::stdout().is_terminal();
                let colour = terminal && std::env::var_os("NO_COLOR").is_none();
                let mut text = formats::terminal::render(run, folder, colour);
                for (heading, table) in more.iter().filter_map(|one| one.table.as_ref()) {
                    text.push_str(&format!("\n{heading}\n{}", table.plain()));
                }
                text
            }
            Format::Json => {
                let mut summary = formats::json::summary(run);
                for one in more {
                    summary[one.key] = one.value.clone();
                }
                format!("{summary:#}\n")
            }
            Format::Csv => formats::csv::summary_text(run),
            Format::Markdown => {
                let mut text = formats::markdown::render(run, &[]);
                for (heading, table) in more.iter().filter_map(|one| one.table.as_ref()) {
                    text.push_str(&format!("## {heading}\n\n{}\n", table.markdown()));
                }
                text
            }
        })?;
        let missed = run.slo.iter().any(|objective| objective.met == Some(false));
        let failed = missed && self.fail_on == Some(FailOn::Slo);
        Ok(if failed { ExitCode::from(3) } else { ExitCode::SUCCESS })
    }
}
