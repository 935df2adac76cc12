//! What an operator may want to change, and what cannot be.

use crate::cluster::{GroupId, TopicId};
use crate::error::{Error, Result};
use crate::scenario::{MOST_REPLICAS, Scenario};
use crate::study::brokers::BrokerQuestion;

/// A change of a cluster.
#[derive(Debug, Clone)]
pub enum Change {
    /// Brokers join or leave, or replicas move between those there are.
    Brokers(BrokerQuestion),
    /// A topic gets partitions.
    Partitions {
        /// The topic.
        topic: TopicId,
        /// Partitions that it shall have.
        count: u32,
    },
    /// A group gets or loses members.
    Members {
        /// The group.
        group: GroupId,
        /// Members that it shall have.
        count: u32,
    },
}

/// Members of a group, at most.
const MOST_MEMBERS: u32 = 100_000;

/// Refuses what cannot be, with the nearest that can.
///
/// # Errors
/// Nothing changes; fewer partitions; no member; more replicas or members than are simulated. What
/// a placement needs is checked when it is made.
pub fn check(scenario: &Scenario, change: &Change) -> Result<()> {
    match change {
        Change::Brokers(_) => Ok(()),
        Change::Partitions { topic, count } => {
            let topic = scenario.cluster.topic(*topic);
            let (name, old) = (&topic.name, topic.partitions);
            if *count < old {
                return Err(Error::usage(format!(
                    "{name} has {old} partitions: Kafka can add partitions, never take them away; \
                     the nearest is {}",
                    old + 1
                )));
            }
            if *count == old {
                return Err(Error::usage(format!(
                    "{name} has {old} partitions already; the nearest is {}",
                    old + 1
                )));
            }
            let others: u64 = scenario.cluster.partitions.len() as u64 - u64::from(old);
            let each = u64::from(topic.replication_factor);
            if (others + u64::from(*count)).saturating_mul(each) > MOST_REPLICAS {
                return Err(Error::usage(format!(
                    "{count} partitions of {name}: at most {MOST_REPLICAS} replicas are simulated"
                )));
            }
            Ok(())
        }
        Change::Members { group, count } => {
            let group = &scenario.groups[group.index()];
            let (name, old) = (&group.name, group.members);
            if *count == 0 {
                let words = "nobody would read; the nearest is 1";
                return Err(Error::usage(format!("0 members of {name}: {words}")));
            }
            if *count == old {
                let words = format!("{name} has {old} members already; the nearest is {}", old + 1);
                return Err(Error::usage(words));
            }
            if *count > MOST_MEMBERS {
                let words = format!("{count} members of {name}: the nearest is {MOST_MEMBERS}");
                return Err(Error::usage(words));
            }
            Ok(())
        }
    }
}
