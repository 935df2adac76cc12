//! The request-level engine: batches and requests through brokers, one by one.
//!
//! What emerges here is not a parameter anywhere: throughput at saturation, latencies, lag. They
//! follow from Kafka's own mechanisms (muted channels, requests in flight, linger and drain, fetch
//! sessions and purgatory, the high watermark by the next fetch, TCP windows) and from costs and
//! capacities of things (a request, a batch, a record, a byte, a core, a NIC, a disk).
//!
//! A record is not an event; a batch is. First-come first-served resources are booked on arrival
//! and need no events for their queues, so a produce request takes about five events.
//!
//! What it does not know yet: operations, retention, rebalances after the start.

mod accounts;
mod append;
mod application;
mod broker;
mod client;
mod event;
mod faults;
mod followers;
mod force;
mod in_sync;
mod laws;
mod log;
mod machine;
mod measure;
mod member;
mod outcome;
mod pipe;
mod quota;
mod replica;
mod sender;
mod session;
mod slab;
mod start;
mod start_groups;
mod storage;
mod world;

use crate::chance::Seed;
use crate::metrics::Run;
use crate::scenario::Scenario;
use crate::units::SimTime;
use event::Event;
use world::World;

/// Runs a scenario; the same scenario, seed and replication give the same record to the byte.
///
/// The record has no verdict yet: bottleneck, objectives and alerts are the work of `analysis`.
pub fn simulate(scenario: &Scenario, seed: Seed, replication: u32) -> Run {
    play(scenario, seed, replication, |_, _, _| {})
}

/// What happens in a run, for comparing two versions of the engine: the first events and then
/// every one whose number has grown by a quarter, each with its number, its time and a hash over
/// all events up to it. The first event that differs lies between the last line that agrees and
/// the first that does not.
pub fn trace(scenario: &Scenario, seed: Seed) -> Vec<String> {
    let (mut lines, mut next, mut hash) = (Vec::new(), 1, FNV_OFFSET);
    play(scenario, seed, 0, |number, at, event| {
        let words = format!("{} ns {event:?}", at.as_nanos());
        for byte in words.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        if number == next {
            lines.push(format!("{number} {words} {hash:016x}"));
            next += (next / 4).max(1);
        }
    });
    lines
}

/// Fowler, Noll and Vo's hash of 64 bits, variant 1a.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// The loop; `watch` sees every event with its number before it happens.
fn play(
    scenario: &Scenario,
    seed: Seed,
    replication: u32,
    mut watch: impl FnMut(u64, SimTime, Event),
) -> Run {
    let mut world = World::empty(scenario, seed, replication);
    world.begin();
    let warm = world.from;
    let mut measured = false;
    while let Some((at, event)) = world.agenda.take() {
        if at > world.end {
            break;
        }
        if !measured && at >= warm {
            measured = true;
            world.measures.at_warm_up = world.accounts();
        }
        world.events += 1;
        watch(world.events, at, event);
        world.happen(event);
    }
    world.into_run()
}

impl World<'_> {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Chunk { pipe, bytes, message, last, left } => {
                self.chunk(pipe, u64::from(bytes), message, last, left);
            }
            Event::Pump { pipe } => self.pump_due(pipe),
            Event::Deliver { pipe, message } => self.deliver(pipe, message),
            Event::Unmute { pipe } => self.unmute(pipe),
            Event::Handled { request } => self.handled(request),
            Event::Force { request, batch } => self.force(request, batch),
            Event::ForceFetched { session, part } => self.force_fetched(session, part),
            Event::ProduceTimeouts { ring } => self.produce_timeouts(ring),
            Event::FetchTimeouts { ring } => self.fetch_timeouts(ring),
            Event::Fetched { session } => self.fetched(session),
            Event::Application { client, turn } => self.application(client, turn),
            Event::Sender { client, turn } => self.sender(client, turn),
            Event::Acknowledge { request } => self.acknowledge(request),
            Event::MaxBlock { client, since } => self.max_block(client, since),
            Event::Poll { member } => self.poll(member),
            Event::CommitDue { member } => self.commit_due(member),
            Event::Curve { producer } => self.turn_curve(producer),
            Event::InSync => self.check_in_sync(),
            Event::Settle => self.settle(),
            Event::Errand { number } => self.errand(number),
            Event::Sample => {
                self.sample();
                let next = self.now() + self.sample_span();
                if self.now() < self.end {
                    self.agenda.schedule(next.min(self.end), Event::Sample);
                }
            }
        }
    }

    /// Brings page caches to the dirty bytes that the present rates would have led to.
    fn settle(&mut self) {
        let now = self.agenda.now();
        for disk in self.machines.iter_mut().flat_map(|machine| &mut machine.disks) {
            disk.settle(now);
        }
    }
}
