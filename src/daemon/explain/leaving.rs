//! Where a flow leaves, and why not elsewhere: interface by interface.

use super::facts::{Facts, Link};
use super::{Cause, Finding, at_boundary, link_down};

/// The findings of all interfaces. `arrives`: whether nothing keeps the flow from coming in.
pub(super) fn leaving(facts: &Facts, arrives: bool) -> Vec<Finding> {
    let iif = facts.entry.as_ref().map(|entry| entry.iif.as_str());
    let iif = iif.or_else(|| facts.way_in());
    let others = facts.links.iter().filter(|(name, _)| Some(name.as_str()) != iif);
    let mut found: Vec<Finding> = Vec::new();
    for (name, link) in others {
        found.extend(match is_oif(facts, name) {
            true if arrives && facts.came > 0 => going_out(facts, name, link),
            true => None,
            false => not_wanted(facts, name, link),
        });
        // A rule asks for no members.
        found.extend(asking(name, link).filter(|_| facts.rule.is_none()));
    }
    let nowhere = facts.entry.as_ref().is_none_or(|entry| entry.oifs.is_empty());
    if let Some((name, link)) = iif.and_then(|name| Some((name, facts.links.get(name)?)))
        && nowhere
        && link.wants
    {
        let text = format!("members are on {name}, where the flow comes in: they need no router");
        found.push(Finding::new(Cause::MembersAtSource, Some(name), text));
    }
    // A culprit before what is right, and what may be right before what is certainly so.
    found.sort_by_key(|finding| rank(finding.cause));
    found
}

/// The order of findings: what strikes datagrams, what has none leave, and what is as it should be.
const fn rank(cause: Cause) -> u8 {
    match cause {
        Cause::Ttl1 | Cause::TtlUnderThreshold | Cause::FirewallOrMtu => 0,
        Cause::SourceExcluded
        | Cause::Boundary
        | Cause::InterfaceAbsent
        | Cause::InterfaceDown
        | Cause::NoCarrier
        | Cause::NotMulticast => 1,
        Cause::NoQuerier => 2,
        Cause::Forwarded => 3,
        _ => 4,
    }
}

fn is_oif(facts: &Facts, name: &str) -> bool {
    facts.entry.as_ref().is_some_and(|entry| entry.oifs.iter().any(|oif| oif == name))
}

/// The flow has an entry that has it leave here.
fn going_out(facts: &Facts, name: &str, link: &Link) -> Option<Finding> {
    let about = |cause, text| Finding::new(cause, Some(name), text);
    let seen = facts.seen.as_ref()?;
    let iif = facts.entry.as_ref().map(|entry| entry.iif.as_str())?;
    let ttl = seen.get(iif).filter(|passed| passed.came > 0).map(|passed| passed.ttl);
    if seen.get(name).copied().unwrap_or_default().left > 0 {
        let leaves = about(Cause::Forwarded, format!("the flow leaves on {name}"));
        return Some(leaves);
    }
    let ttl = ttl?;
    if ttl <= 1 {
        let text = format!("the flow comes in on {iif} with the TTL {ttl}, which ends here");
        let cure = format!(
            "have the source send with a greater one (IP_MULTICAST_TTL); or, in the kernel: nft add rule \
             ip mangle prerouting ip daddr {} ip ttl set 8",
            facts.group
        );
        return Some(about(Cause::Ttl1, text).cured_by(cure));
    }
    if ttl <= link.threshold {
        let text = format!(
            "the flow comes in with the TTL {ttl}, and only what is above {} leaves on {name}",
            link.threshold
        );
        let cure = "a greater TTL at the source, or a lower ttl-threshold in the configuration";
        return Some(about(Cause::TtlUnderThreshold, text).cured_by(cure));
    }
    let text = format!(
        "the kernel's entry has the flow leave on {name}, and nothing comes out: a firewall drops it, or \
         its datagrams are longer than the MTU of the link"
    );
    let cure = "allow it in the firewall (nft list ruleset, iptables -L FORWARD -v), or send shorter datagrams";
    Some(about(Cause::FirewallOrMtu, text).cured_by(cure))
}

/// Nothing has the flow leave here.
fn not_wanted(facts: &Facts, name: &str, link: &Link) -> Option<Finding> {
    let is_ruled = facts.is_ruled(name);
    // Who has rules need not have members.
    if facts.rule.is_some() && !is_ruled && !link.is_managed {
        return None;
    }
    if !link.is_up {
        return Some(link_down(name, link, "where it might leave"));
    }
    if link.boundary.is_some() && (link.filter.is_some() || is_ruled) {
        return at_boundary(facts, name, "is wanted on");
    }
    if let Some(dr) = link.dr.filter(|_| link.wants) {
        let text = format!("members on {name} are served by {dr}, the Designated Router there");
        return Some(Finding::new(Cause::OtherDr, Some(name), text));
    }
    if link.wants || link.is_joined || is_ruled {
        return None;
    }
    let (source, group) = (facts.source, facts.group);
    if link.is_left_to_querier {
        let text = format!(
            "members of {group} on {name} want the flow, and a proxy forwards onto a link only as its querier"
        );
        let cure = "only-forwarder = true in the configuration, if no other router forwards there";
        return Some(Finding::new(Cause::OtherQuerier, Some(name), text).cured_by(cure));
    }
    Some(match &link.filter {
        Some(filter) => {
            let text = format!("members of {group} on {name} do not want {source}: {filter}");
            let cure = format!("join ({source}, {group}) there, or all sources of it");
            Finding::new(Cause::SourceExcluded, Some(name), text).cured_by(cure)
        }
        None => {
            let text = format!("nobody on {name} has joined {group}");
            let cure = format!(
                "see that the receiver joins on the right interface and reports (ip maddr, there); or \
                 castnetctl join {name} {group}"
            );
            Finding::new(Cause::NoMembers, Some(name), text).cured_by(cure)
        }
    })
}

/// Who asks for members here, if it is not this router.
fn asking(name: &str, link: &Link) -> Option<Finding> {
    if !link.is_up || link.wants || link.is_left_to_querier {
        return None;
    }
    if !link.is_managed || !link.speaks {
        let (why, cure) = match link.is_managed {
            false => {
                ("IGMP and MLD are off", "igmp-enabled = true in the configuration".to_owned())
            }
            true => ("it has no address", format!("ip addr add ADDRESS dev {name}")),
        };
        let text = format!(
            "castnetd does not ask for members on {name}, because {why}: hosts do not report again, and \
             snooping switches forget them"
        );
        return Some(Finding::new(Cause::NoQuerier, Some(name), text).cured_by(cure));
    }
    let other = link.querier?;
    let text = format!("{other} asks for members on {name}, and not this router");
    Some(Finding::new(Cause::OtherQuerier, Some(name), text))
}
