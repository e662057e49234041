//! Whether a frame is one of the packets of a claim.

use castnet::addr::Group;

use super::{Evidence, Seen};
use crate::capture::decode::{Content, Packet};
use crate::capture::value::View;
use crate::plan::{Filter, LinkId, PortId};
use crate::vocabulary::field::{PacketField, Value, row};

impl Evidence<'_> {
    /// Whether a frame counts: each one is seen once on its link, at the port that sends it.
    pub(super) fn matches(&self, filter: &Filter, seen: &Seen) -> bool {
        seen.outgoing
            && self.plan.ports[seen.port].link == filter.link
            && self.is_like(filter, seen)
    }

    /// Whether a frame meets the filter, on any link.
    pub(super) fn is_like(&self, filter: &Filter, seen: &Seen) -> bool {
        if filter.from.is_some_and(|from| !self.comes_from(from, seen)) {
            return false;
        }
        // A malformed message has no kind, unless the claim asks for a wrong checksum.
        let is_bad = filter.wants(PacketField::GoodChecksum) == Some(&Value::Flag(false));
        match (is_bad, &seen.packet.but_for_checksum) {
            (true, Some(message)) => {
                let content = Content::Gmp((**message).clone());
                is_meant(filter, &Packet { content, ..seen.packet.clone() })
            }
            (true, None) => false,
            _ => is_meant(filter, &seen.packet),
        }
    }

    /// Whether a datagram is like those of the filter, whoever sent it, or would be with a TTL that one
    /// more router lowers.
    pub(super) fn is_nearly(&self, filter: &Filter, seen: &Seen) -> bool {
        let ttl = filter.wants(PacketField::Ttl);
        let of_others = |(field, _): &&(PacketField, Value)| *field != PacketField::Ttl;
        let fields = filter.fields.iter().filter(of_others).cloned().collect();
        let hops = u64::from(seen.packet.ttl);
        let is_near = |ttl: &Value| [hops, hops.saturating_sub(1)].map(Value::Whole).contains(ttl);
        ttl.is_none_or(is_near) && self.is_like(&Filter { from: None, fields, ..*filter }, seen)
    }

    /// Whether the frame was sent by the port, even if a switch has passed it on since.
    fn comes_from(&self, port: PortId, seen: &Seen) -> bool {
        match self.plan.is_switched(self.plan.ports[seen.port].link) {
            true => seen.origin == self.plan.ports[port].mac,
            false => seen.port == port,
        }
    }

    pub(super) fn is_malformed_on(&self, link: LinkId, seen: &Seen) -> bool {
        seen.outgoing
            && self.plan.ports[seen.port].link == link
            && matches!(seen.packet.content, Content::BadGmp(_))
    }
}

/// The fields in which a packet is not as claimed, with both values; those of the record that comes
/// closest.
pub(super) fn unlike(filter: &Filter, packet: &Packet) -> Option<String> {
    let of_group = |group: Group| filter.group.is_none_or(|wanted| group == wanted);
    let wrong = |view: View<'_>| -> Vec<String> {
        let fields =
            filter.fields.iter().map(|(field, wanted)| (*field, view.value(*field), wanted));
        let wrong = fields.filter(|(_, found, wanted)| found.as_ref() != Some(wanted));
        wrong
            .map(|(field, found, wanted)| {
                let found = found.map_or_else(|| "not there".to_owned(), |found| found.to_string());
                format!("`{}` is {found}, not {wanted}", row(field).key.name)
            })
            .collect()
    };
    let fewest = View::all(packet, of_group).map(wrong).min_by_key(Vec::len)?;
    (!fewest.is_empty()).then(|| fewest.join("; "))
}

fn is_meant(filter: &Filter, packet: &Packet) -> bool {
    let of_group = |group: Group| filter.group.is_none_or(|wanted| group == wanted);
    let has_all = |view: View<'_>| {
        filter.fields.iter().all(|(field, wanted)| view.value(*field).as_ref() == Some(wanted))
    };
    packet.is(filter.kind)
        && filter.group.is_none_or(|group| packet.names(group))
        && View::all(packet, of_group).any(has_all)
}
