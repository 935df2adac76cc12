//! Producers and what they feed into each partition.

use super::world::World;
use crate::cluster::{PartitionId, TopicId};
use crate::model::curve::LoadCurve;
use crate::scenario::Producer;
use crate::units::SimTime;

/// A producer over one segment of its curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProducerState {
    /// Records/s offered, the mean over the segment: volumes are exact.
    pub offered: f64,
    /// The segment ends here.
    pub until: SimTime,
    /// Records offered, acknowledged and given up since t = 0.
    pub total_offered: f64,
    pub total_acked: f64,
    pub total_failed: f64,
    /// Records that wait in the clients.
    pub queued: f64,
    /// Seconds during which `send` blocked on `buffer.memory`.
    pub blocked: f64,
}

/// What one producer feeds into one partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Feed {
    pub producer: usize,
    pub partition: PartitionId,
    /// Index of (producer, topic), whose feeds share their batching.
    pub lane: usize,
    /// Share of the producer's records.
    pub share: f64,
    /// Mean bytes of a record in the log, and on the way there.
    pub record_bytes: f64,
    pub sent_bytes: f64,
    /// CPU of the leader for storing it in another codec.
    pub recoding_ns_per_byte: f64,
    /// Records that wait in the clients.
    pub queued: f64,
    /// Records/s appended at the moment.
    pub rate: f64,
}

/// One producer's way into one topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    pub producer: usize,
    pub topic: TopicId,
    /// Share of the producer's records.
    pub share: f64,
}

impl World<'_> {
    /// The lanes of all producers.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        let producers = self.scenario.producers.iter().enumerate();
        let of_one = |(producer, spec): (usize, &Producer)| {
            let lane = move |(topic, share): &(TopicId, f64)| Lane {
                producer,
                topic: *topic,
                share: *share,
            };
            spec.to.iter().map(lane).collect::<Vec<_>>()
        };
        producers.flat_map(of_one).collect()
    }

    /// One feed per lane and partition that gets records.
    pub(super) fn make_feeds(&mut self) {
        let mut feeds = Vec::new();
        let mut lane = 0;
        for (producer, spec) in self.scenario.producers.iter().enumerate() {
            let topics = spec.to.iter().zip(&spec.partition_shares).enumerate();
            for (index, ((topic, share), shares)) in topics {
                let even = 1.0 / f64::from(self.cluster.topic(*topic).partitions);
                for (number, partition) in self.cluster.partitions_of(*topic).enumerate() {
                    let part = shares.as_ref().map_or(even, |shares| shares[number]);
                    if part * share > 0.0 {
                        feeds.push(Feed {
                            producer,
                            partition,
                            lane,
                            share: part * share,
                            record_bytes: spec.stored_record_bytes(index),
                            sent_bytes: spec.sent_record_bytes(),
                            recoding_ns_per_byte: spec.recoding(index).ns_per_sent_byte,
                            queued: 0.0,
                            rate: 0.0,
                        });
                    }
                }
                lane += 1;
            }
        }
        self.feeds = feeds;
    }

    /// Moves producers whose segment is over into the next one.
    pub(super) fn turn_curves(&mut self) {
        for (state, spec) in self.producers.iter_mut().zip(&self.scenario.producers) {
            if state.until > self.now {
                continue;
            }
            let until = spec.load.next_change(self.now).min(self.end);
            let seconds = (until - self.now).as_secs_f64();
            state.until = until;
            state.offered =
                if seconds > 0.0 { spec.load.volume(self.now, until) / seconds } else { 0.0 };
        }
    }

    /// Records that a producer's clients can hold before `send` gives up: `buffer.memory` full of
    /// records, and what leaves it within `max.block.ms`.
    pub(super) fn patience(&self, producer: usize) -> (f64, f64) {
        let spec = &self.scenario.producers[producer];
        let memory = spec.settings.buffer_memory.as_f64() * f64::from(spec.clients);
        let buffer = memory / spec.record_size.mean().max(1.0);
        let of_producer = self.feeds.iter().filter(|feed| feed.producer == producer);
        let leaving: f64 = of_producer.map(|feed| feed.rate).sum();
        (buffer, leaving * spec.settings.max_block.as_secs_f64())
    }
}
