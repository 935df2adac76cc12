//! Producer batching: how many records share a batch, and how many batches a request.
//!
//! # Equation
//! One client process that sends λ records/s to a topic over B brokers closes a batch after the
//! linger time T, or when it holds `batch.size` bytes (F records), whichever is first.
//! Without keys the sticky partitioner keeps one batch open: n = min(F, 1 + λT), one batch a
//! request. With keys every request to a broker carries what arrived for it within T,
//! m = 1 + λT/B records over d = P(1 − (1 − 1/P)^m) of the P partitions that it leads:
//! n = min(F, m/d), d batches a request. T is at least the response time over the five requests in
//! flight: what cannot be sent yet gathers.
//! # Assumes
//! Arrivals are memoryless within T, keys are spread evenly over the partitions of a broker, and
//! the broker answers in the response time that the caller knows.
//! # Breaks
//! Strongly skewed keys fill the hot partition's batches more than this mean says.
//! # Source
//! Kafka's `RecordAccumulator.ready` and `drain`, `BuiltInPartitioner`, KIP-480, KIP-794.

use super::client::ProducerSettings;
use crate::units::SimSpan;

/// What one client process feeds into one topic.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// Records per second of this client to this topic.
    pub rate: f64,
    /// Mean bytes of a record.
    pub record_bytes: f64,
    /// Brokers that lead partitions of the topic, at least 1.
    pub brokers: f64,
    /// Partitions of the topic that one of those brokers leads, at least 1.
    pub partitions_per_broker: f64,
    /// Whether records have keys.
    pub keyed: bool,
    /// Time from sending a request until its response.
    pub response: SimSpan,
}

/// The mean shape of produce requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batching {
    /// Records of a batch, at least 1.
    pub records_per_batch: f64,
    /// Batches of a request, at least 1.
    pub batches_per_request: f64,
}

impl ProducerSettings {
    /// The mean shape of this client's requests.
    pub fn batching(&self, feed: &Feed) -> Batching {
        let full = (self.batch_size.as_f64() / feed.record_bytes).max(1.0);
        let per_request = (self.max_request_size.as_f64() / feed.record_bytes).max(1.0);
        let pipeline = feed.response.as_secs_f64() / f64::from(self.max_in_flight);
        let gather = self.linger.as_secs_f64().max(pipeline);
        if !feed.keyed {
            let records = (1.0 + feed.rate * gather).min(full);
            // Full batches come faster than requests may leave: several of them share one.
            let waiting = feed.rate / feed.brokers * pipeline / records;
            let most = (per_request / records).max(1.0).min(feed.partitions_per_broker);
            let batches = waiting.clamp(1.0, most.max(1.0));
            return Batching { records_per_batch: records, batches_per_request: batches };
        }
        let gathered = (1.0 + feed.rate / feed.brokers * gather).min(per_request);
        let partitions = feed.partitions_per_broker;
        let distinct = partitions * (1.0 - libm::pow(1.0 - 1.0 / partitions, gathered));
        let distinct = distinct.max(1.0);
        Batching {
            records_per_batch: (gathered / distinct).clamp(1.0, full),
            batches_per_request: distinct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::client::Acks;
    use crate::units::Bytes;

    fn settings(linger_ms: u64) -> ProducerSettings {
        ProducerSettings {
            acks: Acks::All,
            batch_size: Bytes::new(16_384),
            linger: SimSpan::from_millis(linger_ms),
            buffer_memory: Bytes::new(1 << 25),
            max_request_size: Bytes::new(1 << 20),
            max_in_flight: 5,
            max_block: SimSpan::from_secs(60),
            delivery_timeout: SimSpan::from_secs(120),
            request_timeout: SimSpan::from_secs(30),
            retry_backoff: SimSpan::from_millis(100),
            retry_backoff_max: SimSpan::from_secs(1),
            send_buffer: Bytes::new(131_072),
            receive_buffer: Bytes::new(32 << 10),
            partitioner: crate::model::partitioner::Partitioner::Adaptive,
            on_jvm: true,
            codec: crate::model::codec::Codec::NONE,
        }
    }

    fn feed(rate: f64, keyed: bool) -> Feed {
        Feed {
            rate,
            record_bytes: 1_024.0,
            brokers: 3.0,
            partitions_per_broker: 8.0,
            keyed,
            response: SimSpan::from_millis(1),
        }
    }

    #[test]
    fn sticky_batches_grow_with_the_rate_until_they_are_full() {
        let batching = settings(5).batching(&feed(1_000.0, false));
        assert!((batching.records_per_batch - 6.0).abs() < 1e-12);
        assert!((batching.batches_per_request - 1.0).abs() < 1e-12);
        let batching = settings(5).batching(&feed(100_000.0, false));
        assert!((batching.records_per_batch - 16.0).abs() < 1e-12);
    }

    #[test]
    fn keys_spread_records_over_batches() {
        let batching = settings(5).batching(&feed(3_000.0, true));
        // 1 + 3000 / 3 · 5 ms = 6 records over 8 (1 − (7/8)^6) = 4.41 partitions.
        assert!((batching.batches_per_request - 4.409_637).abs() < 1e-5, "{batching:?}");
        assert!((batching.records_per_batch - 6.0 / 4.409_637).abs() < 1e-5, "{batching:?}");
    }

    #[test]
    fn without_linger_and_load_a_record_travels_alone() {
        let batching = settings(0).batching(&feed(1.0, true));
        assert!(batching.records_per_batch < 1.001, "{batching:?}");
        assert!(batching.batches_per_request < 1.001, "{batching:?}");
    }
}
