//! A consumer member's service: how fast its poll loop works records off.
//!
//! # Equation
//! One record takes s = max(u / (k·v), (u / v + w) / c + p / n) seconds of a member with k cores of
//! speed v, where u is CPU per record (the client's and the application's), w waiting per record
//! (a downstream call), c records in work at once, p the cost of a `poll` and n the records that it
//! returns. A loop that keeps up polls n = min(`max.poll.records`, 1 + λp / (1 − λs)) records, one
//! that is behind `max.poll.records`. A record of a poll is processed after (n/c + 1) / 2 rounds of
//! u / v + w on average.
//! # Assumes
//! Work per record is the same for all records; the loop is the only work of the member.
//! # Breaks
//! A downstream that slows down under load needs its own model.
//! # Source
//! Kafka's `KafkaConsumer.poll` contract (one thread per member); the poll cost is on the card.

use super::client::ConsumerSettings;
use super::cost::Costs;
use crate::units::SimSpan;

/// A member's poll loop.
#[derive(Debug, Clone, Copy)]
pub struct PollLoop {
    /// Cores that the member may use.
    pub cores: f64,
    /// Speed of a core.
    pub speed: f64,
    /// The application's CPU per record on a core of speed 1.
    pub cpu_per_record: SimSpan,
    /// The application's waiting per record.
    pub wait_per_record: SimSpan,
    /// Records in work at once, at least 1.
    pub concurrency: f64,
}

impl PollLoop {
    /// Seconds of the loop per record when a poll returns `per_poll` records.
    pub fn service(&self, costs: &Costs, per_poll: f64) -> f64 {
        let cpu = self.cpu(costs);
        let poll = costs.consumer_poll.as_secs_f64() / self.speed;
        let by_loop = (cpu + self.wait_per_record.as_secs_f64()) / self.concurrency;
        (cpu / self.cores).max(by_loop + poll / per_poll.max(1.0))
    }

    /// Records that one poll returns at `rate` records/s.
    pub fn per_poll(
        &self,
        costs: &Costs,
        settings: &ConsumerSettings,
        rate: f64,
        behind: bool,
    ) -> f64 {
        let most = f64::from(settings.max_poll_records);
        let busy = rate * self.service(costs, most);
        if behind || busy >= 1.0 {
            return most;
        }
        let poll = costs.consumer_poll.as_secs_f64() / self.speed;
        (1.0 + rate * poll / (1.0 - busy)).min(most)
    }

    /// Mean seconds from `poll` to processed, for a record of a poll of `per_poll` records.
    pub fn processing_time(&self, costs: &Costs, per_poll: f64) -> f64 {
        let round = self.cpu(costs) + self.wait_per_record.as_secs_f64();
        round * f64::midpoint((per_poll / self.concurrency).max(1.0), 1.0)
    }

    /// CPU seconds per record on this member's core.
    fn cpu(&self, costs: &Costs) -> f64 {
        (costs.consumer_record.as_secs_f64() + self.cpu_per_record.as_secs_f64()) / self.speed
    }
}
