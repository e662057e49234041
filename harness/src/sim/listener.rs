//! A listener whose kernel speaks IGMP for it: the model of a Linux host, and sockets.

use std::net::Ipv4Addr;

use castnet::addr::Group;
use castnet::igmp::ALL_HOSTS;
use castnet::rng::Rng;
use castnet::time::Instant;

use super::actor::{Actor, Context, Sounds};
use super::frame::Frame;
use super::model::host::{Host, HostInput, HostOut};
use crate::capture::ethernet::multicast_mac;
use crate::family::{spoken, spoken_group};
use crate::plan::{Action, NodeId, Plan, Port, PortId, Setting};
use crate::recording::Delivery;

pub(super) struct ListenerActor {
    node: NodeId,
    kernels: Kernels,
    /// The sockets: one for each group on each interface.
    joined: Vec<(PortId, Group)>,
}

/// The host side of a node's kernel: IGMP on each of its interfaces.
pub(super) struct Kernels {
    interfaces: Vec<(PortId, Host)>,
    /// When the earliest timer of these kernels is due.
    next: Option<Instant>,
    rng: Rng,
    said: Vec<HostOut>,
}

impl ListenerActor {
    pub(super) fn new(plan: &Plan, node: NodeId, igmp_version: Option<u8>) -> Result<Self, String> {
        let kernels = Kernels::new(plan, node, igmp_version)?;
        Ok(Self { node, kernels, joined: Vec::new() })
    }
}

/// The address of an interface, as the model of its kernel needs it.
///
/// # Errors
/// The interface has no address, or one of an unsupported family.
pub(super) fn own_address(port: &Port) -> Result<Ipv4Addr, String> {
    let address = port.address.ok_or("an interface has no address")?;
    spoken(address).map_err(|unspoken| unspoken.to_string())
}

impl Kernels {
    /// # Errors
    /// An interface has no address of a supported family.
    pub(super) fn new(plan: &Plan, node: NodeId, igmp_version: Option<u8>) -> Result<Self, String> {
        let node = &plan.nodes[node];
        let host = |&port: &PortId| {
            let address = own_address(&plan.ports[port])?;
            Ok((port, Host::new(address, igmp_version)))
        };
        Ok(Self {
            interfaces: node.ports.iter().map(host).collect::<Result<_, String>>()?,
            next: None,
            rng: Rng::for_node(plan.seed, &node.name),
            said: Vec::new(),
        })
    }

    /// Every host is a member of 224.0.0.1.
    pub(super) fn start(&self, cx: &mut Context<'_>) {
        for &(port, _) in &self.interfaces {
            cx.hear(port, Sounds::To(multicast_mac(ALL_HOSTS.into())), true);
        }
    }

    /// # Errors
    /// The group is of an unsupported family.
    pub(super) fn join(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        group: Group,
    ) -> Result<(), String> {
        let address = spoken_group(group).map_err(|unspoken| unspoken.to_string())?;
        cx.hear(port, Sounds::To(multicast_mac(group.addr())), true);
        self.on(cx, port, |host, now, _, _| host.join(now, address));
        Ok(())
    }

    /// # Errors
    /// The group is of an unsupported family.
    pub(super) fn leave(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        group: Group,
    ) -> Result<(), String> {
        let address = spoken_group(group).map_err(|unspoken| unspoken.to_string())?;
        self.on(cx, port, |host, now, _, out| host.leave(now, address, out));
        cx.hear(port, Sounds::To(multicast_mac(group.addr())), false);
        Ok(())
    }

    pub(super) fn receive(&mut self, cx: &mut Context<'_>, port: PortId, heard: &HostInput) {
        self.on(cx, port, |host, now, rng, _| host.receive(now, heard, rng));
    }

    pub(super) fn interface(&mut self, cx: &mut Context<'_>, port: PortId, up: bool) {
        self.on(cx, port, |host, now, _, _| match up {
            true => host.up(now),
            false => host.down(now),
        });
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn look_ahead(&mut self) {
        self.next = self.interfaces.iter().filter_map(|(_, host)| host.deadline()).min();
    }

    pub(super) fn expire(&mut self, cx: &mut Context<'_>) {
        for at in 0..self.interfaces.len() {
            let port = self.interfaces[at].0;
            self.on(cx, port, |host, now, rng, out| host.expire(now, rng, out));
        }
    }

    /// Fixes the IGMP version on all interfaces, whatever Queries they hear.
    fn hold_to(&mut self, version: u8) {
        self.interfaces.iter_mut().for_each(|(_, host)| host.hold_to(version));
        self.look_ahead();
    }

    /// Whether the kernel accepts datagrams of the group on the port.
    pub(super) fn is_member(&self, port: PortId, group: Ipv4Addr) -> bool {
        self.interfaces.iter().any(|(own, host)| *own == port && host.is_member(group))
    }

    fn on(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        act: impl FnOnce(&mut Host, Instant, &mut Rng, &mut Vec<HostOut>),
    ) {
        let Self { interfaces, rng, said, .. } = self;
        let Some((_, host)) = interfaces.iter_mut().find(|(own, _)| *own == port) else { return };
        act(host, cx.now, rng, said);
        for HostOut { to, packet } in said.drain(..) {
            // On an interface that is down the kernel's own messages are lost silently.
            _ = cx.send(port, to, packet);
        }
        self.look_ahead();
    }
}

impl Actor for ListenerActor {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        self.kernels.start(cx);
        Ok(())
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        match action {
            Action::Join(port, group) => {
                let socket = (*port, *group);
                if !self.joined.contains(&socket) {
                    self.joined.push(socket);
                }
                self.kernels.join(cx, *port, *group)?;
            }
            Action::Leave(port, group) => {
                self.joined.retain(|socket| *socket != (*port, *group));
                self.kernels.leave(cx, *port, *group)?;
            }
            Action::Set(Setting::IgmpVersion(version)) => self.kernels.hold_to(*version),
            _ => return Err("a listener joins and leaves".to_owned()),
        }
        Ok(())
    }

    fn receive(&mut self, cx: &mut Context<'_>, port: PortId, frame: &Frame) {
        if let Some(&(source, group, number)) = cx.receiver.receive(&frame.packet) {
            if self.joined.contains(&(port, group)) {
                let (at, node) = (cx.now, self.node);
                cx.recording.deliveries.push(Delivery { at, node, source, group, number });
            }
        } else if let Some(heard) = HostInput::read(&frame.packet) {
            self.kernels.receive(cx, port, &heard);
        }
    }

    fn interface(&mut self, cx: &mut Context<'_>, port: PortId, up: bool) {
        self.kernels.interface(cx, port, up);
    }

    fn deadline(&self) -> Option<Instant> {
        self.kernels.deadline()
    }

    fn wake(&mut self, cx: &mut Context<'_>) {
        self.kernels.expire(cx);
    }
}
