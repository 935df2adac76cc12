//! What is watched, and the values that it has in a simulation.

use super::window::Window;
use crate::metrics::{Run, Series};
use crate::scenario::Scenario;

/// A metric that somebody watches during a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Its key in outputs, unit last.
    pub key: String,
    /// In words.
    pub words: String,
    /// `share`, `records/s`, `records` or `s`.
    pub unit: &'static str,
    /// Where it is read on a real cluster.
    pub read_at: String,
    /// Name of its series.
    series: &'static str,
    /// Whose series; the worst of all without.
    entity: Option<String>,
}

/// What is watched in a scenario: the busiest broker's resources, the load, each group's lag.
pub fn gauges(scenario: &Scenario) -> Vec<Gauge> {
    let mut all = Vec::new();
    for (series, key, words, read_at) in [
        (
            "cpu_utilisation",
            "broker_cpu",
            "CPU, busiest broker",
            "machine's CPU, e.g. node_cpu_seconds_total",
        ),
        (
            "nic_in_utilisation",
            "nic_in",
            "network in, busiest broker",
            "node_network_receive_bytes_total over the line rate",
        ),
        (
            "nic_out_utilisation",
            "nic_out",
            "network out, busiest broker",
            "node_network_transmit_bytes_total over the line rate",
        ),
        (
            "disk_utilisation",
            "disk",
            "disk busy, busiest broker",
            "node_disk_io_time_seconds_total",
        ),
    ] {
        all.push(Gauge {
            key: key.to_owned(),
            words: words.to_owned(),
            unit: "share",
            read_at: read_at.to_owned(),
            series,
            entity: None,
        });
    }
    all.push(Gauge {
        key: "acknowledged_records_s".to_owned(),
        words: "records written".to_owned(),
        unit: "records/s",
        read_at: "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec, all brokers"
            .to_owned(),
        series: "acked_records_s",
        entity: Some("all".to_owned()),
    });
    for group in &scenario.groups {
        let lag = |key: &str, words: &str, unit, read_at: &str, series| Gauge {
            key: format!("{key}/{}", group.name),
            words: format!("{words} of {}", group.name),
            unit,
            read_at: read_at.to_owned(),
            series,
            entity: Some(group.name.clone()),
        };
        let (records, age) = ("kafka_consumergroup_lag, summed", "lag over the rate of records");
        all.push(lag("lag_records", "lag", "records", records, "lag_records"));
        all.push(lag("lag_seconds", "oldest record", "s", age, "lag_seconds"));
    }
    all
}

impl Gauge {
    /// Smallest and largest value in a stretch of a run; `None` where the run does not know it.
    pub fn range(&self, run: &Run, window: &Window) -> Option<[f64; 2]> {
        let own: Vec<&Series> = match &self.entity {
            Some(entity) => run.series(self.series, entity).into_iter().collect(),
            None => run.series_named(self.series).collect(),
        };
        let mut ends: Option<[f64; 2]> = None;
        let first = own.first()?;
        let inside = |at: crate::units::SimTime| at > window.from && at <= window.to;
        for at in first.points.iter().map(|(at, _)| *at).filter(|at| inside(*at)) {
            // The mean that ends at a point holds just before it.
            let just = crate::units::SimTime::from_nanos(at.as_nanos() - 1);
            let worst = own.iter().filter_map(|one| one.at(just)).reduce(f64::max);
            if let Some(worst) = worst {
                let [low, high] = ends.get_or_insert([worst, worst]);
                (*low, *high) = (low.min(worst), high.max(worst));
            }
        }
        ends
    }
}
