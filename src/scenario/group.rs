//! Consumer groups as the reader wrote them, checked.

use super::scenario::Seats;
use crate::chance::Distribution;
use crate::cluster::{Host, TopicId};
use crate::model::assignor::Assignor;
use crate::model::client::ConsumerSettings;
use crate::model::quota::Quota;
use crate::units::{ByteRate, MoneyRate, SimSpan};

/// A consumer group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Name (`group.id`).
    pub name: String,
    /// Topics it reads.
    pub reads: Vec<TopicId>,
    /// Members at t = 0.
    pub members: u32,
    /// Rebalance protocol.
    pub protocol: GroupProtocol,
    /// Assignor.
    pub assignor: Assignor,
    /// Time from a scaling decision until the new member polls for the first time.
    pub start_up: Distribution<SimSpan>,
    /// Where the members run.
    pub seats: Seats,
    /// Cores that each member may use.
    pub cores: f64,
    /// Speed of one of those cores relative to the cost card's machine.
    pub speed: f64,
    /// NIC capacity of a member's host or pod.
    pub nic_in: ByteRate,
    /// The application's work.
    pub work: Work,
    /// Mean CPU of decompressing a record that it reads, on a core of speed 1.
    pub decompression: SimSpan,
    /// Client settings.
    pub settings: ConsumerSettings,
    /// Quota of its client id on each broker.
    pub quota: Quota,
    /// `client.rack`.
    pub rack: Option<ClientRack>,
}

/// `client.rack` of a group's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientRack {
    /// The same of all members.
    Of(String),
    /// Each member names the zone of its machine.
    OfMachine,
}

impl Group {
    /// The rack that a member names. A pod of its own stands in no zone.
    pub(super) fn rack_of<'a>(&'a self, member: u32, machines: &'a [Host]) -> Option<&'a str> {
        match (self.rack.as_ref()?, &self.seats) {
            (ClientRack::Of(name), _) => Some(name),
            (ClientRack::OfMachine, Seats::On(hosts)) => {
                let host = hosts[member as usize % hosts.len()];
                machines.get(host.index()).map(|machine| machine.zone.as_str())
            }
            (ClientRack::OfMachine, Seats::Own(_)) => None,
        }
    }

    /// What a member costs, where it brings a machine with a price.
    pub fn price_of_member(&self) -> Option<MoneyRate> {
        match &self.seats {
            Seats::Own(pod) => pod.price,
            Seats::On(_) => None,
        }
    }
}

/// Rebalance protocol of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupProtocol {
    /// Classic, everyone stops.
    Eager,
    /// Classic, only moved partitions stop.
    Cooperative,
    /// KIP-848.
    Consumer,
}

/// What a consumer application does with each record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// CPU per record on a core of speed 1.
    pub cpu_per_record: SimSpan,
    /// Waiting per record (a downstream call).
    pub wait_per_record: SimSpan,
    /// Records of one member in work at the same time.
    pub concurrency: u32,
}
