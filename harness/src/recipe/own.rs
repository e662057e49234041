//! The recipe of a daemon that a scenario itself names.

use std::collections::{BTreeMap, BTreeSet};

use castnet::addr::Family;
use minijinja::Environment;

use super::{Program, Recipe, Starts};
use crate::knobs::{PARAMETERS, pim_keys};

/// Where such a daemon finds its configuration.
pub const CONFIG: &str = "/run/daemon.conf";

impl Recipe {
    /// A daemon with this configuration, a template. The parameters that a template or an argument names are those that it
    /// takes; of a file as it is (`is_file`) its author knows what it says, and all count.
    #[must_use]
    pub fn own(program: Program, template: Option<String>, is_file: bool) -> Self {
        let texts = || program.command.iter().chain(&template);
        let names = |word: &str| texts().any(|text| has_word(text, word));
        let has_table = names("toml");
        let parameters = PARAMETERS.iter().map(|row| row.key.name);
        let takes: BTreeSet<String> = parameters
            .filter(|key| is_file || has_table || names(&key.replace('-', "_")))
            .map(str::to_owned)
            .collect();
        let of_pim = pim_keys().filter(|key| is_file || names(&key.replace('-', "_")));
        let takes_pim = (is_file || names("pim")).then(|| of_pim.map(str::to_owned).collect());
        let name =
            program.command.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
        let files = template.map(|template| (CONFIG.into(), template));
        Self {
            software: name.to_owned(),
            package: None,
            families: vec![Family::V4, Family::V6],
            takes,
            takes_pim,
            fixed: BTreeMap::new(),
            queries: true,
            starts: Starts::BeforeTheRun,
            path: Vec::new(),
            private: Vec::new(),
            files: files.into_iter().collect(),
            over: BTreeMap::new(),
            programs: vec![program],
            reload: None,
            log: None,
            state: None,
            own: false,
            as_they_are: is_file,
            routes: true,
        }
    }
}

/// The names that templates know; those of a router's parameters are below `membership`.
pub const NAMES: [&str; 8] =
    ["family", "here", "interfaces", "keepalive", "membership", "node", "pim", "routes"];

/// Checks a template before there is a router: its form, and the names that it wants, except those of loops.
///
/// # Errors
/// What is wrong, with the line of the template.
pub fn check(template: &str) -> Result<(), String> {
    let environment = Environment::new();
    let parsed = environment.template_from_str(template).map_err(|error| {
        let place = error.line().map_or(String::new(), |line| format!("line {line} of it: "));
        format!("{place}{}", error.detail().unwrap_or("this is no template"))
    })?;
    let is_known = |name: &str| match name.split_once('.') {
        Some(("membership", key)) => {
            PARAMETERS.iter().any(|row| row.key.name.replace('-', "_") == key)
        }
        Some((root, _)) => NAMES.contains(&root),
        None => NAMES.contains(&name),
    };
    let mut wanted: Vec<String> = parsed.undeclared_variables(true).into_iter().collect();
    wanted.sort();
    let Some(unknown) = wanted.into_iter().find(|name| !is_known(name)) else { return Ok(()) };
    let last = unknown.rsplit('.').next().unwrap_or(&unknown);
    let line = template.lines().position(|line| has_word(line, last)).map_or(1, |at| at + 1);
    Err(format!("line {line} of it: `{unknown}` is not known; known are {}", NAMES.join(", ")))
}

/// Whether the word stands in the text, not as a part of a longer one.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().filter(|_| word.starts_with(is_part));
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
