//! Writes an episode of a swarm: hosts, acts, faults and claims of one group.

use super::episode::{Episode, Kind};
use super::names::{SLACK, SOURCES, edge, group, lan, side};
use super::params::Params;
use super::script::{About, Script, Span};
use super::world::World;

/// How long a claim of silence lasts.
pub(super) const LISTEN: u64 = 3_000;

/// The time that a join needs to be heard, and a flow to be served.
pub(super) const HEARD: u64 = 200;

/// The time within which castnet's hosts in a swarm repeat a join's Report.
pub(super) const UNSOLICITED: u64 = 1_000;

/// The number of a stream's datagrams per second.
const RATE: u64 = 4;

/// Where an episode takes place.
pub(super) struct Place<'a> {
    pub(super) number: usize,
    pub(super) params: &'a Params,
    pub(super) world: &'a World,
}

/// An episode that is being written.
pub(super) struct Stage<'a> {
    of: &'a Episode,
    pub(super) place: &'a Place<'a>,
    pub(super) script: &'a mut Script,
    /// The link of the episode.
    pub(super) link: String,
    pub(super) group: String,
    source: String,
    pub(super) ttl: u64,
    /// The end of the last claim about the stream.
    streamed: Option<u64>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(of: &'a Episode, place: &'a Place<'a>, script: &'a mut Script) -> Self {
        let number = place.number;
        let (link, source) = match of.kind {
            kind if kind.is_aside() => (edge(number), "s1".to_owned()),
            Kind::Return => (lan(of.lan), format!("x{number}")),
            _ => (lan(of.lan), "s1".to_owned()),
        };
        let group = group(number);
        let place_in_table = number + 1;
        let address = match of.kind.is_channel() {
            true => format!("{{ ssm = {place_in_table} }}"),
            false => place_in_table.to_string(),
        };
        script.group(group.clone(), address);
        let stage = Self { of, place, script, link, group, source, ttl: 32, streamed: None };
        if of.kind == Kind::Return {
            let (source, link) = (stage.source.clone(), stage.link.clone());
            stage.script.node(&source, &[link], "role = \"source\"");
        }
        stage
    }

    pub(super) fn name(&self, host: &str) -> String {
        format!("{host}{}", self.place.number)
    }

    pub(super) fn host(&mut self, host: &str, keys: &str) {
        let (name, link) = (self.name(host), self.link.clone());
        self.script.node(&name, &[link], &format!("role = \"listener\"{keys}"));
    }

    /// Whether during all of this time the link of the episode has one querier.
    pub(super) fn is_settled(&self, span: Span) -> bool {
        self.of.kind.is_aside() || self.place.world.is_settled(self.of.lan, span)
    }

    /// A host of the version without sources.
    pub(super) fn older(&mut self, host: &str) {
        self.host(host, ", speaks = \"groups\"");
    }

    /// Whether the hosts run castnet's own host machine.
    pub(super) const fn is_castnet(&self) -> bool {
        self.of.is_castnet
    }

    /// Whether the hosts speak of sources to their routers.
    pub(super) fn has_sources(&self) -> bool {
        self.of.has_sources && self.place.world.has_sources(self.of.lan)
    }

    /// A host that joins.
    pub(super) fn member(&mut self, host: &str, at: u64) {
        self.listener(host);
        self.act("join", host, at);
    }

    /// A host that joins nothing yet.
    pub(super) fn listener(&mut self, host: &str) {
        let may = self.of.has_sources && self.place.params.has_sources();
        let speaks = if may { ", speaks = \"sources\"" } else { ", speaks = \"groups\"" };
        let keys = match (self.of.kind, self.of.is_castnet) {
            // Nothing is reported twice, so every Report answers a Query.
            (Kind::Crowd, _) => format!(", stack = \"castnet\", robustness = 1{speaks}"),
            (Kind::LostReport, _) | (_, true) => format!(
                ", stack = \"castnet\", unsolicited-report-interval = \"{UNSOLICITED}ms\"{speaks}"
            ),
            // It follows the older router.
            _ if may && !self.has_sources() => String::new(),
            _ => speaks.to_owned(),
        };
        self.host(host, &keys);
    }

    pub(super) fn act(&mut self, verb: &str, host: &str, at: u64) {
        let (who, group) = (self.name(host), &self.group);
        let act = match verb {
            "down" => format!("down = {{ who = \"{who}\", link = \"{}\" }}", self.link),
            verb => format!("{verb} = {{ who = \"{who}\", group = \"{group}\" }}"),
        };
        self.script.act(at, act);
    }

    pub(super) fn injector(&mut self) {
        let (name, link) = (self.name("i"), self.link.clone());
        self.script.node(&name, &[link], "role = \"injector\"");
    }

    pub(super) fn inject(&mut self, at: u64, what: &str) {
        let (who, group) = (self.name("i"), &self.group);
        self.script.act(at, format!("inject = {{ who = \"{who}\", {what}, group = \"{group}\" }}"));
    }

    pub(super) fn fault(&mut self, host: &str, kind: &str, what: &str) {
        let (from, group) = (self.name(host), &self.group);
        let keys = format!("kind = \"{kind}\"\nfrom = \"{from}\"\ngroup = \"{group}\"\n{what}");
        self.script.fault(&self.link.clone(), &keys);
    }

    /// A fault of what a host says when it leaves, at that time.
    pub(super) fn fault_of_leave(&mut self, host: &str, at: u64, what: &str) {
        if self.has_sources() {
            self.fault(host, "report", &format!("after = \"{at}ms\"\n{what}"));
        } else {
            self.fault(host, "leave", what);
        }
    }

    /// The streams last as long as claims are made about them.
    pub(super) fn stream(&mut self) {
        let Some(end) = self.streamed else { return };
        let start = self.of.start - 500;
        let (group, ttl, length) = (&self.group, self.ttl, end - start);
        let all = if self.of.kind.has_sources() { &SOURCES[..] } else { &[self.source.as_str()] };
        for who in all {
            let send = format!(
                "send = {{ who = \"{who}\", group = \"{group}\", rate = \"{RATE}pps\", ttl = {ttl}, for = \"{length}ms\" }}"
            );
            self.script.act(start, send);
        }
    }

    pub(super) fn packet(&self, more: &str) -> String {
        format!("packet = {{ on = \"{}\", group = \"{}\", {more} }}", self.link, self.group)
    }

    /// A member receives every datagram once.
    pub(super) fn served(&mut self, host: &str, span: Span) {
        self.served_by(&self.source.clone(), host, span);
    }

    /// A member receives every datagram of a source once.
    pub(super) fn served_by(&mut self, source: &str, host: &str, Span(from, to): Span) {
        let (name, group) = (self.name(host), &self.group);
        let what = format!(
            "delivery = {{ to = \"{name}\", group = \"{group}\", from = \"{source}\" }}\nexactly-once = true"
        );
        // A datagram sent at the very end may find the member gone.
        for Span(from, to) in self.place.world.served(self.of.lan, Span(from, to - SLACK)) {
            if to >= from + 1_000 {
                self.script.expect(About::Served, &what, Span(from, to));
            }
        }
    }

    /// Claims that nothing is forwarded; returns when the stream ends.
    pub(super) fn silent(&mut self, span: Span) -> u64 {
        self.none(&self.packet("kind = \"data\""), span)
    }

    /// Claims that none of these datagrams is forwarded; returns when the stream ends.
    pub(super) fn none(&mut self, data: &str, span: Span) -> u64 {
        self.script.expect(About::Silent, &format!("{data}\ncount = 0"), span);
        let end = span.1 + LISTEN;
        self.streamed = self.streamed.max(Some(end));
        end
    }

    /// Claims that some of these datagrams are forwarded; the stream lasts as long.
    pub(super) fn some(&mut self, data: &str, span: Span) {
        self.script.expect(About::Forwarded, &format!("{data}\ncount = \">= 1\""), span);
        self.streamed = self.streamed.max(Some(span.1));
    }

    /// Claims that forwarding stops a little after this time.
    pub(super) fn forgets(&mut self, at: u64) -> u64 {
        self.silent(Span(at + HEARD, at + HEARD + LISTEN))
    }

    /// Claims so many Group-Specific Queries, unless the querier is uncertain.
    pub(super) fn asked(&mut self, from: u64, to: u64, count: &str) {
        self.queries("kind = \"group-specific-query\"", from, to, count);
    }

    /// Claims so many Queries of this kind, unless the querier is uncertain.
    pub(super) fn queries(&mut self, kind: &str, from: u64, to: u64, count: &str) {
        if self.is_settled(Span(from, to)) {
            let max_resp = self.place.params.lmqi();
            let right = self.packet(&format!("{kind}, max-resp = \"{max_resp}ms\""));
            for what in [self.packet(kind), right] {
                let what = format!("{what}\ncount = \"{count}\"");
                self.script.expect(About::Asked, &what, Span(from, to));
            }
        }
    }

    /// The last member leaves, and its router hears the Leave so much later: the querier sends
    /// Group-Specific Queries and forgets the group (RFC 2236 section 3). If the querier is
    /// uncertain, the router forgets the group after GMI.
    pub(super) fn leaves(&mut self, host: &str, at: u64, heard: u64) -> u64 {
        let params = self.place.params;
        let heard = at + heard;
        self.act("leave", host, at);
        let checked = heard + params.lmqt();
        if !self.is_settled(Span(at, checked + HEARD)) {
            return self.forgets(at + params.gmi());
        }
        self.asked(at, checked + SLACK, &params.asked());
        if params.lmqt() >= 1_000 && params.is_checked_in_full() {
            self.some(&self.packet("kind = \"data\""), Span(heard, checked - SLACK));
        }
        self.silent(Span(checked + SLACK, checked + LISTEN))
    }

    /// Until when a member is served that has to answer a check at `then`, and wants to be served up
    /// to `last`: Linux may answer an eighth late, and one Query leaves no time for that.
    pub(super) fn kept(&self, is_kernel: bool, then: u64, last: u64) -> u64 {
        let is_late = is_kernel && self.place.params.knobs.last_member_query_count() == 1;
        if is_late { then } else { last }
    }

    /// The last member leaves, of which the router knows unless it has answered too late before.
    pub(super) fn leaves_if_kept(&mut self, host: &str, kept: u64, last: u64) -> u64 {
        if kept == last {
            return self.leaves(host, last, 0);
        }
        self.act("leave", host, last);
        self.forgets(last + self.place.params.gmi())
    }

    /// A host reports a join at least twice (RFC 2236 section 3).
    pub(super) fn repeated(&mut self, host: &str, at: u64) {
        // A host with sources says it as often as its querier's Robustness Variable says.
        let is_repeated = !self.has_sources() || self.place.params.knobs.robustness > 1;
        if self.of.is_castnet && is_repeated && self.of.stay > UNSOLICITED + HEARD {
            let from = self.name(host);
            let what = format!("kind = \"report\", from = \"{from}\"");
            let what = format!("{}\ncount = \">= 2\"", self.packet(&what));
            self.script.expect(About::Reported, &what, Span(at, at + UNSOLICITED + SLACK));
        }
    }

    /// Of two members one answers each General Query, and the other is suppressed (RFC 2236 section
    /// 3); with sources both answer (RFC 9776 section 5.2).
    pub(super) fn suppressed(&mut self, Span(from, to): Span) {
        let params = self.place.params;
        if !self.is_settled(Span(0, to)) {
            return;
        }
        let queries = params.queries(to + params.qri() + 2 * SLACK);
        let answers = if self.has_sources() { 2 } else { 1 };
        for &query in &queries {
            let over = query + params.qri() + SLACK;
            // Startup Queries may be closer than the time to answer one, which then is that of both.
            let apart = params.qri() + 2 * SLACK;
            let is_alone = queries.iter().all(|&q| q == query || q.abs_diff(query) >= apart);
            if is_alone && query > from && over < to {
                let what = format!("{}\ncount = {answers}", self.packet("kind = \"report\""));
                self.script.expect(About::Reported, &what, Span(query - SLACK, over));
            }
        }
    }

    /// A datagram does not go back out onto the link that it came from.
    pub(super) fn returned_nothing(&mut self, span: Span) {
        let router = self.of.lan;
        let what = format!("kind = \"data\", from = \"r{router}\"");
        let what = format!("{}\ncount = 0", self.packet(&what));
        self.script.expect(About::Silent, &what, span);
        self.streamed = self.streamed.max(Some(span.1 + LISTEN));
    }

    /// A router of the episode's own, with these keys; returns its name.
    pub(super) fn router_aside(&mut self, keys: &str) -> String {
        let number = self.place.number;
        let (name, links) = (format!("f{number}"), [side(number), self.link.clone()]);
        self.script.node(&name, &links, &format!("role = \"router\", {keys}"));
        name
    }

    /// A router without a route to the source, with a member behind it.
    pub(super) fn stranger(&mut self, at: u64) {
        self.router_aside("derive-routes = false");
        self.member("a", at);
        let leave = at + self.of.stay;
        let what = format!("{}\ncount = 0", self.packet("kind = \"data\""));
        self.script.expect(About::Silent, &what, Span(at, leave));
    }
}
