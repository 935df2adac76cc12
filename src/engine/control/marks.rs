//! Marks on the time line: faults, what follows from them, and when all is well again.

use super::{Awaits, Control, Life};
use crate::cluster::BrokerId;
use crate::metrics::{OperationEntry, Recorder};
use crate::model::fault::FaultKind;
use crate::units::{SimSpan, SimTime};

impl Control {
    pub(super) fn mark_fault(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        kind: FaultKind,
        recorder: &mut Recorder,
    ) {
        let leads =
            self.parts.iter().filter(|part| part.registration.leader == Some(broker)).count();
        let life = &mut self.brokers[broker.index()];
        let id = life.node_id;
        let (mark, did) = match kind {
            FaultKind::Killed => ("broker_killed", "is killed"),
            FaultKind::Stopped => ("broker_stops", "begins a controlled shutdown"),
            FaultKind::ZoneLost => ("broker_unreachable", "is off the network with its zone"),
            FaultKind::Started => return,
        };
        let words = format!("broker {id} {did}; it leads {leads} partitions");
        recorder.event(now, mark, &id.to_string(), words.clone());
        if let Some(operation) = life.operation.take() {
            self.operations[operation].end = Some(now);
        }
        life.operation = Some(self.operations.len());
        self.operations.push(OperationEntry {
            kind: kind.word().to_owned(),
            words,
            start: now,
            end: None,
            moved_bytes: 0.0,
        });
    }

    pub(super) fn mark_fenced(&self, now: SimTime, broker: BrokerId, recorder: &mut Recorder) {
        let held = self.held[broker.index()].iter();
        let parts = held.map(|index| &self.parts[*index as usize]);
        let lost = parts.clone().filter(|part| part.leader == Some(broker));
        let (led, none) = lost.fold((0, 0), |(led, none), part| {
            (led + 1, none + usize::from(part.registration.leader.is_none()))
        });
        let words = format!(
            "its session is over: of {led} partitions that it led {} get another leader, {none} \
             have no replica that could lead",
            led - none
        );
        let id = self.brokers[broker.index()].node_id;
        recorder.event(now, "broker_fenced", &id.to_string(), words);
    }

    pub(super) fn mark_start(
        &self,
        now: SimTime,
        broker: BrokerId,
        span: SimSpan,
        recorder: &mut Recorder,
    ) {
        let life = &self.brokers[broker.index()];
        let words = format!("it will register after {}", span.to_prose());
        recorder.event(now, "broker_starts", &life.node_id.to_string(), words);
    }

    pub(super) fn mark_back(&self, now: SimTime, broker: BrokerId, recorder: &mut Recorder) {
        let life = &self.brokers[broker.index()];
        if life.up {
            let words = "it serves again, and its followers catch up".to_owned();
            recorder.event(now, "broker_back", &life.node_id.to_string(), words);
        }
    }

    /// Counts anew how many ISRs each broker is missing from.
    pub(super) fn count_missing(&mut self) {
        let mut missing = vec![0; self.brokers.len()];
        for part in &self.parts {
            for replica in &part.registration.replicas {
                missing[replica.index()] += u32::from(!part.isr.contains(replica));
            }
        }
        for (life, missing) in self.brokers.iter_mut().zip(missing) {
            life.missing = missing;
        }
    }

    /// Brokers that have returned and are in sync everywhere: their faults are over.
    pub(super) fn complete(&mut self, now: SimTime, recorder: &mut Recorder) {
        let done = |life: &&mut Life| life.awaits == Awaits::Replicas && life.missing == 0;
        for life in self.brokers.iter_mut().filter(done) {
            life.awaits = Awaits::Nothing;
            let Some(operation) = life.operation.take() else { continue };
            let entry = &mut self.operations[operation];
            entry.end = Some(now);
            let span = (now - entry.start).to_prose();
            let words = format!("all its replicas are in sync again, {span} after the fault");
            recorder.event(now, "broker_in_sync", &life.node_id.to_string(), words);
        }
    }

    /// A broker lacks so many bytes when it returns.
    pub(in super::super) fn lacks(&mut self, broker: BrokerId, bytes: f64) {
        if let Some(operation) = self.brokers[broker.index()].operation {
            self.operations[operation].moved_bytes += bytes;
        }
    }
}

/// Partitions have changed hands.
pub(super) fn mark_moved(now: SimTime, moved: usize, recorder: &mut Recorder) {
    if moved > 0 {
        let words = format!("{moved} partitions have another leader, or none");
        recorder.event(now, "leaders_changed", "cluster", words);
    }
}

/// Preferred replicas are elected.
pub(super) fn mark_balance(now: SimTime, moved: usize, recorder: &mut Recorder) {
    if moved > 0 {
        let words = format!("{moved} partitions go back to their preferred leaders");
        recorder.event(now, "preferred_election", "cluster", words);
    }
}
