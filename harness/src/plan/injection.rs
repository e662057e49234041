//! Injected messages, and their deliberate flaws.
//!
//! Decides message, header and flaws; [`crate::capture::encode`] makes the octets when the packet
//! is sent.

use std::net::IpAddr;
use std::time::Duration;

use castnet::addr::Family;
use castnet::gmp::message::{Message, Query, Record, RecordType, Report, Sources, Version};
use castnet::time::Instant;
use castnet::wire::ip::Header;
use serde::{Deserialize, Serialize};

use super::topology::Topology;
use super::{Port, PortId};
use crate::protocol::delivery::{all_hosts, destination};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::{Inject, InjectedMessage, InjectedQuery, PacketKind, Querier};
use crate::vocabulary::kind::oldest_version;

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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flaws {
    /// The auxiliary data of each record of a version 3 Report, which no host may send
    /// (RFC3376-4.2.10-01); empty without any.
    pub aux: Vec<Vec<u8>>,
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

/// The packet of an act with this payload; `own` is the interface that it leaves on.
///
/// # Errors
/// Why the packet cannot be made.
pub(super) fn injection(
    inject: &Inject,
    (payload, aux): (Payload, Vec<Vec<u8>>),
    port: PortId,
    own: &Port,
) -> Result<Injection, String> {
    let source = inject.source.map_or_else(|| address(own), Ok)?;
    let to = match &inject.to {
        Some(to) => to.value,
        None => usual(&payload, source)?,
    };
    let (hop_limit, router_alert) = (inject.ttl, inject.router_alert);
    let header = Header { hop_limit, router_alert, ..Header::gmp(source, to) };
    let Inject { pad, truncate, good_checksum, .. } = *inject;
    let flaws = Flaws { aux, pad, truncate, good_checksum };
    let (every, times) = (inject.repeat.every, inject.repeat.times);
    Ok(Injection { port, to, header, payload, flaws, every, times })
}

/// The General Queries of a scripted querier.
///
/// # Errors
/// Why the packet cannot be made.
pub(super) fn periodic(querier: &Querier, port: PortId, own: &Port) -> Result<Injection, String> {
    let own = address(own)?;
    let max_resp = querier.max_resp;
    let version = oldest_version(Family::of(own), max_resp);
    let payload = Payload::Message(Message::Query(Query::older(version, None, max_resp)));
    let to = usual(&payload, own)?;
    let flaws = Flaws { aux: Vec::new(), pad: 0, truncate: None, good_checksum: true };
    let (header, every) = (Header::gmp(own, to), querier.query_interval);
    Ok(Injection { port, to, header, payload, flaws, every, times: u32::MAX })
}

/// The address that an interface sends messages from.
fn address(own: &Port) -> Result<IpAddr, String> {
    own.speaks_from().ok_or_else(|| "a port of a switch has no address to send from".to_owned())
}

/// What an act's packet carries, and the auxiliary data of its records.
pub(super) fn payload(
    written: &InjectedMessage,
    topology: &Topology,
    faults: &mut Diagnostics,
) -> Option<(Payload, Vec<Vec<u8>>)> {
    let message = match written {
        InjectedMessage::Octets(octets) => {
            return Some((Payload::Octets(octets.clone()), Vec::new()));
        }
        InjectedMessage::Query(query) => {
            let sources = topology.listed(&query.sources, faults)?;
            Message::Query(asked(query, sources))
        }
        InjectedMessage::Older(PacketKind::Leave, group) => Message::Report(Report::leave(*group)),
        InjectedMessage::Older(kind, group) => {
            let is_v1 = *kind == PacketKind::V1Report;
            let version = if is_v1 { Version::V1 } else { Version::V2 };
            Message::Report(Report::of_group(version, *group))
        }
        InjectedMessage::Records(written) => {
            let records = written.iter().map(|record| {
                let sources = topology.listed(&record.sources, faults)?;
                Some((record.group, told(record.kind, sources)))
            });
            let records = records.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
            let aux = written.iter().map(|record| record.aux.clone()).collect();
            let message = Message::Report(Report { version: Version::V3, records });
            return Some((Payload::Message(message), aux));
        }
    };
    Some((Payload::Message(message), Vec::new()))
}

fn asked(query: &InjectedQuery, sources: Sources) -> Query {
    let InjectedQuery { version, group, max_resp, suppress, .. } = *query;
    let older = Query::older(version, group, max_resp);
    match version {
        Version::V1 | Version::V2 => older,
        Version::V3 => Query {
            sources,
            suppress,
            qrv: Some(query.robustness),
            qqi: Some(query.query_interval),
            ..older
        },
    }
}

fn told(kind: RecordType, sources: Sources) -> Record {
    match kind {
        RecordType::IsIn => Record::IsIn(sources),
        RecordType::IsEx => Record::IsEx(sources),
        RecordType::ToIn => Record::ToIn(sources),
        RecordType::ToEx => Record::ToEx(sources),
        RecordType::Allow => Record::Allow(sources),
        RecordType::Block => Record::Block(sources),
    }
}

/// The destination that the RFC requires; raw octets go to all hosts.
fn usual(payload: &Payload, source: IpAddr) -> Result<IpAddr, String> {
    let to = match payload {
        Payload::Message(message) => destination(message, source),
        Payload::Octets(_) => Some(all_hosts(source)),
    };
    to.ok_or_else(|| "no RFC says where this message goes".to_owned())
}
