//! This very program, started once more from `/proc/self/exe` to be something else: a router of a
//! laboratory, or a laboratory of a test.
//!
//! What it is to be is its first argument, and it is found out before `main`: so it works in whatever
//! program this crate is part of, also in one whose `main` is the test harness of Rust, and while there
//! is one thread only, as user namespaces need it. A program that is started in any other way goes on
//! to its `main`.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};
use std::sync::atomic::{AtomicBool, Ordering};

use super::sys;

/// The name under which it is started.
const NAME: &str = "castnet";

/// Whether this program has looked before `main` for what it is to be.
static ABLE: AtomicBool = AtomicBool::new(false);

/// This program as a command, to be what `word` says.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] if it was linked in a way in which it would not notice.
pub fn again(word: &str) -> io::Result<Command> {
    if !ABLE.load(Ordering::Relaxed) {
        let why = "this program was linked without what castnet-lab does before main (.init_array)";
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    // The file that this program was started from may have been replaced since.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(NAME).arg(word);
    Ok(command)
}

/// Serves, and ends the process, if it was started to be what `word` says; returns if it was not.
pub fn serve_if(word: &str, serve: fn() -> Result<(), String>) {
    ABLE.store(true, Ordering::Relaxed);
    // The arguments of the standard library may not be there yet.
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
