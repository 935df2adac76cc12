//! Where replicas are, as Kafka's tools write it: the JSON of `kafka-reassign-partitions`, and
//! `kafka-topics --describe` text.
//!
//! Source: KIP-36 and `ReassignPartitionsCommand` (version 1: topic, partition, replicas with the
//! preferred leader first, optional log dirs of the same length, `any` or an absolute path).

use super::foreign::{json_of, problem};
use crate::cluster::{BrokerId, Cluster};
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeSet;

/// Where the replicas of one partition are, by `node.id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Topic.
    pub topic: String,
    /// Number of the partition.
    pub partition: u32,
    /// Brokers, the preferred leader first.
    pub replicas: Vec<u32>,
}

impl Assignment {
    /// A partition of a cluster on these brokers.
    pub fn of(
        cluster: &Cluster,
        index: usize,
        brokers: impl IntoIterator<Item = BrokerId>,
    ) -> Self {
        let partition = &cluster.partitions[index];
        Self {
            topic: cluster.topic(partition.topic).name.clone(),
            partition: partition.number,
            replicas: brokers.into_iter().map(|one| cluster.broker(one).node_id).collect(),
        }
    }
}

/// Reads either form, told apart by how it begins.
///
/// # Errors
/// Those of [`read_reassignment`] or [`read_describe`].
pub fn read_placement(file: &str, text: &str) -> Result<Vec<Assignment>> {
    if text.trim_start().starts_with('{') {
        read_reassignment(file, text)
    } else {
        read_describe(file, text)
    }
}

/// Reads a reassignment.
///
/// # Errors
/// Broken JSON with its place; another version, no replicas, a broker twice, a partition twice,
/// log dirs that do not match: all of them at once.
pub fn read_reassignment(file: &str, text: &str) -> Result<Vec<Assignment>> {
    let tree = json_of(file, text)?;
    let mut problems = Vec::new();
    if tree.get("version").and_then(Value::as_u64) != Some(1) {
        let found = tree.get("version").map_or("nothing".into(), Value::to_string);
        problems.push(problem(file, "version", found, "1"));
    }
    let list = tree.get("partitions").and_then(Value::as_array);
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        problems.push(problem(file, "partitions", "none".into(), "a list of partitions"));
        return Err(Error::input(problems));
    };
    let mut assignments = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, entry) in list.iter().enumerate() {
        let path = format!("partitions/{index}");
        match assignment(entry) {
            Ok(one) => {
                if !seen.insert((one.topic.clone(), one.partition)) {
                    let found = format!("{}-{} a second time", one.topic, one.partition);
                    problems.push(problem(file, &path, found, "each partition once"));
                }
                assignments.push(one);
            }
            Err((key, allowed)) => {
                let found = entry.get(key).map_or("nothing".into(), Value::to_string);
                problems.push(problem(file, &format!("{path}/{key}"), found, allowed));
            }
        }
    }
    if problems.is_empty() { Ok(assignments) } else { Err(Error::input(problems)) }
}

fn whole(value: Option<&Value>) -> Option<u32> {
    value.and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok())
}

fn assignment(entry: &Value) -> Result<Assignment, (&'static str, &'static str)> {
    let topic = entry.get("topic").and_then(Value::as_str).filter(|name| !name.is_empty());
    let topic = topic.ok_or(("topic", "the name of a topic"))?.to_owned();
    let partition = whole(entry.get("partition")).ok_or(("partition", "a number from 0"))?;
    let replicas: Option<Vec<u32>> = entry
        .get("replicas")
        .and_then(Value::as_array)
        .and_then(|list| list.iter().map(|one| whole(Some(one))).collect());
    let distinct = |list: &Vec<u32>| list.iter().collect::<BTreeSet<_>>().len() == list.len();
    let replicas = replicas
        .filter(|list| !list.is_empty() && distinct(list))
        .ok_or(("replicas", "a list of different broker ids, at least one"))?;
    if let Some(dirs) = entry.get("log_dirs") {
        let known =
            |dir: &Value| dir.as_str().is_some_and(|dir| dir == "any" || dir.starts_with('/'));
        let dirs = dirs.as_array().filter(|dirs| dirs.len() == replicas.len());
        if !dirs.is_some_and(|dirs| dirs.iter().all(known)) {
            return Err(("log_dirs", "one for each replica, `any` or an absolute path"));
        }
    }
    Ok(Assignment { topic, partition, replicas })
}

/// Reads what `kafka-topics --describe` printed: the lines of partitions.
///
/// # Errors
/// No such line, or one whose replicas are not numbers, with its line.
pub fn read_describe(file: &str, text: &str) -> Result<Vec<Assignment>> {
    let mut assignments = Vec::new();
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let field = |name: &str| {
            let mut fields = line.split('\t').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix(':').map(str::trim))
        };
        let (Some(topic), Some(number)) = (field("Topic"), field("Partition")) else { continue };
        let replicas: Option<Vec<u32>> = field("Replicas")
            .and_then(|list| list.split(',').map(|id| id.trim().parse().ok()).collect());
        match (number.parse(), replicas) {
            (Ok(partition), Some(replicas)) => {
                assignments.push(Assignment { topic: topic.to_owned(), partition, replicas });
            }
            _ => {
                let mut one = problem(
                    file,
                    "",
                    format!("`{}`", line.trim()),
                    "Partition and Replicas with numbers",
                );
                (one.place.line, one.place.column) = (index + 1, 1);
                problems.push(one);
            }
        }
    }
    if problems.is_empty() && assignments.is_empty() {
        let allowed = "lines such as `Topic: t  Partition: 0  Leader: 1  Replicas: 1,2  Isr: 1,2` \
            with tabs, as kafka-topics --describe prints them";
        problems.push(problem(file, "", "no partition".into(), allowed));
    }
    if problems.is_empty() { Ok(assignments) } else { Err(Error::input(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_reassignments_are_told_all_at_once() {
        for (text, words) in [
            ("{\"version\":1,\"partitions\":[{\"topic\":\"t\",", vec!["r.json:1:", "whole JSON"]),
            (
                "{\"version\":2,\"partitions\":[]}",
                vec!["version: found 2", "partitions: found none"],
            ),
            (
                "{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\
                 \"replicas\":[1,1]},\
                 {\"topic\":\"t\",\"partition\":-1,\"replicas\":[1]}]}",
                vec!["partitions/0/replicas: found [1,1]", "partitions/1/partition: found -1"],
            ),
            (
                "{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"replicas\":[1],\
                 \"log_dirs\":[\"x\"]},{\"topic\":\"t\",\"partition\":0,\"replicas\":[2]}]}",
                vec!["partitions/0/log_dirs: found [\"x\"]"],
            ),
        ] {
            let error = read_reassignment("r.json", text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            for word in words {
                assert!(error.to_string().contains(word), "{error}");
            }
        }
    }

    #[test]
    fn describe_text_is_read_line_by_line() {
        let text = "Topic: t\tTopicId: x\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: \n\
            \tTopic: t\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\tElr: \tLastKnownElr: \n\
            \tTopic: t\tPartition: 1\tLeader: 2\tReplicas: 2,1\tIsr: 2,1\n";
        let all = read_describe("d.txt", text).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], Assignment { topic: "t".into(), partition: 1, replicas: vec![2, 1] });
        let error = read_describe("d.txt", "\tTopic: t\tPartition: 1\tReplicas: x\n").unwrap_err();
        assert!(error.to_string().starts_with("d.txt:1:1"), "{error}");
        assert!(read_describe("d.txt", "hello\n").is_err());
    }
}
