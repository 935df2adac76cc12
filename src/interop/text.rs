//! Foreign texts and what is wrong with them.

pub(super) use crate::scenario::foreign::{json_of, problem, wrong};
