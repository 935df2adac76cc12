//! What the reader wrote, checked.
//!
//! Text becomes a tree with places under a budget (`read`), the tree becomes a [`Scenario`] through
//! typed readers that push into one list of problems (`check`), and foreign policy files are read
//! by `manifests`.

mod scenario;

pub use scenario::{
    BrokerPool, Comparison, EngineChoice, Group, GroupProtocol, Initial, Metric, Objective,
    Producer, Rebalancing, RoundTrips, Scaler, Scenario, Stat, TimelineAction, TimelineEntry,
    Window, Work,
};
