//! The command line: one file per command, each a thin user of the library.

mod autoscale;
mod autoscale_recommend;
mod bench;
#[cfg(feature = "live")]
mod bench_live;
mod brokers;
mod calibrate;
mod check;
mod compare;
mod consumers;
mod dashboard;
#[cfg(feature = "live")]
mod experiment;
#[cfg(feature = "live")]
mod experiment_state;
mod explain;
mod guest;
mod import;
mod new;
mod output;
mod partitions;
mod plan;
mod runbook;
mod schema;
mod shell;
mod simulate;
mod sweep;
mod sweep_shard;
mod validate;
#[cfg(feature = "live")]
mod validate_live;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kafsim::error::Result;
use kafsim::scenario::LoadOptions;
use kafsim::units::{ByteRate, Quantity};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// A flight simulator for Apache Kafka clusters: capacity, scaling and autoscaling answered
/// offline.
#[derive(Debug, Parser)]
#[command(name = "kafsim", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What happens? Throughput, lag, utilisation, bottleneck, decisions and events of a scenario
    Simulate(simulate::Simulate),
    /// Does this policy hold on this day? Or, with --replay, on a recorded history
    Autoscale(autoscale::Autoscale),
    /// Which is better, by how much, is the difference real?
    Compare(compare::Compare),
    /// How does throughput change from 3 to 36 partitions, or any list?
    Partitions(partitions::Partitions),
    /// What to buy: brokers, partitions, consumers, storage and cost, now and in 12 months
    Plan(Box<plan::Plan>),
    /// Which alerts would fire? Writes Prometheus rules, a Grafana dashboard, metrics to backfill
    Dashboard(dashboard::Dashboard),
    /// What do more, other or fewer brokers give, and what does the move cost? Writes the
    /// reassignment
    Brokers(brokers::Brokers),
    /// The procedure of a change on this cluster: commands, expected ranges, durations, rollback
    Runbook(Box<runbook::Runbook>),
    /// Vertical, horizontal, partition-aware, over-provisioned, autoscaled: which one for a group?
    Consumers(consumers::Consumers),
    /// Which design holds, how surely, at what cost? Monte Carlo and grids, on one machine or many
    Sweep(Box<sweep::Sweep>),
    /// Which costs do measured runs tell? Writes cards that meet them
    Calibrate(calibrate::Calibrate),
    /// How far are predictions from measured runs that were never fitted?
    Validate(validate::Validate),
    /// The same scenario on a real cluster, or on librdkafka's mock (feature live)
    Bench(Box<bench::Bench>),
    /// Delete what an interrupted bench left behind (feature live)
    Cleanup(bench::Cleanup),
    /// Read results of other tools: rows that `kafsim validate` takes, placements, sizes
    Import(import::Import),
    /// Write a scenario's placement or sizes as Kafka's tools do
    Export(import::Export),
    /// A first scenario from questions, from a cluster's own tools, Cruise Control, Prometheus or
    /// the OpenMessaging Benchmark
    New(Box<new::New>),
    /// Is a scenario file right, and what does it mean?
    Check(check::Check),
    /// Explain a term, a card, a metric or a mechanism, with its equation and source
    Explain(explain::Explain),
    /// Print the JSON Schema of scenario files, for editors
    Schema(schema::Schema),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Print the manual page
    Man(shell::Man),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One object, keys sorted and stable
    Json,
    /// One row per quantity
    Csv,
    /// For a pull request or a ticket
    Markdown,
}

/// What every command that reads a scenario accepts.
#[derive(Debug, Clone, Args)]
pub(crate) struct Source {
    /// Scenario file, `-` for standard input
    pub(crate) scenario: String,
    /// Set a value of the scenario without editing it; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Folder with further cards, laid out like models/; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) cards: Vec<PathBuf>,
    /// Seed of everything random; the same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Source {
    /// How the library loads the scenario.
    pub(crate) fn options(&self) -> LoadOptions {
        LoadOptions {
            sets: self.set.clone(),
            cards: self.cards.clone(),
            seed: self.seed,
            ..LoadOptions::default()
        }
    }
}

/// Parses the command line and runs the command.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not errors; everything else is a usage error.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _closed = error.print();
            return ExitCode::from(code);
        }
    };
    let result = match cli.command {
        Command::Simulate(command) => command.run(),
        Command::Autoscale(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Partitions(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Dashboard(command) => command.run(),
        Command::Brokers(command) => command.run(),
        Command::Runbook(command) => command.run(),
        Command::Consumers(command) => command.run(),
        Command::Sweep(command) => command.run(),
        Command::Calibrate(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Cleanup(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::New(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(_) => shell::Man::run(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            let problems = error.problems().len();
            if problems > 1 {
                eprintln!("error: {problems} problems\n{error}");
            } else {
                eprintln!("error: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes to standard output; a reader that has gone away is not an error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(
            kafsim::error::Error::io("write to", std::path::Path::new("standard output"), error),
        ),
        _ => Ok(()),
    }
}

/// A replication throttle, above zero.
fn throttle(text: &str) -> std::result::Result<ByteRate, String> {
    let rate = ByteRate::parse(text).map_err(|error| error.to_string())?;
    if rate.get() >= 1.0 { Ok(rate) } else { Err("a rate above zero, e.g. `50 MiB/s`".to_owned()) }
}
