//! The agenda: the clock and the events that an engine has ahead.

use super::queue::{EventQueue, PAYLOAD_MAX};
use crate::units::{SimSpan, SimTime};
use std::collections::VecDeque;

/// A clock with pending events of any type.
///
/// Events come in the order of (time, when they were scheduled). Nothing is allocated once the
/// largest number of pending events has been reached.
#[derive(Debug, Clone)]
pub struct Agenda<E> {
    now: SimTime,
    queue: EventQueue,
    /// Events by payload; free places are kept in `free`.
    slots: Vec<Option<E>>,
    free: Vec<u32>,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Agenda<E> {
    /// An empty agenda at time zero.
    pub fn new() -> Self {
        Self { now: SimTime::ZERO, queue: EventQueue::new(), slots: Vec::new(), free: Vec::new() }
    }
    /// The time of the last event taken.
    pub fn now(&self) -> SimTime {
        self.now
    }
    /// The number of pending events.
    pub fn len(&self) -> usize {
        self.queue.len()
    }
    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
    /// Schedules an event, not before now. At most 2^24 may be pending. O(log n).
    #[inline]
    pub fn schedule(&mut self, at: SimTime, event: E) {
        assert!(at >= self.now, "an event in the past");
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(event);
            slot
        } else {
            assert!(self.slots.len() <= PAYLOAD_MAX as usize, "more than 2^24 pending events");
            self.slots.push(Some(event));
            self.slots.len() as u32 - 1
        };
        self.queue.push(at, slot);
    }
    /// The time of the next event. O(1) amortised.
    pub fn peek(&mut self) -> Option<SimTime> {
        self.queue.peek().map(|(at, _)| at)
    }
    /// Takes the next event and moves the clock to it. O(log n).
    #[inline]
    pub fn take(&mut self) -> Option<(SimTime, E)> {
        let (at, slot) = self.queue.pop()?;
        self.now = at;
        let event = self.slots[slot as usize].take();
        self.free.push(slot);
        event.map(|event| (at, event))
    }
}

/// Timers of one constant delay, such as a request time-out.
///
/// A constant delay makes deadlines monotone, so a queue in order of arrival is a queue in order of
/// deadlines: setting is O(1) and only the head need be known to the agenda. Cancelling is lazy:
/// the caller asks [`DelayRing::expire`] at a deadline and drops what has become stale by comparing
/// its own [`Generation`].
#[derive(Debug, Clone)]
pub struct DelayRing<E> {
    delay: SimSpan,
    pending: VecDeque<(SimTime, E)>,
}

impl<E> DelayRing<E> {
    /// An empty ring for one delay.
    pub fn new(delay: SimSpan) -> Self {
        Self { delay, pending: VecDeque::new() }
    }
    /// Its delay.
    pub fn delay(&self) -> SimSpan {
        self.delay
    }
    /// Sets a timer. Returns its deadline when it became the head, which the caller schedules.
    pub fn set(&mut self, now: SimTime, event: E) -> Option<SimTime> {
        let deadline = now.saturating_add(self.delay);
        debug_assert!(self.pending.back().is_none_or(|(last, _)| *last <= deadline));
        self.pending.push_back((deadline, event));
        (self.pending.len() == 1).then_some(deadline)
    }
    /// Takes the next timer that is due, in the order in which they were set.
    pub fn expire(&mut self, now: SimTime) -> Option<E> {
        if self.head()? > now {
            return None;
        }
        self.pending.pop_front().map(|(_, event)| event)
    }
    /// Drops stale timers from the head and returns the next deadline that counts.
    pub fn next(&mut self, stale: impl Fn(&E) -> bool) -> Option<SimTime> {
        while self.pending.front().is_some_and(|(_, event)| stale(event)) {
            self.pending.pop_front();
        }
        self.head()
    }
    /// The next deadline, to be scheduled after the due ones have been taken.
    pub fn head(&self) -> Option<SimTime> {
        self.pending.front().map(|(deadline, _)| *deadline)
    }
    /// The number of timers, stale ones included.
    pub fn len(&self) -> usize {
        self.pending.len()
    }
    /// Whether no timer is set.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}

/// Lazy cancellation: an event carries the generation it was scheduled under, and is stale when the
/// owner has moved on since. Cancelling costs an addition instead of a search in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation(u32);

impl Generation {
    /// The first generation.
    pub const fn new() -> Self {
        Self(0)
    }
    /// Makes every event of the present generation stale.
    pub fn cancel(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_reused() {
        let mut agenda = Agenda::new();
        for round in 0..1_000_u64 {
            agenda.schedule(SimTime::from_nanos(round), round);
            agenda.schedule(SimTime::from_nanos(round), round + 1);
            assert_eq!(agenda.take(), Some((SimTime::from_nanos(round), round)));
            assert_eq!(agenda.take(), Some((SimTime::from_nanos(round), round + 1)));
        }
        assert_eq!(agenda.slots.len(), 2);
        assert!(agenda.is_empty());
    }

    #[test]
    fn a_ring_hands_out_due_timers_and_its_next_deadline() {
        let mut ring = DelayRing::new(SimSpan::from_nanos(10));
        let mut generation = Generation::new();
        assert_eq!(
            ring.set(SimTime::from_nanos(1), generation),
            Some(SimTime::from_nanos(11)),
            "the head must be scheduled"
        );
        assert_eq!(ring.set(SimTime::from_nanos(4), generation), None);
        generation.cancel();
        ring.set(SimTime::from_nanos(5), generation);
        assert_eq!(ring.expire(SimTime::from_nanos(10)), None);
        let due: Vec<bool> = std::iter::from_fn(|| ring.expire(SimTime::from_nanos(15)))
            .map(|set| set == generation)
            .collect();
        assert_eq!(due, [false, false, true], "only the last timer is not stale");
        assert!(ring.is_empty());
    }
}
