//! The multicast database of a namespace's bridges, as netlink reports it (`RTNLGRP_MDB`).
//!
//! rtnetlink does not know these messages and drops them, so this module parses the octets itself.
//! The layouts are in linux/rtnetlink.h, linux/netlink.h and linux/if_bridge.h.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};

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
/// The source of an (S,G) entry. The kernel reports such an entry apart from its group's own.
const MDBA_MDB_EATTR_SOURCE: u16 = 4;
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
    /// From now on a port has members of a group, or no longer has any.
    Member {
        /// The group.
        group: IpAddr,
        /// The port's interface index.
        port: u32,
        /// Whether the port has members.
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
        let of_source = attributes(more).any(|(kind, _)| kind == MDBA_MDB_EATTR_SOURCE);
        if let (Some(port), Some(group), false) = (number(entry, 0), group(entry), of_source) {
            messages.push(MdbMessage::Member { group, port, on });
        }
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
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut whole = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        whole.resize(whole.len().next_multiple_of(4), 0);
        whole
    }

    fn message(kind: u16, table: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + PORT_MESSAGE + table.len()).unwrap();
        let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], &[7; 8]].concat();
        [head, table.to_vec()].concat()
    }

    fn entry(port: u32, group: [u8; 4], more: &[u8]) -> Vec<u8> {
        let rest = [&[0; 12][..], &ETHERTYPE_IPV4, &[0; 2]].concat();
        let info = [&port.to_ne_bytes()[..], &[0; 4], &group, &rest, more].concat();
        let info = attribute(MDBA_MDB_ENTRY_INFO, &info);
        attribute(MDBA_MDB | 0x8000, &attribute(MDBA_MDB_ENTRY, &info))
    }

    #[test]
    fn members_and_routers_are_told_one_after_the_other() {
        let octets = [239, 1, 1, 1];
        let group = IpAddr::from(octets);
        let timer = attribute(1, &[9; 4]);
        let router = attribute(MDBA_ROUTER, &attribute(MDBA_ROUTER_PORT, &3_u32.to_ne_bytes()));
        let read = [
            message(RTM_NEWMDB, &entry(5, octets, &timer)),
            message(RTM_DELMDB, &entry(6, octets, &timer)),
            message(RTM_NEWMDB, &router),
            message(16, &router),
        ]
        .concat();
        let expected = [
            MdbMessage::Member { group, port: 5, on: true },
            MdbMessage::Member { group, port: 6, on: false },
            MdbMessage::Router { port: 3, on: true },
        ];
        assert_eq!(parse(&read), expected);
        // A message cut anywhere yields fewer changes, and never different ones.
        for length in 0..read.len() {
            assert!(expected.starts_with(&parse(&read[..length])), "{length}");
        }
    }

    // linux/if_bridge.h: the union of `struct br_mdb_entry` holds either address, by its `proto`.
    #[test]
    fn an_ipv6_member_is_told_and_an_ethernet_one_is_not() {
        let group: IpAddr = "ff3e::8000:1".parse().unwrap();
        let IpAddr::V6(octets) = group else { unreachable!() };
        let entry = |protocol: [u8; 2]| {
            let rest = [&octets.octets()[..], &protocol, &[0; 2]].concat();
            let info = [&5_u32.to_ne_bytes()[..], &[0; 4], &rest].concat();
            let info = attribute(MDBA_MDB_ENTRY_INFO, &info);
            message(RTM_NEWMDB, &attribute(MDBA_MDB, &attribute(MDBA_MDB_ENTRY, &info)))
        };
        let told = [MdbMessage::Member { group, port: 5, on: true }];
        assert_eq!(parse(&entry(ETHERTYPE_IPV6)), told);
        assert_eq!(parse(&entry([0, 0])), []);
    }

    #[test]
    fn an_entry_of_one_source_is_not_that_of_the_group() {
        let source = attribute(MDBA_MDB_EATTR_SOURCE, &[10, 0, 0, 1]);
        assert_eq!(parse(&message(RTM_NEWMDB, &entry(5, [239, 1, 1, 1], &source))), []);
    }

    #[test]
    fn a_length_of_nothing_ends_it() {
        assert_eq!(parse(&[0; 64]), []);
        assert_eq!(parse(&message(RTM_NEWMDB, &[0; 16])), []);
    }
}
