//! Closed forms: the simulated interval must cover the theory.
