//! The router's clauses of RFC 9776 section 6, on one link in virtual time.
//!
//! Sources are letters: `"ab"` is 198.51.100.97 and 198.51.100.98.

use std::collections::VecDeque;
use std::time::Duration;

use super::change::{Filter, Record, Sources};
use super::interface::{Interface, TimerName};
use super::message::{Message, Report, Version};
use super::params::{Params, Profile};
use super::*;
use crate::ignored::Ignored;
use crate::rng::Rng;

mod asking;
mod configure;
mod election;
mod learning;
mod lightweight;
mod limits;
mod passive;
mod reference;
mod tables;
mod timers;
mod versions;

/// The router side of a link with its outputs.
struct Link {
    interface: Interface,
    now: Instant,
    said: Vec<(Duration, Say)>,
}

impl Link {
    /// A router with the address 10.0.0.5 that has just sent its first General Query.
    fn new(profile: Profile) -> Self {
        Self::with(Params { profile: Some(profile), ..Params::v2() })
    }

    fn with(params: Params) -> Self {
        let mut out = VecDeque::new();
        let mut rng = Rng::for_node(1, "r1");
        let mut cx = Cx { now: Instant::ZERO, rng: &mut rng, out: &mut out };
        let interface = Interface::start(&mut cx, params, router(5));
        Self { interface, now: Instant::ZERO, said: Vec::new() }
    }

    fn input(&mut self, input: impl FnOnce(&mut Interface, &mut Cx<'_>)) {
        let mut out = VecDeque::new();
        let mut rng = Rng::for_node(1, "r1");
        input(&mut self.interface, &mut Cx { now: self.now, rng: &mut rng, out: &mut out });
        let at = self.now.since_start();
        self.said.extend(out.into_iter().map(|say| (at, say)));
    }

    fn record(&mut self, record: &Record) {
        self.input(|interface, cx| interface.heard_record(cx, g(), record).unwrap());
    }

    /// A router of version 3.
    fn v3() -> Self {
        Self::with(Params { version: Version::V3, ..Params::v2() })
    }

    /// A message from a host, or from the router with this number.
    fn hear(&mut self, from: u8, message: Message) -> Result<(), Ignored> {
        let mut result = Ok(());
        self.input(|interface, cx| result = lens::hear(interface, cx, router(from), message));
        result
    }

    /// A version 3 Report of one record of the group.
    fn report(&mut self, record: Record) -> Result<(), Ignored> {
        let (version, records) = (Version::V3, vec![(g(), record)]);
        self.hear(100, Message::Report(Report { version, records }))
    }

    /// A Report of an older version.
    fn older_report(&mut self, version: Version) {
        self.hear(100, Message::Report(Report::of_group(version, g()))).unwrap();
    }

    fn leave(&mut self) -> Result<(), Ignored> {
        self.hear(100, Message::Report(Report::leave(g())))
    }

    fn query(&mut self, from: IpAddr, query: &Query) {
        self.input(|interface, cx| interface.heard_query(cx, from, query));
    }

    /// Lets time pass until then, serving every timer at its instant.
    fn run_to(&mut self, until: Duration) {
        let end = Instant::ZERO + until;
        assert!(end >= self.now, "time runs forwards");
        while let Some(next) = self.interface.deadline().filter(|next| next.at <= end) {
            self.now = next.at;
            self.input(|interface, cx| interface.expire(cx));
        }
        self.now = end;
    }

    /// The Queries for the group since the last call: when, for which sources, and the S flag.
    fn asked(&mut self) -> Vec<(Duration, Sources, bool)> {
        let of_group = |(at, say)| match say {
            Say::Query(Query { group: Some(_), sources, suppress, .. }) => {
                Some((at, sources, suppress))
            }
            _ => None,
        };
        self.said.drain(..).filter_map(of_group).collect()
    }

    fn news(&mut self) -> Vec<News> {
        let news = |(_, say)| match say {
            Say::News(news) => Some(news),
            Say::Query(_) => None,
        };
        self.said.drain(..).filter_map(news).collect()
    }

    fn filter(&self) -> Filter {
        self.interface.groups().get(&g()).map_or_else(Filter::nothing, |known| known.filter.clone())
    }

    fn group_timer(&self) -> Option<Duration> {
        Some(self.interface.expiry(TimerName::Group(g()))?.since_start())
    }

    fn source_timer(&self, name: char) -> Option<Duration> {
        Some(self.interface.expiry(TimerName::Source(g(), source(name)))?.since_start())
    }
}

const NANO: Duration = Duration::from_nanos(1);

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

fn g() -> Group {
    Group::new("239.1.1.1".parse().unwrap()).unwrap()
}

fn router(host: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, host])
}

fn source(name: char) -> IpAddr {
    IpAddr::from([198, 51, 100, u8::try_from(name).unwrap()])
}

fn set(names: &str) -> Sources {
    names.chars().map(source).collect()
}

fn include(wanted: &str) -> Filter {
    Filter::Include { wanted: set(wanted) }
}

fn exclude(requested: &str, excluded: &str) -> Filter {
    Filter::Exclude { requested: set(requested), excluded: set(excluded) }
}

/// Another router's Query.
fn ask(group: Option<Group>, sources: &str, suppress: bool) -> Query {
    Query { sources: set(sources), suppress, ..Query::older(Version::V2, group, secs(1.0)) }
}
