//! What a router's forwarding cache holds.

use std::net::Ipv4Addr;

use castnet::addr::Group;

use super::history::History;
use super::{Evidence, Judged};
use crate::plan::arithmetic::Moment;
use crate::plan::{NodeId, PortId};
use crate::recording::MfcEntry;

impl Evidence<'_> {
    pub(super) fn mfc(
        &self,
        router: NodeId,
        source: Ipv4Addr,
        group: Group,
        at: &Moment,
        claimed: Option<&(PortId, Vec<PortId>)>,
    ) -> Judged {
        let claimed = claimed.map(|(iif, oifs)| {
            let mut oifs = oifs.clone();
            oifs.sort_unstable();
            MfcEntry { iif: *iif, oifs }
        });
        let changes = self.recording.mfc.iter();
        let history: History<'_, MfcEntry> = changes
            .filter(|c| c.node == router && c.source == source && c.group == group)
            .map(|change| (change.at, change.entry.as_ref()))
            .collect();
        self.held(&history, at, claimed.as_ref(), |entry| self.entry(entry))
    }

    fn entry(&self, entry: Option<&MfcEntry>) -> String {
        let Some(MfcEntry { iif, oifs }) = entry else { return "no entry".to_owned() };
        let oifs: Vec<String> = oifs.iter().map(|&oif| self.plan.port_name(oif)).collect();
        let out = if oifs.is_empty() { "nowhere".to_owned() } else { oifs.join(", ") };
        format!("in {} out {out}", self.plan.port_name(*iif))
    }
}
