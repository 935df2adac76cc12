//! The flow-level engine: max-min fair rates between events.
