//! The multicast database of a namespace's bridges, as netlink reports it (`RTNLGRP_MDB`).
//!
//! rtnetlink does not know these messages and drops them, so this module parses the octets itself.
//! The layouts are in linux/rtnetlink.h, linux/netlink.h and linux/if_bridge.h.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::time::Duration;

use castnet::kernel::readable;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, setsockopt,
    socket, sockopt,
};

use super::Netns;

/// `RTNLGRP_MDB` (26) as a bit of the groups that a socket is bound to.
const GROUP_MDB: u32 = 1 << (26 - 1);

const RTM_NEWMDB: u16 = 84;
const RTM_DELMDB: u16 = 85;
const MDBA_MDB: u16 = 1;
const MDBA_MDB_ENTRY: u16 = 1;
const MDBA_MDB_ENTRY_INFO: u16 = 1;
const MDBA_MDB_EATTR_SRC_LIST: u16 = 2;
const MDBA_MDB_EATTR_GROUP_MODE: u16 = 3;
/// The source of an (S,G) entry. The kernel reports such an entry apart from its group's own.
const MDBA_MDB_EATTR_SOURCE: u16 = 4;
const MDBA_MDB_SRCLIST_ENTRY: u16 = 1;
const MDBA_MDB_SRCATTR_ADDRESS: u16 = 1;
const MDBA_MDB_SRCATTR_TIMER: u16 = 2;
/// `MDB_FLAGS_BLOCKED` of `struct br_mdb_entry`
const BLOCKED: u8 = 1 << 3;
const MDBA_ROUTER: u16 = 2;
const MDBA_ROUTER_PORT: u16 = 1;
/// `ETH_P_IP` and `ETH_P_IPV6`
const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const ETHERTYPE_IPV6: [u8; 2] = [0x86, 0xdd];

/// Octets of `struct nlmsghdr`, `struct br_port_msg` and `struct br_mdb_entry`.
const HEADER: usize = 16;
const PORT_MESSAGE: usize = 8;
const ENTRY: usize = 28;

/// Room for some thousand unread changes; an ordinary user gets `net.core.rmem_max`.
const BUFFER_BYTES: usize = 4 << 20;

/// A change in a bridge's multicast database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MdbMessage {
    /// An entry is as it says from now on, or gone.
    Entry {
        /// The entry.
        entry: MdbEntry,
        /// Whether it is there.
        on: bool,
    },
    /// From now on a port leads to a router, or no longer does.
    Router {
        /// The port's interface index.
        port: u32,
        /// Whether the port leads to a router.
        on: bool,
    },
    /// Changes came faster than they were read, and some are lost.
    Overrun,
}

/// An entry of the database, as it is at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MdbEntry {
    /// The group.
    pub group: IpAddr,
    /// The source, if the entry is of one.
    pub source: Option<IpAddr>,
    /// The port's interface index.
    pub port: u32,
    /// Whether the port does not get the source of the entry.
    pub is_blocked: bool,
    /// The filter mode of a port with members; `None` below version 3 and in an entry of a source.
    pub mode: Option<MdbMode>,
    /// The sources of a port with members, and what is left of each one's timer; zero if it does
    /// not run. The kernel counts in hundredths of a second.
    pub sources: Vec<(IpAddr, Duration)>,
}

/// The filter mode of a port with members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MdbMode {
    /// The listed sources are wanted.
    Include,
    /// All sources are wanted, except listed ones whose timers do not run.
    Exclude,
}

/// A subscription to the changes in one namespace. It keeps the namespace alive.
#[derive(Debug)]
pub struct MdbMonitor {
    socket: OwnedFd,
}

impl MdbMonitor {
    /// Subscribes: every change from now on is reported.
    ///
    /// # Errors
    /// Errors of [`Netns::run`] and of making the socket.
    pub fn open(netns: &Netns) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let route = SockProtocol::NetlinkRoute;
        let socket =
            netns.run(|| socket(AddressFamily::Netlink, SockType::Raw, flags, route))??;
        match setsockopt(&socket, sockopt::RcvBufForce, &BUFFER_BYTES) {
            Err(Errno::EPERM) => setsockopt(&socket, sockopt::RcvBuf, &BUFFER_BYTES)?,
            other => other?,
        }
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUP_MDB))?;
        Ok(Self { socket })
    }

    /// Waits for changes and takes them, in their order.
    ///
    /// # Errors
    /// Errors of recv(2).
    pub async fn next(&self) -> io::Result<Vec<MdbMessage>> {
        readable(self.socket.as_fd()).await?;
        self.take()
    }

    /// Takes the changes that have been reported by now.
    ///
    /// # Errors
    /// Errors of recv(2).
    pub fn take(&self) -> io::Result<Vec<MdbMessage>> {
        let mut space = [0; 8192];
        let mut messages = Vec::new();
        loop {
            match recv(self.socket.as_raw_fd(), &mut space, MsgFlags::MSG_DONTWAIT) {
                Ok(length) => messages.extend(parse(space.get(..length).unwrap_or_default())),
                Err(Errno::EAGAIN) => return Ok(messages),
                Err(Errno::EINTR) => {}
                Err(Errno::ENOBUFS) => messages.push(MdbMessage::Overrun),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The changes in the octets of one read; messages of other kinds are skipped.
fn parse(mut octets: &[u8]) -> Vec<MdbMessage> {
    let mut messages = Vec::new();
    while let Some((length, kind)) = number(octets, 0).zip(short(octets, 4)) {
        let length = length as usize;
        let Some(body) = octets.get(HEADER + PORT_MESSAGE..length) else { break };
        if kind == RTM_NEWMDB || kind == RTM_DELMDB {
            let on = kind == RTM_NEWMDB;
            for (kind, table) in attributes(body) {
                match kind {
                    MDBA_MDB => members(table, on, &mut messages),
                    MDBA_ROUTER => {
                        let ports = attributes(table).filter(|(kind, _)| *kind == MDBA_ROUTER_PORT);
                        let ports = ports.filter_map(|(_, port)| number(port, 0));
                        messages.extend(ports.map(|port| MdbMessage::Router { port, on }));
                    }
                    _ => {}
                }
            }
        }
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

fn members(table: &[u8], on: bool, messages: &mut Vec<MdbMessage>) {
    let entries = attributes(table).filter(|(kind, _)| *kind == MDBA_MDB_ENTRY);
    let infos = entries.flat_map(|(_, entry)| attributes(entry));
    for (_, info) in infos.filter(|(kind, _)| *kind == MDBA_MDB_ENTRY_INFO) {
        let Some((entry, more)) = info.split_at_checked(ENTRY) else { continue };
        messages.extend(member(entry, more).map(|entry| MdbMessage::Entry { entry, on }));
    }
}

/// An entry with its attributes; `None` if it is for an Ethernet address, or has a source that is no
/// address.
fn member(entry: &[u8], more: &[u8]) -> Option<MdbEntry> {
    let (port, group) = (number(entry, 0)?, group(entry)?);
    let is_blocked = entry.get(5)? & BLOCKED != 0;
    let mut member =
        MdbEntry { group, source: None, port, is_blocked, mode: None, sources: Vec::new() };
    for (kind, value) in attributes(more) {
        match kind {
            MDBA_MDB_EATTR_SOURCE => member.source = Some(address(value)?),
            MDBA_MDB_EATTR_GROUP_MODE => {
                // MCAST_INCLUDE of linux/in.h is 1.
                let includes = value.first() == Some(&1);
                member.mode = Some(if includes { MdbMode::Include } else { MdbMode::Exclude });
            }
            MDBA_MDB_EATTR_SRC_LIST => {
                let entries = attributes(value).filter(|(kind, _)| *kind == MDBA_MDB_SRCLIST_ENTRY);
                member.sources.extend(entries.filter_map(|(_, source)| listed(source)));
            }
            _ => {}
        }
    }
    Some(member)
}

/// A source of a list, and what is left of its timer.
fn listed(source: &[u8]) -> Option<(IpAddr, Duration)> {
    let of = |wanted| attributes(source).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let left = of(MDBA_MDB_SRCATTR_TIMER).and_then(|timer| number(timer, 0)).unwrap_or(0);
    let left = Duration::from_millis(10) * left;
    Some((address(of(MDBA_MDB_SRCATTR_ADDRESS)?)?, left))
}

/// An address of either family, by its length.
fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => octets.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        16 => octets.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}

/// The group of a `struct br_mdb_entry`; `None` if the entry is for an Ethernet address.
fn group(entry: &[u8]) -> Option<IpAddr> {
    let octets = entry.get(8..24)?.first_chunk::<16>()?;
    let [a, b, c, d, ..] = *octets;
    match entry.get(24..26)?.try_into().ok()? {
        ETHERTYPE_IPV4 => Some(IpAddr::from([a, b, c, d])),
        ETHERTYPE_IPV6 => Some(Ipv6Addr::from(*octets).into()),
        _ => None,
    }
}

/// The attributes, each as its type and its value, up to the first that is cut off.
fn attributes(mut octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, kind) = (usize::from(short(octets, 0)?), short(octets, 2)?);
        let value = octets.get(4..length)?;
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
        // The two upper bits are flags of the encoding.
        Some((kind & 0x3fff, value))
    })
}

/// Netlink uses the byte order of the machine.
fn short(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
