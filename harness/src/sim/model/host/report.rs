//! The packets of a host's Reports and Leaves.
//!
//! Owns the order of the records, from the last group joined to the first, after the groups left,
//! which sources they name, and how much goes into one packet: a list that is too long is continued in
//! the next one, except in IS_EX and TO_EX, where Linux cuts it off (`add_grec`). An interface that is
//! down sends nothing.

use castnet::wire::v3::{Address, GroupRecord, RecordKind, Report};

use super::filter::List;
use super::{Host, HostInet, HostOut, Left, Member};
use crate::sim::model::inet::{Inet, Said};

/// Octets for records in a packet of the MTU of 1500; the message has a type, a checksum and the
/// number of records.
const fn room_of<A: Inet>() -> usize {
    1500 - A::HEADER - 8
}

/// Octets of a record without sources: type, lengths and group.
const fn head_of<A: Inet>() -> usize {
    4 + <A as Address>::LEN
}

/// Records on their way into packets.
#[derive(Debug)]
pub(super) struct Packing<A> {
    full: Vec<Vec<GroupRecord<A>>>,
    open: Vec<GroupRecord<A>>,
    /// Octets that are left in the open packet.
    room: usize,
}

impl<A: HostInet> Packing<A> {
    pub(super) const fn new() -> Self {
        Self { full: Vec::new(), open: Vec::new(), room: room_of::<A>() }
    }

    /// Adds a record that is there even without sources.
    pub(super) fn add(&mut self, kind: RecordKind, group: A, sources: &[A]) {
        if sources.is_empty() {
            if self.room < head_of::<A>() {
                self.close();
            }
            self.begin(kind, group);
        }
        let is_cut = matches!(kind, RecordKind::IsEx | RecordKind::ToEx);
        if is_cut && self.room < head_of::<A>() + sources.len() * <A as Address>::LEN {
            self.close();
        }
        let mut is_begun = false;
        for &source in sources {
            let head = if is_begun { 0 } else { head_of::<A>() };
            if self.room < head + <A as Address>::LEN {
                if is_cut && is_begun {
                    return;
                }
                self.close();
                is_begun = false;
            }
            if !is_begun {
                self.begin(kind, group);
                is_begun = true;
            }
            self.room -= <A as Address>::LEN;
            if let Some(record) = self.open.last_mut() {
                record.sources.push(source);
            }
        }
    }

    /// Adds a record of sources that have become active or inactive, if there are any.
    fn add_some(&mut self, kind: RecordKind, group: A, sources: &[A]) {
        if !sources.is_empty() {
            self.add(kind, group, sources);
        }
    }

    fn begin(&mut self, kind: RecordKind, group: A) {
        self.room -= head_of::<A>();
        self.open.push(GroupRecord::new(kind, group, Vec::new()));
    }

    /// Begins another packet.
    fn close(&mut self) {
        self.room = room_of::<A>();
        let full = std::mem::take(&mut self.open);
        self.full.extend((!full.is_empty()).then_some(full));
    }
}

impl<A: HostInet> Host<A> {
    /// Sends the changes that are still to be reported (`igmpv3_send_cr`).
    pub(super) fn tell_changes(&mut self, out: &mut Vec<HostOut<A>>) {
        let mut packing = Packing::new();
        self.left.iter_mut().rev().for_each(|left| left.tell(&mut packing));
        self.left.retain(|left| !left.is_told());
        self.members.iter_mut().rev().for_each(|member| member.tell(&mut packing));
        self.say_records(packing, out);
    }

    /// Sends records in as few Reports as hold them; no records, no Report.
    pub(super) fn say_records(&self, mut packing: Packing<A>, out: &mut Vec<HostOut<A>>) {
        packing.close();
        for records in packing.full {
            self.say(A::ALL_V3_ROUTERS, Said::Records(Report::new(records)), out);
        }
    }

    pub(super) fn say(&self, to: A, said: Said<A>, out: &mut Vec<HostOut<A>>) {
        if self.is_up {
            out.push(HostOut { to, packet: self.address.packet(to, said) });
        }
    }
}

impl<A: HostInet> Left<A> {
    fn tell(&mut self, packing: &mut Packing<A>) {
        let Self { group, untold, filter } = self;
        if let Some(filter) = filter {
            for list in [List::Named, List::Gone] {
                packing.add_some(RecordKind::Block, *group, &filter.changed(list, true, false));
            }
        } else if *untold > 0 {
            packing.add(RecordKind::ToIn, *group, &[]);
        }
        *untold = untold.saturating_sub(1);
        if let Some(filter) = filter.as_mut().filter(|_| *untold == 0) {
            filter.drop_told();
        }
    }

    fn is_told(&self) -> bool {
        self.untold == 0 && self.filter.as_ref().is_none_or(|filter| filter.is_told())
    }
}

impl<A: HostInet> Member<A> {
    fn tell(&mut self, packing: &mut Packing<A>) {
        if !self.group.is_reported() {
            return;
        }
        let is_due = self.untold > 0;
        self.untold = self.untold.saturating_sub(1);
        let Some(filter) = &mut self.filter else {
            if is_due {
                packing.add(RecordKind::ToEx, self.group, &[]);
            }
            return;
        };
        let kinds = match filter.is_excluding() {
            true => [RecordKind::Block, RecordKind::Allow],
            false => [RecordKind::Allow, RecordKind::Block],
        };
        for (kind, list) in kinds.into_iter().zip([List::Named, List::Gone]) {
            packing.add_some(kind, self.group, &filter.changed(list, false, is_due));
        }
        if is_due {
            let kind = if filter.excluded { RecordKind::ToEx } else { RecordKind::ToIn };
            packing.add(kind, self.group, &filter.changed_mode());
        }
    }

    /// Adds the record that answers a Query.
    pub(super) fn answer(&mut self, packing: &mut Packing<A>) {
        let Some(filter) = &mut self.filter else {
            return packing.add(RecordKind::IsEx, self.group, &[]);
        };
        let kind = if filter.is_excluding() { RecordKind::IsEx } else { RecordKind::IsIn };
        packing.add(kind, self.group, &filter.answer());
    }
}
