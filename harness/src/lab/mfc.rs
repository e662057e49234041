//! The forwarding cache of a namespace as netlink reports it: every change (`RTNLGRP_IPV4_MROUTE`,
//! `RTNLGRP_IPV6_MROUTE`), and the counters of its entries (`RTA_MFC_STATS`).

use std::io;
use std::net::IpAddr;

use castnet::kernel::{DEFAULT_TABLE, DEFAULT_TABLE_6};
use castnet::mfc::entry::FlowCounters;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt as _;
use netlink_packet_core::{NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::sys::SocketAddr;
use rtnetlink::{Handle, MulticastGroup};
use tokio::runtime;
use tokio::task::JoinHandle;

use super::Netns;

/// `RTNL_FAMILY_IPMR` and `RTNL_FAMILY_IP6MR` of linux/rtnetlink.h.
const FAMILY_IPMR: u8 = 128;
const FAMILY_IP6MR: u8 = 129;

/// A change of the forwarding cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MfcMessage {
    /// An entry was added or changed, and now has these devices.
    Entry {
        /// The source.
        source: IpAddr,
        /// The group.
        group: IpAddr,
        /// The incoming device; `None` while the entry is unresolved.
        iif: Option<u32>,
        /// The outgoing devices.
        oifs: Vec<u32>,
    },
    /// The entry was deleted.
    Deleted {
        /// The source.
        source: IpAddr,
        /// The group.
        group: IpAddr,
    },
    /// Changes came faster than they were read, and some are lost.
    Overrun,
}

/// A subscription to the changes in one namespace. It keeps the namespace alive.
#[derive(Debug)]
pub struct MfcMonitor {
    messages: UnboundedReceiver<(NetlinkMessage<RouteNetlinkMessage>, SocketAddr)>,
    task: JoinHandle<()>,
}

impl MfcMonitor {
    /// Subscribes: every change from now on is reported.
    ///
    /// # Errors
    /// Errors of [`Netns::run`] and of making the socket.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn open(netns: &Netns) -> io::Result<Self> {
        let runtime = runtime::Handle::current();
        let (connection, _, messages) = netns.run(|| {
            let _inside_runtime = runtime.enter();
            let both = [MulticastGroup::Ipv4Mroute, MulticastGroup::Ipv6Mroute];
            rtnetlink::new_multicast_connection(&both)
        })??;
        Ok(Self { messages, task: runtime.spawn(connection) })
    }

    /// The next change; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<MfcMessage> {
        loop {
            let (message, _) = self.messages.next().await?;
            let change = match message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewRoute(route)) => entry(&route),
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelRoute(route)) => {
                    flow(&route).map(|(source, group)| MfcMessage::Deleted { source, group })
                }
                NetlinkPayload::Overrun(_) => Some(MfcMessage::Overrun),
                _ => None,
            };
            if change.is_some() {
                return change;
            }
        }
    }
}

impl Drop for MfcMonitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The counters of a flow's entry since it was made; `None` if the flow has no entry.
///
/// # Errors
/// Errors of [`Netns::run`] and of making the socket, or the kernel's refusal.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn counters(
    netns: &Netns,
    source: IpAddr,
    group: IpAddr,
) -> io::Result<Option<FlowCounters>> {
    let runtime = runtime::Handle::current();
    let (connection, handle, _unsolicited) = netns.run(|| {
        let _inside_runtime = runtime.enter();
        rtnetlink::new_connection()
    })??;
    let connection = runtime.spawn(connection);
    let answer = read_counters(handle, source, group).await;
    connection.abort();
    answer
}

async fn read_counters(
    mut handle: Handle,
    source: IpAddr,
    group: IpAddr,
) -> io::Result<Option<FlowCounters>> {
    let mut route = RouteMessage::default();
    // The kernel looks for IPv6 in IPv4's table unless a table is named.
    let (family, bits, table) = match group {
        IpAddr::V4(_) => (FAMILY_IPMR, 32, DEFAULT_TABLE),
        IpAddr::V6(_) => (FAMILY_IP6MR, 128, DEFAULT_TABLE_6),
    };
    route.header.address_family = AddressFamily::Other(family);
    route.header.source_prefix_length = bits;
    route.header.destination_prefix_length = bits;
    route.attributes = vec![
        RouteAttribute::Source(source.into()),
        RouteAttribute::Destination(group.into()),
        RouteAttribute::Table(table),
    ];
    let mut request = NetlinkMessage::from(RouteNetlinkMessage::GetRoute(route));
    request.header.flags = NLM_F_REQUEST;
    let mut answers = handle.request(request).map_err(io::Error::other)?;
    while let Some(answer) = answers.next().await {
        match answer.payload {
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewRoute(route)) => {
                return Ok(route.attributes.iter().find_map(counted));
            }
            NetlinkPayload::Error(error) => {
                let error = error.to_io();
                let is_absent = error.kind() == io::ErrorKind::NotFound;
                return if is_absent { Ok(None) } else { Err(error) };
            }
            _ => {}
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn counted(attribute: &RouteAttribute) -> Option<FlowCounters> {
    let RouteAttribute::MfcStats(stats) = attribute else { return None };
    let (packets, bytes, wrong_if) = (stats.packets, stats.bytes, stats.wrong_if);
    Some(FlowCounters { packets, bytes, wrong_if })
}

fn entry(route: &RouteMessage) -> Option<MfcMessage> {
    let (source, group) = flow(route)?;
    let mut iif = None;
    let mut oifs = Vec::new();
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Iif(index) => iif = Some(*index),
            RouteAttribute::MultiPath(hops) => {
                oifs.extend(hops.iter().map(|hop| hop.interface_index));
            }
            _ => {}
        }
    }
    Some(MfcMessage::Entry { source, group, iif, oifs })
}

fn flow(route: &RouteMessage) -> Option<(IpAddr, IpAddr)> {
    let is_ipv4 = match route.header.address_family {
        AddressFamily::Other(FAMILY_IPMR) => true,
        AddressFamily::Other(FAMILY_IP6MR) => false,
        _ => return None,
    };
    let address = |address: &RouteAddress| match address {
        RouteAddress::Other(octets) => octets_of(octets, is_ipv4),
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    };
    let (mut source, mut group) = (None, None);
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Source(given) => source = address(given),
            RouteAttribute::Destination(given) => group = address(given),
            _ => {}
        }
    }
    Some((source?, group?))
}

/// An address of a family that the netlink crates do not decode.
fn octets_of(octets: &[u8], is_ipv4: bool) -> Option<IpAddr> {
    Some(match is_ipv4 {
        true => <[u8; 4]>::try_from(octets).ok()?.into(),
        false => <[u8; 16]>::try_from(octets).ok()?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(family: u8, source: &[u8], group: &[u8]) -> RouteMessage {
        let mut route = RouteMessage::default();
        route.header.address_family = AddressFamily::Other(family);
        let other = |octets: &[u8]| RouteAddress::Other(octets.to_vec());
        route.attributes =
            vec![RouteAttribute::Source(other(source)), RouteAttribute::Destination(other(group))];
        route
    }

    #[test]
    fn a_flow_is_of_the_family_of_its_message() {
        let (v4, v6) = ([[10, 0, 1, 1], [239, 1, 1, 1]], [[0x20; 16], [0xff; 16]]);
        let of = |family, [source, group]: [&[u8]; 2]| flow(&route(family, source, group));
        let [source, group] = v4.map(IpAddr::from);
        assert_eq!(of(FAMILY_IPMR, [&v4[0], &v4[1]]), Some((source, group)));
        let [source, group] = v6.map(IpAddr::from);
        assert_eq!(of(FAMILY_IP6MR, [&v6[0], &v6[1]]), Some((source, group)));
        // Octets of the other family, and a unicast route.
        assert_eq!(of(FAMILY_IPMR, [&v6[0], &v6[1]]), None);
        assert_eq!(of(2, [&v4[0], &v4[1]]), None);
    }
}
