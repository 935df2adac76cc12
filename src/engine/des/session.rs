//! Fetch sessions: what one fetching connection reads from one leader.

use crate::units::{SimSpan, SimTime};
use std::collections::VecDeque;

/// An incremental fetch session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub conn: u32,
    pub reader: Reader,
    pub slots: Vec<Slot>,
    /// Slots with something to read, in the order of the session.
    pub ready: VecDeque<u32>,
    /// A fetch of it waits in purgatory.
    pub parked: bool,
    pub round: u32,
    /// Its request, while one is in flight.
    pub request: Option<u32>,
    /// What the last response carried.
    pub carried: Vec<Carried>,
    /// Slots that a fetch asks for.
    pub asked: u32,
    pub limits: Limits,
    /// When the leader answered its last fetch; the shortest time from there to the next fetch, and
    /// all time beyond that: what grows with the bytes carried.
    pub answered: SimTime,
    least: SimSpan,
    pub carrying: SimSpan,
    /// Its client sends no fetch before this instant, for its quota.
    pub throttled: SimTime,
    /// Whether it has been noted among those that something has reached.
    pub touched: bool,
    pub course: Course,
    /// What is `carried` has been sent and not been appended yet.
    pub fresh: bool,
    /// Partitions of which the answer tells that the broker does not lead them.
    pub errors: u32,
    /// Slots of which the next fetch tells how much the follower has.
    pub greets: Vec<u32>,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A replica fetcher thread of a broker.
    Follower { broker: u32 },
    /// A member of a group.
    Consumer { member: u32 },
}

/// A partition of a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub partition: u32,
    /// Index in its log of the follower that fetches, or that a consumer fetches from; `NONE` for
    /// consumers of the leader.
    pub follower: u32,
    /// The next batch to fetch.
    pub position: u64,
    /// The first batch that it has not worked off; a follower works off what it fetches.
    pub held: u64,
    /// It is in `ready`.
    pub ready: bool,
    /// A consumer holds fetched records of it, so does not ask for it.
    pub buffered: bool,
    pub standing: Standing,
}

/// Whether a session is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It asks again and again.
    Runs,
    /// It has no partitions to ask for.
    Idle,
    /// Its connection is gone, and it is not used any more.
    Broken,
}

/// Whether a slot is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The broker of its session leads the partition.
    Here,
    /// It does not, and the client will learn that.
    Away,
    /// Another slot has taken its place.
    Gone,
}

/// What a response carries of one partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried {
    pub slot: u32,
    pub from: u64,
    pub to: u64,
    /// Bytes on the wire; a last batch that does not fit is cut off and of no use.
    pub bytes: u64,
}

/// Limits of a fetch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub min_bytes: u64,
    /// The ring of timers of its `max.wait.ms`.
    pub wait_ring: u32,
    pub partition_bytes: u64,
    pub response_bytes: u64,
}

impl Session {
    pub(super) fn new(conn: u32, reader: Reader, limits: Limits) -> Self {
        Self {
            conn,
            reader,
            slots: Vec::new(),
            ready: VecDeque::new(),
            parked: false,
            round: 0,
            request: None,
            carried: Vec::new(),
            asked: 0,
            limits,
            answered: SimTime::ZERO,
            least: SimSpan::MAX,
            carrying: SimSpan::ZERO,
            throttled: SimTime::ZERO,
            touched: false,
            course: Course::Runs,
            fresh: false,
            errors: 0,
            greets: Vec::new(),
        }
    }

    /// The broker that follows by it.
    pub(super) fn follower(&self) -> Option<u32> {
        match self.reader {
            Reader::Follower { broker } => Some(broker),
            Reader::Consumer { .. } => None,
        }
    }

    pub(super) fn follows(&self) -> bool {
        matches!(self.reader, Reader::Follower { .. })
    }

    /// Notes that what the leader answered is worked off.
    pub(super) fn carried_over(&mut self, now: SimTime) {
        let span = now.saturating_since(self.answered);
        self.least = self.least.min(span);
        self.carrying += span.saturating_sub(self.least);
    }

    /// Gives back what a consumer's response would have carried.
    pub(super) fn put_back(&mut self) {
        let mut carried = std::mem::take(&mut self.carried);
        for part in carried.drain(..) {
            let slot = &mut self.slots[part.slot as usize];
            (slot.position, slot.buffered) = (part.from, false);
            self.asked += 1;
            self.offer(part.slot);
        }
        self.carried = carried;
    }

    /// Notes that a slot may have something to read.
    pub(super) fn offer(&mut self, slot: u32) {
        let one = &mut self.slots[slot as usize];
        if !one.ready && !one.buffered && one.standing == Standing::Here {
            one.ready = true;
            self.ready.push_back(slot);
        }
    }
}
