//! How long a move takes, before it starts.
//!
//! A throttle limits what a broker receives of, and sends to, replicas that move, what producers
//! append meanwhile included. So a copy of B bytes at a broker whose moving partitions take in r
//! ends after B / (throttle − r), and never where the throttle is not above r. Brokers copy at the
//! same time; the last one ends the move. Source: KIP-73.

use crate::cluster::{BrokerId, Cluster};
use crate::model::placement::{PlacementPartition, PlacementPlan};
use crate::units::{ByteRate, Bytes, SimSpan};

/// What one broker receives and sends in a move.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BrokerMove {
    /// Bytes that it gets.
    pub into: Bytes,
    /// What producers append meanwhile to the partitions that it gets.
    pub into_ingress: ByteRate,
    /// Bytes that it sends as leader.
    pub out: Bytes,
    /// What producers append meanwhile to the partitions that it sends.
    pub out_ingress: ByteRate,
}

/// A move, by broker.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MoveWork {
    /// In the order of the brokers.
    pub by_broker: Vec<BrokerMove>,
    /// What the network and the disks leave to the move at the mean load, the tightest broker's.
    pub room: Option<ByteRate>,
}

impl MoveWork {
    /// The work of a plan. Copies are read from the leader.
    pub fn of(plan: &PlacementPlan, partitions: &[PlacementPartition], cluster: &Cluster) -> Self {
        let changes: Vec<usize> = (0..plan.changes.len()).collect();
        let mut work = Self::of_some(plan, partitions, &changes);
        let left = |(index, one): (usize, &BrokerMove)| {
            let host = cluster.host(cluster.brokers[index].host);
            let load = plan.before[index];
            let [_, in_rate, out_rate, ..] = load.by_resource;
            let disks: f64 = host.disks.iter().map(|disk| disk.write.get()).sum();
            let into = host.nic_in.get().min(disks) - in_rate;
            let out = host.nic_out.get() - out_rate;
            let into = if one.into > Bytes::ZERO { into } else { f64::INFINITY };
            let out = if one.out > Bytes::ZERO { out } else { f64::INFINITY };
            into.min(out)
        };
        let room = work.by_broker.iter().enumerate().map(left).fold(f64::INFINITY, f64::min);
        work.room = room.is_finite().then(|| ByteRate::per_sec(room.max(0.0)));
        work
    }

    fn of_some(plan: &PlacementPlan, partitions: &[PlacementPartition], some: &[usize]) -> Self {
        let mut by_broker = vec![BrokerMove::default(); plan.before.len()];
        for change in some.iter().map(|index| &plan.changes[*index]) {
            let one = &partitions[change.partition];
            for to in change.arriving() {
                let broker = &mut by_broker[to.index()];
                broker.into += one.bytes;
                broker.into_ingress = broker.into_ingress + one.ingress;
                if let Some(leader) = change.old.first() {
                    let broker = &mut by_broker[leader.index()];
                    broker.out += one.bytes;
                    broker.out_ingress = broker.out_ingress + one.ingress;
                }
            }
        }
        Self { by_broker, room: None }
    }

    /// The throttle above which the move ends.
    pub fn least_throttle(&self) -> ByteRate {
        let rates = self.by_broker.iter().flat_map(|one| [one.into_ingress, one.out_ingress]);
        ByteRate::per_sec(rates.map(ByteRate::get).fold(0.0, f64::max))
    }

    /// How long the move takes under a throttle; without one the room decides. `None`: never.
    pub fn lasts(&self, throttle: Option<ByteRate>) -> Option<SimSpan> {
        let rate = match (throttle, self.room) {
            (Some(throttle), Some(room)) => throttle.get().min(room.get()),
            (Some(one), None) | (None, Some(one)) => one.get(),
            (None, None) => return Some(SimSpan::ZERO),
        };
        let mut longest = SimSpan::ZERO;
        for one in &self.by_broker {
            for (bytes, ingress) in [(one.into, one.into_ingress), (one.out, one.out_ingress)] {
                if bytes == Bytes::ZERO {
                    continue;
                }
                let left = rate - ingress.get();
                if left <= 0.0 {
                    return None;
                }
                longest = longest.max(bytes / ByteRate::per_sec(left));
            }
        }
        Some(longest)
    }
}

/// Changes that are made together.
#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    /// Indices of the plan's changes.
    pub changes: Vec<usize>,
    /// What it is made of.
    pub work: MoveWork,
}

/// Cuts a plan into waves in which no broker gets or sends more than `most` replicas. Changes that
/// copy nothing come first, in a wave of their own.
pub fn waves(
    plan: &PlacementPlan,
    partitions: &[PlacementPartition],
    work: &MoveWork,
    most: u32,
) -> Vec<Wave> {
    let copies = |index: usize| plan.changes[index].arriving().count();
    let (mut copying, still): (Vec<usize>, Vec<usize>) =
        (0..plan.changes.len()).partition(|index| copies(*index) > 0);
    // The largest first: a wave's members then end at about the same time.
    let bytes = |index: usize| partitions[plan.changes[index].partition].bytes;
    copying.sort_by(|a, b| bytes(*b).cmp(&bytes(*a)).then(a.cmp(b)));
    let mut lists: Vec<(Vec<usize>, Vec<u32>)> = Vec::new();
    let mut first_open = 0;
    for index in copying {
        let change = &plan.changes[index];
        let touched: Vec<BrokerId> = change.arriving().chain(change.old.first().copied()).collect();
        let fits = |counts: &[u32]| touched.iter().all(|one| counts[one.index()] < most);
        while lists.get(first_open).is_some_and(|(_, counts)| counts.iter().all(|n| *n >= most)) {
            first_open += 1;
        }
        let open = lists[first_open..].iter().position(|(_, counts)| fits(counts));
        let at = open.map_or(lists.len(), |at| at + first_open);
        if at == lists.len() {
            lists.push((Vec::new(), vec![0; plan.before.len()]));
        }
        let (list, counts) = &mut lists[at];
        list.push(index);
        for one in touched {
            counts[one.index()] += 1;
        }
    }
    let lists = lists.into_iter().map(|(list, _)| list);
    let all = std::iter::once(still).filter(|list| !list.is_empty()).chain(lists);
    all.map(|changes| {
        let mut own = MoveWork::of_some(plan, partitions, &changes);
        own.room = work.room;
        Wave { changes, work: own }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    fn two_tib() -> MoveWork {
        let into = BrokerMove {
            into: Bytes::new(2 << 40),
            into_ingress: ByteRate::per_sec(40.0 * MIB),
            ..BrokerMove::default()
        };
        MoveWork { by_broker: vec![BrokerMove::default(), into], room: None }
    }

    #[test]
    fn two_tebibytes_under_ingress_by_hand() {
        let work = two_tib();
        let throttle = |mib: f64| Some(ByteRate::per_sec(mib * MIB));
        assert_eq!(work.lasts(throttle(30.0)), None);
        assert_eq!(work.lasts(throttle(40.0)), None);
        assert_eq!(work.least_throttle().get(), 40.0 * MIB);
        let seconds = work.lasts(throttle(100.0)).unwrap().as_secs_f64();
        assert!((seconds / (2_097_152.0 / 60.0) - 1.0).abs() < 1e-6, "{seconds}");
    }

    #[test]
    fn the_network_ends_what_a_throttle_allows() {
        let work = MoveWork { room: Some(ByteRate::per_sec(140.0 * MIB)), ..two_tib() };
        let seconds = work.lasts(None).unwrap().as_secs_f64();
        assert!((seconds / (2_097_152.0 / 100.0) - 1.0).abs() < 1e-6, "{seconds}");
    }
}
