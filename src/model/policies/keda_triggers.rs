//! The triggers of a `ScaledObject`: scalers, failures and the fallback.
//!
//! # Rule
//! A query that fails forgets the trigger's memory and counts one failure for its metric, any
//! success sets the count to zero. With a fallback and more failures than its threshold the metric
//! becomes lagThreshold × replicas and the trigger counts as active and not as failed. A failure
//! that this does not cover discards the scalers of *all* triggers and so all memories; they are
//! built again before the next query, which needs the brokers of every trigger. While one does not
//! answer there is no query, no failure and no count: a full outage reaches no fallback whose
//! failureThreshold is at least 1.
//! # Assumes
//! Failures are counted only while a fallback is configured. With metricType `Value` the fallback's
//! replicas are divided by the ready pods; without one it gives nothing.
//! # Breaks
//! The retry with fresh scalers that follows each failure finds the same cluster and fails too.
//! # Source
//! KEDA `pkg/scaling/scale_handler.go`, `pkg/scaling/cache`, `pkg/fallback/fallback.go`.

use super::keda_lag::{KafkaTrigger, Lag, Seen};
use crate::model::workload::{Offsets, Reading, Workload};

/// Which replicas a fallback stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FallbackBehavior {
    /// Its own number.
    Static,
    /// The present number.
    Current,
    /// The larger of both.
    CurrentIfHigher,
    /// The smaller of both.
    CurrentIfLower,
}

/// What the metric becomes while a trigger fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// In force above so many failures in a row.
    pub failure_threshold: u64,
    /// Its number of replicas.
    pub replicas: u32,
    /// Which replicas it stands for.
    pub behavior: FallbackBehavior,
}

/// What one read of a trigger gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The metric in milli-units; `None` when it failed.
    pub metric: Option<i64>,
    /// Whether the trigger counts as active.
    pub active: bool,
    /// Whether the metric is the fallback's.
    pub stands_in: bool,
}

/// How the queries of a `ScaledObject` go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Triggers that answered the last poll themselves.
    pub answered: u32,
    /// The most failures in a row that KEDA counts for a trigger now; 0 without a fallback.
    pub counted: u64,
    /// How often the fallback stood in for a trigger since the beginning.
    pub stand_ins: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Scaler {
    trigger: KafkaTrigger,
    seen: Seen,
    failures: u64,
    stand_ins: u64,
    /// What the last poll left for readers of the cache.
    kept: Option<Outcome>,
}

/// All triggers of a `ScaledObject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Triggers {
    scalers: Vec<Scaler>,
    fallback: Option<Fallback>,
    discarded: bool,
    /// Triggers that answered the last poll.
    answered: Option<u32>,
}

impl Triggers {
    pub(super) fn new(triggers: Vec<KafkaTrigger>, fallback: Option<Fallback>) -> Self {
        let fresh =
            |trigger| Scaler { trigger, seen: Seen::new(), failures: 0, stand_ins: 0, kept: None };
        let scalers = triggers.into_iter().map(fresh).collect();
        Self { scalers, fallback, discarded: false, answered: None }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &KafkaTrigger> {
        self.scalers.iter().map(|scaler| &scaler.trigger)
    }

    /// Builds discarded scalers again; false while some brokers do not answer.
    fn build(&mut self, workload: &Workload<'_>) -> bool {
        let silent =
            |reading: &Reading<'_>| matches!(reading, Reading::Offsets(Offsets::Unreachable));
        if self.discarded && !workload.readings.iter().any(silent) {
            self.discarded = false;
        }
        !self.discarded
    }

    pub(super) fn health(&self) -> Option<Health> {
        let counted = self.scalers.iter().map(|scaler| scaler.failures).max().unwrap_or(0);
        let stand_ins = self.scalers.iter().map(|scaler| scaler.stand_ins).sum();
        self.answered.map(|answered| Health { answered, counted, stand_ins })
    }

    fn discard(&mut self) {
        self.discarded = true;
        for scaler in &mut self.scalers {
            scaler.seen.clear();
        }
    }

    /// The queries of one poll, one outcome for each trigger; `None` when there are no scalers.
    pub(super) fn poll(&mut self, workload: &Workload<'_>) -> Option<Vec<Outcome>> {
        self.answered = Some(0);
        if !self.build(workload) {
            return None;
        }
        let fallback = self.fallback;
        let mut outcomes = Vec::with_capacity(self.scalers.len());
        for (index, scaler) in self.scalers.iter_mut().enumerate() {
            let outcome = scaler.ask(index, workload, fallback);
            scaler.kept = scaler.trigger.cached.then_some(outcome);
            outcomes.push(outcome);
        }
        let own = outcomes.iter().filter(|one| one.metric.is_some() && !one.stands_in);
        self.answered = Some(own.count() as u32);
        if outcomes.iter().any(|outcome| outcome.metric.is_none()) {
            self.discard();
        }
        Some(outcomes)
    }

    /// The autoscaler reads one trigger's metric.
    pub(super) fn read(&mut self, index: usize, workload: &Workload<'_>) -> Option<i64> {
        if !self.build(workload) {
            return None;
        }
        let fallback = self.fallback;
        let scaler = self.scalers.get_mut(index)?;
        let metric = match scaler.kept {
            Some(kept) => {
                let kept = kept.metric.map(|milli| Lag { milli, active: kept.active });
                scaler.judge(kept, workload, fallback).metric
            }
            None => scaler.ask(index, workload, fallback).metric,
        };
        if metric.is_none() {
            self.discard();
        }
        metric
    }
}

impl Scaler {
    fn ask(
        &mut self,
        index: usize,
        workload: &Workload<'_>,
        fallback: Option<Fallback>,
    ) -> Outcome {
        let found = match workload.readings.get(index) {
            Some(Reading::Offsets(offsets)) => self.trigger.query(*offsets, &mut self.seen),
            _ => None,
        };
        if found.is_none() {
            self.seen.clear();
        }
        self.judge(found, workload, fallback)
    }

    /// Counts successes and failures, and lets the fallback stand in.
    fn judge(
        &mut self,
        found: Option<Lag>,
        workload: &Workload<'_>,
        fallback: Option<Fallback>,
    ) -> Outcome {
        match (found, fallback) {
            (Some(lag), _) => {
                self.failures = 0;
                Outcome { metric: Some(lag.milli), active: lag.active, stands_in: false }
            }
            (None, None) => Outcome { metric: None, active: false, stands_in: false },
            (None, Some(fallback)) => {
                self.failures += 1;
                let over = self.failures > fallback.failure_threshold;
                let metric = over.then(|| self.stand_in(fallback, workload)).flatten();
                self.stand_ins += u64::from(metric.is_some());
                Outcome { metric, active: metric.is_some(), stands_in: metric.is_some() }
            }
        }
    }

    fn stand_in(&self, fallback: Fallback, workload: &Workload<'_>) -> Option<i64> {
        let (own, current) = (fallback.replicas, workload.spec);
        let mut replicas = f64::from(match fallback.behavior {
            FallbackBehavior::Static => own,
            FallbackBehavior::Current => current,
            FallbackBehavior::CurrentIfHigher => current.max(own),
            FallbackBehavior::CurrentIfLower => current.min(own),
        });
        if self.trigger.value {
            if workload.ready == 0 {
                return None;
            }
            replicas /= f64::from(workload.ready);
        }
        Some((self.trigger.lag_threshold as f64 * 1_000.0 * replicas) as i64)
    }
}
