//! The machine of a measurement as cards and a rig: brokers and clients share one host.

use super::super::validate::Row;
use crate::error::Result;
use crate::scenario::cards::{Cards, Change};
use crate::units::Bytes;
use std::collections::BTreeMap;

/// The name of the rig and of the host card.
pub const RIG: &str = "this-machine";

/// What the operating system says about the machine that carries brokers and clients.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Cores that all processes share.
    pub cores: u32,
    /// Memory.
    pub memory: Bytes,
    /// The processor's name.
    pub processor: String,
    /// Largest heap of a broker's JVM, where its command line says so.
    pub heap: Option<Bytes>,
}

/// Share of a heap that G1 gives to new objects under load (`G1MaxNewSizePercent` 60, seldom
/// reached), and what a broker takes beside its heap.
const EDEN: f64 = 0.5;
const BESIDE_HEAP: Bytes = Bytes::new(300 << 20);

impl Machine {
    /// The rig's fragment: everything runs on one machine, however many brokers a row has.
    pub fn rig(&self) -> String {
        format!(
            "# Brokers and clients on one machine: {} cores, {}, {}.\n\
             hosts:\n  brokers: {{card: {RIG}, count: 1}}\n\
             network: {{card: one-zone}}\n\
             cluster:\n  version: \"4.1\"\n  costs: kafka-4-generic\n\
             \x20 brokers: {{run_on: brokers, count: 1}}\n\
             producers:\n  load: {{client: librdkafka, run_on: brokers}}\n\
             groups:\n  group-*: {{client: librdkafka, run_on: brokers, protocol: classic, \
             assignor: range}}\n",
            self.cores, self.memory, self.processor
        )
    }

    /// Cards as they are before anything is fitted, as (`KIND/NAME`, text).
    ///
    /// # Errors
    /// A card folder of the user's own whose cost card cannot be read.
    pub fn cards(&self, date: &str, own: &Cards) -> Result<Vec<(String, String)>> {
        let host = format!(
            "card: hosts\nname: {RIG}\n\
             about: \"The machine of a measurement, shared by brokers and clients: {}\"\n\
             source: \"what the operating system says\"\ndate: {date}\nvalues:\n\
             \x20 cores: {{value: \"{}\", uncertainty: \"exact\"}}\n\
             \x20 speed: {{value: \"1\", uncertainty: \"×/÷ 1.5\", source: \"kafsim prior\"}}\n\
             \x20 memory: {{value: \"{}\", uncertainty: \"exact\"}}\n\
             \x20 nic_in: {{value: \"10 GB/s\", uncertainty: \"not used on loopback\"}}\n\
             \x20 nic_out: {{value: \"10 GB/s\", uncertainty: \"not used on loopback\"}}\n\
             \x20 disks: {{value: \"1\", uncertainty: \"exact by definition\"}}\n\
             \x20 disk_write: {{value: \"400 MB/s\", uncertainty: \"×/÷ 2\", \
             source: \"kafsim prior\"}}\n\
             \x20 disk_read: {{value: \"400 MB/s\", uncertainty: \"×/÷ 2\", \
             source: \"kafsim prior\"}}\n\
             \x20 disk_capacity: {{value: \"100 GB\", uncertainty: \"not used\"}}\n\
             \x20 steal: {{value: \"0.0005\", uncertainty: \"×/÷ 3\", source: \"kafsim prior: \
             what the scheduler and a hypervisor take of a core now and then\"}}\n",
            self.processor.replace(['"', '\\'], ""),
            self.cores,
            self.memory,
        );
        let mut cards = vec![(format!("hosts/{RIG}"), host)];
        if let Some(heap) = self.heap {
            let change = |key: &str, bytes: Bytes, uncertainty: &str| Change {
                key: key.to_owned(),
                value: format!("{} MiB", bytes.get() >> 20),
                uncertainty: uncertainty.to_owned(),
                source: format!("from the brokers' heap of {heap}"),
            };
            let eden = Bytes::new((heap.as_f64() * EDEN) as u64);
            let changes = [
                change("broker_eden", eden, "×/÷ 1.5"),
                change("broker_memory", heap + BESIDE_HEAP, "×/÷ 1.2"),
            ];
            let title = "costs/kafka-4-generic";
            cards.push((title.to_owned(), own.rewritten(title, date, &changes)?));
        }
        Ok(cards)
    }
}

/// Standard deviations between repeats, as shares of their values.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// Of quantities under the keys of the card `repeatability/load-tools`; only those that enough
    /// repeats tell.
    pub values: BTreeMap<&'static str, f64>,
}

/// Columns by the card's keys.
const KINDS: [(&str, &str); 4] = [
    ("throughput", "records_s"),
    ("median", "publish_p50_ms"),
    ("p95", "publish_p95_ms"),
    ("tail", "publish_p99_ms"),
];
/// Fewest degrees of freedom that tell a scatter.
const LEAST: usize = 4;
/// A scatter above this is no longer one number's.
const MOST: f64 = 0.7;

impl Scatter {
    /// Pooled over steps: each holds the rows of its repeats. Paced throughput does not scatter and
    /// tells nothing; latency of saturated rows is the buffer's and tells nothing either.
    pub fn of(steps: &[Vec<Row>]) -> Self {
        let mut values = BTreeMap::new();
        for (key, column) in KINDS {
            let (mut squares, mut free) = (0.0, 0);
            for repeats in steps {
                let tells = |row: &&Row| row.saturated() == (column == "records_s");
                let logs: Vec<f64> = repeats
                    .iter()
                    .filter(tells)
                    .filter_map(|row| row.number(column))
                    .filter(|value| *value > 0.0)
                    .map(libm::log)
                    .collect();
                let mean = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
                squares += logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>();
                free += logs.len().saturating_sub(1);
            }
            if free >= LEAST {
                values.insert(key, (squares / free as f64).sqrt().min(MOST));
            }
        }
        Self { values }
    }

    /// The card of repeatability with these values where they are larger than the card's own: a
    /// few repeats can agree by luck.
    ///
    /// # Errors
    /// A card of the user's own that lacks a value.
    pub fn card(&self, date: &str, own: &Cards) -> Result<(String, String)> {
        let title = "repeatability/load-tools";
        let mut changes = Vec::new();
        for (key, value) in &self.values {
            if *value > own.number(title, key)? {
                changes.push(Change {
                    key: (*key).to_owned(),
                    value: format!("{value:.3}"),
                    uncertainty: "×/÷ 1.5".to_owned(),
                    source: "repeats of this experiment".to_owned(),
                });
            }
        }
        Ok((title.to_owned(), own.rewritten(title, date, &changes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Plan, Purpose};
    use super::*;
    use crate::units::SimSpan;

    #[test]
    fn every_step_is_a_scenario_with_all_brokers_on_one_machine() {
        let machine = Machine {
            cores: 2,
            memory: Bytes::new(8 << 30),
            processor: "A \"quoted\" one".into(),
            heap: Some(Bytes::new(512 << 20)),
        };
        let folder = tempfile::tempdir().unwrap();
        let own = Cards::new(Vec::new(), BTreeMap::new());
        for (title, text) in machine.cards("2026-01-01", &own).unwrap() {
            let path = folder.path().join(format!("{title}.yaml"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(folder.path().join("rigs")).unwrap();
        std::fs::write(folder.path().join("rigs/this-machine.yaml"), machine.rig()).unwrap();
        let rigs = folder.path().join("rigs");
        for purpose in [Purpose::Calibrate, Purpose::Validate] {
            let plan = Plan::new(purpose, 3, SimSpan::from_secs(900)).unwrap();
            for step in plan.steps.iter().chain(&plan.warm_ups) {
                let checked = plan.scenario(step, Some(&rigs), &[folder.path().to_owned()]);
                let scenario = checked.unwrap_or_else(|error| panic!("{}: {error}", step.id));
                let scenario = scenario.scenario;
                assert_eq!(scenario.machines.len(), 1, "{}", step.id);
                assert_eq!(scenario.cluster.brokers.len(), 3);
                assert!(scenario.cluster.brokers.iter().all(|broker| broker.host.0 == 0));
                assert!((scenario.machines[0].cores - 2.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn scatter_by_hand() {
        let rows = |values: &[f64]| -> Vec<Row> {
            let row = |value: &f64| {
                let columns = [("id", "x".to_owned()), ("records_s", value.to_string())];
                let columns = columns.map(|(name, value)| (name.to_owned(), value));
                Row::designed(BTreeMap::from(columns), "runs_fit.csv")
            };
            values.iter().map(row).collect()
        };
        // Each pair of logarithms is 0.2 apart: a variance of 0.02.
        let pair = [100.0, 100.0 * libm::exp(0.2)];
        let steps = vec![rows(&pair); 4];
        let found = Scatter::of(&steps).values;
        assert!((found["throughput"] - libm::sqrt(0.02)).abs() < 1e-9, "{found:?}");
        assert!(Scatter::of(&steps[..3]).values.is_empty(), "three differences tell too little");
    }
}
