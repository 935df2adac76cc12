//! `kafsim calibrate`.

use super::validate::rows;
use super::{Format, print};
use clap::Args;
use kafsim::error::{Error, Result};
use kafsim::report::{calibration, figures, output};
use kafsim::scenario::LoadOptions;
use kafsim::study::validate::calibrate;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `kafsim calibrate --from runs.csv`.
#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// Files of measured runs to fit to, one row each, in the columns that validate reads
    #[arg(long, required = true, num_args = 1.., value_name = "FILE.csv")]
    from: Vec<PathBuf>,
    /// Vary only values whose KIND/CARD/KEY begins so; may be repeated [default: all that are
    /// uncertain]
    #[arg(long, value_name = "KIND/CARD/KEY")]
    vary: Vec<String>,
    /// Folder with further rigs, one scenario fragment each
    #[arg(long, value_name = "DIR")]
    rigs: Option<PathBuf>,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    cards: Vec<PathBuf>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder for the cards, the report and the figure, or `none`
    #[arg(long, value_name = "DIR", default_value = "reports/calibration")]
    out: String,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
}

impl Calibrate {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let rows = rows(&self.from, self.rigs.as_deref())?;
        let folder = (self.out != "none").then(|| PathBuf::from(&self.out));
        if let Some(folder) = &folder {
            output::prepare(folder)?;
        }
        let options =
            LoadOptions { cards: self.cards.clone(), seed: self.seed, ..LoadOptions::default() };
        let tell = |words: &str| {
            if !self.quiet {
                eprintln!("{words}");
            }
        };
        let found = calibrate(rows, &self.vary, self.rigs.as_deref(), &options, &tell)?;
        if let Some(folder) = &folder {
            let picture = figures::calibration_picture(&found)?;
            output::write_pictures(&folder.join("figures"), &[picture])?;
            for (title, text) in found.cards(&options, &today())? {
                place(folder, &title, &text)?;
            }
            output::place(&folder.join("report.md"), calibration::markdown(&found).as_bytes())?;
            output::place(&folder.join("summary.json"), calibration::json(&found).as_bytes())?;
        }
        print(&match self.format {
            Format::Text => calibration::text(&found),
            Format::Json => calibration::json(&found),
            Format::Csv => calibration::csv(&found),
            Format::Markdown => calibration::markdown(&found),
        })?;
        if let Some(folder) = &folder {
            let shown = folder.display();
            tell(&format!("cards in {shown}; use them with --cards {shown}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A card in the folder of its kind, under its own name.
fn place(folder: &Path, title: &str, text: &str) -> Result<()> {
    let (kind, name) = title.split_once('/').unwrap_or(("", title));
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
    let kind = folder.join(kind);
    std::fs::create_dir_all(&kind).map_err(|error| Error::io("make the folder", &kind, error))?;
    output::place(&kind.join(format!("{stem}.yaml")), text.as_bytes())
}

/// The date of a calibration: a card says when its values were taken.
fn today() -> String {
    #[expect(clippy::disallowed_methods, reason = "the command line may know the date")]
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |span| span.as_secs());
    let days = i64::try_from(seconds / 86_400).unwrap_or(0);
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.saturating_add(jiff::Span::new().days(days)).to_string()
}
