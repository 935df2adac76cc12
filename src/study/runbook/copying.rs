//! The cluster while replicas are copied.
//!
//! # Rule
//! A broker that gets copies under a throttle receives and writes at most the throttle's bytes a
//! second, one that is read from sends as many; both pay the CPU of these bytes. That much of each
//! machine is taken away from clients, and added again to what is shown as used.
//! # Assumes
//! Copies go as fast as the throttle lets them, at all brokers of the move, until its end; old
//! segments are read from the disk. So what is told is the worst of the move.
//! # Breaks
//! Who waits behind a chunk of a copy: clients see a smaller machine instead.
//! # Source
//! KIP-73 for what a throttle limits; costs per byte are those of the cost card.

use crate::cluster::Host;
use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::study::brokers::MoveWork;
use crate::units::{ByteRate, Bytes};

/// What is left to clients at least of any resource, so that a run can be made.
const LEAST: f64 = 0.02;

/// Shares of the machines that copies take, by broker: CPU, NIC in, NIC out, disk.
pub(super) type Taken = Vec<[f64; 4]>;

/// The scenario with what is left to clients, and what was taken.
pub(super) fn copying(
    scenario: &Scenario,
    work: &MoveWork,
    throttle: Option<ByteRate>,
) -> (Scenario, Taken) {
    let mut left = scenario.clone();
    let mut taken = Taken::new();
    let room = work.room.map_or(f64::INFINITY, ByteRate::get);
    let rate = throttle.map_or(room, |throttle| throttle.get().min(room));
    let rate = if rate.is_finite() { rate } else { 0.0 };
    for (broker, moved) in scenario.cluster.brokers.iter().zip(&work.by_broker) {
        let host = scenario.cluster.host(broker.host);
        let into = if moved.into > Bytes::ZERO { rate } else { 0.0 };
        let out = if moved.out > Bytes::ZERO { rate } else { 0.0 };
        let nanos =
            into * scenario.costs.follower_ns_per_byte + out * scenario.costs.send_ns_per_byte;
        let cores = host.cpu_quota.unwrap_or(host.cores) * host.speed;
        let disks = |rate: fn(&crate::cluster::Disk) -> ByteRate| {
            host.disks.iter().map(|disk| rate(disk).get()).sum::<f64>().max(1.0)
        };
        let disk = into / disks(|disk| disk.write) + out / disks(|disk| disk.read);
        let shares = [
            nanos * 1e-9 / cores.max(f64::MIN_POSITIVE),
            into / host.nic_in.get(),
            out / host.nic_out.get(),
            disk,
        ];
        taken.push(shares.map(|share| share.clamp(0.0, 1.0 - LEAST)));
        let own = taken[taken.len() - 1];
        reduce(&mut left.cluster.hosts[broker.host.index()], own);
        if let Some(machine) = left.machines.get_mut(broker.host.index()) {
            reduce(machine, own);
        }
    }
    (left, taken)
}

fn reduce(host: &mut Host, [cpu, nic_in, nic_out, disk]: [f64; 4]) {
    let scale = |rate: &mut ByteRate, share: f64| {
        *rate = ByteRate::per_sec((rate.get() * (1.0 - share)).max(1.0));
    };
    host.speed *= 1.0 - cpu;
    scale(&mut host.nic_in, nic_in);
    scale(&mut host.nic_out, nic_out);
    for one in &mut host.disks {
        scale(&mut one.write, disk);
        scale(&mut one.read, disk);
    }
}

/// Utilisations of a run on what was left become those of the whole machines.
pub(super) fn add_back(run: &mut Run, scenario: &Scenario, taken: &Taken) {
    const NAMES: [&str; 4] =
        ["cpu_utilisation", "nic_in_utilisation", "nic_out_utilisation", "disk_utilisation"];
    for (broker, shares) in scenario.cluster.brokers.iter().zip(taken) {
        let entity = broker.node_id.to_string();
        for (name, share) in NAMES.iter().zip(shares) {
            let own = run.series.iter_mut().find(|one| one.name == *name && one.entity == entity);
            for (_, value) in own.into_iter().flat_map(|series| &mut series.points) {
                *value = share + (1.0 - share) * *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{LoadOptions, load};
    use crate::study::brokers::BrokerMove;

    #[test]
    fn a_copy_takes_its_rate_of_each_machine() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/quickstart.yaml");
        let scenario = load(file, &LoadOptions::default()).unwrap().scenario;
        let one = BrokerMove { into: Bytes::new(1 << 30), ..BrokerMove::default() };
        let two = BrokerMove { out: Bytes::new(1 << 30), ..BrokerMove::default() };
        let work = MoveWork { by_broker: vec![one, two, BrokerMove::default()], room: None };
        let throttle = ByteRate::per_sec(50.0 * 1_048_576.0);
        let (left, taken) = copying(&scenario, &work, Some(throttle));
        // 50 of 500 MiB/s of the network, 50 of 400 MiB/s of the disk.
        assert!((taken[0][1] - 0.1).abs() < 1e-12 && taken[0][2] == 0.0, "{taken:?}");
        assert!((taken[1][2] - 0.1).abs() < 1e-12 && taken[1][1] == 0.0, "{taken:?}");
        assert!((taken[0][3] - 0.125).abs() < 1e-12, "{taken:?}");
        assert!(taken[0][0] > 0.0 && taken[0][0] < 0.1, "{taken:?}");
        assert_eq!(taken[2], [0.0; 4]);
        let nic = |scenario: &Scenario, at: usize| scenario.cluster.hosts[at].nic_in.get();
        assert!((nic(&left, 0) / nic(&scenario, 0) - 0.9).abs() < 1e-12);
        assert_eq!(nic(&left, 2), nic(&scenario, 2));
        assert_eq!(left.machines[0].nic_in, left.cluster.hosts[0].nic_in);
    }
}
