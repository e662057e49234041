//! The packets of a host's Reports and Leaves.
//!
//! Owns the order of the records, from the last group joined to the first, after the groups left,
//! and how many records go into one packet. An interface that is down sends nothing.

use castnet::wire::v3::{Address, GroupRecord, RecordKind, Report};

use super::{Host, HostInet, HostOut};
use crate::sim::model::inet::{Inet, Said};

/// Records without sources that fit the MTU of 1500.
const fn records_of<A: Inet>() -> usize {
    // Type, lengths and group of a record; type, checksum and number of records of the message.
    (1500 - A::HEADER - 8) / (4 + <A as Address>::LEN)
}

impl<A: HostInet> Host<A> {
    /// Sends the changes that are still to be reported.
    pub(super) fn tell_changes(&mut self, out: &mut Vec<HostOut<A>>) {
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
    pub(super) fn say_records(&self, records: &[(RecordKind, A)], out: &mut Vec<HostOut<A>>) {
        for records in records.chunks(records_of::<A>()) {
            let records =
                records.iter().map(|&(kind, group)| GroupRecord::new(kind, group, vec![]));
            let report = Said::Records(Report::new(records.collect()));
            self.say(A::ALL_V3_ROUTERS, report, out);
        }
    }

    pub(super) fn say(&self, to: A, said: Said<A>, out: &mut Vec<HostOut<A>>) {
        if self.is_up {
            out.push(HostOut { to, packet: self.address.packet(to, said) });
        }
    }
}
