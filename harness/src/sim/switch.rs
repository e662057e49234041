//! A switch: the model of a Linux bridge that snoops IGMP or MLD.

use std::mem;

use castnet::addr::Group;
use castnet::time::Instant;

use super::actor::{Actor, Context, Sounds};
use super::frame::Frame;
use super::listener::of;
use super::model::bridge::{Bridge, BridgeInet, BridgeOut, Settings};
use crate::plan::{self, Action, NodeId, Plan, PortId, Setting};
use crate::recording::{MdbReport, MemberPorts, NodeEvent};

pub(super) struct SwitchActor<A> {
    node: NodeId,
    ports: Vec<PortId>,
    is_querier: bool,
    bridge: Bridge<A>,
    members: MemberPorts,
    out: Vec<BridgeOut<A>>,
}

impl<A: BridgeInet> SwitchActor<A> {
    pub(super) fn new(plan: &Plan, node: NodeId, switch: &plan::Switch) -> Result<Self, String> {
        let ports = plan.nodes[node].ports.clone();
        let is_querier = switch.knobs.querier;
        let bridge = Bridge::new(settings(switch, &ports)?, ports.len());
        let members = MemberPorts::default();
        Ok(Self { node, ports, is_querier, bridge, members, out: Vec::new() })
    }

    /// Carries out what the bridge has decided; `passed` is the frame that it has received.
    fn obey(&mut self, cx: &mut Context<'_>, passed: Option<&Frame>) {
        for out in mem::take(&mut self.out) {
            match out {
                BridgeOut::Forward { port, packet } => {
                    let Some(frame) = passed else { continue };
                    // A frame forwarded to a port that is down is lost.
                    _ = cx.pass(self.ports[port], Frame { packet, ..frame.clone() });
                }
                BridgeOut::Send { port, to, packet } => {
                    // The bridge has the address of its first port.
                    let source = cx.plan.ports[self.ports[0]].mac;
                    _ = cx.pass(self.ports[port], Frame::to(source, to.into(), packet));
                }
                BridgeOut::Mdb { group, source, port, holds } => {
                    let Some(group) = Group::new(group.into()) else { continue };
                    let report = MdbReport { group, source, port: self.ports[port], holds };
                    let change = self.members.change(cx.now, self.node, &report);
                    cx.recording.mdb.extend(change);
                }
                BridgeOut::Router { port, on } => {
                    let port = self.ports[port];
                    let event = NodeEvent::router_port(cx.plan, self.node, cx.now, port, on);
                    cx.recording.events.push(event);
                }
            }
        }
    }

    fn position(&self, port: PortId) -> Option<usize> {
        self.ports.iter().position(|&own| own == port)
    }
}

/// The settings of the bridge of a switch with these ports.
///
/// # Errors
/// The switch's address is of another family; the message names it.
fn settings<A: BridgeInet>(switch: &plan::Switch, ports: &[PortId]) -> Result<Settings<A>, String> {
    // A switch that sends no Queries needs no address.
    let address = switch.queries_from().map_or(Ok(A::NOBODY), of)?;
    Ok(Settings {
        knobs: switch.knobs.bridge(),
        address,
        fast_leave: ports.iter().map(|port| switch.fast_leave.contains(port)).collect(),
    })
}

impl<A: BridgeInet> Actor for SwitchActor<A> {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        self.ports.iter().for_each(|&port| cx.hear(port, Sounds::All, true));
        if self.is_querier {
            self.bridge.set_querier(cx.now, true);
        }
        Ok(())
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        let Action::Set(Setting::Switch(switch)) = action else {
            return Err("a switch has no such act".to_owned());
        };
        self.is_querier = switch.knobs.querier;
        self.bridge.configure(cx.now, settings(switch, &self.ports)?);
        self.bridge.set_querier(cx.now, self.is_querier);
        Ok(())
    }

    fn receive(&mut self, cx: &mut Context<'_>, port: PortId, frame: &Frame) {
        let Some(position) = self.position(port) else { return };
        let Frame { source, destination, packet } = frame;
        let out = &mut self.out;
        self.bridge.receive(cx.now, position, *source, *destination, packet, out);
        self.obey(cx, Some(frame));
    }

    fn interface(&mut self, cx: &mut Context<'_>, port: PortId, up: bool) {
        let Some(position) = self.position(port) else { return };
        self.bridge.port(cx.now, position, up, &mut self.out);
        self.obey(cx, None);
    }

    fn deadline(&self) -> Option<Instant> {
        self.bridge.deadline()
    }

    fn wake(&mut self, cx: &mut Context<'_>) {
        self.bridge.expire(cx.now, &mut self.out);
        self.obey(cx, None);
    }

    fn quiet(&mut self, cx: &mut Context<'_>) {
        if self.is_querier {
            self.bridge.set_querier(cx.now, false);
        }
    }
}
