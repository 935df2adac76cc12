//! Time passes: rates become volumes.

use super::groups::Slot;
use super::rates::NOTHING;
use super::world::World;
use crate::units::{SimSpan, SimTime};

/// Backlogs that empty sooner than this are emptied then: many small backlogs that end one after
/// another cost one step, and no step is too short to matter.
const SHORTEST_STEP: SimSpan = SimSpan::from_millis(10);

impl World<'_> {
    /// The first instant at which the present rates stop being right, at most `until`.
    pub(super) fn rates_hold_until(&self, until: SimTime) -> SimTime {
        let mut seconds = f64::INFINITY;
        let mut empties = |backlog: f64, falls: f64| {
            if backlog > NOTHING && falls > 0.0 {
                seconds = f64::min(seconds, backlog / falls);
            }
        };
        let mut appended = vec![0.0; self.logs.len()];
        for feed in &self.feeds {
            appended[feed.partition.index()] += feed.rate;
            empties(feed.queued, feed.rate - self.offered(feed));
        }
        for slot in self.groups.iter().flat_map(|state| &state.slots) {
            let partition = slot.partition.index();
            let lag = self.logs[partition].end - slot.position;
            empties(lag, slot.rate - appended[partition]);
        }
        for copy in self.copies() {
            let partition = copy.step.partition.index();
            let grows = appended[partition] * self.network.record_bytes[partition];
            empties(copy.missing, copy.rate - grows);
        }
        for (level, falls) in self.falling_credits() {
            empties(level, falls);
        }
        if seconds.is_infinite() {
            return until;
        }
        let span = SimSpan::from_secs_f64(seconds).max(SHORTEST_STEP);
        self.now.saturating_add(span).min(until)
    }

    /// Moves the state to `until` at the present rates.
    pub(super) fn advance(&mut self, until: SimTime) {
        let seconds = (until - self.now).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        self.now = until;
        let appended = self.append(seconds);
        self.consume(seconds);
        self.count_pauses(seconds);
        self.copy(seconds, &appended);
        self.give_up(seconds);
        self.spend_credits(seconds);
        self.meter(seconds);
        self.record_lags();
    }

    /// Appends to the logs; returns bytes per partition.
    fn append(&mut self, seconds: f64) -> Vec<f64> {
        let mut bytes = vec![0.0; self.logs.len()];
        let mut records = vec![0.0; self.logs.len()];
        for feed in &mut self.feeds {
            let producer = &mut self.producers[feed.producer];
            let offered = producer.offered * feed.share * seconds;
            // What is appended was there: the queue and what is offered meanwhile.
            let taken = (feed.rate * seconds).min(feed.queued + offered);
            let left = feed.queued + offered - taken;
            feed.queued = if left > NOTHING { left } else { 0.0 };
            let taken = taken + (left - feed.queued);
            producer.total_offered += offered;
            producer.total_acked += taken;
            records[feed.partition.index()] += taken;
            bytes[feed.partition.index()] += taken * feed.record_bytes;
        }
        for (index, log) in self.logs.iter_mut().enumerate() {
            let topic = self.cluster.partitions[index].topic;
            let settings = &self.cluster.topics[topic.index()].settings;
            if records[index] > 0.0 {
                log.append(settings, self.now, records[index], bytes[index] / records[index]);
            }
        }
        bytes
    }

    fn consume(&mut self, seconds: f64) {
        self.age_commits(seconds);
        for slot in self.groups.iter_mut().flat_map(|state| &mut state.slots) {
            let end = self.logs[slot.partition.index()].end;
            let mut position = (slot.position + slot.rate * seconds).min(end);
            if end - position <= NOTHING && slot.rate > 0.0 {
                position = end;
            }
            slot.processed += position - slot.position;
            slot.uncommitted += position - slot.position;
            slot.position = position;
        }
    }

    /// The rates of the step just passed were zero where nobody read.
    fn count_pauses(&mut self, seconds: f64) {
        let groups = self.groups.iter().zip(&self.network.of_slot);
        for (paused, (state, loops)) in self.paused.iter_mut().zip(groups) {
            let readers = loops.iter().zip(&state.slots);
            // A partition without a leader is not read either, but nobody pauses it.
            let led =
                |slot: &Slot| self.cluster.partitions[slot.partition.index()].leader.is_some();
            let pauses = |(reader, slot): &(&Option<u32>, &Slot)| {
                reader.is_none() && !state.is_stuck(slot) && led(slot)
            };
            let unread = readers.filter(pauses).count();
            *paused += unread as f64 * seconds;
        }
    }

    fn copy(&mut self, seconds: f64, appended: &[f64]) {
        let take = |copy: &mut super::world::Copying| {
            let grown = copy.missing + appended[copy.step.partition.index()];
            let taken = (copy.rate * seconds).min(grown);
            copy.missing = grown - taken;
            taken
        };
        for copy in &mut self.catching {
            take(copy);
        }
        let reassignment = &mut self.reassignment;
        let moved: f64 = reassignment.copies.iter_mut().map(take).sum();
        if reassignment.active {
            self.operations[reassignment.operation].moved_bytes += moved;
        }
        // A new replica is in sync when it lacks less than what arrives in the shortest step.
        let done = |copy: &super::world::Copying| {
            let partition = copy.step.partition.index();
            copy.missing <= appended[partition] / seconds * SHORTEST_STEP.as_secs_f64() + 1.0
        };
        if reassignment.active && reassignment.copies.iter().any(done) {
            let (arrived, rest) = reassignment.copies.drain(..).partition(done);
            reassignment.copies = rest;
            self.replicas_arrived(arrived);
        }
        if self.catching.iter().any(done) {
            let (arrived, rest) = self.catching.drain(..).partition(done);
            self.catching = rest;
            self.caught_up(arrived);
        }
    }

    /// Records that wait longer than `max.block.ms` for `buffer.memory` fail.
    fn give_up(&mut self, seconds: f64) {
        for (producer, expired) in self.expired().into_iter().enumerate() {
            self.fail_records(producer, expired, "delivery.timeout.ms");
        }
        for producer in 0..self.producers.len() {
            let queued: f64 =
                self.feeds.iter().filter(|f| f.producer == producer).map(|f| f.queued).sum();
            self.producers[producer].queued = queued;
            if queued <= NOTHING {
                continue;
            }
            let (buffer, patience) = self.patience(producer);
            if queued > buffer {
                self.producers[producer].blocked += seconds;
            }
            let most = buffer + patience;
            if queued > most {
                let keep = most / queued;
                for feed in self.feeds.iter_mut().filter(|f| f.producer == producer) {
                    feed.queued *= keep;
                }
                self.fail_records(producer, queued - most, "max.block.ms");
                self.producers[producer].queued = most;
            }
        }
    }

    /// Records that have waited for too long fail; the first time leaves a mark.
    fn fail_records(&mut self, producer: usize, records: f64, limit: &str) {
        if records <= 0.0 {
            return;
        }
        let state = &mut self.producers[producer];
        if state.total_failed <= 0.0 {
            let name = &self.scenario.producers[producer].name;
            let words = format!("records wait longer than {limit} and fail");
            self.recorder.event(self.now, "records_failed", name, words);
        }
        state.total_failed += records;
    }

    /// Retention deletes segments; readers that still wanted them lose records.
    pub(super) fn retain(&mut self) {
        for (index, log) in self.logs.iter_mut().enumerate() {
            let topic = self.cluster.partitions[index].topic;
            log.retain(&self.cluster.topics[topic.index()].settings, self.now);
        }
        for (group, state) in self.groups.iter_mut().enumerate() {
            let mut lost = 0.0;
            for slot in &mut state.slots {
                let start = self.logs[slot.partition.index()].start;
                if slot.position < start {
                    lost += start - slot.position;
                    slot.lost += start - slot.position;
                    slot.position = start;
                }
            }
            if lost > 0.0 {
                let name = &self.scenario.groups[group].name;
                let words = format!(
                    "retention deleted {} records that the group had not read",
                    crate::units::count(lost)
                );
                self.recorder.event(self.now, "retention_loss", name, words);
            }
        }
    }
}
