//! Costs from the metrics of a cluster in production, judged by the day that follows.
//!
//! # Rule
//! Every hour of the metrics is the scenario at that hour's load, simulated request by request.
//! Values of cards are fitted to hours of the days before the last, spread over their loads; the
//! hours of the last day are predicted with the cards as they were and as they are then.
//! # Assumes
//! Load is even within an hour, and the scenario has the cluster's brokers, topics and clients.
//! # Breaks
//! Bursts within an hour; work that the scenario does not have (compaction, other clients' groups).
//! # Source
//! Definition; least squares as in `calibrate`.

use super::calibrate::{Calibration, Datum, candidates, solve};
use super::predict::{Prediction, Repeatability};
use super::rows::Row;
use super::slopes::{Bench, Subject};
use crate::chance::Seed;
use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::model::curve::LoadCurve;
use crate::scenario::{LoadOptions, Scenario, load_text};
use crate::study::make;
use crate::units::SimTime;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Metrics by their key in the file, with their meaning; the first one is needed.
pub const METRICS: [(&str, &str); 8] = [
    ("messages_in", "records appended per second, whole cluster"),
    ("bytes_in", "bytes produced per second, whole cluster"),
    ("bytes_out", "bytes read by consumers per second, whole cluster"),
    ("produce_requests", "produce requests per second, whole cluster"),
    ("fetch_requests", "consumers' fetch requests per second, whole cluster"),
    ("cpu", "busy share of the brokers' cores, 0 to 1, mean over brokers"),
    ("handler_idle", "RequestHandlerAvgIdlePercent, 0 to 1, mean over brokers"),
    ("produce_total_ms", "mean TotalTimeMs of produce requests"),
];
/// What is fitted to; the others are compared.
const FITTED: [&str; 3] = ["cpu_utilisation", "handler_busy", "produce_total_ms"];
/// Quantities of an hour, by the metric that they come from.
const QUANTITIES: [(&str, &str); 6] = [
    ("cpu", "cpu_utilisation"),
    ("handler_idle", "handler_busy"),
    ("produce_total_ms", "produce_total_ms"),
    ("produce_requests", "produce_requests_s"),
    ("fetch_requests", "fetch_requests_s"),
    ("bytes_out", "bytes_out_s"),
];
/// Values that are varied unless others are named: what grows with requests, batches and bytes.
const COSTS: [&str; 9] = [
    "speed",
    "hand_off",
    "produce_request",
    "fetch_request",
    "leader_batch",
    "leader_record",
    "produce_ns_per_byte",
    "follower_ns_per_byte",
    "send_ns_per_byte",
];
/// Hours that are fitted to, at most; they are spread over the loads of all hours.
const HOURS: usize = 12;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Means of one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Hour {
    /// Its beginning, in seconds of the Unix epoch.
    pub at: i64,
    /// Means by metric.
    pub means: BTreeMap<&'static str, f64>,
}

/// A calibration by metrics and how the last day met it.
#[derive(Debug, Clone)]
pub struct BackTest {
    /// The fit; its rows are hours.
    pub calibration: Calibration,
    /// Hours of the last day.
    pub hours: Vec<Row>,
    /// Their quantities: measured, and predicted before and after the fit.
    pub data: Vec<Datum>,
}

impl BackTest {
    /// Medians of the absolute errors over the last day, before and after the fit, by quantity.
    pub fn errors(&self) -> Vec<(&'static str, usize, [f64; 2])> {
        let of = |quantity: &'static str| {
            let mine = || self.data.iter().filter(move |one| one.quantity == quantity);
            let middle = |of: fn(&Datum) -> f64| {
                let errors: Vec<f64> =
                    mine().map(|one| (of(one) / one.measured - 1.0).abs()).collect();
                crate::analysis::median(&errors).unwrap_or(0.0)
            };
            (quantity, mine().count(), [middle(|one| one.before), middle(|one| one.after)])
        };
        QUANTITIES.map(|(_, name)| of(name)).into_iter().filter(|(_, n, _)| *n > 0).collect()
    }
}

/// Means over hours of samples (seconds of the epoch, value) by metric; an hour without all of them
/// is left out.
pub fn hours(samples: &BTreeMap<&'static str, Vec<(f64, f64)>>) -> Vec<Hour> {
    let mut sums: BTreeMap<i64, BTreeMap<&'static str, (f64, f64)>> = BTreeMap::new();
    for (metric, points) in samples {
        for (at, value) in points {
            let hour = (*at as i64).div_euclid(HOUR) * HOUR;
            let sum = sums.entry(hour).or_default().entry(metric).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    let whole = sums.into_iter().filter(|(_, sums)| sums.len() == samples.len());
    let mean = |(at, sums): (i64, BTreeMap<&'static str, (f64, f64)>)| Hour {
        at,
        means: sums.into_iter().map(|(metric, sum)| (metric, sum.0 / sum.1)).collect(),
    };
    whole.map(mean).collect()
}

/// Fits and predicts; `file` and `text` are the scenario of the cluster.
///
/// # Errors
/// A scenario that does not pass its checks or cannot be simulated by requests, metrics of less
/// than two days, or without anything to fit to.
pub fn backtest(
    [file, text]: [&str; 2],
    hours: &[Hour],
    vary: &[String],
    options: &LoadOptions,
    tell: &dyn Fn(&str),
) -> Result<BackTest> {
    let checked = load_text(file, text, options)?;
    let cluster = Production::new(file, text, &checked.scenario, hours, options)?;
    let end = hours.last().map_or(0, |hour| hour.at) + HOUR;
    let (fit, last): (Vec<usize>, Vec<usize>) =
        (0..hours.len()).partition(|index| hours[*index].at < end - DAY);
    if fit.is_empty() || last.is_empty() {
        return Err(Error::usage(format!(
            "--from-metrics: found {} whole hours; allowed are days before the last one, which is \
             predicted",
            hours.len()
        )));
    }
    let chosen = spread(&fit, hours);
    let titles: BTreeSet<String> = checked.scenario.cards.keys().cloned().collect();
    let mut candidates = candidates(&titles, vary, options)?;
    if vary.is_empty() {
        candidates.retain(|(name, _)| {
            COSTS.iter().any(|key| name.rsplit_once('/').is_some_and(|(_, own)| own == *key))
        });
    }
    let predictions = cluster.compare(&chosen, &[])?;
    let data: Vec<&Prediction> = predictions
        .iter()
        .filter(|one| FITTED.contains(&one.quantity) && one.predicted > 0.0 && one.measured > 0.0)
        .collect();
    if data.is_empty() {
        return Err(Error::usage(
            "--from-metrics: found nothing to fit to; allowed is at least one of cpu, \
             handler_idle and produce_total_ms",
        ));
    }
    tell(&format!(
        "{} measurements of {} hours, {} values; {} hours of the last day are predicted",
        data.len(),
        chosen.len(),
        candidates.len(),
        last.len()
    ));
    let scatter = Repeatability::read(options)?.of_hours(&FITTED);
    let bench = Bench { subject: &cluster, scatter: &scatter };
    let mut calibration = solve(&bench, &data, candidates, options, tell)?;
    calibration.rows = cluster.rows();
    let factors: Vec<(String, f64)> = calibration.factors();
    let [before, after] = [&[][..], &factors].map(|factors| cluster.compare(&last, factors));
    let data = before?.into_iter().zip(after?).map(|(before, after)| Datum {
        row: before.row,
        quantity: before.quantity,
        measured: before.measured,
        before: before.predicted,
        after: after.predicted,
    });
    Ok(BackTest { hours: cluster.rows(), data: data.collect(), calibration })
}

/// Hours whose loads are spread over all loads.
fn spread(fit: &[usize], hours: &[Hour]) -> Vec<usize> {
    let load = |index: &usize| hours[*index].means["messages_in"];
    let mut sorted = fit.to_vec();
    sorted.sort_by(|a, b| load(a).total_cmp(&load(b)));
    let count = HOURS.min(sorted.len());
    let place = |number: usize| number * (sorted.len() - 1) / (count - 1).max(1);
    let mut chosen: Vec<usize> = (0..count).map(|number| sorted[place(number)]).collect();
    chosen.dedup();
    chosen
}

/// A cluster in production: its scenario at the load of each hour.
struct Production<'a> {
    file: &'a str,
    text: &'a str,
    hours: &'a [Hour],
    options: &'a LoadOptions,
    /// Producers with their shares of the load.
    shares: Vec<(String, f64)>,
}

impl<'a> Production<'a> {
    fn new(
        file: &'a str,
        text: &'a str,
        scenario: &Scenario,
        hours: &'a [Hour],
        options: &'a LoadOptions,
    ) -> Result<Self> {
        if !scenario.timeline.is_empty() || !scenario.autoscaling.is_empty() {
            return Err(Error::usage(
                "--scenario: found a timeline or autoscaling; allowed is the cluster as it stands",
            ));
        }
        let end = SimTime::ZERO.saturating_add(scenario.duration);
        let volumes = scenario.producers.iter();
        let volumes: Vec<(String, f64)> = volumes
            .map(|one| (one.name.clone(), one.load.volume(SimTime::ZERO, end).max(1e-9)))
            .collect();
        let all: f64 = volumes.iter().map(|(_, volume)| volume).sum();
        let shares = volumes.into_iter().map(|(name, volume)| (name, volume / all)).collect();
        Ok(Self { file, text, hours, options, shares })
    }

    /// The hour's load as settings of the scenario. With one producer, records are as large as the
    /// metrics say.
    fn sets(&self, index: usize) -> Vec<String> {
        let means = &self.hours[index].means;
        let rate = means["messages_in"];
        let mut sets: Vec<String> =
            ["duration=13 s", "warm_up=3 s", "engine=des", "slo=[]"].map(str::to_owned).to_vec();
        for (name, share) in &self.shares {
            sets.push(format!("producers/{name}/load={{rate: {:.6} /s}}", rate * share));
        }
        let bytes = means.get("bytes_in").filter(|_| rate > 0.0).map(|bytes| bytes / rate);
        if let ([(name, _)], Some(bytes)) = (self.shares.as_slice(), bytes) {
            let bytes = bytes.round().max(1.0);
            sets.push(format!("producers/{name}/records/size={bytes} B"));
        }
        sets
    }

    fn compare(&self, hours: &[usize], factors: &[(String, f64)]) -> Result<Vec<Prediction>> {
        let made: Result<Vec<Vec<Prediction>>> = hours
            .par_iter()
            .map(|index| {
                let predicted = self.values(*index, factors)?;
                let of = |(metric, quantity): (&str, &'static str)| {
                    let measured = measured(&self.hours[*index], metric)?;
                    let predicted = *predicted.get(quantity)?;
                    Some(Prediction {
                        row: *index,
                        quantity,
                        saturated: false,
                        measured,
                        predicted,
                        low80: predicted,
                        high80: predicted,
                    })
                };
                Ok(QUANTITIES.into_iter().filter_map(of).collect())
            })
            .collect();
        Ok(made?.concat())
    }

    /// All hours as rows, for reports.
    fn rows(&self) -> Vec<Row> {
        let row = |hour: &Hour| {
            let at = jiff::Timestamp::from_second(hour.at).map(|at| at.to_string());
            let columns = [("id".to_owned(), at.unwrap_or_default())];
            Row::designed(BTreeMap::from(columns), "metrics")
        };
        self.hours.iter().map(row).collect()
    }
}

/// A metric in the shape in which it is compared: idle handlers become busy ones.
fn measured(hour: &Hour, metric: &str) -> Option<f64> {
    let value = *hour.means.get(metric)?;
    Some(if metric == "handler_idle" { 1.0 - value } else { value })
}

impl Subject for Production<'_> {
    fn values(
        &self,
        index: usize,
        factors: &[(String, f64)],
    ) -> Result<BTreeMap<&'static str, f64>> {
        let mut options = self.options.clone();
        options.sets.extend(self.sets(index));
        options.factors.extend(factors.iter().cloned());
        let checked = load_text(self.file, self.text, &options)?;
        Ok(quantities(&make(&checked.scenario, Seed::new(options.seed), 0)))
    }
    fn half_unit(&self, _index: usize, _quantity: &str) -> f64 {
        0.0
    }
}

/// What a run says about the metrics.
fn quantities(run: &Run) -> BTreeMap<&'static str, f64> {
    let count = run.brokers.len().max(1) as f64;
    let mean = |of: &dyn Fn(&crate::metrics::BrokerOutcome) -> f64| {
        run.brokers.values().map(of).sum::<f64>() / count
    };
    let rate = |kind: &str| -> f64 {
        run.brokers
            .values()
            .filter_map(|one| one.requests.get(kind))
            .map(|one| one.requests_s)
            .sum()
    };
    let total = |kind: &str| -> f64 {
        let each = run.brokers.values().filter_map(|one| one.requests.get(kind));
        each.filter_map(|one| Some(one.requests_s * one.total_ms?.mean)).sum()
    };
    let read: f64 = run.groups.values().map(|group| group.records_s).sum();
    let bytes: f64 = run.producers.values().map(|one| one.mib_s * 1_048_576.0).sum();
    let records: f64 = run.producers.values().map(|one| one.records_s).sum();
    let produced = rate("produce");
    let mut values = BTreeMap::from([
        ("cpu_utilisation", mean(&|one| one.cpu.mean)),
        ("handler_busy", mean(&|one| one.request_handlers.map_or(0.0, |busy| busy.mean))),
        ("produce_requests_s", produced),
        ("fetch_requests_s", rate("fetch_consumer")),
        ("bytes_out_s", if records > 0.0 { read * bytes / records } else { 0.0 }),
    ]);
    if produced > 0.0 {
        values.insert("produce_total_ms", total("produce") / produced);
    }
    values
}
