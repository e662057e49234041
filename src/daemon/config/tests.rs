use std::net::Ipv4Addr;

use super::*;

const NET: [IpNet; 1] = [IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 24)];

fn fault(text: &str) -> String {
    ConfigFile::parse(text).unwrap_err().to_string()
}

#[test]
fn an_interface_overrides_what_holds_for_all() {
    let file = ConfigFile::parse(
        "igmp = { query-interval = '60s', robustness = 3 }\n\
         [[interface]]\nname = 'a'\n\
         [[interface]]\nname = 'b'\nigmp = { query-interval = '20s' }\nttl-threshold = 8\n\
         static-joins = [{ group = '239.1.1.1' }]",
    )
    .unwrap();
    let config = file.router(|_| &NET).unwrap();
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
fn what_is_not_spoken_yet_is_named_at_its_place() {
    let join = |join: &str| format!("[[interface]]\nname = 'a'\nstatic-joins = [{{ {join} }}]");
    for text in [
        join("group = 'ff3e::1'"),
        join("group = '239.1.1.1', source = '2001:db8::1'"),
        "[[route]]\ninterface = 'a'\nprefix = '2001:db8::/64'".to_owned(),
    ] {
        let why = fault(&text);
        assert!(why.contains("line 3") && why.contains("does not speak IPv6 yet"), "{why}");
    }
}

#[test]
fn a_key_of_another_protocol_is_answered_with_that() {
    for (text, line, protocol) in [
        ("keepalive = '10s'\nmld = { version = 2 }", "line 2", "MLD"),
        ("[igmp]\nlast-listener-query-interval = '1s'", "line 2", "MLD"),
        ("[[interface]]\nname = 'a'\npim = true", "line 3", "PIM"),
    ] {
        let why = fault(text);
        let wanted = format!("castnetd does not speak {protocol} yet");
        assert!(why.contains(line) && why.contains(&wanted), "{why}");
        assert!(!why.contains("expected one of"), "{why}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let refused = |text: &str, addresses: &'static [IpNet]| {
        ConfigFile::parse(text).unwrap().router(|_| addresses).unwrap_err().to_string()
    };
    let a = "[[interface]]\nname = 'a'\n";
    assert!(refused(&a.repeat(2), &NET).contains("interface a stands twice"));
    assert!(refused(a, &[]).contains("no IPv4 address"));
    let route = "[[route]]\nprefix = '10.0.0.0/8'\ninterface = 'b'";
    assert!(refused(&format!("{a}{route}"), &NET).contains("names the interface b"));
    let weak = refused(&format!("igmp = {{ robustness = 0 }}\n{a}"), &NET);
    assert!(weak.contains("interface a: robustness must not be 0"), "{weak}");
}
