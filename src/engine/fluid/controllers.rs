//! What the controllers of Kubernetes read of a group in the flow engine.

use super::groups::Slot;
use super::world::World;
use crate::model::policy::{Decision, Observation, ScalingPolicy};
use crate::model::workload::{Offset, Offsets, PartitionOffsets, Reading, Want, Workload};

/// A reading that owns its numbers.
enum Found {
    Quantity(Option<i64>),
    Offsets(Vec<PartitionOffsets>),
}

impl World<'_> {
    /// One evaluation of a controller that scales a group.
    pub(super) fn evaluate_controller(
        &mut self,
        scaler: usize,
        wants: &[Want],
        group: usize,
    ) -> Vec<Decision> {
        let found: Vec<Found> = wants.iter().map(|want| self.find(want, group)).collect();
        let readings: Vec<Reading<'_>> = found
            .iter()
            .map(|found| match found {
                Found::Quantity(milli) => Reading::Quantity(*milli),
                Found::Offsets(partitions) => Reading::Offsets(Offsets::Answer(partitions)),
            })
            .collect();
        let state = &self.groups[group];
        let workload = Workload {
            spec: state.wanted,
            status: state.members.len() as u32,
            ready: state.joined().count() as u32,
            follows: true,
            readings: &readings,
        };
        let observation = Observation {
            samples: &[],
            brokers: self.wanted_brokers,
            consumers: Some(state.wanted),
            partitions: Some(state.slots.len() as u32),
            workload: Some(workload),
        };
        self.policies[scaler].decide(self.now, &observation)
    }

    fn find(&self, want: &Want, group: usize) -> Found {
        match want {
            Want::Offsets { group: name, topic, .. } => {
                let watched = self.scenario.groups.iter().position(|one| one.name == *name);
                Found::Offsets(self.offsets(watched.unwrap_or(group), topic.as_deref()))
            }
            Want::Quantity { name } if name == "consumer_lag" => {
                Found::Quantity(Some((self.committed_lag(group) * 1e3).ceil() as i64))
            }
            Want::Quantity { .. } | Want::Pods { .. } => Found::Quantity(None),
        }
    }

    /// Ends and committed offsets of a group's partitions, in whole records.
    fn offsets(&self, group: usize, topic: Option<&str>) -> Vec<PartitionOffsets> {
        let behind = self.scenario.groups[group].settings.auto_commit_interval.as_secs_f64() / 2.0;
        let of = |slot: &Slot| {
            let partition = &self.scenario.cluster.partitions[slot.partition.index()];
            let name = &self.scenario.cluster.topics[partition.topic.index()].name;
            topic.is_none_or(|topic| topic == name).then(|| {
                let uncommitted = self.uncommitted(slot, behind);
                let end = self.logs[slot.partition.index()].end;
                PartitionOffsets {
                    partition: partition.number,
                    committed: Offset::At((slot.position - uncommitted).floor() as i64),
                    end: Offset::At(end.floor() as i64),
                }
            })
        };
        self.groups[group].slots.iter().filter_map(of).collect()
    }
}
