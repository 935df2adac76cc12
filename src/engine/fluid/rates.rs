//! Rates between two events: what every flow costs, and its max-min fair share.

use super::feeds::Feed;
use super::network::{Loop, Network};
use super::uses::Uses;
use super::world::World;
use crate::cluster::PartitionId;
use crate::model::batching::{self, Batching};
use crate::model::fetching::{
    FetchLoop, REPLICA_FETCH_MIN, REPLICA_FETCH_RESPONSE, REPLICA_FETCH_WAIT,
};
use crate::units::SimSpan;

/// Records below this are rounding, not a backlog.
pub(super) const NOTHING: f64 = 1e-6;
/// A caught-up consumer takes what is appended, which depends on what consumers take; the demands
/// fall from round to round and are exact when nothing is full.
const ROUNDS: usize = 4;

impl World<'_> {
    /// Sets the rate of every flow for the time until the next event.
    pub(super) fn set_rates(&mut self) {
        if self.rewired {
            self.rewire();
        }
        let mut network = std::mem::take(&mut self.network);
        self.expect_appends(&mut network);
        self.expect_fetches(&mut network);
        self.add_flows(&mut network);
        let mut rates = network.share.solve().to_vec();
        for _ in 0..ROUNDS {
            if !self.couple(&mut network, &mut rates) {
                break;
            }
            rates.clear();
            rates.extend_from_slice(network.share.solve());
        }
        self.couple(&mut network, &mut rates);
        let mut load = std::mem::take(&mut network.load);
        network.share.load(&rates, &mut load);
        for (load, fixed) in load.iter_mut().zip(&network.fixed) {
            *load += fixed;
        }
        network.load = load;
        self.note_uses(&network);
        for (load, lent) in network.load.iter_mut().zip(&network.lent) {
            *load /= lent;
        }
        self.spread_rates(&rates);
        self.network = network;
    }

    /// What the offered load would take of every resource if nothing were full.
    pub(super) fn measure_demand(&mut self) {
        let mut network = std::mem::take(&mut self.network);
        let mut asked: Vec<f64> = self.feeds.iter().map(|feed| self.offered(feed)).collect();
        for state in &self.groups {
            asked.extend(state.slots.iter().map(|slot| network.records[slot.partition.index()]));
        }
        // Copies do not grow with the load: they belong to the fixed part.
        let mut copying = vec![0.0; asked.len()];
        copying.extend(self.copies().map(|copy| copy.rate));
        asked.resize(copying.len(), 0.0);
        let mut demand = std::mem::take(&mut network.demand);
        let mut standing = std::mem::take(&mut network.standing);
        network.share.load(&asked, &mut demand);
        network.share.load(&copying, &mut standing);
        for ((demand, standing), fixed) in demand.iter_mut().zip(&mut standing).zip(&network.fixed)
        {
            *standing += fixed;
            *demand += *standing;
        }
        for (index, lent) in network.lent.iter().enumerate() {
            demand[index] /= lent;
            standing[index] /= lent;
        }
        (network.demand, network.standing) = (demand, standing);
        self.network = network;
    }

    pub(super) fn offered(&self, feed: &Feed) -> f64 {
        self.producers[feed.producer].offered * feed.share
    }

    /// Batching of every lane, and what each partition will get.
    fn expect_appends(&self, network: &mut Network) {
        let count = self.cluster.partitions.len();
        for totals in [&mut network.records, &mut network.batches, &mut network.bytes] {
            totals.clear();
            totals.resize(count, 0.0);
        }
        let mut waiting = vec![false; network.lanes.len()];
        for feed in &self.feeds {
            waiting[feed.lane] |= feed.queued > NOTHING;
        }
        let lanes = network.lanes.iter().zip(&network.trips).zip(waiting);
        network.batching = lanes
            .map(|((lane, trip), waits)| {
                let leaders = network.leaders[lane.topic.index()];
                self.lane_batching(*lane, *trip, leaders, waits)
            })
            .collect();
        for (index, feed) in self.feeds.iter().enumerate() {
            let rate = if !self.takes(index, feed) {
                0.0
            } else if feed.queued > NOTHING && feed.rate > 0.0 {
                feed.rate
            } else {
                self.offered(feed)
            };
            let partition = feed.partition.index();
            network.records[partition] += rate;
            network.batches[partition] += rate / network.batching[feed.lane].records_per_batch;
            network.bytes[partition] += rate * feed.record_bytes;
        }
        network.written.clear();
        network.written.resize(self.cluster.hosts.len(), 0.0);
        let partitions = self.cluster.partitions.iter().enumerate();
        for ((index, partition), bytes) in partitions.zip(&network.bytes) {
            let follows = |replica: &&crate::cluster::Replica| {
                self.replicates(PartitionId::from_index(index), replica.broker)
            };
            for replica in partition.replicas.iter().filter(follows) {
                let host = self.cluster.broker(replica.broker).host;
                network.written[host.index()] += bytes;
            }
        }
    }

    fn lane_batching(
        &self,
        lane: super::feeds::Lane,
        trip: SimSpan,
        leaders: usize,
        waits: bool,
    ) -> Batching {
        let spec = &self.scenario.producers[lane.producer];
        let topic = self.cluster.topic(lane.topic);
        let brokers = leaders.max(1) as f64;
        // Full batches while records wait: as if the rate knew no bound.
        let rate = if waits {
            f64::MAX
        } else {
            self.producers[lane.producer].offered * lane.share / f64::from(spec.clients)
        };
        spec.settings.batching(&batching::Feed {
            rate,
            record_bytes: spec.sent_record_bytes(),
            brokers,
            partitions_per_broker: (f64::from(topic.partitions) / brokers).max(1.0),
            keyed: spec.keyed,
            response: self.scenario.costs.produce_response(spec.settings.acks, trip),
        })
    }

    /// How often every fetch loop asks, as CPU per byte at its leader.
    fn expect_fetches(&self, network: &mut Network) {
        let clear = |one: &mut Loop| (one.appends, one.bytes, one.behind) = (0.0, 0.0, false);
        network.followers.iter_mut().for_each(clear);
        network.readers.iter_mut().for_each(clear);
        for (partition, loops) in network.of_partition.iter().enumerate() {
            for (index, _) in loops {
                let one = &mut network.followers[*index as usize];
                one.appends += network.batches[partition];
                one.bytes += network.bytes[partition];
            }
        }
        for one in &mut network.followers {
            self.price(
                one,
                FetchLoop {
                    cycle: self.scenario.costs.fetch_cycle(one.trip, one.partitions),
                    appends: one.appends / f64::from(self.scenario.brokers.replica_fetchers),
                    byte_rate: one.bytes / f64::from(self.scenario.brokers.replica_fetchers),
                    min_bytes: REPLICA_FETCH_MIN.as_f64(),
                    max_wait: REPLICA_FETCH_WAIT,
                    max_bytes: REPLICA_FETCH_RESPONSE.as_f64(),
                    behind: false,
                },
            );
        }
        for (group, state) in self.groups.iter().enumerate() {
            for (slot, index) in state.slots.iter().zip(&network.of_slot[group]) {
                let Some(index) = index else { continue };
                let partition = slot.partition.index();
                let behind = self.logs[partition].end - slot.position > NOTHING;
                let records = if behind { slot.rate } else { network.records[partition] };
                let one = &mut network.readers[*index as usize];
                one.appends += network.batches[partition];
                one.bytes += records * network.record_bytes[partition];
                one.behind |= behind;
            }
            let settings = &self.scenario.groups[group].settings;
            let mut mine: Vec<u32> = network.of_slot[group].iter().flatten().copied().collect();
            mine.dedup();
            mine.sort_unstable();
            mine.dedup();
            for index in mine {
                let one = &mut network.readers[index as usize];
                let most = settings.max_partition_fetch.as_f64() * f64::from(one.partitions);
                self.price(
                    one,
                    FetchLoop {
                        cycle: self.scenario.costs.fetch_cycle(one.trip, one.partitions),
                        appends: one.appends,
                        byte_rate: one.bytes,
                        min_bytes: settings.fetch_min.as_f64(),
                        max_wait: settings.fetch_max_wait,
                        max_bytes: most.min(settings.fetch_max.as_f64()),
                        behind: one.behind,
                    },
                );
            }
        }
    }

    fn price(&self, one: &mut Loop, fetch: FetchLoop) {
        let costs = &self.scenario.costs;
        let each = costs.fetch_request + costs.session_partition * u64::from(one.partitions);
        one.cpu_per_byte = if fetch.byte_rate > 0.0 {
            fetch.fetches() * each.as_secs_f64() / fetch.byte_rate
        } else {
            0.0
        };
    }

    fn add_flows(&self, network: &mut Network) {
        let mut share = std::mem::take(&mut network.share);
        self.lend(network);
        let lent = network.lent.iter().copied().chain(std::iter::repeat(1.0));
        share.reset(network.fixed.iter().zip(lent).map(|(fixed, lent)| lent - fixed));
        let mut uses = Uses::new();
        for (index, feed) in self.feeds.iter().enumerate() {
            uses.clear();
            self.uses_of_feed(network, feed, &mut uses);
            let led = self.cluster.partition(feed.partition).leader.is_some();
            let open = led && self.takes(index, feed);
            let demand = match (open, feed.queued > NOTHING) {
                (false, _) => 0.0,
                (true, true) => f64::INFINITY,
                (true, false) => self.offered(feed),
            };
            share.flow(demand, 1.0 / feed.sent_bytes, uses.iter().copied());
        }
        for (group, state) in self.groups.iter().enumerate() {
            for (index, slot) in state.slots.iter().enumerate() {
                uses.clear();
                self.uses_of_slot(network, group, index, &mut uses);
                let partition = slot.partition.index();
                let behind = self.logs[partition].end - slot.position > NOTHING;
                let open = network.of_slot[group][index].is_some() && self.gives(group, index);
                let demand = match (open, behind) {
                    (false, _) => 0.0,
                    (true, true) => f64::INFINITY,
                    (true, false) => network.records[partition],
                };
                share.flow(demand, 1.0 / network.record_bytes[partition], uses.iter().copied());
            }
        }
        for copy in self.copies() {
            uses.clear();
            self.uses_of_copy(network, copy, &mut uses);
            let led = self.cluster.partition(copy.step.partition).leader.is_some();
            let demand = if led { f64::INFINITY } else { 0.0 };
            share.flow(demand, 1.0, uses.iter().copied());
        }
        network.share = share;
    }

    /// Lowers the demand of caught-up consumers to what is appended; says whether any changed.
    fn couple(&self, network: &mut Network, rates: &mut [f64]) -> bool {
        let mut appended = vec![0.0; self.cluster.partitions.len()];
        for (feed, rate) in self.feeds.iter().zip(rates.iter()) {
            appended[feed.partition.index()] += rate;
        }
        let mut changed = false;
        let mut flow = self.feeds.len();
        for state in &self.groups {
            for slot in &state.slots {
                let partition = slot.partition.index();
                let behind = self.logs[partition].end - slot.position > NOTHING;
                if !behind && rates[flow] > appended[partition] {
                    rates[flow] = appended[partition];
                    network.share.set_demand(flow, appended[partition]);
                    changed = true;
                }
                flow += 1;
            }
        }
        changed
    }

    fn spread_rates(&mut self, rates: &[f64]) {
        let mut rates = rates.iter().copied();
        for feed in &mut self.feeds {
            feed.rate = rates.next().unwrap_or(0.0);
        }
        for state in &mut self.groups {
            for slot in &mut state.slots {
                slot.rate = rates.next().unwrap_or(0.0);
            }
        }
        for copy in self.reassignment.copies.iter_mut().chain(&mut self.catching) {
            copy.rate = rates.next().unwrap_or(0.0);
        }
    }
}
