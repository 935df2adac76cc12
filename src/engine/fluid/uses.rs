//! What one record, or one byte of a copy, takes of every resource on its way.

use super::feeds::Feed;
use super::groups::poll_loop;
use super::network::{Limit, Network, Resource};
use super::world::{Copying, World};
use crate::cluster::{BrokerId, HostId, PartitionId};
use crate::model::disk;

/// (resource, share of its capacity per unit of rate).
pub(super) type Uses = Vec<(usize, f64)>;

/// Readers that are behind never have a disk to themselves: something writes, too.
const MANY: u32 = 2;
/// Seconds of a nanosecond.
const NANO: f64 = 1e-9;

impl World<'_> {
    fn cpu(&self, network: &Network, host: HostId, seconds: f64, uses: &mut Uses) {
        let spec = self.cluster.host(host);
        if let Some(index) = network.at(Resource::Cpu(host)) {
            uses.push((index, seconds / (spec.cores * spec.speed)));
        }
    }

    /// How long a thread of a host is at some work; a fraction of a core is a slower core.
    fn thread_seconds(&self, host: HostId, seconds: f64) -> f64 {
        let spec = self.cluster.host(host);
        seconds * spec.cores.ceil().max(1.0) / (spec.speed * spec.cores)
    }

    fn transfer(&self, network: &Network, from: HostId, to: HostId, bytes: f64, uses: &mut Uses) {
        if from == to {
            return;
        }
        let (out, into) = (self.cluster.host(from).nic_out, self.cluster.host(to).nic_in);
        if let Some(index) = network.at(Resource::NicOut(from)) {
            uses.push((index, bytes / out.get()));
        }
        if let Some(index) = network.at(Resource::NicIn(to)) {
            uses.push((index, bytes / into.get()));
        }
        let zones = [from, to].map(|host| self.cluster.host(host).zone.as_str());
        self.cross(network, zones, bytes, uses);
    }

    fn write(
        &self,
        network: &Network,
        broker: BrokerId,
        log_dir: u32,
        bytes: f64,
        uses: &mut Uses,
    ) {
        let (host, disk) = self.disk_of(broker, log_dir);
        let resource = Resource::Disk(host, disk);
        let sequential = self.cluster.host(host).disks[disk as usize].write.get();
        let rate = network.writes.get(&resource).copied().unwrap_or(sequential);
        if let Some(index) = network.at(resource) {
            uses.push((index, bytes / rate));
        }
    }

    /// Cold bytes, read in pieces of at most so many.
    fn read(
        &self,
        network: &Network,
        replica: (BrokerId, u32),
        [bytes, piece]: [f64; 2],
        uses: &mut Uses,
    ) {
        let (host, disk) = self.disk_of(replica.0, replica.1);
        let spec = &self.cluster.host(host).disks[disk as usize];
        let rate = disk::with_seeks(spec.read.get(), spec.seek, piece, MANY);
        if let Some(index) = network.at(Resource::Disk(host, disk)) {
            uses.push((index, bytes / rate));
        }
    }

    pub(super) fn disk_of(&self, broker: BrokerId, log_dir: u32) -> (HostId, u32) {
        let spec = self.cluster.broker(broker);
        (spec.host, spec.log_dirs[log_dir as usize].disk)
    }

    /// One record appended: the leader's work, and each follower's fetch, transfer and append.
    pub(super) fn uses_of_feed(&self, network: &Network, feed: &Feed, uses: &mut Uses) {
        let costs = &self.scenario.costs;
        let [clients, brokers] = self.scenario.tls_ns_per_byte();
        let batching = network.batching[feed.lane];
        let codec = &self.scenario.producers[feed.producer].settings.codec;
        let partition = self.cluster.partition(feed.partition);
        let Some(leader) = partition.leader else { return };
        let host = self.cluster.broker(leader).host;
        let per_batch = costs.produce_request.as_secs_f64() / batching.batches_per_request
            + costs.leader_batch.as_secs_f64();
        let mut leader_cpu = per_batch / batching.records_per_batch
            + costs.leader_record.as_secs_f64()
            + feed.sent_bytes * (costs.produce_ns_per_byte + clients) * NANO
            + feed.sent_bytes * codec.unpack_ns_per_stored_byte() * NANO
            + feed.sent_bytes * feed.recoding_ns_per_byte * NANO;
        if let Some(index) = network.at(Resource::NicIn(host)) {
            uses.push((index, feed.sent_bytes / self.cluster.host(host).nic_in.get()));
        }
        self.cross_from_clients(network, feed.producer, host, feed.sent_bytes, uses);
        let amounts = [feed.sent_bytes, self.thread_seconds(host, leader_cpu)];
        for (limit, most) in Limit::of(self.scenario.producers[feed.producer].quota) {
            let quota = network.at(Resource::ProducerQuota(feed.producer, leader, limit));
            uses.extend(quota.map(|index| (index, amounts[limit as usize] / most)));
        }
        let flows = Resource::ProducerFlows(feed.producer, leader);
        self.over(network, flows, feed.sent_bytes, uses);
        let follower_cpu = costs.follower_batch.as_secs_f64() / batching.records_per_batch
            + feed.record_bytes * (costs.follower_ns_per_byte + brokers) * NANO;
        for (index, follower) in &network.of_partition[feed.partition.index()] {
            let asking = network.followers[*index as usize].cpu_per_byte;
            let sending = (costs.send_ns_per_byte + brokers) * NANO;
            leader_cpu += feed.record_bytes * (asking + sending);
            let to = self.cluster.broker(*follower).host;
            self.transfer(network, host, to, feed.record_bytes, uses);
            let flows = Resource::FollowerFlows(leader, *follower);
            self.over(network, flows, feed.record_bytes, uses);
            self.cpu(network, to, follower_cpu, uses);
        }
        for replica in &partition.replicas {
            if !self.replicates(feed.partition, replica.broker) {
                continue;
            }
            self.write(network, replica.broker, replica.log_dir, feed.record_bytes, uses);
        }
        self.cpu(network, host, leader_cpu, uses);
    }

    /// One record consumed: fetch work and sending of whom it is read from, and the member's
    /// service.
    pub(super) fn uses_of_slot(
        &self,
        network: &Network,
        group: usize,
        index: usize,
        uses: &mut Uses,
    ) {
        let slot = &self.groups[group].slots[index];
        let partition = self.cluster.partition(slot.partition);
        let member = slot.reader(self.now);
        let source = member.and_then(|member| {
            self.scenario.reads_from(&self.cluster, group, member, slot.partition)
        });
        let (Some(reader), Some(member), Some(source)) =
            (network.of_slot[group][index], member, source)
        else {
            return;
        };
        let bytes = network.record_bytes[slot.partition.index()];
        let asking = network.readers[reader as usize].cpu_per_byte;
        let host = self.cluster.broker(source).host;
        let [clients, _] = self.scenario.tls_ns_per_byte();
        let sending = (self.scenario.costs.send_ns_per_byte + clients) * NANO;
        let source_cpu = bytes * (asking + sending);
        self.cpu(network, host, source_cpu, uses);
        if let Some(index) = network.at(Resource::NicOut(host)) {
            uses.push((index, bytes / self.cluster.host(host).nic_out.get()));
        }
        self.cross_to_member(network, host, [group, member as usize], bytes, uses);
        self.over(network, Resource::MemberFlow(group, member, source), bytes, uses);
        let amounts = [bytes, self.thread_seconds(host, source_cpu)];
        for (limit, most) in Limit::of(self.scenario.groups[group].quota) {
            let quota = network.at(Resource::ConsumerQuota(group, source, limit));
            uses.extend(quota.map(|index| (index, amounts[limit as usize] / most)));
        }
        let behind = (self.logs[slot.partition.index()].end - slot.position) * bytes;
        if self.is_cold(network, slot.partition, host, behind) {
            let replica = partition.replicas.iter().find(|r| r.broker == source);
            let log_dir = replica.map_or(0, |r| r.log_dir);
            let piece = self.scenario.groups[group].settings.max_partition_fetch.as_f64();
            self.read(network, (source, log_dir), [bytes, piece], uses);
        }
        if let Some(member) = network.at(Resource::Member(group, member)) {
            uses.push((member, self.service(network, group, index)));
        }
    }

    /// Seconds of a member per record of this slot.
    pub(super) fn service(&self, network: &Network, group: usize, index: usize) -> f64 {
        let spec = &self.scenario.groups[group];
        let costs = &self.scenario.costs;
        let slot = &self.groups[group].slots[index];
        let bytes = network.record_bytes[slot.partition.index()];
        let work = poll_loop(spec);
        let most = f64::from(spec.settings.max_poll_records);
        work.service(costs, most).max(bytes / spec.nic_in.get())
    }

    /// Whether a reader this many bytes behind finds its data gone from the page cache.
    fn is_cold(
        &self,
        network: &Network,
        partition: PartitionId,
        host: HostId,
        behind: f64,
    ) -> bool {
        let inflow = network.bytes[partition.index()];
        if inflow <= 0.0 || behind <= 0.0 {
            return false;
        }
        behind / inflow * network.written[host.index()] > self.cache(host)
    }

    /// One byte copied to a new replica.
    pub(super) fn uses_of_copy(&self, network: &Network, copy: &Copying, uses: &mut Uses) {
        let costs = &self.scenario.costs;
        let partition = self.cluster.partition(copy.step.partition);
        let Some(leader) = partition.leader else { return };
        let (from, to) = (self.cluster.broker(leader).host, self.cluster.broker(copy.step.to).host);
        let [_, tls] = self.scenario.tls_ns_per_byte();
        self.cpu(network, from, (costs.send_ns_per_byte + tls) * NANO, uses);
        self.cpu(network, to, (costs.follower_ns_per_byte + tls) * NANO, uses);
        self.transfer(network, from, to, 1.0, uses);
        self.over(network, Resource::FollowerFlows(leader, copy.step.to), 1.0, uses);
        self.write(network, copy.step.to, copy.log_dir, 1.0, uses);
        let stored = self.logs[copy.step.partition.index()].bytes;
        if self.is_cold(network, copy.step.partition, from, stored) {
            let replica = partition.replicas.iter().find(|r| r.broker == leader);
            let log_dir = replica.map_or(0, |r| r.log_dir);
            let piece = self.scenario.brokers.replica_fetch_max.as_f64();
            self.read(network, (leader, log_dir), [1.0, piece], uses);
        }
        let throttles =
            [Resource::LeaderThrottle(leader), Resource::FollowerThrottle(copy.step.to)];
        for index in throttles.into_iter().filter_map(|resource| network.at(resource)) {
            uses.push((index, 1.0 / self.reassignment.throttle));
        }
    }
}
