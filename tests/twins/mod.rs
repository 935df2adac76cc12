//! Twins: a fast implementation against a slow and obvious one.

mod conservation;
mod faults;
mod hpa;
mod hpa_reference;
mod keda;
mod keda_reference;
mod max_min;
mod max_min_reference;
mod threshold;
mod threshold_reference;
