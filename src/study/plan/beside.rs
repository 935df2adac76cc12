//! What stands beside the choice: headroom, and what the exercise's script would have bought.

use super::search::{MOST_BROKERS, Offer, PLAN_MONTHS, Purchase};
use super::trial::{Search, ZONES};
use crate::error::Result;

impl Search<'_> {
    pub(super) fn headroom(&self, now: &Purchase, runs: &mut usize) -> Result<[Option<f64>; 3]> {
        let zone = now.brokers.div_ceil(ZONES);
        let left = [now.brokers, now.brokers - 1, now.brokers - zone];
        let mut factors = [None; 3];
        for (factor, brokers) in factors.iter_mut().zip(left) {
            if brokers < self.replicas() {
                continue;
            }
            let (takes, _) = self.takes(&Purchase { brokers, ..now.clone() }, 0, runs)?;
            *factor = Some(takes / self.quantile(0.5));
        }
        Ok(factors)
    }

    pub(super) fn by_script(&self, now: &Purchase, runs: &mut usize) -> Result<Option<Offer>> {
        let figures = super::script_figures(self.input);
        let of = |key: &str| figures.iter().find(|one| one.key == key);
        let brokers = of("brokers_recommended").map_or(0, |one| one.script.to_whole());
        let brokers = u32::try_from(brokers).unwrap_or(u32::MAX);
        let partitions = brokers.saturating_mul(3);
        if brokers < self.replicas() || brokers > MOST_BROKERS {
            return Ok(None);
        }
        // The script: three partitions per broker, consumers as many and a fifth more, which idle.
        let members = partitions;
        let bought = Purchase { machine: now.machine.clone(), brokers, partitions, members };
        self.offer(&bought, PLAN_MONTHS - 1, runs).map(Some)
    }
}
