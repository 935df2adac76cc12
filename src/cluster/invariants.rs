//! Named checks that hold at every instant; engines and tests call them.

use super::Cluster;
use std::fmt;

/// An invariant that does not hold, named with the thing that breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's name.
    pub invariant: &'static str,
    /// The entity that breaks it.
    pub entity: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not hold for {}", self.invariant, self.entity)
    }
}

impl Cluster {
    /// All invariants of the state that do not hold; empty for a sound cluster.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for (index, partition) in self.partitions.iter().enumerate() {
            let brokers: Vec<_> = partition.replicas.iter().map(|r| r.broker).collect();
            let mut check = |invariant: &'static str, holds: bool| {
                if !holds {
                    let topic = &self.topic(partition.topic).name;
                    let entity = format!("{topic}-{} (index {index})", partition.number);
                    found.push(Violation { invariant, entity });
                }
            };
            check("ISR ⊆ replicas", partition.isr.iter().all(|b| brokers.contains(b)));
            check(
                "the leader is in sync",
                partition.leader.is_none_or(|b| partition.isr.contains(&b)),
            );
            let distinct = brokers.iter().enumerate().all(|(i, b)| !brokers[..i].contains(b));
            check("a broker holds at most one replica", distinct);
            let dirs_exist = partition.replicas.iter().all(|r| {
                let broker = self.brokers.get(r.broker.index());
                broker.is_some_and(|b| (r.log_dir as usize) < b.log_dirs.len())
            });
            check("every replica lives in a log dir", dirs_exist);
        }
        found
    }
}
