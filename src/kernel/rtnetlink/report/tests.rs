//! Messages as linux/rtnetlink.h lays them out, with the attributes that `ip` shows.

use super::*;

/// A message with this kind, flags, fixed part and attributes.
fn message(kind: u16, flags: u16, head: &[u8], nlas: &[(u16, &[u8])]) -> Option<Report> {
    let mut payload = head.to_vec();
    for (kind, value) in nlas {
        payload.extend(nla(*kind, value));
    }
    let length = u32::try_from(16 + payload.len()).unwrap();
    let mut octets = length.to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(flags.to_ne_bytes());
    octets.extend([0; 8]);
    octets.extend(payload);
    read(NetlinkBuffer::new_checked(&octets[..]).unwrap())
}

fn nla(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut octets = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    octets.extend(value);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

fn ifinfomsg(family: u8, index: u32, flags: u32) -> Vec<u8> {
    [&[family, 0, 1, 0][..], &index.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 4]].concat()
}

fn ifaddrmsg(family: u8, length: u8, flags: u8, index: u32) -> Vec<u8> {
    [&[family, length, flags, 0][..], &index.to_ne_bytes()].concat()
}

fn rtmsg(family: u8, length: u8, table: u8, kind: u8, flags: u32) -> Vec<u8> {
    [&[family, length, 0, 0, table, 2, 0, kind][..], &flags.to_ne_bytes()].concat()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

#[test]
fn a_device_has_a_name_and_flags() {
    let flags = IFF_UP | IFF_LOWER_UP | IFF_MULTICAST;
    // An attribute that nobody knows stands before the name.
    let losses = 5_u32.to_ne_bytes();
    let nlas = [(999, &[1, 2, 3][..]), (IFLA_IFNAME, b"e0\0"), (IFLA_CARRIER_DOWN_COUNT, &losses)];
    let expected = Device {
        ifindex: 7,
        name: "e0".into(),
        is_up: true,
        is_running: true,
        is_multicast: true,
        carrier_losses: 5,
    };
    let seen = message(RTM_NEWLINK, 0, &ifinfomsg(0, 7, flags), &nlas);
    assert_eq!(seen, Some(Report::Device(expected.clone())));
    for flags in [IFF_UP, IFF_UP | IFF_LOWER_UP | IFF_DORMANT] {
        let seen = message(RTM_NEWLINK, 0, &ifinfomsg(0, 7, flags), &nlas);
        let down = Device { is_running: false, is_multicast: false, ..expected.clone() };
        assert_eq!(seen, Some(Report::Device(down)));
    }
    let gone = message(RTM_DELLINK, 0, &ifinfomsg(0, 7, 0), &nlas);
    assert_eq!(gone, Some(Report::DeviceGone(7)));
}

// A port that leaves its bridge is still there.
#[test]
fn what_a_bridge_says_of_its_ports_says_nothing_of_the_device() {
    let nlas = [(IFLA_IFNAME, &b"e0\0"[..])];
    for kind in [RTM_NEWLINK, RTM_DELLINK] {
        assert_eq!(message(kind, 0, &ifinfomsg(7, 7, 0), &nlas), None);
    }
}

// The label (IFA_LABEL, 3) is a name of the address, and of no device.
#[test]
fn an_address_belongs_to_the_index_whatever_its_label() {
    let ip = [192, 0, 2, 1];
    let nlas = [(IFA_ADDRESS, &ip[..]), (IFA_LOCAL, &ip), (3, b"vip0\0")];
    let expected = Address {
        ifindex: 1,
        own: net("192.0.2.1/32"),
        peer: None,
        is_secondary: false,
        is_usable: true,
    };
    let seen = message(RTM_NEWADDR, 0, &ifaddrmsg(2, 32, 0x80, 1), &nlas);
    assert_eq!(seen, Some(Report::Address(expected.clone())));
    let gone = message(RTM_DELADDR, 0, &ifaddrmsg(2, 32, 0x80, 1), &nlas);
    assert_eq!(gone, Some(Report::AddressGone(expected)));
}

#[test]
fn a_point_to_point_link_has_two_addresses() {
    let nlas = [(IFA_ADDRESS, &[10, 0, 9, 2][..]), (IFA_LOCAL, &[10, 0, 0, 1])];
    let Some(Report::Address(seen)) = message(RTM_NEWADDR, 0, &ifaddrmsg(2, 24, 0, 3), &nlas)
    else {
        panic!("no address");
    };
    assert_eq!((seen.own, seen.peer), (net("10.0.0.1/32"), Some(net("10.0.9.2/24"))));
}

// RFC 4862 section 5.4: no packet is sent from an address that is being checked for duplicates.
#[test]
fn an_address_is_usable_once_it_is_known_to_be_unique() {
    let addr: std::net::Ipv6Addr = "fe80::1".parse().unwrap();
    for (flags, usable) in [
        (0x80, true),
        (0x80 | IFA_F_TENTATIVE, false),
        (0x80 | IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, true),
        (0x80 | IFA_F_DADFAILED, false),
        (0x80 | IFA_F_SECONDARY, true),
    ] {
        let nlas = [(IFA_ADDRESS, &addr.octets()[..]), (IFA_FLAGS, &flags.to_ne_bytes())];
        let seen = message(RTM_NEWADDR, 0, &ifaddrmsg(10, 64, 0, 3), &nlas);
        let Some(Report::Address(seen)) = seen else { panic!("no address") };
        assert_eq!((seen.is_usable, seen.own), (usable, net("fe80::1/64")), "{flags:#x}");
        assert_eq!(seen.is_secondary, flags & IFA_F_SECONDARY != 0);
    }
}

#[test]
fn a_route_has_a_prefix_a_metric_and_hops() {
    let (oif, metric) = (4_u32.to_ne_bytes(), 100_u32.to_ne_bytes());
    let via = Some(IpAddr::from([10, 0, 0, 9]));
    let nlas = [
        (RTA_DST, &[192, 0, 2, 0][..]),
        (RTA_OIF, &oif),
        (RTA_GATEWAY, &[10, 0, 0, 9]),
        (RTA_PRIORITY, &metric),
    ];
    let hops = vec![Hop { ifindex: 4, via }];
    let expected = Route { prefix: net("192.0.2.0/24"), metric: 100, hops };
    let head = rtmsg(2, 24, 254, RTN_UNICAST, 0);
    let seen = |kind, flags| message(kind, flags, &head, &nlas);
    assert_eq!(seen(RTM_NEWROUTE, 0), Some(Report::Route(expected.clone())));
    let replaced = Report::RouteReplaced(expected.clone());
    assert_eq!(seen(RTM_NEWROUTE, NLM_F_REPLACE), Some(replaced));
    assert_eq!(seen(RTM_DELROUTE, 0), Some(Report::RouteGone(expected)));
    // The default route has no destination.
    let seen = message(RTM_NEWROUTE, 0, &rtmsg(10, 0, 254, RTN_UNICAST, 0), &[(RTA_OIF, &oif)]);
    let Some(Report::Route(default)) = seen else { panic!("no route") };
    assert_eq!((default.prefix, default.metric), (net("::/0"), 0));
}

#[test]
fn a_route_may_have_several_hops() {
    let hop = |ifindex: u32, nlas: &[u8]| {
        let length = u16::try_from(8 + nlas.len()).unwrap().to_ne_bytes();
        [&length[..], &[0, 0], &ifindex.to_ne_bytes(), nlas].concat()
    };
    let gateway = nla(RTA_GATEWAY, &[10, 0, 0, 9]);
    let several = [hop(4, &gateway), hop(6, &[])].concat();
    let head = rtmsg(2, 0, 254, RTN_UNICAST, 0);
    let seen = message(RTM_NEWROUTE, 0, &head, &[(RTA_MULTIPATH, &several)]);
    let Some(Report::Route(route)) = seen else { panic!("no route") };
    let via = Some(IpAddr::from([10, 0, 0, 9]));
    assert_eq!(route.hops, [Hop { ifindex: 4, via }, Hop { ifindex: 6, via: None }]);
}

#[test]
fn only_unicast_routes_of_the_main_table_count() {
    let nlas = [(RTA_OIF, &4_u32.to_ne_bytes()[..])];
    let seen = |head: &[u8]| message(RTM_NEWROUTE, 0, head, &nlas);
    assert!(seen(&rtmsg(2, 0, 254, RTN_UNICAST, 0)).is_some());
    assert_eq!(seen(&rtmsg(2, 0, 255, 2, 0)), None, "local");
    assert_eq!(seen(&rtmsg(2, 0, 254, 6, 0)), None, "blackhole");
    assert_eq!(seen(&rtmsg(10, 0, 254, RTN_UNICAST, RTM_F_CLONED)), None, "cached");
    let elsewhere = [(RTA_TABLE, &1000_u32.to_ne_bytes()[..]), nlas[0]];
    let head = rtmsg(2, 0, 252, RTN_UNICAST, 0);
    assert_eq!(message(RTM_NEWROUTE, 0, &head, &elsewhere), None, "table 1000");
}

#[test]
fn a_rule_names_a_table_and_perhaps_an_interface() {
    let head = [128, 0, 0, 0, 253, 0, 0, 1, 0, 0, 0, 0];
    let seen = message(RTM_NEWRULE, 0, &head, &[]);
    assert_eq!(seen, Some(Report::Rule(Rule { iif: None, table: 253 })));
    let nlas = [(FRA_IIFNAME, &b"e0\0"[..]), (FRA_TABLE, &100_u32.to_ne_bytes())];
    let seen = message(RTM_NEWRULE, 0, &head, &nlas);
    assert_eq!(seen, Some(Report::Rule(Rule { iif: Some("e0".into()), table: 100 })));
}

// What the kernel would never send must not end the daemon.
#[test]
fn octets_cut_anywhere_are_no_report_and_no_panic() {
    let hop = [&12_u16.to_ne_bytes()[..], &[0, 0], &4_u32.to_ne_bytes(), &[3, 0, 5, 0]].concat();
    let nlas = [(RTA_DST, &[192, 0][..]), (RTA_MULTIPATH, &hop), (RTA_VIA, &[2])];
    for (kind, head) in [
        (RTM_NEWLINK, ifinfomsg(0, 7, 1)),
        (RTM_NEWADDR, ifaddrmsg(2, 24, 0, 3)),
        (RTM_NEWADDR, ifaddrmsg(99, 240, 0, 3)),
        (RTM_NEWROUTE, rtmsg(2, 255, 254, RTN_UNICAST, 0)),
        (RTM_NEWRULE, rtmsg(2, 0, 254, 0, 0)),
    ] {
        for length in 0..=head.len() {
            _ = message(kind, 0, &head[..length], &nlas);
        }
    }
}
