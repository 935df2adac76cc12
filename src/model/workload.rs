//! What the controllers of Kubernetes see of the workload that they scale.
//!
//! # Rule
//! A controller names what it needs ([`Want`]); whoever drives it hands over one [`Reading`] for
//! each want, in the same order, together with the sizes of the workload. A reading is what a query
//! *would* answer at this instant: whether the controller asks is its own affair.
//! # Assumes
//! Quantities are whole milli-units, rounded up, as the controllers hold them. Partitions of a
//! reading keep their order from one instant to the next.
//! # Breaks
//! A query takes no time, and all queries of one instant see the same cluster.
//! # Source
//! Kubernetes `pkg/controller/podautoscaler`, KEDA `pkg/scalers/kafka_scaler.go`.

/// One thing that a controller wants to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// A quantity, all series summed.
    Quantity {
        /// The metric's name.
        name: String,
    },
    /// A sample for each pod.
    Pods {
        /// The metric's or the resource's name.
        name: String,
        /// Whether the pods' requests matter.
        requests: bool,
    },
    /// Offsets of a consumer group.
    Offsets {
        /// The name under which the metric is exported.
        name: String,
        /// The consumer group.
        group: String,
        /// The topic; `None` for all topics of the group.
        topic: Option<String>,
    },
}

/// The answer to a [`Want`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading<'a> {
    /// Milli-units; `None` when the metric cannot be had.
    Quantity(Option<i64>),
    /// One entry for each pod that exists.
    Pods(&'a [Pod]),
    /// Offsets, or why there are none.
    Offsets(Offsets<'a>),
}

/// A pod as the autoscaler sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pod {
    /// Its state.
    pub state: PodState,
    /// Its sample in milli-units; `None` when there is none.
    pub usage: Option<i64>,
    /// Its request in milli-units; `None` when it has none.
    pub request: Option<i64>,
}

/// State of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodState {
    /// Runs and is ready.
    Ready,
    /// Unready in the sense of the rule for CPU samples.
    Unready,
    /// Not running yet.
    Pending,
    /// About to go.
    Deleted,
    /// Failed.
    Failed,
}

/// What the brokers answer to a query for lag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Offsets<'a> {
    /// Nothing answers.
    Unreachable,
    /// The query as a whole fails.
    Failed,
    /// Offsets of every partition of the topic, or of all topics of the group.
    Answer(&'a [PartitionOffsets]),
}

/// One partition in the brokers' answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionOffsets {
    /// The partition's number in its topic.
    pub partition: u32,
    /// The committed offset.
    pub committed: Offset,
    /// The log's end.
    pub end: Offset,
}

/// An offset in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// An offset, from 0.
    At(i64),
    /// Committed: none so far. End: the partition is absent from the answer.
    Missing,
    /// An error for this partition.
    Error,
}

/// The workload at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload<'a> {
    /// Replicas that are wanted.
    pub spec: u32,
    /// Replicas that exist, ready or not.
    pub status: u32,
    /// Replicas that run and are ready.
    pub ready: u32,
    /// Whether the size follows a decision at once, so that a second decision of the same instant
    /// starts from it.
    pub follows: bool,
    /// One reading for each want.
    pub readings: &'a [Reading<'a>],
}
