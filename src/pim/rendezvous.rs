//! The Rendezvous Point: Registers that come in, and what it answers.
//!
//! Owns RFC 7761 section 4.4.2. The data plane takes the datagram out of a Register and hands it to the
//! register interface by itself, so that what the RP forwards of it is up to the forwarding entry: one that
//! comes in there as long as the SPTbit is not set (RFC7761-4.4.2-03).

use super::machine::Pim;
use super::{Cx, Facts, Say};
use crate::addr::{Group, Source};
use crate::ignored::Ignored;
use crate::mfc::entry::Flow;
use crate::wire::ip::Header;
use crate::wire::ipv4::INTERNETWORK_CONTROL;
use crate::wire::pim::{EncodedGroup, Message, Register, RegisterStop};

impl Pim {
    /// A Register has come to one of the router's addresses.
    pub(super) fn register(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &impl Facts,
        header: &Header,
        register: &Register,
    ) -> Result<(), Ignored> {
        let flow = flow(register)?;
        // RFC7761-4.4.2-01, RFC7761-4.8.1-02
        let is_rp = self.rp(flow.group) == Some(header.destination);
        let is_spt = self.flows.is_spt(flow);
        let switches = self.switch_desired();
        // RFC7761-4.4.2-02
        let stops = !is_rp || is_spt || switches && self.inherited_olist(facts, flow).is_empty();
        if stops {
            let group = EncodedGroup::one(flow.group.addr());
            let stop = RegisterStop { group, source: flow.source.addr() };
            cx.say(Say::Route {
                from: header.destination,
                to: header.source,
                class: INTERNETWORK_CONTROL,
                message: Message::RegisterStop(stop),
            });
        }
        if is_rp && (is_spt || switches) {
            // RFC7761-4.4.2-04
            let stopped = if stops { self.params.rp_keepalive_period() } else { self.keepalive };
            self.flows.keep(flow, cx.now + stopped.max(self.keepalive));
            self.settle(cx, facts, flow.group);
        }
        Ok(())
    }
}

/// The flow that a Register is about.
fn flow(register: &Register) -> Result<Flow, Ignored> {
    let (source, destination) = register.ends()?;
    let group = Group::new(destination).filter(|group| !group.is_link_local());
    let group = group.ok_or(Ignored::Misaddressed(destination))?;
    let source = Source::new(source).ok_or(Ignored::SourceNotUnicast(source))?;
    Ok(Flow { source, group })
}
