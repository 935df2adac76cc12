//! `kafsim sweep`: plan, run, merge, or all at once.

use super::sweep_shard::shard;
use super::{Format, print};
use clap::{Args, Subcommand};
use kafsim::chance::Seed;
use kafsim::error::{Error, Result};
use kafsim::report::sweep as report;
use kafsim::scenario::LoadOptions;
use kafsim::study::sweep::{self, Answer, Ledger, Plan, Shard};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code of partial results.
const PARTIAL: u8 = 5;

/// `kafsim sweep FILE`, `kafsim sweep plan | run | merge FILE`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Sweep {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    all: All,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Check everything, number the units, and write plan.csv and plan.json
    Plan(Common),
    /// Make the units of one of several workers, e.g. `--shard 2/8`
    Run(Run),
    /// Answer from the units of all workers; 5 when some are missing
    Merge(Merge),
}

#[derive(Debug, Args)]
struct Common {
    /// Sweep file, `-` for standard input
    #[arg(required = true)]
    file: Option<String>,
    /// Set a value of the scenario without editing it; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    cards: Vec<PathBuf>,
    /// Seed of all trials; the same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for units, tables, report and figures, or `none` [default: reports/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// No messages on standard error
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct All {
    #[command(flatten)]
    common: Common,
    /// Keep the units that are there and make the others
    #[arg(long)]
    resume: bool,
    /// Threads [default: as many as cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    common: Common,
    /// Which worker this is: I/N with I from 1 to N, or `auto` for what Slurm, Kubernetes, a cloud
    /// batch array, an MPI launcher or GNU parallel say in the environment
    #[arg(long, value_name = "I/N|auto", default_value = "1/1")]
    shard: String,
    /// With `--shard auto`: how many workers there are, where the environment does not tell
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    shards: Option<u64>,
    /// Keep the units that are there and make the others
    #[arg(long)]
    resume: bool,
    /// Threads [default: as many as cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Debug, Args)]
struct Merge {
    #[command(flatten)]
    common: Common,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Sweep {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.step {
            Some(Step::Plan(common)) => common.write_plan(),
            Some(Step::Run(run)) => run.run(),
            Some(Step::Merge(merge)) => merge.run(),
            None => self.all.run(),
        }
    }
}

impl Common {
    fn plan(&self) -> Result<Plan> {
        let (sets, cards) = (self.set.clone(), self.cards.clone());
        let options = LoadOptions { sets, cards, ..LoadOptions::default() };
        let none = || Error::usage("found no sweep file; allowed is `sweep FILE`");
        let file = self.file.as_deref().ok_or_else(none)?;
        sweep::plan(sweep::load(file, &options)?, Seed::new(self.seed))
    }

    /// The folder, made and tried before any work; `None` for `--out none`.
    fn folder(&self, plan: &Plan) -> Result<Option<PathBuf>> {
        super::output::folder(self.out.as_deref(), &plan.sweep.name)
    }

    fn needed_folder(&self, plan: &Plan) -> Result<PathBuf> {
        let none = || Error::usage("found `--out none`; allowed is a folder for the units");
        self.folder(plan)?.ok_or_else(none)
    }

    fn say(&self, message: &str) {
        if !self.quiet {
            eprintln!("{message}");
        }
    }

    /// Progress, in place on a terminal and not at all elsewhere.
    fn told(&self) -> impl Fn(u64, u64) {
        let shown = !self.quiet && std::io::stderr().is_terminal();
        move |done, most| {
            if shown {
                eprint!("\r{done} of at most {most} trials");
                if done == most {
                    eprintln!();
                }
            }
        }
    }

    fn write_plan(&self) -> Result<ExitCode> {
        let plan = self.plan()?;
        if let Some(folder) = self.folder(&plan)? {
            report::write_plan(&folder, &plan)?;
        }
        print(&format!(
            "plan {}: {} designs × {} trials = {} units\n",
            plan.hash,
            plan.designs.len(),
            plan.sweep.at_most,
            plan.units()
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    fn show(plan: &Plan, answer: &Answer, format: Format) -> Result<ExitCode> {
        print(&match format {
            Format::Text => report::terminal(plan, answer),
            Format::Json => report::json(plan, answer),
            Format::Csv => report::designs(plan, answer).csv(),
            Format::Markdown => {
                let page = report::document(plan, answer);
                kafsim::report::formats::markdown::page(&page, &[])
            }
        })?;
        if answer.missing.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        let some: Vec<String> = answer.missing.iter().take(20).map(u64::to_string).collect();
        let more = if answer.missing.len() > 20 { " …" } else { "" };
        eprintln!("missing: {} units: {}{more}", answer.missing.len(), some.join(" "));
        Ok(ExitCode::from(PARTIAL))
    }
}

/// Makes units on so many threads.
fn make(
    plan: &Plan,
    shard: Shard,
    ledger: &impl Ledger,
    threads: Option<u16>,
    common: &Common,
) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.map_or(0, usize::from));
    let pool = pool.build().map_err(|error| Error::runtime(format!("no threads: {error}")))?;
    let told = common.told();
    // The reports go to this thread's terminal, so the closure stays here.
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let tell = move |done, most| {
                let _closed = send.send((done, most));
            };
            pool.install(|| sweep::run(plan, shard, ledger, &tell))
        });
        for (done, most) in receive {
            told(done, most);
        }
        work.join().unwrap_or_else(|_| Err(Error::runtime("a worker ended in a panic")))
    })
}

impl All {
    fn run(self) -> Result<ExitCode> {
        let plan = self.common.plan()?;
        let known = match self.common.folder(&plan)? {
            None => {
                let ledger = report::MemoryLedger::default();
                make(&plan, Shard::ALL, &ledger, self.threads, &self.common)?;
                return Common::show(&plan, &sweep::merge(&plan, &ledger.known()?), self.format);
            }
            Some(folder) => {
                let ledger = report::FileLedger::open(&plan, &folder, Shard::ALL, self.resume)?;
                make(&plan, Shard::ALL, &ledger, self.threads, &self.common)?;
                (ledger.known()?, folder)
            }
        };
        let (known, folder) = known;
        let answer = sweep::merge(&plan, &known);
        report::write(&folder, &plan, &answer)?;
        let code = Common::show(&plan, &answer, self.format)?;
        self.common.say(&format!("report: {}", folder.join("report.html").display()));
        Ok(code)
    }
}

impl Run {
    fn run(self) -> Result<ExitCode> {
        let shard = shard(&self.shard, self.shards, &|name| std::env::var(name).ok())?;
        let plan = self.common.plan()?;
        let folder = self.common.needed_folder(&plan)?;
        let ledger = report::FileLedger::open(&plan, &folder, shard, self.resume)?;
        make(&plan, shard, &ledger, self.threads, &self.common)?;
        ledger.settle()?;
        self.common.say(&format!("units: {}", ledger.path().display()));
        Ok(ExitCode::SUCCESS)
    }
}

impl Merge {
    fn run(self) -> Result<ExitCode> {
        let plan = self.common.plan()?;
        let folder = self.common.needed_folder(&plan)?;
        let answer = sweep::merge(&plan, &report::gather(&plan, &folder)?);
        report::write(&folder, &plan, &answer)?;
        Common::show(&plan, &answer, self.format)
    }
}
