//! A scenario written piece by piece, and its text. Times are milliseconds since the start.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The subject of a swarm's expectation: two findings with an equal subject have one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A member receives every datagram once.
    Served,
    /// Nothing is forwarded onto a link.
    Silent,
    /// Something is forwarded onto a link.
    Forwarded,
    /// The number of Queries for a group, or for sources of it.
    Asked,
    /// The number of General Queries.
    Queried,
    /// The number of Reports, and their records.
    Reported,
    /// What a router knows of a group and its sources.
    Known,
    /// The address of the querier.
    Elected,
    /// No membership and no flow is left.
    Forgotten,
}

/// An expectation, as the file has it.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) about: About,
    text: String,
}

/// A window, from the first to the second time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span(pub(super) u64, pub(super) u64);

/// A scenario that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// `ipv4` or `ipv6`.
    pub(super) family: &'static str,
    /// What stands for each group in the table of groups.
    groups: BTreeMap<String, String>,
    links: BTreeMap<String, Vec<String>>,
    nodes: Vec<(String, String)>,
    acts: Vec<(u64, String)>,
    faults: Vec<String>,
    pub(super) claims: Vec<Claim>,
    /// When the last expectation is over.
    pub(super) end: u64,
}

impl Script {
    /// A node on these links, with the keys of its table.
    pub(super) fn node(&mut self, name: &str, links: &[String], keys: &str) {
        for link in links {
            self.links.entry(link.clone()).or_default().push(name.to_owned());
        }
        self.nodes.push((name.to_owned(), keys.to_owned()));
    }

    /// A group, with what stands for it in the table of groups.
    pub(super) fn group(&mut self, name: String, number: impl Into<String>) {
        self.groups.insert(name, number.into());
    }

    pub(super) fn act(&mut self, at: u64, act: impl Into<String>) {
        self.acts.push((at, act.into()));
    }

    /// A fault for the frames of a link, by the keys of its table.
    pub(super) fn fault(&mut self, on: &str, keys: &str) {
        self.faults.push(format!("on = \"{on}\"\n{keys}\n"));
    }

    /// An expectation of a window.
    pub(super) fn expect(&mut self, about: About, what: &str, Span(from, to): Span) {
        let within = to.saturating_sub(from);
        let text = format!("{what}\nafter = \"{from}ms\"\nwithin = \"{within}ms\"\n");
        self.claims.push(Claim { about, text });
    }

    /// An expectation for a moment.
    pub(super) fn expect_at(&mut self, about: About, what: &str, at: u64) {
        self.claims.push(Claim { about, text: format!("{what}\nat = \"{at}ms\"\n") });
    }

    /// The whole file, below these lines of comment.
    pub(super) fn text(&self, title: &str, comments: &[String]) -> String {
        let mut text: String = comments.iter().map(|line| format!("# {line}\n")).collect();
        _ = write!(text, "title = \"{title}\"\nfamily = \"{}\"\n\n[groups]\n", self.family);
        for (group, number) in &self.groups {
            _ = writeln!(text, "{group} = {number}");
        }
        text.push_str("\n[links]\n");
        for (link, nodes) in &self.links {
            _ = writeln!(text, "{link} = {nodes:?}");
        }
        text.push_str("\n[nodes]\n");
        for (name, keys) in &self.nodes {
            _ = writeln!(text, "{name} = {{ {keys} }}");
        }
        let mut acts: Vec<_> = self.acts.iter().collect();
        acts.sort_by_key(|(at, _)| *at);
        for (at, act) in acts {
            _ = write!(text, "\n[[act]]\nat = \"{at}ms\"\n{act}\n");
        }
        for fault in &self.faults {
            _ = write!(text, "\n[[fault]]\n{fault}");
        }
        for claim in &self.claims {
            _ = write!(text, "\n[[expect]]\n{}", claim.text);
        }
        text
    }
}
