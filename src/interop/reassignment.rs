//! The JSON of `kafka-reassign-partitions`, and `kafka-topics --describe` text.
//!
//! Source: KIP-36 and `ReassignPartitionsCommand` (version 1: topic, partition, replicas with the
//! preferred leader first, optional log dirs of the same length, `any` or an absolute path).

use super::text::{problem, wrong};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::scenario::Assignment;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The assignments as the tool reads them: `any` log dir for each replica.
pub fn reassignment_json(assignments: &[Assignment]) -> String {
    let one = |one: &Assignment| {
        json!({
            "topic": one.topic,
            "partition": one.partition,
            "replicas": one.replicas,
            "log_dirs": vec!["any"; one.replicas.len()],
        })
    };
    let partitions: Vec<Value> = assignments.iter().map(one).collect();
    format!("{:#}\n", json!({"version": 1, "partitions": partitions}))
}

/// The placement of a cluster.
pub fn assignments_of(cluster: &Cluster) -> Vec<Assignment> {
    let all = cluster.partitions.iter().enumerate();
    let of = |index, replicas: &[crate::cluster::Replica]| {
        Assignment::of(cluster, index, replicas.iter().map(|one| one.broker))
    };
    all.map(|(index, partition)| of(index, &partition.replicas)).collect()
}

/// What a reassignment asks that a cluster does not have, or has already: topics and partitions
/// that are unknown, brokers that are unknown, fewer replicas than `min.insync.replicas`, replicas
/// that are there already.
pub fn check_reassignment(file: &str, wanted: &[Assignment], cluster: &Cluster) -> Result<()> {
    let current: BTreeMap<(String, u32), Vec<u32>> = assignments_of(cluster)
        .into_iter()
        .map(|one| ((one.topic, one.partition), one.replicas))
        .collect();
    let ids: BTreeSet<u32> = cluster.brokers.iter().map(|broker| broker.node_id).collect();
    let known = ids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let mut problems = Vec::new();
    for (index, one) in wanted.iter().enumerate() {
        let path = format!("partitions/{index}");
        let name = format!("{}-{}", one.topic, one.partition);
        let Some(old) = current.get(&(one.topic.clone(), one.partition)) else {
            let found = format!("the unknown partition {name}");
            let topics = cluster.topics.iter().map(|topic| topic.name.as_str());
            let allowed = "a partition of the cluster";
            problems.push(wrong(file, &path, found, allowed, &one.topic, topics));
            continue;
        };
        for broker in one.replicas.iter().filter(|broker| !ids.contains(broker)) {
            let path = format!("{path}/replicas");
            let nearest = ids.iter().min_by_key(|id| id.abs_diff(*broker)).map(u32::to_string);
            let allowed = format!("one of {known}");
            let mut one = problem(file, &path, format!("the unknown broker {broker}"), &allowed);
            one.nearest = nearest;
            problems.push(one);
        }
        let topic = cluster.topics.iter().find(|topic| topic.name == one.topic);
        let least = topic.map_or(1, |topic| topic.settings.min_insync_replicas) as usize;
        if one.replicas.len() < least {
            let found = format!("{} replicas of {name}", one.replicas.len());
            let allowed = format!("at least min.insync.replicas, {least}");
            problems.push(problem(file, &format!("{path}/replicas"), found, &allowed));
        }
        if *old == one.replicas {
            let found = format!("{name} on {old:?}, where it is already");
            problems.push(problem(file, &path, found, "only partitions that change"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}

/// What `kafka-topics --describe` prints of a cluster.
pub fn describe_text(cluster: &Cluster) -> String {
    let mut text = String::new();
    for topic in &cluster.topics {
        text.push_str(&format!(
            "Topic: {}\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: \
             min.insync.replicas={}\n",
            topic.name,
            topic.partitions,
            topic.replication_factor,
            topic.settings.min_insync_replicas
        ));
        let first = topic.first.index();
        for partition in &cluster.partitions[first..first + topic.partitions as usize] {
            let id = |broker| cluster.broker(broker).node_id.to_string();
            let list = |brokers: Vec<String>| brokers.join(",");
            text.push_str(&format!(
                "\tTopic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\n",
                topic.name,
                partition.number,
                partition.leader.map_or("none".into(), id),
                list(partition.replicas.iter().map(|one| id(one.broker)).collect()),
                list(partition.isr.iter().map(|one| id(*one)).collect()),
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::read_reassignment;

    #[test]
    fn a_reassignment_goes_out_and_comes_back() {
        let all = vec![
            Assignment { topic: "orders".into(), partition: 0, replicas: vec![1, 2, 4] },
            Assignment { topic: "a \"b\"".into(), partition: 7, replicas: vec![4] },
        ];
        let text = reassignment_json(&all);
        assert_eq!(read_reassignment("r.json", &text).unwrap(), all);
    }
}
