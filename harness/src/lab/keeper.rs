//! The first process of a ward: it furnishes the ward, starts its programs, and adopts what they leave
//! behind.
//!
//! It is number 1 of a PID namespace, so that everything in the ward ends with it (pid_namespaces(7)),
//! whatever has forked, left its group or its session. It ends when the other end of its socket
//! does, which only the laboratory holds. The ward has a mount namespace with a /proc of its own.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};
use serde::{Deserialize, Serialize};

use super::furniture::Furniture;
use super::{letter, sys};

/// A letter to the keeper. Its first descriptor is a socket for the keeper's answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Errand {
    /// Start a program. The further descriptors are its standard input, standard output and standard
    /// error, and the answers are [`Report`]s.
    Start(Order),
    /// Put folders and files where only the ward sees them. The answer is an [`Outcome`].
    Furnish(Furniture),
}

/// The keeper's answer to an errand that is done at once: the step that failed, and its reason (errno(3)).
pub(super) type Outcome = Result<(), (String, i32)>;

/// A program that is to be started.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// The first argument, if it is not the program itself.
    pub(super) name: Option<String>,
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
}

/// The keeper's reports about a program.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    /// It runs; a pidfd comes with the letter.
    Started,
    /// It could not be started, for this reason (errno(3)).
    Refused(i32),
    /// It has ended, with this status of wait(2).
    Ended(i32),
}

/// The keeper's first letter.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Founding {
    /// The ward stands; a pidfd of the keeper comes with the letter.
    Stands,
    /// A step failed, for this reason (errno(3)).
    Failed(String, i32),
}

/// The children of this process, as a descriptor that is readable when one has ended.
pub(super) struct Children(SignalFd);

impl Children {
    /// Watches from now on. Programs that the standard library starts do not inherit the mask.
    pub(super) fn watch() -> io::Result<Self> {
        let mask = SigSet::from(Signal::SIGCHLD);
        mask.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self(SignalFd::with_flags(&mask, flags)?))
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Takes every child that has ended, adopted ones included, with its status of wait(2).
    pub(super) fn reap(&self) -> Vec<(Pid, i32)> {
        while let Ok(Some(_)) = self.0.read_signal() {}
        let ended = || match waitpid(None, Some(WaitPidFlag::WNOHANG)).ok()? {
            WaitStatus::Exited(pid, code) => Some((pid, code << 8)),
            WaitStatus::Signaled(pid, signal, _) => Some((pid, signal as i32)),
            _ => None,
        };
        std::iter::from_fn(ended).collect()
    }
}

/// Keeps the ward of a node with this network namespace, until the other end of `orders` is gone.
pub(super) fn keep(orders: &OwnedFd, netns: OwnedFd) -> io::Result<()> {
    let founded = found(netns).and_then(|()| {
        let step = |error| ("open itself", error);
        let keeper = sys::pidfd_open(getpid()).map_err(step)?;
        Ok((keeper, Children::watch().map_err(step)?))
    });
    let (keeper, children) = match founded {
        Ok(founded) => founded,
        Err((step, error)) => {
            let failed = Founding::Failed(step.to_owned(), errno(&error));
            return letter::send(orders.as_fd(), &failed, &[]);
        }
    };
    letter::send(orders.as_fd(), &Founding::Stands, &[keeper.as_fd()])?;
    drop(keeper);
    let mut programs = BTreeMap::new();
    loop {
        letter::wait(&[orders.as_fd(), children.as_fd()])?;
        for (pid, status) in children.reap() {
            if let Some(reports) = programs.remove(&pid) {
                report(&reports, &Report::Ended(status), &[]);
            }
        }
        match letter::receive::<Errand>(orders.as_fd()) {
            Ok(Some(letter)) => match letter.value {
                Errand::Start(order) => programs.extend(start(order, letter.descriptors)),
                Errand::Furnish(furniture) => answer(&furniture, letter.descriptors),
            },
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Moves into the node's network namespace and a mount namespace with a /proc of this PID namespace.
fn found(netns: OwnedFd) -> Result<(), (&'static str, io::Error)> {
    let step = |step| move |errno: nix::Error| (step, errno.into());
    setns(netns, CloneFlags::CLONE_NEWNET).map_err(step("enter the network namespace"))?;
    unshare(CloneFlags::CLONE_NEWNS).map_err(step("create a mount namespace"))?;
    let nothing = None::<&str>;
    // Mounts of the ward would appear outside of it otherwise.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .map_err(step("make its mounts its own"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, nothing).map_err(step("mount its /proc"))?;
    // The name only helps who looks at a list of processes.
    _ = prctl::set_name(c"castnet-node");
    Ok(())
}

/// Starts a program, and returns where to report its end.
fn start(order: Order, descriptors: Vec<OwnedFd>) -> Option<(Pid, OwnedFd)> {
    let Ok([reports, stdin, stdout, stderr]) = <[OwnedFd; 4]>::try_from(descriptors) else {
        return None;
    };
    let mut command = Command::new(&order.program);
    command.args(&order.arguments).process_group(0);
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    order.name.map(|name| command.arg0(name));
    let started = command.spawn().and_then(|child| {
        let pid = Pid::from_raw(child.id().try_into().map_err(io::Error::other)?);
        Ok((pid, sys::pidfd_open(pid)?))
    });
    match started {
        Ok((pid, pidfd)) => {
            report(&reports, &Report::Started, &[pidfd.as_fd()]);
            Some((pid, reports))
        }
        Err(error) => {
            report(&reports, &Report::Refused(errno(&error)), &[]);
            None
        }
    }
}

fn answer(furniture: &Furniture, descriptors: Vec<OwnedFd>) {
    let placed = furniture.place();
    let outcome: Outcome = placed.map_err(|(step, error)| (step, errno(&error)));
    for to in descriptors {
        // Who has asked may be gone.
        _ = letter::send(to.as_fd(), &outcome, &[]);
    }
}

/// The laboratory may have lost interest in the program, but not in the ward.
fn report(to: &OwnedFd, report: &Report, descriptors: &[BorrowedFd<'_>]) {
    _ = letter::send(to.as_fd(), report, descriptors);
}

/// The number of an error of the system.
pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
