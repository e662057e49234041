//! For any inputs: no panic, no standstill, no forgotten timer, and no state left behind.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::gmp::interface::TimerName;

#[derive(Clone, Debug)]
enum Step {
    Wait(Duration),
    Bytes(Vif, Vec<u8>),
    Upcall(Upcall),
    /// The data plane reports counters unasked; they are always true.
    Counted(Flow),
    /// This many more datagrams of the flow have matched its entry.
    Datagrams(Flow, u8),
    Refuse(bool),
    /// A Query Interval of so many seconds on every link.
    Configure(u64),
    Tick,
}

fn vif() -> impl Strategy<Value = Vif> {
    // Three that exist, and one that does not.
    (0..4_usize).prop_map(|n| Vif::new(n).unwrap())
}

fn a_group() -> impl Strategy<Value = Ipv4Addr> {
    let given = ["239.1.1.1", "239.1.1.2", "224.0.0.1", "224.0.0.251", "0.0.0.0", "10.1.1.1"];
    select(given.map(|text| text.parse().unwrap()).to_vec())
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        3 => a_group().prop_map(|group| Message::V2Report { group }),
        1 => a_group().prop_map(|group| Message::V1Report { group }),
        2 => a_group().prop_map(|group| Message::Leave { group }),
        2 => (any::<u8>(), a_group()).prop_map(|(code, group)| query(code, group)),
    ]
}

/// An IGMP packet from a host, from us, or from a router that wins or loses the election.
fn packet() -> impl Strategy<Value = (Vif, Vec<u8>)> {
    (vif(), select(vec![0_u8, 1, 5, 9, 100]), a_group(), message()).prop_map(
        |(on, host, to, message)| {
            let from = Ipv4Addr::new(10, 0, u8::try_from(on.index()).unwrap(), host);
            (on, ipv4::encode_igmp(from, to, &message).unwrap())
        },
    )
}

/// A packet with an octet or two changed, which its checksums may or may not reveal.
fn damaged() -> impl Strategy<Value = (Vif, Vec<u8>)> {
    (packet(), vec((any::<proptest::sample::Index>(), any::<u8>()), 1..3)).prop_map(
        |((on, mut bytes), changes)| {
            let len = bytes.len();
            changes.iter().for_each(|(at, octet)| bytes[at.index(len)] = *octet);
            (on, bytes)
        },
    )
}

fn a_flow() -> impl Strategy<Value = Flow> {
    let sources = ["10.0.0.7", "10.0.1.7", "192.0.2.1", "2001:db8::1"];
    let groups = ["239.1.1.1", "239.1.1.2", "224.0.0.251", "ff05::1"];
    (select(sources.to_vec()), select(groups.to_vec())).prop_map(|(source, group)| Flow {
        source: source_at(source),
        group: Group::new(group.parse().unwrap()).unwrap(),
    })
}

fn step() -> impl Strategy<Value = Step> {
    let kind = select(vec![UpcallKind::NoCache, UpcallKind::WrongVif]);
    prop_oneof![
        6 => (0..150_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        3 => (0..3_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        10 => packet().prop_map(|(on, bytes)| Step::Bytes(on, bytes)),
        2 => damaged().prop_map(|(on, bytes)| Step::Bytes(on, bytes)),
        1 => (vif(), vec(any::<u8>(), 0..64)).prop_map(|(on, bytes)| Step::Bytes(on, bytes)),
        4 => (kind, vif(), a_flow())
            .prop_map(|(kind, vif, flow)| Step::Upcall(Upcall { kind, vif, flow })),
        1 => a_flow().prop_map(Step::Counted),
        2 => (a_flow(), any::<u8>()).prop_map(|(flow, count)| Step::Datagrams(flow, count)),
        1 => any::<bool>().prop_map(Step::Refuse),
        1 => (11..=125_u64).prop_map(Step::Configure),
        1 => Just(Step::Tick),
    ]
}

impl Lab {
    /// Takes the step; while time passes, makes a needless call every `extra`.
    fn step(&mut self, step: &Step, extra: Option<Duration>) {
        match step {
            Step::Wait(by) => self.wait(*by, extra),
            Step::Bytes(vif, bytes) => self.input(Input::octets(*vif, bytes)),
            Step::Upcall(upcall) => self.input(Input::Upcall(*upcall)),
            Step::Counted(flow) => {
                let counters = self.plane.cache.get(flow).map(|known| known.1);
                self.input(Input::Counted(*flow, counters));
            }
            Step::Datagrams(flow, count) => {
                if let Some((_, counters)) = self.plane.cache.get_mut(flow) {
                    counters.packets += u64::from(*count);
                }
            }
            Step::Refuse(on) => self.plane.refuse_sets = *on,
            Step::Configure(seconds) => {
                let mut config = joined(None);
                for interface in &mut config.interfaces {
                    let query_interval = Duration::from_secs(*seconds);
                    interface.igmp = Some(Params { query_interval, ..Params::v2() });
                }
                self.input(Input::Configure(config));
            }
            Step::Tick => self.input(Input::Tick),
        }
    }

    fn wait(&mut self, by: Duration, extra: Option<Duration>) {
        let end = (self.now + by).since_start();
        while let Some(extra) = extra.filter(|&extra| (self.now + extra).since_start() < end) {
            self.run_to((self.now + extra).since_start());
            self.input(Input::Tick);
        }
        self.run_to(end);
    }

    /// Every entry leads to all its receivers, and nowhere else.
    fn assert_entries_are_right(&self) {
        for (entry, _) in self.plane.cache.values() {
            assert!(!entry.oifs.contains_key(&entry.iif), "{entry:?}");
            assert!(!entry.flow.group.is_link_local(), "{entry:?}");
            let wanted = |vif: &Vif| {
                let Flow { source, group } = entry.flow;
                let igmp = self.router.igmp(*vif).unwrap();
                let joined = *vif == lan() && group == super::group();
                *vif != entry.iif && (igmp.wants(source.addr(), group) || joined)
            };
            let routed = self.plane_has_route(entry.flow.source.addr());
            let expected: Vec<_> =
                [up(), lan(), wlan()].into_iter().filter(|vif| routed && wanted(vif)).collect();
            let oifs: Vec<_> = entry.oifs.keys().copied().collect();
            assert_eq!(oifs, expected, "{entry:?}");
        }
    }

    fn plane_has_route(&self, source: IpAddr) -> bool {
        let connected = |vif: Vif| &self.router.interface(vif).unwrap().addresses;
        [up(), lan(), wlan()].into_iter().flat_map(connected).any(|net| net.contains(&source))
    }
}

proptest! {
    #[test]
    fn whatever_comes_in_silence_forgets_it(steps in vec(step(), 0..40)) {
        let mut lab = Lab::with(joined(None));
        for step in &steps {
            lab.step(step, None);
            if lab.plane.refuse_sets {
                continue;
            }
            lab.assert_entries_are_right();
        }
        lab.plane.refuse_sets = false;
        lab.wait(secs(262.0), None); // GMI and LMQT
        for vif in [up(), lan(), wlan()] {
            prop_assert!(lab.router.igmp(vif).unwrap().groups().is_empty());
        }
        lab.wait(2 * KEEPALIVE, None);
        prop_assert_eq!(&lab.plane.cache, &BTreeMap::new());
        for _ in 0..20 {
            for vif in [up(), lan(), wlan()] {
                let timer = lab.router.igmp(vif).unwrap().deadline().unwrap().timer;
                let queries =
                    matches!(timer, TimerName::GeneralQuery | TimerName::OtherQuerierPresent(_));
                prop_assert!(queries, "{:?} still runs", timer);
            }
            let next = lab.router.deadline().unwrap();
            lab.run_to(next.since_start());
        }
    }

    // Outputs and their times do not depend on how often the driver calls.
    #[test]
    fn the_deadline_forgets_no_timer(steps in vec(step(), 0..25), millis in 100..2000_u64) {
        let run = |extra| {
            let mut lab = Lab::with(joined(None));
            steps.iter().for_each(|step| lab.step(step, extra));
            lab.wait(secs(300.0), extra);
            lab
        };
        let (called, pestered) = (run(None), run(Some(Duration::from_millis(millis))));
        prop_assert_eq!(called.plane.sent, pestered.plane.sent);
        prop_assert_eq!(called.plane.events, pestered.plane.events);
        prop_assert_eq!(called.plane.cache, pestered.plane.cache);
    }
}
