//! Runs and studies as something to look at.
