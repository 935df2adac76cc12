//! Ctrl-C once stops and cleans up, twice leaves at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::signal::unix::{SignalKind, signal};

/// Whether somebody asked to stop.
pub(super) type Asked = Arc<AtomicBool>;

/// The listener of this process, and what it says before it leaves.
static LISTENER: OnceLock<Asked> = OnceLock::new();
static LAST_WORDS: Mutex<String> = Mutex::new(String::new());

/// Listens to SIGINT and SIGTERM on a thread of its own, so that no call into librdkafka can keep
/// the second one waiting; `last_words` are printed before leaving. Without a listener a signal
/// ends the process as ever, and the journal knows what is left. Several runs of one process share
/// the listener: who asks to stop asks all of them.
pub(super) fn listen(last_words: String) -> Asked {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = last_words;
    Arc::clone(LISTENER.get_or_init(start))
}

fn start() -> Asked {
    let asked = Asked::default();
    let flag = Arc::clone(&asked);
    let listener = std::thread::Builder::new().name("kafsim-signals".into());
    let _unheard = listener.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if flag.swap(true, Ordering::AcqRel) {
                    let words = LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner);
                    eprintln!("{words}");
                    std::process::exit(130);
                }
                eprintln!("stopping: deleting the topics of this run; once more leaves at once");
            }
        });
    });
    asked
}
