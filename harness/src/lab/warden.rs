//! The process from which everything is forked that a laboratory runs as programs.
//!
//! A process that forks hands copies of all its descriptors to the new one, until that executes its
//! program. In a process with several laboratories, the routing socket of one stayed open in that
//! way while another one started a program, so that the first one's router found its namespace
//! owned (`EADDRINUSE`). So the laboratory's process forks once, and the warden forks the rest: it is
//! this program once more, with one thread, no socket of any laboratory, and no files of the user's.
//!
//! The warden is number 1 of a PID namespace: whatever is left ends with it. It ends when the other end
//! of its socket does, which only the laboratory's process holds, so that no end of that process is too
//! sudden. All laboratories of a process share it, and it ends with the last one.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nix::sched::{CloneFlags, setns, unshare};

use super::keeper::{self, Children, Founding};
use super::netns::on_helper_thread;
use super::{Netns, again, letter, serve_if, sys};

/// The first argument of a program that is to be a warden. It is no command for users.
const AS_WARDEN: &str = "as-warden";

static WARDEN: Mutex<Weak<Warden>> = Mutex::new(Weak::new());

/// The laboratory's side.
#[derive(Debug)]
pub(super) struct Warden {
    /// `None` only while it is dropped.
    orders: Option<OwnedFd>,
    process: Child,
}

impl Warden {
    /// The warden of this process, which is started unless it lives.
    pub(super) fn of_this_process() -> io::Result<Arc<Self>> {
        let mut known = WARDEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(warden) = known.upgrade() {
            return Ok(warden);
        }
        let warden = Arc::new(Self::start()?);
        *known = Arc::downgrade(&warden);
        Ok(warden)
    }

    fn start() -> io::Result<Self> {
        let (orders, theirs) = letter::pair()?;
        let mut command = again(AS_WARDEN)?;
        command.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        // The next child of the thread is the first one in the new namespace; the thread itself
        // could start no thread any more.
        let process = on_helper_thread(|| {
            let step = |error: io::Error| {
                io::Error::new(error.kind(), format!("create a PID namespace: {error}"))
            };
            unshare(CloneFlags::CLONE_NEWPID).map_err(|errno| step(errno.into()))?;
            command.spawn()
        })??;
        Ok(Self { orders: Some(orders), process })
    }

    /// Asks for a keeper of the ward of this namespace, with this end of its socket.
    pub(super) fn found(&self, ward: OwnedFd, netns: &Netns) -> io::Result<()> {
        let orders = self.orders.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        letter::send(orders.as_fd(), &(), &[ward.as_fd(), netns.as_fd()])
    }
}

impl Drop for Warden {
    /// Nothing that it has started outlives it, and it does not outlive this value.
    fn drop(&mut self) {
        drop(self.orders.take());
        _ = self.process.wait();
    }
}

super::sys::before_main!(serve_if_warden);

fn serve_if_warden() {
    serve_if(AS_WARDEN, || serve().map_err(|error| error.to_string()));
}

/// Forks keepers until the laboratory's process is gone.
fn serve() -> io::Result<()> {
    sys::close_inherited();
    let orders = io::stdin().as_fd().try_clone_to_owned()?;
    let children = Children::watch()?;
    let own = File::open("/proc/self/ns/pid")?;
    loop {
        letter::wait(&[orders.as_fd(), children.as_fd()])?;
        children.reap();
        let letter = match letter::receive::<()>(orders.as_fd()) {
            Ok(Some(letter)) => letter,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let Ok([ward, netns]) = <[OwnedFd; 2]>::try_from(letter.descriptors) else { continue };
        match fork_apart(&own) {
            Ok(true) => {}
            Ok(false) => {
                drop((orders, children, own));
                return keeper::keep(&ward, netns);
            }
            Err(error) => {
                let failed = Founding::Failed("fork".to_owned(), keeper::errno(&error));
                _ = letter::send(ward.as_fd(), &failed, &[]);
            }
        }
    }
}

/// Forks the first process of a new PID namespace; true in this process, false in the new one.
fn fork_apart(own: &File) -> io::Result<bool> {
    unshare(CloneFlags::CLONE_NEWPID)?;
    let forked = sys::fork();
    if matches!(forked, Ok(None)) {
        return Ok(false);
    }
    // The next one gets a namespace of its own, too.
    setns(own, CloneFlags::CLONE_NEWPID)?;
    forked.map(|_| true)
}
