//! What to buy: the exercise's calculator, a vendor's sizing arithmetic, and the simulated answer.

mod beside;
mod decimal;
mod input;
mod msk;
mod script;
mod search;
mod trial;

pub use decimal::Decimal;
pub use input::{PlanInput, QUESTIONS, Question, question_named};
pub use msk::{MskInput, MskRow, msk_picks, msk_rows};
pub use script::{Figure, script_figures};
pub use search::{MOST_RISK, Offer, PLAN_MONTHS, PlanAnswer, Purchase, SearchInput, search};

/// A small scenario whose machines, rates and sizes are replaced: the ground on which plans are
/// laid, and where the machine of a card is looked up.
pub const PROBE: &str = include_str!("probe.yaml");
