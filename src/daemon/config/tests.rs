use super::*;
use crate::gmp::params::Profile;
use crate::pim::params as pim;
use crate::version::Version;

fn routers(text: &str) -> PerFamily<Option<Config>> {
    ConfigFile::parse(text).unwrap().check().unwrap()
}

fn fault(text: &str) -> String {
    ConfigFile::parse(text).unwrap_err().to_string()
}

#[test]
fn an_interface_overrides_what_holds_for_all() {
    let config = routers(
        "igmp = { query-interval = '60s', robustness = 3 }\n\
         [[interface]]\nname = 'a'\n\
         [[interface]]\nname = 'b'\nigmp = { query-interval = '20s' }\nttl-threshold = 8\n\
         static-joins = [{ group = '239.1.1.1' }]",
    )
    .v4
    .unwrap();
    let params = |n: usize| config.interfaces[n].igmp.clone().unwrap();
    let secs = Duration::from_secs;
    assert_eq!((params(0).query_interval, params(0).robustness), (secs(60), 3));
    assert_eq!((params(1).query_interval, params(1).robustness), (secs(20), 3));
    // RFC2236-8.7-01: derived from what was overridden.
    assert_eq!(params(1).startup_query_count(), 3);
    assert_eq!((config.interfaces[0].threshold, config.interfaces[1].threshold), (1, 8));
    assert_eq!(config.interfaces[1].static_joins.len(), 1);
}

#[test]
fn faults_name_line_and_key() {
    let text = fault("[[interface]]\nname = 'a'\nttl = 3");
    assert!(text.contains("line 3") && text.contains("unknown field `ttl`"), "{text}");
    let text = fault("[igmp]\nquery-interval = 'soon'");
    assert!(text.contains("line 2") && text.contains("`soon` is not a duration"), "{text}");
    let text = fault("[[interface]]\nname = 'a'\nstatic-joins = [{ group = '10.0.0.1' }]");
    assert!(text.contains("line 3") && text.contains("10.0.0.1 is not a multicast group"));
    assert!(fault("igmp = { version = 4 }").contains("version 1, 2 or 3, not 4"));
    assert!(fault("igmp = { robustnes = 3 }").contains("unknown field `robustnes`"));
    assert!(fault("igmp = { robustness = 'x' }").contains("expected u8"));
}

#[test]
fn one_file_makes_a_router_for_each_family() {
    let file = "igmp = { query-interval = '60s' }\nmld = { robustness = 3 }\n\
         [[interface]]\nname = 'a'\nttl-threshold = 8\nmld = { last-listener-query-count = 4 }\n\
         static-joins = [{ group = '239.1.1.1' }, { group = 'ff3e::1', source = '2001:db8::1' }]\n\
         [[interface]]\nname = 'b'\nigmp-enabled = false\n\
         [[route]]\nprefix = '2001:db8::/32'\ninterface = 'b'\n\
         [[route]]\nprefix = '192.0.2.0/24'\ninterface = 'a'";
    let PerFamily { v4: Some(v4), v6: Some(v6) } = routers(file) else { panic!("both families") };
    assert_eq!((v4.family, v6.family), (Family::V4, Family::V6));
    let interval = |config: &Config| config.interfaces[0].igmp.clone().unwrap().query_interval;
    assert_eq!([&v4, &v6].map(interval), [60, 125].map(Duration::from_secs));
    let mld = v6.interfaces[0].igmp.clone().unwrap();
    assert_eq!((mld.robustness, mld.last_member_query_count()), (3, 4));
    let asks = |config: &Config| config.interfaces[1].igmp.is_some();
    assert_eq!([&v4, &v6].map(asks), [false, true]);
    assert_eq!([&v4, &v6].map(|config| config.interfaces[0].threshold), [8, 1]);
    let joins = |config: &Config| {
        let joins = config.interfaces[0].static_joins.iter();
        joins.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(joins(&v4), ["(*, 239.1.1.1)"]);
    assert_eq!(joins(&v6), ["(2001:db8::1, ff3e::1)"]);
    let routes = |config: &Config| config.routes.iter().map(|r| r.prefix.to_string()).collect();
    let routes: [Vec<String>; 2] = [&v4, &v6].map(routes);
    assert_eq!(routes, [["192.0.2.0/24"], ["2001:db8::/32"]]);
    let PerFamily { v4, v6 } = routers(&format!("families = ['ipv6']\n{file}"));
    assert!(v4.is_none() && v6.is_some());
}

#[test]
fn mld_has_its_own_numbers_of_versions_and_rfcs() {
    let mld = |text: &str| {
        let file = format!("[mld]\n{text}\n[[interface]]\nname = 'a'");
        routers(&file).v6.unwrap().interfaces[0].igmp.clone().unwrap()
    };
    for (number, version) in [(1, Version::V2), (2, Version::V3)] {
        assert_eq!(mld(&format!("version = {number}")).version, version);
    }
    for (number, profile) in
        [(2710, Profile::Rfc2236), (3810, Profile::Rfc3376), (9777, Profile::Rfc9776)]
    {
        assert_eq!(mld(&format!("rfc = {number}")).profile, Some(profile));
    }
    let millis = Duration::from_millis;
    for key in ["last-listener-query-interval", "last-member-query-interval"] {
        let params = mld(&format!("{key} = '500ms'"));
        assert_eq!(params.last_member_query_interval, millis(500), "{key}");
    }
    for (text, why) in [
        ("version = 3", "the router speaks MLD version 1 or 2, not 3"),
        ("rfc = 2236", "rfc is 2710, 3810 or 9777, not 2236"),
        ("robustnes = 3", "unknown field `robustnes`"),
        ("require-router-alert = true", "MLD has no `require-router-alert`: a message without"),
        ("source-specific-range = 'fd00::/64'", "fd00::/64 is a network of sources, not of groups"),
        ("query-interval = 'soon'", "`soon` is not a duration"),
    ] {
        let text = fault(&format!("[igmp]\n[mld]\n{text}"));
        assert!(text.contains("line 3") && text.contains(why), "{text}");
    }
    for (table, range, why) in [
        ("mld", "239.9.0.0/16", "source-specific-range is of IPv6, and 239.9.0.0/16 is not"),
        ("igmp", "ff15:9::/32", "source-specific-range is of IPv4, and ff15:9::/32 is not"),
    ] {
        let text = fault(&format!("[{table}]\nsource-specific-range = '{range}'"));
        assert!(text.contains("line 1") && text.contains(why), "{text}");
    }
}

#[test]
fn what_could_never_be_forwarded_is_refused() {
    let join = |join: &str| format!("static-joins = [{{ group = {join} }}]");
    for (text, why) in [
        (join("'239.1.1.1', source = '0.0.0.0'"), "0.0.0.0 is no unicast address"),
        (join("'239.1.1.1', source = '239.1.1.2'"), "239.1.1.2 is no unicast address"),
        (join("'239.1.1.1', source = '255.255.255.255'"), "are never forwarded"),
        (join("'239.1.1.1', source = '127.0.0.1'"), "are never forwarded"),
        (join("'ff3e::1', source = 'ff3e::2'"), "ff3e::2 is no unicast address"),
        (join("'ff3e::1', source = '::'"), ":: is no unicast address"),
        (join("'ff3e::1', source = '::1'"), "are never forwarded"),
        (join("'ff3e::1', source = 'fe80::1'"), "are never forwarded"),
        (join("'ff3e::1', source = '192.0.2.1'"), "of the other address family"),
        (join("'239.1.1.1', source = '2001:db8::1'"), "of the other address family"),
        ("ttl-threshold = 0".to_owned(), "ttl-threshold is 1 to 254, not 0"),
        ("ttl-threshold = 255".to_owned(), "ttl-threshold is 1 to 254, not 255"),
        ("[[route]]\ninterface = 'a'\nprefix = '224.0.0.0/4'".to_owned(), "of groups"),
    ] {
        let told = fault(&format!("[[interface]]\nname = 'a'\n{text}"));
        assert!(told.contains("line ") && told.contains(why), "{text}: {told}");
    }
    for (text, why) in [
        ("table = 1000000000", "table is 1 to 99999999, not 1000000000"),
        ("table = 0", "table is 1 to 99999999, not 0"),
        ("families = []", "not none"),
        ("families = ['ipx']", "unknown variant `ipx`"),
    ] {
        let told = fault(text);
        assert!(told.contains("line 1") && told.contains(why), "{text}: {told}");
    }
}

// RFC7761-4.11-01
#[test]
fn pim_is_spoken_where_an_interface_says_so() {
    let file = "[pim]\nhello-period = '10s'\njoin-prune-period = '20s'\nspt-switchover = 'never'\n\
         [[rp]]\naddress = '192.0.2.1'\ngroups = ['239.0.0.0/8', '232.1.0.0/16']\n\
         [[rp]]\naddress = '2001:db8::1'\n\
         [[interface]]\nname = 'a'\npim = {}\n\
         [[interface]]\nname = 'b'\npim = { dr-priority = 7, hello-period = '3s' }\n\
         [[interface]]\nname = 'c'\n\
         [[route]]\nprefix = '198.51.100.0/24'\ninterface = 'a'\nvia = '192.0.2.9'";
    let PerFamily { v4: Some(v4), v6: Some(v6) } = routers(file) else { panic!("both families") };
    let link = |n: usize| v4.interfaces[n].pim.clone();
    let secs = Duration::from_secs;
    let (a, b) = (link(0).unwrap(), link(1).unwrap());
    assert_eq!((a.hello_period, a.dr_priority), (secs(10), 1));
    assert_eq!((b.hello_period, b.dr_priority), (secs(3), 7));
    assert_eq!((link(2), a.override_interval), (None, Duration::from_millis(2500)));
    let [v4_pim, v6_pim] = [&v4, &v6].map(|config| config.pim.clone().unwrap());
    assert_eq!((v4_pim.join_prune_period, v4_pim.register_probe_time), (secs(20), secs(5)));
    let rps = |pim: &pim::Params| {
        pim.rps.iter().map(|rp| format!("{} {}", rp.address, rp.groups)).collect::<Vec<_>>()
    };
    assert_eq!(rps(&v4_pim), ["192.0.2.1 239.0.0.0/8", "192.0.2.1 232.1.0.0/16"]);
    assert_eq!(rps(&v6_pim), ["2001:db8::1 ff00::/8"]);
    assert_eq!(v4.routes[0].via, Some("192.0.2.9".parse().unwrap()));
    // Nobody speaks it.
    assert!(routers("[[interface]]\nname = 'a'").v4.unwrap().pim.is_none());
}

#[test]
fn what_of_pim_has_no_effect_is_refused() {
    let refused = |text: &str| ConfigFile::parse(text).unwrap().check().unwrap_err().to_string();
    let a = "[[interface]]\nname = 'a'\n";
    let speaks = format!("{a}pim = {{}}\n");
    for (text, why) in [
        (format!("[pim]\n{a}"), "the table `pim` is for PIM, which no interface speaks"),
        (format!("{a}[[rp]]\naddress = '192.0.2.1'"), "`[[rp]]` is for PIM"),
        (
            format!("[pim]\nregister-probe-time = '40s'\n{speaks}"),
            "`register-probe-time` must be less than half",
        ),
        (
            format!("{speaks}[[rp]]\naddress = '192.0.2.1'\ngroups = ['ff00::/8']"),
            "ff00::/8 is no range of groups of IPv4",
        ),
        (format!("{speaks}upstream = true\n[[interface]]\nname = 'b'"), "a proxy speaks no PIM"),
        (
            format!("{a}[[route]]\nprefix = '10.0.0.0/8'\ninterface = 'a'\nvia = 'fe80::1'"),
            "leads by fe80::1, which is not of its family",
        ),
    ] {
        assert!(refused(&text).contains(why), "{text}: {}", refused(&text));
    }
    for (text, why) in [
        ("[[rp]]\naddress = '239.1.1.1'", "no address that every router of the domain can reach"),
        ("[[rp]]\naddress = 'fe80::1'", "no address that every router of the domain can reach"),
        ("[[rp]]\naddress = '10.0.0.1'\ngroups = []", "the RP of nothing"),
        ("[[rp]]\naddress = '10.0.0.1'\ngroups = ['10.0.0.0/8']", "a network of sources"),
        ("[pim]\nhello = '3s'", "unknown field `hello`"),
        ("[pim]\nspt-switchover = 'soon'", "unknown variant `soon`"),
    ] {
        assert!(fault(text).contains(why), "{text}: {}", fault(text));
    }
}

#[test]
fn a_key_of_another_protocol_is_answered_with_that() {
    let why = fault("[[interface]]\nname = 'a'\nbsr-priority = 3");
    let told = "castnetd does not speak the Bootstrap of PIM yet";
    assert!(why.contains("line 3") && why.contains(told), "{why}");
    assert!(!why.contains("expected one of"), "{why}");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let refused = |text: &str| ConfigFile::parse(text).unwrap().check().unwrap_err().to_string();
    let a = "[[interface]]\nname = 'a'\n";
    assert!(refused(&a.repeat(2)).contains("interface a stands twice"));
    let pattern = a.replace("'a'", "'a*'");
    assert!(refused(&pattern.repeat(2)).contains("interface a* stands twice"));
    let weak = refused(&format!("igmp = {{ robustness = 0 }}\n{pattern}"));
    assert!(weak.contains("interface a*: robustness must not be 0"), "{weak}");
    let many: String = (0..33).map(|n| a.replace("'a'", &format!("'a{n}'"))).collect();
    assert!(
        refused(&many)
            .contains("33 interfaces, but the kernel's multicast routing takes at most 32")
    );
    let route = "[[route]]\nprefix = '10.0.0.0/8'\ninterface = 'b'";
    assert!(refused(&format!("{a}{route}")).contains("names the interface b"));
    let weak = refused(&format!("igmp = {{ robustness = 0 }}\n{a}"));
    assert!(weak.contains("interface a: robustness must not be 0"), "{weak}");
}

#[test]
fn a_pattern_stands_for_the_interfaces_that_no_other_table_names() {
    let file = "[[interface]]\nname = 'eth*'\nttl-threshold = 8\n\
                [[interface]]\nname = 'eth1'\n[[interface]]\nname = '*'\nttl-threshold = 9\n\
                [[route]]\nprefix = '192.0.2.0/24'\ninterface = 'eth7'";
    let file = ConfigFile::parse(file).unwrap();
    let thresholds = |served: &[&str]| {
        let served: Vec<String> = served.iter().map(|&name| name.to_owned()).collect();
        let config = file.routers(&served).unwrap().v4.unwrap();
        let thresholds = config.interfaces.iter().map(|interface| interface.threshold);
        (thresholds.collect::<Vec<_>>(), config.routes.len())
    };
    assert_eq!(thresholds(&["eth0", "eth1", "wan"]), (vec![8, 1, 9], 0));
    // A route counts while its interface is there.
    assert_eq!(thresholds(&["eth7"]), (vec![8], 1));
    assert_eq!(file.interface_names().collect::<Vec<_>>(), ["eth1"]);
}

// Labels name addresses, and the kernel refuses these names.
#[test]
fn what_can_be_the_name_of_no_interface_is_refused() {
    for (name, why) in [
        ("e0:1", "`e0:1` is the label of an address; its interface is `e0`"),
        ("", "`` is no name of an interface"),
        ("an-interface-too-long", "1 to 15 octets"),
        ("e 0", "without blanks"),
        ("e/0", "without blanks and slashes"),
        ("..", "is no name"),
    ] {
        let told = fault(&format!("[[interface]]\nname = '{name}'"));
        assert!(told.contains("line 2") && told.contains(why), "{told}");
    }
}
