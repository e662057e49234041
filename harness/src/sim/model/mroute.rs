//! Multicast forwarding as the Linux kernel does it in one network namespace (net/ipv4/ipmr.c).
//!
//! Decides what becomes of a datagram that comes in on a virtual interface: which copies leave, what
//! is counted, what waits for an entry, and what the owner of multicast routing is asked. Asserts are
//! on and PIM is off, as castnet's router opens its socket. A virtual interface is its device's only
//! one. Refuses to know devices and routes: of a device it is told whether it is up, and no datagram
//! of the namespace's own comes by here.

mod reader;
mod unresolved;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use castnet::addr::Group;
use castnet::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use castnet::mfc::upcall::{Upcall, UpcallKind};
use castnet::mfc::vif::Vif;
use castnet::time::Instant;
use castnet::wire::ipv4::{IGMP, Ipv4Packet};
use smallvec::SmallVec;

use super::is_taken_in;
use super::jiffies::{jiffies, ticks};
pub use reader::{Header, Reader};
use unresolved::Unresolved;

/// An entry asks because of a wrong interface once in so long, and a tick (`MFC_ASSERT_THRESH`).
const ASSERT_INTERVAL: Duration = Duration::from_secs(3);

/// The threshold of an interface that is not among an entry's `oifs`.
const NOT_OUT: u8 = 255;

/// What the kernel does and tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// The packet, its TTL lowered, leaves through the interface.
    Forward {
        /// The interface.
        vif: Vif,
        /// Its destination.
        to: Ipv4Addr,
        /// The whole IPv4 packet; all interfaces share one.
        packet: Rc<[u8]>,
    },
    /// The owner is asked.
    Upcall(Upcall),
    /// A change of the cache, as netlink tells it.
    Mfc {
        /// The flow.
        flow: Flow,
        /// How it is forwarded now; `None` if it is not, or waits to be resolved.
        entry: Option<MfcEntry>,
    },
}

/// Why the owner's request was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The virtual interface exists.
    #[error("{0} is in use")]
    VifInUse(Vif),
    /// Nobody owns multicast routing.
    #[error("nobody has opened multicast routing")]
    NotOpen,
}

/// The multicast routing table of a namespace.
#[derive(Clone, Debug, Default)]
pub struct Mroute {
    is_open: bool,
    /// A bit for each virtual interface that there is.
    exist: u32,
    /// The devices behind them that are down, vif or not.
    down: u32,
    /// By [`Vif::index`]; what does not exist has counted nothing.
    vifs: SmallVec<[VifCounters; 4]>,
    /// In the order of the flows. The first is in place: most routers of a large network have no other.
    entries: SmallVec<[(Flow, Entry); 1]>,
    unresolved: Unresolved,
}

/// An entry of the cache.
#[derive(Clone, Debug)]
struct Entry {
    iif: Vif,
    /// What the TTL has to be greater than, by [`Vif::index`].
    thresholds: [u8; Vif::MAX],
    counters: FlowCounters,
    /// The tick of the last WRONGVIF upcall.
    asserted: Option<u64>,
}

impl Mroute {
    /// A namespace in which nobody routes multicast.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Somebody takes over multicast routing (`MRT_INIT`).
    pub const fn open(&mut self) {
        self.is_open = true;
    }

    /// The owner's socket is closed: its interfaces and entries go, and what waits.
    pub fn close(&mut self, out: &mut Vec<Out>) {
        self.is_open = false;
        self.exist = 0;
        self.vifs.clear();
        let flows = std::mem::take(&mut self.entries).into_iter().map(|(flow, _)| flow);
        let flows = flows.chain(self.unresolved.clear());
        out.extend(flows.map(|flow| Out::Mfc { flow, entry: None }));
    }

    /// A device takes part from now on (`MRT_ADD_VIF`). Its own TTL threshold has no effect in Linux.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn add_vif(&mut self, vif: Vif) -> Result<(), Refused> {
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
        Ok(())
    }

    /// A device takes part no longer (`MRT_DEL_VIF`). Entries keep it, and forward nothing to it.
    pub fn delete_vif(&mut self, vif: Vif) {
        self.exist &= !(1 << vif.index());
        if let Some(counters) = self.vifs.get_mut(vif.index()) {
            *counters = VifCounters::default();
        }
    }

    /// Forwards the flow as the entry says (`MRT_ADD_MFC`). One that exists keeps its counters; to a
    /// new one the datagrams that waited for it are handed. An outgoing interface that does not
    /// exist is left out.
    ///
    /// # Errors
    /// [`Refused::NotOpen`].
    pub fn set_mfc(
        &mut self,
        now: Instant,
        entry: &MfcEntry,
        out: &mut Vec<Out>,
    ) -> Result<(), Refused> {
        if !self.is_open {
            return Err(Refused::NotOpen);
        }
        let mut thresholds = [NOT_OUT; Vif::MAX];
        for (&oif, &threshold) in entry.oifs.iter().filter(|&(&oif, _)| self.has_vif(oif)) {
            // castnet asks for 1, because 0 would mean that the interface is not outgoing.
            thresholds[oif.index()] = threshold.max(1);
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
        out.push(Out::Mfc { flow, entry: self.entry(flow) });
        Ok(())
    }

    /// Forgets the flow's entry (`MRT_DEL_MFC`); nothing happens if it has none, even if datagrams
    /// wait for one.
    pub fn delete_mfc(&mut self, flow: Flow, out: &mut Vec<Out>) {
        if let Ok(at) = self.find(flow) {
            self.entries.remove(at);
            out.push(Out::Mfc { flow, entry: None });
        }
    }

    /// What the flow's entry counted (`SIOCGETSGCNT`); `None` if there is no entry.
    #[must_use]
    pub fn flow_counters(&self, flow: Flow) -> Option<FlowCounters> {
        Some(self.entries[self.find(flow).ok()?].1.counters)
    }

    /// What the interface counted (`SIOCGETVIFCNT`); `None` if there is no such interface.
    #[must_use]
    pub fn vif_counters(&self, vif: Vif) -> Option<VifCounters> {
        self.has_vif(vif).then(|| self.vifs[vif.index()])
    }

    /// The device behind the interface goes down or comes up. Interfaces and entries stay as they
    /// are; nothing leaves there meanwhile.
    pub fn interface(&mut self, vif: Vif, is_up: bool) {
        let bit = 1 << vif.index();
        self.down = if is_up { self.down & !bit } else { self.down | bit };
    }

    /// Whether an IGMP packet that came in on the interface reaches the owner's socket; `is_local`
    /// says whether it is for the namespace itself, by address or by membership. Messages to groups
    /// that are routed are for the owner too.
    #[must_use]
    pub fn hears_igmp(&self, vif: Vif, packet: &Ipv4Packet<'_>, is_local: bool) -> bool {
        let is_routed = || routed(packet.destination).is_some() && self.has_vif(vif);
        self.is_open
            && packet.protocol == IGMP
            && is_taken_in(packet.source, packet.destination)
            && (is_local || is_routed())
    }

    /// A multicast packet that the namespace is no member for came in on the device of the interface.
    /// What is not routed is left alone: IGMP, groups of the link, unreadable headers, and all that
    /// comes in where there is no virtual interface.
    pub fn forward(
        &mut self,
        now: Instant,
        vif: Vif,
        packet: &Rc<[u8]>,
        reader: &mut Reader,
        out: &mut Vec<Out>,
    ) {
        if self.has_vif(vif) && self.down & 1 << vif.index() == 0 {
            self.input(now, vif, packet, reader, out);
        }
    }

    /// When to call [`Self::expire`], at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.unresolved.deadline()
    }

    /// Gives up what has waited too long for an entry; harmless at any time.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<Out>) {
        let flows = self.unresolved.expire(now).into_iter();
        out.extend(flows.map(|flow| Out::Mfc { flow, entry: None }));
    }

    /// Where the flow's entry is, or would be.
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
        out: &mut Vec<Out>,
    ) {
        let Some(ip) = reader.header(packet) else { return };
        let Some(flow) = ip.flow else { return };
        let Ok(at) = self.find(flow) else {
            if self.unresolved.wait(now, flow, vif, packet) {
                out.push(Out::Upcall(Upcall { kind: UpcallKind::NoCache, vif, flow }));
                out.push(Out::Mfc { flow, entry: None });
            }
            return;
        };
        let entry = &mut self.entries[at].1;
        entry.counters.packets += 1;
        entry.counters.bytes += ip.octets as u64;
        if entry.iif != vif {
            entry.counters.wrong_if += 1;
            if entry.may_assert(now, vif) {
                entry.asserted = Some(jiffies(now));
                out.push(Out::Upcall(Upcall { kind: UpcallKind::WrongVif, vif, flow }));
            }
            return;
        }
        if let Some(counters) = self.vifs.get_mut(vif.index()) {
            counters.packets_in += 1;
            counters.bytes_in += ip.octets as u64;
        }
        let up = self.exist & !self.down;
        // The kernel goes through them from the last to the first.
        for (n, counters) in self.vifs.iter_mut().enumerate().rev() {
            let is_out = up & 1 << n != 0 && ip.ttl > entry.thresholds[n];
            let Some(oif) = Vif::new(n).filter(|_| is_out) else { continue };
            counters.packets_out += 1;
            counters.bytes_out += ip.octets as u64;
            let packet = reader.lowered(packet, &ip);
            out.push(Out::Forward { vif: oif, to: ip.destination, packet });
        }
    }
}

impl Entry {
    /// Whether a datagram on a wrong interface is worth an upcall: only where it would go out, and
    /// not too often.
    fn may_assert(&self, now: Instant, vif: Vif) -> bool {
        let long_ago = |tick| jiffies(now) - tick > ticks(ASSERT_INTERVAL);
        self.thresholds[vif.index()] < NOT_OUT && self.asserted.is_none_or(long_ago)
    }
}

/// The group, if datagrams for it are routed at all.
fn routed(destination: Ipv4Addr) -> Option<Group> {
    Group::new(IpAddr::V4(destination)).filter(|group| !group.is_link_local())
}
