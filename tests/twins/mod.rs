//! Twins: a fast implementation against a slow and obvious one.
