//! Where a deliberate fault is put: a function, named as `Type::method` or `function`, and a text in it.
//!
//! White space does not count, so that no fault depends on how the file is formatted. The source is
//! taken to be formatted by rustfmt: a function ends with the first brace at its own indentation.

use std::ops::Range;

use serde::Deserialize;

/// All deliberate faults.
#[derive(Deserialize)]
pub(crate) struct Mutants {
    /// In the order of the file.
    pub(crate) mutant: Vec<Mutant>,
}

/// A deliberate fault.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// What it is, in words.
    pub(crate) name: String,
    /// The file, from the root of the tree.
    pub(crate) file: String,
    /// The function: `Type::method`, or `function` for one outside of any `impl`.
    pub(crate) function: String,
    /// The text to be replaced, which stands once in the function; the whole body unless given.
    pub(crate) find: Option<String>,
    /// What takes its place.
    pub(crate) replace: String,
    /// The interval whose formula is made wrong: a claim that names it has to fail.
    pub(crate) interval: Option<String>,
}

impl Mutant {
    /// The source with the fault in it.
    ///
    /// # Errors
    /// That the function or the text is not there, or stands there more than once.
    pub(crate) fn put(&self, source: &str) -> Result<String, String> {
        let body = body(source, &self.function).map_err(|why| format!("{}: {why}", self.name))?;
        let place = match &self.find {
            None => body,
            Some(text) => match found(&source[body.clone()], text).as_slice() {
                [at] => body.start + at.start..body.start + at.end,
                all => {
                    let (name, function, count) = (&self.name, &self.function, all.len());
                    return Err(format!("{name}: its text stands {count} times in {function}"));
                }
            },
        };
        let mut faulty = source.to_owned();
        faulty.replace_range(place, &self.replace);
        Ok(faulty)
    }
}

/// The source with all of these faults in it, each with its number: a function with faults becomes a
/// `match` over the `number` of the only fault that counts, an expression.
///
/// # Errors
/// One of the faults has no place.
pub(crate) fn put_all(
    faults: &[(usize, &Mutant)],
    source: &str,
    number: &str,
) -> Result<String, String> {
    let mut functions: Vec<(Range<usize>, String)> = Vec::new();
    for (which, mutant) in faults {
        let at = body(source, &mutant.function).map_err(|why| format!("{}: {why}", mutant.name))?;
        let faulty = mutant.put(source)?;
        let arm = &faulty[at.start..at.end + faulty.len() - source.len()];
        let arm = format!("{which} => {{{arm}\n}}\n");
        match functions.iter_mut().find(|(other, _)| *other == at) {
            Some((_, arms)) => arms.push_str(&arm),
            None => functions.push((at, arm)),
        }
    }
    functions.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
    let mut all = source.to_owned();
    for (at, arms) in functions {
        let sound = &source[at.clone()];
        all.replace_range(at.clone(), &format!("match {number} {{\n{arms}_ => {{{sound}\n}}\n}}"));
    }
    Ok(all)
}

/// Between the braces of a function.
fn body(source: &str, function: &str) -> Result<Range<usize>, String> {
    let (of, name) = match function.rsplit_once("::") {
        Some((of, name)) => (Some(of), name),
        None => (None, function),
    };
    let indent = if of.is_some() { "    " } else { "" };
    let (mut inside, mut offset, mut found) = (None, 0, Vec::new());
    for line in source.split_inclusive('\n') {
        if line.starts_with("impl") {
            inside = Some(line);
        } else if line.starts_with('}') {
            inside = None;
        }
        let is_named = line.strip_prefix(indent).is_some_and(|rest| {
            let declared = rest.split_once("fn ").filter(|_| !rest.starts_with(' '));
            declared.is_some_and(|(_, rest)| {
                rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', '<']))
            })
        });
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_of = match (of, inside) {
            (Some(of), Some(line)) => line.split(|c| !is_word(c)).any(|word| word == of),
            (None, None) => true,
            _ => false,
        };
        if is_named && is_of {
            found.push(offset);
        }
        offset += line.len();
    }
    let [start] = found[..] else {
        return Err(format!("{function} is declared {} times", found.len()));
    };
    let open = format!("{{\n{indent}    ");
    let close = format!("\n{indent}}}");
    let open = source[start..].find(&open).map(|at| start + at + 1);
    let open = open.ok_or_else(|| format!("{function} has no body"))?;
    let close = source[open..].find(&close).map(|at| open + at);
    Ok(open..close.ok_or_else(|| format!("{function} has no end"))?)
}

/// Where the text stands in the source, white space aside.
fn found(source: &str, text: &str) -> Vec<Range<usize>> {
    let solid: Vec<(usize, char)> =
        source.char_indices().filter(|(_, c)| !c.is_whitespace()).collect();
    let wanted: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_here = |window: &&[(usize, char)]| window.iter().map(|(_, c)| c).eq(&wanted);
    let here = solid.windows(wanted.len().max(1)).filter(is_here);
    here.filter_map(|window| {
        let ((first, _), (last, end)) = (window.first()?, window.last()?);
        Some(*first..last + end.len_utf8())
    })
    .collect()
}
