//! A discrete-event kernel that has never heard of Kafka.
//!
//! Time is integer nanoseconds, so equal instants are equal. Events are totally ordered by (time,
//! sequence of scheduling): two runs that schedule the same events take them in the same order.
//! [`EventQueue`] is the queue itself, [`Agenda`] a clock with typed events on top of it,
//! [`DelayRing`] keeps the timers of a constant delay out of it, [`Generation`] cancels lazily, and
//! [`FifoStation`] needs no events at all.
//!
//! # Example
//! A single server with exponential arrivals and services (M/M/1) at utilisation 0.5; its mean time
//! in system is 1 / (μ − λ) = 2 ms.
//! ```
//! use kafsim::chance::{Chance, Seed};
//! use kafsim::engine::kernel::{Agenda, FifoStation};
//! use kafsim::units::{SimSpan, SimTime};
//!
//! let chance = Chance::new(Seed::new(1), 0);
//! let (mut gaps, mut services) = (chance.stream("source", "gap"), chance.stream("server",
//! "work")); let mut agenda = Agenda::new();
//! let mut server = FifoStation::new(1);
//! let (mut total, customers) = (0.0, 100_000);
//! agenda.schedule(SimTime::ZERO, ());
//! for _ in 0..customers {
//!     let (now, ()) = agenda.take().expect("an arrival is always pending");
//!     let work = SimSpan::from_secs_f64(services.exp1() * 1e-3);
//!     total += (server.serve(now, work).end - now).as_secs_f64();
//!     agenda.schedule(now + SimSpan::from_secs_f64(gaps.exp1() * 2e-3), ());
//! }
//! let mean_ms = total / f64::from(customers) * 1e3;
//! assert!((mean_ms - 2.0).abs() < 0.1, "{mean_ms}");
//! ```

mod agenda;
mod queue;
mod station;

pub use agenda::{Agenda, DelayRing, Generation};
pub use queue::{EventQueue, PAYLOAD_MAX};
pub(crate) use station::first_free;
pub use station::{FifoStation, Service};
