//! How far clients and brokers are apart, and which links lie between them.

use super::feeds::Lane;
use super::network::{Network, Resource};
use super::uses::Uses;
use super::world::World;
use crate::cluster::{BrokerId, Host, HostId};
use crate::scenario::Seats;
use crate::units::SimSpan;
use std::collections::BTreeSet;

impl World<'_> {
    /// The round trip between two brokers' machines.
    pub(super) fn trip(&self, [from, to]: [HostId; 2]) -> SimSpan {
        let links = &self.scenario.links;
        if from == to {
            return links.loopback;
        }
        links.round_trip(&self.cluster.host(from).zone, &self.cluster.host(to).zone)
    }

    /// The machine of a client, unless it has one of its own.
    fn machine_of<'a>(&'a self, seats: &Seats, number: u32) -> Option<&'a Host> {
        match seats {
            Seats::On(hosts) => {
                self.scenario.machines.get(hosts[number as usize % hosts.len()].index())
            }
            Seats::Own(_) => None,
        }
    }

    /// The machine of a client, its own or one that others use as well.
    pub(super) fn seat_of<'a>(&'a self, seats: &'a Seats, number: u32) -> &'a Host {
        match seats {
            Seats::On(hosts) => {
                &self.scenario.machines[hosts[number as usize % hosts.len()].index()]
            }
            Seats::Own(host) => host,
        }
    }

    /// The round trip between a client of a producer or group and a machine of brokers. A client
    /// with a machine of its own stands in the zone of whom it talks to.
    pub(super) fn trip_from(&self, seats: &Seats, number: u32, to: HostId) -> SimSpan {
        let links = &self.scenario.links;
        let to = self.cluster.host(to);
        match self.machine_of(seats, number) {
            None => links.same_zone,
            Some(from) if from.name == to.name => links.loopback,
            Some(from) => links.round_trip(&from.zone, &to.zone),
        }
    }

    /// The mean round trip between the clients of a lane and the leaders of its topic.
    pub(super) fn trip_of(&self, lane: Lane) -> SimSpan {
        let partitions = self.cluster.partitions_of(lane.topic);
        let leaders: BTreeSet<BrokerId> =
            partitions.filter_map(|partition| self.cluster.partition(partition).leader).collect();
        let spec = &self.scenario.producers[lane.producer];
        let clients = u64::from(spec.clients.max(1));
        let mut sum = SimSpan::ZERO;
        for leader in &leaders {
            let host = self.cluster.broker(*leader).host;
            for client in 0..spec.clients {
                sum += self.trip_from(&spec.seats, client, host);
            }
        }
        sum / (clients * leaders.len().max(1) as u64)
    }

    /// What bytes take of the link from one zone to another.
    pub(super) fn cross(
        &self,
        network: &Network,
        [from, to]: [&str; 2],
        bytes: f64,
        uses: &mut Uses,
    ) {
        let links = &self.scenario.links;
        let Some(way) = links.way(from, to) else { return };
        let index = network.at(Resource::Link(way));
        if let Some((index, bandwidth)) = index.zip(links.own[way.link].bandwidth) {
            uses.push((index, bytes / bandwidth.get()));
        }
    }

    /// What bytes from a producer's clients take of links to a leader.
    pub(super) fn cross_from_clients(
        &self,
        network: &Network,
        producer: usize,
        to: HostId,
        bytes: f64,
        uses: &mut Uses,
    ) {
        let spec = &self.scenario.producers[producer];
        let clients = if self.scenario.links.own.is_empty() { 0 } else { spec.clients };
        for from in (0..clients).filter_map(|client| self.machine_of(&spec.seats, client)) {
            let zones = [from.zone.as_str(), self.cluster.host(to).zone.as_str()];
            self.cross(network, zones, bytes / f64::from(clients), uses);
        }
    }

    /// What bytes from a leader to a member take of links.
    pub(super) fn cross_to_member(
        &self,
        network: &Network,
        from: HostId,
        [group, member]: [usize; 2],
        bytes: f64,
        uses: &mut Uses,
    ) {
        let seats = &self.scenario.groups[group].seats;
        if let Some(to) = self.machine_of(seats, member as u32) {
            self.cross(network, [&self.cluster.host(from).zone, &to.zone], bytes, uses);
        }
    }
}
