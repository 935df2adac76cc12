//! `kafsim new`.

use super::print;
use clap::Args;
use kafsim::error::{Error, Result};
use kafsim::interop::{
    Answers, Draft, draft, omb_scenario, read_capacity, read_cruise_load, read_load_trace,
    read_log_dirs, read_omb_driver, read_omb_workload,
};
use kafsim::report::output::{place, prepare};
use kafsim::scenario::{LoadOptions, load, load_text, read_placement, source::open};
use kafsim::units::{Bytes, Quantity, RecordRate};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `kafsim new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Name of the scenario
    #[arg(long, default_value = "cluster")]
    name: String,
    /// Text of kafka-topics --describe, or JSON of kafka-reassign-partitions: topics and placement
    #[arg(long, value_name = "FILE")]
    describe: Option<String>,
    /// Output of kafka-log-dirs --describe: sizes
    #[arg(long, value_name = "FILE")]
    log_dirs: Option<String>,
    /// Capacity JSON of Cruise Control: machines
    #[arg(long, value_name = "FILE")]
    capacity: Option<String>,
    /// Load JSON of Cruise Control: what is received and sent
    #[arg(long, value_name = "FILE")]
    load: Option<String>,
    /// Answer of Prometheus to a range query of records/s: the load over time
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
    /// Workload of the OpenMessaging Benchmark; with --driver
    #[arg(long, value_name = "FILE", requires = "driver",
        conflicts_with_all = ["describe", "log_dirs", "capacity", "load", "trace"])]
    workload: Option<String>,
    /// Kafka driver of the OpenMessaging Benchmark
    #[arg(long, value_name = "FILE", requires = "workload")]
    driver: Option<String>,
    /// Records per second of all producers, e.g. `20 k/s`
    #[arg(long, value_name = "RATE", value_parser = quantity::<RecordRate>)]
    rate: Option<RecordRate>,
    /// Bytes of a record, e.g. `1 KiB`
    #[arg(long, value_name = "SIZE", value_parser = quantity::<Bytes>)]
    record_size: Option<Bytes>,
    /// Groups that read everything
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    groups: Option<u32>,
    /// Brokers [default: those that the files name, or 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    brokers: Option<u32>,
    /// Partitions of the one topic, where no file names topics
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    partitions: Option<u32>,
    /// Replicas of each partition, where no file names them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    replication_factor: Option<u32>,
    /// Card of the machines, where no file describes them
    #[arg(long, value_name = "CARD", default_value = "nvme-8c-64g")]
    machine: String,
    /// Folder for the scenario and the files that it reads; printed alone without
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn quantity<Q: Quantity>(text: &str) -> std::result::Result<Q, String> {
    Q::parse(text).map_err(|error| error.to_string())
}

/// A file that may be named, read.
fn read<T>(
    file: Option<&String>,
    read: impl Fn(&str, &str) -> Result<T>,
) -> Result<Option<(String, T)>> {
    file.map(|file| Ok((file.clone(), read(file, &open(file)?)?))).transpose()
}

impl New {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let files = match (&self.workload, &self.driver) {
            (Some(workload), Some(driver)) => {
                let workload = read_omb_workload(workload, &open(workload)?)?;
                let driver = read_omb_driver(driver, &open(driver)?)?;
                let brokers = self.brokers.unwrap_or(3);
                let text = omb_scenario(&workload, &driver, brokers, &self.machine)?;
                vec![("scenario.yaml".to_owned(), text)]
            }
            _ => draft(&self.known()?)?,
        };
        let Some((name, text)) = files.first() else { return Ok(ExitCode::FAILURE) };
        match &self.out {
            Some(folder) => {
                checked(&files)?;
                prepare(folder)?;
                // The scenario names the others, so it comes last.
                for (name, text) in files.iter().skip(1).chain(files.first()) {
                    place(&folder.join(name), text.as_bytes())?;
                }
                eprintln!("written: {}", folder.join(name).display());
            }
            None if files.len() > 1 => {
                let names: Vec<&str> = files.iter().skip(1).map(|one| one.0.as_str()).collect();
                return Err(Error::usage(format!(
                    "the scenario reads {}: say where they go with --out DIR",
                    names.join(", ")
                )));
            }
            None => {
                load_text(name, text, &LoadOptions::default())?;
            }
        }
        print(text)?;
        Ok(ExitCode::SUCCESS)
    }

    fn known(&self) -> Result<Draft> {
        let named = [&self.describe, &self.log_dirs, &self.capacity, &self.load, &self.trace];
        let said = self.rate.is_some() || self.record_size.is_some() || self.partitions.is_some();
        let bare = named.iter().all(|one| one.is_none()) && !said && self.brokers.is_none();
        let mut answers = Answers {
            rate: self.rate,
            record: self.record_size,
            groups: self.groups,
            brokers: self.brokers,
            partitions: self.partitions,
            replicas: self.replication_factor,
        };
        if bare {
            if !std::io::stdin().is_terminal() {
                return Err(Error::usage(
                    "nothing to begin from: allowed are --describe, --log-dirs, --capacity, \
                     --load, --trace, --workload with --driver, --rate, --partitions, --brokers; \
                     the nearest is --rate '10 k/s'",
                ));
            }
            answers = ask()?;
        }
        Ok(Draft {
            name: self.name.clone(),
            placement: read(self.describe.as_ref(), read_placement)?,
            sizes: read(self.log_dirs.as_ref(), read_log_dirs)?,
            capacity: read(self.capacity.as_ref(), read_capacity)?,
            load: read(self.load.as_ref(), read_cruise_load)?,
            trace: read(self.trace.as_ref(), read_load_trace)?,
            answers,
            machine: self.machine.clone(),
            date: super::calibrate::today(),
        })
    }
}

/// Loads the scenario with its files from a folder of its own, so that nothing is written where it
/// is wanted unless it passes the checks.
fn checked(files: &[(String, String)]) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("kafsim-new-{}", std::process::id()));
    prepare(&folder)?;
    let all = files
        .iter()
        .try_for_each(|(name, text)| place(&folder.join(name), text.as_bytes()))
        .and_then(|()| {
            let first = files.first().map_or(folder.clone(), |one| folder.join(&one.0));
            load(&first.to_string_lossy(), &LoadOptions::default()).map(|_| ())
        });
    let _gone = std::fs::remove_dir_all(&folder);
    all
}

/// Questions of a person in front of a terminal; an empty answer takes what is assumed.
fn ask() -> Result<Answers> {
    let mut answers = Answers::default();
    let mut lines = std::io::stdin().lock().lines();
    let mut question =
        |words: &str, take: &mut dyn FnMut(&str) -> std::result::Result<(), String>| {
            loop {
                eprint!("{words}: ");
                let failed = |error| Error::io("read", Path::new("standard input"), error);
                std::io::stderr().flush().map_err(failed)?;
                let line = lines.next().transpose().map_err(failed)?.unwrap_or_default();
                match if line.trim().is_empty() { Ok(()) } else { take(line.trim()) } {
                    Ok(()) => return Ok(()),
                    Err(why) => eprintln!("{why}"),
                }
            }
        };
    let whole = |text: &str| {
        let number = text.parse::<u32>().ok().filter(|number| (1..=100_000).contains(number));
        number.map(Some).ok_or_else(|| format!("found `{text}`; allowed is a whole number from 1"))
    };
    question("Records per second, e.g. 20 k/s [1 k/s]", &mut |text| {
        answers.rate = Some(quantity(text)?);
        Ok(())
    })?;
    question("Size of a record, e.g. 1 KiB [1 KiB]", &mut |text| {
        answers.record = Some(quantity(text)?);
        Ok(())
    })?;
    question("Brokers [3]", &mut |text| {
        answers.brokers = whole(text)?;
        Ok(())
    })?;
    question("Partitions [12]", &mut |text| {
        answers.partitions = whole(text)?;
        Ok(())
    })?;
    question("Replicas of each partition [3]", &mut |text| {
        answers.replicas = whole(text)?;
        Ok(())
    })?;
    question("Groups that read [1]", &mut |text| {
        answers.groups = whole(text)?;
        Ok(())
    })?;
    Ok(answers)
}
