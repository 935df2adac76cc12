//! Faults: what happens to brokers, and what it does to their processes.
//!
//! # Rule
//! A killed process is gone at once and its kernel resets its connections; a stopped one hands
//! over first (a controlled shutdown) and closes them. A lost zone takes the machines of its
//! brokers off the network: nobody resets anything, so clients wait for `request.timeout.ms`.
//! What is in the page cache survives the process, and the zone comes back with its machines.
//! # Assumes
//! The controllers are not among the brokers and survive; logs are not damaged.
//! # Breaks
//! A machine that loses its power loses what was not forced to its disk: that is no kind here.
//! # Source
//! Kafka's `BrokerLifecycleManager`; TCP (RFC 9293): a closed port answers with a reset.

use crate::cluster::BrokerId;
use crate::units::SimSpan;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The process is killed.
    Killed,
    /// The process is stopped by a controlled shutdown.
    Stopped,
    /// The process is started again.
    Started,
    /// The machines of a zone are off the network.
    ZoneLost,
}

/// What happens to which brokers, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// To whom.
    pub brokers: Vec<BrokerId>,
    /// When the processes are started again, counted from the fault; `None` = not by it.
    pub lasts: Option<SimSpan>,
}

impl FaultKind {
    /// Its word on the timeline.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Killed => "kill_broker",
            Self::Stopped => "stop_broker",
            Self::Started => "start_broker",
            Self::ZoneLost => "lose_zone",
        }
    }

    /// Whether clients learn at once that a connection is gone.
    pub const fn resets_connections(self) -> bool {
        !matches!(self, Self::ZoneLost)
    }

    /// Whether the process ends in order, so that its logs need no check when it starts.
    pub const fn is_clean(self) -> bool {
        matches!(self, Self::Stopped)
    }
}
