//! What there is to measure: a cluster's size, and the machine when brokers run on this one.

use super::Security;
use super::bench::Options;
use super::cluster::{Admin, Target, loopback};
use super::guards::{admit_admin, consent};
use super::host;
use crate::error::Result;
use std::collections::BTreeMap;
use std::fs;

/// A look at a cluster and at this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Brokers.
    pub brokers: u32,
    /// The cluster's id; none for the mock.
    pub cluster_id: Option<String>,
    /// Whether all brokers run on this machine, so that they share it with the clients.
    pub here: bool,
    /// Cores of this machine.
    pub cores: u32,
    /// Bytes of its memory.
    pub memory: u64,
    /// The processor's name.
    pub processor: String,
    /// Bytes of the largest heap of a broker on this machine, where its command line says so.
    pub heap: Option<u64>,
}

/// Brokers of the mock when a survey is asked of it.
const MOCKED: u32 = 3;

/// Looks, and creates nothing.
///
/// # Errors
/// Refused: an address that is not on this machine without consent, another cluster id, nobody
/// there (exit code 4).
pub fn survey(target: &Target, options: &Options) -> Result<Survey> {
    consent(target, options)?;
    let mut found = Survey {
        brokers: MOCKED,
        cluster_id: None,
        here: true,
        cores: host::cores() as u32,
        memory: memory().unwrap_or(8 << 30),
        processor: processor().unwrap_or_else(|| "a processor without a name".to_owned()),
        heap: None,
    };
    let Target::Bootstrap(addresses) = target else { return Ok(found) };
    let admin = Admin::connect(addresses, &options.security)?;
    let layout = admit_admin(&admin, options)?;
    found.brokers = layout.brokers.len().max(1) as u32;
    found.cluster_id = admin.cluster_id();
    let near = |(host, port): &(String, u16)| loopback(&format!("{host}:{port}"));
    found.here = layout.brokers.values().all(near);
    let ports: BTreeMap<i32, u16> =
        layout.brokers.iter().filter(|(_, at)| near(at)).map(|(id, at)| (*id, at.1)).collect();
    let heaps = host::listeners(&ports).into_values().filter_map(heap);
    found.heap = heaps.max();
    Ok(found)
}

/// Cleans up by every journal in a folder that an experiment left behind, and removes it; returns
/// how many topics were deleted.
///
/// # Errors
/// No cluster, or a topic that cannot be deleted.
pub fn cleanup_all(
    folder: &std::path::Path,
    bootstrap: Option<&str>,
    security: &Security,
) -> Result<usize> {
    let mut gone = 0;
    let Ok(entries) = fs::read_dir(folder) else { return Ok(0) };
    for entry in entries.flatten() {
        let path = entry.path();
        let journal = path.file_name().and_then(|name| name.to_str());
        if journal.is_some_and(|name| name.starts_with("journal-") && name.ends_with(".ndjson")) {
            gone += super::journal::cleanup(&path, bootstrap, security)?.len();
            let _gone = fs::remove_file(&path);
        }
    }
    Ok(gone)
}

fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// `-Xmx512m` of a process.
fn heap(pid: u32) -> Option<u64> {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    line.split('\0').rev().find_map(heap_of)
}

/// Bytes that `-Xmx…` means.
fn heap_of(option: &str) -> Option<u64> {
    let size = option.strip_prefix("-Xmx")?.to_ascii_lowercase();
    let digits = size.trim_end_matches(['k', 'm', 'g']);
    let number: u64 = digits.parse().ok()?;
    let unit = match &size[digits.len()..] {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    number.checked_shl(unit).filter(|bytes| bytes >> unit == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_by_hand() {
        assert_eq!(heap_of("-Xmx512m"), Some(512 << 20));
        assert_eq!(heap_of("-Xmx1G"), Some(1 << 30));
        assert_eq!(heap_of("-Xmx1048576"), Some(1 << 20));
        for wrong in ["-Xms512m", "-Xmx", "-Xmxmm", "-Xmx18446744073709551615g"] {
            assert_eq!(heap_of(wrong), None, "{wrong}");
        }
    }
}
