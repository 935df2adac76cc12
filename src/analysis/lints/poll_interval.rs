//! The time that a full poll takes against `max.poll.interval.ms`.
//!
//! A member that does not poll for so long leaves the group; its partitions go to others, and when
//! it comes back they move again. A member that is behind gets full polls.

use super::{Case, Found, number, prose};
use crate::units::count;

pub(super) fn rule(case: &Case<'_>) -> Option<Found> {
    let settings = &case.group.settings;
    let records = f64::from(settings.max_poll_records);
    let (each, interval) = (case.service(), settings.max_poll_interval.as_secs_f64());
    let poll = records * each;
    if poll < interval {
        return None;
    }
    // Half of the interval leaves room for a slow downstream.
    let fits = (interval / 2.0 / each).floor().max(1.0);
    Some(Found {
        words: format!(
            "A member of {} that is behind polls {} records and works on them for {}; after {} \
             without a poll (max.poll.interval.ms) it is out of the group, its partitions move, \
             and what it did is done again. More members do not help.",
            case.group.name,
            count(records),
            prose(poll),
            prose(interval)
        ),
        advice: format!("max.poll.records {} or less", count(fits)),
        evidence: vec![
            number("max.poll.records", records, "records"),
            number("work per record", each * 1e3, "ms"),
            number("work per poll", poll, "s"),
            number("max.poll.interval.ms", interval * 1e3, "ms"),
        ],
    })
}
