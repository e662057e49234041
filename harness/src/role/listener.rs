//! A listener: sockets that join and leave groups; the kernel speaks IGMP for them.

use std::collections::BTreeMap;
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

use super::{Actor, Stage, udp};
use crate::capture::numbered::{self, UDP_PORT};
use crate::lab::Netns;
use crate::plan::{Action, NodeId, Plan, PortId, Setting};
use crate::recording::Delivery;

pub(super) struct ListenerActor {
    node: NodeId,
    netns: Netns,
    /// A socket for each group on each interface that the plan has it join.
    ears: BTreeMap<(PortId, Group), Rc<Ear>>,
    /// The kernel's index of each port.
    ifindexes: BTreeMap<PortId, u32>,
    tasks: Vec<AbortHandle>,
}

/// A socket for one group, bound to it.
struct Ear {
    socket: UdpSocket,
    group: Group,
    node: NodeId,
}

impl ListenerActor {
    pub(super) fn open(
        plan: &Plan,
        node: NodeId,
        igmp_version: Option<u8>,
        netns: &Netns,
        ifindexes: &[u32],
    ) -> io::Result<Self> {
        if let Some(version) = igmp_version {
            hold_to(netns, plan.family, version)?;
        }
        let mut ears = BTreeMap::new();
        for act in plan.acts.iter().filter(|act| act.node == node) {
            if let Action::Join(port, group) = act.action
                && !ears.contains_key(&(port, group))
            {
                let socket = udp::receiver(netns, SocketAddr::new(group.addr(), UDP_PORT))?;
                ears.insert((port, group), Rc::new(Ear { socket, group, node }));
            }
        }
        let ports = plan.nodes[node].ports.iter().copied();
        let ifindexes = ports.zip(ifindexes.iter().copied()).collect();
        Ok(Self { node, netns: netns.try_clone()?, ears, ifindexes, tasks: Vec::new() })
    }

    /// The socket of a group on an interface, and the kernel's index of that.
    fn ear(&self, port: PortId, group: Group) -> Result<(&UdpSocket, u32), String> {
        let ear = self.ears.get(&(port, group)).ok_or("no socket for this group")?;
        let ifindex = self.ifindexes.get(&port).ok_or("no such interface")?;
        Ok((&ear.socket, *ifindex))
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
        let (result, call) = match action {
            Action::Join(port, group) => {
                let (socket, ifindex) = self.ear(*port, *group)?;
                (udp::join(socket, ifindex, *group), "MCAST_JOIN_GROUP")
            }
            Action::Leave(port, group) => {
                let (socket, ifindex) = self.ear(*port, *group)?;
                (udp::leave(socket, ifindex, *group), "MCAST_LEAVE_GROUP")
            }
            Action::Set(Setting::IgmpVersion(version)) => {
                (hold_to(&self.netns, stage.plan.family, *version), "force_igmp_version")
            }
            _ => return Err("a listener joins and leaves".to_owned()),
        };
        result.map_err(|error| format!("{call}: {error}"))
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
