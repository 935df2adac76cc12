//! The lag of a consumer group as the Kafka scaler of KEDA counts it.
//!
//! # Rule
//! Only partitions in the answer for the logs' ends count (n of them), after `partitionLimitation`.
//! A partition without a commit lags 1 (`latest`) or its whole end offset (`earliest`), or 0 with
//! `scaleToZeroOnInvalidOffset`. With `excludePersistentLag` a partition whose committed offset is
//! the one of the query before counts for activation only. The sum is capped at n × lagThreshold,
//! or with `limitToPartitionsWithLag` at the number of lagging partitions × lagThreshold, or raised
//! to the next divisor of n × lagThreshold with `ensureEvenDistributionOfPartitions`;
//! `allowIdleConsumers` alone lifts the cap.
//! # Assumes
//! The cap compares *whole* thresholds (integer division), the autoscaler rounds up: so up to one
//! threshold less one record leaks over the cap and makes one replica more than partitions.
//! # Breaks
//! A lag can be negative (a committed offset beyond the end) and lowers the sum.
//! # Source
//! KEDA `pkg/scalers/kafka_scaler.go`.

use crate::model::workload::{Offset, Offsets, PartitionOffsets};
use std::collections::BTreeMap;

/// A trigger of type `kafka`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "KEDA's own flags, each independent")]
pub struct KafkaTrigger {
    /// The name of its metric.
    pub metric: String,
    /// The consumer group.
    pub group: String,
    /// The topic; `None` for all topics of the group.
    pub topic: Option<String>,
    /// Lag for each replica, above 0.
    pub lag_threshold: i64,
    /// Active above this lag.
    pub activation_lag_threshold: i64,
    /// Whether a partition without a commit lags by its whole end offset.
    pub earliest: bool,
    /// Whether a partition without a commit lags 0.
    pub zero_on_invalid_offset: bool,
    /// More replicas than partitions are allowed.
    pub allow_idle: bool,
    /// A partition that makes no progress does not count.
    pub exclude_persistent: bool,
    /// At most as many replicas as lagging partitions.
    pub limit_to_lagging: bool,
    /// Only divisors of the number of partitions.
    pub even: bool,
    /// Ranges of partitions that count, both ends included; `None` for all.
    pub only: Option<Vec<(u32, u32)>>,
    /// Whether the metric is a `Value` instead of an `AverageValue`.
    pub value: bool,
    /// Whether the autoscaler reads the answer of the last poll.
    pub cached: bool,
}

/// What a query found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lag {
    /// The metric in milli-units, at least 0.
    pub milli: i64,
    /// Whether the trigger is active.
    pub active: bool,
}

/// Committed offsets of the query before, by position in the answer.
pub(super) type Seen = BTreeMap<usize, i64>;

impl KafkaTrigger {
    fn counts(&self, partition: u32) -> bool {
        let within = |(from, to): &(u32, u32)| (*from..=*to).contains(&partition);
        self.topic.is_none() || self.only.as_ref().is_none_or(|only| only.iter().any(within))
    }

    /// One query; `None` when it fails.
    pub(super) fn query(&self, offsets: Offsets<'_>, seen: &mut Seen) -> Option<Lag> {
        let Offsets::Answer(partitions) = offsets else { return None };
        let counted =
            || partitions.iter().enumerate().filter(|(_, one)| self.counts(one.partition));
        // A filter that leaves nothing, and any error in the ends, fail the query as a whole.
        if counted().next().is_none() || counted().any(|(_, one)| one.end == Offset::Error) {
            return None;
        }
        let (mut total, mut activation, mut present, mut lagging) = (0_i64, 0_i64, 0, 0);
        for (position, one) in counted() {
            let Offset::At(end) = one.end else { continue };
            let (lag, whole) = self.partition(position, *one, end, seen)?;
            total = total.saturating_add(lag);
            activation = activation.saturating_add(whole);
            present += 1;
            lagging += i64::from(lag > 0);
        }
        let milli = self.capped(total, present, lagging).max(0).saturating_mul(1_000);
        Some(Lag { milli, active: activation > self.activation_lag_threshold })
    }

    /// Lag for scaling and for activation; `None` fails the query.
    fn partition(
        &self,
        position: usize,
        one: PartitionOffsets,
        end: i64,
        seen: &mut Seen,
    ) -> Option<(i64, i64)> {
        let committed = match one.committed {
            Offset::Error => return None,
            Offset::Missing => {
                let lag = match (self.zero_on_invalid_offset, self.earliest) {
                    (true, _) => 0,
                    (false, true) => end,
                    (false, false) => 1,
                };
                return Some((lag, lag));
            }
            Offset::At(committed) => committed,
        };
        let lag = end - committed;
        let stuck = self.exclude_persistent && seen.insert(position, committed) == Some(committed);
        Some((if stuck { 0 } else { lag }, lag))
    }

    fn capped(&self, lag: i64, present: i64, lagging: i64) -> i64 {
        let threshold = self.lag_threshold;
        if self.allow_idle && !self.limit_to_lagging && !self.even {
            return lag;
        }
        let lag = if self.even { even(lag, present, threshold) } else { lag };
        let most = if self.limit_to_lagging { lagging } else { present };
        if lag / threshold > most { most.saturating_mul(threshold) } else { lag }
    }
}

/// The lag of the smallest divisor of the number of partitions that carries it.
fn even(lag: i64, partitions: i64, threshold: i64) -> i64 {
    let carries =
        |factor: &i64| partitions % factor == 0 && factor.saturating_mul(threshold) >= lag;
    (1..=partitions).find(carries).unwrap_or(partitions).saturating_mul(threshold)
}
