//! What datagrams cause: the first hop registers them, and the last hop joins their source.
//!
//! Owns the rules of RFC 7761 section 4.2 as far as they are no forwarding entry ([`Pim::entry`]), and the
//! messages of section 4.4.1. The data plane shows the first datagram of a flow, one on a wrong interface
//! now and then, that datagrams were counted, and each one that goes out of the register interface.

use std::net::IpAddr;

use super::machine::Pim;
use super::register::Ended;
use super::{Branch, Cx, Facts, Say};
use crate::addr::Group;
use crate::ignored::Ignored;
use crate::mfc::entry::Flow;
use crate::mfc::vif::Vif;
use crate::time::Instant;
use crate::wire::ip::Header;
use crate::wire::ipv4::INTERNETWORK_CONTROL;
use crate::wire::pim::{Message, Register, RegisterStop};

impl Pim {
    /// Datagrams of the flow came in on the interface, at this time or a little later.
    pub fn data(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        flow: Flow,
        came: Vif,
        at: Instant,
    ) {
        if flow.group.is_link_local() {
            return;
        }
        let hop = facts.towards(flow.source.addr()).filter(|hop| hop.vif == came);
        // RFC7761-4.2-01
        let is_direct = hop.is_some_and(|hop| hop.via.is_none());
        let is_joined = || {
            let joined = self.upstream.is_joined(Branch::of(flow));
            joined && !self.inherited_olist(facts, flow).is_empty()
        };
        let rp_is_there = self.rpf_interface_of_rp(facts, flow.group) == Some(came);
        let is_by_rp = !self.flows.is_spt(flow) && rp_is_there;
        let is_known = self.flows.came(flow) == Some(came);
        let was_alive = self.flows.is_alive(flow);
        if is_direct || hop.is_some() && is_joined() || is_by_rp && self.switches(facts, flow) {
            self.flows.keep(flow, at + self.keepalive);
        }
        // What another router forwards onto a link says nothing of how the flow comes to this one.
        if hop.is_some() || rp_is_there || !self.is_contested(facts, flow, came) {
            self.flows.note(flow, came);
            // What follows from more of the same has followed already.
            if !is_known || was_alive != self.flows.is_alive(flow) {
                self.settle(cx, facts, flow.group);
            }
        }
        // RFC7761-4.2-02, RFC7761-4.2-03
        let by_source = self.comes_by_source(flow);
        if !(by_source && hop.is_some() || !by_source && rp_is_there) {
            self.meet(cx, facts, flow, came);
        }
        self.flush(cx);
    }

    /// No datagrams of the flow come any more.
    pub fn idle(&mut self, flow: Flow) {
        self.flows.forget(flow);
    }

    /// A datagram of the flow goes out of the register interface: it is sent to the RP, unless its Time to
    /// Live is over.
    pub fn encapsulate(&self, cx: &mut Cx<'_>, facts: &impl Facts, flow: Flow, datagram: &[u8]) {
        let (Some(to), Some(from)) = (self.registers.tunnel(flow), registers_from(facts, flow))
        else {
            return;
        };
        if let Some((register, class)) = Register::of(datagram) {
            // RFC7761-4.4.1-06
            cx.say(Say::Route { from, to, class, message: Message::Register(register) });
        }
    }

    /// The RP wants no Registers of a flow, or of all flows of a group.
    pub(super) fn register_stop(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        header: &Header,
        stop: &RegisterStop,
    ) -> Result<(), Ignored> {
        let Some(group) = Group::new(stop.group.group) else {
            return Err(Ignored::Misaddressed(stop.group.group));
        };
        // RFC7761-6.2-03
        if self.rp(group) != Some(header.source) {
            return Err(Ignored::NoRp(header.source));
        }
        // RFC7761-4.4.1-07
        let is_meant =
            |flow: &Flow| stop.source.is_unspecified() || flow.source.addr() == stop.source;
        let stopped: Vec<Flow> = self.registers.of(group).filter(is_meant).collect();
        for flow in stopped {
            self.registers.stop(cx, &self.params, flow);
        }
        self.settle(cx, facts, group);
        Ok(())
    }

    /// Serves the Register-Stop Timers that are due.
    pub(super) fn expire_registers(&mut self, cx: &mut Cx<'_>, facts: &impl Facts) {
        while let Some(ended) = self.registers.expire(cx.now, &self.params) {
            match ended {
                Ended::Resumed(flow) => self.settle(cx, facts, flow.group),
                Ended::Probe(flow, to) => {
                    let null = Register::null(flow.source.addr(), flow.group.addr());
                    if let (Ok(null), Some(from)) = (null, registers_from(facts, flow)) {
                        let message = Message::Register(null);
                        cx.say(Say::Route { from, to, class: INTERNETWORK_CONTROL, message });
                    }
                }
            }
        }
    }
}

/// The address that Registers of the flow come from, to which the RP answers: one of the source's link.
fn registers_from(facts: &impl Facts, flow: Flow) -> Option<IpAddr> {
    facts.reached_by(facts.towards(flow.source.addr())?.vif, flow.group.family())
}
