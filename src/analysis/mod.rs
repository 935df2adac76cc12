//! Pure functions over runs.
