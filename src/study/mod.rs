//! Which runs to make, and what to make of them.
