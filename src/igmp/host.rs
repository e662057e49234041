//! The host side of IGMP on one link: the machine of [`crate::gmp::listener`] behind packets.
//!
//! Owns what RFC 2236 section 6 requires of valid messages, and which message carries which
//! meaning. Like the router it has no socket and no clock: packets and the time go in, packets come
//! out.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{encode, read};
use crate::addr::{Family, Group};
use crate::gmp::listener::{Cx, Listener, QueryHeard, Say};
use crate::gmp::message::{Form, Message, NotOfGroup, Query, Report, Version};
use crate::gmp::params::HostParams;
use crate::ignored::Ignored;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::Unencodable;
use crate::wire::ip::{Datagram, Header, Packet};

/// A host on one link.
#[derive(Debug)]
pub struct Host {
    address: IpAddr,
    listener: Listener,
    rng: Rng,
    said: VecDeque<Say>,
}

impl Host {
    /// A host with this address and without memberships.
    #[must_use]
    pub fn new(params: HostParams, address: IpAddr, rng: Rng) -> Self {
        Self { address, listener: Listener::new(params), rng, said: VecDeque::new() }
    }

    /// The state of the host.
    #[must_use]
    pub const fn listener(&self) -> &Listener {
        &self.listener
    }

    /// The first socket joins the group (RFC1112-7.2-03).
    pub fn join(&mut self, now: Instant, group: Group) {
        self.with(now, |listener, cx| listener.join(cx, group));
    }

    /// The last socket leaves the group (RFC1112-7.2-03).
    pub fn leave(&mut self, now: Instant, group: Group) {
        self.with(now, |listener, cx| listener.leave(cx, group));
    }

    /// Serves every timer that has expired; harmless at any time.
    pub fn expire(&mut self, now: Instant) {
        self.with(now, Listener::expire);
    }

    /// When [`Host::expire`] must be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.listener.deadline().map(|deadline| deadline.at)
    }

    /// Hands the host an IGMP packet that came in on the link.
    ///
    /// # Errors
    /// Why the packet was ignored; the host is then unchanged.
    pub fn receive(&mut self, now: Instant, packet: &Packet<'_>) -> Result<(), Ignored> {
        let Header { protocol, source, .. } = packet.header;
        if protocol != Family::V4.gmp_protocol() {
            return Err(Ignored::UnknownProtocol(protocol));
        }
        let message = read(packet, Version::V2)?.message;
        if source == self.address {
            return Err(Ignored::Own);
        }
        match message {
            Message::Query(Query { version, group, max_resp, .. }) => {
                let heard = QueryHeard { version, group, max_resp };
                self.with(now, |listener, cx| listener.heard_query(cx, heard));
            }
            // RFC1112-I-03
            Message::Report(report) if report.is_leave() => return Err(Ignored::LeaveAtHost),
            // RFC2236-5-01, RFC2236-6-02
            Message::Report(report) => {
                for (group, _) in report.records {
                    if group.is_all_hosts() {
                        return Err(Ignored::AllHosts); // RFC2236-6-08
                    }
                    self.listener.heard_report(group);
                }
            }
            Message::NotOfGroup(NotOfGroup { form: Form::Leave, .. }) => {
                return Err(Ignored::LeaveAtHost);
            }
            Message::NotOfGroup(NotOfGroup { address, .. }) => {
                return Err(Ignored::NotMulticast(address)); // RFC2236-6-01
            }
            Message::Unknown(kind) => return Err(Ignored::UnknownType(kind)),
        }
        Ok(())
    }

    /// The next packet to be sent; `None` when there are no more.
    ///
    /// # Errors
    /// The message cannot be encoded, for example for a group of IPv6; it is not sent.
    pub fn poll(&mut self) -> Option<Result<Datagram, Unencodable>> {
        let said = match self.said.pop_front()? {
            Say::Report { version, group } => Report::of_group(version, group),
            Say::Leave { group } => Report::leave(group),
        };
        Some(encode(self.address, &Message::Report(said)))
    }

    fn with(&mut self, now: Instant, act: impl FnOnce(&mut Listener, &mut Cx<'_>)) {
        let mut cx = Cx { now, rng: &mut self.rng, out: &mut self.said };
        act(&mut self.listener, &mut cx);
    }
}
