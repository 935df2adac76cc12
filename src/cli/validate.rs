//! `kafsim validate`.

use super::guest::{Experiment, Guest};
use super::{Format, print};
use clap::Args;
use kafsim::error::{Error, Result};
use kafsim::report::{figures, output, validation};
use kafsim::scenario::LoadOptions;
use kafsim::scenario::source::open;
use kafsim::study::validate::{Row, Validation, read_rows, validate};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `kafsim validate FILE.csv …`, or `--live`, which predicts, then measures.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Files of measured runs, one row each
    #[arg(required_unless_present = "live", conflicts_with = "live", value_name = "FILE.csv")]
    files: Vec<PathBuf>,
    /// Predict steps that no calibration has seen, measure them on the cluster at --bootstrap, and
    /// tell how far off the predictions were
    #[arg(long, requires = "bootstrap")]
    pub(super) live: bool,
    #[command(flatten)]
    pub(super) guest: Guest,
    #[command(flatten)]
    pub(super) experiment: Experiment,
    /// Folder with further rigs, one scenario fragment each
    #[arg(long, value_name = "DIR")]
    pub(super) rigs: Option<PathBuf>,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(super) cards: Vec<PathBuf>,
    /// Predict each row marked `fit` also by the fit to all others
    #[arg(long)]
    leave_one_out: bool,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Folder for report.md, rows.csv, summary.json and the figure, or `none`
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

impl Validate {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if self.live {
            #[cfg(feature = "live")]
            return self.measured();
            #[cfg(not(feature = "live"))]
            return Err(super::bench::without());
        }
        if self.guest.bootstrap.is_some() {
            return Err(Error::usage("--bootstrap: found without --live; allowed is with it"));
        }
        let rows = rows(&self.files, self.rigs.as_deref())?;
        let folder = self.out.as_deref().filter(|folder| *folder != Path::new("none"));
        if let Some(folder) = folder {
            output::prepare(folder)?;
        }
        let options =
            LoadOptions { cards: self.cards.clone(), seed: self.seed, ..LoadOptions::default() };
        let result = validate(rows, self.rigs.as_deref(), &options, self.leave_one_out)?;
        if let Some(folder) = folder {
            write(folder, &result)?;
        }
        print(&match self.format {
            Format::Text => validation::text(&result),
            Format::Json => validation::json(&result),
            Format::Csv => validation::csv(&result),
            Format::Markdown => validation::markdown(&result),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// All rows of all files; the problems of all files in one error.
pub(crate) fn rows(files: &[PathBuf], rigs: Option<&Path>) -> Result<Vec<Row>> {
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.to_string_lossy();
        match open(&name).and_then(|text| read_rows(&name, &text, rigs)) {
            Ok(found) => rows.extend(found),
            Err(error) => problems.extend(error.problems().iter().cloned()),
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(Error::input(problems)) }
}

pub(super) fn write(folder: &Path, result: &Validation) -> Result<()> {
    let picture = figures::validation_picture(result)?;
    output::write_pictures(&folder.join("figures"), &[picture])?;
    let files = [
        ("report.md", validation::markdown(result)),
        ("rows.csv", validation::csv(result)),
        ("summary.json", validation::json(result)),
    ];
    for (name, text) in files {
        output::place(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}
