//! The third maker of runs: the same scenario on a real cluster, or on librdkafka's mock.
//!
//! What is measured is what the scenario says: producers send at intended instants of its load
//! curve (open loop) or as fast as they can (closed loop), groups of consumers read. The result is
//! the same [`Run`](crate::metrics::Run) that the simulators make.
//!
//! A guest's manners: it touches only topics that it created, under names that nobody can guess,
//! which stand in a journal on the disk before they are created; it keeps to caps, watches the
//! cluster, and cleans up whatever happens. This floor has the only wall clock, threads and
//! network of the library.

mod acts;
mod bench;
mod clock;
mod cluster;
mod consume;
mod guards;
mod host;
mod intended;
mod journal;
mod names;
mod outcome;
mod plan;
mod produce;
mod security;
mod settings;
mod signals;
mod survey;
mod tally;
mod verdict;
mod watch;

pub use acts::Act;
pub use bench::{Ending, Measured, Options, bench};
pub use cluster::{MockPlan, Target};
pub use journal::{Journal, Left, cleanup};
pub use plan::{Caps, Plan};
pub use security::Security;
pub use survey::{Survey, cleanup_all, survey};
