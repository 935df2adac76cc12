//! Runs as something to look at.
//!
//! A run becomes a [`document`] once, which the formats print; [`figures`] draw it; [`output`]
//! writes the complete set of files; [`explain`] reads the models' own documentation aloud.

pub mod backtest;
pub mod brokers;
pub mod calibration;
pub mod chart;
pub mod clock;
pub mod consumers;
pub mod designs;
pub mod document;
pub mod explain;
pub mod figures;
pub mod formats;
pub mod lints;
pub mod monitoring;
mod outages;
pub mod output;
pub mod pairs;
pub mod plan;
pub mod policies;
pub mod recommend;
pub mod runbook;
mod sentences;
pub mod sweep;
pub mod validation;

pub use sentences::sentences;
