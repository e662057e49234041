//! Any history of records, against a plain reading of RFC 9776 sections 6.2 to 6.5, source by source.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

/// GMI and LMQT of the router under test, in seconds.
const GMI: u32 = 270;
const LMQT: u32 = 2;

/// One group in the words of section 6.2.1, with the instants at which its timers end.
#[derive(Clone, Debug, Default)]
struct Naive {
    exclude: bool,
    group_ends: u32,
    /// The source records; `None` is a timer of zero.
    sources: BTreeMap<char, Option<u32>>,
}

impl Naive {
    /// Section 6.2.2, 6.2.3 and 6.5: every timer that has ended by `now`, in the order of time.
    fn expire(&mut self, now: u32) {
        if self.exclude && self.group_ends <= now {
            // Sources that end no later than the group are kept in neither mode.
            let group_ends = self.group_ends;
            self.exclude = false;
            self.sources.retain(|_, ends| ends.is_some_and(|ends| ends > group_ends));
        }
        for ends in self.sources.values_mut() {
            *ends = ends.filter(|ends| *ends > now);
        }
        if !self.exclude {
            self.sources.retain(|_, ends| ends.is_some());
        }
    }

    /// Section 6.4, one source at a time; then section 6.6.3 for what is asked for.
    fn record(&mut self, now: u32, record: &Record) {
        let gmi = now + GMI;
        let named = |name: char| record.sources().contains(&source(name));
        let (was_exclude, group_ends) = (self.exclude, self.group_ends);
        let mut asked = Vec::new();
        for name in 'a'..='e' {
            let before = self.sources.get(&name).copied();
            let after = match (record, named(name)) {
                (Record::IsIn(_) | Record::Allow(_) | Record::ToIn(_), true) => Some(Some(gmi)),
                (Record::IsIn(_) | Record::Allow(_) | Record::ToIn(_), false) => before,
                (Record::IsEx(_) | Record::ToEx(_), false) => None,
                (Record::IsEx(_), true) if was_exclude => before.or(Some(Some(gmi))),
                (Record::ToEx(_), true) if was_exclude => before.or(Some(Some(group_ends))),
                (Record::IsEx(_) | Record::ToEx(_), true) => before.or(Some(None)),
                (Record::Block(_), true) if was_exclude => before.or(Some(Some(group_ends))),
                (Record::Block(_), _) => before,
            };
            let is_asked = match record {
                Record::Block(_) | Record::ToEx(_) => named(name),
                Record::ToIn(_) => !named(name),
                _ => false,
            };
            self.sources.remove(&name);
            self.sources.extend(after.map(|ends| (name, ends)));
            asked.extend(is_asked.then_some(name));
        }
        if matches!(record, Record::IsEx(_) | Record::ToEx(_)) {
            (self.exclude, self.group_ends) = (true, gmi);
        }
        for name in asked {
            if let Some(Some(ends)) = self.sources.get_mut(&name) {
                *ends = (*ends).min(now + LMQT);
            }
        }
        if was_exclude && matches!(record, Record::ToIn(_)) {
            self.group_ends = self.group_ends.min(now + LMQT);
        }
    }

    /// Section 6.3.
    fn wants(&self, name: char) -> bool {
        match self.sources.get(&name) {
            Some(ends) => ends.is_some(),
            None => self.exclude,
        }
    }
}

fn a_record() -> impl Strategy<Value = Record> {
    let sources = subsequence("abcde".chars().collect::<Vec<_>>(), 0..=5);
    let make: [fn(Sources) -> Record; 6] =
        [Record::IsIn, Record::IsEx, Record::ToIn, Record::ToEx, Record::Allow, Record::Block];
    (select(make.to_vec()), sources)
        .prop_map(|(make, names)| make(names.into_iter().map(source).collect()))
}

/// Short pauses, in which checks are under way, and long ones, after which timers end.
fn a_pause() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..4, 1 => 0_u32..300]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..<_>::default() })]

    // RFC3376-6.2.2-01, RFC3376-6.2.3-01, RFC3376-6.2.3-02, RFC3376-6.3-01, RFC3376-6.4.1-01 to
    // RFC3376-6.4.2-10, RFC3376-6.5-01
    #[test]
    fn the_machine_does_what_the_rfc_reads_like(steps in vec((a_pause(), a_record()), 1..25)) {
        let (mut link, mut naive, mut now) = (Link::v3(), Naive::default(), 0);
        for (pause, record) in steps {
            for _ in 0..=pause {
                let wants = |name| link.interface.wants(source(name), g());
                let (made, read): (String, String) =
                    (('a'..='f').filter(|n| wants(*n)).collect(), ('a'..='f').filter(|n| naive.wants(*n)).collect());
                prop_assert_eq!(made, read, "at {} s: {:?}", now, naive);
                now += 1;
                link.run_to(secs(now.into()));
                naive.expire(now);
            }
            link.report(record.clone()).unwrap();
            naive.record(now, &record);
        }
        prop_assert_eq!(link.interface.groups().is_empty(), !naive.exclude && naive.sources.is_empty());
    }

    // RFC3376-6.4.2-09, RFC3376-6.6.3.1-01: whatever else happens, a group that is left without an
    // answer was asked for LMQC times at LMQI.
    #[test]
    fn nobody_is_forgotten_unasked(steps in vec((0_u32..3, a_record()), 1..12)) {
        let mut link = Link::v3();
        link.report(Record::IsEx(set(""))).unwrap();
        for (pause, record) in steps {
            link.run_to(link.now.since_start() + secs(pause.into()));
            link.report(record).unwrap();
        }
        link.report(Record::IsEx(set(""))).unwrap();
        link.run_to(link.now.since_start() + secs(3.0));
        link.said.clear();
        let left = link.now.since_start();
        link.report(Record::ToIn(set(""))).unwrap();
        link.run_to(left + secs(10.0));
        let of_group = link.asked().into_iter().filter(|(_, sources, _)| sources.is_empty());
        let times: Vec<Duration> = of_group.map(|(at, ..)| at - left).collect();
        prop_assert_eq!(times, [secs(0.0), secs(1.0)]);
    }
}
