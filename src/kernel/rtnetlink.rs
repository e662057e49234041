//! What the kernel says of its network devices, their addresses and its unicast routes (rtnetlink(7)).
//!
//! A [`Monitor`] hears of every change from when it is opened, and asks for the state as it is. It
//! decides nothing, and refuses nothing: messages of other kinds, and those that it cannot read, are
//! skipped. The kernel drops changes that are not read in time, which [`Monitor::take`] reports.

mod report;

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket, sockopt,
};

use super::ready::readable;
use crate::addr::Family;
pub use report::{Address, Device, Forwarded, Hop, Report, Route, Rule};

/// The groups of changes (`RTNLGRP_*`): links, addresses and routes of both families.
const GROUPS: [u32; 5] = [1, 5, 9, 7, 11];

/// Octets of `SO_RCVBUF`: room for some thousand changes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Octets of the longest message of the kernel: a part of a dump.
const MESSAGE: usize = 64 << 10;

/// Octets of `struct nlmsghdr`.
const HEADER: usize = 16;

// linux/netlink.h
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;

/// A subscription to the changes in one network namespace.
#[derive(Debug)]
pub struct Monitor {
    changes: OwnedFd,
    /// Asks, and waits for the answer, which the kernel gives at once.
    questions: OwnedFd,
}

/// What has changed since the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// These changes, in their order.
    Reports(Vec<Report>),
    /// Changes came faster than they were read, and some are lost: ask for the state anew.
    Overrun,
}

impl Monitor {
    /// Subscribes in the calling thread's network namespace: every change from now on is reported.
    ///
    /// # Errors
    /// Errors of making the sockets.
    pub fn open() -> io::Result<Self> {
        let changes = netlink(SockFlag::SOCK_NONBLOCK)?;
        match setsockopt(&changes, sockopt::RcvBufForce, &RECEIVE_BUFFER) {
            Err(Errno::EPERM) => setsockopt(&changes, sockopt::RcvBuf, &RECEIVE_BUFFER)?,
            other => other?,
        }
        let groups = GROUPS.iter().fold(0, |bits, group| bits | 1 << (group - 1));
        bind(changes.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { changes, questions: netlink(SockFlag::empty())? })
    }

    /// Waits until changes can be taken.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub async fn changed(&self) -> io::Result<()> {
        readable(self.changes.as_fd()).await
    }

    /// Takes the changes that have come by now.
    ///
    /// # Errors
    /// Errors of recv(2).
    pub fn take(&self) -> io::Result<Changes> {
        let mut space = vec![0; MESSAGE];
        let (mut reports, mut overrun) = (Vec::new(), false);
        loop {
            match recv(self.changes.as_raw_fd(), &mut space, MsgFlags::empty()) {
                Ok(length) => reports.extend(each(&space[..length]).filter_map(report::read)),
                Err(Errno::EAGAIN) if overrun => return Ok(Changes::Overrun),
                Err(Errno::EAGAIN) => return Ok(Changes::Reports(reports)),
                Err(Errno::ENOBUFS) => overrun = true,
                Err(Errno::EINTR) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Every device and every address, devices first.
    ///
    /// # Errors
    /// Errors of send(2) and recv(2), and the kernel's own.
    pub fn interfaces(&self) -> io::Result<Vec<Report>> {
        let mut reports = self.ask(report::RTM_GETLINK, &[0; 16])?;
        reports.extend(self.ask(report::RTM_GETADDR, &[0; 8])?);
        Ok(reports)
    }

    /// Every unicast route of the family.
    ///
    /// # Errors
    /// Errors of send(2) and recv(2), and the kernel's own.
    pub fn routes(&self, family: Family) -> io::Result<Vec<Report>> {
        let mut question = [0; 12];
        question[0] = report::octet(family);
        self.ask(report::RTM_GETROUTE, &question)
    }

    /// The rules that choose the family's multicast routing table.
    ///
    /// # Errors
    /// Errors of send(2) and recv(2), and the kernel's own, as of one without such rules.
    pub fn multicast_rules(&self, family: Family) -> io::Result<Vec<Rule>> {
        let mut question = [0; 12];
        question[0] = multicast(family);
        let rule = |report| match report {
            Report::Rule(rule) => Some(rule),
            _ => None,
        };
        Ok(self.ask(report::RTM_GETRULE, &question)?.into_iter().filter_map(rule).collect())
    }

    /// Every multicast forwarding entry of the family, of all tables.
    ///
    /// # Errors
    /// Errors of send(2) and recv(2), and the kernel's own.
    pub fn forwarded(&self, family: Family) -> io::Result<Vec<Forwarded>> {
        let mut question = [0; 12];
        question[0] = multicast(family);
        let entry = |report| match report {
            Report::Forwarded(entry) => Some(entry),
            _ => None,
        };
        Ok(self.ask(report::RTM_GETROUTE, &question)?.into_iter().filter_map(entry).collect())
    }

    /// Asks for a dump.
    fn ask(&self, kind: u16, question: &[u8]) -> io::Result<Vec<Report>> {
        let fd = self.questions.as_raw_fd();
        let mut request = vec![0; HEADER + question.len()];
        let mut header = NetlinkBuffer::new(&mut request);
        header.set_length(u32::try_from(HEADER + question.len()).unwrap_or(u32::MAX));
        header.set_message_type(kind);
        header.set_flags(NLM_F_REQUEST | NLM_F_DUMP);
        header.payload_mut().copy_from_slice(question);
        send(fd, &request, MsgFlags::empty())?;
        let mut space = vec![0; MESSAGE];
        let mut reports = Vec::new();
        loop {
            let length = match recv(fd, &mut space, MsgFlags::empty()) {
                Ok(length) => length,
                Err(Errno::EINTR) => continue,
                Err(other) => return Err(other.into()),
            };
            for message in each(&space[..length]) {
                match message.message_type() {
                    NLMSG_DONE => return Ok(reports),
                    NLMSG_ERROR => return Err(refusal(message.payload())),
                    _ => reports.extend(report::read(message)),
                }
            }
        }
    }
}

/// The family's number in questions about multicast routing.
const fn multicast(family: Family) -> u8 {
    match family {
        Family::V4 => report::RTNL_FAMILY_IPMR,
        Family::V6 => report::RTNL_FAMILY_IP6MR,
    }
}

/// `struct nlmsgerr` begins with the error, negative.
fn refusal(payload: &[u8]) -> io::Error {
    let errno = payload.first_chunk().copied().map_or(0, i32::from_ne_bytes);
    io::Error::from_raw_os_error(errno.saturating_neg())
}

fn netlink(flags: SockFlag) -> nix::Result<OwnedFd> {
    let flags = flags | SockFlag::SOCK_CLOEXEC;
    socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)
}

/// The messages in the octets of one read.
fn each(mut octets: &[u8]) -> impl Iterator<Item = NetlinkBuffer<&[u8]>> {
    std::iter::from_fn(move || {
        let message = NetlinkBuffer::new_checked(octets).ok()?;
        let length = message.length() as usize;
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}
