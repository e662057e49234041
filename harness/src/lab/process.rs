//! A program at work inside a namespace: started, read line by line, killed, and waited for.
//!
//! It knows nothing of what the program is. The program ends with the laboratory, however that ends:
//! it is killed, and is dead, when its [`Process`] is dropped, and the kernel kills it when the thread
//! that has started it ends, be it by SIGKILL. It is in a process group of its own, so that Ctrl-C at
//! the terminal is castnet's alone, and with it die those that it has started and that are in its
//! group still.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, ExitStatus};

use castnet::kernel::readable;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;

use super::{Netns, sys};

/// How many lines are kept as the last words of a process.
const LAST_WORDS: usize = 20;

/// How many octets a pipe holds, if the system allows it: who writes a lot at once is not to wait for
/// who reads.
const PIPE: i32 = 1 << 20;

/// A program that was started, and maybe has ended since.
#[derive(Debug)]
pub struct Process {
    child: RefCell<Child>,
    /// Readable once it is dead, whoever has its number by then.
    pidfd: OwnedFd,
    pid: Pid,
}

impl Process {
    /// Starts the program in the namespace, from the calling thread, which has to outlive it.
    ///
    /// # Errors
    /// Those of setns(2), of starting the program, and of pidfd_open(2).
    pub fn start(netns: &Netns, mut command: Command) -> io::Result<Self> {
        sys::die_with_thread(command.process_group(0));
        // On this very thread: what is started from a helper thread would die with that one.
        let home = Netns::current()?;
        setns(netns, CloneFlags::CLONE_NEWNET)?;
        let child = command.spawn();
        setns(home, CloneFlags::CLONE_NEWNET)?;
        let mut child = child?;
        let pid = Pid::from_raw(child.id().try_into().map_err(io::Error::other)?);
        match sys::pidfd_open(pid) {
            Ok(pidfd) => Ok(Self { child: RefCell::new(child), pidfd, pid }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// Its number, as long as it is not waited for.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Where it reads from, if that is a pipe and was not taken before.
    pub fn take_stdin(&self) -> Option<ChildStdin> {
        self.child.borrow_mut().stdin.take()
    }

    /// What it writes to standard output, if that is a pipe and was not taken before.
    ///
    /// # Errors
    /// What the reactor says.
    pub fn take_stdout(&self) -> io::Result<Option<Lines>> {
        let taken = self.child.borrow_mut().stdout.take();
        taken.map(|pipe| Lines::of(pipe.into())).transpose()
    }

    /// What it writes to standard error, if that is a pipe and was not taken before.
    ///
    /// # Errors
    /// What the reactor says.
    pub fn take_stderr(&self) -> io::Result<Option<Lines>> {
        let taken = self.child.borrow_mut().stderr.take();
        taken.map(|pipe| Lines::of(pipe.into())).transpose()
    }

    /// Sends it SIGKILL. It is dead once [`Self::ended`] says so; nothing happens if it is already.
    ///
    /// # Errors
    /// What pidfd_send_signal(2) says.
    pub fn kill(&self) -> io::Result<()> {
        match sys::pidfd_send_signal(self.pidfd.as_fd(), Signal::SIGKILL) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            sent => sent,
        }
    }

    /// Waits until it is dead: all that it held open is closed then.
    ///
    /// # Errors
    /// Those of the reactor and of waitpid(2).
    pub async fn ended(&self) -> io::Result<ExitStatus> {
        readable(self.pidfd.as_fd()).await?;
        self.child.borrow_mut().wait()
    }
}

impl Drop for Process {
    /// Nothing that it held may outlive this, so it is waited for. SIGKILL leaves it nothing to do.
    fn drop(&mut self) {
        let child = self.child.get_mut();
        if matches!(child.try_wait(), Ok(None)) {
            // Its number is its own until it was waited for, and so is that of its group.
            _ = killpg(self.pid, Signal::SIGKILL);
            _ = child.wait();
        }
    }
}

/// What a process writes, line by line.
#[derive(Debug)]
pub struct Lines {
    pipe: BufReader<Receiver>,
    line: Vec<u8>,
}

impl Lines {
    /// The lines that come out of a pipe.
    ///
    /// # Errors
    /// If it is no pipe that can be read, or what the reactor says.
    pub fn of(pipe: OwnedFd) -> io::Result<Self> {
        _ = fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(PIPE));
        Ok(Self { pipe: BufReader::new(Receiver::from_owned_fd(pipe)?), line: Vec::new() })
    }

    /// The next line without its end; `None` once nobody can write any more. It may be cancelled.
    ///
    /// # Errors
    /// What read(2) says.
    pub async fn next(&mut self) -> io::Result<Option<String>> {
        self.pipe.read_until(b'\n', &mut self.line).await?;
        if self.line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        self.line.clear();
        Ok(Some(line))
    }

    /// Reads to the end, and returns the last lines in one.
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
