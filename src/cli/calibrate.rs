//! `kafsim calibrate`.

use super::guest::{Experiment, Guest};
use super::validate::rows;
use super::{Format, print};
use clap::{ArgGroup, Args};
use kafsim::error::{Error, Result};
use kafsim::report::{calibration, figures, output};
use kafsim::scenario::LoadOptions;
use kafsim::study::validate::{Row, calibrate};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `kafsim calibrate --from runs.csv`, or `--bootstrap HOST:PORT`, which measures first.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["from", "bootstrap"])))]
pub(crate) struct Calibrate {
    /// Files of measured runs to fit to, one row each, in the columns that validate reads
    #[arg(long, num_args = 1.., value_name = "FILE.csv")]
    from: Vec<PathBuf>,
    #[command(flatten)]
    guest: Guest,
    #[command(flatten)]
    experiment: Experiment,
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
        if self.guest.bootstrap.is_some() {
            return self.measured();
        }
        let rows = rows(&self.from, self.rigs.as_deref())?;
        let folder = (self.out != "none").then(|| PathBuf::from(&self.out));
        if let Some(folder) = &folder {
            output::prepare(folder)?;
        }
        self.fit(rows, self.rigs.as_deref(), self.cards.clone(), folder.as_deref())
    }

    #[cfg(not(feature = "live"))]
    #[expect(clippy::unused_self, reason = "the same call as in a build with the feature")]
    fn measured(&self) -> Result<ExitCode> {
        Err(super::bench::without())
    }

    /// Measures what the plan says, then fits to it. The folder gets the rig, the cards as they are
    /// before the fit (`start/`) and after it.
    #[cfg(feature = "live")]
    fn measured(&self) -> Result<ExitCode> {
        use super::experiment::{Conductor, End, dry_run, write};
        use kafsim::scenario::cards::Cards;
        use kafsim::study::experiment::Purpose;
        if self.experiment.dry_run {
            print(&dry_run(Purpose::Calibrate, &self.guest, &self.experiment)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.out == "none" {
            return Err(Error::usage(
                "--out none: found no folder for measurements; allowed is a folder",
            ));
        }
        let folder = PathBuf::from(&self.out);
        output::prepare(&folder)?;
        let rigs = self.rigs.clone().unwrap_or_else(|| folder.join("rigs"));
        let start = folder.join("start");
        let conductor =
            Conductor::new(Purpose::Calibrate, &self.guest, &self.experiment, &folder, self.quiet)?;
        conductor.machine(&today(), &rigs, &start)?;
        let mut state = conductor.state("")?;
        let mut cards = self.cards.clone();
        cards.push(start.clone());
        let end = conductor.measure(&mut state, &rigs, &cards);
        let (rows, scatter) = conductor.rows(&state);
        let file = conductor.write_rows(&rows)?;
        if end? == End::Interrupted {
            eprintln!(
                "interrupted: {} of {} steps are in {}; the same command goes on from here",
                rows.len(),
                conductor.plan.steps.len(),
                file.display()
            );
            return Ok(ExitCode::from(5));
        }
        let (title, text) =
            scatter.card(&today(), &Cards::new(self.cards.clone(), Default::default()))?;
        write(&start.join(format!("{title}.yaml")), &text)?;
        super::experiment::begin_cards(&start, &folder)?;
        // Everything that was measured is read again from its file, as anybody else would.
        self.fit(super::validate::rows(&[file], Some(&rigs))?, Some(&rigs), cards, Some(&folder))
    }

    fn fit(
        &self,
        rows: Vec<Row>,
        rigs: Option<&Path>,
        cards: Vec<PathBuf>,
        folder: Option<&Path>,
    ) -> Result<ExitCode> {
        let options = LoadOptions { cards, seed: self.seed, ..LoadOptions::default() };
        let tell = |words: &str| {
            if !self.quiet {
                eprintln!("{words}");
            }
        };
        let found = calibrate(rows, &self.vary, rigs, &options, &tell)?;
        if let Some(folder) = folder {
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
        if let Some(folder) = folder {
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
pub(super) fn today() -> String {
    #[expect(clippy::disallowed_methods, reason = "the command line may know the date")]
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |span| span.as_secs());
    let days = i64::try_from(seconds / 86_400).unwrap_or(0);
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.saturating_add(jiff::Span::new().days(days)).to_string()
}
