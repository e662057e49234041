//! The host side of IGMP or MLD on one link: the machine of [`crate::gmp::reception`] behind packets.
//!
//! Owns what the host does with a message that is valid: RFC 2236 section 6, RFC 9776 sections 5 and 9,
//! RFC 2710 section 4, RFC 9777 section 6, and RFC 4604 section 2.2. `igmp` and `mld` say which ones
//! are. Like the router it has no socket and no clock: packets and the time go in, packets come out.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::addr::{Family, Group};
use crate::gmp::message::{Form, Message, NotOfGroup, Query, Report, Version};
use crate::gmp::params::HostParams;
use crate::gmp::reception::filter::{Socket, SourceFilter};
use crate::gmp::reception::{Cx, Reception};
use crate::igmp;
use crate::ignored::Ignored;
use crate::mld;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::Unencodable;
use crate::wire::ip::{Datagram, Packet};

/// A join that names no sources, of a group of source-specific multicast (RFC4604-2.1-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is for source-specific multicast: a join needs sources")]
pub struct NeedsSources(pub Group);

/// A host on one link.
#[derive(Clone, Debug)]
pub struct Host {
    /// What it speaks from: in IPv6 its link-local address (RFC3810-5.2.13-01), or `::` while it has
    /// none (RFC3590-4-01).
    address: IpAddr,
    params: HostParams,
    reception: Reception,
    rng: Rng,
    said: VecDeque<Report>,
}

impl Host {
    /// A host without memberships that speaks from this address, whose family it is of.
    #[must_use]
    pub fn new(params: HostParams, address: IpAddr, rng: Rng) -> Self {
        let reception = Reception::new(Family::of(address), params);
        Self { address, params, reception, rng, said: VecDeque::new() }
    }

    const fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// Speaks from this address from now on, and reports every group again, since routers ignore what
    /// came from `::` (RFC3810-5.2.13-03, RFC3590-4-02).
    pub fn readdress(&mut self, now: Instant, address: IpAddr) {
        self.address = address;
        self.link_returned(now);
    }

    /// What it speaks from.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Its parameters.
    #[must_use]
    pub const fn params(&self) -> &HostParams {
        &self.params
    }

    /// The state of the host.
    #[must_use]
    pub const fn reception(&self) -> &Reception {
        &self.reception
    }

    /// The socket wants these sources of the group from now on (RFC3376-3.1-01, RFC3810-3-01).
    ///
    /// # Errors
    /// [`NeedsSources`]; the state is then unchanged.
    pub fn listen(
        &mut self,
        now: Instant,
        socket: Socket,
        group: Group,
        wish: SourceFilter,
    ) -> Result<(), NeedsSources> {
        let is_any = matches!(wish, SourceFilter::Exclude(_));
        if is_any && self.is_source_specific(group) {
            return Err(NeedsSources(group)); // RFC4604-2.1-01, RFC4604-2.2.2-01, RFC9777-5.2.13-01
        }
        self.with(now, |reception, cx| reception.listen(cx, socket, group, wish));
        Ok(())
    }

    /// The first socket joins the group (RFC1112-7.2-03).
    ///
    /// # Errors
    /// [`NeedsSources`]; the state is then unchanged.
    pub fn join(&mut self, now: Instant, group: Group) -> Result<(), NeedsSources> {
        self.listen(now, 0, group, SourceFilter::all())
    }

    /// The last socket leaves the group (RFC1112-7.2-03).
    pub fn leave(&mut self, now: Instant, group: Group) {
        let nothing = SourceFilter::nothing();
        self.with(now, |reception, cx| reception.listen(cx, 0, group, nothing));
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

    /// Hands the host a packet of its family's group management that came in on the link.
    ///
    /// # Errors
    /// Why the packet was ignored; the host is then unchanged.
    pub fn receive(&mut self, now: Instant, packet: &Packet<'_>) -> Result<(), Ignored> {
        let header = &packet.header;
        let family = self.family();
        if header.protocol != family.gmp_protocol() {
            return Err(Ignored::UnknownProtocol(header.protocol));
        }
        let message = match family {
            Family::V4 => igmp::hear_as_host(self.params.version, packet)?,
            Family::V6 => mld::hear_as_host(self.params.version, packet)?,
        };
        if header.source == self.address {
            return Err(Ignored::Own);
        }
        match message {
            Message::Query(query) => {
                self.check_query(header.destination, &query)?;
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

    /// Whether the host knows the group for one of source-specific multicast.
    fn is_source_specific(&self, group: Group) -> bool {
        let HostParams { source_specific, source_specific_range: range, .. } = self.params;
        source_specific && group.is_source_specific(range)
    }

    /// What a host of the newest version asks of a Query beyond its validity.
    fn check_query(&self, destination: IpAddr, query: &Query) -> Result<(), Ignored> {
        if self.params.version != Version::V3 {
            return Ok(());
        }
        // RFC3376-9.1-03
        if query.group.is_none() && destination != self.family().all_hosts().addr() {
            return Err(Ignored::Misaddressed(destination));
        }
        match query.group {
            // RFC4604-2.2.3-01
            Some(group) if query.version != Version::V3 && self.is_source_specific(group) => {
                Err(Ignored::WithoutSources(group))
            }
            _ => Ok(()),
        }
    }

    /// The next packet to be sent; `None` when there are no more.
    ///
    /// # Errors
    /// The message cannot be encoded, for example for a group of the other family; it is not sent.
    pub fn poll(&mut self) -> Option<Result<Datagram, Unencodable>> {
        let said = Message::Report(self.said.pop_front()?);
        Some(match self.family() {
            Family::V4 => igmp::encode(self.address, &said),
            Family::V6 => mld::encode(self.address, &said),
        })
    }

    fn with(&mut self, now: Instant, act: impl FnOnce(&mut Reception, &mut Cx<'_>)) {
        let mut cx = Cx { now, rng: &mut self.rng, out: &mut self.said };
        act(&mut self.reception, &mut cx);
    }
}
