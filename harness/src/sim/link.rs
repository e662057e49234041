//! A link: its ports, the frames that each listens to, and the rules for frames on it.
//!
//! A frame is one event however many ports it reaches. A link with faults or a pace is a fabric's
//! wire instead, and each port is reached by an event of its own.

use castnet::time::Instant;
use smallvec::{Array, SmallVec};

use super::actor::Sounds;
use super::forwarders::small;
use crate::fabric::Wire;
use crate::plan::{LinkId, Plan, PortId};

/// A link of the plan at work.
#[derive(Debug)]
pub(super) struct Medium {
    pub(super) ports: Vec<PortId>,
    ears: Ears,
    /// The rules, if the link has faults.
    pub(super) wire: Option<Box<Wire>>,
    /// When the wire is called next.
    pub(super) wake: Option<Instant>,
}

/// Which port listens to which frames, each list in ascending order. A port may be listed several
/// times, once for each reason. What a stream needs of a cable is stored in place, since it visits
/// every link in turn.
#[derive(Debug, Default)]
struct Ears {
    all: SmallVec<[PortId; 2]>,
    /// For ports that do not listen to all frames.
    to: SmallVec<[Ear; 5]>,
    /// What ports that listen to all frames listen to besides.
    besides: SmallVec<[Ear; 1]>,
}

/// An address, and a port that listens to it.
type Ear = ([u8; 6], u32);

impl Medium {
    pub(super) fn new(plan: &Plan, link: LinkId) -> Self {
        let ports = plan.links[link].ports.clone();
        // A link of one port has nothing to interfere with.
        let is_wire = plan.is_wire(link) && ports.len() > 1;
        let wire = is_wire.then(|| Box::new(Wire::planned(plan, link)));
        Self { ports, ears: Ears::default(), wire, wake: None }
    }

    /// Begins or ends one reason for the port to listen.
    pub(super) fn hear(&mut self, port: PortId, sounds: Sounds, on: bool) {
        let heard_all = self.hears_all(port);
        let Ears { all, to, besides } = &mut self.ears;
        match sounds {
            Sounds::To(address) if heard_all => put(besides, (address, small(port)), on),
            Sounds::To(address) => put(to, (address, small(port)), on),
            Sounds::All => {
                put(all, port, on);
                match (heard_all, all.binary_search(&port).is_ok()) {
                    (false, true) => carry(port, to, besides),
                    (true, false) => carry(port, besides, to),
                    _ => {}
                }
            }
        }
    }

    /// Whether the port listens to all frames.
    pub(super) fn hears_all(&self, port: PortId) -> bool {
        self.ears.all.binary_search(&port).is_ok()
    }

    /// Whether a port that does not listen to all frames listens to those to this address.
    pub(super) fn hears(&self, port: PortId, destination: [u8; 6]) -> bool {
        self.ears.to.binary_search(&(destination, small(port))).is_ok()
    }

    /// Appends every port that listens to frames to this address, once each and in ascending order.
    pub(super) fn listeners(&self, destination: [u8; 6], found: &mut Vec<PortId>) {
        let to = &self.ears.to[self.ears.to.partition_point(|&(mac, _)| mac < destination)..];
        let to =
            to.iter().take_while(|&&(mac, _)| mac == destination).map(|&(_, port)| port as PortId);
        let mut all = self.ears.all.iter().copied().peekable();
        let mut to = to.peekable();
        loop {
            let next = match (all.peek(), to.peek()) {
                (Some(one), Some(other)) if other < one => to.next(),
                (Some(_), _) => all.next(),
                (None, _) => to.next(),
            };
            match next {
                Some(port) if found.last() != Some(&port) => found.push(port),
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// Inserts an entry into a list in ascending order, or removes one that is equal.
fn put<A: Array<Item: Ord>>(list: &mut SmallVec<A>, entry: A::Item, on: bool) {
    let at = list.partition_point(|other| *other < entry);
    if on {
        list.insert(at, entry);
    } else if list.get(at) == Some(&entry) {
        list.remove(at);
    }
}

/// Moves what the port listens to from one list to the other.
fn carry<A: Array<Item = Ear>, B: Array<Item = Ear>>(
    port: PortId,
    from: &mut SmallVec<A>,
    into: &mut SmallVec<B>,
) {
    let own: Vec<Ear> = from.iter().copied().filter(|ear| ear.1 == small(port)).collect();
    from.retain(|ear| ear.1 != small(port));
    own.into_iter().for_each(|ear| put(into, ear, true));
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [1, 0, 0x5e, 1, 1, 1];
    const OTHER: [u8; 6] = [1, 0, 0x5e, 1, 1, 2];

    fn link(ports: usize) -> Medium {
        Medium { ports: (0..ports).collect(), ears: Ears::default(), wire: None, wake: None }
    }

    fn listeners(link: &Medium, destination: [u8; 6]) -> Vec<PortId> {
        let mut found = Vec::new();
        link.listeners(destination, &mut found);
        let hears = |&port: &PortId| link.hears_all(port) || link.hears(port, destination);
        let each = link.ports.iter().copied().filter(hears);
        assert_eq!(found, each.collect::<Vec<_>>());
        found
    }

    #[test]
    fn only_those_who_listen_are_found_each_once_and_in_order() {
        let mut link = link(9);
        for (port, sounds) in [
            (7, Sounds::To(MAC)),
            (3, Sounds::All),
            (8, Sounds::All),
            (2, Sounds::To(MAC)),
            (3, Sounds::To(MAC)),
            (5, Sounds::To(OTHER)),
        ] {
            link.hear(port, sounds, true);
        }
        assert_eq!(listeners(&link, MAC), [2, 3, 7, 8]);
        assert_eq!(listeners(&link, OTHER), [3, 5, 8]);
        link.hear(3, Sounds::All, false);
        link.hear(7, Sounds::To(MAC), false);
        link.hear(7, Sounds::To(MAC), false);
        assert_eq!(listeners(&link, MAC), [2, 3, 8]);
        assert_eq!(listeners(&link, OTHER), [5, 8]);
    }

    #[test]
    fn who_no_longer_listens_to_all_listens_to_what_he_named_before_and_meanwhile() {
        let mut link = link(2);
        link.hear(1, Sounds::To(MAC), true);
        link.hear(1, Sounds::All, true);
        link.hear(1, Sounds::To(OTHER), true);
        assert_eq!(listeners(&link, [7; 6]), [1]);
        link.hear(1, Sounds::All, false);
        assert_eq!((listeners(&link, MAC), listeners(&link, OTHER)), (vec![1], vec![1]));
        assert_eq!(listeners(&link, [7; 6]), <[PortId; 0]>::default());
    }

    #[test]
    fn who_listens_for_two_reasons_goes_on_when_one_has_gone() {
        let mut link = link(2);
        link.hear(1, Sounds::To(MAC), true);
        link.hear(1, Sounds::To(MAC), true);
        link.hear(1, Sounds::To(MAC), false);
        assert_eq!(listeners(&link, MAC), [1]);
    }
}
