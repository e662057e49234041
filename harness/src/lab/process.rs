//! A program in a ward: wait for it, kill it, read its lines.
//!
//! The program ends with its [`Ward`](super::Ward), however that ends; what it has started itself lives
//! on with the ward. It is in a process group of its own, so that Ctrl-C at the terminal reaches castnet
//! alone.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use castnet::kernel::readable;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;

use super::keeper::Report;
use super::{letter, sys};

/// How many lines are kept as the last words of a process.
const LAST_WORDS: usize = 20;

/// The size of a pipe in octets, if the system allows it: a program that writes a lot at once must
/// not wait for its reader.
const PIPE: i32 = 1 << 20;

/// The standard streams of a program, each an open file or the end of a pipe.
#[derive(Debug)]
pub struct Streams {
    /// Standard input.
    pub stdin: OwnedFd,
    /// Standard output.
    pub stdout: OwnedFd,
    /// Standard error.
    pub stderr: OwnedFd,
}

/// A program that was asked for. Dropping this kills it, but not what it has started.
#[derive(Debug)]
pub struct Process {
    reports: OwnedFd,
    known: RefCell<Known>,
}

/// What the reports have said.
#[derive(Debug, Default)]
struct Known {
    /// Readable once the process is dead, even if another process has its number by then.
    pidfd: Option<OwnedFd>,
    refused: Option<i32>,
    ended: Option<i32>,
    /// Whether no more reports will come: the ward is gone, or everything has been said.
    is_over: bool,
}

impl Process {
    pub(super) fn reported_by(reports: OwnedFd) -> Self {
        Self { reports, known: RefCell::default() }
    }

    /// Returns once the program runs.
    ///
    /// # Errors
    /// Why it could not be started; errors of the reactor.
    pub async fn started(&self) -> io::Result<()> {
        loop {
            self.listen()?;
            if let Some(answer) = self.known.borrow().answer() {
                return answer;
            }
            readable_for_one(&self.reports).await?;
        }
    }

    /// Sends SIGKILL. The process is dead once [`Self::dead`] returns; a dead process is left alone.
    ///
    /// # Errors
    /// Errors of pidfd_send_signal(2), and why it could not be started.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::SIGKILL)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        loop {
            self.listen()?;
            let known = self.known.borrow();
            if let (Some(pidfd), None) = (&known.pidfd, known.ended) {
                return match sys::pidfd_send_signal(pidfd.as_fd(), signal) {
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
                    sent => sent,
                };
            }
            if let Some(answer) = known.answer() {
                return answer;
            }
            // The keeper answers at once.
            letter::wait(&[self.reports.as_fd()])?;
        }
    }

    /// How long the program has waited for a CPU since its start (proc_pid_schedstat(5)); `None` where the
    /// kernel does not count it.
    ///
    /// # Errors
    /// If it has not started or has ended.
    pub fn waited(&self) -> io::Result<Option<Duration>> {
        let known = self.known.borrow();
        let pidfd = known.pidfd.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let pid = pid_of(pidfd.as_fd())?;
        let counted = match fs::read_to_string(format!("/proc/{pid}/schedstat")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            counted => counted?,
        };
        let waited = counted.split_whitespace().nth(1).and_then(|nanos| nanos.parse().ok());
        Ok(waited.map(Duration::from_nanos))
    }

    /// Sends SIGHUP, as who wants a daemon to read its files again. A dead process is left alone.
    ///
    /// # Errors
    /// Errors of [`Self::kill`].
    pub fn hang_up(&self) -> io::Result<()> {
        self.signal(Signal::SIGHUP)
    }

    /// Waits until the process is dead: everything that it held open is then closed.
    ///
    /// # Errors
    /// Why it could not be started; errors of the reactor.
    pub async fn dead(&self) -> io::Result<()> {
        self.started().await?;
        let pidfd = self.known.borrow().pidfd.as_ref().map(OwnedFd::try_clone).transpose()?;
        match pidfd {
            Some(pidfd) => readable(pidfd.as_fd()).await,
            None => Ok(()),
        }
    }

    /// Waits until the process is dead, and returns its status.
    ///
    /// # Errors
    /// Errors of [`Self::dead`], and the end of the ward.
    pub async fn ended(&self) -> io::Result<ExitStatus> {
        self.dead().await?;
        loop {
            self.listen()?;
            if let Some(status) = self.known.borrow().ended {
                return Ok(ExitStatus::from_raw(status));
            }
            if self.known.borrow().is_over {
                return Err(ward_is_gone());
            }
            readable_for_one(&self.reports).await?;
        }
    }

    /// Takes every report that has come.
    fn listen(&self) -> io::Result<()> {
        let mut known = self.known.borrow_mut();
        while !known.is_over {
            match letter::receive::<Report>(self.reports.as_fd()) {
                Ok(Some(letter)) => match letter.value {
                    Report::Started => known.pidfd = letter.descriptors.into_iter().next(),
                    Report::Refused(errno) => known.refused = Some(errno),
                    Report::Ended(status) => known.ended = Some(status),
                },
                Ok(None) => known.is_over = true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Known {
    /// Whether the program could be started; `None` while that is unknown.
    fn answer(&self) -> Option<io::Result<()>> {
        match (self.refused, &self.pidfd) {
            (Some(errno), _) => Some(Err(io::Error::from_raw_os_error(errno))),
            (None, Some(_)) => Some(Ok(())),
            (None, None) => self.is_over.then(|| Err(ward_is_gone())),
        }
    }
}

/// The number of the process behind a pidfd, as this process' /proc has it.
pub(super) fn pid_of(pidfd: BorrowedFd<'_>) -> io::Result<u32> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = info.lines().find_map(|line| line.strip_prefix("Pid:"));
    pid.and_then(|pid| pid.trim().parse().ok()).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn ward_is_gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "its node is gone")
}

/// Waits by a copy, so that several tasks may wait for one descriptor.
async fn readable_for_one(fd: &OwnedFd) -> io::Result<()> {
    readable(fd.try_clone()?.as_fd()).await
}

impl Drop for Process {
    /// A process whose owner is gone is no longer wanted; the drop of its ward waits for its end.
    fn drop(&mut self) {
        _ = self.kill();
    }
}

/// The output of a process, line by line.
#[derive(Debug)]
pub struct Lines {
    pipe: BufReader<Receiver>,
    line: Vec<u8>,
}

impl Lines {
    /// The lines that come out of a pipe.
    ///
    /// # Errors
    /// If it is no pipe that can be read, or errors of the reactor.
    pub fn of(pipe: OwnedFd) -> io::Result<Self> {
        _ = fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(PIPE));
        Ok(Self { pipe: BufReader::new(Receiver::from_owned_fd(pipe)?), line: Vec::new() })
    }

    /// The next line without its end; `None` once every writer has closed the pipe. It may be
    /// cancelled.
    ///
    /// # Errors
    /// Errors of read(2).
    pub async fn next(&mut self) -> io::Result<Option<String>> {
        self.pipe.read_until(b'\n', &mut self.line).await?;
        if self.line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        self.line.clear();
        Ok(Some(line))
    }

    /// Reads to the end, and returns the last lines, joined.
    pub async fn last_words(mut self) -> String {
        let mut last = VecDeque::new();
        while let Ok(Some(line)) = self.next().await {
            last.push_back(line);
            if last.len() > LAST_WORDS {
                last.pop_front();
            }
        }
        Vec::from(last).join("; ")
    }
}
