//! Disks with heads: what moving between files leaves of their bandwidth.

use super::network::Resource;
use super::world::World;
use crate::cluster::HostId;
use crate::model::disk;
use std::collections::BTreeMap;

impl World<'_> {
    /// Logs of each disk.
    fn files(&self) -> BTreeMap<(HostId, u32), u32> {
        let mut files = BTreeMap::new();
        let replicas = self.cluster.partitions.iter().flat_map(|partition| &partition.replicas);
        for replica in replicas {
            *files.entry(self.disk_of(replica.broker, replica.log_dir)).or_insert(0) += 1;
        }
        files
    }

    /// Bytes per second that each disk with heads writes back.
    pub(super) fn disk_writes(&self) -> BTreeMap<Resource, f64> {
        let mut rates = BTreeMap::new();
        let disks = || self.cluster.hosts.iter().flat_map(|host| &host.disks);
        if disks().all(|disk| disk.seek.is_zero()) {
            return rates;
        }
        for ((id, index), files) in self.files() {
            let host = self.cluster.host(id);
            let dirty = self.cache(id) * host.dirty_background / host.disks.len() as f64;
            let spec = &host.disks[index as usize];
            let write = spec.write.get();
            let piece = disk::piece(write, dirty, files);
            let rate = disk::with_seeks(write, spec.seek, piece, files);
            rates.insert(Resource::Disk(id, index), rate);
        }
        rates
    }

    /// Bytes of a machine's page cache.
    pub(super) fn cache(&self, host: HostId) -> f64 {
        let brokers = self.cluster.brokers.iter().filter(|b| b.host == host).count() as f64;
        let memory = self.cluster.host(host).memory.as_f64();
        (memory - brokers * self.scenario.costs.broker_memory.as_f64()).max(0.0)
    }
}
