//! Baselines: what simpler methods say about the throughput of the same rows.

use super::rows::Row;
use crate::analysis::median;
use crate::scenario::{LoadOptions, Scenario};
use serde::Serialize;
use std::path::Path;

/// A method and its errors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// Its name.
    pub name: &'static str,
    /// Which file's rows.
    pub split: String,
    /// Saturated rows.
    pub n: usize,
    /// Median absolute error of throughput, as a share.
    pub median: Option<f64>,
    /// Largest absolute error.
    pub largest: Option<f64>,
}

const MB: f64 = 1e6;
/// The rule of thumb: so many bytes/s of a topic per broker.
const RULE_OF_THUMB: f64 = 100.0 * MB;

/// What a method says of a row.
type Method<'m> = Box<dyn Fn(&Row, &Scenario) -> Option<f64> + 'm>;

/// The three baselines over the saturated rows of one file.
pub(super) fn baselines(
    split: &str,
    rows: &[Row],
    rigs: Option<&Path>,
    options: &LoadOptions,
) -> Vec<Baseline> {
    let scenario = |row: &Row| super::scenario_of(row, rigs, options).ok().map(|c| c.scenario);
    let line = regression(rows, "fit");
    let mine: Vec<(&Row, Scenario)> = rows
        .iter()
        .filter(|row| row.split == split && row.saturated())
        .filter_map(|row| Some((row, scenario(row)?)))
        .collect();
    let methods: [(&'static str, Method<'_>); 3] = [
        ("100 MB/s per broker", Box::new(|row, _| rule_of_thumb(row))),
        ("vendor formula", Box::new(vendor)),
        (
            "regression on bytes",
            Box::new(|row, _| {
                let (a, b) = line?;
                Some(libm::exp(a + b * libm::log(row.number("record_bytes")?)))
            }),
        ),
    ];
    methods
        .into_iter()
        .map(|(name, method)| {
            let errors: Vec<f64> = mine
                .iter()
                .filter_map(|(row, scenario)| {
                    let measured = row.number("records_s")?;
                    Some((method(row, scenario)? / measured - 1.0).abs())
                })
                .collect();
            let largest = errors.iter().copied().reduce(f64::max);
            let split = split.to_owned();
            Baseline { name, split, n: errors.len(), median: median(&errors), largest }
        })
        .collect()
}

fn capped(row: &Row, records: f64) -> f64 {
    row.number("target_records_s").map_or(records, |target| records.min(target))
}

fn rule_of_thumb(row: &Row) -> Option<f64> {
    let records = RULE_OF_THUMB * row.number("brokers")? / row.number("record_bytes")?;
    Some(capped(row, records))
}

/// min(storage × brokers / RF, network × brokers / (groups + RF − 1)).
fn vendor(row: &Row, scenario: &Scenario) -> Option<f64> {
    let host = scenario.cluster.hosts.first()?;
    let storage: f64 = host.disks.iter().map(|disk| disk.write.get()).sum();
    let (brokers, factor) = (row.number("brokers")?, row.number("replication_factor")?);
    let groups = row.number("groups").unwrap_or(0.0);
    let by_storage = storage * brokers / factor;
    let readers = groups + factor - 1.0;
    let by_network = if readers > 0.0 { host.nic_out.get() * brokers / readers } else { f64::MAX };
    let received = host.nic_in.get() * brokers / factor;
    let bytes = by_storage.min(by_network).min(received);
    Some(capped(row, bytes / row.number("record_bytes")?))
}

/// log(records/s) = a + b log(record bytes), least squares over the saturated fit rows.
fn regression(rows: &[Row], split: &str) -> Option<(f64, f64)> {
    let points: Vec<(f64, f64)> = rows
        .iter()
        .filter(|row| row.split == split && row.saturated())
        .filter_map(|row| {
            let (bytes, records) = (row.number("record_bytes")?, row.number("records_s")?);
            Some((libm::log(bytes), libm::log(records)))
        })
        .collect();
    let n = points.len() as f64;
    if points.len() < 2 {
        return None;
    }
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x) * (point.0 - x)).sum();
    let joint: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let slope = if spread > 0.0 { joint / spread } else { 0.0 };
    Some((y - slope * x, slope))
}
