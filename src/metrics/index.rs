//! Statistics of a run's series, looked up by name and entity.

use super::{Population, Series, Spread, Utilisation};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// The series of a run with the interval over which statistics are taken. A series that does not
/// exist has the statistics of nothing: zeros.
#[derive(Debug)]
pub struct SeriesIndex<'r> {
    series: BTreeMap<(&'r str, &'r str), &'r Series>,
    from: SimTime,
    to: SimTime,
}

impl<'r> SeriesIndex<'r> {
    /// An index over series, for statistics over `from..to`.
    pub fn new(series: &'r [Series], from: SimTime, to: SimTime) -> Self {
        let entries = series.iter().map(|one| ((one.name.as_str(), one.entity.as_str()), one));
        Self { series: entries.collect(), from, to }
    }
    fn of<T: Default>(
        &self,
        name: &str,
        entity: &str,
        statistic: fn(&Series, SimTime, SimTime) -> T,
    ) -> T {
        let series = self.series.get(&(name, entity));
        series.map_or_else(T::default, |one| statistic(one, self.from, self.to))
    }
    /// Mean, 99th percentile, largest and last value.
    pub fn spread(&self, name: &str, entity: &str) -> Spread {
        self.of(name, entity, Series::spread)
    }
    /// Mean and 99th percentile of a share.
    pub fn utilisation(&self, name: &str, entity: &str) -> Utilisation {
        self.of(name, entity, Series::utilisation)
    }
    /// Smallest, mean, largest and last count.
    pub fn population(&self, name: &str, entity: &str) -> Population {
        self.of(name, entity, Series::population)
    }
    /// The mean.
    pub fn mean(&self, name: &str, entity: &str) -> f64 {
        self.spread(name, entity).mean
    }
}
