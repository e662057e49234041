//! The IGMP or MLD of castnet's own routers and hosts is well-formed. Scripted nodes may be told to be
//! wrong, so they are not judged.

use castnet::gmp::message::Form;

use super::{Breach, Breaches};
use crate::capture::decode::{Content, DecodedMessage, Packet};
use crate::judge::Evidence;
use crate::plan::{Device, PortId, Role};
use crate::protocol::delivery::{HOP_LIMIT, destination};
use crate::scenario::Listener;

impl Evidence<'_> {
    pub(super) fn bad_igmp(&self) -> Vec<Breach<'_>> {
        let mut breaches = Breaches::<(PortId, String)>::new();
        for sent in self.seen.iter().filter(|seen| seen.outgoing && self.is_our_own(seen.port)) {
            let faults = faults(&sent.packet);
            if !faults.is_empty() {
                let protocol = if sent.packet.source.is_ipv6() { "MLD" } else { "IGMP" };
                let what = format!("sent {protocol} with {}", faults.join(", "));
                breaches.add((sent.port, what.clone()), sent, || (what, Vec::new()));
            }
        }
        breaches.in_order()
    }

    fn is_our_own(&self, port: PortId) -> bool {
        match &self.plan.nodes[self.plan.ports[port].node].role {
            Role::Router(router) => router.who == Device::Castnet,
            Role::Listener(Listener::Castnet(_)) => true,
            _ => false,
        }
    }
}

/// The faults of a sent message; empty if it is neither IGMP nor MLD.
fn faults(packet: &Packet) -> Vec<String> {
    let message = match &packet.content {
        Content::Gmp(message) => Some(message),
        Content::BadGmp(_) => None,
        Content::Data(_) | Content::Other(_) => return Vec::new(),
    };
    let mut faults = Vec::new();
    // RFC2236-2-02, RFC2710-3-01
    if packet.ttl != HOP_LIMIT {
        let hops = if packet.source.is_ipv6() { "hop limit" } else { "TTL" };
        faults.push(format!("{hops} {}", packet.ttl));
    }
    // RFC2236-2-03, RFC2710-3-01
    if !packet.router_alert {
        faults.push("no Router Alert".to_owned());
    }
    // RFC2236-2.3-01: a wrong checksum is the first thing that the decoder tells.
    if let Content::BadGmp(malformed) = &packet.content {
        faults.push(format!("a malformed message: {malformed}"));
    }
    // RFC2236-2.2-02, RFC3376-4.2.1-01, RFC2710-3.4-02
    if let (Some(code @ 1..), Some(message)) = (packet.max_resp_code, message)
        && message.meaning().form() != Some(Form::Query)
    {
        let field = if packet.source.is_ipv6() { "octets 4 and 5" } else { "second octet" };
        faults.push(format!("{code} in its {field}"));
    }
    // RFC3376-4.1.10-02, RFC3376-4.2.11-01
    let length = message.and_then(DecodedMessage::defined_len);
    if let Some(length) = length.filter(|length| *length < packet.length) {
        faults.push(format!("{} octets that say nothing", packet.length - length));
    }
    if let Some(wanted) = packet.meaning().and_then(|message| destination(message, packet.source))
        && packet.destination != wanted
    {
        faults.push(format!("the destination {} instead of {wanted}", packet.destination));
    }
    faults
}
