//! What castnetd and whoever started it tell each other: the service manager's protocol
//! (sd_notify(3), sd_listen_fds(3)), and the sockets that outlive a daemon.
//!
//! Without a manager every function does nothing. A manager that cannot be told is passed over: it has
//! timeouts of its own.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use sd_notify::NotifyState;

use super::Opened;
use super::adopt::default_table;
use crate::addr::Family;
use crate::kernel::inherited;

/// The name under which the socket of a table is kept.
#[must_use]
pub fn name(family: Family, table: Option<u32>) -> String {
    format!("castnet-{family}-{}", table.unwrap_or(default_table(family)))
}

/// The name under which the socket of PIM beside it is kept.
#[must_use]
pub fn name_of_pim(name: &str) -> String {
    format!("{name}-pim")
}

/// The sockets that the process was started with, by name.
#[derive(Debug, Default)]
pub struct Handed(BTreeMap<String, RawFd>);

/// A routing socket, and the socket of PIM beside it.
pub type Taken = (OwnedFd, Option<OwnedFd>);

impl Handed {
    /// Those of the service manager.
    ///
    /// # Errors
    /// What the manager says makes no sense.
    pub fn by_manager() -> io::Result<Self> {
        let named = sd_notify::listen_fds_with_names()?;
        Ok(Self(named.map(|(fd, name)| (name, fd)).collect()))
    }

    /// Those of a keeper, each as `NAME=NUMBER`.
    ///
    /// # Errors
    /// `InvalidInput` for something else.
    pub fn by_keeper(kept: &[String]) -> io::Result<Self> {
        let split = |kept: &String| {
            let (name, fd) = kept.split_once('=')?;
            Some((name.to_owned(), fd.parse().ok()?))
        };
        let all = kept.iter().map(|kept| split(kept).ok_or(io::ErrorKind::InvalidInput.into()));
        Ok(Self(all.collect::<io::Result<_>>()?))
    }

    /// Whether nobody has handed over anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the socket of a table, and that of PIM beside it.
    ///
    /// # Errors
    /// `EBADF` if one is not open.
    pub fn take(&mut self, family: Family, table: Option<u32>) -> io::Result<Option<Taken>> {
        let name = name(family, table);
        let pim = self.0.remove(&name_of_pim(&name)).map(inherited).transpose()?;
        let routing = self.0.remove(&name).map(inherited).transpose()?;
        Ok(routing.map(|routing| (routing, pim)))
    }

    /// Closes what nobody has taken, here and at the service manager: the sockets of other tables, which
    /// would go on forwarding.
    pub fn close(self) {
        for (name, fd) in self.0 {
            drop(inherited(fd));
            tell(&[NotifyState::FdStoreRemove, NotifyState::FdName(&name)]);
        }
    }
}

/// Has the service manager keep the sockets for the next daemon.
pub fn store(socket: &Opened, family: Family, table: Option<u32>) {
    let name = name(family, table);
    let keep = |name: &str, fd: BorrowedFd<'_>| {
        let state = [NotifyState::FdStore, NotifyState::FdName(name)];
        _ = sd_notify::notify_with_fds(&state, &[fd]);
    };
    keep(&name, socket.as_fd());
    if let Some(pim) = socket.pim_socket() {
        keep(&name_of_pim(&name), pim);
    }
}

/// Whether a service manager is asked to keep sockets.
#[must_use]
pub fn keeps() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// The router serves, with its present configuration.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It takes another configuration now; [`ready`] follows.
pub fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// It ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// It is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] is to be called, at least; `None` if the manager does not watch.
#[must_use]
pub fn heartbeat() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(state: &[NotifyState<'_>]) {
    _ = sd_notify::notify(state);
}
