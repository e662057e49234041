//! Episodes of members that want some sources of two: their acts, and the claims that follow from
//! RFC 9776 sections 5.1, 6.3 and 6.4.

use super::episode::Wish;
use super::names::{SLACK, SOURCES};
use super::script::{About, Span};
use super::stage::{HEARD, LISTEN, Stage};

/// The sources of a socket's membership, as the act `join` has them.
const ONE: &str = "from = [\"s1\"]";
const OTHER: &str = "from = [\"s2\"]";
const BOTH: &str = "from = [\"s1\", \"s2\"]";
const ALL: &str = "exclude = []";
const NOT_ONE: &str = "exclude = [\"s1\"]";

/// How long it takes from a leave until a host says it no more, besides LMQT.
const SAID: u64 = 2_000;

impl Stage<'_> {
    /// Plays the episode: what is wanted changes at `then`; returns when all is over.
    pub(super) fn wish(&mut self, wish: Wish, start: u64, then: u64) -> u64 {
        let heard = start + HEARD;
        let params = self.place.params;
        let last = then + 2 * params.lmqt() + SAID;
        match wish {
            Wish::Channel => self.channel(start, then),
            Wish::LongChannel => self.channel(start, then + params.gmi() + params.qi()),
            Wish::Swap => {
                self.joins("a", ONE, start);
                self.served_by("s1", "a", Span(heard, then));
                self.wants("a", OTHER, then);
                self.blocked(then);
                self.served_by("s2", "a", Span(then + HEARD, last));
                self.stops("a", last, &["s2"])
            }
            Wish::Unblock => {
                self.joins("a", NOT_ONE, start);
                self.none_of("s1", Span(start, then));
                self.wants("a", ALL, then);
                self.served_by("s1", "a", Span(then + HEARD, last));
                self.served_by("s2", "a", Span(heard, last));
                self.leaves("a", last, 0)
            }
            Wish::Widen => {
                self.joins("a", ONE, start);
                self.served_by("s1", "a", Span(heard, then));
                self.none_of("s2", Span(start, then));
                self.wants("a", NOT_ONE, then);
                self.blocked(then);
                self.served_by("s2", "a", Span(then + HEARD, last));
                self.leaves("a", last, 0)
            }
            Wish::Narrow => self.narrow(start, then, last),
            Wish::Shared => {
                let kept = self.kept(!self.is_castnet(), then, last);
                self.joins("a", ONE, start);
                self.joins("b", BOTH, start + 500);
                self.served_by("s1", "a", Span(heard, then));
                self.act("leave", "a", then);
                if params.is_checked_in_full() {
                    let count = format!(">= {}", params.knobs.last_member_query_count());
                    self.asked_of(&["s1"], then, then + params.lmqt() + SLACK, &count);
                }
                self.served_by("s1", "b", Span(heard + 500, kept));
                self.served_by("s2", "b", Span(heard + 500, last));
                match kept == last {
                    true => self.stops("b", last, &SOURCES),
                    false => {
                        self.act("leave", "b", last);
                        self.forgets(last + params.gmi())
                    }
                }
            }
            Wish::Opposed => {
                self.joins("b", NOT_ONE, start);
                self.joins("a", ONE, start + 500);
                self.none_of("s1", Span(start, start + 500));
                self.served_by("s1", "a", Span(heard + 500, then));
                self.served_by("s2", "b", Span(heard, last));
                self.act("leave", "a", then);
                self.blocked(then);
                self.leaves("b", last, 0)
            }
            Wish::Patient => {
                self.joins("a", ALL, start);
                self.joins("b", NOT_ONE, start + 500);
                self.act("leave", "b", then);
                let last = last + params.gmi() + 2 * params.qi();
                let kept = self.kept(!self.is_castnet(), then, last);
                self.served_by("s1", "a", Span(heard, kept));
                self.served_by("s2", "a", Span(heard, kept));
                self.leaves_if_kept("a", kept, last)
            }
            Wish::Mixed => self.mixed(start, then, last),
            Wish::Unheard => self.unheard(start, then),
        }
    }

    /// A host that wants these sources from now on.
    fn joins(&mut self, host: &str, sources: &str, at: u64) {
        self.listener(host);
        self.wants(host, sources, at);
    }

    fn wants(&mut self, host: &str, sources: &str, at: u64) {
        let (who, group) = (self.name(host), &self.group);
        let act = format!("join = {{ who = \"{who}\", group = \"{group}\", {sources} }}");
        self.script.act(at, act);
    }

    fn none_of(&mut self, source: &str, span: Span) -> u64 {
        self.none(&self.packet(&format!("kind = \"data\", source = \"{source}\"")), span)
    }

    /// Claims so many Queries for these sources, unless the querier is uncertain.
    fn asked_of(&mut self, sources: &[&str], from: u64, to: u64, count: &str) {
        let kind = format!("kind = \"source-query\", sources = {sources:?}");
        self.queries(&kind, from, to, count);
    }

    /// Nobody wants the first source any more: it is asked about, and ends with the check.
    fn blocked(&mut self, at: u64) {
        self.ends(at, &["s1"]);
    }

    /// The last member of the group leaves, which has included these sources.
    fn stops(&mut self, host: &str, at: u64, sources: &[&str]) -> u64 {
        self.act("leave", host, at);
        self.ends(at, sources)
    }

    /// Nobody includes these sources any more; returns when the claims are over.
    fn ends(&mut self, at: u64, sources: &[&str]) -> u64 {
        let params = self.place.params;
        let checked = at + params.lmqt();
        let is_settled = self.is_settled(Span(at, checked + HEARD));
        let over = if is_settled { checked + SLACK } else { at + params.gmi() + HEARD };
        if is_settled {
            self.asked_of(sources, at, over, &params.asked());
        }
        let ends = sources.iter().map(|source| self.none_of(source, Span(over, over + LISTEN)));
        ends.max().unwrap_or(over)
    }

    /// One source of a channel, until the host says by BLOCK that it wants it no more.
    fn channel(&mut self, start: u64, leave: u64) -> u64 {
        self.joins("a", ONE, start);
        self.served_by("s1", "a", Span(start + HEARD, leave));
        self.none_of("s2", Span(start, leave));
        let from = self.name("a");
        // RFC3376-5.1-01
        for (record, count) in [("block", ">= 1"), ("to-in", "0")] {
            let what =
                format!("kind = \"source-report\", from = \"{from}\", record = \"{record}\"");
            let what = format!("{}\ncount = \"{count}\"", self.packet(&what));
            self.script.expect(About::Reported, &what, Span(leave, leave + HEARD));
        }
        self.stops("a", leave, &["s1"])
    }

    /// All sources, and then only the first, which flows on while the others are asked about.
    fn narrow(&mut self, start: u64, then: u64, last: u64) -> u64 {
        let params = self.place.params;
        self.joins("a", ALL, start);
        self.served_by("s1", "a", Span(start + HEARD, last));
        self.served_by("s2", "a", Span(start + HEARD, then));
        self.wants("a", ONE, then);
        let checked = then + params.lmqt();
        let is_settled = self.is_settled(Span(then, checked + HEARD));
        let over = if is_settled { checked + SLACK } else { then + params.gmi() + HEARD };
        if is_settled {
            self.asked(then, over, &params.asked());
        }
        self.none_of("s2", Span(over, over + LISTEN));
        self.stops("a", last, &["s1"])
    }

    /// The Queries after a host has joined again say that it was heard, and so no router of the link
    /// lowers its timers, though every answer is lost (RFC3376-4.1.5-01).
    fn unheard(&mut self, start: u64, then: u64) -> u64 {
        let params = self.place.params;
        let again = then + params.lmqi() / 2;
        let (lost, last) = (again + SLACK, again + params.lmqt() + 1_000);
        self.joins("a", ALL, start);
        self.act("leave", "a", then);
        self.wants("a", ALL, again);
        let lost = format!("after = \"{lost}ms\"\nfor = \"{}ms\"\ndrop = true", last - lost);
        self.fault("a", "report", &lost);
        if params.is_checked_in_full() {
            self.served("a", Span(again + SLACK, last));
        }
        self.act("leave", "a", last);
        self.forgets(last + params.gmi())
    }

    /// Beside a host without sources no source is asked about, and all of them flow.
    fn mixed(&mut self, start: u64, then: u64, last: u64) -> u64 {
        self.older("b");
        self.act("join", "b", start);
        self.joins("a", NOT_ONE, start + 500);
        let change = start + 500 + (then - start - 500) / 2;
        self.wants("a", "exclude = [\"s1\", \"s2\"]", change);
        self.queries("kind = \"source-query\"", start, then, "0");
        let kept = self.kept(true, then, last);
        for source in SOURCES {
            self.served_by(source, "b", Span(start + HEARD, kept));
        }
        self.act("leave", "a", then);
        self.leaves_if_kept("b", kept, last)
    }
}
