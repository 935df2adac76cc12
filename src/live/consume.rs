//! Consumers: a thread each, in real groups.

use super::clock::pause;
use super::produce::STAMP;
use super::tally::{Received, Tally, lock};
use crate::cluster::TopicId;
use crate::metrics::Histogram;
use crate::model::client::Commits;
use crate::scenario::Group;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::statistics::Statistics;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// One member of a group.
pub(super) struct Member {
    consumer: BaseConsumer<Assigned>,
    tally: Arc<Tally>,
    spec: Group,
    group: usize,
}

/// Follows what a member owns.
#[derive(Debug)]
struct Assigned {
    tally: Arc<Tally>,
    group: usize,
    member: usize,
    /// Live names by topic.
    topics: Vec<(String, TopicId)>,
}

impl Assigned {
    fn received(&self) -> &Received {
        &self.tally.groups[self.group]
    }
}

impl ClientContext for Assigned {
    fn stats(&self, statistics: Statistics) {
        for (name, topic) in &self.topics {
            let Some(found) = statistics.topics.get(name) else { continue };
            let committed = &self.received().committed[topic.index()];
            for (number, partition) in &found.partitions {
                let slot = usize::try_from(*number).ok().and_then(|index| committed.get(index));
                if let (Some(slot), Ok(offset)) = (slot, u64::try_from(partition.committed_offset))
                {
                    slot.fetch_max(offset, Relaxed);
                }
            }
        }
    }
    fn error(&self, error: KafkaError, _reason: &str) {
        let words = super::cluster::rdkafka_words(&error);
        *lock(&self.received().errors).entry(words).or_insert(0) += 1;
    }
}

impl ConsumerContext for Assigned {
    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let owned = consumer.assignment().map_or(0, |list| list.count());
        let received = self.received();
        received.owned[self.member].store(owned as u64, Relaxed);
        if matches!(rebalance, Rebalance::Assign(_)) && self.member == 0 {
            received.rebalances.fetch_add(1, Relaxed);
        }
    }
}

impl Member {
    /// A member that has subscribed.
    ///
    /// # Errors
    /// Settings that librdkafka refuses.
    pub(super) fn new(
        config: &ClientConfig,
        tally: &Arc<Tally>,
        spec: &Group,
        [group, member]: [usize; 2],
        topics: Vec<(String, TopicId)>,
    ) -> Result<Self, KafkaError> {
        let names: Vec<String> = topics.iter().map(|(name, _)| name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let context = Assigned { tally: Arc::clone(tally), group, member, topics };
        let consumer = BaseConsumer::from_config_and_context(config, context)?;
        consumer.subscribe(&names)?;
        Ok(Self { consumer, tally: Arc::clone(tally), spec: spec.clone(), group })
    }

    /// Reads, works and commits until told to leave.
    pub(super) fn play(self) {
        let received = &self.tally.groups[self.group];
        let mut e2e = Histogram::new();
        let mut work = Work::default();
        let each = self.spec.settings.commits == Commits::EachPoll;
        while !self.tally.leave.load(Relaxed) {
            let polled = self.consumer.poll(Duration::from_millis(50));
            let Some(polled) = polled else { continue };
            let now = self.tally.clock.now();
            match polled {
                Ok(message) => {
                    let after = self.tally.since_zero(now).is_some_and(|t| t >= self.tally.from);
                    let stamp = message.payload().and_then(|value| value.first_chunk::<STAMP>());
                    if let Some(stamp) = stamp.filter(|_| after) {
                        e2e.record(now.saturating_sub(u64::from_be_bytes(*stamp)));
                    }
                    work.of_a_record(&self.spec, &self.tally);
                    received.processed.fetch_add(1, Relaxed);
                    if self.tally.measured(now) {
                        received.processed_measured.fetch_add(1, Relaxed);
                    }
                }
                Err(error) => {
                    let words = super::cluster::rdkafka_words(&error);
                    *lock(&received.errors).entry(words).or_insert(0) += 1;
                }
            }
            if each && work.due() {
                // Nothing to commit is no fault.
                let _none = self.consumer.commit_consumer_state(CommitMode::Async);
            }
        }
        lock(&received.e2e).merge(&e2e);
        self.consumer.unsubscribe();
    }
}

/// What the application does with records: time that is owed is paid in pieces that a sleep can
/// keep.
#[derive(Debug, Default)]
struct Work {
    owed_wait: f64,
    records: u64,
}

impl Work {
    fn of_a_record(&mut self, spec: &Group, tally: &Tally) {
        self.records += 1;
        let cpu = spec.work.cpu_per_record.as_nanos() as f64 / spec.speed.max(f64::MIN_POSITIVE);
        if cpu >= 1.0 {
            let until = tally.clock.now() + cpu as u64;
            while tally.clock.now() < until {
                std::hint::spin_loop();
            }
        }
        let wait = spec.work.wait_per_record.as_nanos() as f64;
        self.owed_wait += wait / f64::from(spec.work.concurrency.max(1));
        if self.owed_wait >= 1e6 {
            let began = tally.clock.now();
            pause(Duration::from_nanos(self.owed_wait as u64));
            // A sleep that took longer is time that the next records need not wait for.
            self.owed_wait -= (tally.clock.now() - began) as f64;
        }
    }

    /// Whether so many records were read that a poll of the Java client would have ended.
    fn due(&self) -> bool {
        self.records.is_multiple_of(500)
    }
}
