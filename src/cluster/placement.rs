//! Who holds what.

use super::{BrokerId, Cluster, Replica};
use crate::chance::Stream;
use std::fmt;

/// A broker that can take replicas, with its rack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// The broker.
    pub broker: BrokerId,
    /// Its rack.
    pub rack: &'a str,
}

/// Why replicas cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlacementError {
    /// More replicas than brokers.
    TooFewBrokers {
        /// Replicas asked for.
        replicas: u32,
        /// Brokers there are.
        brokers: usize,
    },
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooFewBrokers { replicas, brokers } = self;
        write!(f, "{replicas} replicas do not fit on {brokers} brokers")
    }
}

impl std::error::Error for PlacementError {}

/// Places the replicas of `partitions` new partitions as the `KRaft` controller does
/// (`StripedReplicaPlacer`). The result holds one list of brokers per partition, the preferred
/// leader first.
///
/// Racks are visited in the order of their names, starting at a random one and advancing by one
/// for each partition; within a rack the brokers, in the order of their ids, are visited likewise.
/// So leaders and replicas are spread over racks first and brokers second.
pub fn place_striped(
    slots: &[Slot<'_>],
    partitions: u32,
    replication_factor: u32,
    chance: &mut Stream,
) -> Result<Vec<Vec<BrokerId>>, PlacementError> {
    if slots.len() < replication_factor as usize {
        return Err(PlacementError::TooFewBrokers {
            replicas: replication_factor,
            brokers: slots.len(),
        });
    }
    let mut racks = Racks::new(slots, chance);
    Ok((0..partitions).map(|_| racks.place(replication_factor as usize)).collect())
}

/// The racks and where the next partition starts in each.
struct Racks {
    racks: Vec<Rack>,
    offset: usize,
}

struct Rack {
    brokers: Vec<BrokerId>,
    offset: usize,
}

impl Racks {
    fn new(slots: &[Slot<'_>], chance: &mut Stream) -> Self {
        let mut names: Vec<&str> = slots.iter().map(|slot| slot.rack).collect();
        names.sort_unstable();
        names.dedup();
        let mut racks: Vec<Rack> = names
            .into_iter()
            .map(|name| {
                let mut brokers: Vec<BrokerId> =
                    slots.iter().filter(|slot| slot.rack == name).map(|slot| slot.broker).collect();
                brokers.sort_unstable();
                Rack { brokers, offset: 0 }
            })
            .collect();
        for rack in &mut racks {
            rack.offset = chance.index(rack.brokers.len());
        }
        let offset = chance.index(racks.len());
        Self { racks, offset }
    }

    /// One partition: go round the racks, taking the next unused broker of each.
    fn place(&mut self, replicas: usize) -> Vec<BrokerId> {
        let count = self.racks.len();
        let mut taken = vec![0; count];
        let mut chosen = Vec::with_capacity(replicas);
        let mut turn = 0;
        while chosen.len() < replicas {
            let index = (self.offset + turn) % count;
            turn += 1;
            let rack = &self.racks[index];
            if taken[index] < rack.brokers.len() {
                chosen.push(rack.brokers[(rack.offset + taken[index]) % rack.brokers.len()]);
                taken[index] += 1;
            }
        }
        self.offset = (self.offset + 1) % count;
        for rack in &mut self.racks {
            rack.offset = (rack.offset + 1) % rack.brokers.len();
        }
        chosen
    }
}

/// Puts each replica into the log dir of its broker that holds the fewest, as a broker does for a
/// new partition; ties go to the first dir. `held[broker][dir]` counts what is there already and is
/// updated.
pub fn spread_log_dirs(
    cluster: &Cluster,
    brokers: &[BrokerId],
    held: &mut [Vec<u32>],
) -> Vec<Replica> {
    brokers
        .iter()
        .map(|broker| {
            let dirs = &mut held[broker.index()];
            dirs.resize(cluster.broker(*broker).log_dirs.len(), 0);
            let log_dir = (0..dirs.len()).min_by_key(|dir| dirs[*dir]).unwrap_or(0);
            dirs[log_dir] += 1;
            Replica { broker: *broker, log_dir: log_dir as u32 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Seed};

    fn slots(racks: &[&'static str]) -> Vec<Slot<'static>> {
        let slot = |(index, rack): (usize, &&'static str)| Slot {
            broker: BrokerId::from_index(index),
            rack,
        };
        racks.iter().enumerate().map(slot).collect()
    }

    #[test]
    fn replicas_span_racks_and_leaders_are_even() {
        let mut chance = Chance::new(Seed::new(5), 0).stream("placement", "orders");
        let slots = slots(&["a", "a", "b", "b", "c", "c"]);
        let placed = place_striped(&slots, 12, 3, &mut chance).unwrap();
        let mut leaders = [0; 6];
        for replicas in &placed {
            let mut racks: Vec<&str> = replicas.iter().map(|b| slots[b.index()].rack).collect();
            racks.sort_unstable();
            assert_eq!(racks, ["a", "b", "c"]);
            leaders[replicas[0].index()] += 1;
        }
        assert_eq!(leaders.iter().sum::<i32>(), 12);
        assert!(leaders.iter().all(|count| (1..=3).contains(count)), "{leaders:?}");
    }

    #[test]
    fn too_few_brokers_are_named() {
        let mut chance = Chance::new(Seed::new(5), 0).stream("placement", "orders");
        let error = place_striped(&slots(&["a", "b"]), 1, 3, &mut chance).unwrap_err();
        assert_eq!(error.to_string(), "3 replicas do not fit on 2 brokers");
    }

    #[test]
    fn one_rack_larger_than_the_others_still_places_distinct_brokers() {
        let mut chance = Chance::new(Seed::new(6), 0).stream("placement", "orders");
        let placed = place_striped(&slots(&["a", "a", "a", "b"]), 8, 4, &mut chance).unwrap();
        for mut replicas in placed {
            replicas.sort_unstable();
            replicas.dedup();
            assert_eq!(replicas.len(), 4);
        }
    }
}
