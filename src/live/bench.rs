//! A bench from plan to clean-up.

use super::acts::{self, Act, Acting};
use super::clock::pause;
use super::cluster::{Cluster, Layout, Target, loopback, rdkafka_words};
use super::consume::Member;
use super::guards::{admit, clean, consent};
use super::host;
use super::journal::Journal;
use super::names::{group_name, run_id, topic_name};
use super::outcome::{Facts, outcome, share_of_cores};
use super::plan::{Caps, Plan};
use super::produce::Client;
use super::security::Security;
use super::settings;
use super::signals::{self, Asked};
use super::tally::Tally;
use super::watch::{Stop, Watch};
use crate::chance::Seed;
use crate::cluster::{Compression, TopicId};
use crate::error::{Error, Result};
use crate::metrics::{Quantiles, Run};
use crate::scenario::Scenario;
use rdkafka::error::KafkaError;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;

/// What a bench may do, and where it writes its journal.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most that it does.
    pub caps: Caps,
    /// Connection settings.
    pub security: Security,
    /// The journal.
    pub journal: PathBuf,
    /// The id that the cluster must have.
    pub cluster_id: Option<String>,
    /// Consent to a cluster that is not on this machine.
    pub yes: bool,
    /// What is done to the cluster meanwhile; the run then goes on when the cluster is not well.
    pub acts: Vec<Act>,
}

/// How a bench ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As the scenario says.
    Whole,
    /// A cap cut it short.
    Capped,
    /// Somebody asked it to stop.
    Interrupted,
    /// The cluster was not well.
    Stopped(String),
}

/// What a bench brings home.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The run. Publish latencies count from the intended send.
    pub run: Run,
    /// How it ended.
    pub ending: Ending,
    /// Publish latency from the actual send, by producer.
    pub from_send: BTreeMap<String, Quantiles>,
    /// Share of this machine's cores that this process and brokers on it took; nothing when no
    /// broker runs here.
    pub cpu: Option<f64>,
    /// Brokers that there were.
    pub brokers: u32,
    /// What could not be deleted, with the reason; empty when everything is gone.
    pub left: Vec<String>,
}

/// Plays a scenario on a target.
///
/// # Errors
/// Refused before anything is created: caps, an address that is not on this machine without
/// consent, another cluster id, too few brokers, nobody there (exit code 4). Failures later are
/// told after everything was cleaned up.
pub fn bench(
    scenario: &Scenario,
    seed: Seed,
    target: &Target,
    options: &Options,
) -> Result<Measured> {
    Plan::of(scenario)?.within(&options.caps)?;
    let codec = settings::codec(scenario)?;
    consent(target, options)?;
    acts::permit(target, options)?;
    let cluster = Cluster::open(
        target,
        scenario.cluster.brokers.len().clamp(1, 64) as u32,
        &options.security,
    )?;
    let healthy = admit(&cluster, options)?;
    let brokers = cluster.brokers()?;
    let replicas = scenario.cluster.topics.iter().map(|one| one.replication_factor).max();
    if replicas.unwrap_or(1) > brokers {
        return Err(Error::refused(format!(
            "the scenario asks for {} replicas, the cluster has {brokers} brokers; nothing was \
             created",
            replicas.unwrap_or(1)
        )));
    }
    let run = run_id()?;
    let mut journal = Journal::begin(&options.journal, &run, &cluster.journal_address())?;
    let again = format!("kafsim cleanup --journal {}", options.journal.display());
    let asked = signals::listen(format!("left at once; what is left is deleted by: {again}"));
    let mut stage = Stage { scenario, seed, options, cluster: &cluster, codec, asked, healthy };
    let played = stage.play(&mut journal);
    let left = clean(&cluster, &mut journal, &options.security);
    for one in &left {
        eprintln!("not deleted: {one}; later: {again}");
    }
    let mut measured = played?;
    measured.brokers = brokers;
    measured.left = left;
    Ok(measured)
}

/// Everything that playing needs.
struct Stage<'s> {
    scenario: &'s Scenario,
    seed: Seed,
    options: &'s Options,
    cluster: &'s Cluster,
    codec: Option<(String, Option<String>)>,
    asked: Asked,
    healthy: Layout,
}

impl Stage<'_> {
    fn play(&mut self, journal: &mut Journal) -> Result<Measured> {
        self.create(journal)?;
        let run = journal.run().to_owned();
        let scenario = self.scenario;
        let members: Vec<u32> = scenario.groups.iter().map(|group| group.members).collect();
        let bounds = [scenario.warmed_up().as_nanos(), scenario.duration.as_nanos()];
        let budget = i64::try_from(self.options.caps.bytes.get()).unwrap_or(i64::MAX);
        let tally = Arc::new(Tally::new(
            &scenario.cluster,
            scenario.producers.len(),
            &members,
            bounds,
            budget,
        ));
        let mut threads = Vec::new();
        let stop = self.start(&tally, &run, &mut threads, journal);
        tally.stop.store(true, Relaxed);
        let (senders, readers) = split(threads);
        let mut fell = join(senders);
        if stop.is_ok() {
            drain(&tally, scenario, &self.asked);
        }
        tally.leave.store(true, Relaxed);
        fell += join(readers);
        let (stop, watch, acting) = stop?;
        if fell > 0 {
            return Err(Error::runtime(format!("{fell} client threads failed")));
        }
        let end = tally.end();
        let (series, mut events, used) = watch.finish(end);
        events.extend(acts::events(acting));
        let facts = Facts {
            mock: self.cluster.admin().is_none(),
            layout: self.healthy.clone(),
            series,
            events,
            used,
            end,
        };
        let cpu = share_of_cores(&tally, &facts);
        let (run, from_send) = outcome(scenario, self.seed, &tally, facts);
        let ending = match stop {
            Stop::End => Ending::Whole,
            Stop::Asked => Ending::Interrupted,
            Stop::Cap => Ending::Capped,
            Stop::Unwell(why) => Ending::Stopped(why),
        };
        Ok(Measured { run, ending, from_send, cpu, brokers: 0, left: Vec::new() })
    }

    /// Creates the topics, each after its line in the journal.
    fn create(&mut self, journal: &mut Journal) -> Result<()> {
        for (index, topic) in self.scenario.cluster.topics.iter().enumerate() {
            let name = topic_name(journal.run(), TopicId::from_index(index));
            let settings = &topic.settings;
            let hour = 3_600_000;
            let kept = settings.retention.map_or(hour, |span| span.as_millis().clamp(1, hour));
            let batches = self.scenario.producers.iter().map(|one| one.settings.batch_size.get());
            let largest = batches.max().unwrap_or(0) + 65_536;
            let mut config = vec![
                ("min.insync.replicas", settings.min_insync_replicas.to_string()),
                // A topic that is forgotten all the same shrinks by itself.
                ("retention.ms", kept.to_string()),
                ("segment.bytes", settings.segment_bytes.get().clamp(1 << 20, 1 << 30).to_string()),
                ("max.message.bytes", largest.max(1_048_588).to_string()),
            ];
            if let Some(records) = settings.flush_messages {
                config.push(("flush.messages", records.to_string()));
            }
            let compression = settings.compression.as_ref().map(Compression::properties);
            let compression = compression.unwrap_or_default();
            config.extend(compression.iter().map(|(name, value)| (name.as_str(), value.clone())));
            journal.will_create(&name)?;
            let shape = [topic.partitions, topic.replication_factor];
            self.cluster.create_topic(&name, shape, &config).map_err(|error| {
                let words =
                    format!("the cluster did not create a topic: {}", rdkafka_words(&error));
                Error::refused(self.options.security.redact(&words))
            })?;
        }
        if let Some(admin) = self.cluster.admin()
            && let Ok(layout) = admin.layout()
        {
            self.healthy = layout;
        }
        Ok(())
    }

    /// Starts consumers, then producers, and watches until the end.
    fn start<'w>(
        &'w self,
        tally: &'w Arc<Tally>,
        run: &str,
        threads: &mut Vec<(bool, JoinHandle<()>)>,
        journal: &mut Journal,
    ) -> Result<(Stop, Watch<'w>, Acting)> {
        let failed = |error: KafkaError| {
            let words = format!("a client cannot start: {error}");
            Error::runtime(self.options.security.redact(&words))
        };
        let bootstrap = self.cluster.bootstrap();
        let security = &self.options.security;
        self.gather(tally, run, threads, journal)?;
        let mut clients = Vec::new();
        for (index, spec) in self.scenario.producers.iter().enumerate() {
            let config = settings::producer(spec, self.codec.as_ref(), &bootstrap, security);
            let to = spec.to.iter().map(|(topic, _)| (topic_name(run, *topic), topic.index()));
            let topics: Vec<(String, usize)> = to.collect();
            for number in 0..spec.clients as usize {
                let client =
                    Client::new(&config, tally, spec, [index, number], topics.clone(), self.seed);
                clients.push(client.map_err(failed)?);
            }
        }
        let ports = self.healthy.brokers.iter();
        let near = ports.filter(|(_, (host, port))| loopback(&format!("{host}:{port}")));
        let ports: BTreeMap<i32, u16> = near.map(|(id, (_, port))| (*id, *port)).collect();
        let processes = host::listeners(&ports);
        let mut watch = Watch::new(tally, self.scenario, processes);
        for received in &tally.groups {
            // The first assignment is no rebalance of the run.
            received.rebalances.store(0, Relaxed);
        }
        tally.clock.begin(tally.clock.now() + 200_000_000 + 1_000_000 * clients.len() as u64);
        for client in clients {
            threads.push((true, spawn(host::SENDER, move || client.play())?));
        }
        let acting = acts::start(&self.options.acts, tally);
        // Who breaks a cluster on purpose wants to see what follows.
        let guarded = self.cluster.admin().filter(|_| acting.is_empty());
        let stop = watch.run(&self.asked, guarded, &self.healthy);
        Ok((stop, watch, acting))
    }

    /// Starts the groups and waits until they own everything. On the mock two members that
    /// join at once were seen not to settle; another group is tried then.
    fn gather(
        &self,
        tally: &Arc<Tally>,
        run: &str,
        threads: &mut Vec<(bool, JoinHandle<()>)>,
        journal: &mut Journal,
    ) -> Result<()> {
        let attempts = if self.cluster.admin().is_some() { 1 } else { 3 };
        for attempt in 1.. {
            for index in 0..self.scenario.groups.len() {
                let group = format!("{}-{attempt}", group_name(run, index));
                journal.will_join(&group)?;
                self.join_group(tally, run, index, &group, threads)?;
            }
            match self.wait_for_groups(tally, Duration::from_secs(45 / attempts)) {
                Err(_) if attempt < attempts => {
                    tally.leave.store(true, Relaxed);
                    join(split(std::mem::take(threads)).1);
                    tally.leave.store(false, Relaxed);
                    for owned in tally.groups.iter().flat_map(|group| &group.owned) {
                        owned.store(0, Relaxed);
                    }
                }
                other => return other,
            }
        }
        Ok(())
    }

    /// Starts the members of one group.
    fn join_group(
        &self,
        tally: &Arc<Tally>,
        run: &str,
        index: usize,
        group: &str,
        threads: &mut Vec<(bool, JoinHandle<()>)>,
    ) -> Result<()> {
        let spec = &self.scenario.groups[index];
        let security = &self.options.security;
        let config = settings::consumer(spec, group, &self.cluster.bootstrap(), security);
        let reads = spec.reads.iter().map(|topic| (topic_name(run, *topic), *topic));
        let topics: Vec<(String, TopicId)> = reads.collect();
        for number in 0..spec.members as usize {
            let member = Member::new(&config, tally, spec, [index, number], topics.clone());
            let member = member.map_err(|error| {
                Error::runtime(security.redact(&format!("a consumer cannot start: {error}")))
            })?;
            threads.push((false, spawn("kafsim-read", move || member.play())?));
        }
        Ok(())
    }

    /// Until every partition has an owner and nothing moves any more.
    fn wait_for_groups(&self, tally: &Tally, patience: Duration) -> Result<()> {
        let total = |group: &crate::scenario::Group| -> u64 {
            let topics = group.reads.iter().map(|topic| self.scenario.cluster.topic(*topic));
            topics.map(|topic| u64::from(topic.partitions)).sum()
        };
        let (mut before, mut still) = (Vec::new(), 0);
        for _ in 0..patience.as_millis() / 50 {
            if self.asked.load(Relaxed) {
                return Ok(());
            }
            let owned: Vec<Vec<u64>> = tally
                .groups
                .iter()
                .map(|one| one.owned.iter().map(|count| count.load(Relaxed)).collect())
                .collect();
            let whole = |(owned, spec): (&Vec<u64>, &crate::scenario::Group)| {
                owned.iter().sum::<u64>() == total(spec)
            };
            let ready = owned.iter().zip(&self.scenario.groups).all(whole);
            still = if ready && owned == before { still + 1 } else { 0 };
            let all = |(owned, spec): (&Vec<u64>, &crate::scenario::Group)| {
                owned.iter().filter(|count| **count > 0).count() as u64
                    == u64::from(spec.members).min(total(spec))
            };
            let even = owned.iter().zip(&self.scenario.groups).all(all);
            if ready && (still >= 40 || (even && still >= 5)) {
                return Ok(());
            }
            before = owned;
            pause(Duration::from_millis(50));
        }
        Err(Error::runtime(format!(
            "a consumer group did not get all its partitions within {} s; its members own \
             {before:?}",
            patience.as_secs()
        )))
    }
}

fn spawn(name: &str, play: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(play);
    thread.map_err(|error| Error::runtime(format!("no thread: {error}")))
}

type Threads = Vec<JoinHandle<()>>;

/// Senders and readers.
fn split(threads: Vec<(bool, JoinHandle<()>)>) -> (Threads, Threads) {
    let (senders, readers): (Vec<_>, Vec<_>) = threads.into_iter().partition(|(sends, _)| *sends);
    let only = |list: Vec<(bool, JoinHandle<()>)>| list.into_iter().map(|one| one.1).collect();
    (only(senders), only(readers))
}

/// Waits for threads; how many panicked.
fn join(threads: Threads) -> usize {
    threads.into_iter().filter_map(|thread| thread.join().err()).count()
}

/// Lets groups read what is there, five seconds at most.
fn drain(tally: &Tally, scenario: &Scenario, asked: &Asked) {
    for _ in 0..100 {
        let done = scenario.groups.iter().zip(&tally.groups).all(|(spec, received)| {
            let end: u64 = spec.reads.iter().map(|topic| tally.end_of(*topic)).sum();
            received.processed.load(Relaxed) >= end
        });
        if done || asked.load(Relaxed) {
            return;
        }
        pause(Duration::from_millis(50));
    }
}
