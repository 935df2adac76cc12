//! What an operator does to a cluster of their own while a run goes on: commands at instants of it.

use super::bench::Options;
use super::cluster::{Target, loopback};
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::metrics::Event;
use crate::units::{Quantity, SimSpan, SimTime};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;

/// A command at an instant of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// When, since t = 0.
    pub at: SimSpan,
    /// What the shell is given.
    pub command: String,
}

impl Act {
    /// Reads `20 s=COMMAND`.
    ///
    /// # Errors
    /// No span, or no command.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |found: &str| {
            Error::usage(format!("--act: found {found}; allowed is SPAN=COMMAND, e.g. `20 s=true`"))
        };
        let (at, command) = text.split_once('=').ok_or_else(|| wrong(&format!("`{text}`")))?;
        let at = SimSpan::parse(at.trim()).map_err(|_| wrong(&format!("`{at}`")))?;
        if command.trim().is_empty() {
            return Err(wrong("no command"));
        }
        Ok(Self { at, command: command.to_owned() })
    }
}

/// Whoever acts on a cluster owns it, and a cluster of one's own is on this machine.
pub(super) fn permit(target: &Target, options: &Options) -> Result<()> {
    let Target::Bootstrap(addresses) = target else { return Ok(()) };
    if options.acts.is_empty() || loopback(addresses) {
        return Ok(());
    }
    Err(Error::refused(format!(
        "{addresses} is not on this machine: --act is for clusters of one's own; nothing was \
         created"
    )))
}

/// Acts that are waited for.
pub(super) type Acting = Vec<JoinHandle<Vec<Event>>>;

/// Starts a thread for each act; the run's zero must be known.
pub(super) fn start(acts: &[Act], tally: &Arc<Tally>) -> Acting {
    let one = |act: &Act| {
        let (act, tally) = (act.clone(), Arc::clone(tally));
        let thread = std::thread::Builder::new().name("kafsim-act".into());
        thread.spawn(move || play(&act, &tally)).ok()
    };
    acts.iter().filter_map(one).collect()
}

fn play(act: &Act, tally: &Tally) -> Vec<Event> {
    let due = tally.clock.zero() + act.at.as_nanos();
    while tally.clock.now() < due {
        if tally.stop.load(Relaxed) {
            return Vec::new();
        }
        tally.clock.sleep_until(due.min(tally.clock.now() + 50_000_000));
    }
    let began = tally.since_zero(tally.clock.now()).unwrap_or(0);
    let mut shell = Command::new("sh");
    // Standard output is the result's.
    let done = shell.arg("-c").arg(&act.command).stdout(Stdio::null()).status();
    let ended = tally.since_zero(tally.clock.now()).unwrap_or(0);
    let how = match done {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let event = |at: u64, words: String| Event {
        at: SimTime::from_nanos(at),
        kind: "act",
        entity: "operator".to_owned(),
        words,
    };
    vec![
        event(began, format!("{} begins", act.command)),
        event(ended, format!("{} ended: {how}", act.command)),
    ]
}

/// What was done, in order of time.
pub(super) fn events(acting: Acting) -> Vec<Event> {
    let mut events: Vec<Event> =
        acting.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect();
    events.sort_by_key(|event| event.at);
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_read() {
        let act = Act::parse("1.5 s=echo a=b").unwrap();
        assert_eq!((act.at, act.command.as_str()), (SimSpan::from_millis(1_500), "echo a=b"));
        for wrong in ["20 s", "soon=true", "20 s=", "20 s= "] {
            assert_eq!(Act::parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
