//! The nouns: pure state and its invariants, without a clock, chance or I/O.
//!
//! A host carries cores, memory, NIC and disks; brokers run on hosts (several may share one); a
//! broker has log dirs, each on a disk; a topic has partitions; a partition has replicas, each in
//! one log dir of one broker. Ids are dense indices into the vectors of [`Cluster`].

mod broker;
mod host;
mod ids;
mod invariants;
mod placement;
mod topic;

pub use broker::{Broker, LogDir};
pub use host::{Allowance, Disk, Host};
pub use ids::{BrokerId, GroupId, HostId, PartitionId, ProducerId, TopicId};
pub use invariants::Violation;
pub use placement::{PlacementError, Slot, place_striped, spread_log_dirs};
pub use topic::{Compression, Partition, Replica, Topic, TopicSettings};

/// A cluster as it stands at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cluster {
    /// Hosts, indexed by [`HostId`].
    pub hosts: Vec<Host>,
    /// Brokers, indexed by [`BrokerId`].
    pub brokers: Vec<Broker>,
    /// Topics, indexed by [`TopicId`].
    pub topics: Vec<Topic>,
    /// Partitions of all topics, indexed by [`PartitionId`]; those of one topic are adjacent.
    pub partitions: Vec<Partition>,
}

impl Cluster {
    /// The host of an id.
    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[id.index()]
    }
    /// The broker of an id.
    pub fn broker(&self, id: BrokerId) -> &Broker {
        &self.brokers[id.index()]
    }
    /// The topic of an id.
    pub fn topic(&self, id: TopicId) -> &Topic {
        &self.topics[id.index()]
    }
    /// The partition of an id.
    pub fn partition(&self, id: PartitionId) -> &Partition {
        &self.partitions[id.index()]
    }
    /// The ids of a topic's partitions.
    pub fn partitions_of(&self, topic: TopicId) -> impl Iterator<Item = PartitionId> + use<> {
        let topic = self.topic(topic);
        (topic.first.0..topic.first.0 + topic.partitions).map(PartitionId)
    }
    /// The topic with this name.
    pub fn topic_named(&self, name: &str) -> Option<TopicId> {
        self.topics.iter().position(|topic| topic.name == name).map(TopicId::from_index)
    }
}
