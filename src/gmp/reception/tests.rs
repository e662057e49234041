//! The host's clauses of RFC 9776, on a quiet link with one host in virtual time.
//!
//! Sources are letters: `"ab"` is 198.51.100.97 and 198.51.100.98.

use super::*;
use crate::gmp::change::Sources;
use crate::rng::Rng;

mod answering;
mod changing;
mod filtering;
mod older;

/// One host, and when it sent which records.
struct Host {
    reception: Reception,
    rng: Rng,
    now: Instant,
    said: Vec<(Duration, Report)>,
}

impl Host {
    fn new() -> Self {
        Self::with(HostParams::of(Version::V3))
    }

    fn with(params: HostParams) -> Self {
        let rng = Rng::for_node(1, "h1");
        let reception = Reception::new(Family::V4, params);
        Self { reception, rng, now: Instant::ZERO, said: Vec::new() }
    }

    /// A host whose only socket wants this of group 1, and has told so.
    fn settled(wish: SourceFilter) -> Self {
        let mut host = Self::new();
        host.wish(wish);
        host.run_to(20.0);
        host.said.clear();
        host
    }

    fn input(&mut self, input: impl FnOnce(&mut Reception, &mut Cx<'_>)) {
        let mut out = VecDeque::new();
        let mut cx = Cx { now: self.now, rng: &mut self.rng, out: &mut out };
        input(&mut self.reception, &mut cx);
        let at = self.now.since_start();
        self.said.extend(out.into_iter().map(|report| (at, report)));
    }

    fn listen(&mut self, socket: Socket, group: Group, wish: SourceFilter) {
        self.input(|reception, cx| reception.listen(cx, socket, group, wish));
    }

    /// Socket 0 wants this of group 1.
    fn wish(&mut self, wish: SourceFilter) {
        self.listen(0, g(1), wish);
    }

    fn query(&mut self, query: &Query) {
        self.input(|reception, cx| reception.heard_query(cx, query));
    }

    /// Lets time pass until so many seconds, serving every timer at its instant.
    fn run_to(&mut self, seconds: f64) {
        let end = Instant::ZERO + secs(seconds);
        while let Some(deadline) = self.reception.deadline().filter(|next| next.at <= end) {
            self.now = deadline.at;
            self.input(|reception, cx| reception.expire(cx));
        }
        self.now = end;
    }

    /// The records of each message since the last call, in order.
    fn records(&mut self) -> Vec<Vec<(Group, Record)>> {
        self.said.drain(..).map(|(_, report)| report.records).collect()
    }

    /// The records of group 1 in each message since the last call.
    fn of_group(&mut self) -> Vec<Vec<Record>> {
        let own = |records: Vec<(Group, Record)>| {
            records.into_iter().filter(|(group, _)| *group == g(1)).map(|(_, r)| r).collect()
        };
        self.records().into_iter().map(own).collect()
    }
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

fn g(n: u8) -> Group {
    Group::new(IpAddr::from([239, 1, 1, n])).unwrap()
}

fn source(name: char) -> IpAddr {
    IpAddr::from([198, 51, 100, u8::try_from(name).unwrap()])
}

fn set(names: &str) -> Sources {
    names.chars().map(source).collect()
}

fn include(names: &str) -> SourceFilter {
    SourceFilter::Include(set(names))
}

fn exclude(names: &str) -> SourceFilter {
    SourceFilter::Exclude(set(names))
}

/// A Query of version 3 for group 1 or for all, with the Max Response Time in seconds.
fn ask(group: Option<Group>, sources: &str, max_resp: f64) -> Query {
    let query = Query::older(Version::V3, group, secs(max_resp));
    Query { sources: set(sources), qrv: Some(2), qqi: Some(secs(125.0)), ..query }
}
