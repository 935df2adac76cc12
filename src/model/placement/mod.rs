//! Which replicas move so that no broker bears more than its share, with the fewest bytes.
//!
//! # Rule
//! Goals in the order of Cruise Control: first what must hold — replicas leave brokers that leave,
//! replicas of a partition are on different racks, no broker exceeds its capacity shares — then
//! distribution: disk, network in, network out, leaders, each at most [`BALANCE`] times the mean
//! utilisation of the brokers that stay. A broker above its limit gives what is above, not more, to
//! the least used broker with room; leadership changes hands, which copies nothing, before a
//! replica moves for it. No step breaks a goal that was met before it.
//! # Assumes
//! A replica's loads are those of its partition: stored bytes and ingress at every replica; at the
//! leader also what consumers and followers read. A mean is weighted by capacity, so a larger
//! broker takes more; leaders count alike everywhere.
//! # Breaks
//! One replica larger than the distance between a mean and its limit can make a goal unreachable:
//! the goal is then reported as missed. Capacity goals look at means, not at peaks.
//! # Source
//! Cruise Control's goal order and thresholds (`AnalyzerConfig`: disk and network 0.8, CPU 0.7,
//! balance 1.1); KIP-455 for what a reassignment does.

mod balance;
mod chains;
mod goals;

use crate::cluster::BrokerId;
use crate::units::{ByteRate, Bytes};
use balance::Balance;
use std::collections::BTreeMap;

/// A broker's limit over the mean utilisation.
pub const BALANCE: f64 = 1.1;
/// Shares of capacity that may be used: disk, network in, network out, CPU.
pub(super) const CAPACITY: [f64; 4] = [0.8, 0.8, 0.8, 0.7];

/// A broker that holds replicas, or may.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacementBroker {
    /// Its rack.
    pub rack: String,
    /// Whether it keeps replicas; otherwise all of them leave it.
    pub stays: bool,
    /// Bytes that its disks hold.
    pub disk: Bytes,
    /// NIC in.
    pub nic_in: ByteRate,
    /// NIC out.
    pub nic_out: ByteRate,
    /// Cores of speed 1.
    pub cores: f64,
}

/// A partition with its loads.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacementPartition {
    /// Brokers, the preferred leader first; indices into the brokers.
    pub replicas: Vec<BrokerId>,
    /// Stored bytes of one replica.
    pub bytes: Bytes,
    /// What producers append.
    pub ingress: ByteRate,
    /// What consumers read from the leader.
    pub egress: ByteRate,
    /// CPU at the leader, in cores of speed 1.
    pub leader_cores: f64,
    /// CPU at each follower, in cores of speed 1.
    pub follower_cores: f64,
}

/// What a goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// Brokers that leave hold nothing.
    Drained,
    /// Replicas of a partition are on as many racks as there can be.
    Racks,
    /// Shares of capacities.
    Capacity(Resource),
    /// At most [`BALANCE`] times the mean.
    Distribution(Resource),
}

/// What replicas take of a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Stored bytes.
    Disk,
    /// Bytes per second in.
    NetworkIn,
    /// Bytes per second out.
    NetworkOut,
    /// Cores of speed 1.
    Cpu,
    /// Leaders.
    Leaders,
}

impl Resource {
    /// In the order of goals and of [`BrokerLoad::by_resource`].
    pub const ALL: [Self; 5] =
        [Self::Disk, Self::NetworkIn, Self::NetworkOut, Self::Cpu, Self::Leaders];

    /// Its words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::NetworkIn => "network in",
            Self::NetworkOut => "network out",
            Self::Cpu => "CPU",
            Self::Leaders => "leaders",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// What one broker bears.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BrokerLoad {
    /// Bytes, bytes/s, bytes/s, cores, leaders: in the order of [`Resource::ALL`].
    pub by_resource: [f64; 5],
    /// Replicas.
    pub replicas: u32,
}

impl BrokerLoad {
    /// The load on a resource.
    pub const fn of(&self, resource: Resource) -> f64 {
        self.by_resource[resource.index()]
    }
}

/// How a goal ended.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalOutcome {
    /// The goal.
    pub goal: Goal,
    /// Brokers (or partitions, for racks) that missed it before.
    pub missed_before: u32,
    /// And that miss it after the plan.
    pub missed_after: u32,
    /// The worst broker's use over its limit, before.
    pub worst_before: f64,
    /// And after.
    pub worst_after: f64,
}

/// A partition whose replica list changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementChange {
    /// Index of the partition.
    pub partition: usize,
    /// Its brokers before.
    pub old: Vec<BrokerId>,
    /// And after, the preferred leader first.
    pub new: Vec<BrokerId>,
}

impl PlacementChange {
    /// Brokers that get a copy.
    pub fn arriving(&self) -> impl Iterator<Item = BrokerId> + '_ {
        self.new.iter().copied().filter(|broker| !self.old.contains(broker))
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacementPlan {
    /// Partitions that change, in their order.
    pub changes: Vec<PlacementChange>,
    /// By broker, before.
    pub before: Vec<BrokerLoad>,
    /// By broker, after.
    pub after: Vec<BrokerLoad>,
    /// Goals in their order.
    pub goals: Vec<GoalOutcome>,
    /// Bytes that are copied.
    pub moved: Bytes,
    /// Bytes that no plan can avoid: on brokers that leave, forced by racks, and above the limits
    /// of disk and network in.
    pub unavoidable: Bytes,
}

/// Why there is no plan at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlacement {
    /// A partition has more replicas than brokers stay.
    TooFewBrokers {
        /// Replicas of the partition.
        replicas: usize,
        /// Brokers that stay.
        staying: usize,
    },
    /// The disks of the brokers that stay are too small.
    DisksTooSmall {
        /// What is stored in all replicas.
        stored: Bytes,
        /// What may be stored.
        room: Bytes,
    },
}

impl std::fmt::Display for NoPlacement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFewBrokers { replicas, staying } => write!(
                f,
                "a partition has {replicas} replicas and {staying} brokers stay: at least \
                 {replicas} must stay"
            ),
            Self::DisksTooSmall { stored, room } => write!(
                f,
                "{stored} are stored in all replicas, and the brokers that stay may hold {room}, \
                 {} % of their disks",
                CAPACITY[0] * 100.0
            ),
        }
    }
}

impl std::error::Error for NoPlacement {}

/// Plans the moves. The same input gives the same plan; nothing is random.
///
/// # Errors
/// The brokers that stay cannot hold the replicas at all.
pub fn place(
    brokers: &[PlacementBroker],
    partitions: &[PlacementPartition],
) -> Result<PlacementPlan, NoPlacement> {
    let staying = brokers.iter().filter(|broker| broker.stays).count();
    let replicas = partitions.iter().map(|one| one.replicas.len()).max().unwrap_or(0);
    if replicas > staying {
        return Err(NoPlacement::TooFewBrokers { replicas, staying });
    }
    let stored: f64 =
        partitions.iter().map(|one| one.bytes.as_f64() * one.replicas.len() as f64).sum();
    let disks = brokers.iter().filter(|broker| broker.stays).map(|broker| broker.disk.as_f64());
    let room = disks.sum::<f64>() * CAPACITY[0];
    if stored > room {
        let (stored, room) = (Bytes::new(stored as u64), Bytes::new(room as u64));
        return Err(NoPlacement::DisksTooSmall { stored, room });
    }
    let mut balance = Balance::new(brokers, partitions);
    let start = Start::of(&balance);
    balance.settle();
    Ok(start.plan(balance, partitions))
}

/// The plan that somebody else has made, with what it does to loads and goals: new lists of
/// brokers, by the index of the partition.
pub fn assess(
    brokers: &[PlacementBroker],
    partitions: &[PlacementPartition],
    wanted: &BTreeMap<usize, Vec<BrokerId>>,
) -> PlacementPlan {
    let start = Start::of(&Balance::new(brokers, partitions));
    let moved: Vec<PlacementPartition> = partitions
        .iter()
        .enumerate()
        .map(|(index, one)| PlacementPartition {
            replicas: wanted.get(&index).unwrap_or(&one.replicas).clone(),
            ..one.clone()
        })
        .collect();
    start.plan(Balance::new(brokers, &moved), partitions)
}

/// What is known of a cluster before anything moves.
struct Start {
    loads: Vec<BrokerLoad>,
    goals: Vec<(Goal, u32, f64)>,
    unavoidable: Bytes,
}

impl Start {
    fn of(balance: &Balance<'_>) -> Self {
        let (loads, goals) = (balance.loads(), balance.goals());
        Self { loads, goals, unavoidable: balance.unavoidable() }
    }

    fn plan(self, balance: Balance<'_>, partitions: &[PlacementPartition]) -> PlacementPlan {
        let outcome = |((goal, missed_before, worst_before), (_, missed_after, worst_after))| {
            GoalOutcome { goal, missed_before, missed_after, worst_before, worst_after }
        };
        let goals = self.goals.into_iter().zip(balance.goals()).map(outcome).collect();
        let after = balance.loads();
        let changes = changes(balance, partitions);
        let moved = changes
            .iter()
            .map(|change| partitions[change.partition].bytes * change.arriving().count() as u64)
            .fold(Bytes::ZERO, |sum, bytes| sum + bytes);
        let (before, unavoidable) = (self.loads, self.unavoidable);
        PlacementPlan { changes, before, after, goals, moved, unavoidable }
    }
}

/// Partitions whose list of brokers is another one than before.
fn changes(balance: Balance<'_>, partitions: &[PlacementPartition]) -> Vec<PlacementChange> {
    let pairs = partitions.iter().zip(balance.into_replicas()).enumerate();
    pairs
        .filter(|(_, (old, new))| old.replicas != *new)
        .map(|(partition, (old, new))| PlacementChange {
            partition,
            old: old.replicas.clone(),
            new,
        })
        .collect()
}
