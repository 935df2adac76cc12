//! `kafsim calibrate`.

use super::guest::{Experiment, Guest};
use super::validate::rows;
use super::{Format, print};
use clap::{ArgGroup, Args};
use kafsim::error::{Error, Result};
use kafsim::interop::read_range_queries;
use kafsim::report::{backtest as back_test, calibration, figures, output};
use kafsim::scenario::LoadOptions;
use kafsim::scenario::source::open;
use kafsim::study::validate::{BackTest, Calibration, Row, backtest, calibrate, hours};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where measurements come from, one of these.
const SOURCES: [&str; 3] = ["from", "bootstrap", "from_metrics"];

/// `kafsim calibrate --from runs.csv`, or `--bootstrap HOST:PORT`, which measures first.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(SOURCES)))]
pub(crate) struct Calibrate {
    /// Files of measured runs to fit to, one row each, in the columns that validate reads
    #[arg(long, num_args = 1.., value_name = "FILE.csv")]
    from: Vec<PathBuf>,
    /// Metrics of some days of a cluster, Prometheus's answers to range queries in one JSON
    /// object: the days before the last are fitted to, the last one is predicted
    #[arg(long, value_name = "FILE.json", requires = "scenario")]
    from_metrics: Option<PathBuf>,
    /// The cluster that the metrics are of
    #[arg(long, value_name = "SCENARIO", requires = "from_metrics")]
    scenario: Option<PathBuf>,
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
        if let (Some(metrics), Some(scenario)) = (&self.from_metrics, &self.scenario) {
            return self.metrics(metrics, scenario);
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
        use std::collections::BTreeMap;
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
            scatter.card(&today(), &Cards::new(self.cards.clone(), BTreeMap::default()))?;
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
        self.show(&found, None, &options, folder)
    }

    /// Fits to the days before the last one of a cluster's metrics, and predicts that.
    fn metrics(&self, metrics: &Path, scenario: &Path) -> Result<ExitCode> {
        let [metrics, scenario] = [metrics, scenario].map(|path| path.to_string_lossy());
        let samples = read_range_queries(&metrics, &read_whole(&metrics)?)?;
        let cluster = open(&scenario)?;
        let folder = (self.out != "none").then(|| PathBuf::from(&self.out));
        if let Some(folder) = &folder {
            output::prepare(folder)?;
        }
        let cards = self.cards.clone();
        let options = LoadOptions { cards, seed: self.seed, ..LoadOptions::default() };
        let tell = |words: &str| {
            if !self.quiet {
                eprintln!("{words}");
            }
        };
        let hours = hours(&samples);
        let found = backtest([&scenario, &cluster], &hours, &self.vary, &options, &tell)?;
        self.show(&found.calibration, Some(&found), &options, folder.as_deref())
    }

    /// Writes the set of files and prints the result.
    fn show(
        &self,
        found: &Calibration,
        test: Option<&BackTest>,
        options: &LoadOptions,
        folder: Option<&Path>,
    ) -> Result<ExitCode> {
        let more = |of: fn(&BackTest) -> String| test.map(of).unwrap_or_default();
        let markdown = calibration::markdown(found) + &more(back_test::markdown);
        let mut json = calibration::json(found);
        if let Some(test) = test {
            let mut whole: Value = serde_json::from_str(&json).unwrap_or_default();
            whole["back_test"] = back_test::json(test);
            json = format!("{whole:#}\n");
        }
        if let Some(folder) = folder {
            let picture = figures::calibration_picture(found)?;
            output::write_pictures(&folder.join("figures"), &[picture])?;
            for (title, text) in found.cards(options, &today())? {
                place(folder, &title, &text)?;
            }
            output::place(&folder.join("report.md"), markdown.as_bytes())?;
            output::place(&folder.join("summary.json"), json.as_bytes())?;
        }
        print(&match self.format {
            Format::Text => calibration::text(found) + &more(back_test::text),
            Format::Json => json,
            Format::Csv => calibration::csv(found),
            Format::Markdown => markdown,
        })?;
        if let Some(folder) = folder.filter(|_| !self.quiet) {
            let shown = folder.display();
            eprintln!("cards in {shown}; use them with --cards {shown}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The text of a file of metrics: a week of them is larger than any scenario may be.
fn read_whole(file: &str) -> Result<String> {
    let path = Path::new(file);
    let size = path.metadata().map_err(|error| Error::io("read", path, error))?.len();
    if size > MOST_METRICS {
        return Err(Error::usage(format!(
            "{file}: found {size} bytes; allowed are at most {MOST_METRICS}: ask with a longer step"
        )));
    }
    std::fs::read_to_string(path).map_err(|error| Error::io("read", path, error))
}

/// Bytes of the largest file of metrics.
const MOST_METRICS: u64 = 64 << 20;

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
