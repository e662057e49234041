//! Expressions over protocol intervals: `leave + LMQT`, `2*LMQI + 100ms`, `r1.LMQC`, `>= 1`.
//!
//! Parsing knows the grammar only; the compiler, which knows the names, decides which act or router
//! a name means.

use std::time::Duration;

use super::time;

/// One summand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether it is subtracted.
    pub minus: bool,
    /// The factor.
    pub times: u32,
    /// The atom.
    pub atom: Atom,
}

/// The smallest part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Atom {
    /// A literal time, `500ms`.
    Time(Duration),
    /// A plain number, `3`.
    Number(u32),
    /// A name: of an act, or of a protocol interval (`LMQT`, `r1.LMQT`).
    Name(String),
}

/// A sum of terms, and the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// As the author wrote it.
    pub text: String,
    /// The summands, at least one.
    pub terms: Vec<Term>,
}

/// A number or a length of time: a range over expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountExpr {
    /// The lower limit.
    pub min: Option<Expr>,
    /// The upper limit.
    pub max: Option<Expr>,
}

/// Reads an expression.
///
/// # Errors
/// The fault in words.
pub fn parse(text: &str) -> Result<Expr, String> {
    let mut terms = Vec::new();
    let mut minus = false;
    let mut rest = text.trim();
    loop {
        let end = rest.find(['+', '-']).map(|at| split_point(rest, at));
        let (term, tail) = match end {
            Some(Some(at)) => (&rest[..at], Some((&rest[at..=at], &rest[at + 1..]))),
            _ => (rest, None),
        };
        terms.push(parse_term(term.trim(), minus)?);
        let Some((operator, tail)) = tail else { break };
        minus = operator == "-";
        rest = tail.trim();
    }
    Ok(Expr { text: text.trim().to_owned(), terms })
}

/// A minus inside a name (`first-leave`) belongs to the name; operators have spaces around them.
fn split_point(text: &str, first: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (first..bytes.len()).find(|&at| match bytes[at] {
        b'+' => true,
        b'-' => at > 0 && bytes[at - 1] == b' ',
        _ => false,
    })
}

fn parse_term(text: &str, minus: bool) -> Result<Term, String> {
    if text.is_empty() {
        return Err("a summand is missing".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("`{text}` begins with a minus"));
    }
    let (times, atom) = match text.split_once('*') {
        Some((times, atom)) => {
            let times = times.trim();
            let number = times.parse().map_err(|_| format!("`{times}` is not a whole number"))?;
            (number, atom.trim())
        }
        None => (1, text),
    };
    let atom = if atom.starts_with(|c: char| c.is_ascii_digit()) {
        match atom.parse() {
            Ok(number) => Atom::Number(number),
            Err(_) => Atom::Time(time::parse(atom).map_err(|why| no_time(atom, &why))?),
        }
    } else if is_name(atom) {
        Atom::Name(atom.to_owned())
    } else {
        return Err(format!("`{atom}` is neither a time nor a name"));
    };
    Ok(Term { minus, times, atom })
}

/// Why this is no time: `2LMQT` lacks its sign.
fn no_time(atom: &str, why: &str) -> String {
    let (times, name) = atom.split_at(atom.find(|c: char| !c.is_ascii_digit()).unwrap_or(0));
    match is_name(name) && name.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => format!("`{atom}` is no time: write `{times}*{name}`"),
        false => format!("`{atom}`: {why}"),
    }
}

/// Whether the text can be a name in an expression: of an act, a node or an interval.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Reads limits of a time: `<= 50ms`, `>= LMQT - 10ms`, `100ms..LMQT`.
///
/// # Errors
/// The fault in words.
pub fn parse_limit(text: &str) -> Result<CountExpr, String> {
    let limit = parse_count(text)?;
    if limit.min.is_some() && limit.min == limit.max {
        return Err("no time is exact: write `<=`, `>=` or a range".to_owned());
    }
    Ok(limit)
}

/// Reads a count: `3`, `LMQC`, `>= 1`, `<= 2`, `1..3` (both ends included).
///
/// # Errors
/// The fault in words.
pub fn parse_count(text: &str) -> Result<CountExpr, String> {
    let text = text.trim();
    if let Some(min) = text.strip_prefix(">=") {
        return Ok(CountExpr { min: Some(parse(min)?), max: None });
    }
    if let Some(max) = text.strip_prefix("<=") {
        return Ok(CountExpr { min: None, max: Some(parse(max)?) });
    }
    if let Some((min, max)) = text.split_once("..") {
        return Ok(CountExpr { min: Some(parse(min)?), max: Some(parse(max)?) });
    }
    let exact = parse(text)?;
    Ok(CountExpr { min: Some(exact.clone()), max: Some(exact) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Atom {
        Atom::Name(text.to_owned())
    }

    fn term(minus: bool, times: u32, atom: Atom) -> Term {
        Term { minus, times, atom }
    }

    #[test]
    fn sums_of_names_times_and_multiples() {
        let expr = parse("first-leave + 2*r1.LMQI - 500ms").unwrap();
        let half = Atom::Time(Duration::from_millis(500));
        let expected = [
            term(false, 1, name("first-leave")),
            term(false, 2, name("r1.LMQI")),
            term(true, 1, half),
        ];
        assert_eq!(expr.terms, expected);
    }

    #[test]
    fn what_is_no_expression_is_refused_in_words() {
        for (text, why) in [
            ("", "a summand is missing"),
            ("leave +", "a summand is missing"),
            ("x*LMQI", "`x` is not a whole number"),
            ("leave + 2LMQT", "`2LMQT` is no time: write `2*LMQT`"),
            ("le ave", "`le ave` is neither a time nor a name"),
        ] {
            assert_eq!(parse(text).unwrap_err(), why, "{text:?}");
        }
        assert!(parse("5 parsecs").is_err());
    }

    #[test]
    fn counts_are_exact_or_ranges() {
        let bounds = |text: &str| {
            let count = parse_count(text).unwrap();
            (count.min.map(|e| e.text), count.max.map(|e| e.text))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(bounds("LMQC"), (some("LMQC"), some("LMQC")));
        assert_eq!(bounds(">= 1"), (some("1"), None));
        assert_eq!(bounds("<=LMQC + 1"), (None, some("LMQC + 1")));
        assert_eq!(bounds("1..3"), (some("1"), some("3")));
    }
}
