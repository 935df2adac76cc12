//! The exercise that kafsim replaces: its policy, its script, its day.
