//! Captures that tcpdump made of five broken situations, and of sound ones: `make.sh` beside them says how.

use std::path::Path;

use super::*;
use crate::capture::file::read;

fn frames(name: &str) -> Vec<CapturedFrame> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/pcap/broken");
    let file = std::fs::File::open(folder.join(name).with_extension("pcap")).unwrap();
    let mut frames = Vec::new();
    let reading = read(file, |frame| {
        frames.push(frame);
        true
    });
    assert!(reading.is_whole(), "{name}");
    frames
}

fn explain(frames: &[CapturedFrame]) -> Explained {
    let mut explainer = Explainer::default();
    frames.iter().for_each(|frame| explainer.add(frame));
    explainer.finish()
}

/// The faults of the capture.
fn of(name: &str) -> Vec<(What, String)> {
    listed(&explain(&frames(name)))
}

fn listed(explained: &Explained) -> Vec<(What, String)> {
    faults(explained).into_iter().map(|(what, link)| (what, link.to_owned())).collect()
}

fn on(link: &str, faults: &[What]) -> Vec<(What, String)> {
    faults.iter().map(|what| (*what, link.to_owned())).collect()
}

#[test]
fn a_sound_link_is_accused_of_nothing() {
    for name in ["sound", "sound-mld"] {
        assert_eq!(of(name), [], "{name}");
        // Reports that are cut may hold any answer.
        let mut cut = frames(name);
        cut.iter_mut().for_each(|frame| frame.bytes.truncate(100));
        assert_eq!(listed(&explain(&cut)), [], "{name}, cut");
    }
}

// RFC2236-8.4-01, RFC2710-7.4-01
#[test]
fn a_silent_querier_is_named_in_both_families() {
    use What::{QuerierSilent, Stopped};
    assert_eq!(of("silent"), on("-", &[QuerierSilent, Stopped]));
    assert_eq!(of("silent-mld"), on("-", &[QuerierSilent]), "the router itself goes on sending");
    let explained = explain(&frames("silent"));
    let said = words(&explained, QuerierSilent);
    assert!(said.contains("GMI (RV 2 x QI 5.00"), "{said}");
    let querier = &explained.links["-"].queriers[&IpAddr::from([10, 0, 2, 1])];
    let named = explained.findings.iter().find(|finding| finding.what == QuerierSilent).unwrap();
    assert_eq!((named.at, named.frame), (Some(querier.last.at), Some(querier.last.frame)));
}

// The member leaves before the capture ends: that takes nothing back.
#[test]
fn a_host_behind_a_firewall_is_named_on_both_sides_of_its_cable() {
    use What::{Stopped, Unanswered};
    for (name, host) in [("firewall", "10.0.2.7"), ("firewall-mld", "fe80::")] {
        assert_eq!(of(name), on("-", &[Unanswered, Stopped]), "{name}");
        let explained = explain(&frames(name));
        let said = words(&explained, Unanswered);
        assert!(said.starts_with(host) && said.contains("did not answer 5 Queries"), "{said}");
    }
}

// RFC 4541 section 2.1.1
#[test]
fn a_switch_that_snoops_and_hears_no_querier_is_named() {
    use What::{NoQuerier, Stopped};
    let expected = on("-", &[NoQuerier, NoQuerier, Stopped, Stopped]);
    assert_eq!(of("snooping"), expected);
    // In a minute no Query need come: that is a fault only if a stream stops that somebody wants.
    let mut minute = frames("snooping");
    let start = minute[0].stamp.unwrap();
    let age = |frame: &CapturedFrame| frame.stamp.unwrap() - start;
    minute.retain(|frame| age(frame) < Duration::from_secs(60));
    assert_eq!(listed(&explain(&minute)), []);
    let is_stream = |frame: &CapturedFrame| {
        let frame = InspectedFrame::of(frame);
        let packet = frame.packet().filter(|packet| matches!(packet.content, Content::Other(_)));
        let group = packet.and_then(|packet| Group::new(packet.destination));
        group.is_some_and(|group| !group.is_link_local())
    };
    minute.retain(|frame| age(frame) < Duration::from_secs(30) || !is_stream(frame));
    assert_eq!(listed(&explain(&minute)), expected);
}

#[test]
fn a_ttl_of_1_is_named_from_the_sender_alone_and_from_the_router() {
    use What::{NotForwarded, Ttl};
    assert_eq!(of("ttl-sender"), on("-", &[Ttl]));
    let [up, lan] = [Ttl, NotForwarded].map(|what| {
        let listed = of("ttl");
        let links: Vec<String> =
            listed.iter().filter(|(of, _)| *of == what).map(|(_, link)| link.clone()).collect();
        assert_eq!(links.len(), 2, "one of each family: {listed:?}");
        assert_eq!(links[0], links[1]);
        links[0].clone()
    });
    assert_ne!(up, lan);
}

#[test]
fn a_host_that_asks_on_the_wrong_interface_is_named() {
    let explained = explain(&frames("interface"));
    let [(What::WrongInterface, mgmt)] = faults(&explained)[..] else { panic!("{explained}") };
    let said = words(&explained, What::WrongInterface);
    assert!(said.starts_with(&format!("10.0.3.7 asked for 239.1.1.1 on {mgmt}")), "{said}");
}

// Each VLAN of a trunk is a link of its own.
#[test]
fn what_is_wrong_on_a_vlan_is_named_there() {
    let tagged = |name: &str, vlan: u8| {
        let mut frames = frames(name);
        for frame in frames.iter_mut().filter(|frame| frame.link_type == LinkType::ETHERNET) {
            frame.bytes.splice(12..12, [0x81, 0, 0, vlan]);
            frame.original_len += 4;
        }
        frames
    };
    let silent = tagged("silent", 7);
    assert_eq!(listed(&explain(&silent)), on("- VLAN 7", &[What::QuerierSilent, What::Stopped]));
    let start = silent[0].stamp.unwrap();
    let mut sound = tagged("sound-mld", 8);
    let its_start = sound[0].stamp.unwrap();
    for frame in &mut sound {
        frame.stamp = frame.stamp.map(|stamp| stamp - its_start + start);
    }
    let mut trunk = [silent, sound].concat();
    trunk.sort_by_key(|frame| frame.stamp);
    let silent = |listed: &(What, String)| listed.1 == "- VLAN 7";
    let on_trunk = listed(&explain(&trunk));
    assert_eq!(on_trunk.iter().filter(|one| silent(one)).count(), 2, "{on_trunk:?}");
}
