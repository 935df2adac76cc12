//! Sweeps: the same bytes whoever makes the units, nothing lost, nothing mixed, bad input refused.

mod bytes;
mod input;
mod look;

use assert_cmd::Command;
use std::path::{Path, PathBuf};

pub fn kafsim() -> Command {
    Command::cargo_bin("kafsim").expect("the binary is built")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A small scenario and a sweep of it with four designs and everything that chance can do.
pub const SCENARIO: &str = "
schema: kafsim/scenario/1
name: small
duration: 2 h
engine: fluid
hosts:
  brokers: {card: lab-4c-16g, count: 3}
cluster:
  brokers: {run_on: brokers}
topics:
  orders: {partitions: 6, replication_factor: 3}
producers:
  shop:
    to: {orders: 1}
    records: {size: 1 KiB}
    load: {rate: 5 k/s}
groups:
  billing:
    reads: [orders]
    members: 3
    pods: {card: pod-1c-2g}
    work: {cpu_per_record: 100 us, wait_per_record: 2 ms, concurrency: 8}
slo:
  - \"lag_seconds(billing) < 1 min in 99 % of time\"
";

pub const SWEEP: &str = "
schema: kafsim/sweep/1
name: small-sweep
scenario: small.yaml
vary:
  - {path: groups/billing/members, values: [2, 3]}
  - {path: topics/orders/partitions, values: [6, 12]}
uncertain:
  - {path: producers/shop/load/rate, like: lognormal(p50 5 k/s, p95 12 k/s)}
  - {factor: costs/kafka-4-generic/produce_request, like: uniform(0.5, 2)}
  - {fault: kill_members, group: billing, rate: 6 / day, lasts: exp(10 min)}
draw: {method: sobol, at_least: 10, at_most: 40, stop: {ask: p_slo, half_width: 18 %}}
rank: {minimise: cost, subject_to: p_slo >= 50 %, confidence: 90 %}
";

/// A folder with both files.
pub struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(SWEEP)
    }
    pub fn with(sweep: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("small.yaml"), SCENARIO).expect("a file");
        std::fs::write(folder.path().join("sweep.yaml"), sweep).expect("a file");
        Self { folder }
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// `kafsim sweep …` with an output folder.
    pub fn sweep(&self, steps: &[&str], out: &str, more: &[&str]) -> std::process::Output {
        let mut command = kafsim();
        command.arg("sweep").args(steps).arg(self.path("sweep.yaml"));
        command.arg("--out").arg(self.path(out)).arg("--quiet").args(more);
        command.output().expect("it runs")
    }
}

/// Everything in a folder but the units, by name: what a sweep answers.
pub fn answer(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in [folder.to_owned(), folder.join("figures")] {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_file() && !name.starts_with("units-") {
                found.push((name, std::fs::read(entry.path()).expect("a file")));
            }
        }
    }
    found.sort();
    found
}
