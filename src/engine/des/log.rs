//! A partition's log: batches, followers, the high watermark, and who waits for it.

use crate::units::SimTime;
use std::collections::VecDeque;

/// A partition as its leader sees it. Positions count batches since the run began.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// `NONE` while nobody may lead.
    pub leader: u32,
    /// Replicas as (broker, index of the disk of its machine); the leader's own is first, or that
    /// of who led last.
    pub disks: Vec<(u32, u32)>,
    /// Log end.
    pub end: u64,
    /// High watermark.
    pub high: u64,
    pub records: u64,
    pub high_records: u64,
    pub bytes: u64,
    /// Batches from `first` on; older ones have been read by everyone.
    batches: VecDeque<Stored>,
    first: u64,
    /// Records and bytes before `first`.
    before: (u64, u64),
    pub followers: Vec<Follower>,
    /// Sessions that read it from the leader, as (session, slot).
    pub readers: Vec<(u32, u32)>,
    /// Consumers that read it from followers, if there are any.
    pub elsewhere: Option<Box<Elsewhere>>,
    /// Produce requests that wait for the high watermark: (position, request, its turn).
    pub waiting: VecDeque<(u64, u32, u32)>,
    /// When the log's lock is free.
    pub lock: SimTime,
    pub min_insync: u32,
    /// Below `min.insync.replicas` the high watermark stands still (Kafka 4.0 and later).
    pub waits_for_min_insync: bool,
    /// Whether each append is forced to the disk.
    pub flush: bool,
    /// `segment.bytes`, and what fits into the leader's active segment.
    segment: u64,
    left: u64,
    /// Where the log ended when its leader began to lead.
    epoch_start: u64,
}

/// A follower as the leader knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follower {
    pub broker: u32,
    /// What its last fetch request said that it has.
    pub has: u64,
    pub in_sync: bool,
    /// When it last had everything.
    pub caught_up: SimTime,
    /// It is not in sync, but was so shortly before: the high watermark waits for it.
    pub holds: bool,
    /// Where its log ended when it stopped to fetch.
    pub stopped_at: u64,
    /// What fits into its active segment.
    left: u64,
}

/// Who reads a partition from its followers (KIP-392), and what those know.
#[derive(Debug, Clone, Default)]
pub(super) struct Elsewhere {
    /// Sessions, as (session, slot).
    pub readers: Vec<(u32, u32)>,
    /// Of each follower.
    pub followers: Vec<Known>,
}

/// What a follower knows of a partition.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// The leader's high watermark as the last response told it, and its own.
    pub told: u64,
    pub high: u64,
    /// By how much more bytes have passed through its page cache than through the leader's.
    pub shift: i64,
}

/// A batch in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    /// Records and bytes of the log after it.
    pub records_end: u64,
    pub bytes_end: u64,
    pub records: u32,
    pub first: SimTime,
    pub last: SimTime,
    /// Bytes that had passed through the leader's page cache when it was written; negative before
    /// the run.
    pub passed: i64,
}

impl Log {
    pub(super) fn new(leader: u32, disks: Vec<(u32, u32)>, followers: &[u32]) -> Self {
        let follower = |broker: &u32| Follower {
            broker: *broker,
            has: 0,
            in_sync: true,
            caught_up: SimTime::ZERO,
            holds: false,
            stopped_at: 0,
            left: u64::MAX,
        };
        Self {
            leader,
            disks,
            end: 0,
            high: 0,
            records: 0,
            high_records: 0,
            bytes: 0,
            batches: VecDeque::new(),
            first: 0,
            before: (0, 0),
            followers: followers.iter().map(follower).collect(),
            readers: Vec::new(),
            elsewhere: None,
            waiting: VecDeque::new(),
            lock: SimTime::ZERO,
            min_insync: 1,
            waits_for_min_insync: false,
            flush: false,
            segment: u64::MAX,
            left: u64::MAX,
            epoch_start: 0,
        }
    }

    /// Segments of so many bytes, of which the active one is filled to a share.
    pub(super) fn segment(&mut self, bytes: u64, filled: f64) {
        self.segment = bytes;
        self.left = (bytes as f64 * (1.0 - filled)) as u64;
        for follower in &mut self.followers {
            follower.left = self.left;
        }
    }

    /// Whether bytes begin a new segment at the leader, or at a follower.
    #[inline]
    pub(super) fn rolls(&mut self, follower: Option<u32>, bytes: u64) -> bool {
        let left = match follower {
            Some(index) => &mut self.followers[index as usize].left,
            None => &mut self.left,
        };
        let rolls = bytes > *left;
        *left = if rolls { self.segment.saturating_sub(bytes) } else { *left - bytes };
        rolls
    }

    /// Appends a batch at the leader.
    pub(super) fn append(
        &mut self,
        now: SimTime,
        [records, bytes]: [u64; 2],
        span: [SimTime; 2],
        passed: i64,
    ) {
        for follower in &mut self.followers {
            if follower.has == self.end {
                follower.caught_up = now;
            }
        }
        self.records += records;
        self.bytes += bytes;
        self.end += 1;
        let (records_end, bytes_end) = (self.records, self.bytes);
        let [first, last] = span;
        if self.readers.is_empty() && self.followers.is_empty() {
            self.first = self.end;
            self.before = (records_end, bytes_end);
        } else {
            let records = records as u32;
            self.batches.push_back(Stored { records_end, bytes_end, records, first, last, passed });
        }
    }

    /// Up to where a session may read: followers everything, consumers what is committed as far as
    /// the replica knows that they read from.
    #[inline]
    pub(super) fn limit(&self, follows: bool, follower: u32) -> u64 {
        if follows {
            return self.end;
        }
        self.known(follower).map_or(self.high, |known| known.high)
    }

    /// What a follower knows of which a consumer reads; `None` for consumers of the leader.
    #[inline]
    pub(super) fn known(&self, follower: u32) -> Option<&Known> {
        self.elsewhere.as_ref()?.followers.get(follower as usize)
    }

    /// Sessions that read it, wherever, as (session, slot).
    pub(super) fn all_readers(&self) -> impl Iterator<Item = &(u32, u32)> {
        let elsewhere = self.elsewhere.iter().flat_map(|them| &them.readers);
        self.readers.iter().chain(elsewhere)
    }

    /// A session reads it from now on: a follower, or a consumer from the leader or a follower.
    pub(super) fn add_reader(&mut self, reader: (u32, u32), from: Option<u32>) {
        if from.is_none() {
            self.readers.push(reader);
            return;
        }
        let them = self.elsewhere.get_or_insert_default();
        them.followers.resize(self.followers.len(), Known::default());
        them.readers.push(reader);
    }

    /// Batches that someone may still have to read.
    pub(super) fn kept(&self) -> usize {
        self.batches.len()
    }

    /// The batch at a position that someone has still to read.
    pub(super) fn at(&self, position: u64) -> &Stored {
        &self.batches[(position - self.first) as usize]
    }

    /// What had passed through the leader's page cache when the batch before a position came;
    /// `None` once everyone has read it.
    pub(super) fn passed_before(&self, position: u64) -> Option<i64> {
        let index = position.checked_sub(1)?.checked_sub(self.first)?;
        self.batches.get(index as usize).map(|stored| stored.passed)
    }

    /// Records and bytes before a position.
    pub(super) fn totals(&self, position: u64) -> (u64, u64) {
        if position <= self.first {
            return self.before;
        }
        let stored = self.at(position - 1);
        (stored.records_end, stored.bytes_end)
    }

    /// The position after the last whole batch within `bytes` from `from`, up to `limit`.
    pub(super) fn within(&self, from: u64, limit: u64, bytes: u64) -> u64 {
        let end = self.totals(from).1 + bytes;
        let skip = (from - self.first) as usize;
        let most = (limit - self.first) as usize;
        // Most reads take a handful of batches.
        let mut index = skip;
        while index < most && self.batches[index].bytes_end <= end {
            index += 1;
        }
        self.first + index as u64
    }

    /// Members of the ISR, the leader included.
    pub(super) fn in_sync(&self) -> u32 {
        1 + self.followers.iter().filter(|follower| follower.in_sync).count() as u32
    }

    /// Moves the high watermark to what all in-sync replicas have; returns whether it moved.
    pub(super) fn advance(&mut self) -> bool {
        if self.waits_for_min_insync && self.in_sync() < self.min_insync {
            return false;
        }
        let have = self.followers.iter().filter(|one| one.in_sync || one.holds).map(|one| one.has);
        let high = have.fold(self.end, u64::min);
        if high <= self.high {
            return false;
        }
        self.high = high;
        self.high_records = self.totals(high).0;
        true
    }

    /// Whether a follower that has so much may join the ISR: Kafka's `isFollowerInSync`.
    pub(super) fn is_caught_up(&self, has: u64) -> bool {
        has >= self.high && has >= self.epoch_start
    }

    /// Cuts the log off at a position; the records that are gone.
    pub(super) fn truncate(&mut self, end: u64) -> u64 {
        let (records, bytes) = self.totals(end);
        let gone = self.records - records;
        self.batches.truncate((end - self.first) as usize);
        (self.records, self.bytes, self.end) = (records, bytes, end);
        for follower in &mut self.followers {
            follower.has = follower.has.min(end);
            follower.stopped_at = follower.stopped_at.min(end);
        }
        gone
    }

    /// A follower takes the leader's place, and the leader the follower's.
    pub(super) fn swap(&mut self, follower: usize, now: SimTime) {
        let end = self.end;
        self.epoch_start = end;
        self.disks.swap(0, follower + 1);
        self.lock = now;
        let one = &mut self.followers[follower];
        std::mem::swap(&mut self.left, &mut one.left);
        one.broker = self.disks[follower + 1].0;
        (one.has, one.stopped_at) = (end, end);
        for follower in &mut self.followers {
            follower.holds = false;
            follower.caught_up = if follower.in_sync { now } else { SimTime::ZERO };
        }
    }

    /// Bytes in the active segment of a replica: those that are checked after a crash.
    pub(super) fn active_bytes(&self, replica: usize) -> u64 {
        let left = match replica.checked_sub(1) {
            Some(follower) => self.followers[follower].left,
            None => self.left,
        };
        if self.segment == u64::MAX { 0 } else { self.segment.saturating_sub(left) }
    }

    /// Forgets batches that all readers have passed.
    pub(super) fn forget(&mut self, slowest: u64) {
        while self.first < slowest.min(self.high) {
            let Some(stored) = self.batches.pop_front() else { return };
            self.before = (stored.records_end, stored.bytes_end);
            self.first += 1;
        }
    }
}
