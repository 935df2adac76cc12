//! Hosts and their disks.

use crate::chance::Distribution;
use crate::units::{ByteRate, Bytes, MoneyRate, SimSpan};

/// A machine, virtual machine or container with its own cores, memory, NIC and disks.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Name: the key in `hosts`, a dash and a number from 1.
    pub name: String,
    /// The card it was made from.
    pub card: String,
    /// Zone; the rack of its brokers.
    pub zone: String,
    /// Cores (virtual CPUs), at least a fraction above zero.
    pub cores: f64,
    /// Cores that a container's quota lets it use on average; no limit without one. Within a
    /// period of 100 ms it may use all its cores, and stands still when the quota is used up.
    pub cpu_quota: Option<f64>,
    /// Speed of one core relative to the machine on which the cost card was measured.
    pub speed: f64,
    /// Memory.
    pub memory: Bytes,
    /// NIC capacity in.
    pub nic_in: ByteRate,
    /// NIC capacity out.
    pub nic_out: ByteRate,
    /// The NIC's capacities are a burst, each way for itself; always there without it.
    pub nic_burst: Option<Allowance>,
    /// The most that one connection carries, whichever of its two machines has less; a cloud limits
    /// a flow of packets below the NIC's capacity.
    pub nic_flow: Option<ByteRate>,
    /// Share of available memory that dirty pages may take before writers are slowed down.
    pub dirty_limit: f64,
    /// Share of available memory at which the kernel writes dirty pages back at once.
    pub dirty_background: f64,
    /// Share of a core's time that the hypervisor or other processes take, in slices.
    pub steal: f64,
    /// Length of a slice.
    pub steal_slice: Distribution<SimSpan>,
    /// Disks, in order.
    pub disks: Vec<Disk>,
    /// Price per hour, storage included, when the card knows one.
    pub price: Option<MoneyRate>,
}

/// What is left of a bandwidth that is only lent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// The rate without credit, at which credit is earned as well; below the burst rate.
    pub baseline: ByteRate,
    /// The credit of a full bucket, which a run begins with.
    pub credit: Bytes,
}

/// A disk of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// Sequential write bandwidth.
    pub write: ByteRate,
    /// Sequential read bandwidth.
    pub read: ByteRate,
    /// Time of moving to another file; zero for disks without heads.
    pub seek: SimSpan,
    /// Its bandwidths are a burst; always there without it.
    pub burst: Option<Allowance>,
    /// Usable capacity.
    pub capacity: Bytes,
    /// Latency of committing an fsync to the journal, beside the write of its bytes.
    pub commit: Distribution<SimSpan>,
}
