//! The rtnetlink requests that the lab needs: veth, hub, bridge, address, up, down, interfaces.
//!
//! rtnetlink and its message types change with every release, so no other module sees them. The
//! connection belongs to one namespace and runs as a task of the current runtime.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use futures_util::{StreamExt, TryStreamExt};
use ipnet::IpNet;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressHeaderFlags;
use netlink_packet_route::link::{BridgeStpState, InfoData, InfoVeth, LinkAttribute, LinkMessage};
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage};
use rtnetlink::{Handle, LinkBridge, LinkMessageBuilder, LinkUnspec, LinkVeth};
use tokio::runtime;
use tokio::task::JoinHandle;

use super::Netns;
use super::snooping::{snoop, snoop_at};
use crate::knobs::BridgeKnobs;

/// One end of a veth to be made.
pub(super) struct VethEnd<'a> {
    /// The name: at most 15 bytes, unique in its namespace.
    pub(super) ifname: &'a str,
    /// The Ethernet address; `None` lets the kernel draw one.
    pub(super) mac: Option<[u8; 6]>,
    /// The index, which must differ from the other end's: if both ends of a veth share an ifindex,
    /// in whatever namespaces, Linux may report carrier up to 1 s late (`linkwatch_urgent_event` in
    /// net/core/link_watch.c).
    pub(super) ifindex: u32,
}

/// A netlink connection in one namespace.
#[derive(Debug)]
pub struct Netlink {
    handle: Handle,
    task: JoinHandle<()>,
}

impl Netlink {
    /// Opens a connection. It keeps the namespace alive until it is closed.
    ///
    /// # Errors
    /// Errors of [`Netns::run`] and of making the socket.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn open(netns: &Netns) -> io::Result<Self> {
        let opened = Self::open_each(&[netns])?.pop();
        opened.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
    }

    /// Opens a connection in each namespace, faster than one [`Self::open`] for each.
    ///
    /// # Errors
    /// Errors of [`Netns::visit`] and of making each socket.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(super) fn open_each(netns: &[&Netns]) -> io::Result<Vec<io::Result<Self>>> {
        let runtime = runtime::Handle::current();
        let opened = Netns::visit(netns, |_| {
            // The socket must be made inside the namespace, but registered with the caller's
            // runtime.
            let _inside_runtime = runtime.enter();
            rtnetlink::new_connection()
        })?;
        let start = |opened: io::Result<_>| {
            let (connection, handle, _unsolicited) = opened?;
            Ok(Self { handle, task: runtime.spawn(connection) })
        };
        Ok(opened.into_iter().map(start).collect())
    }

    /// Closes the connection and waits until its socket is closed too.
    pub async fn close(mut self) {
        self.task.abort();
        // An aborted task that never panics can only end as aborted.
        let _aborted = (&mut self.task).await;
    }

    /// Makes a veth in a single message, with one queue each way at both ends. One end is here (up,
    /// and a port of the bridge `controller` if given), its peer is in `peer_netns`.
    pub(super) async fn add_veth(
        &self,
        here: VethEnd<'_>,
        controller: Option<u32>,
        peer: VethEnd<'_>,
        peer_netns: BorrowedFd<'_>,
    ) -> io::Result<()> {
        let peer = LinkUnspec::new_with_name(peer.ifname).with(&peer);
        let peer = peer.setns_by_fd(peer_netns.as_raw_fd()).build();
        let mut here = LinkVeth::new(here.ifname, "")
            .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
            .with(&here);
        if let Some(bridge) = controller {
            // The kernel refuses (ENOTCONN) to set the peer up in the same message.
            here = here.controller(bridge).up();
        }
        self.handle.link().add(here.build()).execute().await.map_err(to_io)
    }

    /// Makes a bridge that is up, repeats every frame on all its other ports, and sends nothing of
    /// its own: no spanning tree, no snooping, no learning.
    pub(super) async fn add_hub(&self, ifname: &str) -> io::Result<()> {
        let hub = LinkBridge::new(ifname)
            .stp_state(BridgeStpState::Disabled)
            .forward_delay(0)
            .ageing_time(0)
            .mcast_snooping(false)
            .up()
            .build();
        self.handle.link().add(hub).execute().await.map_err(to_io)
    }

    /// Makes a bridge that is up, has no spanning tree, and sends no Queries yet. Its Queries come
    /// from the bridge's own address if it has one, or else from 0.0.0.0.
    pub(super) async fn add_bridge(
        &self,
        ifname: &str,
        mac: [u8; 6],
        knobs: &BridgeKnobs,
        has_address: bool,
    ) -> io::Result<()> {
        let bridge = snoop(LinkBridge::new(ifname), knobs)
            .stp_state(BridgeStpState::Disabled)
            .forward_delay(0)
            .mcast_querier(false)
            .mcast_query_use_ifaddr(has_address)
            .address(mac.to_vec())
            .up()
            .build();
        self.handle.link().add(bridge).execute().await.map_err(to_io)
    }

    /// Changes how a bridge snoops and queries.
    pub(super) async fn set_snooping(&self, ifname: &str, knobs: &BridgeKnobs) -> io::Result<()> {
        let bridge = snoop(LinkBridge::new(ifname), knobs).mcast_querier(knobs.querier).build();
        self.handle.link().change(bridge).execute().await.map_err(to_io)
    }

    /// Makes an interface a port of a bridge.
    pub(super) async fn enslave(
        &self,
        port: u32,
        bridge: u32,
        fast_leave: bool,
        knobs: &BridgeKnobs,
    ) -> io::Result<()> {
        let message = LinkUnspec::new_with_index(port).controller(bridge).build();
        self.handle.link().set(message).execute().await.map_err(to_io)?;
        let message = snoop_at(port, fast_leave, knobs);
        self.handle.link().set_port(message).execute().await.map_err(to_io)
    }

    /// Makes a bridge a querier, or ends that.
    pub(super) async fn set_querier(&self, ifname: &str, on: bool) -> io::Result<()> {
        let message = LinkBridge::new(ifname).mcast_querier(on).build();
        self.handle.link().change(message).execute().await.map_err(to_io)
    }

    /// Name and index of every interface in the namespace.
    ///
    /// # Errors
    /// The kernel's answer.
    pub async fn interfaces(&self) -> io::Result<BTreeMap<String, u32>> {
        let mut links = std::pin::pin!(self.handle.link().get().execute());
        let mut interfaces = BTreeMap::new();
        while let Some(link) = links.try_next().await.map_err(to_io)? {
            if let Some(name) = name_of(&link) {
                interfaces.insert(name.to_owned(), link.header.index);
            }
        }
        Ok(interfaces)
    }

    /// The index of an interface.
    ///
    /// # Errors
    /// The kernel's answer, or `NotFound`.
    pub(super) async fn index_of(&self, ifname: &str) -> io::Result<u32> {
        let found = self.interfaces().await?.get(ifname).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Adds an address to an interface. An IPv6 address is not checked for duplicates on the link, so
    /// that it is usable at once, and stays usable without a carrier.
    ///
    /// # Errors
    /// The kernel's answer.
    pub async fn add_address(&self, ifindex: u32, address: IpNet) -> io::Result<()> {
        let (ip, prefix) = (address.addr(), address.prefix_len());
        let mut request = self.handle.address().add(ifindex, ip, prefix);
        if ip.is_ipv6() {
            request.message_mut().header.flags = AddressHeaderFlags::Nodad;
        }
        request.execute().await.map_err(to_io)
    }

    /// Sets an interface up.
    ///
    /// # Errors
    /// The kernel's answer.
    pub async fn up(&self, ifindex: u32) -> io::Result<()> {
        let message = LinkUnspec::new_with_index(ifindex).up().build();
        self.handle.link().set(message).execute().await.map_err(to_io)
    }

    /// Whether the kernel has a queueing discipline of this kind. The request lacks the options
    /// that the kind needs, so a kernel that has the kind refuses for another reason.
    ///
    /// # Errors
    /// If the kernel does not answer.
    pub async fn knows_qdisc(&self, ifindex: u32, kind: &str) -> io::Result<bool> {
        let mut message = TcMessage::with_index(ifindex.cast_signed());
        message.header.parent = TcHandle::ROOT;
        message.attributes.push(TcAttribute::Kind(kind.to_owned()));
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::NewQueueDiscipline(message));
        request.header.flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        let mut answers = self.handle.clone().request(request).map_err(to_io)?;
        while let Some(answer) = answers.next().await {
            if let NetlinkPayload::Error(error) = answer.payload {
                return Ok(error.to_io().kind() != io::ErrorKind::NotFound);
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Sets an interface down; its peer loses its carrier.
    ///
    /// # Errors
    /// The kernel's answer.
    pub async fn down(&self, ifindex: u32) -> io::Result<()> {
        let message = LinkUnspec::new_with_index(ifindex).down().build();
        self.handle.link().set(message).execute().await.map_err(to_io)
    }
}

impl Drop for Netlink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Attributes that both ends of every veth share.
trait End {
    fn with(self, end: &VethEnd<'_>) -> Self;
}

impl<T> End for LinkMessageBuilder<T> {
    fn with(self, end: &VethEnd<'_>) -> Self {
        // The default is one queue per possible CPU: slow to make, and useless here.
        let single = self
            .index(end.ifindex)
            .append_extra_attribute(LinkAttribute::NumTxQueues(1))
            .append_extra_attribute(LinkAttribute::NumRxQueues(1));
        match end.mac {
            Some(mac) => single.address(mac.to_vec()),
            None => single,
        }
    }
}

fn name_of(link: &LinkMessage) -> Option<&str> {
    link.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::IfName(name) => Some(name.as_str()),
        _ => None,
    })
}

pub(super) fn to_io(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other),
    }
}
