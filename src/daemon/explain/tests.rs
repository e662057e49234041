//! Each cause with the facts that it leaves behind, and what is named.

use super::facts::{Entry, Excepted, Rpf, Ruled};
use super::*;
use crate::addr::{Group, Source};

mod trees;

/// The flow comes in on `up`, has members on `lan`, and leaves there.
fn flowing() -> Facts {
    let served =
        Link { is_up: true, is_managed: true, speaks: true, threshold: 1, ..Link::default() };
    let lan = Link { wants: true, filter: Some("EXCLUDE ({}, {})".into()), ..served.clone() };
    let rpf = Rpf { interface: "up".into(), prefix: "10.0.1.0/24".parse().unwrap(), via: None };
    let came = Passed { came: 10, ttl: 8, ..Passed::default() };
    let left = Passed { left: 10, ..Passed::default() };
    Facts {
        source: Source::new("10.0.1.10".parse().unwrap()).unwrap(),
        group: group("239.1.1.1"),
        is_routed: true,
        links: [("up".into(), served), ("lan".into(), lan)].into(),
        rpf: Some(rpf),
        unserved: None,
        rule: None,
        excepted: None,
        tree: None,
        entry: Some(Entry { iif: "up".into(), oifs: vec!["lan".into()] }),
        limit: None,
        came: 10,
        wrong_if: 0,
        seen: Some([("up".into(), came), ("lan".into(), left)].into()),
    }
}

fn group(text: &str) -> Group {
    Group::new(text.parse().unwrap()).unwrap()
}

fn link<'a>(facts: &'a mut Facts, name: &str) -> &'a mut Link {
    facts.links.get_mut(name).unwrap()
}

fn passed<'a>(facts: &'a mut Facts, name: &str) -> &'a mut Passed {
    facts.seen.as_mut().unwrap().entry(name.into()).or_default()
}

/// The kernel counted none of what came in.
fn uncounted(facts: &mut Facts) {
    facts.came = 0;
    facts.seen.as_mut().unwrap().remove("lan");
}

/// Nothing came in, and nothing is known of it.
fn unseen(facts: &mut Facts) {
    (facts.came, facts.entry, facts.seen) = (0, None, Some([].into()));
}

/// The flow has an entry without outgoing interfaces.
fn unwanted(facts: &mut Facts) {
    facts.entry.as_mut().unwrap().oifs.clear();
    (link(facts, "lan").wants, link(facts, "lan").filter) = (false, None);
    facts.seen.as_mut().unwrap().remove("lan");
}

/// The flow comes in on another device.
fn elsewhere(facts: &mut Facts, name: &str) {
    uncounted(facts);
    let came = facts.seen.as_mut().unwrap().remove("up").unwrap();
    facts.seen.as_mut().unwrap().insert(name.into(), came);
}

/// A change of the facts, the cause that then stands first, its interface, and a part of its cure.
type Case = (fn(&mut Facts), Cause, Option<&'static str>, &'static str);

#[test]
fn the_first_step_that_fails_is_named_with_its_cure() {
    let cases: &[Case] = &[
        (|_| {}, Cause::Forwarded, Some("lan"), ""),
        (
            |f| f.group = group("224.0.0.251"),
            Cause::LinkLocalGroup,
            None,
            "outside of 224.0.0.0/24",
        ),
        (|f| f.is_routed = false, Cause::FamilyNotRouted, None, "families"),
        (unseen, Cause::SourceNotSeen, Some("up"), "ip route get"),
        (
            |f| {
                unseen(f);
                f.rpf = None;
                link(f, "up").hindrance = Some(Hindrance::Down);
            },
            Cause::InterfaceDown,
            Some("up"),
            "ip link set dev up up",
        ),
        (
            |f| {
                uncounted(f);
                passed(f, "up").unsound = 10;
            },
            Cause::BadChecksum,
            Some("up"),
            "mend the sender",
        ),
        (
            |f| {
                uncounted(f);
                passed(f, "up").for_other = 10;
            },
            Cause::ForeignAddress,
            Some("up"),
            "link-layer address of the group",
        ),
        (|f| elsewhere(f, "wan"), Cause::NotServed, Some("wan"), "name = \"wan\""),
        (
            |f| elsewhere(f, "lan"),
            Cause::WrongInterface,
            Some("lan"),
            "castnetctl route add 10.0.1.10 lan",
        ),
        (
            |f| {
                uncounted(f);
                (f.wrong_if, f.seen) = (10, None);
            },
            Cause::WrongInterface,
            None,
            "castnetctl route add",
        ),
        (
            |f| {
                uncounted(f);
                f.rpf = None;
            },
            Cause::NoRoute,
            Some("up"),
            "ip route add 10.0.1.10 dev up",
        ),
        (
            |f| {
                unwanted(f);
                f.rpf = None;
            },
            Cause::NoRoute,
            Some("up"),
            "ip route add 10.0.1.10 dev up",
        ),
        (
            |f| {
                uncounted(f);
                link(f, "up").reverse_path = Some(("net.ipv4.conf.all.rp_filter".into(), 2));
            },
            Cause::ReversePathFilter,
            Some("up"),
            "sysctl -w net.ipv4.conf.all.rp_filter=0",
        ),
        (
            |f| {
                uncounted(f);
                link(f, "up").rule = Some("ip mrule add iif up lookup 7".into());
            },
            Cause::NoRule,
            Some("up"),
            "ip mrule add iif up lookup 7",
        ),
        (
            |f| {
                uncounted(f);
                (f.entry, f.limit) = (None, Some("up: more than the 1 flows".into()));
            },
            Cause::Limit,
            None,
            "raise the limit",
        ),
        (
            |f| {
                uncounted(f);
                f.entry = None;
            },
            Cause::NoUpcall,
            Some("up"),
            "show log",
        ),
        (
            |f| {
                passed(f, "up").ttl = 1;
                passed(f, "lan").left = 0;
            },
            Cause::Ttl1,
            Some("lan"),
            "ip ttl set",
        ),
        (
            |f| {
                passed(f, "lan").left = 0;
                link(f, "lan").threshold = 8;
            },
            Cause::TtlUnderThreshold,
            Some("lan"),
            "ttl-threshold",
        ),
        (|f| passed(f, "lan").left = 0, Cause::FirewallOrMtu, Some("lan"), "nft list ruleset"),
        (unwanted, Cause::NoMembers, Some("lan"), "castnetctl join lan 239.1.1.1"),
        (
            |f| {
                unwanted(f);
                link(f, "lan").filter = Some("INCLUDE ({10.0.1.11})".into());
            },
            Cause::SourceExcluded,
            Some("lan"),
            "join (10.0.1.10, 239.1.1.1)",
        ),
        (
            |f| {
                unwanted(f);
                (link(f, "lan").is_up, link(f, "lan").hindrance) =
                    (false, Some(Hindrance::NoCarrier));
            },
            Cause::NoCarrier,
            Some("lan"),
            "other end",
        ),
        (
            |f| {
                unwanted(f);
                link(f, "lan").is_managed = false;
            },
            Cause::NoQuerier,
            Some("lan"),
            "igmp-enabled",
        ),
        (
            |f| {
                unwanted(f);
                link(f, "lan").speaks = false;
            },
            Cause::NoQuerier,
            Some("lan"),
            "ip addr add",
        ),
    ];
    check(cases);
}

/// Each change has its cause stand first.
fn check(cases: &[Case]) {
    for (case, (change, cause, interface, cure)) in cases.iter().enumerate() {
        let mut facts = flowing();
        change(&mut facts);
        let found = explain(&facts);
        let first = found.first().unwrap_or_else(|| panic!("case {case}: nothing was found"));
        assert_eq!((first.cause, first.interface.as_deref()), (*cause, *interface), "{found:#?}");
        let said = first.cure.as_deref().unwrap_or_default();
        assert!(said.contains(cure) && said.is_empty() == cure.is_empty(), "{found:#?}");
    }
}

/// What is no culprit by itself is told beside it.
#[test]
fn who_asks_and_who_needs_no_router_is_told_as_well() {
    let mut facts = flowing();
    unwanted(&mut facts);
    link(&mut facts, "lan").querier = Some("10.0.2.9".parse().unwrap());
    link(&mut facts, "up").wants = true;
    let causes: Vec<Cause> = explain(&facts).iter().map(|finding| finding.cause).collect();
    assert_eq!(causes, [Cause::NoMembers, Cause::OtherQuerier, Cause::MembersAtSource]);
}

/// Where castnetd may not look, the counters alone have to do, and nothing is made up.
#[test]
fn what_was_not_seen_is_not_guessed() {
    let mut facts = flowing();
    facts.seen = None;
    assert_eq!(explain(&facts), []);
    (facts.came, facts.entry) = (0, None);
    let causes: Vec<Cause> = explain(&facts).iter().map(|finding| finding.cause).collect();
    assert!(!causes.contains(&Cause::SourceNotSeen), "{causes:?}");
}

/// The flow has a rule from `up` to these interfaces; nobody manages groups, and no route leads to the source.
fn ruled(to: &[&str]) -> Facts {
    let mut facts = flowing();
    facts.rpf = None;
    for link in facts.links.values_mut() {
        (link.is_managed, link.wants, link.filter) = (false, false, None);
    }
    let to = to.iter().map(|&name| name.to_owned()).collect();
    facts.rule = Some(Ruled { from: "up".into(), to, group: "239.1.0.0/16".parse().unwrap() });
    facts
}

#[test]
fn a_rule_counts_in_place_of_route_and_members() {
    let causes = |facts: &Facts| explain(facts).iter().map(|of| of.cause).collect::<Vec<_>>();
    assert_eq!(causes(&ruled(&["lan"])), [Cause::Forwarded]);
    // Without the rule, the missing route stands first.
    assert_eq!(causes(&Facts { rule: None, ..ruled(&["lan"]) })[0], Cause::NoRoute);
    let mut stopped = ruled(&[]);
    stopped.entry.as_mut().unwrap().oifs.clear();
    stopped.seen.as_mut().unwrap().remove("lan");
    let found = explain(&stopped);
    assert_eq!((found.len(), found[0].cause), (1, Cause::Stopped));
    assert_eq!(found[0].text, "the rule for 239.1.0.0/16 from up stops the flow");
    let mut other = ruled(&["lan"]);
    elsewhere(&mut other, "lan");
    let found = explain(&other);
    assert_eq!(found[0].cause, Cause::WrongInterface);
    assert!(found[0].text.ends_with("the rule for 239.1.0.0/16 is from up"), "{}", found[0].text);
    let mut away = ruled(&["lan"]);
    away.entry.as_mut().unwrap().oifs.clear();
    link(&mut away, "lan").is_up = false;
    assert_eq!(causes(&away), [Cause::InterfaceDown]);
}

#[test]
fn a_flow_that_its_only_rule_excepts_is_told_so() {
    let mut excepted = flowing();
    unwanted(&mut excepted);
    let (group, exception) = ("239.1.0.0/16".parse().unwrap(), "239.1.1.0/24".parse().unwrap());
    excepted.excepted = Some(Excepted { from: "up".into(), group, exception });
    let found = explain(&excepted);
    assert_eq!(found[0].text, "the rule for 239.1.0.0/16 from up excepts 239.1.1.0/24");
    assert_eq!((found.len(), found[0].cause), (1, Cause::Excepted));
    // Members and other rules have it forwarded all the same.
    let of = excepted.excepted;
    let wanted = Facts { excepted: of.clone(), ..flowing() };
    let other = Facts { excepted: of, ..ruled(&["lan"]) };
    assert!([wanted, other].iter().all(|facts| explain(facts)[0].cause == Cause::Forwarded));
}

#[test]
fn a_boundary_is_named_where_the_flow_comes_in_and_where_it_is_wanted() {
    let boundary = Some("239.0.0.0/8".parse().unwrap());
    let mut outside = flowing();
    link(&mut outside, "up").boundary = boundary;
    unwanted(&mut outside);
    let found = explain(&outside);
    let text = "the flow comes in on up, whose boundary 239.0.0.0/8 239.1.1.1 does not pass";
    assert_eq!((found.len(), found[0].cause, found[0].text.as_str()), (1, Cause::Boundary, text));
    let mut beyond = flowing();
    unwanted(&mut beyond);
    *link(&mut beyond, "lan") = Link {
        boundary,
        filter: Some("EXCLUDE ({}, {})".into()),
        ..link(&mut beyond, "lan").clone()
    };
    let found = explain(&beyond);
    assert_eq!((found[0].cause, found[0].interface.as_deref()), (Cause::Boundary, Some("lan")));
    // Nobody there wants it: the boundary keeps nothing from anybody.
    link(&mut beyond, "lan").filter = None;
    assert_eq!(explain(&beyond)[0].cause, Cause::NoMembers);
}
