//! The world before t = 0.

use super::RETENTION_CHECK;
use super::feeds::ProducerState;
use super::groups::{GroupState, Member, Slot};
use super::log::Log;
use super::meters::Meters;
use super::network::Network;
use super::sampling;
use super::world::{BrokerState, Event, Life, Reassignment, World};
use crate::chance::{Chance, Seed};
use crate::cluster::GroupId;
use crate::engine::kernel::Agenda;
use crate::metrics::Recorder;
use crate::model::curve::LoadCurve;
use crate::model::policy::ScalingPolicy;
use crate::scenario::{Rebalancing, Scenario};
use crate::units::{SimSpan, SimTime};

impl<'s> World<'s> {
    /// The state at t = 0: logs hold what retention keeps at the mean load, groups stand at the
    /// tail or as far behind as the scenario says.
    pub(super) fn new(scenario: &'s Scenario, seed: Seed, replication: u32) -> Self {
        let broker = BrokerState {
            life: Life::InService,
            since: SimTime::ZERO,
            until: None,
            rebalancing: Rebalancing::None,
            operation: None,
        };
        let producer = ProducerState {
            offered: 0.0,
            until: SimTime::ZERO,
            total_offered: 0.0,
            total_acked: 0.0,
            total_failed: 0.0,
            queued: 0.0,
            blocked: 0.0,
        };
        let mut world = Self {
            scenario,
            seed,
            replication,
            chance: Chance::new(seed, replication),
            agenda: Agenda::new(),
            now: SimTime::ZERO,
            end: SimTime::ZERO.saturating_add(scenario.duration),
            interval: sampling::interval(scenario.duration),
            cluster: scenario.cluster.clone(),
            brokers: vec![broker; scenario.cluster.brokers.len()],
            wanted_brokers: scenario.cluster.brokers.len() as u32,
            logs: Vec::new(),
            producers: vec![producer; scenario.producers.len()],
            feeds: Vec::new(),
            groups: Vec::new(),
            reassignment: Reassignment::default(),
            faults: None,
            catching: Vec::new(),
            policies: scenario.autoscaling.iter().map(|scaler| scaler.policy.clone()).collect(),
            network: Network::default(),
            credits: Vec::new(),
            weights: Vec::new(),
            paused: vec![0.0; scenario.groups.len()],
            rewired: true,
            resized: true,
            meters: Meters::default(),
            recorder: Recorder::new(),
            decisions: Vec::new(),
            awaited: Vec::new(),
            operations: Vec::new(),
            warnings: Vec::new(),
        };
        world.make_feeds();
        world.fill_logs();
        world.begin_credits();
        world.seat_groups();
        world
    }

    /// Mean loads, record sizes, and logs that hold what was appended before t = 0.
    fn fill_logs(&mut self) {
        let count = self.cluster.partitions.len();
        let seconds = self.scenario.duration.as_secs_f64();
        let means: Vec<f64> = self
            .scenario
            .producers
            .iter()
            .map(|spec| spec.load.volume(SimTime::ZERO, self.end) / seconds)
            .collect();
        let (mut records, mut bytes) = (vec![0.0; count], vec![0.0; count]);
        for feed in &self.feeds {
            let rate = means[feed.producer] * feed.share;
            records[feed.partition.index()] += rate;
            bytes[feed.partition.index()] += rate * feed.record_bytes;
        }
        let sizes = records.iter().zip(&bytes);
        self.network.record_bytes =
            sizes.map(|(n, bytes)| if *n > 0.0 { bytes / n } else { 1.0 }).collect();
        for (index, partition) in self.cluster.partitions.iter().enumerate() {
            let settings = &self.cluster.topic(partition.topic).settings;
            let size = self.network.record_bytes[index];
            let by_time = settings.retention.map_or(seconds, SimSpan::as_secs_f64);
            let by_bytes = settings
                .retention_bytes
                .map_or(f64::INFINITY, |limit| limit.as_f64() / (records[index] * size).max(1e-9));
            let span = by_time.min(by_bytes) * self.scenario.initial.stored;
            self.logs.push(Log::with_history(settings, records[index], size, span));
        }
        self.weights = records;
    }

    fn seat_groups(&mut self) {
        for (index, spec) in self.scenario.groups.iter().enumerate() {
            let topics: Vec<u32> =
                spec.reads.iter().map(|topic| self.cluster.topic(*topic).partitions).collect();
            let partitions: Vec<_> =
                spec.reads.iter().flat_map(|topic| self.cluster.partitions_of(*topic)).collect();
            let behind = self.scenario.initial.lag.get(&GroupId::from_index(index));
            let behind = behind.map_or(0.0, |records| records.as_f64());
            let total: f64 = partitions.iter().map(|p| self.weights[p.index()]).sum();
            let even = 1.0 / partitions.len().max(1) as f64;
            let mut initial_lag = 0.0;
            let slot = |partition: crate::cluster::PartitionId| {
                let weight = self.weights[partition.index()];
                let share = if total > 0.0 { weight / total } else { even };
                // Nobody can be further behind than what is stored.
                let lag = (behind * share).min(-self.logs[partition.index()].start);
                initial_lag += lag;
                Slot {
                    partition,
                    position: -lag,
                    lost: 0.0,
                    processed: 0.0,
                    owner: None,
                    former: None,
                    stop: SimTime::ZERO,
                    start: SimTime::ZERO,
                    rate: 0.0,
                    uncommitted: 0.0,
                }
            };
            let slots = partitions.into_iter().map(slot).collect();
            let members = (0..spec.members).map(|number| Member { number, joined: true }).collect();
            self.groups.push(GroupState {
                wanted: spec.members,
                next_number: spec.members,
                members,
                ghosts: Vec::new(),
                away: 0,
                slots,
                topics,
                rebalances: 0,
                initial_lag,
            });
            self.assign_first(index);
        }
    }

    /// First samples, evaluations, retention checks and the timeline.
    pub(super) fn schedule_all(&mut self) {
        self.agenda.schedule(SimTime::ZERO.saturating_add(self.interval), Event::Sample);
        self.agenda.schedule(SimTime::ZERO.saturating_add(RETENTION_CHECK), Event::Retention);
        for (scaler, policy) in self.policies.iter().enumerate() {
            let first = SimTime::ZERO.saturating_add(policy.period());
            self.agenda.schedule(first, Event::Evaluate { scaler });
        }
        self.expect_faults();
        let others = self.scenario.timeline.iter().enumerate();
        for (entry, what) in others.filter(|(_, what)| !what.action.is_fault()) {
            self.agenda.schedule(what.at, Event::Timeline { entry });
        }
    }
}
