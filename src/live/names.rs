//! Names that nobody else has.

use super::journal::PREFIX;
use crate::cluster::TopicId;
use crate::error::{Error, Result};
use std::io::Read;

/// 128 bits that nobody can guess, from the operating system.
pub(super) fn run_id() -> Result<String> {
    let path = std::path::Path::new("/dev/urandom");
    let mut bits = [0; 16];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut bits))
        .map_err(|error| Error::io("read", path, error))?;
    Ok(bits.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The live name of a topic.
pub(super) fn topic_name(run: &str, topic: TopicId) -> String {
    format!("{PREFIX}{run}-{}", topic.index())
}
/// The live name of a group.
pub(super) fn group_name(run: &str, index: usize) -> String {
    format!("{PREFIX}{run}-g{index}")
}
