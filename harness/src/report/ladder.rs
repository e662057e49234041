//! A ladder in text: a column for every node on a link, an arrow for each control packet, and a
//! double arrow for several datagrams together.
//!
//! A ladder wider than the terminal is written in words instead.

use std::collections::BTreeMap;
use std::time::Duration;

use castnet::time::{Instant, Seconds};

use crate::capture::decode::{Content, Packet, decode};
use crate::capture::inspected::InspectedFrame;
use crate::plan::{Claim, LinkId, Plan, PortId, When};
use crate::recording::Recording;

/// The width of a column in characters.
const RUNGS: std::ops::RangeInclusive<usize> = 7..=16;
/// The most columns of a link; packets of further senders start at the last column.
const MOST: usize = 8;
/// The number of rows that a failure shows before and after its moment.
const BEFORE: usize = 5;
const AFTER: usize = 4;

/// Links side by side.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    links: Vec<Link>,
    /// The position of each link among the links, by its name.
    named: BTreeMap<String, usize>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Link {
    name: String,
    columns: Vec<String>,
    /// The rows of datagrams that may be added to, by column and key.
    sums: BTreeMap<(usize, String), usize>,
}

/// The width of a column, and of all of them: zero if there is no room for them.
#[derive(Clone, Copy)]
struct Drawn {
    rung: usize,
    wide: usize,
}

/// A packet, or several datagrams of one stream between two control packets.
#[derive(Clone, Debug)]
struct Row {
    at: Duration,
    link: usize,
    column: usize,
    text: String,
    data: Option<Run>,
}

#[derive(Clone, Debug)]
struct Run {
    /// Datagrams with an equal key are summed up: source, destination, stream.
    key: String,
    count: usize,
    until: Duration,
}

/// The meaning of a capture's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The interfaces; in castnet's own captures, the nodes of each link.
    Interfaces,
    /// The senders' IP addresses on each interface.
    Addresses,
}

impl Ladder {
    /// The ladder of these links in a run.
    #[must_use]
    pub fn of_run(plan: &Plan, recording: &Recording, links: &[LinkId]) -> Self {
        let name = |port: PortId| plan.nodes[plan.ports[port].node].name.clone();
        let mut ladder = Self::default();
        for &link in links {
            let columns = plan.links[link].ports.iter().map(|&port| name(port)).collect();
            let (name, sums) = (plan.links[link].name.clone(), BTreeMap::new());
            ladder.links.push(Link { name, columns, sums });
        }
        for frame in recording.frames.iter().filter(|frame| frame.outgoing) {
            let port = &plan.ports[frame.port];
            let Some(link) = links.iter().position(|&link| link == port.link) else { continue };
            let Some(packet) = decode(&frame.bytes) else { continue };
            let column = plan.links[port.link].ports.iter().position(|&on| on == frame.port);
            let at = frame.at.since_start();
            let data = data(&packet);
            ladder.add(at, link, column.unwrap_or(0), packet.to_string(), data);
        }
        ladder
    }

    /// Adds a frame of a capture; `at` counts from its first frame.
    pub fn add_frame(&mut self, at: Duration, frame: &InspectedFrame, columns: Columns) {
        let (link, column) = match (columns, frame.interface.split_once(':'), frame.packet()) {
            (Columns::Interfaces, Some((node, link)), _) => (link.to_owned(), node.to_owned()),
            (Columns::Interfaces, None, _) => (String::new(), frame.interface.clone()),
            (Columns::Addresses, _, Some(packet)) => {
                (frame.interface.clone(), packet.source.to_string())
            }
            (Columns::Addresses, _, None) => (frame.interface.clone(), "others".to_owned()),
        };
        let link = self.link(link);
        let columns = &mut self.links[link].columns;
        let column = columns.iter().position(|known| *known == column).unwrap_or_else(|| {
            if columns.len() + 1 == MOST {
                columns.push("others".to_owned());
            } else if columns.len() < MOST {
                columns.push(column);
            }
            columns.len() - 1
        });
        let data = frame.packet().and_then(data);
        self.add(at, link, column, frame.to_string(), data);
    }

    fn link(&mut self, name: String) -> usize {
        if let Some(&known) = self.named.get(&name) {
            return known;
        }
        let next = self.links.len();
        self.named.insert(name.clone(), next);
        self.links.push(Link { name, columns: Vec::new(), sums: BTreeMap::new() });
        next
    }

    fn add(
        &mut self,
        at: Duration,
        link: usize,
        column: usize,
        text: String,
        data: Option<String>,
    ) {
        let (sums, row) = (&mut self.links[link].sums, self.rows.len());
        match &data {
            // A control packet on the link ends the sum, so that its effect can be seen.
            None => sums.clear(),
            Some(key) => {
                let first = *sums.entry((column, key.clone())).or_insert(row);
                if let Some(run) = self.rows.get_mut(first).and_then(|row| row.data.as_mut()) {
                    (run.count, run.until) = (run.count + 1, at);
                    return;
                }
            }
        }
        let data = data.map(|key| Run { key, count: 1, until: at });
        self.rows.push(Row { at, link, column, text, data });
    }

    /// The whole ladder, at most this wide if possible.
    #[must_use]
    pub fn render(&self, width: usize) -> String {
        let drawn = self.drawn(width);
        let mut lines = self.head(drawn);
        lines.extend(self.rows.iter().map(|row| self.line(row, drawn)));
        lines.concat()
    }

    /// A few rows before and after a moment, with the moment marked.
    fn around(&self, at: Instant, width: usize) -> Vec<String> {
        let moment = at.since_start();
        let next = self.rows.iter().position(|row| row.at > moment).unwrap_or(self.rows.len());
        let (from, to) = (next.saturating_sub(BEFORE), (next + AFTER).min(self.rows.len()));
        let drawn = self.drawn(width);
        let mut lines = self.head(drawn);
        lines.extend(self.rows[from..next].iter().map(|row| self.line(row, drawn)));
        lines.push(format!("{:>12}  {}\n", at.to_string(), "- ".repeat(drawn.wide / 2)));
        lines.extend(self.rows[next..to].iter().map(|row| self.line(row, drawn)));
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// The width of a column, so that its name fits if it is not too long.
    fn rung(&self) -> usize {
        let names = self.links.iter().flat_map(|link| &link.columns);
        let longest = names.map(|name| name.chars().count() + 1).max().unwrap_or_default();
        longest.clamp(*RUNGS.start(), *RUNGS.end())
    }

    fn drawn(&self, width: usize) -> Drawn {
        let rung = self.rung();
        let columns: usize = self.links.iter().map(|link| link.columns.len() * rung + 2).sum();
        Drawn { rung, wide: if columns * 2 > width { 0 } else { columns } }
    }

    fn head(&self, Drawn { rung, wide }: Drawn) -> Vec<String> {
        if wide == 0 {
            return Vec::new();
        }
        let (mut names, mut columns) = (String::new(), String::new());
        for link in &self.links {
            let wide = link.columns.len() * rung;
            names.push_str(&format!("{:<wide$}  ", cut(&link.name, wide)));
            for column in &link.columns {
                columns.push_str(&format!("{:<rung$}", cut(column, rung - 1)));
            }
            columns.push_str("  ");
        }
        [names, columns].map(|row| format!("{:14}{}\n", "", row.trim_end())).into()
    }

    fn line(&self, row: &Row, Drawn { rung, wide }: Drawn) -> String {
        let at = Seconds(row.at, 6).to_string();
        let sum = match &row.data {
            Some(Run { count: 2.., until, .. }) => format!(" until {}", Seconds(*until, 6)),
            _ => String::new(),
        };
        let text = match &row.data {
            Some(run) if run.count > 1 => format!("{} x {}{sum}", run.key, run.count),
            _ => row.text.clone(),
        };
        if wide == 0 {
            let link = &self.links[row.link];
            return format!("{at:>12}  {}  {}: {text}\n", link.name, link.columns[row.column]);
        }
        let mut drawing = String::new();
        for (index, link) in self.links.iter().enumerate() {
            let columns = link.columns.len();
            for column in 0..columns {
                let (sign, fill) = match (index == row.link, column.cmp(&row.column)) {
                    (false, _) => ('|', ' '),
                    (true, std::cmp::Ordering::Less) => ('<', '-'),
                    (true, std::cmp::Ordering::Equal) => ('o', '-'),
                    (true, std::cmp::Ordering::Greater) => ('>', '-'),
                };
                let fill = if row.data.is_some() && fill == '-' { '=' } else { fill };
                let fill = if column + 1 == columns { ' ' } else { fill };
                drawing.push(sign);
                drawing.extend(std::iter::repeat_n(fill, rung - 1));
            }
            drawing.push_str("  ");
        }
        format!("{at:>12}  {drawing}{text}\n")
    }
}

fn cut(name: &str, width: usize) -> String {
    name.chars().take(width).collect()
}

/// The key by which datagrams are summed up; `None` for a control packet.
fn data(packet: &Packet) -> Option<String> {
    let Packet { source, destination, content: Content::Data(number), .. } = packet else {
        return None;
    };
    Some(format!("{source} > {destination} stream {}", number.stream))
}

/// The ladder around the moment of a failed claim, where the moment is known.
#[must_use]
pub fn explain(
    plan: &Plan,
    recording: &Recording,
    claim: &Claim,
    at: Option<Instant>,
) -> Vec<String> {
    let Some(at) = at.or_else(|| began(recording, claim)) else { return Vec::new() };
    let ladder = Ladder::of_run(plan, recording, &links(plan, claim));
    ladder.around(at, WIDTH)
}

/// The width of reports.
const WIDTH: usize = 160;

/// When the claim's window begins.
fn began(recording: &Recording, claim: &Claim) -> Option<Instant> {
    let from = match claim {
        Claim::Packet { window, .. }
        | Claim::Order(_, window)
        | Claim::Received(_, _, window)
        | Claim::ExactlyOnce(_, window)
        | Claim::NoneAfter(_, window)
        | Claim::Ttl(_, _, window)
        | Claim::Querier(_, When::Throughout(window)) => &window.from,
        Claim::Mfc { at, .. }
        | Claim::Mdb { at, .. }
        | Claim::Querier(_, When::At(at))
        | Claim::Members { at, .. } => at,
        Claim::Latency(latency) => {
            return recording.acts.get(latency.act).copied().flatten();
        }
    };
    from.instant(|act| recording.acts.get(act).copied().flatten())
}

/// The links that the claim is about.
fn links(plan: &Plan, claim: &Claim) -> Vec<LinkId> {
    let of_node =
        |node: usize| plan.nodes[node].ports.iter().map(|&port| plan.ports[port].link).collect();
    let of_port = |port: &PortId| vec![plan.ports[*port].link];
    let mut links: Vec<LinkId> = match claim {
        Claim::Packet { filter, .. } => vec![filter.link],
        Claim::Order(steps, _) => steps.iter().map(|step| step.filter.link).collect(),
        Claim::Received(receiver, ..)
        | Claim::ExactlyOnce(receiver, _)
        | Claim::NoneAfter(receiver, _)
        | Claim::Ttl(receiver, ..) => of_node(receiver.node),
        Claim::Latency(latency) => of_port(&latency.port),
        Claim::Mfc { router: node, .. } | Claim::Mdb { switch: node, .. } => of_node(*node),
        Claim::Querier(port, _) | Claim::Members { port, .. } => of_port(port),
    };
    links.sort_unstable();
    links.dedup();
    links
}
