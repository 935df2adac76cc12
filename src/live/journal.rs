//! The journal: what was about to be created, on the disk before it is created.

use super::Security;
use super::cluster::{Admin, rdkafka_words};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Every topic and group of kafsim begins so.
pub(super) const PREFIX: &str = "kafsim-";

/// An append-only file of JSON lines, mode 0600, forced to the disk line by line.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    run: String,
}

/// What a journal says is still there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Addresses of the cluster.
    pub bootstrap: String,
    /// Topics that may exist.
    pub topics: BTreeSet<String>,
    /// Groups that may exist.
    pub groups: BTreeSet<String>,
}

impl Journal {
    /// Begins a journal; a file that exists already is refused, it may name topics of another run.
    ///
    /// # Errors
    /// The file exists, or the disk is full.
    pub fn begin(path: &Path, run: &str, bootstrap: &str) -> Result<Self> {
        let mut options = File::options();
        // A device is not a journal that somebody else has begun.
        let special = path.metadata().is_ok_and(|found| !found.is_file());
        options.append(true).create(special).create_new(!special);
        private(&mut options);
        let file =
            options.open(path).map_err(|error| Error::io("begin the journal", path, error))?;
        let mut journal = Self { file, path: path.to_owned(), run: run.to_owned() };
        journal.write(&json!({"kafsim": "journal/1", "run": run, "bootstrap": bootstrap}))?;
        Ok(journal)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// States that a topic will be created; returns when that is on the disk.
    pub fn will_create(&mut self, topic: &str) -> Result<()> {
        self.write(&json!({"will_create": topic}))
    }
    /// States that a group will be joined.
    pub fn will_join(&mut self, group: &str) -> Result<()> {
        self.write(&json!({"will_join": group}))
    }
    /// States that a topic is gone.
    pub fn deleted(&mut self, topic: &str) -> Result<()> {
        self.write(&json!({"deleted": topic}))
    }
    /// States that a group is gone.
    pub fn left(&mut self, group: &str) -> Result<()> {
        self.write(&json!({"left": group}))
    }
    /// The run's id, part of every name.
    pub fn run(&self) -> &str {
        &self.run
    }

    fn write(&mut self, entry: &Value) -> Result<()> {
        let line = format!("{entry}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| Error::io("write the journal", &self.path, error))
    }
}

#[cfg(unix)]
fn private(options: &mut std::fs::OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}
#[cfg(not(unix))]
fn private(_options: &mut std::fs::OpenOptions) {}

impl Left {
    /// Reads a journal; a last line that was cut off by a crash is ignored, and so is every name
    /// that does not carry the prefix and the run's id.
    ///
    /// # Errors
    /// No file, or not a journal.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
        let mut lines = text.lines().map_while(|line| serde_json::from_str::<Value>(line).ok());
        let wrong = || Error::usage(format!("{} is no journal of kafsim", path.display()));
        let head = lines.next().ok_or_else(wrong)?;
        let (Some("journal/1"), Some(run)) = (head["kafsim"].as_str(), head["run"].as_str()) else {
            return Err(wrong());
        };
        let own = format!("{PREFIX}{run}-");
        let mut left = Self {
            bootstrap: head["bootstrap"].as_str().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for line in lines {
            let name = |key: &str| line[key].as_str().filter(|name| name.starts_with(&own));
            left.topics.extend(name("will_create").map(str::to_owned));
            left.groups.extend(name("will_join").map(str::to_owned));
            if let Some(gone) = name("deleted") {
                left.topics.remove(gone);
            }
            if let Some(gone) = name("left") {
                left.groups.remove(gone);
            }
        }
        Ok(left)
    }
}

/// Deletes what a journal says is still there; `bootstrap` replaces the journal's addresses.
/// Returns the names that are gone.
///
/// # Errors
/// No journal, no cluster, or a topic that cannot be deleted.
pub fn cleanup(path: &Path, bootstrap: Option<&str>, security: &Security) -> Result<Vec<String>> {
    let left = Left::read(path)?;
    if left.topics.is_empty() && left.groups.is_empty() {
        return Ok(Vec::new());
    }
    let address = bootstrap.unwrap_or(&left.bootstrap);
    if address == "mock" {
        // The mock ended with its process, and everything in it.
        return Ok(left.topics.into_iter().collect());
    }
    let admin = Admin::connect(address, security)?;
    let file = File::options().append(true).open(path);
    let file = file.map_err(|error| Error::io("open", path, error))?;
    let mut journal = Journal { file, path: path.to_owned(), run: String::new() };
    let mut gone = Vec::new();
    for group in left.groups {
        // A group without members and offsets may not exist any more.
        let _absent = admin.delete_group(&group);
        journal.left(&group)?;
    }
    for topic in left.topics {
        admin
            .delete_topic(&topic)
            .map_err(|error| Error::runtime(format!("{topic}: {}", rdkafka_words(&error))))?;
        journal.deleted(&topic)?;
        gone.push(topic);
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_that_were_not_deleted_are_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::begin(&path, "ab12", "127.0.0.1:1").unwrap();
        for topic in ["kafsim-ab12-0", "kafsim-ab12-1", "orders", "kafsim-other-0"] {
            journal.will_create(topic).unwrap();
        }
        journal.deleted("kafsim-ab12-1").unwrap();
        drop(journal);
        // A crash cuts the last line.
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"will_create\": \"kafs").unwrap();
        let left = Left::read(&path).unwrap();
        assert_eq!(left.topics.into_iter().collect::<Vec<_>>(), ["kafsim-ab12-0"]);
        assert!(Journal::begin(&path, "cd", "x").is_err(), "a journal is not overwritten");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        Journal::begin(&path, "ab12", "127.0.0.1:1").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
