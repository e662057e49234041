//! The host side of IGMP on one link: the machine of [`crate::gmp::listener`] behind packets.
//!
//! Owns what RFC 2236 section 6 says of valid messages, and which message says what. Like the router
//! it has no socket and no clock: packets and the time go in, packets come out.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::{ALL_ROUTERS, decode_packet, queried_group, reported_group};
use crate::addr::Group;
use crate::event::Ignored;
use crate::gmp::listener::{Cx, Listener, QueryHeard, Say};
use crate::gmp::params::{HostParams, Version};
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::Unencodable;
use crate::wire::igmp::Message;
use crate::wire::ipv4;

/// A host on one link.
#[derive(Debug)]
pub struct Host {
    address: Ipv4Addr,
    listener: Listener,
    rng: Rng,
    said: VecDeque<Say>,
}

impl Host {
    /// A host with this address that is a member of nothing yet.
    #[must_use]
    pub fn new(params: HostParams, address: Ipv4Addr, rng: Rng) -> Self {
        Self { address, listener: Listener::new(params), rng, said: VecDeque::new() }
    }

    /// What the host knows.
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

    /// When to call [`Host::expire`], at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.listener.deadline().map(|deadline| deadline.at)
    }

    /// Hands the host an IPv4 packet that came in on the link.
    ///
    /// # Errors
    /// Why it was ignored; it has then changed nothing.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Ignored> {
        let (packet, message) = decode_packet(bytes)?;
        if packet.source == self.address {
            return Err(Ignored::Own);
        }
        match message {
            Message::Query(query) => {
                let group = queried_group(query.group)?; // RFC2236-6-01
                // RFC2236-4-01
                let version = if query.max_resp_code == 0 { Version::V1 } else { Version::V2 };
                let heard = QueryHeard { version, group, max_resp: query.max_resp_v2() };
                self.with(now, |listener, cx| listener.heard_query(cx, heard));
            }
            // RFC2236-5-01, RFC2236-6-02
            Message::V1Report { group } | Message::V2Report { group } => {
                self.listener.heard_report(reported_group(group)?);
            }
            // RFC1112-I-03
            Message::Leave { .. } => return Err(Ignored::LeaveAtHost),
            Message::V3Report(_) => return Err(Ignored::UnknownType(message.kind())),
            Message::Unknown { kind } => return Err(Ignored::UnknownType(kind)),
        }
        Ok(())
    }

    /// The next packet to be sent, until there is none.
    ///
    /// # Errors
    /// What cannot be said in a message, such as a group that is not of IPv4; it is not sent.
    pub fn poll(&mut self) -> Option<Result<Vec<u8>, Unencodable>> {
        loop {
            let say = self.said.pop_front()?;
            if let Some((destination, message)) = message(say) {
                return Some(ipv4::encode_igmp(self.address, destination, &message));
            }
        }
    }

    fn with(&mut self, now: Instant, act: impl FnOnce(&mut Listener, &mut Cx<'_>)) {
        let mut cx = Cx { now, rng: &mut self.rng, out: &mut self.said };
        act(&mut self.listener, &mut cx);
    }
}

/// Where a message goes, and what it is; `None` for a group that is not of IPv4.
fn message(say: Say) -> Option<(Ipv4Addr, Message)> {
    Some(match say {
        Say::Report { version, group } => {
            let group = group.v4()?;
            let report = match version {
                Version::V1 => Message::V1Report { group },
                Version::V2 => Message::V2Report { group },
            };
            (group, report) // RFC2236-3-12
        }
        // RFC2236-9-01
        Say::Leave { group } => (ALL_ROUTERS, Message::Leave { group: group.v4()? }),
    })
}
