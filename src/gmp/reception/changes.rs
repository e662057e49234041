//! Changes of the interface's state, and how often each is still to be reported.
//!
//! Owns RFC 9776 section 5.1 and RFC 9777 section 6.1: the records of a change, their merging with those
//! that are pending, and their repeats.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::*;
use crate::gmp::change::Sources;

/// What is still to be reported of a group: its retransmission state.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// How many Reports with a Filter-Mode-Change record are still due.
    mode: u8,
    /// How many Reports are still to name each source.
    sources: BTreeMap<IpAddr, u8>,
}

impl Change {
    /// Adds the difference of two states, to be sent `times` times.
    fn merge(&mut self, before: &SourceFilter, after: &SourceFilter, times: u8) {
        use SourceFilter::{Exclude, Include};
        match (before, after) {
            // RFC3376-5.1-02, RFC3376-5.1-08
            (Include(a), Include(b)) | (Exclude(a), Exclude(b)) => {
                self.sources.extend(a.symmetric_difference(b).map(|&source| (source, times)));
            }
            // RFC3376-5.1-03, RFC3376-5.1-09
            (Include(_), Exclude(_)) | (Exclude(_), Include(_)) => self.mode = times,
        }
    }

    /// The records of the next Report, which is counted as sent.
    fn next(&mut self, now: &SourceFilter) -> Vec<Record> {
        let records = if self.mode > 0 {
            vec![match now {
                SourceFilter::Include(sources) => Record::ToIn(sources.clone()),
                SourceFilter::Exclude(sources) => Record::ToEx(sources.clone()),
            }]
        } else {
            let (allowed, blocked): (Sources, Sources) =
                self.sources.keys().partition(|source| now.wants(**source));
            let records = [Record::Allow(allowed), Record::Block(blocked)];
            // RFC3376-5.1-05, RFC3376-4.2.12-03
            records.into_iter().filter(|record| !record.sources().is_empty()).collect()
        };
        self.mode = self.mode.saturating_sub(1);
        self.sources.retain(|_, left| {
            *left -= 1;
            *left > 0
        });
        records
    }

    fn is_done(&self) -> bool {
        self.mode == 0 && self.sources.is_empty()
    }
}

impl Reception {
    /// Reports a change at once, together with what is pending, and plans the repeats
    /// (RFC3376-5.1-01, RFC3376-5.1-07).
    pub(super) fn report_change(
        &mut self,
        cx: &mut Cx<'_>,
        group: Group,
        before: &SourceFilter,
        after: &SourceFilter,
    ) {
        let times = self.params.robustness.max(1);
        self.changes.entry(group).or_default().merge(before, after, times);
        self.repeat_change(cx, group);
    }

    /// Sends what is still to be reported of the group, and plans the next repeat.
    pub(super) fn repeat_change(&mut self, cx: &mut Cx<'_>, group: Group) {
        let now = self.filter(group);
        let Some(change) = self.changes.get_mut(&group) else { return };
        let records = change.next(&now);
        if change.is_done() {
            self.changes.remove(&group);
            self.timers.cancel(ReceptionTimer::Change(group));
        } else {
            // RFC3376-5.1-06
            let at = cx.now + cx.rng.delay(self.params.unsolicited_report_interval);
            self.timers.set(ReceptionTimer::Change(group), at);
        }
        self.say(cx, records.into_iter().map(|record| (group, record)).collect());
    }

    /// The link was down and is up again: every group is reported as if sockets wanted it from now on,
    /// because the routers of the link may have forgotten it, or may be others.
    pub fn link_returned(&mut self, cx: &mut Cx<'_>) {
        self.settle_mode(cx.now);
        self.with_older(cx, Listener::link_returned);
        if self.mode != Version::V3 {
            return;
        }
        self.changes.clear();
        let groups = self.wishes.keys().copied().filter(|&group| is_reported(group));
        for group in groups.collect::<Vec<_>>() {
            let now = self.filter(group);
            self.report_change(cx, group, &SourceFilter::nothing(), &now);
        }
    }
}
