//! Which runs to make, and what to make of them.

mod replay;
mod script;
mod simulate;
pub mod validate;

pub use replay::{ReplayRow, replay};
pub use script::{Claim, EXERCISE_DAY, claim, literal_claim};
pub use simulate::{make, simulate};
