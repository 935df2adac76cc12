//! The world before the first event.

use super::broker::Broker;
use super::client::{Client, Lane, NONE, Node, Queue, spreads};
use super::event::Event;
use super::log::Log;
use super::machine::Machine;
use super::quota::Meters;
use super::session::{Limits, Reader, Session, Slot, Standing};
use super::world::{Offer, Owner, World};
use crate::cluster::Host;
use crate::engine::kernel::DelayRing;
use crate::metrics::Histogram;
use crate::model::curve::LoadCurve;
use crate::model::heap::Eden;
use crate::scenario::{Arrivals, Seats};
use crate::units::{SimSpan, SimTime};

/// When the page cache is brought to the state that it would have reached. The last one comes
/// after whatever stood still in the beginning.
const SETTLE_AT: [SimSpan; 3] =
    [SimSpan::from_millis(700), SimSpan::from_millis(1_500), SimSpan::from_millis(2_500)];
/// Series get this many points.
const POINTS: u64 = 120;

impl World<'_> {
    /// Builds everything and schedules the first events.
    pub(super) fn begin(&mut self) {
        self.make_machines();
        self.make_logs();
        self.make_followers();
        self.make_clients();
        self.make_groups();
        self.expect_faults();
        self.measures.publish = vec![Histogram::new(); self.producers.len()];
        self.measures.phases = vec![Default::default(); self.brokers.len()];
        self.measures.delivery = vec![Histogram::new(); self.groups.len()];
        if self.scenario.asks_latencies() {
            self.measure_latencies_over_time();
        }
        for session in 0..self.sessions.len() {
            if self.sessions[session].follows() {
                // Fetchers do not start in step.
                let delay = SimSpan::from_nanos(37_000 * session as u64 % 1_000_000);
                self.ask(session as u32, SimTime::ZERO + delay);
            }
        }
        for member in 0..self.members.len() as u32 {
            let stagger = SimSpan::from_nanos(53_000 * u64::from(member) % 5_000_000);
            self.agenda.schedule(SimTime::ZERO + stagger, Event::Poll { member });
        }
        for at in SETTLE_AT {
            self.agenda.schedule(SimTime::ZERO + at, Event::Settle);
        }
        let lag = self.scenario.brokers.replica_lag_max;
        self.agenda.schedule(SimTime::ZERO + lag / 2, Event::InSync);
        self.agenda.schedule(SimTime::ZERO, Event::Sample);
    }

    /// The span between two points of a series.
    pub(super) fn sample_span(&self) -> SimSpan {
        (self.scenario.duration / POINTS).max(SimSpan::from_millis(10))
    }

    fn machine(&mut self, host: &Host, cache: f64) -> u32 {
        let index = self.machines.len();
        let chances =
            ["cpu", "disk", "steal"].map(|what| self.stream(&format!("machine/{index}"), what));
        self.machines.push(Machine::new(host, cache, self.costs, chances));
        index as u32
    }

    fn make_machines(&mut self) {
        let scenario = self.scenario;
        for host in &scenario.machines {
            let cache = host.memory.as_f64() - self.costs.broker_memory.as_f64();
            self.machine(host, cache.max(host.memory.as_f64() * 0.1));
        }
        for broker in &scenario.cluster.brokers {
            let settings = scenario.brokers;
            let chance = self.stream(&format!("broker/{}", broker.node_id), "heap");
            let eden = Eden::new(self.costs.heap.broker_eden, chance);
            let threads = [settings.network_threads, settings.io_threads];
            let one = Broker::new(broker.host.0, threads, eden);
            self.machines[broker.host.index()].run_broker(self.costs.idle_cores);
            self.brokers.push(one);
        }
    }

    fn make_logs(&mut self) {
        let cluster = &self.scenario.cluster;
        for partition in &cluster.partitions {
            let leader = partition.leader.map_or(0, |broker| broker.0);
            let mut disks: Vec<(u32, u32)> = Vec::new();
            for replica in &partition.replicas {
                let broker = &cluster.brokers[replica.broker.index()];
                let disk = broker.log_dirs[replica.log_dir as usize].disk;
                let entry = (replica.broker.0, disk);
                if replica.broker.0 == leader {
                    disks.insert(0, entry);
                } else {
                    disks.push(entry);
                }
            }
            self.place(&disks);
            let followers: Vec<u32> = disks.iter().skip(1).map(|(broker, _)| *broker).collect();
            let mut log = Log::new(leader, disks, &followers);
            let settings = &cluster.topic(partition.topic).settings;
            log.min_insync = settings.min_insync_replicas;
            log.waits_for_min_insync = self.scenario.brokers.waits_for_min_insync;
            log.flush = settings.flush_messages.is_some();
            // Partitions that were created together and are loaded alike roll together.
            let name = format!("topic/{}", cluster.topic(partition.topic).name);
            let filled = self.stream(&name, "segment").uniform();
            log.segment(settings.segment_bytes.get(), filled);
            self.logs.push(log);
        }
        // Each group commits to one partition of the topic of offsets.
        let brokers = cluster.brokers.len();
        for group in 0..self.scenario.groups.len() {
            let replicas = (0..brokers.min(3)).map(|index| ((group + index) % brokers) as u32);
            let disks: Vec<(u32, u32)> = replicas.map(|broker| (broker, 0)).collect();
            self.place(&disks);
            let followers: Vec<u32> = disks.iter().skip(1).map(|(broker, _)| *broker).collect();
            self.logs.push(Log::new(disks[0].0, disks, &followers));
        }
    }

    /// The disks of a log's replicas have one file more.
    fn place(&mut self, disks: &[(u32, u32)]) {
        for (broker, disk) in disks {
            let machine = self.brokers[*broker as usize].machine;
            self.machines[machine as usize].disks[*disk as usize].add_file();
        }
    }

    /// Replica fetchers: threads per pair of follower and leader, partitions spread by hash.
    fn make_followers(&mut self) {
        let threads = self.scenario.brokers.replica_fetchers as usize;
        let brokers = self.brokers.len();
        let mut index = vec![NONE; brokers * brokers * threads];
        for partition in 0..self.logs.len() {
            let leader = self.logs[partition].leader;
            for number in 0..self.logs[partition].followers.len() {
                let broker = self.logs[partition].followers[number].broker;
                let thread = self.fetcher_of(partition) as usize;
                let key = (broker as usize * brokers + leader as usize) * threads + thread;
                if index[key] == NONE {
                    index[key] = self.new_fetcher(broker, leader);
                }
                self.subscribe(index[key], partition as u32, number as u32);
            }
        }
    }

    /// A fetcher thread of a follower, with its connection to a leader.
    pub(super) fn new_fetcher(&mut self, broker: u32, leader: u32) -> u32 {
        let settings = self.scenario.brokers;
        let window = settings.replica_receive_buffer.min(settings.send_buffer).get();
        let windows = [settings.receive_buffer.get(), window];
        let session = self.sessions.len() as u32;
        let machine = self.brokers[broker as usize].machine;
        let conn = self.connect(machine, leader, Owner::Session(session), windows);
        let [_, tls] = self.scenario.tls_ns_per_byte();
        self.conns[conn as usize].tls_ns_per_byte = tls;
        let limits = Limits {
            min_bytes: 1,
            wait_ring: self.wait_ring(settings.replica_wait_max),
            partition_bytes: settings.replica_fetch_max.get(),
            response_bytes: settings.replica_response_max.get(),
        };
        self.sessions.push(Session::new(conn, Reader::Follower { broker }, limits));
        session
    }

    /// The ring of timers for a wait.
    pub(super) fn wait_ring(&mut self, wait: SimSpan) -> u32 {
        let known = self.waits.iter().position(|ring| ring.delay() == wait);
        known.unwrap_or_else(|| {
            self.waits.push(DelayRing::new(wait));
            self.waits.len() - 1
        }) as u32
    }

    pub(super) fn subscribe(&mut self, session: u32, partition: u32, follower: u32) {
        let one = &mut self.sessions[session as usize];
        let slot = one.slots.len() as u32;
        one.slots.push(Slot {
            partition,
            follower,
            position: 0,
            held: 0,
            ready: false,
            buffered: false,
            standing: Standing::Here,
        });
        one.asked += 1;
        let follows = one.follows();
        let from = Some(follower).filter(|one| !follows && *one != NONE);
        self.logs[partition as usize].add_reader((session, slot), from);
    }

    /// The fetcher thread of a partition: (31 × hash of the topic's name + partition) mod threads,
    /// as `AbstractFetcherManager.getFetcherId` has it.
    pub(super) fn fetcher_of(&self, partition: usize) -> u32 {
        let threads = self.scenario.brokers.replica_fetchers;
        let cluster = &self.scenario.cluster;
        let (hash, number) = match cluster.partitions.get(partition) {
            Some(one) => (java_hash(&cluster.topic(one.topic).name), one.number),
            None => (java_hash("__consumer_offsets"), partition as u32),
        };
        let value = hash.wrapping_mul(31).wrapping_add(number as i32);
        (value & i32::MAX) as u32 % threads
    }

    fn make_clients(&mut self) {
        let scenario = self.scenario;
        for (index, spec) in scenario.producers.iter().enumerate() {
            let meters = Meters::of(spec.quota, self.brokers.len());
            self.producers.push(Offer { rate: 0.0, next_change: SimTime::ZERO, meters });
            self.purgatory.push(DelayRing::new(spec.settings.request_timeout));
            for number in 0..spec.clients {
                let machine = self.seat(&spec.seats, number);
                let entity = format!("producer/{}/{number}", spec.name);
                let chances = ["records", "heap"].map(|what| self.stream(&entity, what));
                let client = Client::new(self, index as u32, machine, chances);
                self.clients.push(client);
                self.wire_client(self.clients.len() as u32 - 1);
            }
            self.turn_curve(index as u32);
        }
    }

    pub(super) fn seat(&mut self, seats: &Seats, number: u32) -> u32 {
        match seats {
            Seats::On(hosts) => hosts[number as usize % hosts.len()].0,
            Seats::Own(host) => self.machine(host, 0.0),
        }
    }

    /// Connections, partitions and lanes of a client.
    fn wire_client(&mut self, client: u32) {
        let scenario = self.scenario;
        let (producer, machine) = {
            let one = &self.clients[client as usize];
            (one.producer as usize, one.machine)
        };
        let spec = &scenario.producers[producer];
        let settings = &spec.settings;
        let windows = self.producer_windows(producer);
        let mut nodes: Vec<Node> = Vec::new();
        let mut node_of = vec![NONE; self.brokers.len()];
        let mut partitions = Vec::new();
        let mut lanes = Vec::new();
        let mut chance = self.stream(&format!("client/{client}"), "start");
        for (number, (topic, share)) in spec.to.iter().enumerate() {
            let first = partitions.len() as u32;
            let recoding = spec.recoding(number);
            for partition in scenario.cluster.partitions_of(*topic) {
                let broker = self.logs[partition.index()].leader;
                if node_of[broker as usize] == NONE {
                    node_of[broker as usize] = nodes.len() as u32;
                    let owner = Owner::Producer { client, node: nodes.len() as u32 };
                    let conn = self.connect(machine, broker, owner, windows);
                    nodes.push(Node::new(conn));
                }
                let node = node_of[broker as usize];
                let partition = partition.0;
                partitions.push(Queue { partition, node, head: NONE, tail: NONE, count: 0 });
            }
            let count = partitions.len() as u32 - first;
            let random = spec.keyed || spec.arrivals == Arrivals::Poisson;
            if !spreads(settings.partitioner, spec.keyed) || count == 1 {
                let next = chance.uniform();
                lanes.push(Lane::new(*share, [first, count], random, next, recoding));
                continue;
            }
            for slot in 0..count {
                let weights = spec.partition_shares[number].as_ref();
                let part = weights.map_or(1.0 / f64::from(count), |list| list[slot as usize]);
                if part <= 0.0 {
                    continue;
                }
                let each = share * part;
                let next = if random { chance.exp1() / each } else { f64::from(slot) / share };
                lanes.push(Lane::new(each, [first + slot, 1], random, next, recoding));
            }
        }
        let one = &mut self.clients[client as usize];
        (one.nodes, one.partitions, one.lanes) = (nodes, partitions, lanes);
        for lane in &mut one.lanes {
            if lane.partitions > 1 {
                lane.sticky.partition = chance.index(lane.partitions as usize) as u32;
            }
        }
        one.order_lanes();
    }

    /// Windows of a producer's connections, each way.
    pub(super) fn producer_windows(&self, producer: usize) -> [u64; 2] {
        let settings = &self.scenario.producers[producer].settings;
        let window = self.scenario.brokers.receive_buffer.min(settings.send_buffer).get();
        [window, settings.receive_buffer.get()]
    }

    /// A load curve turns: its clients get their new pace.
    pub(super) fn turn_curve(&mut self, producer: u32) {
        let now = self.agenda.now();
        let spec = &self.scenario.producers[producer as usize];
        let next = spec.load.next_change(now);
        // A segment is held at its mean, so that its volume is exact.
        let rate = if next < SimTime::MAX {
            spec.load.volume(now, next) / (next - now).as_secs_f64()
        } else {
            spec.load.rate(now).get()
        };
        let offer = &mut self.producers[producer as usize];
        (offer.rate, offer.next_change) = (rate, next);
        if next < self.end {
            self.agenda.schedule(next, Event::Curve { producer });
        }
        let each = rate / f64::from(spec.clients);
        for client in 0..self.clients.len() as u32 {
            if self.clients[client as usize].producer == producer {
                self.clients[client as usize].set_rate(now, each);
                self.run_application(client);
            }
        }
    }
}

/// `String.hashCode` of Java.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}
