//! A listener that speaks IGMP or MLD by castnet's own host machine.

use castnet::time::Instant;

use super::actor::{Actor, Context, Sounds};
use super::frame::Frame;
use crate::knobs::HostKnobs;
use crate::member::{Heard, Member, Said};
use crate::plan::{Action, NodeId, Plan, PortId};

pub(super) struct HostActor {
    node: NodeId,
    member: Member,
}

impl HostActor {
    pub(super) fn new(plan: &Plan, node: NodeId, knobs: &HostKnobs) -> Result<Self, String> {
        Ok(Self { node, member: Member::new(plan, node, knobs)? })
    }

    /// Sends the host's messages; on a link that is down they are lost.
    fn transmit(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        while let Some(said) = self.member.poll() {
            let Said { port, to, packet } = said?;
            _ = cx.send(port, to, packet);
        }
        Ok(())
    }

    fn transmit_or_break(&mut self, cx: &mut Context<'_>) {
        if let Err(why) = self.transmit(cx) {
            cx.broken(self.node, &why);
        }
    }
}

impl Actor for HostActor {
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        // A packet socket hears every frame.
        for &port in &cx.plan.nodes[self.node].ports {
            cx.hear(port, Sounds::All, true);
        }
        Ok(())
    }

    fn act(&mut self, cx: &mut Context<'_>, action: &Action) -> Result<(), String> {
        match action {
            Action::Join(port, group, filter) => {
                self.member.join(cx.now, *port, *group, filter)?;
            }
            Action::RefusedJoin(port, group, filter) => {
                self.member.join_refused(cx.now, *port, *group, filter)?;
            }
            Action::OtherSocket(port, group, socket, filter) => {
                self.member.join_by(cx.now, *port, *group, (*socket, filter))?;
            }
            Action::Leave(port, group) => self.member.leave(cx.now, *port, *group),
            _ => return Err("a listener joins and leaves".to_owned()),
        }
        self.transmit(cx)
    }

    fn receive(&mut self, cx: &mut Context<'_>, port: PortId, frame: &Frame) {
        match self.member.hear(cx.now, port, &frame.packet) {
            None => {}
            Some(Heard::Ignored(event)) => cx.recording.events.push(event),
            Some(Heard::Delivered(delivery)) => cx.recording.deliveries.push(delivery),
        }
        self.transmit_or_break(cx);
    }

    fn interface(&mut self, cx: &mut Context<'_>, port: PortId, up: bool) {
        if up {
            self.member.link_returned(cx.now, port);
            self.transmit_or_break(cx);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.member.deadline()
    }

    fn wake(&mut self, cx: &mut Context<'_>) {
        self.member.expire(cx.now);
        self.transmit_or_break(cx);
    }
}
