//! Which replica a consumer fetches from (KIP-392).
//!
//! # Equation
//! Without a selector, and without a replica in the client's rack, the leader. Otherwise the leader
//! if it is in that rack, or else the in-sync replica there with the greatest id.
//! # Assumes
//! In-sync replicas have the same log end: among those the broker's id decides.
//! # Breaks
//! A replica outside the ISR may be chosen by Kafka as long as it has what the client asks for. The
//! choice is told by the leader in the answer to a first fetch and again every
//! `metadata.max.age.ms`; that one fetch more in five minutes is not in the model.
//! # Source
//! Kafka's `RackAwareReplicaSelector`, `ReplicaView.comparator` and
//! `Partition.findPreferredReadReplica`.

use crate::cluster::BrokerId;

/// The class that `replica.selector.class` has to name.
pub const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/// The replica that a client in a rack is told to fetch from.
pub fn preferred_read_replica(
    leader: BrokerId,
    in_sync: &[BrokerId],
    in_rack: impl Fn(BrokerId) -> bool,
) -> BrokerId {
    if in_rack(leader) {
        return leader;
    }
    in_sync.iter().copied().filter(|broker| in_rack(*broker)).max().unwrap_or(leader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leader_comes_first_then_the_greatest_id_of_the_rack() {
        let [a, b, c] = [0, 1, 2].map(BrokerId::from_index);
        let all = [a, b, c];
        assert_eq!(preferred_read_replica(a, &all, |_| true), a);
        assert_eq!(preferred_read_replica(a, &all, |one| one != a), c);
        assert_eq!(preferred_read_replica(a, &[a, b], |one| one != a), b);
        assert_eq!(preferred_read_replica(a, &all, |_| false), a);
    }
}
