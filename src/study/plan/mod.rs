//! What to buy: the exercise's calculator, a vendor's sizing arithmetic, and the simulated answer.

mod decimal;
mod input;
mod msk;
mod script;

pub use decimal::Decimal;
pub use input::{PlanInput, QUESTIONS, Question, question_named};
pub use msk::{MskInput, MskRow, msk_picks, msk_rows};
pub use script::{Figure, script_figures};
