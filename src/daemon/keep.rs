//! The keeper: holds the multicast routing sockets, so that the kernel forwards on while there is no
//! daemon, and has a daemon serve with them.
//!
//! A daemon that dies is followed by another one at once, and one that dies young by one that waits
//! longer each time. The keeper reads no packet and no configuration, and has no privilege once its
//! sockets are open. It ends with its first daemon if that one could not serve at all.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::Opened;

/// A daemon that lived shorter died young.
const YOUNG: Duration = Duration::from_millis(250);

/// How long the next one waits after the first, and after many that died young.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How long a daemon may take to end when it is told to.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the keeper is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// End, and let go of the sockets.
    End,
    /// Have the daemon read its configuration again.
    Reload,
    /// Have the program that is now in the file serve.
    Upgrade,
}

/// What happens, for the log.
#[derive(Debug)]
pub enum Turn {
    /// This process serves now.
    Serves(u32),
    /// The daemon died.
    Died(ExitStatus),
    /// The new program does not take the configuration: the old one serves on.
    NoUpgrade(ExitStatus),
}

/// The keeper's part.
pub struct Keeper {
    /// The file of the program, which an upgrade exchanges.
    pub program: PathBuf,
    /// The words of the daemon, except for what is kept.
    pub run: Vec<OsString>,
    /// The words that have the program check the configuration.
    pub check: Vec<OsString>,
    /// The sockets by name.
    pub sockets: Vec<(String, Opened)>,
}

impl Keeper {
    /// Keeps a daemon serving until [`Wish::End`] comes, and returns the daemon's last exit status.
    ///
    /// # Errors
    /// The program cannot be started.
    pub async fn keep(
        &self,
        mut wish: impl AsyncFnMut() -> Wish,
        mut tell: impl FnMut(Turn),
    ) -> io::Result<ExitStatus> {
        let mut young = 0;
        let mut has_served = false;
        loop {
            let born = Instant::now();
            let mut daemon = self.start()?;
            tell(Turn::Serves(daemon.id().unwrap_or_default()));
            let died = loop {
                tokio::select! {
                    died = daemon.wait() => break died?,
                    wish = wish() => match wish {
                        Wish::End => return end(&mut daemon).await,
                        Wish::Reload => signal(&daemon, Signal::SIGHUP),
                        Wish::Upgrade => {
                            let mut check = self.command(&self.check);
                            let checked = check.stdout(Stdio::null()).status().await?;
                            if checked.success() {
                                break end(&mut daemon).await?;
                            }
                            tell(Turn::NoUpgrade(checked));
                        }
                    },
                }
            };
            let is_young = born.elapsed() < YOUNG;
            tell(Turn::Died(died));
            if died.code().is_some_and(|code| code != 0) && is_young && !has_served {
                return Ok(died);
            }
            has_served = true;
            young = if is_young { young + 1 } else { 0 };
            let pause = pause(young);
            tokio::select! {
                () = sleep(pause) => {}
                wish = wish() => if wish == Wish::End { return Ok(died) },
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        let mut daemon = self.command(&self.run);
        for (name, socket) in &self.sockets {
            // The child gets the descriptor by its number.
            fcntl(socket, FcntlArg::F_SETFD(FdFlag::empty()))?;
            daemon.arg("--kept").arg(format!("{name}={}", socket.as_fd().as_raw_fd()));
        }
        daemon.spawn()
    }

    fn command(&self, words: &[OsString]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words);
        command
    }
}

/// The time before the next daemon starts, after so many that died young one after the other.
fn pause(young: u32) -> Duration {
    match young.checked_sub(2) {
        None => Duration::ZERO,
        Some(more) => PAUSES.1.min(PAUSES.0 * 2_u32.saturating_pow(more)),
    }
}

fn signal(daemon: &Child, signal: Signal) {
    if let Some(pid) = daemon.id().and_then(|pid| i32::try_from(pid).ok()) {
        _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Ends the daemon, by force if it does not.
async fn end(daemon: &mut Child) -> io::Result<ExitStatus> {
    signal(daemon, Signal::SIGTERM);
    match timeout(PATIENCE, daemon.wait()).await {
        Ok(ended) => ended,
        Err(_) => {
            daemon.kill().await?;
            daemon.wait().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_keeps_dying_young_is_started_ever_less_often() {
        let pauses: Vec<u128> = (0..12).map(|young| pause(young).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(pause(u32::MAX), PAUSES.1);
    }
}
