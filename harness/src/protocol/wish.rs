//! What a record says about its host's membership.

use std::net::IpAddr;

use castnet::addr::Group;
use castnet::gmp::message::{Message, Record, RecordType, Report};

/// What a record says about its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The host wants datagrams, of some sources at least: it joins, or is a member still.
    Member,
    /// The host no longer wants datagrams of any source: it leaves.
    Leave,
    /// The host no longer wants datagrams of some sources (RFC3376-4.2.12-01).
    FewerSources,
    /// No change that an observer can see: an empty list of wanted or of new sources.
    Nothing,
}

/// What the record says about its group. Older messages are records too (RFC3376-7.3.2-02).
#[must_use]
pub fn wish(record: &Record) -> Wish {
    match record.kind() {
        RecordType::IsEx | RecordType::ToEx => Wish::Member,
        RecordType::ToIn if record.sources().is_empty() => Wish::Leave,
        RecordType::IsIn | RecordType::Allow if record.sources().is_empty() => Wish::Nothing,
        RecordType::IsIn | RecordType::ToIn | RecordType::Allow => Wish::Member,
        RecordType::Block => Wish::FewerSources,
    }
}

/// Whether the message says this about the group, in any of its records.
#[must_use]
pub fn tells(message: &Message, group: Group, wanted: Wish) -> bool {
    let tells = |(of, record): &(Group, Record)| *of == group && wish(record) == wanted;
    matches!(message, Message::Report(report) if report.records.iter().any(tells))
}

/// The groups that a Report asks for.
pub fn wanted(report: &Report) -> impl Iterator<Item = Group> {
    let wants = |(_, record): &&(Group, Record)| wish(record) == Wish::Member;
    report.records.iter().filter(wants).map(|(group, _)| *group)
}

/// Whether every record of the message ends a membership, or a part of one.
#[must_use]
pub fn takes_back(message: &Message) -> bool {
    let back =
        |(_, record): &(Group, Record)| matches!(wish(record), Wish::Leave | Wish::FewerSources);
    matches!(message, Message::Report(report)
        if !report.records.is_empty() && report.records.iter().all(back))
}

/// Whether the last record of the message that says anything of the source says that its host wants
/// it; `None` if no record does.
#[must_use]
pub fn wants(message: &Message, group: Group, source: IpAddr) -> Option<bool> {
    let Message::Report(report) = message else { return None };
    let of_group = report.records.iter().filter(|(of, _)| *of == group);
    of_group.rev().find_map(|(_, record)| of_source(record, source))
}

/// Whether the record says that its host wants the source, or that it does not.
#[must_use]
pub fn of_source(record: &Record, source: IpAddr) -> Option<bool> {
    match record {
        Record::IsIn(sources) | Record::ToIn(sources) => Some(sources.contains(&source)),
        Record::IsEx(sources) | Record::ToEx(sources) => Some(!sources.contains(&source)),
        Record::Allow(sources) => sources.contains(&source).then_some(true),
        Record::Block(sources) => sources.contains(&source).then_some(false),
    }
}
