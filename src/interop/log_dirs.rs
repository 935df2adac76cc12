//! The JSON of `kafka-log-dirs --describe`: bytes of every replica.
//!
//! Source: `LogDirsCommand`: two lines for people, then one line of JSON.

use super::text::{json_of, problem};
use crate::error::{Error, Result};
use crate::units::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One replica on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReplica {
    /// Topic.
    pub topic: String,
    /// Number of the partition.
    pub partition: u32,
    /// `node.id` of its broker.
    pub broker: u32,
    /// Path of the log dir.
    pub log_dir: String,
    /// Its size.
    pub bytes: Bytes,
}

/// Reads what the tool printed, its lines for people included.
///
/// # Errors
/// No JSON, broken JSON, or entries that are not what the tool writes.
pub fn read_log_dirs(file: &str, text: &str) -> Result<Vec<StoredReplica>> {
    // Lines for people go before; they are kept as empty lines, so that places stay right.
    let line = |line: &str| {
        if line.trim_start().starts_with('{') { line.to_owned() } else { String::new() }
    };
    let people = text.trim_start().starts_with('{');
    let bare: Vec<String> = text.lines().map(line).collect();
    let bare = if people { text.to_owned() } else { bare.join("\n") };
    let tree = json_of(file, &bare)?;
    let mut problems = Vec::new();
    let mut found = Vec::new();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for (at, broker) in list(tree.get("brokers")).iter().enumerate() {
        let id = broker.get("broker").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let Some(id) = id else {
            let what = broker.get("broker").map_or("nothing".into(), Value::to_string);
            problems.push(problem(file, &format!("brokers/{at}/broker"), what, "a broker id"));
            continue;
        };
        for dir in list(broker.get("logDirs")) {
            let name = dir.get("logDir").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (index, one) in list(dir.get("partitions")).iter().enumerate() {
                match replica(one, id, &name) {
                    Some(one) => found.extend(one),
                    None => problems.push(problem(
                        file,
                        &format!("brokers/{at}/logDirs/{name}/partitions/{index}"),
                        one.to_string(),
                        "partition `TOPIC-NUMBER` and a size",
                    )),
                }
            }
        }
    }
    if problems.is_empty() && found.is_empty() {
        problems.push(problem(file, "brokers", "no replica".into(), "what kafka-log-dirs prints"));
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::input(problems)) }
}

/// `Some(None)`: a copy that is to replace another one of the same broker, which does not count.
fn replica(one: &Value, broker: u32, log_dir: &str) -> Option<Option<StoredReplica>> {
    let (topic, number) = one.get("partition")?.as_str()?.rsplit_once('-')?;
    let bytes = Bytes::new(one.get("size")?.as_u64()?);
    let (topic, partition) = (topic.to_owned(), number.parse().ok()?);
    if one.get("isFuture").and_then(Value::as_bool) == Some(true) {
        return Some(None);
    }
    Some(Some(StoredReplica { topic, partition, broker, log_dir: log_dir.to_owned(), bytes }))
}

/// Replicas as the tool prints them.
pub fn log_dirs_json(replicas: &[StoredReplica]) -> String {
    let mut dirs: BTreeMap<(u32, &str), Vec<Value>> = BTreeMap::new();
    for one in replicas {
        dirs.entry((one.broker, &one.log_dir)).or_default().push(json!({
            "partition": format!("{}-{}", one.topic, one.partition),
            "size": one.bytes.get(),
            "offsetLag": 0,
            "isFuture": false,
        }));
    }
    let mut brokers: BTreeMap<u32, Vec<Value>> = BTreeMap::new();
    for ((broker, log_dir), partitions) in dirs {
        let dir = json!({"logDir": log_dir, "error": null, "partitions": partitions});
        brokers.entry(broker).or_default().push(dir);
    }
    let brokers: Vec<Value> =
        brokers.into_iter().map(|(id, dirs)| json!({"broker": id, "logDirs": dirs})).collect();
    format!("{}\n", json!({"version": 1, "brokers": brokers}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tool_prints_is_read_and_written() {
        let text = "Querying brokers for log directories information\n\
            Received log directory information from brokers 1\n\
            {\"version\":1,\"brokers\":[{\"broker\":1,\"logDirs\":[{\"logDir\":\"/d\",\
            \"error\":null,\
            \"partitions\":[{\"partition\":\"a-b-0\",\"size\":12,\"offsetLag\":0,\
            \"isFuture\":false},\
            {\"partition\":\"a-b-0\",\"size\":3,\"offsetLag\":0,\"isFuture\":true}]}]}]}\n";
        let all = read_log_dirs("l.json", text).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].topic.as_str(), all[0].partition, all[0].bytes.get()), ("a-b", 0, 12));
        assert_eq!(read_log_dirs("l.json", &log_dirs_json(&all)).unwrap(), all);
    }

    #[test]
    fn half_written_output_is_refused_with_its_line() {
        let text = "Querying\nReceived\n{\"version\":1,\"brokers\":[{\"broker\":1,";
        let error = read_log_dirs("l.json", text).unwrap_err();
        assert!(error.to_string().starts_with("l.json:3:"), "{error}");
        let error = read_log_dirs("l.json", "{\"version\":1,\"brokers\":[]}").unwrap_err();
        assert!(error.to_string().contains("no replica"), "{error}");
    }
}
