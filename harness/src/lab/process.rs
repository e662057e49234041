//! A program that runs inside a namespace: start it, read its lines, kill it, wait for it.
//!
//! The program ends with the laboratory, however that ends: dropping its [`Process`] kills it and
//! waits until it is dead, and the kernel kills it when the thread that started it ends, even by
//! SIGKILL. It is in a process group of its own, so that Ctrl-C at the terminal reaches castnet
//! alone; killing it also kills the children that are still in its group.

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

/// The size of a pipe in octets, if the system allows it: a program that writes a lot at once must
/// not wait for its reader.
const PIPE: i32 = 1 << 20;

/// A program that was started, and may have ended since.
#[derive(Debug)]
pub struct Process {
    child: RefCell<Child>,
    /// Readable once the process is dead, even if another process has its number by then.
    pidfd: OwnedFd,
    pid: Pid,
}

impl Process {
    /// Starts the program in the namespace, from the calling thread, which must outlive it.
    ///
    /// # Errors
    /// Errors of setns(2), of starting the program, and of pidfd_open(2).
    pub fn start(netns: &Netns, mut command: Command) -> io::Result<Self> {
        sys::die_with_thread(command.process_group(0));
        // The calling thread itself starts the program: it would die with a helper thread.
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

    /// The process number, valid until the process has been waited for.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// The program's standard input, if it is a pipe and was not taken before.
    pub fn take_stdin(&self) -> Option<ChildStdin> {
        self.child.borrow_mut().stdin.take()
    }

    /// The program's standard output, if it is a pipe and was not taken before.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub fn take_stdout(&self) -> io::Result<Option<Lines>> {
        let taken = self.child.borrow_mut().stdout.take();
        taken.map(|pipe| Lines::of(pipe.into())).transpose()
    }

    /// The program's standard error, if it is a pipe and was not taken before.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub fn take_stderr(&self) -> io::Result<Option<Lines>> {
        let taken = self.child.borrow_mut().stderr.take();
        taken.map(|pipe| Lines::of(pipe.into())).transpose()
    }

    /// Sends SIGKILL. The process is dead once [`Self::ended`] returns; a dead process is left
    /// alone.
    ///
    /// # Errors
    /// Errors of pidfd_send_signal(2).
    pub fn kill(&self) -> io::Result<()> {
        match sys::pidfd_send_signal(self.pidfd.as_fd(), Signal::SIGKILL) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            sent => sent,
        }
    }

    /// Waits until the process is dead: everything that it held open is then closed.
    ///
    /// # Errors
    /// Errors of the reactor and of waitpid(2).
    pub async fn ended(&self) -> io::Result<ExitStatus> {
        readable(self.pidfd.as_fd()).await?;
        self.child.borrow_mut().wait()
    }
}

impl Drop for Process {
    /// Nothing that the process held may outlive this value, so the drop waits for it. SIGKILL ends
    /// it soon.
    fn drop(&mut self) {
        let child = self.child.get_mut();
        if matches!(child.try_wait(), Ok(None)) {
            // Until the process is waited for, its number and that of its group are its own.
            _ = killpg(self.pid, Signal::SIGKILL);
            _ = child.wait();
        }
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
