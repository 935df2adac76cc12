//! Chance with names: every random number belongs to an entity and a purpose.
//!
//! A stream is derived from the seed, the replication, the path of the entity and the purpose
//! (`broker/3`, `start-up`), so that adding a broker leaves the draws of all others alone and two
//! designs can share their luck. The generator is named (xoshiro256++) and the samplers are our own
//! and use `libm`, so the same seed gives the same bits on every platform.

mod distribution;
mod stream;

pub use distribution::{Distribution, Law};
pub use stream::{Chance, Seed, Stream};
