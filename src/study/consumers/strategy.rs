//! The script's strategies as scenarios.

use crate::cluster::GroupId;
use crate::error::{Error, Result};
use crate::form::Check;
use crate::scenario::read::read_text;
use crate::scenario::{EngineChoice, Group, Rebalancing, Scaler, Scenario, manifests};
use crate::units::Bytes;

/// How a group is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// One powerful member.
    Vertical,
    /// Six ordinary members.
    Horizontal,
    /// As many members as partitions.
    PartitionAware,
    /// Three members more than partitions.
    Spare,
    /// A fifth more members than partitions.
    SpareShare,
    /// An autoscaler decides: the scenario's own, or the exercise's policy.
    Autoscaled,
}

/// The exercise's policy.
const FILE: &str = "models/policies/seed.yaml";
const POLICY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/policies/seed.yaml"));

/// The script's numbers.
const VERTICAL_FETCH: Bytes = Bytes::new(2_097_152);
const VERTICAL_POLL: u32 = 10_000;
const HORIZONTAL: u32 = 6;
const HORIZONTAL_FETCH: Bytes = Bytes::new(524_288);
const HORIZONTAL_POLL: u32 = 2_000;
const SPARE: u32 = 3;
/// Over-provisioning of the matrix: partitions + 20 %.
const SPARE_PART: u32 = 5;

impl Strategy {
    /// All, in the script's order.
    pub const ALL: [Self; 6] = [
        Self::Vertical,
        Self::Horizontal,
        Self::PartitionAware,
        Self::Spare,
        Self::SpareShare,
        Self::Autoscaled,
    ];

    /// Its name in tables and rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vertical => "vertical",
            Self::Horizontal => "horizontal",
            Self::PartitionAware => "partition-aware",
            Self::Spare => "partitions + 3",
            Self::SpareShare => "partitions + 20 %",
            Self::Autoscaled => "autoscaled",
        }
    }

    /// The row of the exercise's decision matrix: scenario, strategy, count, benefit, drawback.
    pub const fn matrix(self) -> Option<[&'static str; 5]> {
        match self {
            Self::PartitionAware => Some([
                "Steady load",
                "Match partitions",
                "= partitions",
                "Optimal resource use",
                "No failover capacity",
            ]),
            Self::SpareShare => Some([
                "Variable load",
                "Over-provision",
                "partitions + 20%",
                "Quick scale response",
                "Some idle resources",
            ]),
            Self::Autoscaled => {
                Some(["Bursty load", "Auto-scaling", "Dynamic", "Elastic capacity", "Complexity"])
            }
            Self::Vertical => Some([
                "High throughput",
                "Vertical first",
                "Fewer, powerful",
                "Simple management",
                "SPOF risk",
            ]),
            Self::Horizontal => Some([
                "Complex processing",
                "Horizontal",
                "Many, simple",
                "Fault tolerant",
                "Coordination overhead",
            ]),
            Self::Spare => None,
        }
    }

    /// Members at t = 0 for so many partitions, and so many of the scenario.
    pub const fn members(self, partitions: u32, own: u32) -> u32 {
        match self {
            Self::Vertical => 1,
            Self::Horizontal => HORIZONTAL,
            Self::PartitionAware => partitions,
            Self::Spare => partitions.saturating_add(SPARE),
            Self::SpareShare => partitions.saturating_add(partitions.div_ceil(SPARE_PART)),
            Self::Autoscaled => own,
        }
    }

    fn shape(self, group: &mut Group, partitions: u32) {
        group.members = self.members(partitions, group.members);
        match self {
            Self::Vertical => {
                group.settings.fetch_min = VERTICAL_FETCH;
                group.settings.max_poll_records = VERTICAL_POLL;
                group.settings.receive_buffer = VERTICAL_FETCH;
                group.cores *= f64::from(HORIZONTAL);
                group.nic_in = group.nic_in * f64::from(HORIZONTAL);
                group.work.concurrency = group.work.concurrency.saturating_mul(HORIZONTAL);
            }
            Self::Horizontal => {
                group.settings.fetch_min = HORIZONTAL_FETCH;
                group.settings.max_poll_records = HORIZONTAL_POLL;
            }
            Self::PartitionAware | Self::Spare | Self::SpareShare | Self::Autoscaled => {}
        }
    }
}

/// Partitions that a group reads.
pub(super) fn partitions(scenario: &Scenario, group: GroupId) -> u32 {
    let reads = scenario.groups[group.index()].reads.iter();
    reads.map(|topic| scenario.cluster.topic(*topic).partitions).sum()
}

/// The scenario under each strategy; it runs as flows, because somebody scales and somebody dies.
pub(super) fn designs(scenario: &Scenario, group: GroupId) -> Result<Vec<(Strategy, Scenario)>> {
    let count = partitions(scenario, group);
    let design = |strategy: Strategy| {
        let mut one = scenario.clone();
        one.name = format!("{}-{}", scenario.name, strategy.name().replace(' ', "-"));
        one.engine = EngineChoice::Fluid;
        strategy.shape(&mut one.groups[group.index()], count);
        let scaled = |scaler: &Scaler| scaler.group == Some(group);
        if strategy != Strategy::Autoscaled {
            // What scales brokers stays: it is part of the load's surroundings.
            one.autoscaling.retain(|scaler| !scaled(scaler) || scaler.brokers);
            for scaler in &mut one.autoscaling {
                scaler.group = scaler.group.filter(|other| *other != group);
            }
        } else if !one.autoscaling.iter().any(scaled) {
            one.autoscaling.push(exercise_policy(group)?);
        }
        Ok((strategy, one))
    };
    Strategy::ALL.into_iter().map(design).collect()
}

fn exercise_policy(group: GroupId) -> Result<Scaler> {
    let mut check = Check::default();
    let policy = manifests::policy(&read_text(FILE, POLICY)?, &mut check);
    let policy = policy.ok_or_else(|| Error::input(check.problems))?;
    Ok(Scaler {
        policy,
        file: FILE.to_owned(),
        brokers: false,
        group: Some(group),
        rebalancing: Rebalancing::None,
    })
}
