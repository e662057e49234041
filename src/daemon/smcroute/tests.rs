//! What files of smcroute become, and what is wrong with them.

use super::*;

fn read(text: &str) -> Smcroute {
    let mut file = Smcroute::default();
    file.read(Path::new("/etc/smcroute.conf"), text);
    file
}

fn told(text: &str) -> Vec<(usize, bool, String)> {
    let problems = read(text).problems;
    problems.into_iter().map(|problem| (problem.line, problem.is_error, problem.why)).collect()
}

#[test]
fn routes_of_every_kind_become_rules() {
    let text = "\
# lines of a home\r
phyint eth0 enable ttl-threshold 3
phyint eth9 disable   # not used
mroute from eth0 group 239.1.1.1 source 192.0.2.7 to tun+ eth1
mroute from eth0 source 0.0.0.0 group 239.2.0.0/16 to eth1
\tmroute group ff05::1 from eth1 source 2001:db8::/64 to eth0
mroute from eth0 group 239.3.3.3
";
    let file = read(text);
    assert_eq!(file.problems, []);
    let made = ConfigFile::parse(&file.to_toml("", 30).unwrap()).unwrap();
    let interfaces = made.interface.iter().map(|own| (own.name.as_str(), own.ttl_threshold));
    assert_eq!(interfaces.collect::<Vec<_>>(), [("eth0", 3), ("tun*", 1), ("eth1", 1)]);
    assert!(made.interface.iter().all(|own| !own.igmp_enabled && !own.mld_enabled));
    let rule = |from: &str, source: Option<&str>, group: &str, to: &[&str]| Rule {
        from: from.to_owned(),
        source: source.map(|net| net.parse().unwrap()),
        group: group.parse().unwrap(),
        standby: None,
        except: Vec::new(),
        to: to.iter().map(|&name| name.to_owned()).collect(),
    };
    let rules: Vec<_> = made.rule.iter().cloned().collect();
    let expected = [
        rule("eth0", Some("192.0.2.7/32"), "239.1.1.1/32", &["tun*", "eth1"]),
        rule("eth0", None, "239.2.0.0/16", &["eth1"]),
        rule("eth1", Some("2001:db8::/64"), "ff05::1/128", &["eth0"]),
        rule("eth0", None, "239.3.3.3/32", &[]),
    ];
    assert_eq!(rules, expected);
}

#[test]
fn a_route_may_have_exceptions_which_are_sources_or_groups() {
    let text = "\
mroute from eth0 source 10.0.0.0/24 except 10.0.0.7 group 239.1.0.0/16 except 239.1.9.0/24 to eth1
mroute from eth0 source 10.0.0.0/24 group 239.1.0.0/16 to eth2
mroute from eth0 group 239.1.0.0/16 source 10.0.0.0/24 to eth3
";
    let file = read(text);
    assert_eq!(file.problems, []);
    let made = ConfigFile::parse(&file.to_toml("", 30).unwrap()).unwrap();
    let rules = made.rule.iter().map(|rule| (rule.except.clone(), rule.to.len()));
    let except = ["10.0.0.7/32", "239.1.9.0/24"].map(|net| net.parse().unwrap()).to_vec();
    assert_eq!(rules.collect::<Vec<_>>(), [(except, 1), (Vec::new(), 2)]);
}

#[test]
fn a_phyint_may_be_a_boundary() {
    let file = read("phyint eth0 boundary 239.0.0.0/8 boundary ff05::/16 ttl-threshold 3\n");
    assert_eq!(file.problems, []);
    let made = ConfigFile::parse(&file.to_toml("", 30).unwrap()).unwrap();
    let boundaries = ["239.0.0.0/8", "ff05::/16"].map(|net| net.parse().unwrap());
    assert_eq!(made.interface[0].boundaries, boundaries);
    let forbidden =
        read("phyint eth1 boundary 239.0.0.0/8\nmroute from eth0 group 239.1.1.1 to eth1");
    let why = forbidden.to_toml("", 30).unwrap_err();
    assert!(why.contains("names the interface eth1, whose boundary 239.0.0.0/8"), "{why}");
    assert!(told("phyint eth0 boundary 10.0.0.0/8")[0].1);
}

#[test]
fn routers_are_advertised_where_a_phyint_says_so() {
    let file = read("phyint eth0 mrdisc ttl-threshold 3\nphyint eth1 enable\n");
    assert_eq!(file.problems, []);
    let made = ConfigFile::parse(&file.to_toml("", 30).unwrap()).unwrap();
    let advertised = made.interface.iter().map(|own| (own.router_discovery, own.ttl_threshold));
    assert_eq!(advertised.collect::<Vec<_>>(), [(Some(30), 3), (None, 1)]);
}

#[test]
fn what_smcroute_takes_by_accident_is_a_warning() {
    for (text, why) in [
        ("mroute fromage eth0 group 239.1.1.1 to eth1", "`fromage` for `from`"),
        ("mroute from eth0 grouper 239.1.1.1 toast eth1", "`grouper` for `group`"),
        ("mroute from eth0 via group 239.1.1.1 to eth1", "passes over `via`"),
        ("mroute from eth0 group 239.1.1.1/0 to eth1", "the full length"),
        ("mgroup from eth0 group 239.1.1.1 to eth1", "what follows `to`"),
        ("phyint eth0 up", "passes over `up`"),
        ("route eth0", "passes over `route`"),
    ] {
        let (line, is_error, said) = told(&format!("\n{text}")).remove(0);
        assert!((line, is_error) == (2, false) && said.contains(why), "{text}: {said}");
    }
    let long = format!("mroute from eth0 group 239.1.1.1 to{}", " eth1".repeat(100));
    assert_eq!(told(&long)[0], (1, false, "smcroute reads 511 octets of a line".to_owned()));
}

#[test]
fn a_line_of_which_nothing_can_come_is_an_error() {
    for (text, why) in [
        ("phyint", "name of an interface is missing"),
        ("phyint eth0 ttl-threshold", "a threshold is 1 to 254"),
        ("phyint eth0 ttl-threshold 0", "a threshold is 1 to 254"),
        ("phyint eth0 ttl-threshold 256", "a threshold is 1 to 254"),
        ("mgroup from eth0 group 10.1.1.1", "no multicast group"),
        ("mgroup from eth0 group 239.0.0.0/8", "more than 65536 joins"),
        ("mgroup group 239.1.1.1", "needs `from` and `group`"),
        ("include", "the name of a file is missing"),
        ("include /nowhere/at/all.conf", "/nowhere/at/all.conf: No such file"),
        ("mroute group 239.1.1.1 to eth1", "needs `from` and `group`"),
        ("mroute from eth0 to eth1", "needs `from` and `group`"),
        ("mroute from eth0 group", "nothing follows `group`"),
        ("mroute from eth0 group 239.1.1 to eth1", "`239.1.1` is no address"),
        ("mroute from eth0 source eth1 group 239.1.1.1", "`eth1` is no address"),
        ("mroute from eth0 group 10.1.1.1 to eth1", "no multicast group"),
        ("mroute from eth0 group 224.0.0.251 to eth1", "stays on its link"),
        ("mroute from eth0 source fd00::1 group 239.1.1.1 to eth1", "two address families"),
    ] {
        let told = told(text);
        let found = told
            .iter()
            .any(|(line, is_error, said)| (*line, *is_error) == (1, true) && said.contains(why));
        assert!(found, "{text}: {told:?}");
    }
    let off = "phyint eth1 disable\nmroute from eth0 group 239.1.1.1 to eth1";
    assert_eq!(told(off), [(2, true, "eth1 is disabled by its phyint".to_owned())]);
    let label = read("mroute from e0:1 group 239.1.1.1 to eth1").to_toml("", 30);
    assert!(label.unwrap_err().contains("label of an address"));
}

#[test]
fn a_caret_shows_the_word() {
    let file = read("\tmroute from eth0 group 10.1.1.1 to eth1");
    let shown = "/etc/smcroute.conf:1: error: 10.1.1.1/32 is no multicast group or prefix of groups\n  \
                 | \tmroute from eth0 group 10.1.1.1 to eth1\n  \
                 | \t                       ^^^^^^^^";
    assert_eq!(file.problems[0].to_string(), shown);
}

#[test]
fn a_membership_is_joined_on_its_interface() {
    let file = read(
        "mgroup from eth0 group 239.9.9.0/30\nssmgroup from tun+ group 232.1.1.1 source 10.0.0.1",
    );
    assert_eq!(file.problems, []);
    let made = ConfigFile::parse(&file.to_toml("", 30).unwrap()).unwrap().membership;
    let membership = |interface: &str, source: Option<&str>, group: &str| MembershipSettings {
        interface: interface.to_owned(),
        source: source.map(|net| net.parse().unwrap()),
        group: group.parse().unwrap(),
    };
    let expected = [
        membership("eth0", None, "239.9.9.0/30"),
        membership("tun*", Some("10.0.0.1/32"), "232.1.1.1/32"),
    ];
    assert_eq!(made, expected);
}

#[test]
fn with_the_option_only_enabled_interfaces_are_used() {
    let mut file = Smcroute { is_explicit: true, ..Smcroute::default() };
    let text = "phyint eth0 enable\nphyint eth4\nphyint eth1 enable\nphyint eth2 disable\n\
                mroute from eth0 group 239.1.1.1 to eth1\n\
                mroute from eth0 group 239.1.1.2 to eth1 eth3\n\
                mroute from eth0 group 239.1.1.3 to et+\n\
                mroute from eth0 group 239.1.1.4 to tun+\n";
    file.read(Path::new("c"), text);
    let problems: Vec<_> = file.problems.iter().map(|of| (of.line, of.why.as_str())).collect();
    let expected = [
        (6, "eth3 has no phyint that enables it, which -N asks for"),
        (8, "tun+ has no phyint that enables it, which -N asks for"),
    ];
    assert_eq!(problems, expected);
    let made = ConfigFile::parse(&file.to_toml("", 30).unwrap()).unwrap();
    assert_eq!(made.interface_names().collect::<Vec<_>>(), ["eth0", "eth1"]);
    assert_eq!(made.rule.len(), 2);
}

#[test]
fn files_are_included_in_the_order_of_their_names() {
    let folder = std::env::temp_dir().join(format!("smcroute-include-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("d")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let route = |last: u8| format!("mroute from eth0 group 239.1.1.{last} to eth1\n");
    write("main.conf", &format!("include d/*.conf\ninclude none*\n{}", route(3)));
    write("d/20.conf", &route(2));
    write("d/10.conf", &route(1));
    write("d/.hidden.conf", "mroute wrong");
    write("d/30.other", "mroute wrong");
    let main = folder.join("main.conf");
    let file = Smcroute::load(&main, false).unwrap();
    assert_eq!(file.problems, []);
    let groups: Vec<String> = file.rules.iter().map(|rule| rule.group.to_string()).collect();
    assert_eq!(groups, ["239.1.1.1/32", "239.1.1.2/32", "239.1.1.3/32"]);
    // A problem has the name of its own file, and a circle ends.
    write("d/10.conf", "\nmroute from");
    write("d/20.conf", "include 10.conf\ninclude 20.conf");
    let problems = Smcroute::load(&main, false).unwrap().problems;
    assert!(problems[0].to_string().contains("d/10.conf:2: error: nothing follows"));
    assert!(problems.iter().any(|of| of.why.contains("d/20.conf has been read already")));
    std::fs::remove_dir_all(folder).unwrap();
}
