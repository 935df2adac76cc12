//! The event queue: a 4-ary implicit heap of 16-byte keys.
//!
//! A key packs time (64 bits), sequence (40 bits) and payload (24 bits), so that one integer
//! comparison is the total order. Children of a node are adjacent (one or two cache lines), and a
//! pop leaves a hole at the root that the next push fills: an event that schedules its successor,
//! the usual case, costs one sift instead of two.

use crate::units::SimTime;
use std::hint::select_unpredictable;

const SEQUENCE_BITS: u32 = 40;
const PAYLOAD_BITS: u32 = 24;
const ARITY: usize = 4;

/// The largest payload.
pub const PAYLOAD_MAX: u32 = (1 << PAYLOAD_BITS) - 1;

/// Pending events in the order of time, first come first served among equal times.
///
/// Push and pop are O(log n); peek is O(1) amortised. Memory is 16 bytes an event.
#[derive(Debug, Clone, Default)]
pub struct EventQueue {
    heap: Vec<u128>,
    /// The root was popped and not yet replaced.
    hole: bool,
    sequence: u64,
}

impl EventQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty queue that holds `capacity` events without allocating.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { heap: Vec::with_capacity(capacity + 1), ..Self::default() }
    }

    /// The number of pending events.
    #[inline]
    pub fn len(&self) -> usize {
        self.heap.len() - usize::from(self.hole)
    }

    /// Whether nothing is pending.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an event; `payload` is at most [`PAYLOAD_MAX`]. O(log n).
    #[inline]
    pub fn push(&mut self, at: SimTime, payload: u32) {
        debug_assert!(payload <= PAYLOAD_MAX, "a payload of {payload}");
        if self.sequence >> SEQUENCE_BITS != 0 {
            self.renumber();
        }
        let low = (self.sequence << PAYLOAD_BITS) | u64::from(payload & PAYLOAD_MAX);
        let key = (u128::from(at.as_nanos()) << 64) | u128::from(low);
        self.sequence += 1;
        if self.hole {
            self.hole = false;
            sift_down(&mut self.heap, key);
        } else {
            self.heap.push(key);
            let last = self.heap.len() - 1;
            sift_up(&mut self.heap, last, key);
        }
    }

    /// Takes the first event. O(log n).
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, u32)> {
        self.fill_hole();
        let first = *self.heap.first()?;
        self.hole = true;
        Some(unpack(first))
    }

    /// The first event without taking it. O(1), or the rest of the last pop's O(log n).
    #[inline]
    pub fn peek(&mut self) -> Option<(SimTime, u32)> {
        self.fill_hole();
        self.heap.first().map(|key| unpack(*key))
    }

    #[inline]
    fn fill_hole(&mut self) {
        if self.hole {
            self.hole = false;
            if let Some(last) = self.heap.pop()
                && !self.heap.is_empty()
            {
                sift_down(&mut self.heap, last);
            }
        }
    }

    /// After 2^40 pushes the pending events get new, small numbers in their order. O(n log n), once
    /// in a trillion pushes.
    #[cold]
    fn renumber(&mut self) {
        self.fill_hole();
        // A sorted array is a heap.
        self.heap.sort_unstable();
        for (index, key) in self.heap.iter_mut().enumerate() {
            let low = ((index as u64) << PAYLOAD_BITS) | (*key as u64 & u64::from(PAYLOAD_MAX));
            *key = (*key >> 64 << 64) | u128::from(low);
        }
        self.sequence = self.heap.len() as u64;
    }
}

#[inline]
fn unpack(key: u128) -> (SimTime, u32) {
    (SimTime::from_nanos((key >> 64) as u64), key as u32 & PAYLOAD_MAX)
}

/// Puts `key` where the hole at `index` belongs, moving the hole up.
#[inline]
fn sift_up(heap: &mut [u128], mut index: usize, key: u128) {
    while index > 0 {
        let parent = (index - 1) / ARITY;
        if heap[parent] <= key {
            break;
        }
        heap[index] = heap[parent];
        index = parent;
    }
    heap[index] = key;
}

/// Puts `key` where the hole at the root belongs, moving the hole down.
#[inline]
fn sift_down(heap: &mut [u128], key: u128) {
    let mut index = 0;
    loop {
        let first = index * ARITY + 1;
        let (child, least) = match heap.get(first..first + ARITY) {
            Some(&[a, b, c, d]) => {
                // Which child is least cannot be predicted: a tournament by conditional moves.
                let low = select_unpredictable(b < a, b, a);
                let high = select_unpredictable(d < c, d, c);
                let left = first + usize::from(b < a);
                let right = first + 2 + usize::from(d < c);
                let child = select_unpredictable(high < low, right, left);
                (child, select_unpredictable(high < low, high, low))
            }
            _ => match least_of(heap, first) {
                Some(found) => found,
                None => break,
            },
        };
        if key <= least {
            break;
        }
        heap[index] = least;
        index = child;
    }
    heap[index] = key;
}

/// The least child of the last, incomplete family.
#[inline]
fn least_of(heap: &[u128], first: usize) -> Option<(usize, u128)> {
    let family = heap.get(first..)?;
    let (offset, least) = family.iter().enumerate().min_by_key(|(_, key)| **key)?;
    Some((first + offset, *least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    #[test]
    fn equal_times_come_first_in_first_out() {
        let mut queue = EventQueue::new();
        for payload in 0..100 {
            queue.push(SimTime::from_nanos(7), payload);
        }
        let order: Vec<u32> = std::iter::from_fn(|| queue.pop()).map(|event| event.1).collect();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_is_that_of_a_reference_heap() {
        let mut chance = Chance::new(Seed::new(4), 0).stream("queue", "twin");
        let mut queue = EventQueue::new();
        let mut reference = BinaryHeap::new();
        let mut sequence = 0_u64;
        let mut now = 0;
        for step in 0..200_000_u32 {
            // Bursts of equal times, phases that grow and phases that shrink.
            let grows = (step / 10_000) % 2 == 0;
            if chance.uniform() < if grows { 0.6 } else { 0.4 } {
                let delay = if chance.uniform() < 0.3 { 0 } else { chance.index(50) as u64 };
                queue.push(SimTime::from_nanos(now + delay), step & PAYLOAD_MAX);
                reference.push(Reverse((now + delay, sequence, step & PAYLOAD_MAX)));
                sequence += 1;
            } else {
                if chance.uniform() < 0.2 {
                    let first = reference.peek().map(|Reverse((at, _, payload))| (*at, *payload));
                    assert_eq!(queue.peek().map(|(at, p)| (at.as_nanos(), p)), first);
                }
                let expected = reference.pop().map(|Reverse((at, _, payload))| (at, payload));
                let found = queue.pop().map(|(at, payload)| (at.as_nanos(), payload));
                assert_eq!(found, expected, "step {step}");
                now = found.map_or(now, |(at, _)| at);
            }
            assert_eq!(queue.len(), reference.len());
        }
    }

    #[test]
    fn numbers_that_run_out_keep_the_order() {
        let mut queue = EventQueue::new();
        queue.sequence = (1 << SEQUENCE_BITS) - 2;
        for payload in 0..5 {
            queue.push(SimTime::from_nanos(3), payload);
        }
        let order: Vec<u32> = std::iter::from_fn(|| queue.pop()).map(|event| event.1).collect();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }
}
