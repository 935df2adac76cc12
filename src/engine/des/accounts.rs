//! What has been done and used so far, as sums: differences over time are rates and utilisations.

use super::quota::Meters;
use super::session::Reader;
use super::storage::{Nic, Storage};
use super::world::World;
use crate::units::SimSpan;

/// Cumulative values; differences over time are rates and utilisations.
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    /// By producer: offered, acknowledged, requests, batches, bytes.
    pub producers: Vec<[f64; 5]>,
    pub blocked: Vec<f64>,
    /// By producer: busy seconds of its busiest application thread, of its busiest connection,
    /// seconds in which its fullest connection took no request, and seconds of its quota used.
    pub clients: Vec<[f64; 4]>,
    /// By group: processed.
    pub groups: Vec<f64>,
    /// By group: seconds of its quota used.
    pub quotas: Vec<f64>,
    /// By broker: CPU, NIC in, NIC out, busiest disk, handlers, network threads, in busy
    /// seconds, handlers without their waiting for disks, the busiest replica fetcher, and the
    /// busiest journal.
    pub brokers: Vec<[f64; 9]>,
    /// By group: busy seconds of its busiest member.
    pub members: Vec<f64>,
    /// By line of a link: busy seconds.
    pub lines: Vec<f64>,
    /// By topic: records and bytes.
    pub topics: Vec<[f64; 2]>,
}

impl World<'_> {
    /// Cumulative accounts of everything.
    pub(super) fn accounts(&self) -> Accounts {
        let used = |meters: &[Meters]| meters.iter().map(Meters::used).fold(0.0, f64::max);
        let mut all = Accounts {
            producers: vec![[0.0; 5]; self.producers.len()],
            blocked: vec![0.0; self.producers.len()],
            clients: self.producers.iter().map(|one| [0.0, 0.0, 0.0, used(&one.meters)]).collect(),
            groups: self.groups.iter().map(|group| group.processed as f64).collect(),
            quotas: self.groups.iter().map(|group| used(&group.meters)).collect(),
            members: vec![0.0; self.groups.len()],
            lines: self.lines.iter().map(Nic::busy).collect(),
            topics: vec![[0.0; 2]; self.scenario.cluster.topics.len()],
            ..Accounts::default()
        };
        let now = self.agenda.now();
        for client in &self.clients {
            let counts = client.counts;
            let sums = &mut all.producers[client.producer as usize];
            let values = [
                counts.offered,
                counts.acknowledged,
                counts.requests,
                counts.batches,
                counts.bytes,
            ];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value as f64;
            }
            let since = client
                .blocked
                .map_or(SimSpan::ZERO, |since| now.saturating_since(since.max(self.from)));
            let blocked = (client.blocked_for + since).as_secs_f64();
            all.blocked[client.producer as usize] += blocked;
            let busiest = &mut all.clients[client.producer as usize];
            busiest[0] = busiest[0].max(client.worked());
            for node in &client.nodes {
                let conn = &self.conns[node.conn as usize];
                busiest[1] = busiest[1].max(conn.busy.as_secs_f64());
                busiest[2] = busiest[2].max(node.full(now).as_secs_f64());
            }
        }
        all.brokers = self.broker_accounts();
        for member in &self.members {
            let busiest = &mut all.members[member.group as usize];
            *busiest = busiest.max(member.busy.as_secs_f64());
        }
        for (log, partition) in self.logs.iter().zip(&self.scenario.cluster.partitions) {
            let sums = &mut all.topics[partition.topic.index()];
            sums[0] += log.records as f64;
            sums[1] += log.bytes as f64;
        }
        all
    }

    fn broker_accounts(&self) -> Vec<[f64; 9]> {
        let mut all = Vec::with_capacity(self.brokers.len());
        let mut fetchers = vec![0.0_f64; self.brokers.len()];
        for session in &self.sessions {
            if let Reader::Follower { broker } = session.reader {
                let busiest = &mut fetchers[broker as usize];
                *busiest = busiest.max(session.carrying.as_secs_f64());
            }
        }
        for (broker, fetcher) in self.brokers.iter().zip(fetchers) {
            let machine = &self.machines[broker.machine as usize];
            let disks = machine.disks.iter().map(Storage::busy);
            let journals = machine.disks.iter().map(|disk| disk.committing.as_secs_f64());
            all.push([
                machine.busy(),
                machine.ingress.busy(),
                machine.egress.busy(),
                disks.fold(0.0, f64::max),
                broker.handlers_busy.as_secs_f64() / broker.handlers.len() as f64,
                broker.network_busy.as_secs_f64() / broker.network.len() as f64,
                broker.handlers_busy.saturating_sub(broker.handlers_held).as_secs_f64()
                    / broker.handlers.len() as f64,
                fetcher,
                journals.fold(0.0, f64::max),
            ]);
        }
        all
    }
}
