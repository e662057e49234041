//! Multicast Router Discovery (RFC 4286) as the links of a router hear it.

use super::*;
use crate::mrd;
use crate::wire::icmpv6::Ends;
use crate::wire::ip::Header;
use crate::wire::mrd::Message as Discovery;

/// A router that advertises itself on `lan`, with group management there or without.
fn config_of(family: Family, managed: bool) -> Config {
    let mut config = super::config();
    config.family = family;
    for (net, interface) in (0..).zip(&mut config.interfaces) {
        let address = match family {
            Family::V4 => format!("10.0.{net}.5/24"),
            Family::V6 => format!("fe80::{net}:5/64"),
        };
        interface.addresses = vec![address.parse().unwrap()];
        interface.igmp = interface.igmp.take().filter(|_| managed);
    }
    config.interfaces[1].discovery = Some(mrd::Params { interval: 20 });
    config
}

const fn ends(header: &Header) -> Option<Ends> {
    Ends::of(header.source, header.destination)
}

/// What was said of discovery since the `from`th packet: when, where, and what.
fn said(lab: &Lab, from: usize) -> Vec<(Instant, Vif, Discovery)> {
    let mut said = Vec::new();
    for (at, vif, bytes) in &lab.plane.sent[from..] {
        let packet = Packet::decode(bytes).unwrap();
        if mrd::is_message(&packet) {
            let header = &packet.header;
            assert_eq!(header.destination, lab.router.family.all_snoopers().addr());
            assert_eq!((header.hop_limit, header.router_alert), (1, true));
            let message = crate::wire::mrd::decode(packet.payload, ends(header)).unwrap();
            said.push((*at, *vif, message));
        }
    }
    said
}

/// A Solicitation from a host of `lan`, changed before it is sent.
fn solicit(lab: &mut Lab, change: impl FnOnce(&mut Header)) {
    let family = lab.router.family;
    let source = match family {
        Family::V4 => "10.0.1.100",
        Family::V6 => "fe80::1:100",
    };
    let mut header = Header {
        source: source.parse().unwrap(),
        destination: family.all_routers().addr(),
        protocol: family.gmp_protocol(),
        hop_limit: 1,
        class: ipv4::INTERNETWORK_CONTROL,
        router_alert: true,
    };
    change(&mut header);
    let payload = Discovery::Solicitation.encode(ends(&header));
    let octets = Datagram { header, payload }.encode().unwrap();
    lab.input(Input::octets(lan(), &octets));
}

#[test]
fn a_router_advertises_itself_on_its_links_and_says_what_its_group_management_does() {
    for family in [Family::V4, Family::V6] {
        for (managed, query_interval, robustness) in [(true, 125, 2), (false, 0, 0)] {
            let mut lab = Lab::with(config_of(family, managed));
            lab.run_to(secs(60.0));
            let said = said(&lab, 0);
            let expected = Discovery::Advertisement { interval: 20, query_interval, robustness };
            assert!(said.iter().all(|(_, vif, of)| (*vif, *of) == (lan(), expected)), "{said:?}");
            // Three within 6 s, and then one every 20 s.
            assert_eq!(said.iter().filter(|of| of.0 <= Instant::ZERO + secs(6.0)).count(), 3);
            assert_eq!(said.len(), 5, "{said:?}");
            let routers = Group::new(family.all_routers().addr()).unwrap();
            assert!(lab.plane.listens.contains(&(lan(), routers)));
        }
    }
}

#[test]
fn a_solicitation_of_the_link_is_answered_within_two_seconds_and_no_other_one_is() {
    for family in [Family::V4, Family::V6] {
        let mut lab = Lab::with(config_of(family, true));
        lab.run_to(secs(10.0));
        let spoofed: [fn(&mut Header); 4] = [
            |header| header.hop_limit = 2,
            |header| header.router_alert = false,
            |header| header.destination = Family::of(header.source).all_hosts().addr(),
            |header| header.source = Family::of(header.source).all_hosts().addr(),
        ];
        for change in spoofed {
            let (sent, ignored) = (lab.plane.sent.len(), lab.ignored().len());
            solicit(&mut lab, change);
            lab.run_to(lab.now.since(Instant::ZERO) + secs(2.0));
            assert_eq!((said(&lab, sent), lab.ignored().len()), (vec![], ignored + 1));
        }
        let sent = lab.plane.sent.len();
        solicit(&mut lab, |_| {});
        lab.run_to(lab.now.since(Instant::ZERO) + secs(2.0));
        assert_eq!(said(&lab, sent).len(), 1);
    }
}

#[test]
fn a_router_that_ends_takes_its_leave_on_each_link_once() {
    for family in [Family::V4, Family::V6] {
        let mut lab = Lab::with(config_of(family, true));
        lab.run_to(secs(10.0));
        let sent = lab.plane.sent.len();
        lab.input(Input::End);
        lab.input(Input::End);
        assert_eq!(said(&lab, sent), [(lab.now, lan(), Discovery::Termination)]);
    }
}

#[test]
fn a_router_takes_its_leave_where_it_is_advertised_no_more() {
    for family in [Family::V4, Family::V6] {
        let mut lab = Lab::with(config_of(family, false));
        lab.run_to(secs(10.0));
        let sent = lab.plane.sent.len();
        let mut config = config_of(family, false);
        config.interfaces[1].discovery = None;
        lab.input(Input::Configure(config.clone()));
        assert_eq!(said(&lab, sent), [(lab.now, lan(), Discovery::Termination)]);
        assert!(lab.plane.listens.is_empty());
        lab.run_to(secs(60.0));
        assert_eq!(said(&lab, sent).len(), 1);
        solicit(&mut lab, |_| {});
        assert_eq!(lab.ignored(), [Ignored::NoDiscovery]);
        // A link without Advertisements has none to end.
        config.interfaces.remove(1);
        lab.input(Input::Configure(config));
        assert_eq!(said(&lab, sent).len(), 1);
    }
}
