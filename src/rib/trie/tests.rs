use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Few prefixes, so that they nest and part from each other.
fn net() -> impl Strategy<Value = IpNet> {
    let v4 = (any::<u8>(), any::<u8>(), 0..=32_u8)
        .prop_map(|(a, d, length)| IpNet::new(IpAddr::from([a & 3, 0, 0, d & 7]), length).unwrap());
    let v6 = (0..8_u16, 0..=128_u8).prop_map(|(last, length)| {
        IpNet::new(IpAddr::from([0x2001, 0, 0, 0, 0, 0, 0, last]), length).unwrap()
    });
    prop_oneof![v4, v6].prop_map(|net| net.trunc())
}

#[derive(Clone, Debug)]
enum Step {
    Add(IpNet, u8),
    Remove(IpNet),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (net(), any::<u8>()).prop_map(|(net, value)| Step::Add(net, value)),
        1 => net().prop_map(Step::Remove),
    ];
    vec(step, 0..60)
}

/// The longest prefix, found by checking all of them.
fn scanned(map: &BTreeMap<IpNet, u8>, address: IpAddr) -> Option<(u8, u8)> {
    let found = map.iter().filter(|(net, _)| net.contains(&address));
    found.map(|(net, value)| (net.prefix_len(), *value)).max_by_key(|(length, _)| *length)
}

/// The number of nodes below this one that neither have a value nor part two prefixes.
fn idle<T>(node: &Node<T>) -> usize {
    let below = node.below.iter().flatten();
    let is_idle = |node: &Node<T>| node.value.is_none() && node.below.iter().flatten().count() < 2;
    below.map(|next| usize::from(is_idle(next)) + idle(next)).sum()
}

proptest! {
    // RFC 7761 section 4.5.1 asks for the unicast route, which is the longest match (RFC 1812 5.2.4.3).
    #[test]
    fn the_longest_prefix_is_found_after_any_changes(steps in steps(), asked in vec(net(), 1..20)) {
        let (mut trie, mut map) = (Trie::<u8>::default(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Add(net, value) => {
                    *trie.entry(net) = value;
                    map.insert(net, value);
                }
                Step::Remove(net) => {
                    prop_assert_eq!(trie.get_mut(net).copied(), map.remove(&net));
                    trie.remove(net);
                }
            }
        }
        for (net, value) in &map {
            prop_assert_eq!(trie.get_mut(*net), Some(&mut value.clone()));
        }
        for address in asked.iter().map(IpNet::addr) {
            let found = trie.longest(address, |value| Some(*value));
            prop_assert_eq!(found, scanned(&map, address), "{}", address);
        }
        let all: Vec<_> = trie.all().into_iter().map(|(net, value)| (net, *value)).collect();
        prop_assert_eq!(all, map.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(idle(&trie.0.v4) + idle(&trie.0.v6), 0);
    }
}

#[test]
fn the_families_do_not_meet() {
    let mut trie = Trie::<u8>::default();
    *trie.entry("0.0.0.0/0".parse().unwrap()) = 4;
    let longest = |text: &str| trie.longest(text.parse().unwrap(), |value| Some(*value));
    assert_eq!([longest("192.0.2.1"), longest("2001:db8::1")], [Some((0, 4)), None]);
}
