//! Claims about the kernel's tables become checks: a router's forwarding cache, a switch's members.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::arithmetic::Count;
use super::claim::Claims;
use super::state::said;
use super::{Claim, Counted, MfcState, NodeId, PortId, Reading, ReadingId, Role};
use crate::scenario;

impl Claims<'_> {
    pub(super) fn mfc(&mut self, mfc: &scenario::MfcClaim) -> Option<(String, Claim)> {
        let router = self.topology.node(&mfc.of, self.faults)?;
        if !self.is_router(router) {
            let message = format!("{} is not a router", mfc.of.value);
            self.faults.error(&mfc.of.span, message, "has no forwarding cache");
            return None;
        }
        if mfc.source.value.parse::<IpAddr>().is_err() {
            self.sending(&mfc.source)?;
        }
        let source = self.topology.only_address(&mfc.source, self.faults);
        let at = self.moment(&mfc.at, &[router]);
        let group = mfc.group.value;
        let (words, state) = match &mfc.present {
            None => ("is absent".to_owned(), MfcState::Absent),
            Some(scenario::MfcPresent { entry, counters }) => {
                let entry = entry.as_ref().map(|entry| self.entry(router, entry));
                let counts = self.counts(router, counters);
                let (source, at) = (source?, at.clone()?);
                let reading = Reading { router, source, group, at };
                let (words, counted) = self.counted(counts?, reading);
                let (entry_words, entry) = match entry {
                    Some(entry) => entry.map(|(words, entry)| (Some(words), Some(entry)))?,
                    None => (None, None),
                };
                let words: Vec<String> = entry_words.into_iter().chain(words).collect();
                (words.join(" and "), MfcState::Present { entry, counted })
            }
        };
        let (source, at) = (source?, at?);
        let text = format!(
            "{}: entry ({}, {group}) {words} at {}",
            mfc.of.value, mfc.source.value, at.text
        );
        Some((text, Claim::Mfc { router, source, group, at, state }))
    }

    fn entry(
        &mut self,
        router: NodeId,
        claimed: &scenario::MfcEntryClaim,
    ) -> Option<(String, (PortId, Vec<PortId>))> {
        let iif = self.topology.port(router, &claimed.iif, self.faults);
        let oifs = self.ports(router, &claimed.oifs.value);
        let out: Vec<&str> = claimed.oifs.value.iter().map(|oif| oif.value.as_str()).collect();
        let out = if out.is_empty() { "nowhere".to_owned() } else { out.join(", ") };
        Some((format!("is in {} out {out}", claimed.iif.value), (iif?, oifs)))
    }

    /// The ports of a node on these links, in ascending order.
    fn ports(
        &mut self,
        node: NodeId,
        links: &[scenario::diagnostic::Spanned<String>],
    ) -> Vec<PortId> {
        let mut ports = Vec::new();
        for link in links {
            let Some(port) = self.topology.port(node, link, self.faults) else { continue };
            if ports.contains(&port) {
                self.stands_twice(link);
            }
            ports.push(port);
        }
        ports.sort_unstable();
        ports
    }

    fn stands_twice(&mut self, link: &scenario::diagnostic::Spanned<String>) {
        let message = format!("{} stands twice", link.value);
        self.faults.error(&link.span, message, "the second time");
    }

    /// Packets, octets and packets on a wrong interface.
    fn counts(
        &mut self,
        router: NodeId,
        counters: &scenario::MfcCounters,
    ) -> Option<[Option<Count>; 3]> {
        let scenario::MfcCounters { packets, bytes, wrong_if } = counters;
        let [packets, bytes, wrong_if] = [packets, bytes, wrong_if].map(|count| match count {
            None => Some(None),
            Some(count) => self.count(count, &[router]).map(Some),
        });
        Some([packets?, bytes?, wrong_if?])
    }

    /// The reading that these counts need, and the counts in words; `None` without counts.
    fn counted(
        &mut self,
        counts: [Option<Count>; 3],
        reading: Reading,
    ) -> (Option<String>, Option<Counted>) {
        let names = ["packets", "octets", "packets on a wrong interface"];
        let words = counts.iter().zip(names).filter_map(|(count, name)| {
            count.as_ref().map(|count| format!("{} {name}", count.text))
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() {
            return (None, None);
        }
        let reading = self.reading(reading);
        let [packets, bytes, wrong_if] = counts;
        let words = format!("has counted {}", words.join(", "));
        (Some(words), Some(Counted { reading, packets, bytes, wrong_if }))
    }

    fn reading(&mut self, reading: Reading) -> ReadingId {
        self.readings.push(reading);
        self.readings.len() - 1
    }

    pub(super) fn mdb(&mut self, mdb: &scenario::MdbClaim) -> Option<(String, Claim)> {
        let switch = self.topology.node(&mdb.of, self.faults)?;
        let node = &self.topology.nodes[switch];
        if !matches!(node.role, Role::Switch(_)) {
            let message = format!("{} is not a switch", mdb.of.value);
            self.faults.error(&mdb.of.span, message, "has no database of members");
            return None;
        }
        let links = node.ports.iter().map(|&port| self.topology.ports[port].link);
        let mut routers = self.routers_on(links);
        if routers.is_empty() {
            routers.push(switch);
        }
        let at = self.moment(&mdb.at, &routers);
        let (mut ports, mut names, mut is_sound) = (BTreeMap::new(), Vec::new(), true);
        for (link, of) in mdb.ports.iter().flatten() {
            let of = of.as_ref().map(|of| self.members_of(of));
            let port = self.topology.port(switch, link, self.faults);
            is_sound &= !matches!(of, Some(None)) && port.is_some();
            names.push(said(&link.value, of.as_ref().and_then(Option::as_ref)));
            let Some(port) = port else { continue };
            if ports.insert(port, of.flatten()).is_some() {
                self.stands_twice(link);
            }
        }
        let (at, group) = (at.filter(|_| is_sound)?, mdb.group.value);
        let words = match &mdb.ports {
            None => "is absent".to_owned(),
            Some(_) => format!("is at {}", names.join(", ")),
        };
        let text = format!("{}: entry {group} {words} at {}", mdb.of.value, at.text);
        Some((text, Claim::Mdb { switch, group, at, ports }))
    }
}
