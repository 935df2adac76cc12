//! Makes units: all, or a shard's; in rounds, after each of which designs may have enough trials.

use super::merge::stopped;
use super::plan::Plan;
use super::unit::{UnitResult, simulate_unit};
use crate::error::Result;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Fewest units of a round: as many on any machine, and enough for many cores.
const ROUND_UNITS: u64 = 64;
/// Fewest trials of a round.
const ROUND_TRIALS: u64 = 8;

/// One of several workers, each with its own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: u64,
    /// How many there are, at least one.
    pub count: u64,
}

impl Shard {
    /// The only one.
    pub const ALL: Self = Self { index: 0, count: 1 };

    /// Whether a unit is this shard's: units are dealt like cards, so that every shard has some of
    /// every trial.
    pub fn owns(self, unit: u64) -> bool {
        unit % self.count == self.index
    }
}

/// What a worker needs of the world: where results go, and what is known already.
pub trait Ledger: Sync {
    /// Keeps a result; called from several threads, in no order.
    ///
    /// # Errors
    /// It could not be kept: the work stops.
    fn keep(&self, result: &UnitResult) -> Result<()>;
    /// Every result that is known, also those of other shards.
    ///
    /// # Errors
    /// What is there cannot be read.
    fn known(&self) -> Result<BTreeMap<u64, UnitResult>>;
}

/// Makes the units of a shard that are not known yet, in rounds of trials. A design that is known
/// to have enough trials gets no more; a shard that cannot see the others' results makes all its
/// units, and what is too much is left out by the merge. `told` is called after each round with
/// trials done and trials at most.
///
/// # Errors
/// A scenario that cannot be, or a result that cannot be kept. What was kept before stays.
pub fn run(plan: &Plan, shard: Shard, ledger: &impl Ledger, told: &dyn Fn(u64, u64)) -> Result<()> {
    let designs = plan.designs.len() as u64;
    let step = ROUND_UNITS.div_ceil(designs).max(ROUND_TRIALS);
    let most = plan.sweep.at_most;
    let (mut from, mut to) = (0, plan.sweep.at_least.max(step).min(most));
    while from < most {
        let known = ledger.known()?;
        let open: Vec<u64> = (0..designs)
            .filter(|design| stopped(plan, &known, *design as usize, false).is_none())
            .collect();
        if open.is_empty() {
            break;
        }
        let units: Vec<u64> = (from..to)
            .flat_map(|trial| open.iter().map(move |design| trial * designs + design))
            .filter(|unit| shard.owns(*unit) && !known.contains_key(unit))
            .collect();
        units.par_iter().try_for_each(|unit| ledger.keep(&simulate_unit(plan, *unit)?))?;
        told(to, most);
        (from, to) = (to, (to + step).min(most));
    }
    Ok(())
}
