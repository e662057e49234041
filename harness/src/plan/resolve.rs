//! Turns expressions into arithmetic: names of acts and intervals get their meaning.

use std::time::Duration;

use castnet::time::Seconds;

use super::arithmetic::{Count, Length, Moment, Part};
use super::claim::Claims;
use super::{NodeId, Window};
use crate::knobs::{INTERVALS, Interval, Knobs, Quantity, interval};
use crate::scenario;
use crate::scenario::diagnostic::{Span, Spanned};
use crate::scenario::expr::{Atom, CountExpr, Expr, Term};
use crate::vocabulary::unspoken;

impl<'a> Claims<'a> {
    pub(super) fn window(
        &mut self,
        window: &scenario::Window,
        routers: &[NodeId],
    ) -> Option<Window> {
        let from = match &window.after {
            None => Some(Moment::start()),
            Some(after) => self.moment(after, routers),
        };
        let length = self.optional_length(window.within.as_ref(), routers);
        Some(Window { from: from?, length: length? })
    }

    pub(super) fn moment(&mut self, expr: &Spanned<Expr>, routers: &[NodeId]) -> Option<Moment> {
        let mut anchor = None;
        let mut parts = Vec::new();
        self.in_force = self.without_intervals(&expr.value);
        for term in &expr.value.terms {
            match &term.atom {
                Atom::Name(name) if name == "start" || self.acts.contains_key(name.as_str()) => {
                    if anchor.is_some() || term.minus || term.times != 1 {
                        let message = format!("`{name}` is a point in time");
                        let label = "there can be one, to which lengths of time are added";
                        self.faults.error(&expr.span, message, label);
                        return None;
                    }
                    anchor = Some(self.acts.get(name.as_str()).map(|&act| (act, name.clone())));
                }
                _ => parts.push(self.part(term, &expr.span, routers)?),
            }
        }
        let moment = Moment { text: expr.value.text.clone(), anchor: anchor.flatten(), parts };
        self.in_force = self.planned(&moment);
        Some(moment)
    }

    /// `Some(None)` if there is nothing to resolve.
    pub(super) fn optional_length(
        &mut self,
        expr: Option<&Spanned<Expr>>,
        routers: &[NodeId],
    ) -> Option<Option<Length>> {
        let Some(expr) = expr else { return Some(None) };
        let parts: Option<Vec<Part>> =
            expr.value.terms.iter().map(|term| self.part(term, &expr.span, routers)).collect();
        let length = Length { text: expr.value.text.clone(), parts: parts? };
        if length.is_negative() {
            let message = format!("`{}` is less than no time", length.text);
            self.faults.error(&expr.span, message, "more is subtracted than added");
            return None;
        }
        Some(Some(length))
    }

    /// The limits of a time, and their words.
    pub(super) fn limit(
        &mut self,
        limit: &Spanned<CountExpr>,
        routers: &[NodeId],
    ) -> Option<(Option<Length>, Option<Length>, String)> {
        let [min, max] = [&limit.value.min, &limit.value.max].map(|bound| {
            let bound = bound.clone().map(|value| Spanned { value, span: limit.span.clone() });
            self.optional_length(bound.as_ref(), routers)
        });
        let (min, max) = (min?, max?);
        let words = match (&min, &max) {
            (Some(min), Some(max)) if min.duration() > max.duration() => {
                let message = format!("{} is more than {}", min.text, max.text);
                self.faults.error(&limit.span, message, "never true");
                return None;
            }
            (Some(min), Some(max)) => format!("{} to {}", min.text, max.text),
            (Some(min), None) => format!("at least {}", min.text),
            (None, Some(max)) => format!("at most {}", max.text),
            (None, None) => "at some time".to_owned(),
        };
        Some((min, max, words))
    }

    fn part(&mut self, term: &Term, span: &Span, routers: &[NodeId]) -> Option<Part> {
        let (duration, text) = match &term.atom {
            Atom::Time(duration) => (*duration, String::new()),
            Atom::Number(0) => (Duration::ZERO, String::new()),
            Atom::Number(number) => {
                let message = format!("`{number}` is not a time");
                self.faults.error(span, message, "a unit is missing, as in 5s or 500ms");
                return None;
            }
            Atom::Name(name) => match self.named((name, true), span, routers)? {
                (Quantity::Time(duration), formula) if formula.is_empty() => {
                    (duration, format!("{name} "))
                }
                (Quantity::Time(duration), formula) => (duration, format!("{name} ({formula}) ")),
                (Quantity::Count(_), _) => {
                    let message = format!("{name} is a count");
                    self.faults.error(span, message, "and a time is wanted here");
                    return None;
                }
            },
        };
        let times = if term.times == 1 { String::new() } else { format!("{} x ", term.times) };
        let text = format!("{times}{text}{}", Seconds(duration, 3));
        // Each is at most a day, so that no multiple overflows.
        let is_interval = matches!(term.atom, Atom::Name(_));
        Some(Part { minus: term.minus, duration: duration * term.times, is_interval, text })
    }

    pub(super) fn count(
        &mut self,
        count: &Spanned<CountExpr>,
        routers: &[NodeId],
    ) -> Option<Count> {
        let mut bound = |expr: &Option<Expr>| match expr {
            None => Some(None),
            Some(expr) => self.number(expr, &count.span, routers).map(Some),
        };
        let (min, max) = (bound(&count.value.min)?, bound(&count.value.max)?);
        if let (Some((min, _)), Some((max, _))) = (&min, &max)
            && min > max
        {
            let message = format!("at least {min} and at most {max} cannot be");
            self.faults.error(&count.span, message, "never true");
            return None;
        }
        let text = match (&min, &max) {
            (Some((0, _)), Some((0, _))) => "no".to_owned(),
            (Some((_, min)), Some((_, max))) if min == max => min.clone(),
            (Some((_, min)), Some((_, max))) => format!("{min} to {max}"),
            (Some((_, min)), None) => format!("at least {min}"),
            (None, Some((_, max))) => format!("at most {max}"),
            (None, None) => "any".to_owned(),
        };
        let (min, max) = (min.map_or(0, |(min, _)| min), max.map(|(max, _)| max));
        Some(Count { min, max, text })
    }

    /// A sum of numbers and counts, with its words: `LMQC 2`.
    fn number(&mut self, expr: &Expr, span: &Span, routers: &[NodeId]) -> Option<(u32, String)> {
        let mut total: i128 = 0;
        let mut words = Vec::new();
        for term in &expr.terms {
            let (number, text) = match &term.atom {
                Atom::Number(number) => (*number, number.to_string()),
                Atom::Time(_) => {
                    let message = format!("`{}` has a time in it", expr.text);
                    self.faults.error(span, message, "and a count is wanted here");
                    return None;
                }
                Atom::Name(name) => match self.named((name, false), span, routers)? {
                    (Quantity::Count(number), _) => (number, format!("{name} {number}")),
                    (Quantity::Time(_), _) => {
                        let message = format!("{name} is a time");
                        self.faults.error(span, message, "and a count is wanted here");
                        return None;
                    }
                },
            };
            let signed = i128::from(number) * i128::from(term.times);
            total += if term.minus { -signed } else { signed };
            let times = if term.times == 1 { String::new() } else { format!("{} x ", term.times) };
            let sign = match (term.minus, words.is_empty()) {
                (true, _) => "- ",
                (false, true) => "",
                (false, false) => "+ ",
            };
            words.push(format!("{sign}{times}{text}"));
        }
        let number = u32::try_from(total).ok();
        if number.is_none() {
            let message = format!("`{}` is {total}", expr.text);
            self.faults.error(span, message, format!("a count is 0 to {}", u32::MAX));
        }
        Some((number?, words.join(" ")))
    }

    /// A protocol interval: of the named router (`r1.LMQT`), or of the routers concerned if their
    /// values agree. Of one that does not exist, a time or else a count is suggested.
    fn named(
        &mut self,
        (name, is_time): (&str, bool),
        span: &Span,
        routers: &[NodeId],
    ) -> Option<(Quantity, String)> {
        let (of, word) = match name.split_once('.') {
            Some((node, word)) => {
                let node = Spanned { value: node.to_owned(), span: span.clone() };
                (vec![self.topology.node(&node, self.faults)?], word)
            }
            None => (routers.to_vec(), name),
        };
        let Some(row) = interval(word) else {
            if name == "start" || self.acts.contains_key(name) {
                let message = format!("`{name}` is a point in time");
                self.faults.error(span, message, "and a length or a number is wanted here");
            } else if !self.gaps.acts.excuses(name) {
                let fits = |row: &&Interval| {
                    matches!((row.of)(&Knobs::default()).0, Quantity::Time(_)) == is_time
                };
                let words = INTERVALS.iter().filter(fits).map(|row| row.word);
                let known = words.chain(self.acts.keys().copied());
                match unspoken::answer(word) {
                    Some((message, label)) => self.faults.error(span, message, label),
                    None => self.faults.unknown("interval or act", name, span, known),
                }
            }
            return None;
        };
        if word == "URI" {
            // The hosts' own interval, which does not depend on a router.
            return Some((row.of)(&Knobs::default()));
        }
        let knobs = of.iter().flat_map(|&node| self.knobs(node));
        let values: Vec<_> = knobs.map(row.of).collect();
        match values.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other.0 == first.0) => {
                Some(first.clone())
            }
            _ if self.is_blind && word == name => None,
            [] => {
                let all = self.topology.nodes.iter().enumerate();
                let of_each: Vec<String> = all
                    .filter(|(id, _)| !self.knobs(*id).is_empty())
                    .map(|(_, node)| format!("\"{}.{word}\"", node.name))
                    .collect();
                let help = match of_each.as_slice() {
                    [] => format!("only a router has a {word}, and there is none"),
                    _ => format!("name the router: {}", of_each.join(", ")),
                };
                let message = format!("whose {word} is meant by `{name}`?");
                self.faults.error_with_help(span, message, "no router is concerned here", help);
                None
            }
            [..] if of.len() == 1 => {
                let router = &self.topology.nodes[of[0]].name;
                let message = format!("the links of {router} differ in their {word}");
                let help = "no link is concerned here: take a time, such as \"500ms\"";
                self.faults.error_with_help(span, message, "which one is meant?", help);
                None
            }
            [..] => {
                let of_each: Vec<String> = of
                    .iter()
                    .map(|&node| format!("\"{}.{word}\"", self.topology.nodes[node].name))
                    .collect();
                let message = format!("the routers concerned differ in their {word}");
                let help = format!("name the router: {}", of_each.join(", "));
                self.faults.error_with_help(span, message, "which one is meant?", help);
                None
            }
        }
    }
}
