//! Connections where a cloud limits single ones: a flow of packets gets less than the NIC has.

use super::network::{Network, Resource};
use super::uses::Uses;
use super::world::World;
use crate::cluster::{BrokerId, Host};
use crate::scenario::Seats;
use crate::units::ByteRate;

/// What one connection between two machines carries at most; no limit if neither has one.
fn least(ends: [&Host; 2]) -> Option<f64> {
    if ends[0].name == ends[1].name {
        return None;
    }
    ends.into_iter().filter_map(|host| host.nic_flow).map(ByteRate::get).min_by(f64::total_cmp)
}

impl World<'_> {
    /// Bytes per second of a resource that stands for connections; `None` if nothing limits them.
    fn flow_limit(&self, resource: Resource) -> Option<f64> {
        let host = |broker: BrokerId| self.cluster.host(self.cluster.broker(broker).host);
        match resource {
            Resource::ProducerFlows(producer, leader) => {
                let spec = &self.scenario.producers[producer];
                let clients = 0..spec.clients;
                let limits =
                    clients.map(|one| least([self.seat_of(&spec.seats, one), host(leader)]));
                limits.sum()
            }
            Resource::MemberFlow(group, member, leader) => {
                let seats = &self.scenario.groups[group].seats;
                least([self.seat_of(seats, member), host(leader)])
            }
            Resource::FollowerFlows(leader, follower) => {
                let fetchers = f64::from(self.scenario.brokers.replica_fetchers);
                least([host(leader), host(follower)]).map(|limit| limit * fetchers)
            }
            _ => None,
        }
    }

    /// Whether any machine's connections have a limit of their own.
    fn limits_flows(&self) -> bool {
        let producers = self.scenario.producers.iter().map(|spec| &spec.seats);
        let seats = producers.chain(self.scenario.groups.iter().map(|spec| &spec.seats));
        let own = seats.filter_map(|seats| match seats {
            Seats::Own(host) => Some(&**host),
            Seats::On(_) => None,
        });
        let hosts = own.chain(&self.scenario.machines).chain(&self.cluster.hosts);
        hosts.into_iter().any(|host| host.nic_flow.is_some())
    }

    /// Lays out the connections that have a limit.
    pub(super) fn add_flow_limits(&self, network: &mut Network) {
        if !self.limits_flows() {
            return;
        }
        let brokers = || (0..self.cluster.brokers.len()).map(BrokerId::from_index);
        let producers = (0..self.scenario.producers.len()).flat_map(|producer| {
            brokers().map(move |leader| Resource::ProducerFlows(producer, leader))
        });
        let members = self.groups.iter().enumerate().flat_map(|(group, state)| {
            state.joined().flat_map(move |member| {
                brokers().map(move |leader| Resource::MemberFlow(group, member, leader))
            })
        });
        let followers = brokers().flat_map(|leader| {
            brokers().map(move |follower| Resource::FollowerFlows(leader, follower))
        });
        for flow in producers.chain(members).chain(followers) {
            if self.flow_limit(flow).is_some() {
                network.add(flow, 0.0);
            }
        }
    }

    /// What bytes take of connections that have a limit.
    pub(super) fn over(&self, network: &Network, flow: Resource, bytes: f64, uses: &mut Uses) {
        if let Some(index) = network.at(flow) {
            uses.extend(self.flow_limit(flow).map(|limit| (index, bytes / limit)));
        }
    }
}
