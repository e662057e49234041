//! The host side of IGMP on one link: the machine of [`crate::gmp::reception`] behind packets.
//!
//! Owns what RFC 2236 section 6 and RFC 9776 sections 5 and 9 require of messages that a host hears.
//! Like the router it has no socket and no clock: packets and the time go in, packets come out.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{encode, read};
use crate::addr::{Family, Group};
use crate::gmp::message::{Form, Message, NotOfGroup, Query, Report, Version};
use crate::gmp::params::HostParams;
use crate::gmp::reception::filter::{Socket, SourceFilter};
use crate::gmp::reception::{Cx, Reception};
use crate::ignored::Ignored;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::Unencodable;
use crate::wire::ip::{Datagram, Header, Packet};

/// A host on one link.
#[derive(Debug)]
pub struct Host {
    address: IpAddr,
    version: Version,
    reception: Reception,
    rng: Rng,
    said: VecDeque<Report>,
}

impl Host {
    /// A host with this address and without memberships.
    #[must_use]
    pub fn new(params: HostParams, address: IpAddr, rng: Rng) -> Self {
        let version = params.version;
        let reception = Reception::new(Family::V4, params);
        Self { address, version, reception, rng, said: VecDeque::new() }
    }

    /// The state of the host.
    #[must_use]
    pub const fn reception(&self) -> &Reception {
        &self.reception
    }

    /// The socket wants these sources of the group from now on (RFC3376-3.1-01).
    pub fn listen(&mut self, now: Instant, socket: Socket, group: Group, wish: SourceFilter) {
        self.with(now, |reception, cx| reception.listen(cx, socket, group, wish));
    }

    /// The first socket joins the group (RFC1112-7.2-03).
    pub fn join(&mut self, now: Instant, group: Group) {
        self.listen(now, 0, group, SourceFilter::all());
    }

    /// The last socket leaves the group (RFC1112-7.2-03).
    pub fn leave(&mut self, now: Instant, group: Group) {
        self.listen(now, 0, group, SourceFilter::nothing());
    }

    /// The link was down and is up again ([`Reception::link_returned`]).
    pub fn link_returned(&mut self, now: Instant) {
        self.with(now, Reception::link_returned);
    }

    /// Serves every timer that has expired; harmless at any time.
    pub fn expire(&mut self, now: Instant) {
        self.with(now, Reception::expire);
    }

    /// When [`Host::expire`] must be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.reception.deadline().map(|deadline| deadline.at)
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
        let message = read(packet, self.version)?.message;
        if source == self.address {
            return Err(Ignored::Own);
        }
        match message {
            Message::Query(query) => {
                self.check_query(&packet.header, &query)?;
                self.with(now, |reception, cx| reception.heard_query(cx, &query));
            }
            // RFC1112-I-03
            Message::Report(report) if report.is_leave() => return Err(Ignored::LeaveAtHost),
            // RFC2236-5-01, RFC2236-6-02; a Report of version 3 suppresses none (RFC3376-5-02).
            Message::Report(report) if report.version != Version::V3 => {
                for (group, _) in report.records {
                    if group.is_all_hosts() {
                        return Err(Ignored::AllHosts); // RFC2236-6-08
                    }
                    self.reception.heard_report(now, group);
                }
            }
            Message::Report(_) => {}
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

    /// What RFC 9776 asks of a Query by its IP header, for a host of version 3.
    fn check_query(&self, header: &Header, query: &Query) -> Result<(), Ignored> {
        if self.version != Version::V3 {
            return Ok(());
        }
        // RFC3376-5.2-02, RFC3376-9.1-02
        if query.version != Version::V1 && !header.router_alert {
            return Err(Ignored::Unwanted("a Query without the Router Alert option".to_owned()));
        }
        // RFC3376-9.1-03
        let all_hosts = Family::V4.all_hosts().addr();
        if query.group.is_none() && header.destination != all_hosts {
            return Err(Ignored::Misaddressed(header.destination));
        }
        Ok(())
    }

    /// The next packet to be sent; `None` when there are no more.
    ///
    /// # Errors
    /// The message cannot be encoded, for example for a group of IPv6; it is not sent.
    pub fn poll(&mut self) -> Option<Result<Datagram, Unencodable>> {
        let said = Message::Report(self.said.pop_front()?);
        Some(encode(self.address, &said))
    }

    fn with(&mut self, now: Instant, act: impl FnOnce(&mut Reception, &mut Cx<'_>)) {
        let mut cx = Cx { now, rng: &mut self.rng, out: &mut self.said };
        act(&mut self.reception, &mut cx);
    }
}
