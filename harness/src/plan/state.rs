//! Turns claims about routers' states into checks.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::claim::{Claims, in_words};
use super::{Claim, MembersOf, SourceFilter, When};
use crate::protocol::filter::Listed;
use crate::scenario;

impl Claims<'_> {
    pub(super) fn querier(&mut self, querier: &scenario::QuerierClaim) -> Option<(String, Claim)> {
        let link = self.topology.link(&querier.on, self.faults);
        let node = self.topology.node(&querier.is, self.faults);
        let routers = self.routers_on(link);
        let when = match &querier.when {
            scenario::When::At(at) => self.moment(at, &routers).map(When::At),
            scenario::When::Throughout(window) => {
                self.window(window, &routers).map(When::Throughout)
            }
        };
        let (link, node) = (link?, node?);
        let (on, is) = (&querier.on.value, &querier.is.value);
        let on_segment = self.topology.nodes_on(link);
        let Some(port) = self.topology.sender_on(node, link) else {
            let message = format!("{is} is not on {on}");
            let names = on_segment.iter().map(|&node| self.topology.nodes[node].name.as_str());
            let help = format!("on {on} are {}", names.collect::<Vec<_>>().join(", "));
            self.faults.error_with_help(&querier.is.span, message, "cannot query it", help);
            return None;
        };
        if !on_segment.into_iter().any(|node| self.is_router(node)) && !self.is_blind {
            let message = format!("there is no router on {on}");
            let help = "count its Queries with `packet = { on = ..., kind = \"general-query\" }`";
            let label = "nobody holds anybody for the querier";
            self.faults.error_with_help(&querier.on.span, message, label, help);
            return None;
        }
        let when = when?;
        let words = match &when {
            When::At(at) => format!(" at {}", at.text),
            When::Throughout(window) => format!(" all the time{}", in_words(window)),
        };
        Some((format!("{on}: {is} is the querier{words}"), Claim::Querier(port, when)))
    }

    pub(super) fn members(&mut self, members: &scenario::MembersClaim) -> Option<(String, Claim)> {
        let router = self.topology.node(&members.of, self.faults)?;
        let (of, on) = (&members.of.value, &members.on.value);
        if !self.is_router(router) {
            let message = format!("{of} is not a router");
            self.faults.error(&members.of.span, message, "knows no members");
            return None;
        }
        let port = self.topology.port(router, &members.on, self.faults);
        self.links = port.map(|port| self.topology.ports[port].link).into_iter().collect();
        let at = self.moment(&members.at, &[router]);
        let mut groups = BTreeMap::new();
        let mut sound = true;
        for (group, of) in &members.groups {
            let of = of.as_ref().map(|of| self.members_of(of));
            sound &= !matches!(of, Some(None));
            if groups.insert(group.value, of.flatten()).is_some() {
                let message = format!("{} stands twice", group.value);
                self.faults.error(&group.span, message, "the second time");
            }
        }
        let (port, at) = (port?, at?);
        if !sound {
            return None;
        }
        let list: Vec<String> = groups.iter().map(|(group, of)| said(group, of.as_ref())).collect();
        let has = match list.as_slice() {
            [] => "no members".to_owned(),
            groups => format!("members of {}", groups.join(", ")),
        };
        let text = format!("{of}: {on} has {has} at {}", at.text);
        Some((text, Claim::Members { port, groups, at }))
    }

    pub(super) fn members_of(&mut self, of: &scenario::MembersOf) -> Option<MembersOf> {
        let listed = self.topology.listed(&of.listed, self.faults);
        let requested = match &of.requested {
            None => None,
            Some(listed) => Some(self.topology.listed(listed, self.faults)?),
        };
        let filter = match of.excluded {
            true => SourceFilter::Exclude(listed?),
            false => SourceFilter::Include(listed?),
        };
        Some(MembersOf { filter, requested })
    }
}

/// `239.1.1.1 INCLUDE {10.0.1.11}`
pub(super) fn said(name: impl Display, of: Option<&MembersOf>) -> String {
    match of {
        None => name.to_string(),
        Some(MembersOf { filter, requested: None }) => format!("{name} {filter}"),
        Some(MembersOf { filter, requested: Some(requested) }) => {
            format!("{name} {filter} requested {{{}}}", Listed(requested))
        }
    }
}
