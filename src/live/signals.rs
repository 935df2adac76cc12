//! Ctrl-C once stops and cleans up, twice leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Whether somebody asked to stop.
pub(super) type Asked = Arc<AtomicBool>;

/// Listens to SIGINT and SIGTERM on a thread of its own, so that no call into librdkafka can keep
/// the second one waiting; `last_words` are printed before leaving. Without a listener a signal
/// ends the process as ever, and the journal knows what is left.
pub(super) fn listen(last_words: String) -> Asked {
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
                    eprintln!("{last_words}");
                    std::process::exit(130);
                }
                eprintln!("stopping: deleting the topics of this run; once more leaves at once");
            }
        });
    });
    asked
}
