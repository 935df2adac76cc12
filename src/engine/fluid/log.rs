//! A partition's log: what has been appended, what is stored, what retention deletes.
//!
//! Retention works as in Kafka's `UnifiedLog.deleteOldSegments`: a segment goes when its newest
//! record is older than `retention.ms`, or when the log without it still holds `retention.bytes`;
//! the active segment never goes.

use crate::cluster::TopicSettings;
use crate::units::SimTime;
use std::collections::VecDeque;

/// A closed run of records.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    /// When its newest record was appended, in seconds since the start (negative before it).
    newest: f64,
    records: f64,
    bytes: f64,
}

/// The log of one partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    /// Records ever appended since t = 0; the log end.
    pub end: f64,
    /// The log start; negative while records from before t = 0 are stored.
    pub start: f64,
    /// Bytes stored in one replica.
    pub bytes: f64,
    /// Bytes ever appended since t = 0.
    pub appended_bytes: f64,
    closed: VecDeque<Segment>,
    /// (log end, seconds) in time order; what turns a position into an age.
    marks: VecDeque<(f64, f64)>,
    /// When the active segment got its first record.
    opened: f64,
    active_records: f64,
    active_bytes: f64,
}

impl Log {
    /// A log that has received `rate` records/s of `record_bytes` for `seconds` before t = 0.
    pub(super) fn with_history(
        settings: &TopicSettings,
        rate: f64,
        record_bytes: f64,
        seconds: f64,
    ) -> Self {
        let mut log = Self { opened: -seconds, ..Self::default() };
        let byte_rate = rate * record_bytes;
        let by_bytes = settings.segment_bytes.as_f64().max(1.0) / byte_rate.max(1e-9);
        let span = by_bytes.min(settings.segment_span.as_secs_f64()).max(1.0);
        let mut from = -seconds;
        while byte_rate > 0.0 && from < 0.0 {
            let length = span.min(-from);
            log.take(rate * length, byte_rate * length);
            from += length;
            if from < 0.0 {
                log.roll(from);
            }
        }
        log.start = -(log.active_records + log.closed.iter().map(|s| s.records).sum::<f64>());
        log.end = 0.0;
        log.appended_bytes = 0.0;
        log
    }

    /// Appends records until `now`.
    pub(super) fn append(
        &mut self,
        settings: &TopicSettings,
        now: SimTime,
        records: f64,
        record_bytes: f64,
    ) {
        let now = now.as_secs_f64();
        self.take(records, records * record_bytes);
        self.marks.push_back((self.end, now));
        let full = self.active_bytes >= settings.segment_bytes.as_f64();
        let old = now - self.opened >= settings.segment_span.as_secs_f64();
        if self.active_records > 0.0 && (full || old) {
            self.roll(now);
        }
    }

    fn take(&mut self, records: f64, bytes: f64) {
        self.end += records;
        self.bytes += bytes;
        self.appended_bytes += bytes;
        self.active_records += records;
        self.active_bytes += bytes;
    }

    fn roll(&mut self, now: f64) {
        self.closed.push_back(Segment {
            newest: now,
            records: self.active_records,
            bytes: self.active_bytes,
        });
        (self.active_records, self.active_bytes, self.opened) = (0.0, 0.0, now);
    }

    /// Seconds since the record at `position` was appended; between marks the log grew evenly.
    pub(super) fn age_of(&self, position: f64, now: SimTime) -> f64 {
        let now = now.as_secs_f64();
        let after = self.marks.partition_point(|(end, _)| *end <= position);
        let Some((end, at)) = self.marks.get(after).copied() else { return 0.0 };
        let (from_end, from) = match after.checked_sub(1) {
            Some(before) => self.marks[before],
            None => (self.start.min(position), self.first_stored().min(at)),
        };
        let share = if end > from_end { (position - from_end) / (end - from_end) } else { 1.0 };
        (now - (from + (at - from) * share)).max(0.0)
    }

    /// Marks before every reader's position are of no use any more.
    pub(super) fn forget_before(&mut self, position: f64) {
        while self.marks.get(1).is_some_and(|(end, _)| *end <= position) {
            self.marks.pop_front();
        }
    }

    /// When the oldest stored record was appended, roughly: the end of its segment.
    fn first_stored(&self) -> f64 {
        self.closed.front().map_or(self.opened, |segment| segment.newest)
    }

    /// Bytes of the active segment: those that are checked after a crash.
    pub(super) fn active_bytes(&self) -> f64 {
        self.active_bytes
    }

    /// Deletes what retention no longer keeps; returns the bytes that one replica lost.
    pub(super) fn retain(&mut self, settings: &TopicSettings, now: SimTime) -> f64 {
        let now = now.as_secs_f64();
        let mut deleted = 0.0;
        while let Some(oldest) = self.closed.front() {
            let too_old =
                settings.retention.is_some_and(|span| now - oldest.newest > span.as_secs_f64());
            let too_much = settings
                .retention_bytes
                .is_some_and(|limit| self.bytes - oldest.bytes >= limit.as_f64());
            if !too_old && !too_much {
                break;
            }
            self.start += oldest.records;
            self.bytes = (self.bytes - oldest.bytes).max(0.0);
            deleted += oldest.bytes;
            self.closed.pop_front();
        }
        deleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bytes, SimSpan};

    fn settings() -> TopicSettings {
        TopicSettings {
            compression: None,
            min_insync_replicas: 1,
            retention: Some(SimSpan::from_secs(3_600)),
            retention_bytes: None,
            flush_messages: None,
            segment_bytes: Bytes::new(60_000),
            segment_span: SimSpan::from_secs(7 * 86_400),
        }
    }

    #[test]
    fn history_holds_what_was_appended() {
        let log = Log::with_history(&settings(), 10.0, 100.0, 3_600.0);
        assert!((log.bytes - 3_600_000.0).abs() < 1e-6);
        assert!((log.start + 36_000.0).abs() < 1e-6);
        assert_eq!(log.closed.len(), 59);
    }

    #[test]
    fn segments_go_when_their_newest_record_is_too_old() {
        let settings = settings();
        let mut log = Log::with_history(&settings, 10.0, 100.0, 3_600.0);
        assert!(log.retain(&settings, SimTime::ZERO).abs() < 1e-9);
        // After 61 s the first segment (ended at −3,540 s) is older than an hour.
        let now = SimTime::ZERO + SimSpan::from_secs(61);
        log.append(&settings, now, 610.0, 100.0);
        assert!((log.retain(&settings, now) - 60_000.0).abs() < 1e-6);
        assert!((log.start + 35_400.0).abs() < 1e-6);
        assert!((log.bytes - (3_600_000.0 + 61_000.0 - 60_000.0)).abs() < 1e-6);
    }

    #[test]
    fn bytes_limit_a_log_too() {
        let mut settings = settings();
        settings.retention = None;
        settings.retention_bytes = Some(Bytes::new(100_000));
        let mut log = Log::with_history(&settings, 10.0, 100.0, 600.0);
        log.retain(&settings, SimTime::ZERO);
        assert!(log.bytes >= 100_000.0 && log.bytes < 160_000.0, "{}", log.bytes);
    }
}
