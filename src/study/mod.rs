//! Which runs to make, and what to make of them.

pub mod brokers;
mod consumers;
mod designs;
mod draws;
pub mod experiment;
mod latencies;
mod partitions;
pub mod plan;
mod policies;
mod recommend;
mod replay;
pub mod runbook;
mod script;
mod settle;
mod simulate;
pub mod sweep;
pub mod validate;

pub use brokers::replica_bytes;
pub use consumers::{
    ConsumerStudy, STRATEGY_MEASURES, Strategy, StrategyMeasure, StrategyRow, TRIGGERS,
    TriggerOutcome, TriggerRule, consumers,
};
pub use designs::{Design, Difference, Outcome, QUANTITIES, Quantity, differences, evaluate};
pub use draws::card_draws;
pub use partitions::{DEFAULT_COUNTS, PartitionStudy, partitions};
pub use policies::{Following, MEASURES, Measure, PolicyOutcome, choose, compare_policies};
pub use recommend::{Change, DAYS, Knob, Recommendation, Tally, Tuning, recommend};
pub use replay::{
    Outage, ReplayFinding, ReplayRow, ReplaySwings, Replayed, replay, replay_and_judge,
};
pub use script::{Claim, EXERCISE_DAY, claim, literal_claim};
pub use simulate::{FEWEST, MOST, Precision, make, simulate, simulate_precisely};
