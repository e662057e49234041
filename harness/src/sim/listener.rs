//! A listener whose kernel speaks IGMP or MLD for it: the model of a Linux host, and sockets, of which some send.

use std::net::IpAddr;

use castnet::addr::Group;
use castnet::rng::Rng;
use castnet::time::Instant;

use super::actor::{Actor, Context, Sounds};
use super::frame::Frame;
use super::model::host::{Host, HostInet, HostInput, HostOut, Wish};
use super::model::inet::Inet;
use super::sender::Sender;
use crate::capture::ethernet::{BROADCAST, multicast_mac};
use crate::knobs::Level;
use crate::plan::{Action, NodeId, Plan, Port, PortId, Setting, SourceFilter};
use crate::recording::Delivery;

pub(super) struct ListenerActor<A> {
    node: NodeId,
    kernels: Kernels<A>,
    /// The sockets, one for each group on each interface, and what each wants.
    joined: Vec<(PortId, Group, SourceFilter)>,
    level: Level,
    /// What acts have it send.
    sender: Sender,
}

/// The host side of a node's kernel: group management on each of its interfaces.
pub(super) struct Kernels<A> {
    interfaces: Vec<Interface<A>>,
    /// When the earliest timer of these kernels is due.
    next: Option<Instant>,
    rng: Rng,
    said: Vec<HostOut<A>>,
}

/// Group management on one interface.
struct Interface<A> {
    port: PortId,
    host: Host<A>,
    /// When its earliest timer is due.
    next: Option<Instant>,
}

impl<A: HostInet> ListenerActor<A> {
    pub(super) fn new(
        plan: &Plan,
        node: NodeId,
        igmp_version: Option<u8>,
        level: Level,
    ) -> Result<Self, String> {
        let kernels = Kernels::new(plan, node, igmp_version)?;
        Ok(Self { node, kernels, joined: Vec::new(), level, sender: Sender::new(node, None) })
    }
}

/// The address that the model of an interface's kernel speaks from.
///
/// # Errors
/// The interface has no address, or one of another family.
pub(super) fn own_address<A: Inet>(port: &Port) -> Result<A, String> {
    of(port.speaks_from().ok_or("an interface has no address")?)
}

/// The address in a model's family.
///
/// # Errors
/// It is of the other family.
pub(super) fn of<A: Inet>(address: IpAddr) -> Result<A, String> {
    A::of(address).ok_or_else(|| format!("{address} is no address of {}", A::FAMILY))
}

/// What a socket wants, in a model's family.
///
/// # Errors
/// A source is of the other family.
pub(super) fn wish<A: Inet>(filter: &SourceFilter) -> Result<Wish<A>, String> {
    let sources = filter.sources().iter().map(|&source| of(source));
    let sources = sources.collect::<Result<_, _>>()?;
    Ok(Wish { excluded: matches!(filter, SourceFilter::Exclude(_)), sources })
}

impl<A: HostInet> Kernels<A> {
    /// # Errors
    /// An interface has no address of a supported family.
    pub(super) fn new(plan: &Plan, node: NodeId, igmp_version: Option<u8>) -> Result<Self, String> {
        let node = &plan.nodes[node];
        let host = |&port: &PortId| {
            let address = own_address(&plan.ports[port])?;
            let mut kernel = Host::new(address, igmp_version);
            plan.ports[port].addresses().filter_map(A::of).for_each(|own| kernel.answers_to(own));
            Ok(Interface { port, host: kernel, next: None })
        };
        Ok(Self {
            interfaces: node.ports.iter().map(host).collect::<Result<_, String>>()?,
            next: None,
            rng: Rng::for_node(plan.seed, &node.name),
            said: Vec::new(),
        })
    }

    /// Every host is a member of the all-hosts group, and in IPv6 of its solicited-node groups.
    pub(super) fn start(&self, cx: &mut Context<'_>) {
        for Interface { port, host, .. } in &self.interfaces {
            cx.hear(*port, Sounds::To(BROADCAST), true);
            for group in host.groups() {
                cx.hear(*port, Sounds::To(multicast_mac(group.into())), true);
            }
        }
    }

    /// # Errors
    /// The group is of another family.
    pub(super) fn join(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        group: Group,
    ) -> Result<(), String> {
        let address = of(group.addr())?;
        cx.hear(port, Sounds::To(multicast_mac(group.addr())), true);
        self.on(cx, port, |host, now, rng, out| host.join(now, address, rng, out));
        Ok(())
    }

    /// A socket wants these sources from now on, instead of those before.
    ///
    /// # Errors
    /// An address is of another family.
    fn listen(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        group: Group,
        before: Option<&SourceFilter>,
        filter: &SourceFilter,
    ) -> Result<(), String> {
        let (address, after) = (of(group.addr())?, wish(filter)?);
        let before = before.map(wish).transpose()?;
        cx.hear(port, Sounds::To(multicast_mac(group.addr())), true);
        self.on(cx, port, |host, now, rng, out| match &before {
            Some(before) => host.change(now, address, before, &after),
            None => host.listen(now, address, &after, rng, out),
        });
        Ok(())
    }

    /// A socket that wanted these sources leaves the group.
    ///
    /// # Errors
    /// An address is of another family.
    pub(super) fn leave(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        group: Group,
        filter: &SourceFilter,
    ) -> Result<(), String> {
        let (address, wish) = (of(group.addr())?, wish(filter)?);
        self.on(cx, port, |host, now, _, out| host.leave_as(now, address, &wish, out));
        cx.hear(port, Sounds::To(multicast_mac(group.addr())), false);
        Ok(())
    }

    pub(super) fn receive(&mut self, cx: &mut Context<'_>, port: PortId, heard: &HostInput<A>) {
        self.on(cx, port, |host, now, rng, _| _ = host.receive(now, heard, rng));
    }

    pub(super) fn interface(&mut self, cx: &mut Context<'_>, port: PortId, up: bool) {
        self.on(cx, port, |host, now, rng, out| match up {
            true => host.up(now, rng, out),
            false => host.down(now),
        });
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn look_ahead(&mut self) {
        self.next = self.interfaces.iter().filter_map(|interface| interface.next).min();
    }

    pub(super) fn expire(&mut self, cx: &mut Context<'_>) {
        for at in 0..self.interfaces.len() {
            let Interface { port, next, .. } = self.interfaces[at];
            if next.is_none_or(|next| next > cx.now) {
                continue;
            }
            self.on(cx, port, |host, now, rng, out| host.expire(now, rng, out));
        }
    }

    /// Fixes the IGMP version on all interfaces, whatever Queries they hear.
    fn hold_to(&mut self, version: u8) {
        self.interfaces.iter_mut().for_each(|interface| interface.host.hold_to(version));
    }

    /// Whether the kernel accepts datagrams of the group on the port.
    pub(super) fn is_member(&self, port: PortId, group: A) -> bool {
        self.interfaces.iter().any(|own| own.port == port && own.host.is_member(group))
    }

    fn on(
        &mut self,
        cx: &mut Context<'_>,
        port: PortId,
        act: impl FnOnce(&mut Host<A>, Instant, &mut Rng, &mut Vec<HostOut<A>>),
    ) {
        let Self { interfaces, rng, said, .. } = self;
        let Some(own) = interfaces.iter_mut().find(|own| own.port == port) else { return };
        act(&mut own.host, cx.now, rng, said);
        own.next = own.host.deadline();
        for HostOut { to, packet } in said.drain(..) {
            // On an interface that is down the kernel's own messages are lost silently.
            _ = cx.send(port, to, packet);
        }
        self.look_ahead();
    }
}

impl<A: HostInet> Actor for ListenerActor<A> {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        self.kernels.start(cx);
        Ok(())
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        match action {
            // RFC1112-3-01, RFC1112-3-02
            Action::RefusedJoin(..) if !self.level.joins() => {}
            Action::RefusedSend(_) if !self.level.sends() => {}
            Action::Send(_) | Action::Stop if self.level.sends() => self.sender.act(cx, action)?,
            Action::Join(port, group, filter) if self.level.joins() => {
                let known = self.joined.iter_mut().find(|(p, g, _)| (p, g) == (port, group));
                let before = match known {
                    Some((.., wanted)) => Some(std::mem::replace(wanted, filter.clone())),
                    None => {
                        self.joined.push((*port, *group, filter.clone()));
                        None
                    }
                };
                self.kernels.listen(cx, *port, *group, before.as_ref(), filter)?;
            }
            Action::Leave(port, group) => {
                let at = self.joined.iter().position(|(p, g, _)| (p, g) == (port, group));
                let filter = match at {
                    Some(at) => self.joined.swap_remove(at).2,
                    None => SourceFilter::all(),
                };
                self.kernels.leave(cx, *port, *group, &filter)?;
            }
            Action::Set(Setting::IgmpVersion(version)) => self.kernels.hold_to(*version),
            _ => return Err("a host of its level does no such thing".to_owned()),
        }
        Ok(())
    }

    fn receive(&mut self, cx: &mut Context<'_>, port: PortId, frame: &Frame) {
        if let Some(&(source, group, number)) = cx.receiver.receive(&frame.packet) {
            let wants = |(p, g, wanted): &(PortId, Group, SourceFilter)| {
                (*p, *g) == (port, group) && wanted.wants(source)
            };
            if self.joined.iter().any(wants) {
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
        self.kernels.deadline().into_iter().chain(self.sender.deadline()).min()
    }

    fn wake(&mut self, cx: &mut Context<'_>) {
        self.kernels.expire(cx);
        self.sender.wake(cx);
    }

    fn quiet(&mut self, cx: &mut Context<'_>) {
        self.sender.quiet(cx);
    }
}
