//! Brokers come and go, and partitions move between them.

use super::world::{BrokerState, Copying, Event, Life, Reassignment, World};
use crate::cluster::{Broker, BrokerId, HostId, LogDir, Replica};
use crate::metrics::OperationEntry;
use crate::model::operation::Plan;
use crate::model::operations::even_out;
use crate::scenario::Rebalancing;
use crate::units::{ByteRate, Bytes};

impl World<'_> {
    /// Sets the number of brokers that shall exist.
    pub(super) fn scale_brokers(&mut self, wanted: u32, rebalancing: Rebalancing) {
        while self.wanted_brokers < wanted {
            self.add_broker(rebalancing);
        }
        while self.wanted_brokers > wanted && self.remove_broker(rebalancing) {}
    }

    /// A new broker on a host of its own; it holds nothing until partitions move.
    fn add_broker(&mut self, rebalancing: Rebalancing) {
        let pool = &self.scenario.pool;
        let zone = self.emptiest_zone();
        let id = BrokerId::from_index(self.cluster.brokers.len());
        let node_id = self.cluster.brokers.iter().map(|b| b.node_id).max().map_or(1, |id| id + 1);
        let host = HostId::from_index(self.cluster.hosts.len());
        let mut machine = pool.host.clone();
        machine.name = format!("{}-added-{node_id}", pool.host.card);
        machine.zone.clone_from(&zone);
        let disks = machine.disks.len().max(1) as u32;
        let log_dirs = (0..pool.log_dirs).map(|dir| LogDir { disk: dir % disks }).collect();
        self.cluster.hosts.push(machine);
        self.cluster.brokers.push(Broker { node_id, host, rack: zone, log_dirs });
        let entity = format!("broker/{node_id}");
        let delay = pool.start_up.sample(&mut self.chance.stream(&entity, "start-up"));
        let operation = self.begin("add_broker", format!("broker {node_id} is started"));
        self.brokers.push(BrokerState {
            life: Life::Starting,
            since: self.now,
            until: None,
            rebalancing,
            operation: Some(operation),
        });
        self.wanted_brokers += 1;
        let at = self.after(delay);
        self.agenda.schedule(at, Event::BrokerReady { broker: id });
        self.rewired = true;
    }

    /// The newest broker leaves; its replicas move away first. `false` when none may leave.
    fn remove_broker(&mut self, rebalancing: Rebalancing) -> bool {
        let may = |s: &BrokerState| matches!(s.life, Life::Starting | Life::InService);
        let Some(index) = self.brokers.iter().rposition(may) else { return false };
        self.wanted_brokers -= 1;
        let node_id = self.cluster.brokers[index].node_id;
        let operation = self.begin("remove_broker", format!("broker {node_id} is drained"));
        let state = &mut self.brokers[index];
        if state.life == Life::Starting {
            state.life = Life::Gone;
            state.until = Some(self.now);
            self.finish(operation);
            return true;
        }
        state.life = Life::Leaving;
        state.operation = Some(operation);
        // What was on its way to the broker stays where it is.
        let leaving = BrokerId::from_index(index);
        let copies = &mut self.reassignment.copies;
        copies.retain(|copy| copy.step.to != leaving);
        if self.reassignment.active && self.reassignment.copies.is_empty() {
            self.reassignment_done();
        }
        // A broker that is to leave must be drained, whatever happens to brokers that join.
        let drain = match rebalancing {
            Rebalancing::None => Rebalancing::Minimal { throttle: None },
            minimal @ Rebalancing::Minimal { .. } => minimal,
        };
        self.reassign(drain);
        self.stop_empty();
        true
    }

    /// A broker has started.
    pub(super) fn broker_ready(&mut self, broker: BrokerId) {
        let state = &mut self.brokers[broker.index()];
        if state.life != Life::Starting {
            return;
        }
        state.life = Life::InService;
        let (rebalancing, operation) = (state.rebalancing, state.operation.take());
        if let Some(operation) = operation {
            self.finish(operation);
        }
        let node_id = self.cluster.broker(broker).node_id;
        let words = match rebalancing {
            Rebalancing::None => "in service; it holds nothing and nobody moves partitions to it",
            Rebalancing::Minimal { .. } => "in service; it holds nothing until partitions move",
        };
        self.recorder.event(self.now, "broker_started", &node_id.to_string(), words.to_owned());
        self.rewired = true;
        if rebalancing != Rebalancing::None {
            self.reassign(rebalancing);
        }
    }

    /// Starts moving partitions, or notes that another change came while they move.
    pub(super) fn reassign(&mut self, rebalancing: Rebalancing) {
        let Rebalancing::Minimal { throttle } = rebalancing else { return };
        if self.reassignment.active {
            self.reassignment.again = Some(rebalancing);
            return;
        }
        let plan = even_out(&self.cluster, &self.staying());
        if plan.is_empty() {
            return;
        }
        self.reassignment = Reassignment {
            throttle: throttle.map_or(f64::INFINITY, ByteRate::get),
            leaders: plan.leaders.clone(),
            active: true,
            ..Reassignment::default()
        };
        self.start_copies(&plan);
        let bytes: f64 = self.reassignment.copies.iter().map(|copy| copy.missing).sum();
        let words = format!("{} replicas move, {}", plan.moves.len(), Bytes::new(bytes as u64));
        self.reassignment.operation = self.begin("reassign", words.clone());
        self.recorder.event(self.now, "reassignment_started", "cluster", words);
        self.rewired = true;
        self.warn_of_low_throttle();
        if self.reassignment.copies.is_empty() {
            self.reassignment_done();
        }
    }

    /// A copy that gets fewer bytes than the partition takes in never ends.
    fn warn_of_low_throttle(&mut self) {
        let mut inflow = vec![0.0; self.brokers.len()];
        for copy in &self.reassignment.copies {
            let bytes = self.network.bytes.get(copy.step.partition.index());
            inflow[copy.step.to.index()] += bytes.copied().unwrap_or(0.0);
        }
        let most = inflow.into_iter().fold(0.0, f64::max);
        if most >= self.reassignment.throttle {
            let words = format!(
                "the throttle of {} is below the {} that the moving partitions take in at one \
                 broker: the move cannot end at this load",
                ByteRate::per_sec(self.reassignment.throttle),
                ByteRate::per_sec(most)
            );
            self.recorder.event(self.now, "reassignment_stalls", "cluster", words.clone());
            if !self.warnings.contains(&words) {
                self.warnings.push(words);
            }
        }
    }

    fn start_copies(&mut self, plan: &Plan) {
        let mut held: Vec<Vec<u32>> =
            self.cluster.brokers.iter().map(|b| vec![0; b.log_dirs.len()]).collect();
        for replica in self.cluster.partitions.iter().flat_map(|p| &p.replicas) {
            held[replica.broker.index()][replica.log_dir as usize] += 1;
        }
        for step in &plan.moves {
            let dirs = &mut held[step.to.index()];
            let log_dir = (0..dirs.len()).min_by_key(|dir| dirs[*dir]).unwrap_or(0);
            dirs[log_dir] += 1;
            let missing = self.logs[step.partition.index()].bytes;
            let log_dir = log_dir as u32;
            self.reassignment.copies.push(Copying { step: *step, log_dir, missing, rate: 0.0 });
        }
    }

    /// New replicas are in sync: the old ones go, and with them their leadership.
    pub(super) fn replicas_arrived(&mut self, arrived: Vec<Copying>) {
        for copy in arrived {
            let partition = &mut self.cluster.partitions[copy.step.partition.index()];
            let (from, to) = (copy.step.from, copy.step.to);
            for replica in partition.replicas.iter_mut().filter(|r| r.broker == from) {
                *replica = Replica { broker: to, log_dir: copy.log_dir };
            }
            for broker in partition.isr.iter_mut().filter(|b| **b == from) {
                *broker = to;
            }
            if partition.leader == Some(from) {
                partition.leader = partition.replicas.first().map(|r| r.broker);
            }
        }
        self.rewired = true;
        if self.reassignment.copies.is_empty() {
            self.reassignment_done();
        }
    }

    fn reassignment_done(&mut self) {
        for (partition, leader) in std::mem::take(&mut self.reassignment.leaders) {
            let partition = &mut self.cluster.partitions[partition.index()];
            if let Some(position) = partition.replicas.iter().position(|r| r.broker == leader) {
                partition.replicas.swap(0, position);
                partition.leader = Some(leader);
            }
        }
        self.finish(self.reassignment.operation);
        let moved = self.operations[self.reassignment.operation].moved_bytes;
        let words = format!("{} moved", Bytes::new(moved as u64));
        self.recorder.event(self.now, "reassignment_done", "cluster", words);
        let again = self.reassignment.again.take();
        self.reassignment = Reassignment::default();
        self.rewired = true;
        self.stop_empty();
        if let Some(rebalancing) = again {
            self.reassign(rebalancing);
        }
    }

    /// Brokers that were to leave and hold nothing any more stop.
    fn stop_empty(&mut self) {
        for index in 0..self.brokers.len() {
            let broker = BrokerId::from_index(index);
            let holds = |r: &Replica| r.broker == broker;
            let busy = self.cluster.partitions.iter().any(|p| p.replicas.iter().any(holds));
            if self.brokers[index].life == Life::Leaving && !busy {
                let state = &mut self.brokers[index];
                state.life = Life::Gone;
                state.until = Some(self.now);
                let operation = state.operation.take();
                let node_id = self.cluster.broker(broker).node_id.to_string();
                self.recorder.event(self.now, "broker_stopped", &node_id, "drained".to_owned());
                if let Some(operation) = operation {
                    self.finish(operation);
                }
                self.rewired = true;
            }
        }
    }

    /// The zone with the fewest brokers, the first on a tie.
    fn emptiest_zone(&self) -> String {
        let pool = &self.scenario.pool;
        let count = |zone: &String| {
            let living = self.cluster.brokers.iter().zip(&self.brokers);
            living.filter(|(b, s)| b.rack == **zone && s.life != Life::Gone).count()
        };
        let zone = pool.zones.iter().min_by_key(|zone| count(zone));
        zone.cloned().unwrap_or_else(|| pool.host.zone.clone())
    }

    fn begin(&mut self, kind: &str, words: String) -> usize {
        self.operations.push(OperationEntry {
            kind: kind.to_owned(),
            words,
            start: self.now,
            end: None,
            moved_bytes: 0.0,
        });
        self.operations.len() - 1
    }

    fn finish(&mut self, operation: usize) {
        self.operations[operation].end = Some(self.now);
    }
}
