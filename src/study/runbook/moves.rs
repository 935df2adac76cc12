//! Replicas move: which throttle, how long, with what effect.
//!
//! # Rule
//! What producers append while the move goes on is that of the stretch it is put in, between its
//! smallest and its largest load; the move's duration is told for both. Without a throttle of the
//! user's, the fastest is taken under which no network and no disk is busier than [`CALM`], nothing
//! is written less, and no objective is missed that is kept without it; where there is none, the
//! slowest that ends.
//! # Assumes
//! Waves follow each other at once.
//! # Breaks
//! The time that people take between commands is not counted.
//! # Source
//! KIP-73; the share is the exercise's threshold of network utilisation.

use super::copying::{add_back, copying};
use super::{
    Body, Change, Procedure, RunbookOptions, SHORTEST, Window, gauges, latency, phase, ranges,
    runs, windows,
};
use crate::chance::Seed;
use crate::error::{Error, Result};
use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::study::brokers::{
    BrokerQuestion, BrokerStudy, MoveWork, Wave, apply, brokers, joined, waves,
};
use crate::study::simulate::judged;
use crate::units::{ByteRate, Bytes, SimSpan};
use rayon::prelude::*;

/// Busiest a network or a disk may be while replicas move.
const CALM: f64 = 0.7;
/// Replicas that a broker gets or sends at a time, as Cruise Control has it.
const REPLICAS: u32 = 5;
/// Waves that a person follows step by step.
const WAVES: usize = 12;
/// Share of what is written that must be left.
const UNHARMED: f64 = 0.99;
/// Throttles that are tried.
const TRIED: usize = 6;
/// The least one tried, over what is appended meanwhile.
const ABOVE: f64 = 1.25;
/// Largest share of what machines have left that is tried.
const MOST: f64 = 0.9;
/// The least one tried is at least this share of the most.
const SPAN: f64 = 1.0 / 32.0;

/// One throttle that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct ThrottleRow {
    /// Of each broker.
    pub throttle: ByteRate,
    /// How long the move takes at the smallest and at the largest load of its stretch; `None`:
    /// never ends.
    pub lasts: Option<[SimSpan; 2]>,
    /// The busiest network or disk meanwhile, 0–1.
    pub busiest: f64,
    /// Publish p99 of the slowest producer meanwhile, in milliseconds; `None` where it was too much
    /// to simulate.
    pub p99_ms: Option<f64>,
    /// Whether what is written stays, and objectives that are kept without the move are kept with
    /// it, at any hour.
    pub keeps: bool,
}

/// A move.
#[derive(Debug, Clone)]
pub struct MoveBook {
    /// The plan, its gain, its goals.
    pub study: BrokerStudy,
    /// What moves together.
    pub waves: Vec<Wave>,
    /// The throttle; none where nothing is copied.
    pub throttle: Option<ByteRate>,
    /// Whether it was chosen here.
    pub chosen: bool,
    /// Replicas that a broker gets or sends at a time.
    pub concurrency: u32,
    /// A throttle must be above this, what is appended in the stretch at most.
    pub least: ByteRate,
    /// How long all waves take.
    pub lasts: [SimSpan; 2],
    /// How long each wave takes.
    pub wave_lasts: Vec<[SimSpan; 2]>,
    /// How long all waves take in the busiest stretch; `None`: never end.
    pub at_peak: Option<SimSpan>,
    /// Throttles that were tried, the lowest first.
    pub throttles: Vec<ThrottleRow>,
    /// Seconds until a broker that joins is in service: median, 95th percentile.
    pub start_up: [f64; 2],
}

/// Waves of a size, or of the least doubling of [`REPLICAS`] that needs no more than [`WAVES`].
fn cut(study: &BrokerStudy, concurrency: Option<u32>) -> (u32, Vec<Wave>) {
    let of = |most: u32| (most, waves(&study.plan, &study.partitions, &study.work, most));
    let Some(most) = concurrency else {
        let sizes = std::iter::successors(Some(REPLICAS), |most| most.checked_mul(2));
        let found = sizes.map(of).find(|(_, waves)| waves.len() <= WAVES);
        return found.unwrap_or_else(|| of(u32::MAX));
    };
    of(most)
}

/// What is appended to the partitions that move, at another load.
fn at_load(work: &MoveWork, factor: f64) -> MoveWork {
    let mut work = work.clone();
    for one in &mut work.by_broker {
        one.into_ingress = ByteRate::per_sec(one.into_ingress.get() * factor);
        one.out_ingress = ByteRate::per_sec(one.out_ingress.get() * factor);
    }
    work
}

/// The load of a stretch over the mean of the run: smallest, largest.
fn factors(run: &Run, window: &Window) -> [f64; 2] {
    let mean: f64 = run.producers.values().map(|one| one.records_s).sum();
    window.load.map(|load| if mean > 0.0 { load / mean } else { 1.0 })
}

/// How long works take one after the other, at two loads.
fn lasts(
    works: &[&MoveWork],
    throttle: Option<ByteRate>,
    factors: [f64; 2],
) -> Option<[SimSpan; 2]> {
    let all = |factor: f64| {
        let spans = works.iter().map(|work| at_load(work, factor).lasts(throttle));
        let spans: Option<Vec<SimSpan>> = spans.collect();
        spans.map(|spans| spans.into_iter().fold(SimSpan::ZERO, SimSpan::saturating_add))
    };
    Some([all(factors[0])?, all(factors[1])?])
}

/// The whole procedure.
pub(super) fn procedure(
    still: &[Scenario],
    change: &Change,
    question: &BrokerQuestion,
    options: RunbookOptions,
) -> Result<Procedure> {
    let seed = options.seed;
    let study = brokers(&still[0], &still[1..], question, seed)?;
    let same_brokers = question.joining.is_empty() && question.leaving.is_empty();
    if study.plan.changes.is_empty() && same_brokers {
        return Err(Error::usage(
            "nothing would move: every broker is within 1.1 times the mean of disk, network and \
             leaders, and replicas are on different racks",
        ));
    }
    let (concurrency, waves) = cut(&study, options.concurrency);
    let works: Vec<&MoveWork> = waves.iter().map(|wave| &wave.work).collect();
    let guess = works.iter().filter_map(|work| work.lasts(options.throttle)).max();
    let first = windows(&study.runs[0], guess.unwrap_or(SHORTEST).max(SHORTEST));
    let tried = try_all(&still[0], question, &study, &works, &first[0], options);
    let throttle = options.throttle.or_else(|| choose(&tried));
    let length = lasts(&works, throttle, factors(&study.runs[0], &first[0]));
    let Some(length) = length else {
        let least = at_load(&study.work, factors(&study.runs[0], &first[0])[1]).least_throttle();
        let named = throttle.map_or("no throttle".to_owned(), |one| format!("throttle {one}"));
        return Err(Error::usage(format!(
            "{named}: the move never ends, because producers append as much to the partitions that \
             move; the least throttle that ends is above {least}"
        )));
    };
    let windows = windows(&study.runs[0], length[1].max(SHORTEST));
    let factor = factors(&study.runs[0], &windows[0]);
    let wave_lasts: Option<Vec<[SimSpan; 2]>> =
        works.iter().map(|work| lasts(&[work], throttle, factor)).collect();
    let at_peak = lasts(&works, throttle, factors(&study.runs[0], &windows[1]));
    let start_up = &still[0].pool.start_up;
    let book = MoveBook {
        throttle,
        chosen: options.throttle.is_none(),
        concurrency,
        least: at_load(&study.work, factor[1]).least_throttle(),
        lasts: lasts(&works, throttle, factor).unwrap_or(length),
        wave_lasts: wave_lasts.unwrap_or_default(),
        at_peak: at_peak.map(|ends| ends[1]),
        throttles: tried,
        start_up: [0.5, 0.95].map(|p| start_up.quantile(p) * 1e-9),
        waves,
        study,
    };
    Ok(phases(still, change, question, book, windows, seed))
}

/// Simulates before, during and after.
fn phases(
    still: &[Scenario],
    change: &Change,
    question: &BrokerQuestion,
    book: MoveBook,
    windows: [Window; 2],
    seed: Seed,
) -> Procedure {
    let gauges = gauges(&still[0]);
    let wide: Vec<Scenario> = still.iter().map(|one| joined(one, &question.joining)).collect();
    let work = &book.study.work;
    let copied: Vec<(Scenario, _)> =
        wide.iter().map(|one| copying(one, work, book.throttle)).collect();
    let during: Vec<Run> = copied.par_iter().map(|(one, taken)| shown(one, taken, seed)).collect();
    let at_peak = ranges(&during, &gauges, &windows[1]);
    let moved: Vec<Scenario> = wide.iter().map(|one| apply(one, &book.study.plan)).collect();
    let after = runs(&moved, seed);
    let phases = vec![
        phase("before", runs(still, seed), &gauges, &windows[0], &still[0], seed),
        phase("during", during, &gauges, &windows[0], &copied[0].0, seed),
        phase("after", after, &gauges, &windows[0], &moved[0], seed),
    ];
    Procedure {
        change: change.clone(),
        scenario: still[0].clone(),
        after: moved[0].clone(),
        windows,
        gauges,
        phases,
        at_peak,
        simulations: still.len(),
        body: Body::Move(Box::new(book)),
    }
}

/// A run of a cluster that copies, with the copies in its utilisations.
fn shown(copied: &Scenario, taken: &super::copying::Taken, seed: Seed) -> Run {
    let mut run = judged(copied, seed, 0);
    add_back(&mut run, copied, taken);
    run
}

/// Throttles between the least that ends and the most that finds room, evenly by ratio.
fn try_all(
    scenario: &Scenario,
    question: &BrokerQuestion,
    study: &BrokerStudy,
    works: &[&MoveWork],
    window: &Window,
    options: RunbookOptions,
) -> Vec<ThrottleRow> {
    if study.plan.moved == Bytes::ZERO {
        return Vec::new();
    }
    let factor = factors(&study.runs[0], window);
    let room = study.work.room.map_or(0.0, ByteRate::get) * MOST;
    let least = at_load(&study.work, factor[1]).least_throttle().get() * ABOVE;
    let low = least.max(room * SPAN);
    let step = |n: usize| {
        let share = n as f64 / (TRIED - 1) as f64;
        round(low * libm::pow((room / low).max(1.0), share))
    };
    let mut rates: Vec<f64> = if room > 0.0 { (0..TRIED).map(step).collect() } else { Vec::new() };
    rates.extend(options.throttle.map(ByteRate::get));
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let wide = joined(scenario, &question.joining);
    let gauges = gauges(scenario);
    let try_one = |rate: f64| {
        let throttle = ByteRate::per_sec(rate);
        let (copied, taken) = copying(&wide, &study.work, Some(throttle));
        let run = shown(&copied, &taken, options.seed);
        let shares = gauges.iter().filter(|one| ["nic_in", "nic_out", "disk"].contains(&&*one.key));
        let busiest = shares.filter_map(|one| one.range(&run, window)).map(|ends| ends[1]);
        let latencies = latency::at(&copied, &study.runs[0], window, options.seed, 1);
        let p99 = latencies.into_iter().flatten().map(|one| one.p99[1]).reduce(f64::max);
        ThrottleRow {
            throttle,
            lasts: lasts(works, Some(throttle), factor),
            busiest: busiest.fold(0.0, f64::max),
            p99_ms: p99,
            keeps: keeps(&study.runs[0], &run, window),
        }
    };
    rates.into_par_iter().map(try_one).collect()
}

/// Whether nothing is lost by a move: what is written in its stretch, and objectives of the run.
fn keeps(before: &Run, during: &Run, window: &Window) -> bool {
    let written = |run: &Run| {
        let all = run.series_named("acked_records_s").filter(|one| one.entity != "all");
        all.map(|one| one.spread(window.from, window.to).mean).sum::<f64>()
    };
    let pairs = before.slo.iter().zip(&during.slo);
    let missed = pairs.filter(|(old, new)| old.met == Some(true) && new.met == Some(false));
    missed.count() == 0 && written(during) >= written(before) * UNHARMED
}

/// Whole MiB/s where that is fine enough.
fn round(rate: f64) -> f64 {
    const MIB: f64 = 1_048_576.0;
    let whole = (rate / MIB).ceil();
    if whole >= 2.0 { whole * MIB } else { (rate / 65_536.0).ceil() * 65_536.0 }
}

/// The fastest that is calm and keeps the objectives, else the calmest that ends.
fn choose(tried: &[ThrottleRow]) -> Option<ByteRate> {
    let ends = || tried.iter().filter(|row| row.lasts.is_some());
    let good = ends().rfind(|row| row.busiest <= CALM && row.keeps);
    good.or_else(|| ends().next()).map(|row| row.throttle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mib: f64, ends: bool, busiest: f64, keeps: bool) -> ThrottleRow {
        let throttle = ByteRate::per_sec(mib * 1_048_576.0);
        let lasts = ends.then_some([SimSpan::from_secs(60); 2]);
        ThrottleRow { throttle, lasts, busiest, p99_ms: None, keeps }
    }

    #[test]
    fn the_fastest_calm_throttle_that_keeps_the_objectives() {
        let mib = |rows: &[ThrottleRow]| choose(rows).map(|one| one.get() / 1_048_576.0);
        let rows = [
            row(10.0, false, 0.2, true),
            row(20.0, true, 0.3, true),
            row(40.0, true, 0.5, true),
            row(80.0, true, 0.6, false),
            row(160.0, true, 0.9, true),
        ];
        assert_eq!(mib(&rows), Some(40.0));
        assert_eq!(mib(&rows[4..]), Some(160.0));
        assert_eq!(mib(&rows[..1]), None);
        assert_eq!(mib(&[row(20.0, true, 0.3, true), row(40.0, true, 0.7, true)]), Some(40.0));
    }

    #[test]
    fn throttles_are_round() {
        assert_eq!(round(10.2 * 1_048_576.0), 11.0 * 1_048_576.0);
        assert_eq!(round(100_000.0), 131_072.0);
    }
}
