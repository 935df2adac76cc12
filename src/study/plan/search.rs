//! The simulated answer: which brokers, partitions and consumers meet the objective under demand
//! that is only known within an interval, month by month, and what they cost.
//!
//! Demand is log-normal with 80 % of cases in its interval; every month it grows by the same share.
//! What a design can take does not shrink when demand does, so the objective is violated with a
//! probability of at most 5 % exactly when the design meets it at the 95 % quantile of demand: one
//! run per design instead of one per draw. The risk of a design is that of demand above the most
//! that it takes, which is found by bisection.

use super::input::PlanInput;
use super::trial::{Priced, Prices, Search};
use crate::analysis::DEVIATE_80;
use crate::chance::Seed;
use crate::error::{Error, Result};
use crate::scenario::LoadOptions;
use crate::scenario::cards::Cards;
use crate::units::{Money, RecordRate};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

/// The most probable share of worlds in which the objective is violated.
pub const MOST_RISK: f64 = 0.05;
/// The risk that choices are made for: a hair less, so that rounding does not exceed it.
const CHOSEN_RISK: f64 = MOST_RISK * (1.0 - 1e-6);
/// Months that are planned, with the present one.
pub const PLAN_MONTHS: usize = 13;
/// Quantiles of demand whose cheapest designs are candidates for the front of cost and risk.
const FRONT: [f64; 6] = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999];
/// Partition counts that are tried: those with many divisors, so that members get equal shares.
const PARTITIONS: [u32; 11] = [6, 12, 24, 48, 96, 192, 384, 768, 1_536, 3_072, 6_144];
/// Partitions for each broker, at least: fewer leave brokers without a leader or a replica.
const PARTITIONS_EACH: u32 = 2;
pub(super) const MOST_BROKERS: u32 = 300;
const MOST_RUNS: usize = 80;
const LEAST_BROKERS: u32 = 3;
const PRICES: &str = "planning/prices";

/// What is asked beside the six answers.
#[derive(Debug, Clone)]
pub struct SearchInput {
    /// Mean messages per second: 80 % of cases lie in this interval.
    pub demand: [RecordRate; 2],
    /// Consumer groups that read everything.
    pub readers: u32,
    /// What a consumer does with a record: CPU and waiting, and records at a time, as in a
    /// scenario's `work`.
    pub work: String,
    /// Cards of machines to choose from; each needs a price.
    pub machines: Vec<String>,
    /// Further objectives of a scenario; the producer is `all`, the groups `reader-1` ….
    pub slo: Vec<String>,
}

impl SearchInput {
    /// What is not said: the interval of the card, one reader, machines with a price.
    ///
    /// # Errors
    /// A card of the user's own that lacks a number.
    pub fn of(input: &PlanInput, cards: &Cards) -> Result<Self> {
        let mean = input.messages_per_second.to_f64();
        let [low, high] =
            [cards.number(PRICES, "demand_low")?, cards.number(PRICES, "demand_high")?];
        Ok(Self {
            demand: [low, high].map(|factor| RecordRate::per_sec(mean * factor)),
            readers: 1,
            work: "{cpu_per_record: 40 us}".to_owned(),
            machines: vec!["lab-4c-16g".to_owned(), "nvme-8c-64g".to_owned()],
            slo: Vec::new(),
        })
    }
}

/// What could be bought.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purchase {
    /// Card of the machines.
    pub machine: String,
    /// Brokers.
    pub brokers: u32,
    /// Partitions of the topic.
    pub partitions: u32,
    /// Members of each group.
    pub members: u32,
}

/// A purchase with its price and its risk.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What is bought.
    pub purchase: Purchase,
    /// Per month at median demand: machines of brokers, of consumers, traffic between zones.
    pub monthly: Money,
    /// Its parts, in that order.
    pub parts: [f64; 3],
    /// Probability that the objective is violated.
    pub risk: f64,
    /// Mean messages per second that it takes, peaks included.
    pub takes: RecordRate,
    /// What is full, or violated, beyond that.
    pub bound_by: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanAnswer {
    /// The cheapest purchase with a risk of at most [`MOST_RISK`], by month from now on.
    pub months: Vec<Offer>,
    /// Designs of the last month that no other beats in both cost and risk, by cost.
    pub front: Vec<Offer>,
    /// The present choice with one broker less, and with one member less in each group.
    pub cheaper: Vec<Offer>,
    /// What the present choice takes over the present median demand: as it is, without one
    /// broker, without a zone; `None` where fewer brokers are left than replicas.
    pub headroom: [Option<f64>; 3],
    /// What the exercise's script would have bought of the chosen machine.
    pub by_script: Option<Offer>,
    /// Runs that it took.
    pub runs: usize,
}

/// Searches.
///
/// # Errors
/// A card that is unknown or has no price, an interval whose low end is above its high end, demand
/// that no purchase within the limits meets.
pub fn search(
    input: &PlanInput,
    asked: &SearchInput,
    options: &LoadOptions,
    seed: Seed,
) -> Result<PlanAnswer> {
    let [low, high] = asked.demand.map(RecordRate::get);
    if low > high || low <= 0.0 {
        return Err(Error::usage(format!(
            "--demand: found {low}..{high}; allowed is a low end above zero and not above the high \
             end, e.g. `{high}..{low}`"
        )));
    }
    let cards = Cards::new(options.cards.clone(), options.factors.clone());
    let number = |key: &str| cards.number(PRICES, key);
    let prices = Prices {
        hours: number("hours_per_month")?,
        cross_zone: number("cross_zone_gib")?,
        disk_share: number("disk_share")?,
        most_replicas: number("most_partitions")?,
        client_rate: number("client_bytes_s")?,
    };
    let normal = Normal::standard();
    let search = Search { input, asked, options, seed, prices, normal };
    search.answer()
}

impl Search<'_> {
    fn answer(&self) -> Result<PlanAnswer> {
        let by_machine: Vec<Result<(Vec<Priced>, usize)>> =
            self.asked.machines.par_iter().map(|machine| self.months_of(machine)).collect();
        let mut all: Vec<Vec<Priced>> = Vec::new();
        let mut runs = 0;
        let mut refusals = Vec::new();
        for one in by_machine {
            match one {
                Ok((offers, count)) => {
                    all.push(offers);
                    runs += count;
                }
                Err(error) => refusals.push(error),
            }
        }
        if all.is_empty() {
            let first = refusals.into_iter().next();
            return Err(first.unwrap_or_else(|| Error::usage("no machine to choose from")));
        }
        let cheapest = |month: usize| {
            let offers = all.iter().map(|offers| &offers[month]);
            let (one, _) = offers.min_by(|a, b| a.1.total_cmp(&b.1))?;
            let mut count = 0;
            Some(self.offer(one, month, &mut count).map(|offer| (offer, count)))
        };
        let months: Vec<(Offer, usize)> =
            (0..PLAN_MONTHS).into_par_iter().filter_map(cheapest).collect::<Result<_>>()?;
        runs += months.iter().map(|one| one.1).sum::<usize>();
        let months: Vec<Offer> = months.into_iter().map(|one| one.0).collect();
        let now = months[0].purchase.clone();
        let front = self.front(&mut runs);
        let neighbours = [
            Purchase { brokers: now.brokers - 1, ..now.clone() },
            Purchase { members: now.members - 1, ..now.clone() },
        ];
        let least = self.least_brokers();
        let sound = |one: &&Purchase| one.brokers >= least && one.members >= 1;
        let less: Vec<Offer> = neighbours
            .iter()
            .filter(sound)
            .map(|one| self.offer(one, 0, &mut runs))
            .collect::<Result<_>>()?;
        let headroom = self.headroom(&now, &mut runs)?;
        let by_script = self.by_script(&now, &mut runs)?;
        Ok(PlanAnswer { months, front, cheaper: less, headroom, by_script, runs })
    }

    pub(super) fn replicas(&self) -> u32 {
        self.input.replication_factor.to_whole() as u32
    }

    fn least_brokers(&self) -> u32 {
        self.replicas().max(LEAST_BROKERS)
    }

    pub(super) fn growth(&self, month: usize) -> f64 {
        let rate = 1.0 + self.input.growth_percent.to_f64() / 100.0;
        (0..month).fold(1.0, |product, _| product * rate)
    }

    /// Mean messages per second at a quantile of demand, without growth.
    pub(super) fn quantile(&self, probability: f64) -> f64 {
        let [low, high] = self.asked.demand.map(|rate| libm::log(rate.get()));
        let spread = (high - low) / (2.0 * DEVIATE_80);
        libm::exp(f64::midpoint(low, high) + spread * self.normal.inverse_cdf(probability))
    }

    /// Probability that demand of a month is above a rate.
    fn above(&self, mean: f64, month: usize) -> f64 {
        let [low, high] = self.asked.demand.map(|rate| libm::log(rate.get()));
        let spread = (high - low) / (2.0 * DEVIATE_80);
        let distance = libm::log(mean / self.growth(month)) - f64::midpoint(low, high);
        if spread <= 0.0 {
            return if distance < 0.0 { 1.0 } else { 0.0 };
        }
        1.0 - self.normal.cdf(distance / spread)
    }

    /// The purchase of a machine for each month, with its price.
    fn months_of(&self, machine: &str) -> Result<(Vec<Priced>, usize)> {
        let mut runs = 0;
        let mut from = self.smallest(machine);
        let mut offers = Vec::new();
        for month in 0..PLAN_MONTHS {
            let mean = self.quantile(1.0 - CHOSEN_RISK) * self.growth(month);
            from = self.solve(&from, mean, &mut runs)?;
            offers.push((from.clone(), self.price(&from, month)?.iter().sum()));
        }
        Ok((offers, runs))
    }

    fn smallest(&self, machine: &str) -> Purchase {
        let brokers = self.least_brokers();
        let enough = |count: &&u32| **count >= brokers * PARTITIONS_EACH;
        let partitions = PARTITIONS.iter().find(enough).copied().unwrap_or(PARTITIONS[0]);
        Purchase { machine: machine.to_owned(), brokers, partitions, members: 1 }
    }

    /// The smallest purchase of a machine that meets the objective at a mean rate.
    fn solve(&self, from: &Purchase, mean: f64, runs: &mut usize) -> Result<Purchase> {
        let mut at = from.clone();
        for _ in 0..MOST_RUNS {
            let verdict = self.try_one(&at, mean, runs)?;
            if verdict.met {
                return self.shrunk(at, from, mean, runs);
            }
            let more = |count: u32| {
                let wanted = (f64::from(count) / verdict.factor.clamp(0.1, 1.0)).ceil() as u32;
                wanted.max(count + 1)
            };
            match verdict.kind.as_str() {
                "consumers" => at.members = more(at.members),
                "cpu" | "nic_in" | "nic_out" | "disk" | "stored" => at.brokers = more(at.brokers),
                _ => at.partitions += 1,
            }
            let each = at.brokers.saturating_mul(PARTITIONS_EACH);
            let fits = |count: &&u32| **count >= at.partitions.max(at.members).max(each);
            let Some(partitions) = PARTITIONS.iter().find(fits) else { break };
            at.partitions = *partitions;
            if at.brokers > MOST_BROKERS {
                break;
            }
        }
        Err(Error::usage(format!(
            "no purchase of {} meets the objective at {} messages/s: at most {MOST_BROKERS} \
             brokers and {} partitions are tried; allowed is less demand, or a larger machine",
            at.machine,
            crate::units::count(mean),
            PARTITIONS[PARTITIONS.len() - 1],
        )))
    }

    /// A jump may have gone too far: one less of each while that is enough.
    fn shrunk(
        &self,
        mut at: Purchase,
        from: &Purchase,
        mean: f64,
        runs: &mut usize,
    ) -> Result<Purchase> {
        while at.brokers > from.brokers {
            let less = Purchase { brokers: at.brokers - 1, ..at.clone() };
            if !self.try_one(&less, mean, runs)?.met {
                break;
            }
            at = less;
        }
        while at.members > from.members {
            let less = Purchase { members: at.members - 1, ..at.clone() };
            if !self.try_one(&less, mean, runs)?.met {
                break;
            }
            at = less;
        }
        Ok(at)
    }

    /// The highest mean rate at which a purchase meets the objective, and what stops it there.
    pub(super) fn takes(
        &self,
        one: &Purchase,
        month: usize,
        runs: &mut usize,
    ) -> Result<(f64, String)> {
        let mut low = 0.0;
        // What a choice was made for is tried first, so that it counts exactly.
        let mut high = self.quantile(1.0 - CHOSEN_RISK) * self.growth(month);
        let mut bound_by = String::new();
        // Up until it fails, then the middle, in logarithms, until 1 % is left.
        for _ in 0..MOST_RUNS {
            let verdict = self.try_one(one, high, runs)?;
            if !verdict.met {
                bound_by = verdict.bound_by;
                break;
            }
            low = high;
            high *= 2.0;
        }
        if low == 0.0 {
            low = high / 1_024.0;
        }
        while high / low > 1.01 {
            let middle = libm::sqrt(low * high);
            let verdict = self.try_one(one, middle, runs)?;
            if verdict.met {
                low = middle;
            } else {
                high = middle;
                bound_by = verdict.bound_by;
            }
        }
        Ok((low, bound_by))
    }

    pub(super) fn offer(&self, one: &Purchase, month: usize, runs: &mut usize) -> Result<Offer> {
        let (takes, bound_by) = self.takes(one, month, runs)?;
        let parts = self.price(one, month)?;
        Ok(Offer {
            purchase: one.clone(),
            monthly: Money::of(parts.iter().sum()),
            parts,
            risk: self.above(takes, month),
            takes: RecordRate::per_sec(takes),
            bound_by,
        })
    }

    /// The cheapest designs of several quantiles, without those that others beat in both.
    fn front(&self, runs: &mut usize) -> Vec<Offer> {
        let last = PLAN_MONTHS - 1;
        let work: Vec<(&String, f64)> = self
            .asked
            .machines
            .iter()
            .flat_map(|machine| FRONT.iter().map(move |quantile| (machine, *quantile)))
            .collect();
        let offers: Vec<(Option<Offer>, usize)> = work
            .par_iter()
            .map(|(machine, quantile)| {
                let mut count = 0;
                let mean = self.quantile(*quantile) * self.growth(last);
                let found = self.solve(&self.smallest(machine), mean, &mut count);
                let offer = found.and_then(|one| self.offer(&one, last, &mut count));
                (offer.ok(), count)
            })
            .collect();
        *runs += offers.iter().map(|one| one.1).sum::<usize>();
        let mut offers: Vec<Offer> = offers.into_iter().filter_map(|one| one.0).collect();
        offers.sort_by(|a, b| {
            let by_cost = a.monthly.dollars().total_cmp(&b.monthly.dollars());
            by_cost.then(a.risk.total_cmp(&b.risk))
        });
        let mut safest = f64::INFINITY;
        offers.retain(|one| {
            let better = one.risk < safest;
            safest = safest.min(one.risk);
            better
        });
        offers
    }
}
