//! How a ladder is drawn.

use std::iter::repeat_n;
use std::ops::RangeInclusive;
use std::time::Duration;

use castnet::time::{Instant, Seconds};

use crate::capture::fate::Ending;

use super::{Arrow, Event, Ladder, Reach, Row};

/// The width of a column in characters.
const RUNGS: RangeInclusive<usize> = 7..=16;
/// The least width of times.
const STAMP: usize = 12;
/// The number of rows that a failure shows before and after its moment.
const BEFORE: usize = 5;
const AFTER: usize = 4;

/// How times are written.
pub trait Stamps {
    /// The time of a row, in nanoseconds from time zero; rows come from top to bottom.
    fn row(&mut self, at: i64) -> String;
    /// A time in a text.
    fn moment(&self, at: i64) -> String;
}

/// Times from time zero on, as in a verdict.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunTime;

impl Stamps for RunTime {
    fn row(&mut self, at: i64) -> String {
        self.moment(at)
    }

    fn moment(&self, at: i64) -> String {
        let sign = if at < 0 { "-" } else { "" };
        format!("{sign}{}", Seconds(Duration::from_nanos(at.unsigned_abs()), 6))
    }
}

/// The width of a column, and of all of them: zero if there is no room for them.
#[derive(Clone, Copy)]
struct Drawn {
    rung: usize,
    wide: usize,
}

impl Ladder {
    /// The whole ladder, at most this wide if possible.
    #[must_use]
    pub fn render(&self, width: usize, stamps: &mut dyn Stamps) -> String {
        let drawn = self.drawn(width);
        let rows = self.in_order();
        let at: Vec<String> = rows.iter().map(|row| stamps.row(row.at)).collect();
        let margin = at.iter().map(|at| at.chars().count()).fold(STAMP, usize::max);
        let mut lines = self.head(drawn, margin);
        let rows = rows.into_iter().zip(at);
        lines
            .extend(rows.map(|(row, at)| self.line(row, &format!("{at:>margin$}"), drawn, stamps)));
        lines.concat()
    }

    /// A few rows before and after a moment, with the moment marked.
    pub(super) fn around(&self, at: Instant, width: usize) -> Vec<String> {
        let moment = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
        let rows = self.in_order();
        let next = rows.iter().position(|row| row.at > moment).unwrap_or(rows.len());
        let (from, to) = (next.saturating_sub(BEFORE), (next + AFTER).min(rows.len()));
        let drawn = self.drawn(width);
        let line = |row: &&Row| {
            let at = RunTime.moment(row.at);
            self.line(row, &format!("{at:>STAMP$}"), drawn, &RunTime)
        };
        let mut lines = self.head(drawn, STAMP);
        lines.extend(rows[from..next].iter().map(line));
        lines.push(format!("{:>12}  {}\n", at.to_string(), "- ".repeat(drawn.wide / 2)));
        lines.extend(rows[next..to].iter().map(line));
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

    fn head(&self, Drawn { rung, wide }: Drawn, margin: usize) -> Vec<String> {
        if wide == 0 {
            return Vec::new();
        }
        let (mut names, mut columns) = (String::new(), String::new());
        for link in &self.links {
            let wide = link.columns.len() * rung;
            names.push_str(&format!("{:<wide$}  ", cut(&link.name, wide)));
            for &column in &link.order {
                let name = cut(&link.columns[column], rung - 1);
                columns.push_str(&format!("{name:<rung$}"));
            }
            columns.push_str("  ");
        }
        [names, columns].map(|row| format!("{:margin$}  {}\n", "", row.trim_end())).into()
    }

    fn line(&self, row: &Row, at: &str, drawn: Drawn, stamps: &dyn Stamps) -> String {
        match &row.event {
            Event::Remark { node, text } if drawn.wide == 0 => {
                format!("{at}  {}{text}\n", node.as_ref().map(|_| "act  ").unwrap_or_default())
            }
            Event::Remark { node, text } => {
                let mut drawing = String::new();
                for link in &self.links {
                    for &column in &link.order {
                        let is_here = node.as_ref() == Some(&link.columns[column]);
                        drawing.push(if is_here { '*' } else { '|' });
                        drawing.extend(repeat_n(' ', drawn.rung - 1));
                    }
                    drawing.push_str("  ");
                }
                format!("{at}  {drawing}{text}\n")
            }
            Event::Packet(arrow) => {
                let text = match &arrow.train {
                    Some(train) if train.is_sum() => train.text(stamps),
                    _ => arrow.text.clone(),
                };
                if drawn.wide == 0 {
                    let link = &self.links[arrow.link];
                    return format!("{at}  {}  {}: {text}\n", link.name, link.columns[arrow.from]);
                }
                format!("{at}  {}{text}\n", self.rungs(arrow, drawn.rung))
            }
        }
    }

    /// The columns of all links, with the arrow on its own.
    fn rungs(&self, arrow: &Arrow, rung: usize) -> String {
        let mut drawing = String::new();
        for (index, link) in self.links.iter().enumerate() {
            let columns = link.order.len();
            let ends = link.order.iter().map(|&column| match index == arrow.link {
                true => arrow.end(column),
                false => End::Passed,
            });
            let ends: Vec<End> = ends.collect();
            let from = link.order.iter().position(|&column| column == arrow.from);
            // The line goes from the first end that is drawn to the last one.
            let is_end = |end: &End| !matches!(end, End::Passed);
            let first = ends.iter().position(is_end).unwrap_or(columns);
            let last = ends.iter().rposition(is_end).unwrap_or(0);
            let stroke = match (&arrow.train, &arrow.reach) {
                (_, Reach::Late(_)) => '~',
                (Some(_), _) => '=',
                (None, _) => '-',
            };
            for (column, end) in ends.iter().enumerate() {
                let is_left = from.is_some_and(|from| column < from);
                let sign = match end {
                    End::Passed => "|",
                    End::From => "o",
                    End::Received => ">",
                    End::To(None) if is_left => "<",
                    End::To(None) => ">",
                    End::To(Some(Ending::Again)) if is_left => "<<",
                    End::To(Some(Ending::Again)) => ">>",
                    End::To(Some(Ending::Lost)) => "x",
                    End::To(Some(Ending::Changed)) => "!",
                    End::To(Some(Ending::Later)) => "~",
                    End::To(Some(Ending::Missing)) => "|",
                };
                let is_drawn = index == arrow.link && first <= column && column < last;
                let fill = if is_drawn { stroke } else { ' ' };
                // The second half of a double head takes a place of the line before it.
                if sign == ">>" && drawing.ends_with(stroke) {
                    drawing.pop();
                    drawing.push_str(sign);
                    drawing.extend(repeat_n(fill, rung - 1));
                } else {
                    drawing.push_str(sign);
                    drawing.extend(repeat_n(fill, rung - sign.len()));
                }
            }
            drawing.push_str("  ");
        }
        drawing
    }
}

/// What stands at a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    From,
    Received,
    To(Option<Ending>),
}

impl Arrow {
    /// What stands at this column of the arrow's own link.
    fn end(&self, column: usize) -> End {
        let is_from = column == self.from;
        match &self.reach {
            Reach::Here if is_from => End::Received,
            _ if is_from => End::From,
            Reach::All(otherwise) => {
                let head = otherwise.iter().find(|(other, _)| *other == column);
                match head.map(|(_, head)| *head) {
                    Some(Ending::Missing) => End::Passed,
                    head => End::To(head),
                }
            }
            Reach::Late(to) | Reach::One(to) if *to == column => End::To(None),
            Reach::Late(_) | Reach::One(_) | Reach::Unknown | Reach::Here => End::Passed,
        }
    }
}

fn cut(name: &str, width: usize) -> String {
    name.chars().take(width).collect()
}
