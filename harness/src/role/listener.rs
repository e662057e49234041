//! A listener: sockets that join and leave groups; the kernel speaks IGMP for them. Other sockets of it send.
//!
//! A host of level 0 or 1 (RFC 1112 section 3) is a kernel that allows no memberships; one of level 0 also has no
//! route to any group.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use castnet::addr::{Family, Group};
use castnet::kernel::readable;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use nix::sys::time::TimeSpec;
use tokio::task::AbortHandle;

use super::source::Source;
use super::{Actor, Stage, udp};
use crate::capture::numbered::{self, UDP_PORT};
use crate::knobs::Level;
use crate::lab::{Membership, Netns};
use crate::plan::{Action, NodeId, Plan, PortId, Setting, SourceFilter};
use crate::recording::Delivery;

/// The most sources of a group that a socket may name (`net.ipv4.igmp_max_msf`) unless told otherwise.
const USUAL_SOURCES: usize = 10;

pub(super) struct ListenerActor {
    node: NodeId,
    netns: Netns,
    /// A socket for each group on each interface that the plan has it join.
    ears: BTreeMap<(PortId, Group), Rc<Ear>>,
    /// What has been joined, by the sockets' keys.
    joined: BTreeMap<(PortId, Group), SourceFilter>,
    /// What acts have it send.
    source: Source,
    tasks: Vec<AbortHandle>,
}

/// A socket for one group, bound to it.
struct Ear {
    socket: UdpSocket,
    /// The kernel's index of the interface.
    ifindex: u32,
    group: Group,
    node: NodeId,
}

impl ListenerActor {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        (igmp_version, level): (Option<u8>, Level),
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        if let Some(version) = igmp_version {
            hold_to(netns, plan.family, version)?;
        }
        if !level.joins() {
            // RFC1112-3-02: MCAST_JOIN_GROUP fails with ENOBUFS.
            netns.write_sysctl("net/ipv4/igmp_max_memberships", "0")?;
        }
        let source = Source::open(plan, node, netns, ifindexes)?;
        let mut ears = BTreeMap::new();
        let mut most_sources = 0;
        for act in plan.acts.iter().filter(|act| act.node == node) {
            let (Action::Join(port, group, filter) | Action::RefusedJoin(port, group, filter)) =
                &act.action
            else {
                continue;
            };
            most_sources = most_sources.max(filter.sources().len());
            let (port, group) = (*port, *group);
            if let Entry::Vacant(free) = ears.entry((port, group)) {
                let ports = plan.nodes[node].ports.iter();
                let own = ports.zip(ifindexes).find(|(own, _)| **own == port);
                let (_, &ifindex) = own.ok_or(io::ErrorKind::NotFound)?;
                let socket = udp::receiver(netns, SocketAddr::new(group.addr(), UDP_PORT))?;
                free.insert(Rc::new(Ear { socket, ifindex, group, node }));
            }
        }
        if most_sources > USUAL_SOURCES {
            netns.write_sysctl("net/ipv4/igmp_max_msf", &most_sources.to_string())?;
        }
        let (netns, joined) = (netns.try_clone()?, BTreeMap::new());
        Ok(Self { node, netns, ears, joined, source, tasks: Vec::new() })
    }

    /// Makes the kernel want these sources of the group on the interface.
    fn join(&mut self, port: PortId, group: Group, filter: &SourceFilter) -> Result<(), String> {
        let ear = self.ears.get(&(port, group)).ok_or("no socket for this group")?;
        let membership = Membership::of(&ear.socket, ear.ifindex, group.addr());
        let is_new = self.joined.insert((port, group), filter.clone()).is_none();
        let told = |call| move |error: io::Error| format!("{call}: {error}");
        let is_done = match (filter, is_new) {
            (SourceFilter::Exclude(sources), true) => {
                membership.join().map_err(told("MCAST_JOIN_GROUP"))?;
                sources.is_empty()
            }
            // The first source makes the membership one of INCLUDE mode.
            (SourceFilter::Include(sources), true) => {
                let first = *sources.first().ok_or("no source to join")?;
                membership.join_source(first).map_err(told("MCAST_JOIN_SOURCE_GROUP"))?;
                sources.len() == 1
            }
            (_, false) => false,
        };
        if is_done {
            return Ok(());
        }
        let excluded = matches!(filter, SourceFilter::Exclude(_));
        membership.filter(excluded, filter.sources()).map_err(told("MCAST_MSFILTER"))
    }

    /// Tries to join the group, for which the kernel has to have no room.
    fn join_refused(
        &self,
        port: PortId,
        group: Group,
        filter: &SourceFilter,
    ) -> Result<(), String> {
        let ear = self.ears.get(&(port, group)).ok_or("no socket for this group")?;
        let membership = Membership::of(&ear.socket, ear.ifindex, group.addr());
        let joined = match filter {
            SourceFilter::Include(sources) => {
                membership.join_source(*sources.first().ok_or("no source to join")?)
            }
            SourceFilter::Exclude(_) => membership.join(),
        };
        match joined {
            Err(error) if error.raw_os_error() == Some(Errno::ENOBUFS as i32) => Ok(()),
            Err(error) => Err(format!("the join failed otherwise than by its level: {error}")),
            Ok(()) => Err(format!("the kernel has not refused to join {group}")),
        }
    }

    fn leave(&mut self, port: PortId, group: Group) -> Result<(), String> {
        let ear = self.ears.get(&(port, group)).ok_or("no socket for this group")?;
        self.joined.remove(&(port, group));
        let membership = Membership::of(&ear.socket, ear.ifindex, group.addr());
        membership.leave().map_err(|error| format!("MCAST_LEAVE_GROUP: {error}"))
    }
}

/// Fixes the version of IGMP, or the one of MLD that corresponds to it, on all interfaces:
/// net/ipv4/igmp.c reads this sysctl beside the interface's own, and net/ipv6/mcast.c before that.
fn hold_to(netns: &Netns, family: Family, version: u8) -> io::Result<()> {
    let (path, version) = match family {
        Family::V4 => ("net/ipv4/conf/all/force_igmp_version", version),
        Family::V6 if version < 3 => ("net/ipv6/conf/all/force_mld_version", 1),
        // Not 2, which makes the kernel deaf to queriers of version 1; it speaks 2 unless forced.
        Family::V6 => ("net/ipv6/conf/all/force_mld_version", 0),
    };
    netns.write_sysctl(path, &version.to_string())
}

impl Actor for ListenerActor {
    fn start(&mut self, stage: &Stage) -> Result<(), String> {
        for ear in self.ears.values() {
            let (ear, stage) = (ear.clone(), stage.clone());
            let task = tokio::task::spawn_local(async move {
                loop {
                    let result = readable(ear.socket.as_fd()).await;
                    if let Err(error) = result.and_then(|()| ear.drain(&stage)) {
                        stage.broken(ear.node, &error);
                        return;
                    }
                }
            });
            self.tasks.push(task.abort_handle());
        }
        Ok(())
    }

    fn act(&mut self, stage: &Stage, action: &Action) -> Result<(), String> {
        match action {
            Action::Join(port, group, filter) => self.join(*port, *group, filter),
            Action::RefusedJoin(port, group, filter) => self.join_refused(*port, *group, filter),
            Action::Leave(port, group) => self.leave(*port, *group),
            Action::Send(_) | Action::RefusedSend(_) | Action::Stop => {
                self.source.act(stage, action)
            }
            Action::Set(Setting::IgmpVersion(version)) => {
                hold_to(&self.netns, stage.plan.family, *version)
                    .map_err(|error| format!("force_igmp_version: {error}"))
            }
            _ => Err("a listener joins, leaves and sends".to_owned()),
        }
    }

    fn quiet(&mut self, stage: &Stage) {
        self.source.quiet(stage);
    }

    fn stop(&mut self, stage: &Stage) {
        self.tasks.iter().for_each(AbortHandle::abort);
        for ear in self.ears.values() {
            // Datagrams of the last instant are still in the socket's buffer.
            if let Err(error) = ear.drain(stage) {
                stage.broken(self.node, &error);
            }
        }
    }
}

impl Ear {
    /// Reads every datagram that has arrived.
    fn drain(&self, stage: &Stage) -> io::Result<()> {
        let mut payload = [0; 2048];
        let mut control = cmsg_space!(TimeSpec, u32);
        loop {
            let mut slices = [IoSliceMut::new(&mut payload)];
            let fd = self.socket.as_raw_fd();
            let flags = MsgFlags::MSG_DONTWAIT;
            let received = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut control), flags);
            let message = match received {
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            let mut stamp = None;
            for cmsg in message.cmsgs()? {
                match cmsg {
                    ControlMessageOwned::ScmTimestampns(time) => stamp = Some(Duration::from(time)),
                    ControlMessageOwned::RxqOvfl(lost) if lost > 0 => {
                        let what = format!("its socket had no room for {lost} datagrams");
                        stage.broken(self.node, &what);
                    }
                    _ => {}
                }
            }
            let (length, source) = (message.bytes, message.address.as_ref().and_then(ip));
            let (Some((number, _)), Some(source)) =
                (payload.get(..length).and_then(numbered::decode), source)
            else {
                continue;
            };
            let unstamped =
                || io::Error::new(io::ErrorKind::InvalidData, "a datagram has no stamp");
            let (stamp, at) = (stamp.ok_or_else(unstamped)?, stage.clock.now());
            let delivery = Delivery { at, node: self.node, source, group: self.group, number };
            stage.log.borrow_mut().deliveries.push((stamp, delivery));
        }
    }
}

/// The IP address of a sender.
fn ip(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| from.ip().into());
    v4.or_else(|| from.as_sockaddr_in6().map(|from| from.ip().into()))
}
