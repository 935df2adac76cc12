//! Random schedules of faults.

use kafsim::chance::Stream;
use std::fmt::Write as _;

/// A schedule on the timeline.
pub struct Schedule {
    /// Its entries, without brackets.
    pub text: String,
    /// Zone `b` is lost in it.
    pub zone: bool,
    /// A broker fails whose process may still be starting.
    pub while_starting: bool,
    /// A broker is never started again.
    pub for_ever: bool,
}

/// Faults that can befall brokers 1 to `brokers` in turn, in units of so many ms; brokers are in
/// the zones a and b in turn. They begin from 100 units on and end before 2,000.
pub fn schedule(chance: &mut Stream, brokers: usize, unit: usize) -> Schedule {
    let mut all =
        Schedule { text: String::new(), zone: false, while_starting: false, for_ever: false };
    if chance.uniform() < 0.1 {
        let then = (500 + chance.index(300)) * unit;
        all.zone = true;
        all.text = format!(
            "{{after: {} ms, do: lose_zone, zone: b, lasts: {} ms}}, \
             {{after: {then} ms, do: kill_broker, broker: 1, lasts: {} ms}}",
            200 * unit,
            300 * unit,
            200 * unit
        );
        return all;
    }
    let mut until = vec![0; brokers];
    let mut at = 100;
    for _ in 0..=chance.index(4) {
        at += chance.index(350);
        let broker = chance.index(brokers);
        let others = (0..brokers).filter(|one| *one != broker && until[*one] <= at).count();
        if until[broker] > at || others == 0 {
            continue;
        }
        let word = ["kill_broker", "kill_broker", "stop_broker"][chance.index(3)];
        let (begin, lasts) = (at * unit, 20 + chance.index(400));
        all.while_starting |= until[broker] > 0;
        let _ = write!(all.text, "{{after: {begin} ms, do: {word}, broker: {}", broker + 1);
        if chance.uniform() < 0.2 {
            until[broker] = usize::MAX;
            all.for_ever = true;
            all.text.push_str("}, ");
        } else {
            until[broker] = at + lasts;
            let _ = write!(all.text, ", lasts: {} ms}}, ", lasts * unit);
        }
    }
    all
}
