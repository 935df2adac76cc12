//! The network of flows and resources, laid out anew whenever leaders, owners or brokers change.

use super::fair_share::FairShare;
use super::feeds::Lane;
use super::world::{Life, World};
use crate::cluster::{BrokerId, HostId, PartitionId, Replica, TopicId};
use crate::model::batching::Batching;
use crate::model::link::Way;
use crate::model::quota::Quota;
use crate::units::SimSpan;
use std::collections::BTreeMap;

/// Something that can be full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Cpu(HostId),
    NicIn(HostId),
    NicOut(HostId),
    Disk(HostId, u32),
    LeaderThrottle(BrokerId),
    FollowerThrottle(BrokerId),
    Member(usize, u32),
    ProducerQuota(usize, BrokerId, Limit),
    ConsumerQuota(usize, BrokerId, Limit),
    Link(Way),
    /// Connections of a client's machine, a member or a follower to a leader, where a cloud limits
    /// single ones.
    ProducerFlows(usize, BrokerId),
    MemberFlow(usize, u32, BrokerId),
    FollowerFlows(BrokerId, BrokerId),
}

/// What a quota of a client id limits on a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Limit {
    Bytes,
    /// Time of the threads that serve it.
    Requests,
}

impl Limit {
    /// The limits that a quota sets, with how much there is per second: bytes, or seconds.
    pub(super) fn of(quota: Quota) -> impl Iterator<Item = (Self, f64)> {
        let bytes = quota.bytes.map(|rate| (Self::Bytes, rate.get()));
        let requests = quota.requests.map(|percent| (Self::Requests, percent / 100.0));
        bytes.into_iter().chain(requests)
    }
}

/// Fetch loops between two brokers, or between a member and a broker.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loop {
    /// Partitions in the session.
    pub partitions: u32,
    /// Round trip between the two.
    pub trip: SimSpan,
    /// Sums over those partitions at the present rates.
    pub appends: f64,
    pub bytes: f64,
    pub behind: bool,
    /// CPU seconds at the leader per byte, for asking (not for sending).
    pub cpu_per_byte: f64,
}

/// What flows where.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    pub share: FairShare,
    pub resources: Vec<Resource>,
    pub index: BTreeMap<Resource, usize>,
    /// Utilisation of each resource without any load.
    pub fixed: Vec<f64>,
    /// Share of each resource's capacity that is there at the moment; empty where nothing is lent.
    pub lent: Vec<f64>,
    /// Bytes per second that disks with heads write.
    pub writes: BTreeMap<Resource, f64>,
    /// Utilisation at the present rates.
    pub load: Vec<f64>,
    /// Utilisation that the offered load asks for; may pass 1.
    pub demand: Vec<f64>,
    /// Its part that does not grow with the load: idle brokers and copies.
    pub standing: Vec<f64>,
    pub lanes: Vec<Lane>,
    /// By lane: mean round trip between the producer's clients and the leaders of the topic.
    pub trips: Vec<SimSpan>,
    /// By topic: brokers that lead at least one of its partitions.
    pub leaders: Vec<usize>,
    pub batching: Vec<Batching>,
    /// Loops between followers and leaders, and those of each partition's followers.
    pub followers: Vec<Loop>,
    pub of_partition: Vec<Vec<(u32, BrokerId)>>,
    /// Loops between members and leaders, and that of each group's slots.
    pub readers: Vec<Loop>,
    pub of_slot: Vec<Vec<Option<u32>>>,
    /// By partition: records/s, batches/s and bytes/s expected to be appended.
    pub records: Vec<f64>,
    pub batches: Vec<f64>,
    pub bytes: Vec<f64>,
    /// By host: bytes/s written.
    pub written: Vec<f64>,
    /// By partition: mean bytes of a record.
    pub record_bytes: Vec<f64>,
}

impl Network {
    /// The index of a resource that was laid out.
    pub(super) fn at(&self, resource: Resource) -> Option<usize> {
        self.index.get(&resource).copied()
    }
    /// A resource's utilisation at the present rates, 0–1.
    pub(super) fn utilisation(&self, resource: Resource) -> f64 {
        self.at(resource).map_or(0.0, |index| self.load[index].clamp(0.0, 1.0))
    }
    pub(super) fn add(&mut self, resource: Resource, fixed: f64) {
        self.index.insert(resource, self.resources.len());
        self.resources.push(resource);
        self.fixed.push(fixed.min(1.0));
    }
}

impl World<'_> {
    /// Lays the network out for the present leaders, owners and brokers.
    pub(super) fn rewire(&mut self) {
        let mut network = std::mem::take(&mut self.network);
        network.resources.clear();
        network.index.clear();
        network.fixed.clear();
        self.add_hosts(&mut network);
        for (way, _, _) in self.scenario.links.lines() {
            network.add(Resource::Link(way), 0.0);
        }
        network.writes = self.disk_writes();
        self.add_throttles(&mut network);
        for (group, state) in self.groups.iter().enumerate() {
            for number in state.joined() {
                network.add(Resource::Member(group, number), 0.0);
            }
        }
        self.add_quotas(&mut network);
        self.add_flow_limits(&mut network);
        self.add_followers(&mut network);
        self.add_readers(&mut network);
        network.leaders = self.leaders();
        if network.lanes.is_empty() {
            network.lanes = self.lanes();
        }
        network.trips = network.lanes.iter().map(|lane| self.trip_of(*lane)).collect();
        network.load.clear();
        network.load.resize(network.resources.len(), 0.0);
        self.network = network;
        self.rewired = false;
    }

    fn leaders(&self) -> Vec<usize> {
        let leaders = |topic: usize| {
            let partitions = self.cluster.partitions_of(TopicId::from_index(topic));
            let leading = partitions.filter_map(|p| self.cluster.partition(p).leader);
            leading.collect::<std::collections::BTreeSet<BrokerId>>().len()
        };
        (0..self.cluster.topics.len()).map(leaders).collect()
    }

    fn add_hosts(&self, network: &mut Network) {
        let mut idle = vec![0.0; self.cluster.hosts.len()];
        for broker in self.in_service() {
            let host = self.cluster.brokers[broker].host;
            let spec = self.cluster.host(host);
            idle[host.index()] += self.scenario.costs.idle_cores / (spec.cores * spec.speed);
        }
        for (index, host) in self.cluster.hosts.iter().enumerate() {
            let id = HostId::from_index(index);
            network.add(Resource::Cpu(id), idle[index]);
            network.add(Resource::NicIn(id), 0.0);
            network.add(Resource::NicOut(id), 0.0);
            for disk in 0..host.disks.len() {
                network.add(Resource::Disk(id, disk as u32), 0.0);
            }
        }
    }

    fn add_throttles(&self, network: &mut Network) {
        if !self.reassignment.active || self.reassignment.throttle.is_infinite() {
            return;
        }
        for (index, state) in self.brokers.iter().enumerate() {
            if state.life != Life::Gone {
                let id = BrokerId::from_index(index);
                network.add(Resource::LeaderThrottle(id), 0.0);
                network.add(Resource::FollowerThrottle(id), 0.0);
            }
        }
    }

    fn add_quotas(&self, network: &mut Network) {
        let brokers = 0..self.cluster.brokers.len();
        for broker in brokers.map(BrokerId::from_index) {
            for (index, producer) in self.scenario.producers.iter().enumerate() {
                for (limit, _) in Limit::of(producer.quota) {
                    network.add(Resource::ProducerQuota(index, broker, limit), 0.0);
                }
            }
            for (index, group) in self.scenario.groups.iter().enumerate() {
                for (limit, _) in Limit::of(group.quota) {
                    network.add(Resource::ConsumerQuota(index, broker, limit), 0.0);
                }
            }
        }
    }

    fn add_followers(&self, network: &mut Network) {
        let mut pairs: BTreeMap<(BrokerId, BrokerId), u32> = BTreeMap::new();
        network.followers.clear();
        network.of_partition.clear();
        for partition in &self.cluster.partitions {
            let mut loops = Vec::with_capacity(partition.replicas.len());
            if let Some(leader) = partition.leader {
                let id = PartitionId::from_index(network.of_partition.len());
                let follows = |replica: &&Replica| {
                    replica.broker != leader && self.replicates(id, replica.broker)
                };
                for replica in partition.replicas.iter().filter(follows) {
                    let next = network.followers.len() as u32;
                    let index = *pairs.entry((leader, replica.broker)).or_insert(next);
                    if index == next {
                        let hosts = [leader, replica.broker].map(|b| self.cluster.broker(b).host);
                        let trip = self.trip(hosts);
                        network.followers.push(Loop { trip, ..Loop::default() });
                    }
                    network.followers[index as usize].partitions += 1;
                    loops.push((index, replica.broker));
                }
            }
            network.of_partition.push(loops);
        }
    }

    fn add_readers(&self, network: &mut Network) {
        network.readers.clear();
        network.of_slot.clear();
        for (group, state) in self.groups.iter().enumerate() {
            let mut pairs: BTreeMap<(u32, BrokerId), u32> = BTreeMap::new();
            let mut loops = Vec::with_capacity(state.slots.len());
            for slot in &state.slots {
                let member = state.reader(slot, self.now);
                let source =
                    |member| self.scenario.reads_from(&self.cluster, group, member, slot.partition);
                let (Some(member), Some(source)) = (member, member.and_then(source)) else {
                    loops.push(None);
                    continue;
                };
                let next = network.readers.len() as u32;
                let index = *pairs.entry((member, source)).or_insert(next);
                if index == next {
                    let seats = &self.scenario.groups[group].seats;
                    let trip = self.trip_from(seats, member, self.cluster.broker(source).host);
                    network.readers.push(Loop { trip, ..Loop::default() });
                }
                network.readers[index as usize].partitions += 1;
                loops.push(Some(index));
            }
            network.of_slot.push(loops);
        }
    }
}
