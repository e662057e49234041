//! The ladder of a capture, frame by frame. Castnet's own captures say in comments which acts were
//! done and which frames did not arrive; of other captures nobody knows who received a frame.

use std::time::Duration;

use super::stream::{Train, is_control};
use super::{Arrow, Event, Ladder, Reach, Row, RunTime, Stamps as _};
use crate::capture::fate::Ending;
use crate::capture::inspected::InspectedFrame;
use crate::capture::said::Said;

/// The meaning of a capture's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The interfaces; in castnet's own captures, the nodes of each link.
    Interfaces,
    /// The senders' IP addresses on each interface.
    Addresses,
}

/// How each of the ports that a comment names fared.
type Fared = (Vec<String>, Ending);

impl Ladder {
    /// Adds a frame of a capture, with the comments of its block; `at` counts in nanoseconds from
    /// time zero. `is_own` says that castnet wrote the capture of a run.
    pub fn add_frame(
        &mut self,
        at: i64,
        frame: &InspectedFrame,
        comments: &[Said],
        columns: Columns,
        is_own: bool,
    ) {
        let node = frame.interface.split_once(':');
        let (link, column) = match (columns, node, frame.packet()) {
            (Columns::Interfaces, Some((node, link)), _) => (link, node.to_owned()),
            (Columns::Interfaces, None, _) => ("", frame.interface.clone()),
            (Columns::Addresses, _, Some(packet)) => (&*frame.interface, packet.source.to_string()),
            (Columns::Addresses, _, None) => (&*frame.interface, "others".to_owned()),
        };
        let link = self.link(link);
        let from = self.column(link, &column);
        let mut fared: Vec<Fared> = Vec::new();
        let mut told = String::new();
        for said in comments {
            let (ports, head, by) = match said {
                Said::Missed { ports, by: None } => (ports.clone(), Ending::Missing, None),
                Said::Missed { ports, by } => (ports.clone(), Ending::Lost, by.as_ref()),
                Said::Struck { port, by, .. } => (vec![port.clone()], head(by), Some(by)),
                _ => continue,
            };
            let names: Vec<&str> = ports.iter().map(|port| node_of(port)).collect();
            let names = names.join(", ");
            told.push_str(&match by {
                None => format!(", not received by {names}"),
                Some(by) => format!(", {by}, on its way to {names}"),
            });
            fared.push((ports, head));
        }
        let reach = match (columns, frame.outgoing, frame.packet()) {
            (Columns::Interfaces, Some(false), _) => Reach::Here,
            (Columns::Interfaces, ..) if is_own => Reach::All(self.otherwise(link, &fared)),
            (Columns::Addresses, _, Some(packet)) if !packet.destination.is_multicast() => {
                let to = packet.destination.to_string();
                let to = self.links[link].columns.iter().position(|column| *column == to);
                to.map_or(Reach::Unknown, Reach::One)
            }
            (Columns::Addresses, ..) => Reach::All(Vec::new()),
            (Columns::Interfaces, ..) => Reach::Unknown,
        };
        let (text, train) = (format!("{frame}{told}"), Train::of(frame.packet(), at, &told));
        let is_control = frame.packet().is_some_and(is_control);
        self.add(at, Arrow { link, from, reach, text, train }, is_control);
        for said in comments {
            let Said::Struck { port, at: arrived, by } = said else { continue };
            if head(by) == Ending::Later {
                let reach = Reach::Late(self.column(link, node_of(port)));
                let text = format!("{frame}, sent at {}", RunTime.moment(at));
                let arrow = Arrow { link, from, reach, text, train: None };
                self.rows.push(Row { at: nanos(*arrived), event: Event::Packet(arrow) });
            }
        }
    }

    /// The columns of ports that fared otherwise than the frame.
    fn otherwise(&mut self, link: usize, fared: &[Fared]) -> Vec<(usize, Ending)> {
        let mut otherwise = Vec::new();
        for (ports, head) in fared {
            for port in ports {
                otherwise.push((self.column(link, node_of(port)), *head));
            }
        }
        otherwise
    }

    /// Gives each interface of castnet's own capture a column on its link, if anything was sent there,
    /// and puts the columns into this order.
    pub fn arrange(&mut self, interfaces: &[String]) {
        for (node, link) in interfaces.iter().filter_map(|name| name.split_once(':')) {
            if let Some(&link) = self.named.get(link) {
                self.column(link, node);
            }
        }
        for link in &mut self.links {
            let place = |column: &usize| {
                let name = format!("{}:{}", link.columns[*column], link.name);
                interfaces.iter().position(|interface| *interface == name)
            };
            link.order.sort_by_key(|column| place(column).unwrap_or(usize::MAX));
        }
    }

    /// Adds what a comment says that is of no frame: an act, or a failure.
    pub fn add_remark(&mut self, said: &Said) {
        match said {
            Said::Act { at, words, name } => {
                let name = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
                let node = words.split_whitespace().next().map(str::to_owned);
                self.remark(nanos(*at), node, format!("{words}{name}"));
            }
            Said::Failed { at, what } => self.remark(nanos(*at), None, format!("FAIL: {what}")),
            _ => {}
        }
    }
}

fn node_of(port: &str) -> &str {
    port.split_once(':').map_or(port, |(node, _)| node)
}

/// How a copy ends of which a comment says this.
fn head(by: &str) -> Ending {
    match by.split(' ').next() {
        Some("corrupted") => Ending::Changed,
        Some("duplicated") => Ending::Again,
        _ => Ending::Later,
    }
}

fn nanos(at: Duration) -> i64 {
    i64::try_from(at.as_nanos()).unwrap_or(i64::MAX)
}
