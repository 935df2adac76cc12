//! Instants of a run on its wall clock.

use crate::units::SimTime;
use jiff::civil::DateTime;

/// The wall clock of a run.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: DateTime,
    days: bool,
}

impl Clock {
    /// A clock that starts at the run's own start; runs of more than a day show the date too.
    pub fn new(start: &str, end: SimTime) -> Self {
        let start = start.parse().unwrap_or(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
        Self { start, days: end.as_secs_f64() > 86_400.0 }
    }
    /// The date and time of an instant.
    pub fn at(&self, instant: SimTime) -> DateTime {
        let seconds = instant.as_secs_f64().round() as i64;
        self.start.saturating_add(jiff::SignedDuration::from_secs(seconds))
    }
    /// `09:01`, or `27 Nov 09:01`; seconds only when they are not zero.
    pub fn text(&self, instant: SimTime) -> String {
        let at = self.at(instant);
        let time = if at.second() == 0 {
            format!("{:02}:{:02}", at.hour(), at.minute())
        } else {
            format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
        };
        if self.days { format!("{} {} {time}", at.day(), month(at.month())) } else { time }
    }
    /// `2026-11-27`.
    pub fn date(&self) -> String {
        self.start.date().to_string()
    }
    /// Seconds since 1970 at the start, read as UTC.
    pub fn epoch(&self) -> i64 {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        self.start.duration_since(epoch).as_secs()
    }
}

fn month(number: i8) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    usize::try_from(number - 1).ok().and_then(|i| NAMES.get(i)).copied().unwrap_or("")
}
