//! Little's law: L = λW, as bookkeeping.

use crate::units::SimTime;

/// Both sides of Little's law over a window in which every customer that came also left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LittleCheck {
    /// Time-average number in the system.
    pub number: f64,
    /// Arrivals per second.
    pub rate: f64,
    /// Mean time in the system in seconds.
    pub time: f64,
}

impl LittleCheck {
    /// |L − λW| over L; an identity up to rounding.
    pub fn relative_error(&self) -> f64 {
        if self.number > 0.0 {
            (self.number - self.rate * self.time).abs() / self.number
        } else {
            (self.rate * self.time).abs()
        }
    }
}

/// Accounts for customers given as (arrival, departure), over the window from the first arrival to
/// the last departure. The left side counts customers between events, the right side averages their
/// times, so the two share no arithmetic. `None` without customers or without time.
pub fn little(customers: &[(SimTime, SimTime)]) -> Option<LittleCheck> {
    let first = customers.iter().map(|customer| customer.0).min()?;
    let last = customers.iter().map(|customer| customer.1).max()?;
    let window = last.checked_since(first)?.as_secs_f64();
    if window <= 0.0 {
        return None;
    }
    let mut changes: Vec<(SimTime, i64)> = customers
        .iter()
        .flat_map(|(arrival, departure)| [(*arrival, 1), (*departure, -1)])
        .collect();
    changes.sort_unstable();
    let (mut area, mut inside, mut since) = (0.0, 0_i64, first);
    for (at, change) in changes {
        area += inside as f64 * (at - since).as_secs_f64();
        inside += change;
        since = at;
    }
    let count = customers.len() as f64;
    let times = customers.iter().map(|(arrival, departure)| (*departure - *arrival).as_secs_f64());
    Some(LittleCheck {
        number: area / window,
        rate: count / window,
        time: times.sum::<f64>() / count,
    })
}
