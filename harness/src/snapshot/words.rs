//! Events in the RFCs' words, with nodes by their names.

use castnet::time::Seconds;

use super::scene::{PacketTrain, Scene, Sent, Whose};
use crate::capture::decode::{Content, Packet};
use crate::recording::{MdbChange, MfcChange};

/// The TTL of every sound IGMP message (RFC2236-2-02).
const IGMP_TTL: u8 = 1;

impl Scene<'_> {
    /// `r1 > 239.1.1.1  v2 Membership Query, group 239.1.1.1, max resp 0.5 s`
    pub(super) fn packet(&self, sent: &Sent) -> String {
        let Packet { source, destination, ttl, router_alert, content, .. } = &sent.packet;
        let mut text = format!("{} > {destination}  ", self.name(*source));
        text.push_str(&match content {
            Content::Gmp(message) => message.to_string(),
            Content::BadGmp(malformed) => format!("malformed {malformed}"),
            Content::Data(number) => number.to_string(),
            Content::Other(other) => format!("IP protocol {}", other.protocol),
        });
        if *ttl != IGMP_TTL {
            text.push_str(&format!(", TTL {ttl}"));
        }
        if !router_alert {
            text.push_str(", without Router Alert");
        }
        if self.name(*source) != self.node_name(sent.origin) {
            text.push_str(&format!(", sent by {}", self.node_name(sent.origin)));
        }
        if sent.origin != sent.port {
            text.push_str(&format!(", passed on by {}", self.node_name(sent.port)));
        }
        text
    }

    /// `s1 > 239.1.1.1`, with the sender if it is not the source.
    pub(super) fn flow(&self, flow: &PacketTrain) -> String {
        let text = format!("{} > {}", self.name(flow.source), flow.group);
        match flow.whose {
            Whose::Port(port) if !self.is_source(port) => {
                format!("{text}, sent on by {}", self.node_name(port))
            }
            _ => text,
        }
    }

    /// `100 pps`
    pub(super) fn rate(&self, flow: &PacketTrain) -> String {
        let interval = self.interval(flow.stream);
        match interval.is_zero() {
            true => "at no known rate".to_owned(),
            false => match 1e9 / interval.as_nanos() as f64 {
                whole if whole.fract() == 0.0 => format!("{whole} pps"),
                _ => format!("one in {}", Seconds(interval, 6)),
            },
        }
    }

    /// `(s1, 239.1.1.1) in up out lan`
    pub(super) fn entry(&self, change: &MfcChange) -> String {
        let flow = format!("({}, {})", self.name(change.source), change.group);
        let Some(entry) = &change.entry else { return format!("{flow} no entry") };
        let out: Vec<&str> = entry.oifs.iter().map(|&oif| self.link_name(oif)).collect();
        let out = if out.is_empty() { "nowhere".to_owned() } else { out.join(", ") };
        format!("{flow} in {} out {out}", self.link_name(entry.iif))
    }

    /// `239.1.1.1 has members on left, right`
    pub(super) fn ports(&self, change: &MdbChange) -> String {
        let ports: Vec<&str> = change.ports.keys().map(|&port| self.link_name(port)).collect();
        match ports.is_empty() {
            true => format!("{} has no members", change.group),
            false => format!("{} has members on {}", change.group, ports.join(", ")),
        }
    }
}
