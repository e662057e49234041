use super::*;
use crate::wire::pim::decode;

fn vif() -> Vif {
    Vif::FIRST
}

fn branch(family: Family, group: u16, source: Option<u16>) -> Branch {
    let address = |v4: [u8; 2], number: u16, v6: u16| match family {
        Family::V4 => {
            let [high, low] = number.to_be_bytes();
            IpAddr::from([v4[0], v4[1], high, low])
        }
        Family::V6 => IpAddr::from([v6, 0, 0, 0, 0, 0, 1, number]),
    };
    let group = Group::new(address([239, 1], group, 0xff1e)).unwrap();
    Branch { group, source: source.map(|n| Source::new(address([10, 9], n, 0xfd00)).unwrap()) }
}

/// What comes out of the messages is what was due, and each of them fits a packet of the least MTU.
#[test]
fn many_entries_are_split_over_messages_that_fit() {
    for (family, rp) in [(Family::V4, "10.8.0.1"), (Family::V6, "fd00::1")] {
        let rp: IpAddr = rp.parse().unwrap();
        let mut due = Due::default();
        let mut all = Vec::new();
        let groups = (1..400).map(|group| (group, 0)).chain([(500, 300)]);
        for (group, sources) in groups {
            for source in std::iter::once(None).chain((1..=sources).map(Some)) {
                let branch = branch(family, group, source);
                let of = source.is_none().then_some(rp);
                let entry = Entry::of(branch, of, source.is_none_or(|n| n % 2 == 0));
                due.add((vif(), rp), entry);
                all.push(entry);
            }
        }
        let messages = due.take(210);
        let mut read = Vec::new();
        for (on, message) in messages {
            let octets = message.encode(None).unwrap();
            assert!(octets.len() <= MOST_OCTETS && on == vif(), "{} octets", octets.len());
            let Message::JoinPrune(message) = decode(&octets, None).unwrap().message else {
                panic!("a Join/Prune")
            };
            assert_eq!((message.upstream, message.holdtime), (rp, 210));
            read.extend(entries(&message, family));
        }
        read.sort_by_key(|(group, entry)| (*group, entry.what));
        assert!(read == all, "{} of {}", read.len(), all.len());
        assert!(due.take(210).is_empty());
    }
}

// RFC7761-4.9.5.1-02
#[test]
fn of_a_join_and_a_prune_of_one_branch_the_last_one_counts() {
    let mut due = Due::default();
    let branch = branch(Family::V4, 1, Some(1));
    let upstream: IpAddr = [10, 0, 0, 1].into();
    for is_join in [true, false] {
        due.add((vif(), upstream), Entry::of(branch, None, is_join));
    }
    let [(_, Message::JoinPrune(message))] = &due.take(210)[..] else { panic!("one message") };
    assert_eq!(entries(message, Family::V4), [Entry::of(branch, None, false)]);
}

// RFC7761-4.9.5.2-01
#[test]
fn the_smallest_prunes_that_fit_come_with_the_join_of_their_group() {
    let upstream: IpAddr = [10, 0, 0, 1].into();
    let mut due = Due::default();
    for group in 1..=3 {
        due.add(
            (vif(), upstream),
            Entry::of(branch(Family::V4, group, None), Some(upstream), true),
        );
        let prunes = if group == 2 { 100 } else { 400 };
        for source in (1..=prunes).rev() {
            let flow = branch(Family::V4, group, Some(source)).flow().unwrap();
            due.add((vif(), upstream), Entry::rpt(flow, false));
        }
        due.add((vif(), upstream), Entry::of(branch(Family::V4, group, Some(900)), None, true));
    }
    let mut found = Vec::new();
    for (_, message) in due.take(210) {
        let octets = message.encode(None).unwrap().len();
        let Message::JoinPrune(message) = message else { panic!("a Join/Prune") };
        for GroupEntries { group, joins, prunes } in &message.groups {
            let IpAddr::V4(group) = group.group else { panic!("of IPv4") };
            let sources: Vec<IpAddr> = prunes.iter().map(|prune| prune.source).collect();
            let smallest = (1..=u8::MAX).map(|n| IpAddr::from([10, 9, 0, n]));
            assert!(sources.iter().copied().eq(smallest.take(sources.len())), "{sources:?}");
            assert!(prunes.iter().all(|prune| prune.is_rpt), "{prunes:?}");
            let (any, of) =
                joins.iter().partition::<Vec<&EncodedSource>, _>(|join| join.is_wildcard);
            found.push((group.octets()[3], any.len(), prunes.len(), of.len()));
        }
        assert!(octets <= MOST_OCTETS, "{octets} octets");
    }
    // Each group has as many as there is room for, the Join among them, and what has none is left out.
    let most = (MOST_OCTETS - HEAD - 12) / 8 - 1;
    let expected = [(1, 1, most, 0), (1, 0, 0, 1), (2, 1, 100, 1), (3, 1, most, 0), (3, 0, 0, 1)];
    assert_eq!(found, expected);
}
