//! Ctrl-C and SIGTERM: the first signal cancels, the second ends the process.

use std::thread;

use castnet_lab::backend::Cancel;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, INTERRUPTED};

/// From now on a first signal cancels, and a second one ends the process at once.
///
/// # Errors
/// If signals cannot be watched.
pub(super) fn watch(cancel: &Cancel) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::broken(format!("signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    // Registered before the thread runs, so that no signal is missed.
    let registered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    drop(registered);
    let cancel = cancel.clone();
    let waiting = move || {
        runtime.block_on(async {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            next().await;
            cancel.cancel();
            next().await;
        });
        // Nothing that was built has a name outside the process: it goes with the process.
        std::process::exit(INTERRUPTED.into());
    };
    thread::Builder::new().name("signals".into()).spawn(waiting).map_err(failed)?;
    Ok(())
}
