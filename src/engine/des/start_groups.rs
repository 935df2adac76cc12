//! Consumer groups before the first event.

use super::client::NONE;
use super::log::Log;
use super::member::Member;
use super::quota::Meters;
use super::session::{Limits, Reader, Session};
use super::world::{GroupState, Owner, World};
use crate::cluster::{GroupId, PartitionId, TopicId};
use crate::model::assignor::{Assignment, PartitionAssignor};
use crate::model::heap::Eden;
use crate::scenario::{Group, Scenario};
use crate::units::{Bytes, SimTime};

/// Records of a batch that existed before the run.
const OLD_BATCH: u64 = 100;

impl World<'_> {
    pub(super) fn make_groups(&mut self) {
        let scenario = self.scenario;
        let partitions = scenario.cluster.partitions.len();
        for (index, spec) in scenario.groups.iter().enumerate() {
            let offsets = (partitions + index) as u32;
            let owners = owners(scenario, spec);
            let meters = Meters::of(spec.quota, self.brokers.len());
            let mut state = GroupState { offsets, meters, ..GroupState::default() };
            let lag = scenario.initial.lag.get(&GroupId::from_index(index));
            let first = self.members.len() as u32;
            let on_jvm = spec.settings.on_jvm;
            for number in 0..spec.members {
                let machine = self.seat(&spec.seats, number);
                let cores = spec.cores;
                let member = self.members.len() as u32;
                let chance = self.stream(&format!("group/{}/{number}", spec.name), "heap");
                let size = if on_jvm { self.costs.heap.client_eden } else { Bytes::ZERO };
                let eden = Eden::new(size, chance);
                self.members.push(Member::new(index as u32, machine, cores, eden));
                let coordinator = self.logs[offsets as usize].leader;
                let window = scenario.brokers.receive_buffer.get();
                let owner = Owner::Commit { member };
                let conn = self.connect(machine, coordinator, owner, [window, window]);
                self.members[member as usize].commit_conn = conn;
            }
            let behind = lag.map_or(0, |lag| lag.get());
            for (partition, owner) in &owners {
                self.assign([first, *owner], partition.0);
            }
            if behind > 0 {
                state.initial_lag = self.fill(&owners, behind, index);
            }
            let owning = (first..self.members.len() as u32)
                .filter(|member| self.members[*member as usize].assigned > 0);
            state.owning = owning.count() as u32;
            self.groups.push(state);
        }
    }

    /// Gives a partition to a member: the group's first one, and its number in the group.
    fn assign(&mut self, [first, number]: [u32; 2], partition: u32) {
        let member = first + number;
        let group = self.members[member as usize].group as usize;
        let (source, follower) = self.source(group, number, partition);
        let session = self.session_to(member, source);
        self.members[member as usize].assigned += 1;
        self.subscribe(session, partition, follower);
    }

    /// A member's session with a broker.
    pub(super) fn session_to(&mut self, member: u32, source: u32) -> u32 {
        let state = &self.members[member as usize];
        let (group, machine) = (state.group as usize, state.machine);
        let known = state.sessions.iter().copied().find(|session| {
            let conn = &self.conns[self.sessions[*session as usize].conn as usize];
            conn.broker == source && !conn.broken
        });
        known.unwrap_or_else(|| {
            let settings = &self.scenario.groups[group].settings;
            let brokers = &self.scenario.brokers;
            let window = settings.receive_buffer.min(brokers.send_buffer).get();
            let session = self.sessions.len() as u32;
            let owner = Owner::Session(session);
            let conn = self.connect(machine, source, owner, [brokers.receive_buffer.get(), window]);
            let limits = Limits {
                min_bytes: settings.fetch_min.get().max(1),
                wait_ring: self.wait_ring(settings.fetch_max_wait),
                partition_bytes: settings.max_partition_fetch.get(),
                response_bytes: settings.fetch_max.get(),
            };
            self.sessions.push(Session::new(conn, Reader::Consumer { member }, limits));
            self.members[member as usize].sessions.push(session);
            session
        })
    }

    /// The broker from which a member fetches, and which follower of the partition that is.
    fn source(&self, group: usize, number: u32, partition: u32) -> (u32, u32) {
        let log = &self.logs[partition as usize];
        let (cluster, place) =
            (&self.scenario.cluster, PartitionId::from_index(partition as usize));
        let source = self.scenario.reads_from(cluster, group, number, place);
        let source = source.map_or(log.leader, |broker| broker.0);
        let follower = log.followers.iter().position(|one| one.broker == source);
        follower.map_or((log.leader, NONE), |index| (source, index as u32))
    }

    /// Puts records into the logs that a group has still to read; others have read them.
    fn fill(&mut self, owners: &[(PartitionId, u32)], lag: u64, group: usize) -> u64 {
        let each = lag / owners.len().max(1) as u64;
        let mut total = 0;
        let bytes = (self.mean_record_bytes(group) * OLD_BATCH as f64) as u64;
        let batches = each.div_ceil(OLD_BATCH);
        let warm = self.scenario.initial.page_cache_warm;
        for (partition, _) in owners {
            // All replicas of a machine were written side by side through one page cache.
            let leader = self.logs[partition.index()].leader;
            let holds = |log: &&Log| log.disks.iter().any(|(broker, _)| *broker == leader);
            let beside = self.logs.iter().filter(holds).count() as u64;
            let log = &mut self.logs[partition.index()];
            for number in 0..batches {
                let behind = ((batches - number) * bytes * beside) as i64;
                let passed = if warm { -behind } else { i64::MIN / 2 };
                log.append(SimTime::ZERO, [OLD_BATCH, bytes], [SimTime::ZERO; 2], passed);
                total += OLD_BATCH;
            }
            let end = log.end;
            for follower in &mut log.followers {
                follower.has = end;
            }
            for known in log.elsewhere.iter_mut().flat_map(|them| &mut them.followers) {
                (known.told, known.high) = (end, end);
            }
            log.advance();
            let readers: Vec<(u32, u32)> = log.all_readers().copied().collect();
            for (session, slot) in readers {
                let one = &mut self.sessions[session as usize];
                if one.follows() {
                    let slot = &mut one.slots[slot as usize];
                    (slot.position, slot.held) = (end, end);
                } else {
                    one.offer(slot);
                }
            }
        }
        total
    }

    fn mean_record_bytes(&self, group: usize) -> f64 {
        let reads = &self.scenario.groups[group].reads;
        let writes = self.scenario.producers.iter();
        let mut sizes = writes.filter_map(|producer| {
            let topic = producer.to.iter().position(|(topic, _)| reads.contains(topic))?;
            Some(producer.stored_record_bytes(topic))
        });
        sizes.next().unwrap_or(1_000.0)
    }
}

/// The owner of each partition that a group reads.
fn owners(scenario: &Scenario, spec: &Group) -> Vec<(PartitionId, u32)> {
    let count = |topic: &TopicId| scenario.cluster.topic(*topic).partitions;
    let topics: Vec<u32> = spec.reads.iter().map(count).collect();
    let partitions: Vec<PartitionId> =
        spec.reads.iter().flat_map(|topic| scenario.cluster.partitions_of(*topic)).collect();
    let previous = vec![None; partitions.len()];
    let members = spec.members as usize;
    let assignment = Assignment { members, topics: &topics, previous: &previous };
    let owners = spec.assignor.assign(&assignment);
    partitions.into_iter().zip(owners).filter_map(|(one, owner)| Some((one, owner?))).collect()
}
