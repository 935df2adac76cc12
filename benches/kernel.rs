//! The event queue beside `std`'s heap, and M/M/1 beside the Lindley recursion.
//!
//! Every figure is a ratio of two loops in one run, interleaved, the median of several rounds.

use kafsim::chance::{Chance, Seed, Stream};
use kafsim::engine::kernel::EventQueue;
use kafsim::units::SimTime;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What both queues do in the hold model.
trait Pending {
    fn with_capacity(capacity: usize) -> Self;
    fn push(&mut self, at: u64, process: u32);
    fn pop(&mut self) -> Option<(u64, u32)>;
}

impl Pending for EventQueue {
    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity(capacity)
    }
    #[inline]
    fn push(&mut self, at: u64, process: u32) {
        self.push(SimTime::from_nanos(at), process);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        self.pop().map(|(at, process)| (at.as_nanos(), process))
    }
}

/// The peer: the same packed key in `std`'s binary heap.
struct Standard {
    heap: BinaryHeap<Reverse<u128>>,
    sequence: u64,
}

impl Pending for Standard {
    fn with_capacity(capacity: usize) -> Self {
        Self { heap: BinaryHeap::with_capacity(capacity), sequence: 0 }
    }
    #[inline]
    fn push(&mut self, at: u64, process: u32) {
        let low = (self.sequence << 24) | u64::from(process);
        self.heap.push(Reverse((u128::from(at) << 64) | u128::from(low)));
        self.sequence += 1;
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        self.heap.pop().map(|Reverse(key)| ((key >> 64) as u64, key as u32 & 0x00ff_ffff))
    }
}

/// The floor: no queue, processes in turn.
struct Nothing {
    count: u32,
    next: u32,
    now: u64,
}

impl Pending for Nothing {
    fn with_capacity(capacity: usize) -> Self {
        Self { count: capacity as u32, next: 0, now: 0 }
    }
    #[inline]
    fn push(&mut self, at: u64, _process: u32) {
        self.now = self.now.max(at);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        self.next = if self.next + 1 == self.count { 0 } else { self.next + 1 };
        Some((self.now, self.next))
    }
}

/// 64 bytes of state per process, a cache line.
#[derive(Clone, Copy, Default)]
struct State([u64; 8]);

#[derive(Clone, Copy)]
enum Delays {
    Exponential,
    /// 80 % 5–300 µs, 15 % milliseconds, 5 % 5 ms to seconds.
    Mixed,
}

#[inline]
fn delay(delays: Delays, stream: &mut Stream) -> u64 {
    match delays {
        Delays::Exponential => (stream.exp1_ziggurat() * 1e6) as u64,
        Delays::Mixed => {
            let kind = stream.uniform();
            let share = stream.uniform();
            let micros = if kind < 0.8 {
                5.0 + 295.0 * share
            } else if kind < 0.95 {
                1_000.0 + 9_000.0 * share
            } else {
                5_000.0 + 2_995_000.0 * share * share
            };
            (micros * 1e3) as u64
        }
    }
}

/// Nanoseconds per event, and the bytes that the queue and the states hold.
fn hold<Q: Pending>(pending: usize, delays: Delays, events: u64) -> (f64, usize) {
    let region = Region::new(ALLOCATOR);
    let mut stream = Chance::new(Seed::new(1), 0).stream("hold", "delay");
    let mut queue = Q::with_capacity(pending);
    let mut states = vec![State::default(); pending];
    for process in 0..pending {
        queue.push(delay(delays, &mut stream), process as u32);
    }
    let mut turn = |events: u64| {
        for _ in 0..events {
            let Some((now, process)) = queue.pop() else { break };
            let state = &mut states[process as usize];
            state.0[(now & 7) as usize] = state.0[(now & 7) as usize].wrapping_add(now);
            queue.push(now + delay(delays, &mut stream), process);
        }
    };
    turn(3 * pending as u64);
    let start = clock();
    turn(events);
    let nanos = start.elapsed().as_nanos() as f64 / events as f64;
    black_box(&states);
    let change = region.change();
    (nanos, change.bytes_allocated.saturating_sub(change.bytes_deallocated))
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> Instant {
    Instant::now()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// M/M/1 through the queue: two events a customer, at most one departure pending.
fn mm1(customers: u64) -> (f64, f64) {
    let chance = Chance::new(Seed::new(2), 0);
    let (mut gaps, mut work) = (chance.stream("source", "gap"), chance.stream("server", "work"));
    let mut queue = EventQueue::with_capacity(8);
    let mut waiting = std::collections::VecDeque::with_capacity(4_096);
    let (mut left, mut total) = (customers, 0.0);
    queue.push(SimTime::ZERO, 0);
    while left > 0 {
        let Some((now, kind)) = queue.pop() else { break };
        if kind == 0 {
            waiting.push_back(now);
            if waiting.len() == 1 {
                queue.push(after(now, work.exp1_ziggurat() * 0.9e6), 1);
            }
            queue.push(after(now, gaps.exp1_ziggurat() * 1e6), 0);
        } else {
            left -= 1;
            if let Some(arrival) = waiting.pop_front() {
                total += (now - arrival).as_secs_f64();
            }
            if !waiting.is_empty() {
                queue.push(after(now, work.exp1_ziggurat() * 0.9e6), 1);
            }
        }
    }
    (total / customers as f64, 2.0 * customers as f64)
}

#[inline]
fn after(now: SimTime, nanos: f64) -> SimTime {
    SimTime::from_nanos(now.as_nanos() + nanos as u64)
}

fn lindley(customers: u64) -> f64 {
    let chance = Chance::new(Seed::new(2), 0);
    let (mut gaps, mut work) = (chance.stream("source", "gap"), chance.stream("server", "work"));
    let (mut wait, mut total) = (0.0_f64, 0.0);
    for _ in 0..customers {
        let service = work.exp1_ziggurat() * 0.9e-3;
        total += wait + service;
        wait = (wait + service - gaps.exp1_ziggurat() * 1e-3).max(0.0);
    }
    total / customers as f64
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 3 } else { 7 };
    let mut met = true;
    println!(
        "{:<22} {:>9} {:>8} {:>8} {:>7} {:>6} {:>6} {:>8} {:>9}",
        "hold model", "pending", "ours ns", "std ns", "ratio", "gate", "goal", "floor ns", "memory"
    );
    let cases = [
        (Delays::Exponential, [(100, 0.70, 0.60), (10_000, 0.85, 0.50), (1_000_000, 0.80, 0.45)]),
        (Delays::Mixed, [(100, 0.65, 0.50), (10_000, 0.65, 0.50), (1_000_000, 0.65, 0.50)]),
    ];
    for (delays, sizes) in cases {
        let name = match delays {
            Delays::Exponential => "exponential delays",
            Delays::Mixed => "mixed delays",
        };
        for (pending, gate, goal) in sizes {
            let events = if quick { 300_000 } else { 2_000_000 };
            let (mut ours, mut peer, mut floor, mut memory) = (vec![], vec![], vec![], 0);
            for _ in 0..rounds {
                let (nanos, bytes) = hold::<EventQueue>(pending, delays, events);
                memory = bytes;
                ours.push(nanos);
                peer.push(hold::<Standard>(pending, delays, events).0);
                floor.push(hold::<Nothing>(pending, delays, events).0);
            }
            let (ours, peer, floor) = (median(ours), median(peer), median(floor));
            let ratio = ours / peer;
            met &= ratio <= gate;
            println!(
                "{name:<22} {pending:>9} {ours:>8.1} {peer:>8.1} {ratio:>7.2} {gate:>6.2} \
                {goal:>6.2} {floor:>8.1} {:>6.1} MB",
                memory as f64 / 1e6
            );
        }
    }
    let customers = if quick { 500_000 } else { 5_000_000 };
    black_box(mm1(10_000));
    let (mut queue, mut recursion, mut allocations) = (vec![], vec![], 0);
    for _ in 0..rounds {
        let region = Region::new(ALLOCATOR);
        let start = clock();
        let (_, events) = black_box(mm1(customers));
        queue.push(start.elapsed().as_nanos() as f64 / events);
        allocations = region.change().allocations;
        let start = clock();
        black_box(lindley(customers));
        recursion.push(start.elapsed().as_nanos() as f64 / (2.0 * customers as f64));
    }
    let (queue, recursion) = (median(queue), median(recursion));
    met &= queue <= 25.0;
    println!(
        "\nM/M/1: {queue:.1} ns per event (gate 25, goal 18), Lindley {recursion:.1} ns, \
        ratio {:.2}, {allocations} allocations in {customers} customers",
        queue / recursion
    );
    println!("{}", if met { "all gates are met" } else { "not all gates are met" });
}
