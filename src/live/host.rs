//! What the operating system says about this machine: CPU of the generator, of the machine, and
//! of brokers that run on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// CPU seconds so far of everything that is watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Used {
    /// Busy seconds of all cores of the machine.
    pub machine: f64,
    /// This process.
    pub own: f64,
    /// The busiest thread that sends records.
    pub sender: f64,
    /// Broker processes by node id.
    pub brokers: BTreeMap<i32, f64>,
    /// Threads of all broker processes that live, by what they are for.
    pub kinds: BTreeMap<&'static str, f64>,
}

/// What a broker's threads are for, by the beginning of their names. The kernel keeps fifteen
/// characters, which do not tell network threads from request handlers.
const KINDS: [(&str, &str); 6] = [
    ("data-plane-kafk", "network threads and request handlers"),
    ("ReplicaFetcherT", "replica fetchers"),
    ("C1 Compiler", JIT),
    ("C2 Compiler", JIT),
    ("GC Thread", "garbage collector"),
    ("G1 ", "garbage collector"),
];
/// The compiler of the JVM: busy while a broker is cold.
pub(super) const JIT: &str = "JIT compiler";

/// Ticks of `/proc/stat` per second: fixed by Linux's ABI.
const TICKS: f64 = 100.0;
/// Threads of producers are named so.
pub(super) const SENDER: &str = "kafsim-send";

/// Cores of this machine.
pub(super) fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}

/// Reads everything; `brokers` are process ids by node id. Zeros where there is no `/proc`.
pub(super) fn used(brokers: &BTreeMap<i32, u32>) -> Used {
    let own = threads("self");
    let senders = own.iter().filter(|(name, _)| name.starts_with(SENDER));
    let mut kinds: BTreeMap<&'static str, f64> = BTreeMap::new();
    for (name, seconds) in brokers.values().flat_map(|pid| threads(&pid.to_string())) {
        let known = KINDS.iter().find(|(prefix, _)| name.starts_with(prefix));
        *kinds.entry(known.map_or("everything else", |kind| kind.1)).or_insert(0.0) += seconds;
    }
    Used {
        machine: machine().unwrap_or(0.0),
        sender: senders.map(|(_, seconds)| *seconds).fold(0.0, f64::max),
        own: process("self").unwrap_or(0.0),
        brokers: brokers
            .iter()
            .filter_map(|(id, pid)| Some((*id, process(&pid.to_string())?)))
            .collect(),
        kinds,
    }
}

/// CPU seconds of a process, threads that have ended included.
fn process(pid: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; user and system time are the 12th and
    // 13th field behind it.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some((user.parse::<f64>().ok()? + system.parse::<f64>().ok()?) / TICKS)
}

/// Busy seconds of the machine: everything in the first line but idle and waiting for disks.
fn machine() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<f64> = line.split_whitespace().filter_map(|one| one.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guests are in user already.
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|index| fields.get(*index)).sum::<f64>();
    Some(busy / TICKS)
}

/// Name and CPU seconds of each thread of a process. Threads that have ended are not among them.
pub(super) fn threads(pid: &str) -> Vec<(String, f64)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let of = |entry: fs::DirEntry| {
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        let nanos: f64 = text.split_whitespace().next()?.parse().ok()?;
        Some((name.trim().to_owned(), nanos / 1e9))
    };
    entries.flatten().filter_map(of).collect()
}

/// Processes of this machine that listen on these ports, by the port's key.
pub(super) fn listeners(ports: &BTreeMap<i32, u16>) -> BTreeMap<i32, u32> {
    let mut inodes: BTreeMap<String, i32> = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (Some(local), Some(&"0A"), Some(inode)) =
                (fields.get(1), fields.get(3), fields.get(9))
            else {
                continue;
            };
            let port = local.rsplit(':').next().and_then(|hex| u16::from_str_radix(hex, 16).ok());
            let owner = ports.iter().find(|(_, wanted)| Some(**wanted) == port);
            if let Some((id, _)) = owner {
                inodes.insert(format!("socket:[{inode}]"), *id);
            }
        }
    }
    let mut found = BTreeMap::new();
    if inodes.is_empty() {
        return found;
    }
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(open) = fs::read_dir(process.path().join("fd")) else { continue };
        let links: BTreeSet<String> = open
            .flatten()
            .filter_map(|one| fs::read_link(one.path()).ok())
            .map(|link| link.to_string_lossy().into_owned())
            .collect();
        found
            .extend(inodes.iter().filter(|(inode, _)| links.contains(*inode)).map(|o| (*o.1, pid)));
    }
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_found_by_its_port_and_time_passes() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let found = listeners(&BTreeMap::from([(7, port)]));
        assert_eq!(found, BTreeMap::from([(7, std::process::id())]));
        let before = used(&found);
        let mut x = 0_u64;
        for i in 0..300_000_000_u64 {
            x = std::hint::black_box(x ^ i);
        }
        let after = used(&found);
        assert!(after.own > before.own && after.brokers[&7] > before.brokers[&7]);
        assert!(after.machine >= before.machine);
    }
}
