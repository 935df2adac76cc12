//! Pure functions over runs and samples.
//!
//! [`judge`] completes a run with what follows from it: bottleneck, objectives, alerts. The rest is
//! output analysis: intervals over replications and batches, warm-up, Little's law.

mod alerts;
mod bottleneck;
mod elasticity;
mod interval;
pub mod issues;
mod lints;
mod little;
mod median;
mod objectives;
mod swings;
mod triggers;
mod warm_up;

pub use alerts::alerts;
pub use bottleneck::bottleneck;
pub use elasticity::{Elasticity, elasticity};
pub use interval::{CONFIDENCE, DEVIATE_80, Interval, batch_means, replications};
pub use lints::{Evidence, Lint, lints};
pub use little::{LittleCheck, little};
pub use median::median;
pub use objectives::objectives;
pub use swings::{Swings, swings};
pub use triggers::Trigger;
pub use warm_up::{WarmUp, mser5};

use crate::metrics::Run;
use crate::scenario::Scenario;

/// Completes the run of a scenario with bottleneck, objectives and alerts.
pub fn judge(scenario: &Scenario, run: &mut Run) {
    run.bottleneck = bottleneck(scenario, run);
    run.slo = objectives(scenario, run);
    run.alerts = alerts(scenario, run);
}
