//! What every engine writes and every analysis reads.
//!
//! Three makers (`des`, `fluid`, `live`) each make the same [`Run`]; comparing, plotting and
//! reporting never ask which one did. Engines write through a [`Recorder`].

mod accumulators;
mod cost;
mod histogram;
mod index;
mod latency;
mod outage;
mod phases;
mod recorder;
mod run;
mod series;

pub use accumulators::{TimeWeighted, Welford};
pub use cost::{Cost, CostItem};
pub use histogram::Histogram;
pub use index::SeriesIndex;
pub use latency::{Journey, Latencies, LatencyWindow, Mixture, Quantiles};
pub use outage::OutageEntry;
pub use phases::RequestPhases;
pub use recorder::{Recorder, SeriesId};
pub use run::{
    AlertEntry, Bottleneck, BrokerOutcome, DecisionEntry, EngineKind, Event, GroupOutcome,
    ObjectiveOutcome, OperationEntry, Population, ProducerOutcome, ResourceUse, Run, Spread,
    ThresholdLine, TopicOutcome, Utilisation,
};
pub use series::{Series, Shape};
