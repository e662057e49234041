//! Episodes in which records come from nowhere: a router on a link of its own hears them, and what it
//! knows, asks and forwards is what the [`oracle`](super::oracle) says.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::episode::Rows;
use super::names::{SLACK, SOURCES};
use super::oracle::{Asked, Known, Rules, Said, Sources, Type};
use super::script::{About, Span};
use super::stage::{HEARD, LISTEN, Stage};
use castnet::addr::Family;

/// The numbers of sources, the first of them being those that send.
const NUMBERS: std::ops::Range<usize> = 0..4;

/// The most sources of a group, and the most groups, that a router aside takes.
const MOST_SOURCES: usize = 3;
const MOST_GROUPS: usize = 2;

/// A record that has been said, and what follows.
struct Row {
    at: u64,
    asked: Asked,
    /// Whether the oracle is sure of the Queries, which depend on which of two moments is first.
    is_sure: bool,
    /// The state right after the record.
    after: Known,
    /// What answers the Queries halfway to the second one.
    answer: Option<Said>,
}

impl Stage<'_> {
    /// Plays the records; returns when all is over.
    pub(super) fn table(&mut self, rows: &Rows, start: u64) -> u64 {
        let router = self.limited();
        let (dice, rules) = (&mut Dice::new(rows.seed, "table"), self.rules(rows.is_channel));
        let mut known = Known::default();
        let mut wanted = vec![(0, [false; SOURCES.len()])];
        let mut at = start;
        for _ in 0..rows.count {
            let row = self.row(dice, &rules, &mut known, at);
            self.asks(&rules, &row);
            self.knows(&router, &known, at + SLACK);
            let lmqt = rules.lmqt;
            let rest = if dice.one_in(4) { rules.gmi } else { 2_000 };
            let next = at + lmqt + 4 * SLACK + dice.within(0, rest);
            if let Some(answer) = &row.answer {
                let halfway = at + self.place.params.lmqi() / 2;
                follow(&mut known, &mut wanted, at, halfway);
                self.says(halfway, answer);
                known.hears(&rules, halfway, answer);
                at = halfway;
            }
            self.knows(&router, &known, next - SLACK);
            follow(&mut known, &mut wanted, at, next);
            at = next;
        }
        let over = at + rules.gmi + HEARD;
        follow(&mut known, &mut wanted, at, over);
        self.knows(&router, &known, over);
        self.forwards(&wanted, over);
        self.silent(Span(over, over + LISTEN))
    }

    /// Groups beyond the limit are refused, until another one has ended.
    pub(super) fn limit(&mut self, start: u64) -> u64 {
        let (router, gmi) = (self.limited(), self.place.params.gmi());
        let all: Vec<String> = ["", "x", "y"].map(|more| format!("{}{more}", self.group)).into();
        for (number, group) in all.iter().enumerate().skip(1) {
            let address = 100 * number + self.place.number;
            self.script.group(group.clone(), address.to_string());
        }
        let mut at = start;
        for group in &all {
            self.reports(at, "to-ex", group, &Sources::new());
            at += 100;
        }
        self.members(&router, &all[..MOST_GROUPS], at);
        // The first group is refreshed, and the second one ends.
        self.reports(start + gmi / 2, "is-ex", &all[0], &Sources::new());
        let ended = start + 100 + gmi + SLACK;
        self.members(&router, &all[..1], ended);
        self.reports(ended, "is-ex", &all[2], &Sources::new());
        self.members(&router, &[all[0].clone(), all[2].clone()], ended + SLACK);
        self.members(&router, &[], ended + gmi + SLACK);
        ended + gmi + SLACK
    }

    /// A router aside with limits, and an injector; returns the router's name.
    fn limited(&mut self) -> String {
        let params = self.place.params;
        let limits = format!(", max-groups = {MOST_GROUPS}, max-sources = {MOST_SOURCES}");
        let router = self.router_aside(&params.table(params.knobs.version, &limits));
        self.injector();
        router
    }

    fn rules(&self, is_channel: bool) -> Rules {
        let params = self.place.params;
        Rules {
            gmi: params.gmi(),
            lmqt: params.lmqt(),
            ohpi: params.ohpi(),
            most_sources: MOST_SOURCES,
            is_channel,
        }
    }

    /// Draws and says a record.
    fn row(&mut self, dice: &mut Dice, rules: &Rules, known: &mut Known, at: u64) -> Row {
        known.pass(at);
        let before = known.clone();
        let said = self.drawn(dice);
        self.says(at, &said);
        let asked = known.hears(rules, at, &said);
        // A timer that ends with the check, or before it, decides whether anything is asked.
        let checked = at + rules.lmqt;
        let is_near = |end: u64| (at..=checked + SLACK).contains(&end);
        let is_group_near = before.excludes && is_near(before.until);
        let is_sure = !is_group_near && !before.timed.values().any(|&end| is_near(end));
        let answer = (self.place.params.knobs.last_member_query_count() > 1 && dice.one_in(2))
            .then(|| match (asked.group, asked.sources.first()) {
                (_, Some(&source)) => Some(Said::Record(Type::IsIn, Sources::from([source]))),
                (true, None) => Some(Said::Record(Type::IsEx, Sources::new())),
                (false, None) => None,
            })
            .flatten()
            .filter(|_| is_sure);
        Row { at, asked, is_sure, after: known.clone(), answer }
    }

    fn drawn(&self, dice: &mut Dice) -> Said {
        if dice.one_in(8) {
            let is_first = dice.one_in(3) && self.place.params.knobs.family == Family::V4;
            return if dice.one_in(2) { Said::Older(is_first) } else { Said::Leave };
        }
        let sources: Sources = NUMBERS.filter(|_| dice.one_in(2)).collect();
        let all = [Type::IsIn, Type::IsEx, Type::ToIn, Type::ToEx, Type::Allow, Type::Block];
        match dice.one_of(all) {
            Type::IsIn | Type::Allow | Type::Block if sources.is_empty() => {
                Said::Record(Type::ToEx, sources)
            }
            record => Said::Record(record, sources),
        }
    }

    fn says(&mut self, at: u64, said: &Said) {
        match said {
            Said::Record(record, sources) => {
                let word = match record {
                    Type::IsIn => "is-in",
                    Type::IsEx => "is-ex",
                    Type::ToIn => "to-in",
                    Type::ToEx => "to-ex",
                    Type::Allow => "allow",
                    Type::Block => "block",
                };
                self.reports(at, word, &self.group.clone(), sources);
            }
            Said::Older(true) => self.inject(at, "kind = \"v1-report\""),
            Said::Older(false) => self.inject(at, "kind = \"group-report\""),
            Said::Leave => self.inject(at, "kind = \"leave\""),
        }
    }

    fn reports(&mut self, at: u64, record: &str, group: &str, sources: &Sources) {
        let (who, kind) = (self.name("i"), "source-report");
        let sources = self.named(sources);
        let record =
            format!("{{ type = \"{record}\", group = \"{group}\", sources = {sources:?} }}");
        let act =
            format!("inject = {{ who = \"{who}\", kind = \"{kind}\", records = [{record}] }}");
        self.script.act(at, act);
    }

    /// The sources as a scenario names them; those that do not send are addresses of nobody.
    fn named(&self, sources: &Sources) -> Vec<String> {
        let name = |&number: &usize| match (SOURCES.get(number), self.place.params.knobs.family) {
            (Some(name), _) => (*name).to_owned(),
            (None, Family::V4) => format!("10.200.0.{number}"),
            (None, Family::V6) => format!("fd00:200::{number}"),
        };
        sources.iter().map(name).collect()
    }

    /// Claims every Query of the check, with its S flag (RFC 9776 section 6.6.3).
    fn asks(&mut self, rules: &Rules, row: &Row) {
        let over = row.at + rules.lmqt + SLACK;
        if !row.is_sure {
            return;
        }
        let (lmqi, count) =
            (self.place.params.lmqi(), self.place.params.knobs.last_member_query_count());
        let mut known = row.after.clone();
        let mut queries = BTreeMap::<String, u32>::new();
        for sent in 0..count {
            let at = row.at + u64::from(sent) * lmqi;
            if let (Some(answer), 1) = (&row.answer, sent) {
                known.hears(rules, at - lmqi / 2, answer);
            }
            known.pass(at);
            let outlives = |end: u64| end > at + rules.lmqt;
            if row.asked.group {
                let suppress = outlives(known.until);
                *queries
                    .entry(format!("kind = \"group-query\", suppress = {suppress}"))
                    .or_default() += 1;
            }
            let is_answered =
                |source: &usize| known.timed.get(source).is_some_and(|&end| outlives(end));
            let (answered, open): (Sources, Sources) =
                row.asked.sources.iter().partition(|source| is_answered(source));
            for (sources, suppress) in [(answered, true), (open, false)] {
                if !sources.is_empty() {
                    let sources = self.named(&sources);
                    let query = format!(
                        "kind = \"source-query\", sources = {sources:?}, suppress = {suppress}"
                    );
                    *queries.entry(query).or_default() += 1;
                }
            }
        }
        let all: u32 = queries.values().sum();
        self.queries("kind = \"query\"", row.at, over, &all.to_string());
        for (query, count) in queries {
            self.queries(&query, row.at, over, &count.to_string());
        }
    }

    /// Claims the state of the group, unless it changes about then.
    fn knows(&mut self, router: &str, known: &Known, at: u64) {
        let [mut before, mut after] = [known.clone(), known.clone()];
        before.pass(at - SLACK / 2);
        after.pass(at + SLACK / 2);
        let state = |known: &Known| {
            let of = |sources: &Sources| self.named(sources);
            let timed = of(&known.timed.keys().copied().collect());
            match (known.excludes, timed.is_empty()) {
                (false, true) => "[]".to_owned(),
                (false, false) => format!("{{ {} = {{ include = {timed:?} }} }}", self.group),
                (true, _) => {
                    let blocked = of(&known.blocked);
                    format!(
                        "{{ {} = {{ exclude = {blocked:?}, requested = {timed:?} }} }}",
                        self.group
                    )
                }
            }
        };
        let (groups, later) = (state(&before), state(&after));
        if groups == later {
            let link = &self.link;
            let what =
                format!("members = {{ of = \"{router}\", on = \"{link}\", groups = {groups} }}");
            self.script.expect_at(About::Known, &what, at);
        }
    }

    fn members(&mut self, router: &str, groups: &[String], at: u64) {
        let link = &self.link;
        let what =
            format!("members = {{ of = \"{router}\", on = \"{link}\", groups = {groups:?} }}");
        self.script.expect_at(About::Known, &what, at);
    }

    /// Claims of each source that it flows while it is wanted, and else does not.
    fn forwards(&mut self, wanted: &[(u64, [bool; SOURCES.len()])], over: u64) {
        for (number, source) in SOURCES.iter().enumerate() {
            let data = self.packet(&format!("kind = \"data\", source = \"{source}\""));
            let mut rest = wanted;
            while let Some((from, flags)) = rest.first() {
                let same =
                    rest.iter().take_while(|(_, other)| other[number] == flags[number]).count();
                rest = &rest[same..];
                let to = rest.first().map_or(over, |(to, _)| *to) - SLACK;
                match flags[number] {
                    true if to > from + HEARD + 1_000 => self.some(&data, Span(from + HEARD, to)),
                    false if to > from + HEARD + 4 * SLACK => {
                        _ = self.none(&data, Span(from + HEARD, to))
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Lets the time pass, and notes which sources are wanted from when on.
fn follow(known: &mut Known, wanted: &mut Vec<(u64, [bool; SOURCES.len()])>, from: u64, to: u64) {
    let mut at = from;
    loop {
        known.pass(at);
        let mut flags = [false; SOURCES.len()];
        flags.iter_mut().enumerate().for_each(|(number, flag)| *flag = known.wants(number));
        wanted.push((at, flags));
        match known.next() {
            Some(next) if next < to => at = next,
            _ => return,
        }
    }
}
