//! A router: castnet's routing core over the models of Linux's multicast routing and host side.

use std::mem;
use std::rc::Rc;

use castnet::addr::Group;
use castnet::drive::{DataPlane, settle, turn};
use castnet::event::Event;
use castnet::mfc::entry::{Flow, FlowCounters, MfcEntry};
use castnet::mfc::upcall::Upcall;
use castnet::mfc::vif::{Vif, VifKind};
use castnet::rng::Rng;
use castnet::router::config::Config;
use castnet::router::{self, Input, Way};
use castnet::time::Instant;
use castnet::wire::ip::{Datagram, Packet};

use super::actor::{Actor, Context, Sounds};
use super::forwarders::Forwarder;
use super::frame::Frame;
use super::listener::Kernels;
use super::model::host::{HostInet, HostInput};
use super::model::mroute::{Mroute, MrouteOut, Reader, Taken};
use super::unicast;
use crate::device;
use crate::device::castnet::events::EventRecorder;
use crate::plan::{self, Action, NodeId, Plan, PortId, Setting, SourceFilter};
use crate::recording::{self, MfcChange};

pub(super) struct RouterActor<A> {
    config: Config,
    machine: Machine<A>,
    /// The daemon; `None` while it is dead.
    daemon: Option<router::Router>,
    /// When the daemon or its kernel is to be called next.
    next: Option<Instant>,
}

/// The daemon's environment: a kernel, and interfaces in the order of the daemon's.
struct Machine<A> {
    node: NodeId,
    events: EventRecorder,
    /// The index of its kernel's forwarding among those of all routers.
    forwarder: usize,
    kernels: Kernels<A>,
    /// The groups that the daemon's socket has joined.
    joined: Vec<(PortId, Group)>,
    /// The kernel's inputs for the daemon.
    asked: Vec<Asked>,
}

/// What a kernel hands to its daemon.
enum Asked {
    /// An upcall.
    Upcall(Upcall),
    /// An upcall with its datagram.
    WholePacket(Upcall, Rc<[u8]>),
}

/// The data plane of one turn.
struct Plane<'a, 'c, A> {
    machine: &'a mut Machine<A>,
    cx: &'a mut Context<'c>,
}

impl<A: HostInet> RouterActor<A> {
    pub(super) fn new(
        plan: &Plan,
        node: NodeId,
        written: &plan::Router,
        forwarder: usize,
    ) -> Result<Self, String> {
        if written.who != plan::Device::Castnet {
            return Err(format!("{} runs on a kernel only", written.who.name()));
        }
        let machine = Machine {
            node,
            events: EventRecorder::new(plan, node),
            forwarder,
            kernels: Kernels::new(plan, node, None)?,
            joined: Vec::new(),
            asked: Vec::new(),
        };
        let config = device::castnet::router(plan, written);
        Ok(Self { config, machine, daemon: None, next: None })
    }

    fn enter_service(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        let Self { config, machine, daemon, .. } = self;
        let rng = Rng::for_node(cx.plan.seed, &cx.plan.nodes[machine.node].name);
        let mut router = text(router::Router::new(config.clone(), cx.now, rng))?;
        machine.mroute(cx).open();
        let now = cx.now;
        settle(&mut router, &mut Plane { machine, cx }, now);
        *daemon = Some(router);
        self.look_ahead(cx);
        Ok(())
    }

    /// Hands an input to the daemon, if it is alive.
    fn turn(&mut self, cx: &mut Context<'_>, input: Input<'_>) {
        let (now, machine) = (cx.now, &mut self.machine);
        if let Some(daemon) = &mut self.daemon {
            turn(daemon, &mut Plane { machine, cx }, now, input);
        }
        self.answer(cx);
        self.look_ahead(cx);
    }

    /// Hands the kernel's waiting inputs to the daemon.
    fn answer(&mut self, cx: &mut Context<'_>) {
        let (now, machine) = (cx.now, &mut self.machine);
        while let Some(asked) = (!machine.asked.is_empty()).then(|| machine.asked.remove(0)) {
            let input = match &asked {
                Asked::Upcall(upcall) => Input::Upcall(*upcall),
                Asked::WholePacket(upcall, datagram) => {
                    Input::WholePacket { upcall: *upcall, datagram }
                }
            };
            if let Some(daemon) = &mut self.daemon {
                turn(daemon, &mut Plane { machine, cx }, now, input);
            }
        }
    }

    fn look_ahead(&mut self, cx: &mut Context<'_>) {
        let daemon = self.daemon.as_ref().and_then(router::Router::deadline);
        let waiting = self.machine.mroute(cx).deadline();
        self.next = daemon.into_iter().chain(self.machine.kernels.deadline()).chain(waiting).min();
    }
}

impl<A: HostInet> Machine<A> {
    const fn forwarder<'c>(&self, cx: &'c Context<'_>) -> &'c Forwarder {
        &cx.forwarders[self.forwarder]
    }

    const fn mroute<'c>(&self, cx: &'c mut Context<'_>) -> &'c mut Mroute {
        &mut cx.forwarders[self.forwarder].mroute
    }

    /// Carries out what the kernel has decided.
    fn obey(&mut self, cx: &mut Context<'_>, outs: &mut Vec<MrouteOut>) {
        for out in outs.drain(..) {
            match out {
                MrouteOut::Forward { vif, to, packet } => {
                    if let Ok(port) = self.forwarder(cx).port(vif) {
                        // A datagram forwarded onto an interface that is down is lost.
                        _ = cx.send(port, to, packet);
                    }
                }
                MrouteOut::Upcall(upcall) => self.asked.push(Asked::Upcall(upcall)),
                MrouteOut::WholePacket { upcall, packet } => {
                    self.asked.push(Asked::WholePacket(upcall, packet));
                }
                MrouteOut::Mfc { flow, entry } => {
                    let entry = entry.and_then(|entry| {
                        let forwarder = self.forwarder(cx);
                        let oifs = entry.oifs.keys().filter_map(|&oif| forwarder.port(oif).ok());
                        let mut oifs: Vec<PortId> = oifs.collect();
                        oifs.sort_unstable();
                        Some(recording::MfcEntry { iif: forwarder.port(entry.iif).ok()?, oifs })
                    });
                    let (at, node, Flow { source, group }) = (cx.now, self.node, flow);
                    cx.recording.mfc.push(MfcChange {
                        at,
                        node,
                        source: source.into(),
                        group,
                        entry,
                    });
                }
            }
        }
    }
}

impl<A: HostInet> Plane<'_, '_, A> {
    fn port(&self, vif: Vif) -> Result<PortId, String> {
        self.machine.forwarder(self.cx).port(vif)
    }
}

impl<A: HostInet> DataPlane for Plane<'_, '_, A> {
    fn send(&mut self, by: Way, packet: &Datagram) -> Result<(), String> {
        let vif = match by {
            Way::Link(vif) => vif,
            _ => {
                let octets = text(packet.encode())?;
                let sent =
                    unicast::send(self.cx, self.machine.node, packet.header.destination, octets);
                return sent.map_err(|error| format!("transmit: {error}"));
            }
        };
        let port = self.port(vif)?;
        let sent = self.cx.send(port, packet.header.destination, text(packet.encode())?);
        sent.map_err(|error| format!("{vif}: transmit: {error}"))
    }

    fn add_vif(&mut self, vif: Vif, kind: VifKind, _threshold: u8) -> Result<(), String> {
        text(self.machine.mroute(self.cx).add_vif(vif, kind))
    }

    fn delete_vif(&mut self, vif: Vif) -> Result<(), String> {
        self.machine.mroute(self.cx).delete_vif(vif);
        Ok(())
    }

    fn listen(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        let port = self.port(vif)?;
        self.machine.joined.push((port, group));
        self.machine.kernels.join(self.cx, port, group)
    }

    fn unlisten(&mut self, vif: Vif, group: Group) -> Result<(), String> {
        let port = self.port(vif)?;
        self.machine.joined.retain(|joined| *joined != (port, group));
        self.machine.kernels.leave(self.cx, port, group, &SourceFilter::all())
    }

    fn set_entry(&mut self, now: Instant, entry: &MfcEntry) -> Result<(), String> {
        let mut outs = Vec::new();
        text(self.machine.mroute(self.cx).set_mfc(now, entry, &mut outs))?;
        self.machine.obey(self.cx, &mut outs);
        Ok(())
    }

    fn delete_entry(&mut self, flow: Flow) -> Result<(), String> {
        let mut outs = Vec::new();
        self.machine.mroute(self.cx).delete_mfc(flow, &mut outs);
        self.machine.obey(self.cx, &mut outs);
        Ok(())
    }

    fn count(&mut self, flow: Flow) -> Result<Option<FlowCounters>, String> {
        Ok(self.machine.mroute(self.cx).flow_counters(flow))
    }

    fn observe(&mut self, now: Instant, event: &Event) {
        let event = self.machine.events.record(now, event);
        self.cx.recording.events.push(event);
    }
}

fn text<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

impl<A: HostInet> Actor for RouterActor<A> {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        self.machine.kernels.start(cx);
        // A virtual interface receives all multicast frames.
        for &port in &cx.plan.nodes[self.machine.node].ports {
            cx.hear(port, Sounds::All, true);
        }
        self.enter_service(cx)
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        match action {
            Action::Kill if self.daemon.is_none() => Err("it is not running".to_owned()),
            Action::Kill => {
                self.daemon = None;
                let machine = &mut self.machine;
                let mut outs = Vec::new();
                machine.mroute(cx).close(&mut outs);
                machine.obey(cx, &mut outs);
                for (port, group) in mem::take(&mut machine.joined) {
                    machine.kernels.leave(cx, port, group, &SourceFilter::all())?;
                }
                self.look_ahead(cx);
                Ok(())
            }
            Action::Restart if self.daemon.is_some() => Err("it is still running".to_owned()),
            Action::Restart => self.enter_service(cx),
            // A router that is started again has its last configuration.
            Action::Set(Setting::Router(written)) => {
                self.config = device::castnet::router(cx.plan, written);
                self.turn(cx, Input::Configure(self.config.clone()));
                Ok(())
            }
            _ => Err("a router has no such act".to_owned()),
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>, port: PortId, frame: &Frame) {
        let Some(vif) = Vif::new(cx.seats[port].position()) else { return };
        let machine = &mut self.machine;
        let Ok(packet) = Packet::decode(&frame.packet) else { return };
        let to = packet.header.destination;
        let is_own =
            cx.plan.nodes[machine.node].ports.iter().any(|&own| cx.plan.ports[own].has(to));
        let is_local = is_own || A::of(to).is_some_and(|to| machine.kernels.is_member(port, to));
        if !to.is_multicast() && !is_local {
            return unicast::pass_on(cx, machine.node, port, to, frame);
        }
        if let Some(heard) = HostInput::read(&frame.packet) {
            machine.kernels.receive(cx, port, &heard);
        }
        match self.machine.mroute(cx).takes_in(vif, &packet, is_local) {
            Taken::ByTheOwner => {
                let mut outs = Vec::new();
                let now = cx.now;
                let mroute = self.machine.mroute(cx);
                // The kernel is done with the packet before the daemon has read it.
                mroute.decapsulate(now, &packet, &mut Reader::default(), &mut outs);
                self.machine.obey(cx, &mut outs);
                self.turn(cx, Input::Packet { vif, packet });
            }
            Taken::AsData => {
                let mut outs = Vec::new();
                let now = cx.now;
                let mroute = self.machine.mroute(cx);
                mroute.forward(now, vif, &frame.packet, &mut Reader::default(), &mut outs);
                self.told(cx, &mut outs);
            }
            Taken::Not => {}
        }
        self.look_ahead(cx);
    }

    fn told(&mut self, cx: &mut Context<'_>, outs: &mut Vec<MrouteOut>) {
        self.machine.obey(cx, outs);
        self.answer(cx);
        self.look_ahead(cx);
    }

    fn interface(&mut self, cx: &mut Context<'_>, port: PortId, up: bool) {
        if let Some(vif) = Vif::new(cx.seats[port].position()) {
            self.machine.mroute(cx).interface(vif, up);
        }
        self.machine.kernels.interface(cx, port, up);
        self.look_ahead(cx);
    }

    fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn wake(&mut self, cx: &mut Context<'_>) {
        self.machine.kernels.expire(cx);
        let machine = &mut self.machine;
        let mut outs = Vec::new();
        let now = cx.now;
        machine.mroute(cx).expire(now, &mut outs);
        machine.obey(cx, &mut outs);
        self.turn(cx, Input::Tick);
    }
}
