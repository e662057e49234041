//! An episode of a swarm as it is written down: hosts, acts, faults and claims of one group.

use super::episode::{Episode, Kind};
use super::names::{SLACK, group, lan, side};
use super::params::Params;
use super::script::{About, Script, Span};
use super::world::World;

/// How long a silence is looked at.
pub(super) const LISTEN: u64 = 3_000;

/// What a join takes to have been heard, and a flow to be served.
pub(super) const HEARD: u64 = 200;

/// Within which castnet's hosts of a swarm say again what they have joined.
pub(super) const UNSOLICITED: u64 = 1_000;

/// How many datagrams a second a stream has.
const RATE: u64 = 4;

/// Where an episode takes place.
pub(super) struct Place<'a> {
    pub(super) number: usize,
    pub(super) params: &'a Params,
    pub(super) world: &'a World,
}

/// An episode while it is written down.
pub(super) struct Stage<'a> {
    of: &'a Episode,
    place: &'a Place<'a>,
    script: &'a mut Script,
    /// The link that it is about.
    link: String,
    group: String,
    source: String,
    pub(super) ttl: u64,
    /// Until when anything is claimed of the stream.
    streamed: Option<u64>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(of: &'a Episode, place: &'a Place<'a>, script: &'a mut Script) -> Self {
        let number = place.number;
        let (link, source) = match of.kind {
            Kind::Stranger => (format!("edge{number}"), "s1".to_owned()),
            Kind::Return => (lan(of.lan), format!("x{number}")),
            _ => (lan(of.lan), "s1".to_owned()),
        };
        let stage =
            Self { of, place, script, link, group: group(number), source, ttl: 32, streamed: None };
        if of.kind == Kind::Return {
            let (source, link) = (stage.source.clone(), stage.link.clone());
            stage.script.node(&source, &[link], "role = \"source\"");
        }
        stage
    }

    fn name(&self, host: &str) -> String {
        format!("{host}{}", self.place.number)
    }

    pub(super) fn host(&mut self, host: &str, keys: &str) {
        let (name, link) = (self.name(host), self.link.clone());
        self.script.node(&name, &[link], &format!("role = \"listener\", {keys}"));
    }

    /// A host that joins.
    pub(super) fn member(&mut self, host: &str, at: u64) {
        let keys = match (self.of.kind, self.of.is_castnet) {
            // Nothing is said twice, so that what is said answers a Query.
            (Kind::Crowd, _) => "stack = \"castnet\", robustness = 1".to_owned(),
            (Kind::LostReport, _) | (_, true) => {
                format!("stack = \"castnet\", unsolicited-report-interval = \"{UNSOLICITED}ms\"")
            }
            _ => "igmp-version = 2".to_owned(),
        };
        self.host(host, &keys);
        self.act("join", host, at);
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

    /// The stream lasts for as long as anything is claimed of it.
    pub(super) fn stream(&mut self) {
        let Some(end) = self.streamed else { return };
        let start = self.of.start - 500;
        let (who, group, ttl, length) = (&self.source, &self.group, self.ttl, end - start);
        let send = format!(
            "send = {{ who = \"{who}\", group = \"{group}\", rate = \"{RATE}pps\", ttl = {ttl}, for = \"{length}ms\" }}"
        );
        self.script.act(start, send);
    }

    fn packet(&self, more: &str) -> String {
        format!("packet = {{ on = \"{}\", group = \"{}\", {more} }}", self.link, self.group)
    }

    /// A member receives every datagram once.
    pub(super) fn served(&mut self, host: &str, Span(from, to): Span) {
        let (name, group, source) = (self.name(host), &self.group, &self.source);
        let what = format!(
            "delivery = {{ to = \"{name}\", group = \"{group}\", from = \"{source}\" }}\nexactly-once = true"
        );
        // What is sent at the very end may find the member gone.
        for Span(from, to) in self.place.world.served(self.of.lan, Span(from, to - SLACK)) {
            if to >= from + 1_000 {
                self.script.expect(About::Served, &what, Span(from, to));
            }
        }
    }

    /// Nothing is forwarded; returns when the stream ends.
    pub(super) fn silent(&mut self, span: Span) -> u64 {
        let what = format!("{}\ncount = 0", self.packet("kind = \"data\""));
        self.script.expect(About::Silent, &what, span);
        let end = span.1 + LISTEN;
        self.streamed = self.streamed.max(Some(end));
        end
    }

    /// Nothing is forwarded from a little after this time on.
    pub(super) fn forgets(&mut self, at: u64) -> u64 {
        self.silent(Span(at + HEARD, at + HEARD + LISTEN))
    }

    /// So many Group-Specific Queries, as long as it is clear who asks.
    pub(super) fn asked(&mut self, from: u64, to: u64, count: &str) {
        if self.place.world.is_settled(self.of.lan, Span(from, to)) {
            let max_resp = self.place.params.lmqi();
            let right = format!("kind = \"group-specific-query\", max-resp = \"{max_resp}ms\"");
            let all = self.packet("kind = \"group-specific-query\"");
            let right = self.packet(&right);
            for what in [all, right] {
                let what = format!("{what}\ncount = \"{count}\"");
                self.script.expect(About::Asked, &what, Span(from, to));
            }
        }
    }

    /// The last member leaves, and its router hears it so much later: it asks and forgets (RFC 2236
    /// section 3). Where it is not clear who asks, it forgets after GMI.
    pub(super) fn leaves(&mut self, host: &str, at: u64, heard: u64) -> u64 {
        let params = self.place.params;
        let heard = at + heard;
        self.act("leave", host, at);
        let checked = heard + params.lmqt();
        if !self.place.world.is_settled(self.of.lan, Span(at, checked + HEARD)) {
            return self.forgets(at + params.gmi());
        }
        self.asked(at, checked + SLACK, &params.knobs.last_member_query_count().to_string());
        if params.lmqt() >= 1_000 {
            let what = format!("{}\ncount = \">= 1\"", self.packet("kind = \"data\""));
            self.script.expect(About::Forwarded, &what, Span(heard, checked - SLACK));
        }
        self.silent(Span(checked + SLACK, checked + LISTEN))
    }

    /// A host says at least twice that it has joined (RFC 2236 section 3).
    pub(super) fn repeated(&mut self, host: &str, at: u64) {
        if self.of.is_castnet && self.of.stay > UNSOLICITED + HEARD {
            let from = self.name(host);
            let what = format!("kind = \"v2-report\", from = \"{from}\"");
            let what = format!("{}\ncount = \">= 2\"", self.packet(&what));
            self.script.expect(About::Reported, &what, Span(at, at + UNSOLICITED + SLACK));
        }
    }

    /// Of two members one answers each General Query, and the other is suppressed (RFC 2236 section 3).
    pub(super) fn suppressed(&mut self, Span(from, to): Span) {
        let params = self.place.params;
        if !self.place.world.is_settled(self.of.lan, Span(0, to)) {
            return;
        }
        for query in params.queries(to) {
            let over = query + params.qri() + SLACK;
            if query > from && over < to {
                let what = format!("{}\ncount = 1", self.packet("kind = \"v2-report\""));
                self.script.expect(About::Reported, &what, Span(query - SLACK, over));
            }
        }
    }

    /// What comes in on a link does not go back out there.
    pub(super) fn returned_nothing(&mut self, span: Span) {
        let router = self.of.lan;
        let what = format!("kind = \"data\", from = \"r{router}\"");
        let what = format!("{}\ncount = 0", self.packet(&what));
        self.script.expect(About::Silent, &what, span);
        self.streamed = self.streamed.max(Some(span.1 + LISTEN));
    }

    /// A router that has no route to the source, with a member behind it.
    pub(super) fn stranger(&mut self, at: u64) {
        let number = self.place.number;
        let links = [side(number), self.link.clone()];
        self.script.node(&format!("f{number}"), &links, "role = \"router\", derive-routes = false");
        self.member("a", at);
        let leave = at + self.of.stay;
        let what = format!("{}\ncount = 0", self.packet("kind = \"data\""));
        self.script.expect(About::Silent, &what, Span(at, leave));
    }
}
