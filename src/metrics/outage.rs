//! Partitions that were unavailable.

use super::TopicOutcome;
use crate::units::SimSpan;
use std::collections::BTreeMap;

/// For how long a partition was unavailable, or short of replicas, over the whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageEntry {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: u32,
    /// Without a leader that runs: nobody could write or read.
    pub offline: SimSpan,
    /// The longest of these times.
    pub longest_offline: SimSpan,
    /// With a leader, but `acks=all` waited or failed: too few replicas were in sync, or one that
    /// counted as such was gone.
    pub stalled: SimSpan,
    /// The longest of these times.
    pub longest_stalled: SimSpan,
    /// With fewer replicas in sync than it has.
    pub under_replicated: SimSpan,
    /// Whether it was still unavailable at the end.
    pub lasts: bool,
}

impl OutageEntry {
    /// Adds partition-seconds to the outcomes of topics.
    pub fn add_up(outages: &[Self], topics: &mut BTreeMap<String, TopicOutcome>) {
        for one in outages {
            if let Some(topic) = topics.get_mut(&one.topic) {
                topic.offline_partition_seconds += one.offline.as_secs_f64();
                topic.under_replicated_partition_seconds += one.under_replicated.as_secs_f64();
            }
        }
    }
}
