//! Multicast forwarding as the Linux kernel does it in one network namespace (net/ipv4/ipmr.c,
//! net/ipv6/ip6mr.c).
//!
//! Decides what happens to a datagram that comes in on a virtual interface: which copies leave,
//! what is counted, what waits for an entry, and which upcalls the owner of multicast routing gets.
//! Asserts are on, and PIM is on while there is a register interface, as castnet's router opens its
//! socket. A device has one virtual interface at most. Refuses to know devices and routes: it is given
//! only whether a device is up, and the namespace's own datagrams do not come by here.

mod reader;
mod register;
mod unresolved;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use castnet::addr::{Family, Group};
use castnet::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use castnet::mfc::upcall::{Upcall, UpcallKind};
use castnet::mfc::vif::{Vif, VifKind};
use castnet::time::Instant;
use castnet::wire::ip::Packet;
use castnet::wire::pim::PIM;
use smallvec::SmallVec;

use super::jiffies::{jiffies, ticks};
pub use reader::{Header, Reader};
use reader::{is_gmp, is_sound};
use unresolved::Unresolved;

/// An entry makes a WRONGVIF upcall at most once in this time and a tick (`MFC_ASSERT_THRESH`).
const ASSERT_INTERVAL: Duration = Duration::from_secs(3);

/// The threshold of an interface that is not among an entry's `oifs`.
const NOT_OUT: u8 = 255;

/// An effect or a report of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MrouteOut {
    /// The packet, with its TTL lowered, leaves through the interface.
    Forward {
        /// The interface.
        vif: Vif,
        /// Its destination.
        to: IpAddr,
        /// The whole IP packet; all interfaces share it.
        packet: Rc<[u8]>,
    },
    /// An upcall to the owner.
    Upcall(Upcall),
    /// A datagram went out of the register interface, and the owner gets it as it came in
    /// (`IGMPMSG_WHOLEPKT`).
    WholePacket {
        /// The upcall.
        upcall: Upcall,
        /// The datagram.
        packet: Rc<[u8]>,
    },
    /// A change of the cache, as netlink reports it.
    Mfc {
        /// The flow.
        flow: Flow,
        /// The entry from now on; `None` if it was deleted or is unresolved.
        entry: Option<MfcEntry>,
    },
}

/// What becomes of a packet of group management or of PIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It reaches the owner's socket.
    ByTheOwner,
    /// It is forwarded like a datagram.
    AsData,
    /// Neither.
    Not,
}

/// Why the kernel refused the owner's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The virtual interface exists.
    #[error("{0} is in use")]
    VifInUse(Vif),
    /// Multicast routing has no owner.
    #[error("nobody has opened multicast routing")]
    NotOpen,
}

/// The multicast routing table of a namespace.
#[derive(Clone, Debug, Default)]
pub struct Mroute {
    is_open: bool,
    /// A bit for each virtual interface that exists.
    exist: u32,
    /// The register interface, if there is one (`VIFF_REGISTER`).
    register: Option<Vif>,
    /// A bit for each device that is down, with or without a virtual interface.
    down: u32,
    /// By [`Vif::index`]; an interface that does not exist has zero counters.
    vifs: SmallVec<[VifCounters; 4]>,
    /// In the order of the flows. The first is stored in place: most routers of a large network
    /// have just one.
    entries: SmallVec<[(Flow, Entry); 1]>,
    unresolved: Unresolved,
}

/// An entry of the cache.
#[derive(Clone, Debug)]
struct Entry {
    iif: Vif,
    /// The value that the TTL must exceed, by [`Vif::index`].
    thresholds: [u8; Vif::MAX],
    counters: FlowCounters,
    /// The tick of the last WRONGVIF upcall.
    asserted: Option<u64>,
}

impl Mroute {
    /// A namespace in which multicast routing has no owner.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A socket becomes the owner of multicast routing (`MRT_INIT`).
    pub const fn open(&mut self) {
        self.is_open = true;
    }

    /// The owner's socket is closed: its interfaces, entries and waiting datagrams go.
    pub fn close(&mut self, out: &mut Vec<MrouteOut>) {
        self.is_open = false;
        self.exist = 0;
        self.register = None;
        self.vifs.clear();
        let flows = std::mem::take(&mut self.entries).into_iter().map(|(flow, _)| flow);
        let flows = flows.chain(self.unresolved.clear());
        out.extend(flows.map(|flow| MrouteOut::Mfc { flow, entry: None }));
    }

    /// Adds a virtual interface (`MRT_ADD_VIF`). Its own TTL threshold has no effect in Linux.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn add_vif(&mut self, vif: Vif, kind: VifKind) -> Result<(), Refused> {
        if !self.is_open {
            return Err(Refused::NotOpen);
        }
        if self.has_vif(vif) {
            return Err(Refused::VifInUse(vif));
        }
        if self.vifs.len() <= vif.index() {
            self.vifs.resize(vif.index() + 1, VifCounters::default());
        }
        self.exist |= 1 << vif.index();
        if kind == VifKind::Register {
            self.register = Some(vif);
        }
        Ok(())
    }

    /// Deletes a virtual interface (`MRT_DEL_VIF`). Entries keep it, but forward nothing to it.
    pub fn delete_vif(&mut self, vif: Vif) {
        self.exist &= !(1 << vif.index());
        self.register = self.register.filter(|register| *register != vif);
        if let Some(counters) = self.vifs.get_mut(vif.index()) {
            *counters = VifCounters::default();
        }
    }

    /// Forwards the flow as the entry says (`MRT_ADD_MFC`). An existing entry keeps its counters; a
    /// new one forwards the datagrams that waited for it. An outgoing interface that does not exist
    /// is left out.
    ///
    /// # Errors
    /// [`Refused::NotOpen`].
    pub fn set_mfc(
        &mut self,
        now: Instant,
        entry: &MfcEntry,
        out: &mut Vec<MrouteOut>,
    ) -> Result<(), Refused> {
        if !self.is_open {
            return Err(Refused::NotOpen);
        }
        let mut thresholds = [NOT_OUT; Vif::MAX];
        for (&oif, &threshold) in entry.oifs.iter().filter(|&(&oif, _)| self.has_vif(oif)) {
            // castnet asks for 1, because 0 would mean that the interface is not outgoing.
            let is_given = entry.flow.group.family() == Family::V4;
            thresholds[oif.index()] = if is_given { threshold.max(1) } else { 1 };
        }
        let (flow, iif) = (entry.flow, entry.iif);
        match self.find(flow) {
            Ok(at) => {
                let known = &mut self.entries[at].1;
                (known.iif, known.thresholds) = (iif, thresholds);
            }
            Err(at) => {
                let counters = FlowCounters::default();
                self.entries
                    .insert(at, (flow, Entry { iif, thresholds, counters, asserted: None }));
                let mut reader = Reader::default();
                for (vif, packet) in self.unresolved.resolve(flow) {
                    self.input(now, vif, &packet, &mut reader, out);
                }
            }
        }
        out.push(MrouteOut::Mfc { flow, entry: self.entry(flow) });
        Ok(())
    }

    /// Deletes the flow's entry (`MRT_DEL_MFC`). Without an entry nothing happens, even if
    /// datagrams wait for one.
    pub fn delete_mfc(&mut self, flow: Flow, out: &mut Vec<MrouteOut>) {
        if let Ok(at) = self.find(flow) {
            self.entries.remove(at);
            out.push(MrouteOut::Mfc { flow, entry: None });
        }
    }

    /// The counters of the flow's entry (`SIOCGETSGCNT`); `None` if there is no entry.
    #[must_use]
    pub fn flow_counters(&self, flow: Flow) -> Option<FlowCounters> {
        Some(self.entries[self.find(flow).ok()?].1.counters)
    }

    /// The counters of the interface (`SIOCGETVIFCNT`); `None` if there is no such interface.
    #[must_use]
    pub fn vif_counters(&self, vif: Vif) -> Option<VifCounters> {
        self.has_vif(vif).then(|| self.vifs[vif.index()])
    }

    /// The device behind the interface goes down or comes up. Interfaces and entries stay; no
    /// packet leaves there meanwhile.
    pub fn interface(&mut self, vif: Vif, is_up: bool) {
        let bit = 1 << vif.index();
        self.down = if is_up { self.down & !bit } else { self.down | bit };
    }

    /// What becomes of a packet of group management that came in on the interface; `is_local` says
    /// whether the namespace itself is its destination, by address or by membership. Messages to
    /// routable groups reach the owner too: in IPv6 those with the Router Alert of MLD only, and the
    /// others are forwarded.
    #[must_use]
    pub fn takes_in(&self, vif: Vif, packet: &Packet<'_>, is_local: bool) -> Taken {
        let header = &packet.header;
        // A raw socket gets what is for the namespace, and PIM goes no further.
        if self.is_open && header.protocol == PIM {
            return if is_local { Taken::ByTheOwner } else { Taken::Not };
        }
        if !self.is_open || !is_gmp(packet) || !is_sound(header.source, header.destination) {
            return Taken::Not;
        }
        let is_routed = routed(header.destination).is_some() && self.has_vif(vif);
        let is_alert = header.router_alert || Family::of(header.destination) == Family::V4;
        match (is_local, is_routed, is_alert) {
            (true, _, _) | (_, true, true) => Taken::ByTheOwner,
            (_, true, false) => Taken::AsData,
            _ => Taken::Not,
        }
    }

    /// A multicast packet came in on the interface's device, and the namespace is no member of its
    /// group. Packets that are never routed are ignored: IGMP, MLD with its Router Alert, groups of
    /// the link, unreadable
    /// headers, and any packet from a device without a virtual interface.
    pub fn forward(
        &mut self,
        now: Instant,
        vif: Vif,
        packet: &Rc<[u8]>,
        reader: &mut Reader,
        out: &mut Vec<MrouteOut>,
    ) {
        if self.has_vif(vif) && self.down & 1 << vif.index() == 0 {
            self.input(now, vif, packet, reader, out);
        }
    }

    /// When [`Self::expire`] must be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.unresolved.deadline()
    }

    /// Drops datagrams that have waited too long for an entry; harmless at any time.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<MrouteOut>) {
        let flows = self.unresolved.expire(now).into_iter();
        out.extend(flows.map(|flow| MrouteOut::Mfc { flow, entry: None }));
    }

    /// The index of the flow's entry, or where it would be inserted.
    fn find(&self, flow: Flow) -> Result<usize, usize> {
        self.entries.binary_search_by(|(own, _)| own.cmp(&flow))
    }

    const fn has_vif(&self, vif: Vif) -> bool {
        self.exist & 1 << vif.index() != 0
    }

    /// The entry as netlink shows it: no entry where its incoming interface does not exist.
    fn entry(&self, flow: Flow) -> Option<MfcEntry> {
        let (_, entry) = &self.entries[self.find(flow).ok()?];
        if !self.has_vif(entry.iif) {
            return None;
        }
        let oif = |(n, &threshold): (usize, &u8)| {
            let oif = Vif::new(n).filter(|&oif| threshold < NOT_OUT && self.has_vif(oif))?;
            Some((oif, threshold))
        };
        let oifs = entry.thresholds.iter().enumerate().filter_map(oif).collect();
        Some(MfcEntry { flow, iif: entry.iif, oifs })
    }

    fn input(
        &mut self,
        now: Instant,
        vif: Vif,
        packet: &Rc<[u8]>,
        reader: &mut Reader,
        out: &mut Vec<MrouteOut>,
    ) {
        let Some(&Header { destination, flow: Some(flow), ttl, octets, .. }) =
            reader.header(packet)
        else {
            return;
        };
        let Ok(at) = self.find(flow) else {
            if self.unresolved.wait(now, flow, vif, packet) {
                out.push(MrouteOut::Upcall(Upcall { kind: UpcallKind::NoCache, vif, flow }));
                out.push(MrouteOut::Mfc { flow, entry: None });
            }
            return;
        };
        let entry = &mut self.entries[at].1;
        entry.counters.packets += 1;
        entry.counters.bytes += octets as u64;
        if entry.iif != vif {
            entry.counters.wrong_if += 1;
            if entry.may_assert(now, vif, self.register.is_some()) {
                entry.asserted = Some(jiffies(now));
                out.push(MrouteOut::Upcall(Upcall { kind: UpcallKind::WrongVif, vif, flow }));
            }
            return;
        }
        if let Some(counters) = self.vifs.get_mut(vif.index()) {
            counters.packets_in += 1;
            counters.bytes_in += octets as u64;
        }
        let up = self.exist & !self.down;
        // The kernel walks the interfaces from the last to the first.
        for (n, counters) in self.vifs.iter_mut().enumerate().rev() {
            let is_out = up & 1 << n != 0 && ttl > entry.thresholds[n];
            let Some(oif) = Vif::new(n).filter(|_| is_out) else { continue };
            counters.packets_out += 1;
            counters.bytes_out += octets as u64;
            if self.register == Some(oif) {
                let kind = UpcallKind::WholePacket;
                let upcall = Upcall { kind, vif: oif, flow };
                out.push(MrouteOut::WholePacket { upcall, packet: packet.clone() });
                continue;
            }
            let packet = reader.lowered(packet, octets);
            out.push(MrouteOut::Forward { vif: oif, to: destination, packet });
        }
    }
}

impl Entry {
    /// Whether a datagram on a wrong interface makes an upcall: only where the flow goes out unless PIM
    /// is on, and not too often.
    fn may_assert(&self, now: Instant, vif: Vif, has_pim: bool) -> bool {
        let long_ago = |tick| jiffies(now) - tick > ticks(ASSERT_INTERVAL);
        let is_out = self.thresholds[vif.index()] < NOT_OUT;
        (is_out || has_pim) && self.asserted.is_none_or(long_ago)
    }
}

/// The group, if datagrams to it are routed at all.
fn routed(destination: IpAddr) -> Option<Group> {
    Group::new(destination).filter(|group| !group.is_link_local())
}
