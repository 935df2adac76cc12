//! What chance decides in a trial: the same for every design.
//!
//! A trial's draws follow from the sweep's seed and the trial's number alone, so designs share
//! their luck, and neither threads nor shards nor the order of work change a draw.

use super::file::{self, Method, Sweep};
use crate::chance::{Chance, Seed};
use crate::form::{Entry, Node, Value};
use crate::scenario::Replacement;
use crate::units::{Quantity, SimSpan};
use std::collections::BTreeMap;

/// What a trial draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// Values that replace the scenario's.
    pub replacements: Vec<Replacement>,
    /// Factors on values of cards.
    pub factors: BTreeMap<String, f64>,
    /// One number per uncertain input: the value in its base unit, the factor, how many faults.
    pub inputs: Vec<f64>,
    /// Seed of placement, noise and everything else in the simulation.
    pub seed: u64,
}

/// The draws of a trial (from 0) of a sweep; `duration` bounds when faults happen.
pub(super) fn draw(sweep: &Sweep, seed: Seed, trial: u64, duration: SimSpan) -> Draw {
    let chance = Chance::new(seed, trial as u32);
    let inputs = 0..sweep.uncertain.len();
    let shares: Vec<f64> = inputs.map(|input| share(sweep, seed, trial, input)).collect();
    at(sweep, &shares, chance, duration)
}

/// A draw in which every value stands at the same quantile and no fault happens.
pub(super) fn level(sweep: &Sweep, share: f64) -> Draw {
    let shares = vec![share; sweep.uncertain.len()];
    at(sweep, &shares, Chance::new(Seed::new(0), 0), SimSpan::ZERO)
}

fn at(sweep: &Sweep, shares: &[f64], chance: Chance, duration: SimSpan) -> Draw {
    let mut draw = Draw {
        replacements: Vec::new(),
        factors: BTreeMap::new(),
        inputs: Vec::new(),
        seed: chance.stream("sweep", "simulation").bits(),
    };
    let mut faults = Vec::new();
    for (one, share) in sweep.uncertain.iter().zip(shares) {
        match &one.kind {
            file::Chance::Value(law) => {
                let drawn = law.quantile(*share);
                let value =
                    Node { place: one.node.place.clone(), value: Value::Scalar(drawn.text) };
                draw.replacements.push(Replacement { path: one.name.clone(), value });
                draw.inputs.push(drawn.number);
            }
            file::Chance::Factor(law) => {
                let drawn = law.quantile(*share);
                draw.factors.insert(one.name.clone(), drawn.number);
                draw.inputs.push(drawn.number);
            }
            file::Chance::Fault { .. } => {
                let found = happenings(one, chance, duration);
                draw.inputs.push(found.len() as f64);
                faults.extend(found);
            }
        }
    }
    if !faults.is_empty() {
        let mut entries =
            sweep.template.get("timeline").map(|node| node.items().to_vec()).unwrap_or_default();
        let place = faults[0].place.clone();
        entries.extend(faults);
        let value = Node { place, value: Value::List(entries) };
        draw.replacements.push(Replacement { path: "timeline".to_owned(), value });
    }
    draw
}

/// Where in (0, 1) an input stands in a trial.
fn share(sweep: &Sweep, seed: Seed, trial: u64, input: usize) -> f64 {
    let name = format!("uncertain/{input}");
    let uniform = || Chance::new(seed, trial as u32).stream(&name, "value").uniform();
    match sweep.method {
        Method::Random => uniform(),
        Method::LatinHypercube => {
            let stratum = permuted(trial, sweep.at_most, seed, &name) as f64;
            (stratum + uniform()) / sweep.at_most as f64
        }
        Method::Sobol => {
            let bits = Chance::new(seed, 0).stream("sweep", "sobol").bits() as u32;
            let point = f64::from(sobol_burley::sample(trial as u32, input as u32, bits));
            // Points lie on a grid of 2^-24; its middle keeps 0 away from logarithms.
            point + 0.5 / 16_777_216.0
        }
    }
}

/// The place of `index` in a random permutation of `0..size`: Fisher and Yates's shuffle.
fn permuted(index: u64, size: u64, seed: Seed, name: &str) -> u64 {
    let mut stream = Chance::new(seed, 0).stream(name, "strata");
    let mut order: Vec<u64> = (0..size).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, stream.index(last + 1));
    }
    order[index as usize]
}

/// Timeline entries of a Poisson process over the run.
fn happenings(one: &file::Uncertain, chance: Chance, duration: SimSpan) -> Vec<Node> {
    let file::Chance::Fault { rate, lasts } = &one.kind else { return Vec::new() };
    let mut stream = chance.stream(&format!("fault/{}", one.name), "times");
    let mut found = Vec::new();
    let (mut at, end) = (0.0, duration.as_secs_f64());
    loop {
        at += stream.exp1() / rate.to_base().max(f64::MIN_POSITIVE);
        // Both are drawn whether or not the event counts, so that a longer run begins the same.
        let lasting = lasts.as_ref().map(|lasts| lasts.sample(&mut stream));
        if at >= end {
            return found;
        }
        let after = SimSpan::from_secs_f64(at);
        let text =
            |text: String| Node { place: one.node.place.clone(), value: Value::Scalar(text) };
        let mut entries = vec![("do", text(one.name.clone())), ("after", text(nanos(after)))];
        entries.extend(lasting.map(|span| ("lasts", text(nanos(span)))));
        let passed = ["group", "broker", "count"];
        let passed = passed.iter().filter_map(|key| Some((*key, one.node.get(key)?.clone())));
        entries.extend(passed);
        let place = one.node.place.clone();
        let entry =
            |(key, node): (&str, Node)| Entry { key: key.to_owned(), place: place.clone(), node };
        let value = Value::Map(entries.into_iter().map(entry).collect());
        found.push(Node { place: one.node.place.clone(), value });
    }
}

fn nanos(span: SimSpan) -> String {
    format!("{} ns", span.to_base())
}
