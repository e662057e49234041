//! Injected messages, and their deliberate flaws.
//!
//! Decides message, header and flaws; [`crate::capture::encode`] makes the octets when the packet
//! is sent.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::Message;
use castnet::time::Instant;
use castnet::wire::ip::Header;
use serde::{Deserialize, Serialize};

use super::{Port, PortId};
use crate::protocol::delivery::{all_hosts, destination};
use crate::scenario::{Inject, InjectedMessage, Querier};
use crate::vocabulary::kind::query;

/// A packet that is sent once or more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Injection {
    /// The interface that it leaves on.
    pub port: PortId,
    /// The group that its frame is addressed to.
    pub to: IpAddr,
    /// The header of the packet.
    pub header: Header,
    /// What is in the packet.
    pub payload: Payload,
    /// The deliberate flaws of the payload.
    pub flaws: Flaws,
    /// Time from one to the next.
    pub every: Duration,
    /// How often.
    pub times: u32,
}

/// What an injected packet carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Payload {
    /// A message.
    Message(Message),
    /// Arbitrary octets.
    Octets(Vec<u8>),
}

/// Changes to a payload before it is sent, in this order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Flaws {
    /// The number of zero octets appended, which the checksum covers.
    pub pad: usize,
    /// The number of octets kept.
    pub truncate: Option<usize>,
    /// Whether the checksum stays right.
    pub good_checksum: bool,
}

impl Injection {
    /// When the nth packet, from 0, of a series that began at `began` is due; `None` after the
    /// last.
    #[must_use]
    pub fn due(&self, began: Instant, nth: u64) -> Option<Instant> {
        let nth = u32::try_from(nth).ok().filter(|&nth| nth < self.times)?;
        Some(began + self.every.saturating_mul(nth))
    }
}

/// The packet of an act; `own` is the interface that it leaves on.
///
/// # Errors
/// Why the packet cannot be made.
pub(super) fn injection(inject: &Inject, port: PortId, own: &Port) -> Result<Injection, String> {
    let source = inject.source.map_or_else(|| address(own), Ok)?;
    let payload = payload(&inject.message, Family::of(source))?;
    let to = match &inject.to {
        Some(to) => to.value,
        None => usual(&payload, source)?,
    };
    let (hop_limit, router_alert) = (inject.ttl, inject.router_alert);
    let header = Header { hop_limit, router_alert, ..Header::gmp(source, to) };
    let Inject { pad, truncate, good_checksum, .. } = *inject;
    let flaws = Flaws { pad, truncate, good_checksum };
    let (every, times) = (inject.repeat.every, inject.repeat.times);
    Ok(Injection { port, to, header, payload, flaws, every, times })
}

/// The General Queries of a scripted querier.
///
/// # Errors
/// Why the packet cannot be made.
pub(super) fn periodic(querier: &Querier, port: PortId, own: &Port) -> Result<Injection, String> {
    let own = address(own)?;
    let payload = Payload::Message(query(Family::of(own), None, querier.max_resp));
    let to = usual(&payload, own)?;
    let flaws = Flaws { pad: 0, truncate: None, good_checksum: true };
    let (header, every) = (Header::gmp(own, to), querier.query_interval);
    Ok(Injection { port, to, header, payload, flaws, every, times: u32::MAX })
}

/// The address that an interface sends messages from.
fn address(own: &Port) -> Result<IpAddr, String> {
    own.speaks_from().ok_or_else(|| "a port of a switch has no address to send from".to_owned())
}

/// 10 s, the default Query Response Interval (RFC2236-8.3-01).
const DEFAULT_MAX_RESP: Duration = Duration::from_secs(10);

fn payload(written: &InjectedMessage, family: Family) -> Result<Payload, String> {
    let (kind, group, max_resp) = match written {
        InjectedMessage::Octets(octets) => return Ok(Payload::Octets(octets.clone())),
        InjectedMessage::Fields { kind, group, max_resp } => (*kind, *group, *max_resp),
    };
    let max_resp = max_resp.unwrap_or(DEFAULT_MAX_RESP);
    let message = kind.message(family, group, max_resp);
    message
        .map(Payload::Message)
        .ok_or_else(|| format!("a {} cannot be made from fields", kind.word()))
}

/// The destination that the RFC requires; raw octets go to all hosts.
fn usual(payload: &Payload, source: IpAddr) -> Result<IpAddr, String> {
    let to = match payload {
        Payload::Message(message) => destination(message, source),
        Payload::Octets(_) => Some(all_hosts(source)),
    };
    to.ok_or_else(|| "no RFC says where this message goes".to_owned())
}
