//! `kafsim import` and `kafsim export`.

use super::{Source, print};
use clap::{Args, Subcommand, ValueEnum};
use kafsim::cluster::Cluster;
use kafsim::error::Result;
use kafsim::interop::{
    Assignment, RunRow, StoredReplica, assignments_of, check_reassignment, describe_text,
    log_dirs_json, read_describe, read_log_dirs, read_perf_test, read_reassignment,
    reassignment_json,
};
use kafsim::report::formats::table::Table;
use kafsim::scenario::{LoadOptions, Scenario, load, source::open};
use kafsim::study::replica_bytes;
use std::process::ExitCode;

/// `kafsim import WHAT FILE`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Text printed by Kafka's perf tools: producer, consumer, end to end
    PerfTest {
        /// The text, `-` for standard input
        file: String,
    },
    /// JSON of kafka-reassign-partitions: checked, then printed in its whole form
    Reassignment {
        /// The JSON, `-` for standard input
        file: String,
        /// Check it against the cluster of a scenario: unknown brokers, too few replicas, no change
        #[arg(long, value_name = "SCENARIO")]
        against: Option<String>,
        /// Seed of the scenario's placement
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Text of kafka-topics --describe: printed as a reassignment that restores this placement
    Describe {
        /// The text, `-` for standard input
        file: String,
    },
    /// Output of kafka-log-dirs --describe: one row per replica with its bytes
    LogDirs {
        /// The output, `-` for standard input
        file: String,
    },
}

impl Import {
    pub(crate) fn run(self) -> Result<ExitCode> {
        print(&match self.what {
            What::PerfTest { file } => RunRow::csv(&read_perf_test(&file, &open(&file)?)?),
            What::Reassignment { file, against, seed } => {
                let all = read_reassignment(&file, &open(&file)?)?;
                if let Some(scenario) = against {
                    let scenario =
                        load(&scenario, &LoadOptions { seed, ..LoadOptions::default() })?.scenario;
                    check_reassignment(&file, &all, &scenario.cluster)?;
                }
                reassignment_json(&all)
            }
            What::Describe { file } => reassignment_json(&read_describe(&file, &open(&file)?)?),
            What::LogDirs { file } => rows(&read_log_dirs(&file, &open(&file)?)?),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn rows(replicas: &[StoredReplica]) -> String {
    let mut table = Table::new(&["topic", "partition", "broker", "log_dir", "bytes"]);
    for one in replicas {
        table.row(&[
            one.topic.clone(),
            one.partition.to_string(),
            one.broker.to_string(),
            one.log_dir.clone(),
            one.bytes.get().to_string(),
        ]);
    }
    table.csv()
}

/// `kafsim export SCENARIO --as WHAT`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    source: Source,
    /// What is written to standard output
    #[arg(long = "as", value_enum, value_name = "WHAT")]
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The placement as JSON of kafka-reassign-partitions
    Reassignment,
    /// The placement as text of kafka-topics --describe
    Describe,
    /// Bytes of every replica at the end of a run as JSON of kafka-log-dirs
    LogDirs,
}

impl Export {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let scenario = load(&self.source.scenario, &self.source.options())?.scenario;
        print(&match self.form {
            Form::Reassignment => reassignment_json(&assignments_of(&scenario.cluster)),
            Form::Describe => describe_text(&scenario.cluster),
            Form::LogDirs => log_dirs_json(&stored(&scenario)),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn stored(scenario: &Scenario) -> Vec<StoredReplica> {
    let cluster: &Cluster = &scenario.cluster;
    let names: Vec<Assignment> = assignments_of(cluster);
    let mut all = Vec::new();
    for ((partition, name), bytes) in
        cluster.partitions.iter().zip(names).zip(replica_bytes(scenario))
    {
        for replica in &partition.replicas {
            all.push(StoredReplica {
                topic: name.topic.clone(),
                partition: name.partition,
                broker: cluster.broker(replica.broker).node_id,
                log_dir: format!("/var/lib/kafka/data-{}", replica.log_dir),
                bytes,
            });
        }
    }
    all
}
