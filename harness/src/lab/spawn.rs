//! Programs inside a namespace, which end with the laboratory however it ends.

use std::io;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns};
use tokio::process::Child;

use super::{Netns, sys};

/// Starts a program in the namespace. It is killed when the result is dropped, and when the calling
/// thread ends, be it by SIGKILL.
///
/// # Errors
/// Those of setns(2) and of starting the program.
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn(netns: &Netns, program: &str, arguments: &[String]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    sys::die_with_thread(&mut command);
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    // On this very thread: what is started from a helper thread would die with that one.
    let home = Netns::current()?;
    setns(netns, CloneFlags::CLONE_NEWNET)?;
    let child = command.spawn();
    setns(home, CloneFlags::CLONE_NEWNET)?;
    child
}
