//! The packets of a host's Reports and Leaves.
//!
//! Owns the order of the records, from the last group joined to the first, after the groups left,
//! and how many records go into one packet. An interface that is down sends nothing.

use std::net::Ipv4Addr;

use castnet::wire::igmp::{GroupRecord, Message, RecordKind, V3Report};
use castnet::wire::ipv4;

use super::{Host, HostOut};

/// The destination of version 3 Reports.
const ALL_V3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// Records without sources that fit the MTU of 1500 after 24 octets of IP and 8 of IGMP.
const RECORDS: usize = (1500 - 24 - 8) / 8;

impl Host {
    /// Sends the changes that are still to be reported.
    pub(super) fn tell_changes(&mut self, out: &mut Vec<HostOut>) {
        let mut records = Vec::new();
        for left in self.left.iter_mut().rev().filter(|left| left.untold > 0) {
            left.untold -= 1;
            records.push((RecordKind::ToIn, left.group));
        }
        self.left.retain(|left| left.untold > 0);
        for member in self.members.iter_mut().rev().filter(|member| member.untold > 0) {
            member.untold -= 1;
            records.push((RecordKind::ToEx, member.group));
        }
        self.say_records(&records, out);
    }

    /// Sends records without sources in as few Reports as hold them; no records, no Report.
    pub(super) fn say_records(&self, records: &[(RecordKind, Ipv4Addr)], out: &mut Vec<HostOut>) {
        for records in records.chunks(RECORDS) {
            let records =
                records.iter().map(|&(kind, group)| GroupRecord::new(kind, group, vec![]));
            let report = Message::V3Report(V3Report::new(records.collect()));
            self.say(ALL_V3_ROUTERS, &report, out);
        }
    }

    pub(super) fn say(&self, to: Ipv4Addr, message: &Message, out: &mut Vec<HostOut>) {
        if self.is_up {
            let packet = ipv4::encode_igmp(self.address, to, message);
            out.push(HostOut { to, packet: packet.expect("what a host says fits a packet") });
        }
    }
}
