//! Brokers and their log dirs.

use super::HostId;

/// A broker process.
#[derive(Debug, Clone, PartialEq)]
pub struct Broker {
    /// `node.id`, as operators know it.
    pub node_id: u32,
    /// Where it runs.
    pub host: HostId,
    /// `broker.rack`: the zone of its host.
    pub rack: String,
    /// Log dirs, in order.
    pub log_dirs: Vec<LogDir>,
}

/// A log dir of a broker: a partition lives in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogDir {
    /// Index of the disk among the disks of the broker's host.
    pub disk: u32,
}
