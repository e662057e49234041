//! Injected messages, made into packets: valid, or wrong in just the way that was asked for.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use castnet::igmp::{ALL_HOSTS, ALL_ROUTERS};
use castnet::time::Instant;
use castnet::wire::igmp::{Message, Query};
use castnet::wire::ipv4::Ipv4Header;

use super::{Port, PortId};
use crate::family::{Unspoken, spoken, spoken_group};
use crate::scenario::{Inject, InjectedMessage, PacketKind, Querier};

/// Where the checksum of an IGMP message is.
const CHECKSUM: std::ops::Range<usize> = 2..4;

/// A packet that is sent once or more.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The interface that it leaves on.
    pub port: PortId,
    /// The group that its frame is addressed to.
    pub to: IpAddr,
    /// The whole IP packet.
    pub packet: Vec<u8>,
    /// Time from one to the next.
    pub every: Duration,
    /// How often.
    pub times: u32,
}

impl Injection {
    /// When the nth packet, from 0, of what began then is due; `None` if there is no such packet.
    #[must_use]
    pub fn due(&self, began: Instant, nth: u64) -> Option<Instant> {
        let nth = u32::try_from(nth).ok().filter(|&nth| nth < self.times)?;
        Some(began + self.every.saturating_mul(nth))
    }
}

/// The packet of an act; `own` is the interface.
///
/// # Errors
/// Why there is no such packet, in words.
pub(super) fn injection(inject: &Inject, port: PortId, own: &Port) -> Result<Injection, String> {
    let (message, usual) = message(&inject.message)?;
    let to = inject.to.as_ref().map_or(Ok(usual), |to| spoken(to.value)).map_err(in_words)?;
    let source =
        inject.source.map_or_else(|| address(own), |given| spoken(given).map_err(in_words))?;
    let header = Ipv4Header {
        ttl: inject.ttl,
        router_alert: inject.router_alert,
        ..Ipv4Header::igmp(source, to)
    };
    let payload = spoiled(inject, message);
    let packet = header.encode(&payload).map_err(|unfit| unfit.to_string())?;
    let (every, times) = (inject.repeat.every, inject.repeat.times);
    Ok(Injection { port, to: to.into(), packet, every, times })
}

/// The General Queries of a scripted querier.
///
/// # Errors
/// Why there is no such packet, in words.
pub(super) fn periodic(querier: &Querier, port: PortId, own: &Port) -> Result<Injection, String> {
    let query = InjectedMessage::Fields {
        kind: PacketKind::GeneralQuery,
        group: None,
        max_resp: Some(querier.max_resp),
    };
    let (message, to) = message(&query)?;
    let packet =
        Ipv4Header::igmp(address(own)?, to).encode(&message).map_err(|unfit| unfit.to_string())?;
    Ok(Injection { port, to: to.into(), packet, every: querier.query_interval, times: u32::MAX })
}

/// The address that an interface sends from.
fn address(own: &Port) -> Result<Ipv4Addr, String> {
    let address = own.address.ok_or("a port of a switch has no address to send from")?;
    spoken(address).map_err(in_words)
}

fn in_words(unspoken: Unspoken<IpAddr>) -> String {
    unspoken.to_string()
}

/// The message, and where the RFC wants it to go.
fn message(written: &InjectedMessage) -> Result<(Vec<u8>, Ipv4Addr), String> {
    let (kind, group, max_resp) = match written {
        InjectedMessage::Octets(octets) => return Ok((octets.clone(), ALL_HOSTS)),
        InjectedMessage::Fields { kind, group, max_resp } => (*kind, *group, *max_resp),
    };
    // RFC2236-2.4-01
    let group = group.map_or(Ok(Ipv4Addr::UNSPECIFIED), spoken_group).map_err(in_words)?;
    let tenths = max_resp.map_or(DEFAULT_CODE, |max_resp| max_resp.as_millis() / 100);
    let query = Message::Query(Query {
        max_resp_code: u8::try_from(tenths).unwrap_or(u8::MAX),
        group,
        v3: None,
    });
    let (message, to) = match kind {
        PacketKind::GeneralQuery => (query, ALL_HOSTS),
        PacketKind::GroupSpecificQuery => (query, group),
        PacketKind::V1Report => (Message::V1Report { group }, group),
        PacketKind::V2Report => (Message::V2Report { group }, group),
        PacketKind::Leave => (Message::Leave { group }, ALL_ROUTERS),
        other => return Err(format!("a {} cannot be made from fields", other.word())),
    };
    let octets = message.encode().map_err(|unfit| unfit.to_string())?;
    Ok((octets, to))
}

/// 10 s, the default Query Response Interval (RFC2236-8.3-01).
const DEFAULT_CODE: u128 = 100;

/// The message with what is wrong with it on purpose.
fn spoiled(inject: &Inject, mut message: Vec<u8>) -> Vec<u8> {
    if inject.pad > 0 {
        message.resize(message.len() + inject.pad, 0);
    }
    if let Some(left) = inject.truncate {
        message.truncate(left);
    }
    // Zeros do not change the checksum, and a truncated message cannot have a right one.
    if !inject.good_checksum
        && let Some(checksum) = message.get_mut(CHECKSUM)
    {
        checksum.iter_mut().for_each(|octet| *octet ^= 0xff);
    }
    message
}
