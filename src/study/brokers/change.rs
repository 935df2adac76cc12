//! The cluster with other brokers.

use crate::cluster::{Broker, Host, HostId, LogDir, spread_log_dirs};
use crate::model::placement::{PlacementBroker, PlacementPlan};
use crate::scenario::{Scenario, Seats};
use crate::units::{ByteRate, Bytes};

/// A broker that joins.
#[derive(Debug, Clone)]
pub struct Joining {
    /// Its machine; its zone is chosen so that zones stay even.
    pub machine: Host,
}

/// The scenario with brokers that hold nothing yet. Their ids follow the largest one.
pub fn joined(scenario: &Scenario, joining: &[Joining]) -> Scenario {
    let mut wide = scenario.clone();
    for one in joining {
        let cluster = &mut wide.cluster;
        let count = |zone: &str| cluster.brokers.iter().filter(|one| one.rack == zone).count();
        let zone = wide.pool.zones.iter().min_by_key(|zone| count(zone));
        let zone = zone.cloned().unwrap_or_else(|| one.machine.zone.clone());
        let node_id = cluster.brokers.iter().map(|one| one.node_id).max().map_or(1, |id| id + 1);
        let mut machine = one.machine.clone();
        machine.name = format!("{}-added-{node_id}", machine.card);
        machine.zone.clone_from(&zone);
        let disks = machine.disks.len().max(1) as u32;
        let log_dirs = (0..wide.pool.log_dirs).map(|dir| LogDir { disk: dir % disks }).collect();
        let host = HostId::from_index(cluster.hosts.len());
        cluster.brokers.push(Broker { node_id, host, rack: zone, log_dirs });
        cluster.hosts.push(machine.clone());
        // Machines of brokers come first: those of clients move up by one.
        wide.machines.insert(host.index(), machine);
        let seats = wide.producers.iter_mut().map(|one| &mut one.seats);
        for seats in seats.chain(wide.groups.iter_mut().map(|one| &mut one.seats)) {
            if let Seats::On(ids) = seats {
                ids.iter_mut().filter(|id| id.index() >= host.index()).for_each(|id| id.0 += 1);
            }
        }
    }
    wide
}

/// Brokers as a placement sees them. Several brokers on one host share it evenly.
pub(super) fn slots(scenario: &Scenario, leaving: &[u32]) -> Vec<PlacementBroker> {
    let cluster = &scenario.cluster;
    let one = |broker: &Broker| {
        let host = cluster.host(broker.host);
        let tenants = cluster.brokers.iter().filter(|other| other.host == broker.host).count();
        let part = 1.0 / tenants as f64;
        let mut disks: Vec<u32> = broker.log_dirs.iter().map(|dir| dir.disk).collect();
        disks.sort_unstable();
        disks.dedup();
        let room: f64 = disks
            .iter()
            .filter_map(|disk| host.disks.get(*disk as usize))
            .map(|disk| disk.capacity.as_f64())
            .sum();
        PlacementBroker {
            rack: broker.rack.clone(),
            stays: !leaving.contains(&broker.node_id),
            disk: Bytes::new((room * part) as u64),
            nic_in: ByteRate::per_sec(host.nic_in.get() * part),
            nic_out: ByteRate::per_sec(host.nic_out.get() * part),
            cores: host.cpu_quota.unwrap_or(host.cores) * host.speed * part,
        }
    };
    cluster.brokers.iter().map(one).collect()
}

/// The scenario with the replicas of a plan in place.
pub fn apply(scenario: &Scenario, plan: &PlacementPlan) -> Scenario {
    let mut moved = scenario.clone();
    let mut held: Vec<Vec<u32>> =
        moved.cluster.brokers.iter().map(|one| vec![0; one.log_dirs.len()]).collect();
    for replica in moved.cluster.partitions.iter().flat_map(|one| &one.replicas) {
        held[replica.broker.index()][replica.log_dir as usize] += 1;
    }
    for change in &plan.changes {
        let arriving: Vec<_> = change.arriving().collect();
        let fresh = spread_log_dirs(&moved.cluster, &arriving, &mut held);
        let partition = &mut moved.cluster.partitions[change.partition];
        let old = std::mem::take(&mut partition.replicas);
        let of = |broker| old.iter().chain(&fresh).find(|one| one.broker == broker).copied();
        partition.replicas = change.new.iter().filter_map(|broker| of(*broker)).collect();
        partition.leader = change.new.first().copied();
        partition.isr.clone_from(&change.new);
    }
    moved
}
