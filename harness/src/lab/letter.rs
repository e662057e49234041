//! Letters between the processes of a laboratory: a value and descriptors, whole or not at all.
//!
//! A letter goes over a pair of Unix sockets that keep the borders of messages (`SOCK_SEQPACKET`,
//! unix(7)). Either end learns that the other one is gone, however that happened. A letter has at most
//! 128 KiB of JSON and a few descriptors; a longer one is refused when it is sent.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sys;

/// The most octets of a letter's value.
const LONGEST: usize = 1 << 17;

/// A letter that was received.
#[derive(Debug)]
pub(super) struct Letter<T> {
    pub(super) value: T,
    pub(super) descriptors: Vec<OwnedFd>,
}

/// Two connected ends; programs that this process starts inherit neither.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// Sends a letter.
///
/// # Errors
/// `EMSGSIZE` for a letter that is too long, `EPIPE` if the other end is gone, and other errors of
/// sendmsg(2).
pub(super) fn send(
    to: BorrowedFd<'_>,
    value: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let text = serde_json::to_vec(value)?;
    if text.len() > LONGEST {
        return Err(Errno::EMSGSIZE.into());
    }
    let descriptors: Vec<_> = descriptors.iter().map(|fd| fd.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let rights = if descriptors.is_empty() { &[][..] } else { &rights };
    let (to, text) = (to.as_raw_fd(), [IoSlice::new(&text)]);
    sendmsg::<()>(to, &text, rights, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// The next letter; `None` once the other end is gone. Never waits.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] if no letter has come, errors of recvmsg(2), and a letter that is no
/// `T`.
pub(super) fn receive<T: DeserializeOwned>(from: BorrowedFd<'_>) -> io::Result<Option<Letter<T>>> {
    let mut text = vec![0; LONGEST];
    let (length, descriptors) = match sys::receive_descriptors(from, &mut text) {
        // The end of a process that left letters unread (unix(7)).
        Err(error) if error.raw_os_error() == Some(libc::ECONNRESET) => return Ok(None),
        received => received?,
    };
    if length == 0 {
        return Ok(None);
    }
    Ok(Some(Letter { value: serde_json::from_slice(&text[..length])?, descriptors }))
}

/// Waits until one of the descriptors is readable or its other end is gone. Blocks the thread.
pub(super) fn wait(descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let watched = descriptors.iter().map(|&fd| PollFd::new(fd, PollFlags::POLLIN));
    let mut watched: Vec<PollFd<'_>> = watched.collect();
    loop {
        match poll(&mut watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            polled => return Ok(polled.map(drop)?),
        }
    }
}
