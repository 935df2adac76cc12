//! Producer clients: a thread each, sends at intended instants.

use super::clock::pause;
use super::intended::Intended;
use super::tally::{Latencies, Sent, Tally, lock};
use crate::chance::{Chance, Seed, Stream};
use crate::scenario::{Arrivals, Producer};
use crate::units::SimTime;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::statistics::Statistics;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes at the start of every record's value: when it was sent, by the run's clock.
pub(super) const STAMP: usize = 8;
/// Bytes of a key.
const KEY: usize = 8;
/// How long a full local queue is left alone.
const FULL_PAUSE: Duration = Duration::from_micros(200);
/// How long answers are waited for after the end.
const FLUSH: Duration = Duration::from_secs(10);

/// When a record was due and when it was handed to librdkafka, and where it goes.
#[derive(Debug)]
pub(super) struct Stamp {
    due: u64,
    sent: u64,
    topic: usize,
    bytes: u32,
}

/// Receives acknowledgements and statistics of one client.
#[derive(Debug)]
struct Receipts {
    tally: Arc<Tally>,
    producer: usize,
    latencies: Mutex<Latencies>,
}

impl Receipts {
    fn sent(&self) -> &Sent {
        &self.tally.producers[self.producer]
    }
}

impl ClientContext for Receipts {
    fn stats(&self, statistics: Statistics) {
        let now = self.tally.clock.now();
        let Some(t) = self.tally.since_zero(now) else { return };
        if t < self.tally.end() {
            self.sent().read(&statistics, t >= self.tally.from);
        }
    }
    fn error(&self, error: KafkaError, _reason: &str) {
        let words = super::cluster::rdkafka_words(&error);
        *lock(&self.sent().errors).entry(format!("client: {words}")).or_insert(0) += 1;
    }
}

impl ProducerContext for Receipts {
    type DeliveryOpaque = Box<Stamp>;

    fn delivery(&self, result: &DeliveryResult<'_>, stamp: Box<Stamp>) {
        let now = self.tally.clock.now();
        let sent = self.sent();
        match result {
            Ok(message) => {
                sent.acked.fetch_add(1, Relaxed);
                sent.acked_bytes.fetch_add(u64::from(stamp.bytes), Relaxed);
                if self.tally.measured(now) {
                    sent.acked_measured.fetch_add(1, Relaxed);
                    sent.bytes_measured.fetch_add(u64::from(stamp.bytes), Relaxed);
                }
                let ends = &self.tally.ends[stamp.topic];
                if let (Some(end), Ok(offset)) =
                    (ends.get(message.partition() as usize), u64::try_from(message.offset()))
                {
                    end.fetch_max(offset + 1, Relaxed);
                }
                // Records sent before the end count whenever they are acknowledged: leaving out
                // the slow ones would flatter.
                if self.tally.since_zero(now).is_some_and(|t| t >= self.tally.from) {
                    let mut latencies = lock(&self.latencies);
                    latencies.intended.record(now.saturating_sub(stamp.due));
                    latencies.actual.record(now.saturating_sub(stamp.sent));
                    latencies.late.record(stamp.sent.saturating_sub(stamp.due));
                }
            }
            Err((error, _)) => {
                sent.failed.fetch_add(1, Relaxed);
                let words = super::cluster::rdkafka_words(error);
                *lock(&sent.errors).entry(words).or_insert(0) += 1;
            }
        }
    }
}

/// One client process of a producer, connected and ready.
pub(super) struct Client {
    producer: ThreadedProducer<Receipts>,
    tally: Arc<Tally>,
    spec: Producer,
    index: usize,
    number: u32,
    /// Live names by place in `spec.to`, with the topic's index and its partitions.
    topics: Vec<(String, usize)>,
    chance: Chance,
}

impl Client {
    /// Connects and learns where partitions are, so that the run does not begin with that.
    ///
    /// # Errors
    /// Settings that librdkafka refuses, or no metadata.
    pub(super) fn new(
        config: &ClientConfig,
        tally: &Arc<Tally>,
        spec: &Producer,
        [index, number]: [usize; 2],
        topics: Vec<(String, usize)>,
        seed: Seed,
    ) -> Result<Self, KafkaError> {
        let receipts = Receipts {
            tally: Arc::clone(tally),
            producer: index,
            latencies: Mutex::new(Latencies::default()),
        };
        let producer = ThreadedProducer::from_config_and_context(config, receipts)?;
        for (name, _) in &topics {
            producer.client().fetch_metadata(Some(name), Duration::from_secs(10))?;
        }
        Ok(Self {
            producer,
            tally: Arc::clone(tally),
            spec: spec.clone(),
            index,
            number: number as u32,
            topics,
            chance: Chance::new(seed, 0),
        })
    }

    /// Sends until the end, then waits for answers.
    pub(super) fn play(self) {
        let mut draw = Draw::new(&self);
        let end = SimTime::from_nanos(self.tally.end());
        let closed = self.spec.arrivals == Arrivals::Closed;
        let entity = format!("{}/{}", self.spec.name, self.number);
        let gaps = (self.spec.arrivals == Arrivals::Poisson)
            .then(|| self.chance.stream(&entity, "live arrivals"));
        let spec = self.spec.clone();
        let mut intended = Intended::new(&spec.load, self.number, spec.clients, gaps);
        let zero = self.tally.clock.zero();
        self.tally.clock.sleep_until(zero);
        while !self.tally.stop.load(Relaxed) {
            let due = if closed {
                Some(self.tally.clock.now()).filter(|now| now - zero < self.tally.end())
            } else {
                intended.next(end).map(|t| zero + t)
            };
            let Some(due) = due else { break };
            if !closed && !self.wait(due) {
                break;
            }
            if !self.send(&mut draw, due, closed) {
                break;
            }
        }
        // What is not answered by then is in flight at the end, and said so.
        let _late = self.producer.flush(FLUSH);
        let latencies = lock(&self.producer.context().latencies).clone();
        let mut all = lock(&self.sent().latencies);
        all.intended.merge(&latencies.intended);
        all.actual.merge(&latencies.actual);
        all.late.merge(&latencies.late);
    }

    fn sent(&self) -> &Sent {
        &self.tally.producers[self.index]
    }

    /// Sleeps until a send is due; a stop wakes it within a tenth of a second.
    fn wait(&self, due: u64) -> bool {
        loop {
            let now = self.tally.clock.now();
            if now >= due {
                return true;
            }
            if self.tally.stop.load(Relaxed) {
                return false;
            }
            self.tally.clock.sleep_until(due.min(now + 100_000_000));
        }
    }

    /// Hands one record to librdkafka; `false` when the caps are reached or the run is over.
    fn send(&self, draw: &mut Draw, due: u64, closed: bool) -> bool {
        let (place, partition, size) = draw.next(&self.spec);
        let (name, topic) = &self.topics[place];
        if self.tally.budget.fetch_sub(size as i64, Relaxed) < size as i64 {
            self.tally.stop.store(true, Relaxed);
            return false;
        }
        let sent = self.sent();
        sent.offered.fetch_add(1, Relaxed);
        if self.tally.measured(due) {
            sent.offered_measured.fetch_add(1, Relaxed);
        }
        let value = size - if self.spec.keyed { KEY.min(size) } else { 0 };
        let began = self.tally.clock.now();
        let mut now = began;
        let stamp = Stamp { due, sent: now, topic: *topic, bytes: size as u32 };
        let mut opaque = Box::new(stamp);
        loop {
            opaque.sent = now;
            if closed {
                opaque.due = now;
            }
            draw.stamp(now, value);
            let mut record: BaseRecord<'_, [u8], [u8], Box<Stamp>> =
                BaseRecord::with_opaque_to(name, opaque).payload(&draw.bytes[..value]);
            if self.spec.keyed {
                record = record.key(&draw.key[..KEY.min(size)]);
            }
            if let Some(partition) = partition {
                record = record.partition(partition);
            }
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    sent.full.fetch_add(u64::from(now == began), Relaxed);
                    opaque = back.delivery_opaque;
                    pause(FULL_PAUSE);
                    now = self.tally.clock.now();
                    let over = now - began > self.spec.settings.max_block.as_nanos();
                    if over || self.tally.stop.load(Relaxed) {
                        sent.failed.fetch_add(1, Relaxed);
                        *lock(&sent.errors).entry("local queue full".into()).or_insert(0) += 1;
                        break;
                    }
                }
                Err((error, _)) => {
                    sent.failed.fetch_add(1, Relaxed);
                    let words = super::cluster::rdkafka_words(&error);
                    *lock(&sent.errors).entry(words).or_insert(0) += 1;
                    break;
                }
            }
        }
        sent.blocked.fetch_add(now - began, Relaxed);
        true
    }
}

/// Draws topic, partition, size and content of records.
struct Draw {
    stream: Stream,
    bytes: Vec<u8>,
    key: [u8; KEY],
    keys: u64,
    partitions: BTreeMap<usize, u32>,
}

/// Largest value that is made; larger draws are cut, which the plan warns of.
const LARGEST: usize = 16 << 20;

impl Draw {
    fn new(client: &Client) -> Self {
        let entity = format!("{}/{}", client.spec.name, client.number);
        let mut stream = client.chance.stream(&entity, "live records");
        let largest = client.spec.record_size.quantile(0.999_999).max(1.0) as usize;
        let ratio = client.spec.settings.codec.ratio;
        // Random bytes do not compress, zeros do: their mix has the card's ratio.
        let bytes = (0..(2 * largest).min(LARGEST)).map(|index| {
            let random = (index % 100) as f64 / 100.0 < ratio;
            if random { (stream.bits() >> 32) as u8 } else { 0 }
        });
        let bytes = bytes.collect();
        let counts =
            client.topics.iter().map(|(_, topic)| (*topic, client.tally.ends[*topic].len() as u32));
        Self { bytes, key: [0; KEY], keys: 0, partitions: counts.collect(), stream }
    }

    /// Place in the producer's list of topics, partition for records with keys, size in bytes.
    fn next(&mut self, spec: &Producer) -> (usize, Option<i32>, usize) {
        let place = pick(spec.to.iter().map(|(_, share)| *share), &mut self.stream);
        let size = spec.record_size.sample(&mut self.stream).get() as usize;
        let partition = spec.keyed.then(|| {
            let topic = spec.to[place].0.index();
            let shares = spec.partition_shares.get(place).and_then(Option::as_ref);
            let count = self.partitions.get(&topic).copied().unwrap_or(1) as usize;
            let partition = match shares {
                Some(shares) => pick(shares.iter().copied(), &mut self.stream),
                None => self.stream.index(count),
            };
            partition as i32
        });
        if spec.keyed {
            self.keys = self.stream.bits();
            self.key = self.keys.to_be_bytes();
        }
        (place, partition, size.clamp(1, self.bytes.len()))
    }

    /// Writes the instant into the value, where there is room for it.
    fn stamp(&mut self, now: u64, value: usize) {
        if value >= STAMP {
            self.bytes[..STAMP].copy_from_slice(&now.to_be_bytes());
        }
    }
}

/// An index by shares that add up to 1.
fn pick(shares: impl Iterator<Item = f64>, stream: &mut Stream) -> usize {
    let mut left = stream.uniform();
    let mut last = 0;
    for (index, share) in shares.enumerate() {
        last = index;
        left -= share;
        if left < 0.0 {
            break;
        }
    }
    last
}
