//! Laws that hold at the end of every run, whatever happened in it.

use super::session::{Reader, Standing};
use super::world::World;
use crate::units::SimSpan;

/// Work may be booked a little beyond the end of the run: queues are resolved on arrival.
const BOOKED_AHEAD: SimSpan = SimSpan::from_secs(2);

impl World<'_> {
    /// All laws that do not hold, in words; empty after a sound run.
    pub(super) fn violations(&self) -> Vec<String> {
        let mut broken = Vec::new();
        self.check_logs(&mut broken);
        self.check_clients(&mut broken);
        self.check_groups(&mut broken);
        self.check_resources(&mut broken);
        self.check_faults(&mut broken);
        broken
    }

    fn check_logs(&self, broken: &mut Vec<String>) {
        for (partition, log) in self.logs.iter().enumerate() {
            let mut law = |holds: bool, words: &str| {
                if !holds {
                    broken.push(format!("{words}: partition {partition}"));
                }
            };
            law(log.high <= log.end, "the high watermark is not above the log end");
            let has = log.followers.iter().all(|one| one.has <= log.end);
            law(has, "no follower has more than its leader");
            let in_sync = log.followers.iter().filter(|one| one.in_sync);
            law(
                in_sync.clone().all(|one| one.has >= log.high),
                "in-sync replicas have what is committed",
            );
            let waits = log.waiting.front().is_none_or(|(position, _, _)| *position > log.high);
            law(waits, "nobody waits for what is committed");
        }
    }

    /// Records and memory of producers, to the last one.
    fn check_clients(&self, broken: &mut Vec<String>) {
        let (mut offered, mut done, mut held) = (0, 0, 0);
        for (index, client) in self.clients.iter().enumerate() {
            let settings = &self.scenario.producers[client.producer as usize].settings;
            let total = settings.buffer_memory.get();
            let batches = (total - client.memory) / client.batch_memory();
            if client.memory + batches * client.batch_memory() != total {
                broken.push(format!("memory is held by batches: client {index}"));
            }
            offered += client.counts.offered;
            done += client.counts.acknowledged + client.counts.failed;
            held += batches;
        }
        if offered < done {
            broken.push(format!("{done} records ended of {offered} that began"));
        }
        let topics = self.scenario.cluster.partitions.len();
        let appended: u64 = self.logs[..topics].iter().map(|log| log.records).sum();
        let old: u64 = self.groups.iter().map(|group| group.initial_lag).sum();
        let acknowledged: u64 = self.clients.iter().map(|one| one.counts.acknowledged).sum();
        let forgets = self.clients.iter().any(|client| {
            let settings = &self.scenario.producers[client.producer as usize].settings;
            settings.acks == crate::model::client::Acks::None
        });
        let lost = self.faults.as_ref().map_or(0, |faults| faults.lost);
        if appended - old > offered || (!forgets && appended - old + lost < acknowledged) {
            broken.push(format!(
                "{acknowledged} acknowledged ≤ {} appended ≤ {offered} offered",
                appended - old
            ));
        }
        if !forgets && (self.batches.used() as u64) < held {
            broken.push(format!("{held} batches hold memory, {} exist", self.batches.used()));
        }
    }

    /// Produced = consumed + lag, per group, exactly.
    fn check_groups(&self, broken: &mut Vec<String>) {
        let mut least = vec![0_u64; self.groups.len()];
        let mut most = vec![0_u64; self.groups.len()];
        for session in &self.sessions {
            let Reader::Consumer { member } = session.reader else { continue };
            let group = self.members[member as usize].group as usize;
            for slot in session.slots.iter().filter(|slot| slot.standing != Standing::Gone) {
                let log = &self.logs[slot.partition as usize];
                least[group] += log.totals(slot.held).0;
                most[group] += log.totals(slot.position).0;
                if slot.position > log.high {
                    broken.push(format!("read beyond the high watermark of {}", slot.partition));
                }
            }
        }
        for (group, state) in self.groups.iter().enumerate() {
            if !(least[group]..=most[group]).contains(&state.processed) {
                broken.push(format!(
                    "{} ≤ {} processed ≤ {}: group {group}",
                    least[group], state.processed, most[group]
                ));
            }
            if state.committed > state.processed {
                broken.push(format!("no more is committed than processed: group {group}"));
            }
        }
    }

    /// No resource is busy for longer than time has passed.
    fn check_resources(&self, broken: &mut Vec<String>) {
        let limit = (self.scenario.duration + BOOKED_AHEAD).as_secs_f64();
        let accounts = self.accounts();
        for (index, machine) in self.machines.iter().enumerate() {
            let uses = [machine.busy(), machine.ingress.busy(), machine.egress.busy()];
            if uses.iter().any(|seconds| *seconds > limit) {
                broken.push(format!("machine {index} is busy for {uses:?} s of {limit}"));
            }
        }
        for (index, uses) in accounts.brokers.iter().enumerate() {
            if uses[4] > limit || uses[5] > limit {
                broken.push(format!("threads of broker {index} are busy for {uses:?} s"));
            }
        }
        for (index, pipe) in self.pipes.iter().enumerate() {
            if pipe.held() > pipe.window {
                broken.push(format!("pipe {index} holds more than its window"));
            }
        }
    }
}
