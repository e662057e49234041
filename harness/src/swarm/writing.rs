//! Writes a world of a swarm as the text of a scenario, whose expectations follow from the RFC's
//! arithmetic alone.

use castnet::addr::Family;
use castnet::gmp::message::Version;

use super::episode::{Episode, Kind};
use super::names::{SLACK, SOURCES, group, lan, side};
use super::script::{About, Script, Span};
use super::stage::Place;
use super::world::{Rival, Trouble, World};

/// How long after its last datagram a flow may still be known, in keepalive times: the router
/// counts its datagrams once in each.
const KEEPALIVES: u64 = 2;

impl World {
    pub(super) fn script(&self) -> Script {
        let mut script = Script::default();
        let params = &self.params;
        script.family = if params.knobs.family == Family::V4 { "ipv4" } else { "ipv6" };
        let is_one = self.episodes.iter().all(|one| !one.kind.has_sources());
        for source in &SOURCES[..if is_one { 1 } else { SOURCES.len() }] {
            script.node(source, &["up".to_owned()], "role = \"source\"");
        }
        for rival in self.rivals.iter().filter(|rival| rival.is_lower) {
            self.rival(&mut script, rival);
        }
        for router in 1..=self.routers {
            self.router(&mut script, router);
        }
        for rival in self.rivals.iter().filter(|rival| !rival.is_lower) {
            self.rival(&mut script, rival);
        }
        let mut over = u64::from(params.knobs.startup_query_count()) * params.qi();
        for (number, episode) in self.episodes.iter().enumerate() {
            let place = Place { number, params, world: self };
            over = over.max(episode.play(&place, &mut script));
        }
        over = self
            .rivals
            .iter()
            .filter_map(|rival| rival.trouble)
            .fold(over, |over, trouble| over.max(trouble.until + params.qi() + params.oqpi()));
        self.quiet(&mut script, over + params.gmi() + KEEPALIVES * params.keepalive + 1_000);
        (1..=self.routers).for_each(|lan| self.elected(&mut script, lan));
        script
    }

    fn router(&self, script: &mut Script, router: usize) {
        let above = if router == 1 { "up".to_owned() } else { format!("mid{}", router - 1) };
        let mut links = vec![above, lan(router)];
        // Streams for links below are carried there, with or without members.
        let mut joins: Vec<String> = Vec::new();
        if router < self.routers {
            let mid = format!("mid{router}");
            let below = self.episodes.iter().enumerate().filter(|(_, one)| one.lan > router);
            joins.extend(below.map(|(number, _)| join(&mid, number)));
            links.push(mid);
        }
        for (number, _) in self.sides().filter(|_| router == 1) {
            joins.push(join(&side(number), number));
            links.push(side(number));
        }
        let threshold = match self.params.knobs.family {
            Family::V4 => {
                format!("ttl-threshold = {{ {} = {} }}, ", lan(router), self.params.ttl_threshold)
            }
            Family::V6 => String::new(),
        };
        let keys = format!(
            "role = \"router\", {}, {threshold}static-joins = [{}]",
            self.params.table(self.params.knobs.version, ""),
            joins.join(", ")
        );
        script.node(&format!("r{router}"), &links, &keys);
    }

    /// The episodes that need a separate link of `r1`.
    fn sides(&self) -> impl Iterator<Item = (usize, &Episode)> {
        self.episodes.iter().enumerate().filter(|(_, one)| one.kind.is_aside())
    }

    fn rival(&self, script: &mut Script, rival: &Rival) {
        let name = format!("q{}", rival.lan);
        let version = if rival.is_older { Version::V2 } else { self.params.knobs.version };
        let keys = format!("role = \"router\", {}", self.params.table(version, ""));
        script.node(&name, &[lan(rival.lan)], &keys);
        let Some(Trouble { from, until, is_cut }) = rival.trouble else { return };
        if is_cut {
            let time = format!("after = \"{from}ms\"\nfor = \"{}ms\"", until - from);
            script.fault(&lan(rival.lan), &format!("partition = [\"{name}\"]\n{time}"));
        } else {
            script.act(from, format!("kill = {{ who = \"{name}\" }}"));
            script.act(until, format!("restart = {{ who = \"{name}\" }}"));
        }
    }

    /// Claims who the querier is, and how often it sends Queries: RFC 2236 section 3.
    fn elected(&self, script: &mut Script, lan_number: usize) {
        let (lan, querier) = (lan(lan_number), self.querier(lan_number));
        let is = |who: &str| format!("querier = {{ on = \"{lan}\", is = \"{who}\" }}");
        script.expect_at(About::Elected, &is(&querier), 500);
        let rival = self.rival_of(lan_number);
        let trouble = rival.and_then(|rival| Some((rival, rival.trouble?)));
        if let Some((rival, trouble)) = trouble {
            let alone = trouble.from + self.params.oqpi() + 200;
            if rival.is_lower && alone < trouble.until && !trouble.is_cut {
                script.expect_at(About::Elected, &is(&format!("r{lan_number}")), alone);
            }
            let again = self.settled_again(&trouble);
            if again < script.end {
                script.expect_at(About::Elected, &is(&querier), again);
            }
        }
        let until = trouble.map_or(script.end, |(_, trouble)| trouble.from);
        let is_older = rival.is_some_and(|rival| rival.is_older && querier.starts_with('q'));
        let said = match self.params.has_sources() && !is_older {
            true => self.params.announced(),
            false => String::new(),
        };
        let query = |from: &str| {
            let max_resp = self.params.qri();
            format!(
                "packet = {{ on = \"{lan}\", kind = \"general-query\", from = \"{from}\", max-resp = \"{max_resp}ms\"{said} }}"
            )
        };
        // A Query due at the very end may be seen or not.
        let queries = self.params.queries(until);
        let is_clear = queries.last().is_none_or(|last| until - last > 200)
            && self.params.queries(until + 200).len() == queries.len();
        let expected = |count| format!("{}\ncount = {count}", query(&querier));
        // Both routers send Queries once at the start, before they know of each other.
        if is_clear {
            let span = Span(0, until.saturating_sub(SLACK));
            script.expect(About::Queried, &expected(queries.len()), span);
        }
        if rival.is_some() {
            let loser = if querier.starts_with('q') {
                format!("r{lan_number}")
            } else {
                format!("q{lan_number}")
            };
            let none = format!(
                "packet = {{ on = \"{lan}\", kind = \"general-query\", from = \"{loser}\" }}\ncount = 0"
            );
            script.expect(About::Queried, &none, Span(500, until));
        }
    }

    /// After all members have left and all streams have ended, no membership or flow is left.
    fn quiet(&self, script: &mut Script, at: u64) {
        script.end = at + 1_000;
        for router in 1..=self.routers {
            let none = format!(
                "members = {{ of = \"r{router}\", on = \"{}\", groups = [] }}",
                lan(router)
            );
            script.expect_at(About::Forgotten, &none, at);
            for (number, _) in self.episodes.iter().enumerate().filter(|(_, one)| one.lan >= router)
            {
                let group = group(number);
                for source in sources_of(&self.episodes[number], number) {
                    let none = format!(
                        "mfc = {{ of = \"r{router}\", group = \"{group}\", source = \"{source}\", absent = true }}"
                    );
                    script.expect_at(About::Forgotten, &none, at);
                }
            }
        }
    }
}

fn sources_of(episode: &Episode, number: usize) -> Vec<String> {
    match episode.kind {
        Kind::Return => vec![format!("x{number}")],
        kind if kind.has_sources() => SOURCES.map(str::to_owned).into(),
        _ => vec![SOURCES[0].to_owned()],
    }
}

fn join(link: &str, number: usize) -> String {
    format!("{{ link = \"{link}\", group = \"{}\" }}", group(number))
}
