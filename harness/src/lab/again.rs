//! Starts this very program once more from `/proc/self/exe` in another part: as a router of a
//! laboratory, or as a laboratory of a test.
//!
//! The first argument names the part, and is read before `main`. So a restart works in any program
//! that links this crate, including one whose `main` is Rust's test harness, and while the process
//! has one thread, which user namespaces require. A program started in any other way goes on to its
//! `main`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};
use std::sync::atomic::{AtomicBool, Ordering};

use super::sys;

/// The first argument (`argv[0]`) of a process started again.
pub(super) const NAME: &str = "castnet";

/// The file that this program was started from, which may have been replaced by another one since.
pub(super) const SELF: &str = "/proc/self/exe";

/// Whether the hook before `main` has run in this process.
static ABLE: AtomicBool = AtomicBool::new(false);

/// This program as a command that plays the part `word`.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] if the program was linked without the hook before `main`.
pub fn again(word: &str) -> io::Result<Command> {
    able()?;
    let mut command = Command::new(SELF);
    command.arg0(NAME).arg(word);
    Ok(command)
}

/// Whether this program can be started again.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] if the program was linked without the hook before `main`.
pub(super) fn able() -> io::Result<()> {
    if ABLE.load(Ordering::Relaxed) {
        return Ok(());
    }
    let why = "this program was linked without what castnet-lab does before main (.init_array)";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// Notes that this program's hooks before `main` run.
pub(crate) fn hooked() {
    ABLE.store(true, Ordering::Relaxed);
}

/// Serves as the part `word` and ends the process, if the process was started for it; returns
/// otherwise.
pub fn serve_if(word: &str, serve: fn() -> Result<(), String>) {
    hooked();
    // The arguments of the standard library may not be set yet.
    let arguments = fs::read("/proc/self/cmdline").unwrap_or_default();
    let mut arguments = arguments.split(|octet| *octet == 0);
    let is = |argument: Option<&[u8]>, what: &str| argument.is_some_and(|a| a == what.as_bytes());
    if !is(arguments.next(), NAME) || !is(arguments.next(), word) {
        return;
    }
    let served = sys::ignore_broken_pipes().map_err(|error| error.to_string());
    exit(match served.and_then(|()| serve()) {
        Ok(()) => 0,
        Err(why) => {
            _ = writeln!(io::stderr(), "{why}");
            1
        }
    })
}
