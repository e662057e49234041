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
use tokio::time::{Instant, sleep_until, timeout};

use super::Opened;
use super::supervised::name_of_pim;

/// A daemon that lived shorter died young.
const YOUNG: Duration = Duration::from_millis(250);

/// How long the next one waits after the first, and after many that died young.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How long a daemon may take to end when it is told to, and a program to check the configuration.
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
                            let checked = self.checked().await?;
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
            let until = Instant::now() + pause(young);
            loop {
                tokio::select! {
                    // A wish that is there counts before the pause is over.
                    biased;
                    wish = wish() => match wish {
                        Wish::End => return Ok(died),
                        // The next daemon reads the file, which may be right now.
                        Wish::Reload => {}
                        Wish::Upgrade => {
                            let checked = self.checked().await?;
                            if !checked.success() {
                                tell(Turn::NoUpgrade(checked));
                                continue;
                            }
                        }
                    },
                    () = sleep_until(until) => break,
                }
                young = 0;
                break;
            }
        }
    }

    /// How the program that is now in the file likes the configuration. One that says nothing in time is ended.
    async fn checked(&self) -> io::Result<ExitStatus> {
        let mut check = self.command(&self.check).stdout(Stdio::null()).spawn()?;
        ended(&mut check).await
    }

    fn start(&self) -> io::Result<Child> {
        let mut daemon = self.command(&self.run);
        for (name, socket) in &self.sockets {
            let pim = socket.pim_socket().map(|pim| (name_of_pim(name), pim));
            for (name, fd) in [(name.clone(), socket.as_fd())].into_iter().chain(pim) {
                // The child gets the descriptor by its number.
                fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
                daemon.arg("--kept").arg(format!("{name}={}", fd.as_raw_fd()));
            }
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
    ended(daemon).await
}

/// Waits for the process to end, and ends it by force if it does not.
async fn ended(process: &mut Child) -> io::Result<ExitStatus> {
    match timeout(PATIENCE, process.wait()).await {
        Ok(ended) => ended,
        Err(_) => {
            process.kill().await?;
            process.wait().await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[test]
    fn a_daemon_that_keeps_dying_young_is_started_ever_less_often() {
        let pauses: Vec<u128> = (0..12).map(|young| pause(young).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(pause(u32::MAX), PAUSES.1);
    }

    /// The daemon dies of a signal again and again; an upgrade is wished for in the fifth pause.
    #[test]
    fn an_upgrade_that_is_wished_for_in_a_pause_is_checked() {
        let words = |script: &str| ["-c", script].map(OsString::from).to_vec();
        let (run, check) = (words("kill -9 $$"), words("exit 3"));
        let keeper = Keeper { program: "/bin/sh".into(), run, check, sockets: Vec::new() };
        let (died, has_asked) = (Cell::new(0), Cell::new(false));
        let refused = RefCell::new(Vec::new());
        let wish = async || {
            if died.get() > 5 || !refused.borrow().is_empty() {
                return Wish::End;
            }
            match died.get() == 5 && !has_asked.replace(true) {
                true => Wish::Upgrade,
                false => std::future::pending().await,
            }
        };
        let tell = |turn| match turn {
            Turn::Serves(_) => {}
            Turn::Died(_) => died.set(died.get() + 1),
            Turn::NoUpgrade(how) => refused.borrow_mut().push(how.code()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(keeper.keep(wish, tell)).unwrap();
        assert_eq!(ended.code(), None);
        assert_eq!((died.get(), refused.take()), (5, vec![Some(3)]));
    }
}
