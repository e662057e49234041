//! A network namespace that lives as long as its file descriptor, and work done inside it.
//!
//! A thread is in exactly one namespace, so all work happens on short helper threads and the
//! caller's thread never moves. A socket stays in the namespace of the thread that made it, so work
//! inside only ever *makes* something: afterwards any thread can use it.
//!
//! No namespace appears under /run/netns, and none is left behind however the process ends.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread::{self, Scope, ScopedJoinHandle};

use castnet::addr::Family;
use nix::sched::{CloneFlags, setns, unshare};

use super::{LabError, Stack};

/// The number of threads that make namespaces. Most of the work holds locks of the whole kernel: a
/// second thread gains a little, more gain nothing.
const MAKERS: usize = 2;

/// An anonymous network namespace.
#[derive(Debug)]
pub struct Netns {
    fd: OwnedFd,
    name: String,
}

impl Netns {
    /// Makes a namespace with the default [`Stack`]. `name` is only for messages.
    ///
    /// # Errors
    /// Errors of unshare(2), of opening /proc/thread-self/ns/net, and of writing the sysctls.
    pub fn create(name: impl Into<String>) -> io::Result<Self> {
        let fd = on_helper_thread(|| make_here(Stack::default()))??;
        Ok(Self { fd, name: name.into() })
    }

    /// Makes a namespace for each name, in this order, faster than one [`Self::create`] for each.
    ///
    /// # Errors
    /// The first error of [`Self::create`]; `NotFound` for IPv6 on a kernel without it.
    pub fn create_all(wanted: Vec<(String, Stack)>) -> Result<Vec<Self>, LabError> {
        let share = wanted.len().div_ceil(MAKERS).max(1);
        let make = |wanted: &[(String, Stack)]| {
            wanted.iter().map(|&(_, stack)| make_here(stack)).collect::<Vec<_>>()
        };
        let shares: Vec<_> = thread::scope(|scope| {
            let make = |wanted| helper(scope, move || make(wanted));
            let makers: Vec<_> = wanted.chunks(share).map(make).collect();
            makers.into_iter().map(|maker| maker.and_then(join)).collect()
        });
        let failed = |name: &str, source| LabError::Netns {
            netns: name.to_owned(),
            operation: "create namespace".to_owned(),
            source,
        };
        let mut made = Vec::with_capacity(wanted.len());
        for (wanted, fds) in wanted.chunks(share).zip(shares) {
            let fds = fds.map_err(|error| failed(&wanted[0].0, error))?;
            for ((name, _), fd) in wanted.iter().zip(fds) {
                let fd = fd.map_err(|error| failed(name, error))?;
                made.push(Self { fd, name: name.clone() });
            }
        }
        Ok(made)
    }

    /// A namespace that another process has made, as in `/proc/<pid>/fd/<n>`. `name` is only for
    /// messages.
    #[must_use]
    pub fn adopt(fd: OwnedFd, name: impl Into<String>) -> Self {
        Self { fd, name: name.into() }
    }

    /// The name given at creation.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Another handle of this namespace.
    ///
    /// # Errors
    /// Errors of dup(2).
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, name: self.name.clone() })
    }

    /// Runs `f` on a helper thread inside the namespace and waits for it; a panic in `f` continues
    /// in the caller. Threads and processes that `f` starts are in the namespace too.
    ///
    /// # Errors
    /// Errors of starting a thread and of setns(2).
    pub fn run<T: Send>(&self, f: impl FnOnce() -> T + Send) -> io::Result<T> {
        on_helper_thread(|| {
            setns(&self.fd, CloneFlags::CLONE_NEWNET)?;
            Ok(f())
        })?
    }

    /// Runs `f` inside each of the namespaces in turn, all on one helper thread, and returns the
    /// results. `f` receives the position.
    ///
    /// # Errors
    /// Errors of starting a thread and of setns(2).
    pub(super) fn visit<T: Send>(
        netns: &[&Self],
        mut f: impl FnMut(usize) -> T + Send,
    ) -> io::Result<Vec<T>> {
        let visit = |(position, netns): (usize, &&Self)| {
            setns(&netns.fd, CloneFlags::CLONE_NEWNET)?;
            Ok(f(position))
        };
        on_helper_thread(|| netns.iter().enumerate().map(visit).collect())?
    }

    /// Writes a sysctl of this namespace; the path is below /proc/sys, as in `net/ipv4/ip_forward`.
    ///
    /// # Errors
    /// Errors of [`Self::run`] and of the write.
    pub fn write_sysctl(&self, path: &str, value: &str) -> io::Result<()> {
        self.run(|| write_sysctl_here(path, value))?
    }
}

impl AsFd for Netns {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Leaves the calling thread in a new namespace.
fn make_here(stack: Stack) -> io::Result<OwnedFd> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    for (path, value) in stack.sysctls() {
        let is_off = stack.family == Family::V4 && path.starts_with("net/ipv6/");
        match write_sysctl_here(path, value) {
            // A kernel built without IPv6 has nothing to turn off.
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_off => {}
            other => other?,
        }
    }
    // /proc/self would be the main thread's namespace.
    Ok(fs::File::open("/proc/thread-self/ns/net")?.into())
}

pub(super) fn on_helper_thread<T: Send>(f: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| helper(scope, f).and_then(join))
}

fn helper<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    f: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().name("netns".into()).spawn_scoped(scope, f)
}

fn join<T>(helper: ScopedJoinHandle<'_, T>) -> io::Result<T> {
    helper.join().map_or_else(|panic| std::panic::resume_unwind(panic), Ok)
}

/// /proc/sys/net shows the namespace of the thread that looks at it.
pub(super) fn write_sysctl_here(path: &str, value: &str) -> io::Result<()> {
    fs::write(format!("/proc/sys/{path}"), value)
}
