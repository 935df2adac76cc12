//! The flow-level engine: max-min fair rates between events.
//!
//! The state is rates and backlogs. Between two events every rate is constant: a curve offers the
//! exact mean of its segment, flows share brokers' CPUs, NICs and disks and members' poll loops by
//! max-min fairness, and backlogs are straight lines. Events are the ends of curve segments,
//! backlogs that empty, policies that look, brokers and members that start, partitions that change
//! hands, replicas that arrive, and retention.
//!
//! A follower's work is part of the append (acks=all waits for it, and replicas stay in sync), so
//! one flow per producer and partition loads the leader and all followers; consumption is a flow of
//! its own per group and partition, and so is each replica that moves.
//!
//! What it does not know: latencies, request handlers and network threads; what acks=1 loses when
//! a leader dies.

mod advance;
mod brokers;
mod controllers;
mod credit;
mod deaths;
mod distance;
mod fair_share;
mod faults;
mod feeds;
mod flows;
mod groups;
mod log;
mod meters;
mod network;
mod outcome;
mod rates;
mod sampling;
mod scaling;
mod seeks;
mod standing;
mod start;
mod uses;
mod world;

pub use fair_share::FairShare;
pub use standing::standing;

use crate::chance::Seed;
use crate::metrics::Run;
use crate::model::policy::ScalingPolicy;
use crate::scenario::Scenario;
use crate::units::{SimSpan, SimTime};
use world::{Event, World};

/// How often brokers look for segments to delete: `log.retention.check.interval.ms`.
const RETENTION_CHECK: SimSpan = SimSpan::from_secs(300);

/// Runs a scenario; the same scenario, seed and replication give the same record to the byte.
///
/// The record has no verdict yet: bottleneck, objectives and alerts are the work of `analysis`.
pub fn simulate(scenario: &Scenario, seed: Seed, replication: u32) -> Run {
    let mut world = World::new(scenario, seed, replication);
    play(&mut world);
    world.sample_sizes();
    world.into_run()
}

/// Lets a world happen until its end.
fn play(world: &mut World<'_>) {
    world.schedule_all();
    while world.now < world.end {
        world.turn_curves();
        world.set_rates();
        world.measure_demand();
        if world.resized {
            world.sample_sizes();
            world.record_lags();
            world.resized = false;
        }
        world.settle_awaited();
        let next = world.next_change();
        let until = world.rates_hold_until(next);
        world.advance(until);
        world.dispatch();
    }
    world.set_rates();
    world.settle_awaited();
}

impl World<'_> {
    /// The next event, end of a curve's segment, or the end.
    fn next_change(&mut self) -> SimTime {
        let curves = self.producers.iter().map(|producer| producer.until).min();
        let event = self.agenda.peek().unwrap_or(SimTime::MAX);
        curves.unwrap_or(SimTime::MAX).min(event).min(self.end)
    }

    /// Everything that happens now.
    fn dispatch(&mut self) {
        while self.agenda.peek().is_some_and(|at| at <= self.now) {
            if let Some((_, event)) = self.agenda.take() {
                self.happen(event);
            }
        }
        self.resized |= self.rewired;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Sample => {
                self.sample();
                if self.now < self.end {
                    let at = self.after(self.interval).min(self.end);
                    self.agenda.schedule(at, Event::Sample);
                }
            }
            Event::Evaluate { scaler } => {
                self.evaluate(scaler);
                let at = self.after(self.policies[scaler].period());
                self.agenda.schedule(at, Event::Evaluate { scaler });
            }
            Event::Retention => {
                self.retain();
                self.record_lags();
                let at = self.after(RETENTION_CHECK);
                self.agenda.schedule(at, Event::Retention);
            }
            Event::BrokerReady { broker } => self.broker_ready(broker),
            Event::MemberReady { group, member } => self.member_ready(group, member),
            Event::MemberLost { group, member } => self.member_lost(group, member),
            Event::MemberBack { group } => self.member_back(group),
            Event::Handover { group: _ } | Event::Learned => self.rewired = true,
            Event::Timeline { entry } => self.timeline(entry),
            Event::Control { step } => self.control_step(step),
        }
    }
}
