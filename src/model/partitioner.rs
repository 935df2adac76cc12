//! Partitioners: how a producer without keys finds the partition of a record.
//!
//! # Rule
//! Round robin (Java ≤ 2.3) takes the next partition for every record. Sticky (Java 2.4–3.2) keeps
//! one partition until a record needs a new batch there, then takes a different one uniformly at
//! random. Adaptive (Java ≥ 3.3) keeps one partition for at least `batch.size` bytes, changes when
//! no partly filled batch is open there, and draws the next with weight
//! (longest queue + 1 − own queue), in batches.
//! # Assumes
//! All partitions have a leader; a record's size counts with its overhead.
//! # Breaks
//! `partitioner.availability.timeout.ms` (0 by default) is not simulated.
//! # Source
//! Kafka's `DefaultPartitioner`, KIP-480 (`StickyPartitionCache`), KIP-794 (`BuiltInPartitioner`).

use crate::chance::Stream;

/// A partitioner of records without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioner {
    /// The next partition for every record.
    RoundRobin,
    /// One partition per batch.
    Sticky,
    /// One partition per `batch.size` bytes, shorter queues preferred.
    Adaptive,
}

impl Partitioner {
    /// The words on cards.
    pub const WORDS: [&'static str; 3] = ["round_robin", "sticky", "adaptive"];

    /// The partitioner that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "round_robin" => Some(Self::RoundRobin),
            "sticky" => Some(Self::Sticky),
            "adaptive" => Some(Self::Adaptive),
            _ => None,
        }
    }
}

/// Where a producer's records without a key go at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sticky {
    /// The partition, counted within its topic.
    pub partition: u32,
    /// Bytes sent to it since it was chosen.
    pub bytes: u64,
}

impl Partitioner {
    /// The partition of a new batch when the last one went to `sticky`; `queued(p)` is the number
    /// of batches waiting for partition `p` of `partitions`, asked only when `waiting` says that
    /// there are any.
    pub fn next(
        self,
        sticky: Sticky,
        partitions: u32,
        batch_size: u64,
        waiting: bool,
        queued: impl Fn(u32) -> u32,
        chance: &mut Stream,
    ) -> Sticky {
        if partitions == 1 {
            return Sticky { partition: 0, bytes: 0 };
        }
        let chosen = match self {
            Self::RoundRobin => (sticky.partition + 1) % partitions,
            Self::Sticky => other(sticky.partition, partitions, chance),
            Self::Adaptive if sticky.bytes < batch_size => return sticky,
            Self::Adaptive if !waiting => chance.index(partitions as usize) as u32,
            Self::Adaptive => weighted(partitions, queued, chance),
        };
        Sticky { partition: chosen, bytes: 0 }
    }
}

/// A different partition, uniformly at random.
fn other(partition: u32, partitions: u32, chance: &mut Stream) -> u32 {
    let step = 1 + chance.index(partitions as usize - 1) as u32;
    (partition + step) % partitions
}

/// A partition with weight (longest queue + 1 − own queue).
fn weighted(partitions: u32, queued: impl Fn(u32) -> u32, chance: &mut Stream) -> u32 {
    let most = (0..partitions).map(&queued).max().unwrap_or(0);
    if most == 0 {
        return chance.index(partitions as usize) as u32;
    }
    let weight = |partition: u32| (most + 1 - queued(partition)) as usize;
    let total: usize = (0..partitions).map(weight).sum();
    let mut drawn = chance.index(total);
    for partition in 0..partitions {
        if drawn < weight(partition) {
            return partition;
        }
        drawn -= weight(partition);
    }
    unreachable!("a draw below the sum of all weights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    fn stream() -> Stream {
        Chance::new(Seed::new(3), 0).stream("partitioner", "test")
    }

    #[test]
    fn every_generation_follows_its_own_rule() {
        let mut chance = stream();
        let start = Sticky { partition: 1, bytes: 10 };
        let next = |kind: Partitioner, sticky, chance: &mut Stream| {
            kind.next(sticky, 4, 100, false, |_| 0, chance)
        };
        assert_eq!(next(Partitioner::RoundRobin, start, &mut chance).partition, 2);
        for _ in 0..50 {
            assert_ne!(next(Partitioner::Sticky, start, &mut chance).partition, 1);
        }
        assert_eq!(next(Partitioner::Adaptive, start, &mut chance), start);
        let full = Sticky { partition: 1, bytes: 100 };
        let drawn: Vec<u32> =
            (0..400).map(|_| next(Partitioner::Adaptive, full, &mut chance).partition).collect();
        for partition in 0..4 {
            let count = drawn.iter().filter(|one| **one == partition).count();
            assert!((70..130).contains(&count), "{partition}: {count}");
        }
    }

    #[test]
    fn short_queues_attract_records() {
        let mut chance = stream();
        let full = Sticky { partition: 0, bytes: 100 };
        // Queues 9 and 0: weights 1 and 10.
        let queued = |partition| if partition == 0 { 9 } else { 0 };
        let drawn = (0..1_100)
            .filter(|_| {
                Partitioner::Adaptive.next(full, 2, 100, true, queued, &mut chance).partition == 0
            })
            .count();
        assert!((70..130).contains(&drawn), "{drawn}");
    }
}
