//! `kafsim import` and `kafsim export`.

use super::{Source, print};
use clap::{Args, Subcommand, ValueEnum};
use kafsim::chance::Seed;
use kafsim::cluster::Cluster;
use kafsim::error::Result;
use kafsim::interop::{
    Assignment, RunRow, StoredReplica, assignments_of, capacity_json, check_reassignment,
    cruise_load_json, describe_text, kafka_rebalance_yaml, log_dirs_json, omb_result, omb_scenario,
    read_capacity, read_cruise_load, read_describe, read_kafka_rebalance, read_load_trace,
    read_log_dirs, read_omb_driver, read_omb_result, read_omb_workload, read_perf_test,
    read_reassignment, reassignment_json, with_latencies,
};
use kafsim::report::formats::table::Table;
use kafsim::scenario::{LoadOptions, Scenario, load, load_text, source::open};
use kafsim::study::brokers::broker_loads;
use kafsim::study::{replica_bytes, simulate};
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
    /// Cruise Control's capacity file: one row per broker
    Capacity {
        /// The JSON, `-` for standard input
        file: String,
    },
    /// Cruise Control's answer about load: one row per broker
    CruiseLoad {
        /// The JSON, `-` for standard input
        file: String,
    },
    /// Workload and Kafka driver of the OpenMessaging Benchmark: printed as a scenario
    Omb {
        /// The workload
        workload: String,
        /// The driver
        driver: String,
        /// Brokers
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        brokers: u32,
        /// Card of their machines
        #[arg(long, default_value = "nvme-8c-64g")]
        machine: String,
    },
    /// Result of the OpenMessaging Benchmark: a row that `kafsim validate` takes
    OmbResult {
        /// The JSON, `-` for standard input
        file: String,
    },
    /// A `KafkaRebalance` of Strimzi: checked, then printed in its whole form
    KafkaRebalance {
        /// The YAML, `-` for standard input
        file: String,
    },
    /// Answer of Prometheus to a range query: printed as a load trace
    Prometheus {
        /// The JSON, `-` for standard input
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
            What::Capacity { file } => capacities(&file, &open(&file)?)?,
            What::CruiseLoad { file } => loads(&file, &open(&file)?)?,
            What::Omb { workload, driver, brokers, machine } => {
                let workload = read_omb_workload(&workload, &open(&workload)?)?;
                let driver = read_omb_driver(&driver, &open(&driver)?)?;
                let text = omb_scenario(&workload, &driver, brokers, &machine)?;
                load_text("the scenario", &text, &LoadOptions::default())?;
                text
            }
            What::OmbResult { file } => RunRow::csv(&[read_omb_result(&file, &open(&file)?)?]),
            What::KafkaRebalance { file } => {
                kafka_rebalance_yaml(&read_kafka_rebalance(&file, &open(&file)?)?)
            }
            What::Prometheus { file } => read_load_trace(&file, &open(&file)?)?.csv(),
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

fn capacities(file: &str, text: &str) -> Result<String> {
    let mut table = Table::new(&[
        "broker",
        "log_dirs",
        "disk_bytes",
        "cores",
        "nic_in_bytes_s",
        "nic_out_bytes_s",
    ]);
    for one in read_capacity(file, text)? {
        let disk: u64 = one.disks.iter().map(|dir| dir.1.get()).sum();
        table.row(&[
            one.broker.map_or("default".to_owned(), |id| id.to_string()),
            one.disks.len().to_string(),
            disk.to_string(),
            one.cores.map_or(String::new(), |cores| cores.to_string()),
            one.nic_in.get().to_string(),
            one.nic_out.get().to_string(),
        ]);
    }
    Ok(table.csv())
}

fn loads(file: &str, text: &str) -> Result<String> {
    let mut table = Table::new(&[
        "broker",
        "rack",
        "disk_bytes",
        "cpu",
        "leader_in_bytes_s",
        "follower_in_bytes_s",
        "out_bytes_s",
        "replicas",
        "leaders",
    ]);
    for one in read_cruise_load(file, text)? {
        table.row(&[
            one.broker.to_string(),
            one.rack,
            one.disk.get().to_string(),
            one.cpu.to_string(),
            one.leader_in.get().to_string(),
            one.follower_in.get().to_string(),
            one.out.get().to_string(),
            one.replicas.to_string(),
            one.leaders.to_string(),
        ]);
    }
    Ok(table.csv())
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
    /// What brokers can take, as Cruise Control's capacity file
    Capacity,
    /// What brokers bear in a run, as Cruise Control answers it
    CruiseLoad,
    /// A run as a result of the OpenMessaging Benchmark
    Omb,
}

impl Export {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let scenario = load(&self.source.scenario, &self.source.options())?.scenario;
        let seed = Seed::new(self.source.seed);
        print(&match self.form {
            Form::Reassignment => reassignment_json(&assignments_of(&scenario.cluster)),
            Form::Describe => describe_text(&scenario.cluster),
            Form::LogDirs => log_dirs_json(&stored(&scenario)),
            Form::Capacity => capacity_json(&scenario.cluster),
            Form::CruiseLoad => {
                let (run, loads) = broker_loads(&scenario, seed);
                cruise_load_json(&scenario, &run, &loads)
            }
            Form::Omb => omb_result(&scenario, &simulate(&with_latencies(&scenario), seed)),
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
