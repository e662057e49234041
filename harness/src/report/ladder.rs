//! A ladder in text: a column for every node on a link, an arrow for each control packet to every
//! port that got it, a double arrow for several datagrams together, and acts in rows of their own.
//!
//! A copy that did not arrive ends in `x` where a fault took it, and in nothing where none did; `~`
//! is one that arrived later, and `!` one that arrived changed. A ladder wider than the terminal is
//! written in words instead.

mod draw;
mod explain;
mod of_capture;
mod of_run;
mod stream;

use std::collections::BTreeMap;

pub use draw::{RunTime, Stamps};
pub use explain::explain;
pub use of_capture::Columns;

use crate::capture::fate::Ending;
use stream::Train;

/// The most columns of a link; packets of further senders start at the last column.
const MOST: usize = 8;

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
    /// The columns from left to right.
    order: Vec<usize>,
    /// The rows of datagrams that may be added to, by column and key.
    sums: BTreeMap<(usize, String), usize>,
}

/// What happened at a time, in nanoseconds from time zero.
#[derive(Clone, Debug)]
struct Row {
    at: i64,
    event: Event,
}

#[derive(Clone, Debug)]
enum Event {
    /// A packet, or several datagrams of one stream between two control packets.
    Packet(Arrow),
    /// Something that happened at a node, or that is of no node.
    Remark { node: Option<String>, text: String },
}

#[derive(Clone, Debug)]
struct Arrow {
    link: usize,
    /// The column that it begins at.
    from: usize,
    reach: Reach,
    text: String,
    train: Option<Train>,
}

/// Which columns a packet gets to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reach {
    /// All other columns of the link; these fare otherwise.
    All(Vec<(usize, Ending)>),
    /// One column only, late.
    Late(usize),
    /// One column only.
    One(usize),
    /// Nobody knows.
    Unknown,
    /// The column that it begins at received it.
    Here,
}

impl Link {
    fn new(name: &str, columns: Vec<String>) -> Self {
        let order = (0..columns.len()).collect();
        Self { name: name.to_owned(), columns, order, sums: BTreeMap::new() }
    }
}

impl Ladder {
    /// The position of the link of this name, which is new perhaps.
    fn link(&mut self, name: &str) -> usize {
        if let Some(&known) = self.named.get(name) {
            return known;
        }
        let next = self.links.len();
        self.named.insert(name.to_owned(), next);
        self.links.push(Link::new(name, Vec::new()));
        next
    }

    /// The position of the column of this name on the link, which is new perhaps.
    fn column(&mut self, link: usize, name: &str) -> usize {
        let Link { columns, order, .. } = &mut self.links[link];
        columns.iter().position(|known| known == name).unwrap_or_else(|| {
            if columns.len() < MOST {
                order.push(columns.len());
                let is_last = columns.len() + 1 == MOST;
                columns.push(if is_last { "others".to_owned() } else { name.to_owned() });
            }
            columns.len() - 1
        })
    }

    /// Adds a packet, to an earlier row if it is one more datagram of the same stream.
    fn add(&mut self, at: i64, arrow: Arrow, is_control: bool) {
        let (sums, row) = (&mut self.links[arrow.link].sums, self.rows.len());
        // A control packet on the link ends the sum, so that its effect can be seen.
        if is_control {
            sums.clear();
        }
        if let Some(train) = &arrow.train {
            let first = *sums.entry((arrow.from, train.key.clone())).or_insert(row);
            if let Some(Row { event: Event::Packet(Arrow { train: Some(sum), .. }), .. }) =
                self.rows.get_mut(first)
            {
                sum.add(train);
                return;
            }
        }
        self.rows.push(Row { at, event: Event::Packet(arrow) });
    }

    /// Adds a row of something that is no packet.
    fn remark(&mut self, at: i64, node: Option<String>, text: String) {
        // What follows is perhaps its effect.
        for link in &mut self.links {
            link.sums.clear();
        }
        self.rows.push(Row { at, event: Event::Remark { node, text } });
    }

    /// The rows in the order of time.
    fn in_order(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.at);
        rows
    }
}
