//! What castnet's own nodes say in IGMP is well-formed: the routers and castnet's own hosts, and
//! nobody whom a script tells to be wrong.

use std::net::Ipv4Addr;

use castnet::igmp::{ALL_HOSTS, ALL_ROUTERS};
use castnet::wire::igmp::Message;

use super::{Breach, Breaches};
use crate::capture::decode::{Content, Packet};
use crate::judge::Evidence;
use crate::plan::{PortId, Role};
use crate::scenario::Listener;

/// Where version 3 Reports go (RFC3376-4.2.14-01).
const ALL_V3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

impl Evidence<'_> {
    pub(super) fn bad_igmp(&self) -> Vec<Breach<'_>> {
        let mut breaches = Breaches::<(PortId, String)>::new();
        for sent in self.seen.iter().filter(|seen| seen.outgoing && self.is_our_own(seen.port)) {
            let faults = faults(&sent.packet);
            if !faults.is_empty() {
                let what = format!("sent IGMP with {}", faults.join(", "));
                breaches.add((sent.port, what.clone()), sent, || (what, Vec::new()));
            }
        }
        breaches.in_order()
    }

    fn is_our_own(&self, port: PortId) -> bool {
        matches!(
            self.plan.nodes[self.plan.ports[port].node].role,
            Role::Router(_) | Role::Listener(Listener::Castnet(_))
        )
    }
}

/// What is wrong with a message that is sent; nothing with what is not IGMP.
fn faults(packet: &Packet) -> Vec<String> {
    let message = match &packet.content {
        Content::Igmp(message) => Some(message),
        Content::BadIgmp(_) => None,
        Content::Data(_) | Content::Other(_) => return Vec::new(),
    };
    let mut faults = Vec::new();
    // RFC2236-2-02
    if packet.ttl != 1 {
        faults.push(format!("TTL {}", packet.ttl));
    }
    // RFC2236-2-03
    if !packet.router_alert {
        faults.push("no Router Alert".to_owned());
    }
    // RFC2236-2.3-01: a wrong checksum is the first thing that the decoder tells.
    if let Content::BadIgmp(malformed) = &packet.content {
        faults.push(format!("a malformed message: {malformed}"));
    }
    // RFC2236-2.2-02, RFC3376-4.2.1-01
    if let (Some(code @ 1..), Some(message)) = (packet.max_resp_code, message)
        && !matches!(message, Message::Query(_))
    {
        faults.push(format!("{code} in its second octet"));
    }
    // RFC3376-4.1.10-02, RFC3376-4.2.11-01
    let length = message.and_then(|message| Some(message.encode().ok()?.len()));
    if let Some(length) = length.filter(|length| *length < packet.length) {
        faults.push(format!("{} octets that say nothing", packet.length - length));
    }
    if let Some(wanted) = message.and_then(destination)
        && packet.destination != wanted
    {
        faults.push(format!("the destination {} instead of {wanted}", packet.destination));
    }
    faults
}

/// Where the RFCs want a message to go.
fn destination(message: &Message) -> Option<Ipv4Addr> {
    match message {
        // RFC2236-3-07
        Message::Query(query) if query.is_general() => Some(ALL_HOSTS),
        Message::Query(query) => Some(query.group),
        Message::V1Report { group } | Message::V2Report { group } => Some(*group),
        // RFC2236-9-01
        Message::Leave { .. } => Some(ALL_ROUTERS),
        Message::V3Report(_) => Some(ALL_V3_ROUTERS),
        Message::Unknown { .. } => None,
    }
}
