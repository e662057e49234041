//! Why a flow does or does not leave, and the cure: a pure function over what is known of it ([`facts`]).
//!
//! The path of a datagram is followed: out of the source, into the right interface, past the kernel's
//! filters, into an entry, and out of each interface that wants it. The first step that fails is the
//! culprit and stands first. Nothing is guessed where nothing was seen.

pub mod facts;
mod leaving;
mod tree;

use serde::{Deserialize, Serialize};

use crate::addr::Family;
use facts::{Excepted, Facts, Hindrance, Link, Passed};

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// Its kind.
    pub cause: Cause,
    /// The interface that it is about.
    pub interface: Option<String>,
    /// What was found, in words.
    pub text: String,
    /// What mends it.
    pub cure: Option<String>,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The flow leaves on this interface.
    Forwarded,
    /// Such a group stays on its link.
    LinkLocalGroup,
    /// The family is not routed.
    FamilyNotRouted,
    /// No datagram came in anywhere.
    SourceNotSeen,
    /// The flow comes in on an interface over which castnetd does not route.
    NotServed,
    /// Its datagrams are for another machine, by their link-layer address.
    ForeignAddress,
    /// The checksum of the IPv4 header is wrong.
    BadChecksum,
    /// The flow comes in on another interface than the one by which its source is reached.
    WrongInterface,
    /// No route leads to the source.
    NoRoute,
    /// The reverse path filter of the kernel drops it.
    ReversePathFilter,
    /// PIM knows no RP for the group.
    NoRp,
    /// The router towards the source or the RP is no neighbour of PIM.
    NoNeighbour,
    /// Another router is the Designated Router, and serves the members.
    OtherDr,
    /// A static rule stops the flow.
    Stopped,
    /// A static rule would forward the flow, but for an exception.
    Excepted,
    /// No rule has castnetd's table looked up.
    NoRule,
    /// The group does not pass the boundary of an interface.
    Boundary,
    /// As many flows, groups or sources are known as may be.
    Limit,
    /// The kernel has not asked for an entry.
    NoUpcall,
    /// The TTL ends here.
    Ttl1,
    /// The TTL is not above the threshold of an interface.
    TtlUnderThreshold,
    /// Nobody wants the group on this interface.
    NoMembers,
    /// Members want the group, and not this source.
    SourceExcluded,
    /// Members are on the link where the flow comes in.
    MembersAtSource,
    /// The interface is not there.
    InterfaceAbsent,
    /// The interface is down.
    InterfaceDown,
    /// The interface has no carrier.
    NoCarrier,
    /// The interface has no MULTICAST flag.
    NotMulticast,
    /// Nobody asks for members: hosts and snooping switches forget.
    NoQuerier,
    /// Another router asks for members.
    OtherQuerier,
    /// Datagrams are forwarded, and do not get out: a firewall drops them, or the link is too narrow.
    FirewallOrMtu,
}

impl Finding {
    fn new(cause: Cause, interface: Option<&str>, text: String) -> Self {
        Self { cause, interface: interface.map(str::to_owned), text, cure: None }
    }

    fn cured_by(self, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..self }
    }
}

/// What keeps the flow from leaving, the first culprit first, and where it leaves.
#[must_use]
pub fn explain(facts: &Facts) -> Vec<Finding> {
    let group = facts.group;
    if group.is_link_local() {
        let text = format!("{group} stays on its link, whatever its TTL: no router forwards it");
        let range = if is_ipv4(facts) { "224.0.0.0/24" } else { "ff02::/16" };
        let cure = format!("use a group outside of {range}");
        return vec![Finding::new(Cause::LinkLocalGroup, None, text).cured_by(cure)];
    }
    if !facts.is_routed {
        let family = group.family();
        let text = format!("castnetd does not route {family}");
        let cure = "families = [\"ipv4\", \"ipv6\"] in its configuration";
        return vec![Finding::new(Cause::FamilyNotRouted, None, text).cured_by(cure)];
    }
    if let Some(finding) = outside(facts) {
        return vec![finding];
    }
    if let Some(finding) = excepted(facts) {
        return vec![finding];
    }
    let mut found: Vec<Finding> = arriving(facts).into_iter().collect();
    if let Some(rule) = facts.rule.as_ref().filter(|rule| rule.to.is_empty()) {
        let text = format!("the rule for {} from {} stops the flow", rule.group, rule.from);
        let cure = "interfaces for the rule to go out on, or a more exact rule for the flow";
        found.push(Finding::new(Cause::Stopped, Some(&rule.from), text).cured_by(cure));
        return found;
    }
    found.extend(leaving::leaving(facts, found.is_empty()));
    found
}

fn is_ipv4(facts: &Facts) -> bool {
    facts.group.family() == Family::V4
}

/// The flow comes in where its group does not pass.
fn outside(facts: &Facts) -> Option<Finding> {
    let name = seen_in(facts).map(|(name, _)| name).or_else(|| facts.way_in())?;
    at_boundary(facts, name, "comes in on")
}

/// The finding of an interface that is a boundary for the group.
fn at_boundary(facts: &Facts, name: &str, verb: &str) -> Option<Finding> {
    let boundary = facts.links.get(name)?.boundary?;
    let group = facts.group;
    let text = format!("the flow {verb} {name}, whose boundary {boundary} {group} does not pass");
    let cure = "a group beyond the boundary, or other boundaries in the configuration";
    Some(Finding::new(Cause::Boundary, Some(name), text).cured_by(cure))
}

/// The only rule for the flow excepts it, and nothing else has it leave.
fn excepted(facts: &Facts) -> Option<Finding> {
    let Excepted { from, group, exception } = facts.excepted.as_ref()?;
    let leaves = facts.entry.as_ref().is_some_and(|entry| !entry.oifs.is_empty());
    if facts.rule.is_some() || leaves || facts.links.values().any(|link| link.wants) {
        return None;
    }
    let text = format!("the rule for {group} from {from} excepts {exception}");
    let cure = "a narrower exception, or a rule of its own for the flow";
    Some(Finding::new(Cause::Excepted, Some(from), text).cured_by(cure))
}

/// Why the flow has no entry here that counts, if it has none.
fn arriving(facts: &Facts) -> Option<Finding> {
    if facts.came > 0 {
        // Without a route an entry takes the flow where it comes in, and has it leave nowhere.
        return misled(facts).filter(|_| facts.way_in().is_none());
    }
    tree::hindered(facts)
        .or_else(|| unseen(facts))
        .or_else(|| misled(facts))
        .or_else(|| dropped(facts))
}

/// What was seen to come in, and on which interface most of it.
fn seen_in(facts: &Facts) -> Option<(&str, Passed)> {
    let seen = facts.seen.as_ref()?.iter().filter(|(_, passed)| passed.came > 0);
    let (name, passed) = seen.max_by_key(|(_, passed)| passed.came)?;
    Some((name, *passed))
}

/// The datagrams do not reach this machine, or are not for it.
fn unseen(facts: &Facts) -> Option<Finding> {
    let (source, group) = (facts.source, facts.group);
    let expected = facts.way_in();
    let Some((name, passed)) = seen_in(facts) else {
        facts.seen.as_ref().filter(|_| facts.wrong_if == 0)?;
        if let Some((name, link)) = down(facts, expected) {
            return Some(link_down(name, link, "where the flow would come in"));
        }
        let text = format!("no datagram of {source} to {group} came in on any interface");
        let cure = "see that it sends, out of the right interface (ip route get GROUP, there) and with \
                    a TTL above 1, and that a switch in between knows where routers are";
        return Some(Finding::new(Cause::SourceNotSeen, expected, text).cured_by(cure));
    };
    let about = |cause, text| Some(Finding::new(cause, Some(name), text));
    // Of what the kernel passes over, each datagram has its own reason.
    let is_passed_over = passed.unsound + passed.for_other == passed.came;
    if is_passed_over && passed.unsound > passed.for_other {
        let text = format!("the checksum of the IP header is wrong in what comes in on {name}");
        let cure = "mend the sender, or what changes its datagrams on the way";
        return about(Cause::BadChecksum, text).map(|finding| finding.cured_by(cure));
    }
    if is_passed_over {
        let text = format!("what comes in on {name} has the link-layer address of another machine");
        let cure = "the sender, or a switch, must use the link-layer address of the group";
        return about(Cause::ForeignAddress, text).map(|finding| finding.cured_by(cure));
    }
    if !facts.links.contains_key(name) {
        let text = format!("the flow comes in on {name}, over which castnetd does not route");
        let cure = format!("[[interface]] name = \"{name}\" in its configuration");
        return about(Cause::NotServed, text).map(|finding| finding.cured_by(cure));
    }
    None
}

/// An interface that keeps the flow from coming in: the one of the route, or a lone one without a route.
fn down<'a>(facts: &'a Facts, expected: Option<&str>) -> Option<(&'a str, &'a Link)> {
    let is_meant = |name: &str| expected.is_none_or(|expected| expected == name);
    let mut links = facts.links.iter();
    let (name, link) = links.find(|(name, link)| is_meant(name) && link.hindrance.is_some())?;
    Some((name, link))
}

/// The finding of an interface that is not served.
fn link_down(name: &str, link: &Link, role: &str) -> Finding {
    let (cause, what, cure) = match link.hindrance {
        None | Some(Hindrance::Down) => {
            (Cause::InterfaceDown, "is down", format!("ip link set dev {name} up"))
        }
        Some(Hindrance::Absent) => {
            (Cause::InterfaceAbsent, "is not there", format!("create {name}"))
        }
        Some(Hindrance::NoCarrier) => {
            (Cause::NoCarrier, "has no carrier", "see to its cable and its other end".to_owned())
        }
        Some(Hindrance::NotMulticast) => (
            Cause::NotMulticast,
            "has no MULTICAST flag",
            format!("ip link set dev {name} multicast on"),
        ),
    };
    Finding::new(cause, Some(name), format!("{name}, {role}, {what}")).cured_by(cure)
}

/// The rule is from elsewhere, or the route to the source leads elsewhere or nowhere.
fn misled(facts: &Facts) -> Option<Finding> {
    let source = facts.source;
    let came = seen_in(facts).map(|(name, _)| name);
    if let Some(rule) = &facts.rule {
        let name = came.filter(|name| *name != rule.from)?;
        let (group, from) = (rule.group, &rule.from);
        let text = format!("the flow comes in on {name}, and the rule for {group} is from {from}");
        let cure = format!("a rule from {name}, if it is to come in there");
        return Some(Finding::new(Cause::WrongInterface, came, text).cured_by(cure));
    }
    let Some(rpf) = &facts.rpf else {
        let text = match &facts.unserved {
            Some(device) => format!(
                "{source} is reached by {device}, over which castnetd does not route, so that nothing \
                 of it is taken elsewhere"
            ),
            None => format!("no route leads to {source}, so that nothing of it is taken anywhere"),
        };
        let by = came.unwrap_or("INTERFACE");
        let cure = format!("ip route add {source} dev {by}; or castnetctl route add {source} {by}");
        return Some(Finding::new(Cause::NoRoute, came, text).cured_by(cure));
    };
    let name = came.filter(|name| *name != rpf.interface);
    let wrong = (facts.wrong_if > 0).then_some("another interface");
    let name = name.or(wrong)?;
    let via = rpf.via.map(|via| format!(" via {via}")).unwrap_or_default();
    let text = format!(
        "the flow comes in on {name}, and the route to {source} is {}{via} out of {}: only there is it \
         taken",
        rpf.prefix, rpf.interface
    );
    let by = came.unwrap_or("INTERFACE");
    let cure = format!("if it is to come in on {by}: castnetctl route add {source} {by}");
    Some(Finding::new(Cause::WrongInterface, came, text).cured_by(cure))
}

/// The kernel drops the datagrams, or has no entry for them.
fn dropped(facts: &Facts) -> Option<Finding> {
    let name = facts.way_in()?;
    let link = facts.links.get(name)?;
    if let Some((sysctl, value)) = &link.reverse_path {
        let text = format!(
            "{sysctl} is {value}: the kernel drops what comes in on {name} from {}, because it has no \
             route back{}",
            facts.source,
            if *value == 1 { " out of there" } else { "" }
        );
        let cure = format!("ip route add {} dev {name}; or sysctl -w {sysctl}=0", facts.source);
        let finding = Finding::new(Cause::ReversePathFilter, Some(name), text);
        return Some(finding.cured_by(cure));
    }
    if let Some(rule) = &link.rule {
        let text = format!("no rule has what comes in on {name} routed by castnetd's table");
        return Some(Finding::new(Cause::NoRule, Some(name), text).cured_by(rule));
    }
    if let Some(limit) = &facts.limit {
        let cure = "raise the limit in the configuration, or find out who fills it";
        return Some(Finding::new(Cause::Limit, None, limit.clone()).cured_by(cure));
    }
    seen_in(facts).filter(|_| facts.entry.is_none())?;
    let text = format!("the flow comes in on {name}, and the kernel has not asked for an entry");
    let cure =
        "see castnetctl show log; a firewall may drop it before it is routed (nft list ruleset)";
    Some(Finding::new(Cause::NoUpcall, Some(name), text).cured_by(cure))
}

#[cfg(test)]
mod tests;
