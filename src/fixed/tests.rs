//! Which rule a flow has, and which rules are refused.

use super::*;

fn vif(number: usize) -> Vif {
    Vif::new(number).unwrap()
}

fn rule(from: usize, source: Option<&str>, group: &str, to: &[usize]) -> Rule<Vif> {
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    let to = to.iter().map(|&number| vif(number)).collect();
    Rule {
        from: vif(from),
        source: source.map(net),
        group: net(group),
        standby: None,
        except: Vec::new(),
        to,
    }
}

fn flow(source: &str, group: &str) -> Flow {
    Flow {
        source: Source::new(source.parse().unwrap()).unwrap(),
        group: Group::new(group.parse().unwrap()).unwrap(),
    }
}

fn to(rules: &Rules, flow: Flow, came: usize) -> Option<Vec<usize>> {
    let rule = rules.of(flow, Some(vif(came)), |_| true)?;
    Some(rule.to.iter().map(|vif| vif.index()).collect())
}

#[test]
fn the_most_exact_rule_holds_in_both_families() {
    for (all, half, group, source, [exact, near, far]) in [
        (
            "239.0.0.0/8",
            "239.1.0.0/16",
            "239.1.1.1/32",
            "10.0.0.0/24",
            [("10.0.0.7", "239.1.1.1"), ("10.9.0.7", "239.1.1.1"), ("10.0.0.7", "239.2.2.2")],
        ),
        (
            "ff05::/16",
            "ff05:1::/32",
            "ff05:1::1/128",
            "fd00::/64",
            [("fd00::7", "ff05:1::1"), ("fd09::7", "ff05:1::1"), ("fd00::7", "ff05:2::2")],
        ),
    ] {
        let rules = Rules::new([
            rule(0, None, all, &[1]),
            rule(0, Some(source), group, &[4]),
            rule(0, None, half, &[2]),
            rule(0, None, group, &[3]),
        ]);
        for ((source, group), out) in [(exact, 4), (near, 3), (far, 1)] {
            assert_eq!(to(&rules, flow(source, group), 0), Some(vec![out]), "{source} {group}");
        }
        assert_eq!(to(&rules, flow(exact.0, "232.1.1.1"), 0), None);
    }
}

#[test]
fn rules_of_the_interface_where_it_came_count_first() {
    let rules =
        Rules::new([rule(0, None, "239.1.1.1/32", &[2]), rule(1, None, "239.0.0.0/8", &[3])]);
    let flow = flow("10.0.0.7", "239.1.1.1");
    assert_eq!((to(&rules, flow, 0), to(&rules, flow, 1)), (Some(vec![2]), Some(vec![3])));
    assert_eq!(to(&rules, flow, 5), Some(vec![2]), "elsewhere the most exact one");
    let down = rules.of(flow, None, |up| up == vif(1)).unwrap();
    assert_eq!(down.from, vif(1), "an interface that is down has no flows");
}

#[test]
fn equal_rules_are_one_and_the_first_of_others_wins() {
    let rules = Rules::new([
        rule(0, Some("10.0.0.1/24"), "239.1.1.1/32", &[1]),
        rule(0, Some("10.0.0.0/24"), "239.1.1.1/32", &[2]),
    ]);
    assert_eq!(to(&rules, flow("10.0.0.7", "239.1.1.1"), 0), Some(vec![1, 2]));
    let rules =
        Rules::new([rule(0, None, "239.1.1.1/32", &[2]), rule(1, None, "239.1.1.1/32", &[3])]);
    assert_eq!(to(&rules, flow("10.0.0.7", "239.1.1.1"), 5), Some(vec![2]));
}

#[test]
fn only_a_rule_for_one_flow_has_a_flow_before_traffic() {
    let rules = Rules::new([
        rule(0, Some("10.0.0.7/32"), "239.1.1.1/32", &[1]),
        rule(0, Some("10.0.0.0/24"), "239.1.1.2/32", &[1]),
        rule(0, Some("10.0.0.7/32"), "239.1.0.0/16", &[1]),
        rule(0, None, "239.1.1.3/32", &[1]),
        rule(0, Some("fd00::7/128"), "ff05::1/128", &[1]),
    ]);
    let flows = [flow("10.0.0.7", "239.1.1.1"), flow("fd00::7", "ff05::1")];
    assert_eq!(rules.flows(), BTreeSet::from(flows));
}

#[test]
fn a_rule_that_could_hold_for_no_flow_is_refused() {
    for (source, group, why) in [
        (None, "10.0.0.0/8", "no multicast group"),
        (None, "192.0.0.0/2", "no multicast group"),
        (None, "0.0.0.0/0", "no multicast group"),
        (None, "fe00::/7", "no multicast group"),
        (None, "224.0.0.251/32", "stays on its link"),
        (None, "224.0.0.0/24", "stays on its link"),
        (None, "ff02::/16", "stays on its link"),
        (Some("239.0.0.0/8"), "239.1.1.1/32", "not of sources"),
        (Some("fd00::/8"), "239.1.1.1/32", "two address families"),
    ] {
        let told = rule(0, source, group, &[1]).check().unwrap_err().to_string();
        assert!(told.contains(why), "{group}: {told}");
    }
    for group in ["224.0.0.0/4", "239.1.1.1/32", "ff00::/8", "ff05::1/128"] {
        assert_eq!(rule(0, None, group, &[]).check(), Ok(()), "{group}");
    }
}

#[test]
fn an_exact_group_counts_before_an_exact_source() {
    let rules = Rules::new([
        rule(0, Some("10.0.0.7/32"), "239.1.0.0/16", &[1]),
        rule(0, None, "239.1.1.1/32", &[2]),
    ]);
    assert_eq!(to(&rules, flow("10.0.0.7", "239.1.1.1"), 0), Some(vec![2]));
    assert_eq!(to(&rules, flow("10.0.0.7", "239.1.2.2"), 0), Some(vec![1]));
}

#[test]
fn the_rules_of_some_flows_are_replaced_and_no_others() {
    let mut rules = Rules::new([
        rule(0, None, "239.1.0.0/16", &[1]),
        rule(0, Some("10.0.0.7/32"), "239.1.1.1/32", &[2]),
        rule(3, Some("10.0.0.7/32"), "239.1.1.1/32", &[4]),
    ]);
    let exact = flow("10.0.0.7", "239.1.1.1");
    assert_eq!((to(&rules, exact, 0), to(&rules, exact, 3)), (Some(vec![2]), Some(vec![4])));
    // Bits beyond the length of a prefix mean nothing.
    let of = rule(9, Some("10.0.0.7/32"), "239.1.1.1/32", &[]);
    rules.replace(&of, [rule(3, Some("10.0.0.7/32"), "239.1.1.1/32", &[5])]);
    assert_eq!(to(&rules, exact, 3), Some(vec![5]));
    // That of the interface where it came counts first, however exact the other one is.
    assert_eq!(to(&rules, exact, 0), Some(vec![1]));
    rules.replace(&of, []);
    assert_eq!(to(&rules, exact, 3), Some(vec![1]));
    assert_eq!(rules.flows(), BTreeSet::new());
    rules.replace(&rule(9, None, "239.1.77.0/16", &[]), []);
    assert_eq!((to(&rules, exact, 0), rules), (None, Rules::default()));
}

/// A rule with exceptions.
fn but(rule: Rule<Vif>, except: &[&str]) -> Rule<Vif> {
    Rule { except: except.iter().map(|net| net.parse().unwrap()).collect(), ..rule }
}

#[test]
fn for_an_excepted_flow_the_next_rule_counts_as_if_the_first_one_were_not_there() {
    for (all, range, sources, groups, [plain, by_source, by_group]) in [
        (
            "239.0.0.0/8",
            "239.1.0.0/16",
            "10.0.0.0/30",
            "239.1.9.0/24",
            [("10.0.0.9", "239.1.1.1"), ("10.0.0.2", "239.1.1.1"), ("10.0.0.9", "239.1.9.9")],
        ),
        (
            "ff05::/16",
            "ff05:1::/32",
            "fd00::/126",
            "ff05:1:9::/48",
            [("fd00::9", "ff05:1::1"), ("fd00::2", "ff05:1::1"), ("fd00::9", "ff05:1:9::9")],
        ),
    ] {
        let exact = but(rule(0, None, range, &[1]), &[sources, groups]);
        assert_eq!(exact.check(), Ok(()));
        let alone = Rules::new([exact.clone()]);
        let both = Rules::new([exact, rule(0, None, all, &[2])]);
        for ((source, group), [first, second]) in
            [(plain, [Some(1), Some(1)]), (by_source, [None, Some(2)]), (by_group, [None, Some(2)])]
        {
            let flow = flow(source, group);
            assert_eq!(to(&alone, flow, 0), first.map(|out| vec![out]), "{source} {group}");
            assert_eq!(to(&both, flow, 0), second.map(|out| vec![out]), "{source} {group}");
            assert_eq!(alone.excepting(flow, None, |_| true).is_some(), first.is_none());
        }
    }
}

#[test]
fn rules_with_other_exceptions_are_other_rules() {
    let group = "239.1.0.0/16";
    let some = but(rule(0, None, group, &[1]), &["10.0.0.7/32"]);
    let rules = Rules::new([some.clone(), rule(0, None, group, &[2]), but(some, &["10.0.0.7/32"])]);
    assert_eq!(to(&rules, flow("10.0.0.8", "239.1.1.1"), 0), Some(vec![1, 1]));
    assert_eq!(to(&rules, flow("10.0.0.7", "239.1.1.1"), 0), Some(vec![2]));
}

#[test]
fn exceptions_of_nothing_and_of_everything_are_refused() {
    let of = |except: &str| {
        let rule = rule(0, Some("10.0.0.0/24"), "239.1.0.0/16", &[1]);
        but(rule, &[except]).check().map_err(|why| why.to_string())
    };
    for except in ["10.0.0.0/25", "10.0.0.7/32", "239.1.1.1/32"] {
        assert_eq!(of(except), Ok(()), "{except}");
    }
    for except in ["10.0.0.0/24", "0.0.0.0/0", "239.1.0.0/16", "239.0.0.0/8", "224.0.0.0/4"] {
        assert!(of(except).unwrap_err().contains("holds for nothing"), "{except}");
    }
    for except in ["10.0.1.0/24", "239.2.0.0/16"] {
        assert!(of(except).unwrap_err().contains("excepts nothing"), "{except}");
    }
    assert!(of("fd00::7/128").unwrap_err().contains("two address families"));
}
