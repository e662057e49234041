//! The file as a whole, and its links.

use std::cell::RefCell;

use castnet::addr::Family;
use toml::de::DeTable;

use super::diagnostic::Diagnostics;
use super::gap::{Gap, Gaps};
use super::golden::golden;
use super::matrix::{self, Combination};
use super::node::nodes;
use super::reach::Reach;
use super::reader::Reader;
use super::scope::{FAMILIES, Scope};
use super::source::Sources;
use super::span::Spanned;
use super::values::MOST;
use super::{
    Link, Pace, Scenario, act, address, backend, clauses, expect, fault, generate, invariant,
    named, pace, template, timers,
};
use crate::vocabulary::file::FILE;
use crate::vocabulary::link::LINK;

type Value<'t, 'i> = &'t toml::Spanned<toml::de::DeValue<'i>>;

/// Names that the kernel uses itself, for an interface or among the settings of all of them.
const TAKEN: [&str; 3] = ["lo", "all", "default"];

/// The longest name that the kernel takes for an interface (`IFNAMSIZ` less the final zero).
const LONGEST_LINK_NAME: usize = 15;

/// One combination of a scenario's matrix, or the only scenario: the parts that could be read, and
/// the faults.
pub(crate) struct Draft {
    /// `version=2,lmqi=500ms`; empty if there is no matrix.
    pub(crate) combination: String,
    pub(crate) scenario: Scenario,
    /// The parts that could not be read.
    pub(crate) gaps: Gaps,
    pub(crate) faults: Diagnostics,
}

/// Reads a scenario and the templates that it extends. `path` is the file from which they are
/// looked for.
pub(crate) fn drafts(path: &str, text: &str, reach: &Reach) -> (Sources, Vec<Draft>, Diagnostics) {
    let mut faults = Diagnostics::default();
    let mut sources = Sources::of(path, text);
    let is_found = template::gather(&mut sources, reach, &mut faults);
    let (mut drafts, mut others) = (Vec::new(), Vec::new());
    if let Some((document, is_whole)) = template::document(&sources, &mut faults) {
        for Combination { name, document } in matrix::combinations(document, &mut faults) {
            let scope = Scope::of(&document);
            let (scenario, gaps) = read(&document, is_found && is_whole, &scope);
            others.extend(scope.for_others());
            drafts.push(Draft { combination: name, scenario, gaps, faults: scope.into_faults() });
        }
    }
    let is_run = |family| drafts.iter().any(|draft: &Draft| draft.scenario.family == family);
    for (family, span) in others.into_iter().filter(|(family, _)| !is_run(*family)) {
        let message = "no run shows these clauses";
        let word = FAMILIES.iter().find(|(_, known)| *known == family).map_or("", |(word, _)| word);
        let help = "let a [matrix] give `family` both values, or leave them out";
        faults.error_with_help(&span, message, format!("none is of {word}"), help);
    }
    (sources, drafts, faults)
}

/// In an incomplete document anything may be missing.
fn read(document: &DeTable<'_>, is_whole: bool, scope: &Scope) -> (Scenario, Gaps) {
    let faults = scope.faults();
    let mut gaps = Gaps::default();
    let file = Reader::new(document, 0..0, "a scenario", scope).with(FILE);
    if !is_whole {
        for gap in [&mut gaps.links, &mut gaps.nodes, &mut gaps.acts] {
            gap.add_unread();
        }
    }
    let is_generated = document.iter().any(|(key, _)| key.get_ref() == "generate");
    let parts = |key| match is_whole && !is_generated {
        true => file.require(key, file.value(key)),
        false => file.value(key),
    };
    scope.name(named::groups(&file));
    let title = title(&file, faults);
    file.word("family", "family", &FAMILIES);
    let family = scope.family().unwrap_or(Family::V4);
    let proves = clauses::proves(&file);
    // `extends` and the matrix have been processed already.
    file.string("extends");
    file.know(&["matrix"]);
    if let Some(span) = file.key_span("template") {
        let label = "only a file without `title` and `expect` is a template";
        faults.borrow_mut().error(&span, "a scenario has no `template`", label);
    }
    let (tolerance, end) = (file.duration("tolerance"), file.duration("end"));
    let golden = golden(&file);
    let timers = timers::timers(&file, golden.as_ref());
    let waivers = invariant::waivers(&file);
    let (backends, record) = (backend::backends(&file), backend::record(&file));
    let generated = generate::generated(&file);
    let (links_table, nodes_table) = (parts("links"), parts("nodes"));
    let mut links = links_table.map_or_else(Vec::new, |t| links(t, &mut gaps.links, scope));
    let mut nodes = nodes_table.map_or_else(Vec::new, |t| nodes(t, &mut gaps.nodes, scope));
    match generated {
        Some(made) => generate::add(made, &mut links, &mut nodes, &mut faults.borrow_mut()),
        None => {
            let missing = |table: Option<_>| is_generated || table.is_none();
            missing(links_table).then(|| gaps.links.add_unread());
            missing(nodes_table).then(|| gaps.nodes.add_unread());
        }
    }
    let mut acts = Vec::new();
    for table in file.tables("act", "an act", "write each act below a line [[act]]") {
        match table {
            Some(table) => acts.extend(act::act(table, &mut gaps.acts)),
            None => gaps.acts.add_unread(),
        }
    }
    let form = "write each fault below a line [[fault]]";
    let struck = file.tables("fault", "a fault", form).into_iter().flatten();
    let struck = struck.filter_map(fault::fault).collect();
    let form = "write each expectation below a line [[expect]]";
    let tables = file.tables("expect", "an expectation", form);
    if tables.is_empty() {
        let sentence = "without expectations proves nothing: there is no [[expect]]".to_owned();
        let known = "`packet`, `order`, `delivery`, `mfc`, `mdb`, `querier` or `members`";
        let help = format!("add [[expect]] with {known}");
        file.lacks(vec!["expect"], sentence, Some(help));
    }
    let mut expectations: Vec<_> =
        tables.into_iter().flatten().filter_map(expect::expect).collect();
    if scope.family().is_none() {
        // What fits together depends on the family.
        expectations.clear();
    }
    file.finish();
    let scenario = Scenario {
        title,
        family,
        proves,
        tolerance,
        end,
        timers,
        golden,
        is_generated,
        links,
        nodes,
        acts,
        faults: struck,
        waivers,
        backends,
        record,
        expectations,
    };
    (scenario, gaps)
}

fn title(file: &Reader<'_, '_>, faults: &RefCell<Diagnostics>) -> Spanned<String> {
    let title = file.require("title", file.string("title"));
    if let Some(title) = &title {
        let text = title.value.trim();
        if text.is_empty() || text.lines().count() > 1 {
            let message = "`title` is one line that says what the scenario claims";
            let found = if text.is_empty() { "it is empty" } else { "it has several lines" };
            faults.borrow_mut().error(&title.span, message, found);
        }
    }
    title.unwrap_or(Spanned { value: String::new(), span: 0..0 })
}

fn links(value: Value<'_, '_>, gap: &mut Gap, scope: &Scope) -> Vec<Link> {
    let form = "a table: lan = [\"r1\", \"h1\"], and so on";
    let Some(table) = Reader::of(value, "[links]", form, scope) else {
        gap.add_unread();
        return Vec::new();
    };
    let mut links = Vec::new();
    for (name, value) in table.entries() {
        if links.len() == MOST {
            let message = format!("a scenario has at most {MOST} links");
            scope.faults().borrow_mut().error(&name.span, message, "one too many");
            gap.add_unread();
            break;
        }
        match link(&name, value, scope) {
            Some(link) => links.push(link),
            None => gap.add(name.value),
        }
    }
    links
}

/// `lan = ["r1", "h1"]`, or `lan = { nodes = ["r1", "h1"], subnet = "10.1.2.0/24" }`.
fn link(name: &Spanned<String>, value: Value<'_, '_>, scope: &Scope) -> Option<Link> {
    let plain = name.value.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let fits = (1..=LONGEST_LINK_NAME).contains(&name.value.len());
    if !plain || !fits || TAKEN.contains(&name.value.as_str()) {
        scope.faults().borrow_mut().error_with_help(
            &name.span,
            format!("`{}` cannot be the name of a link", name.value),
            "interfaces are named after their link",
            format!("1 to {LONGEST_LINK_NAME} letters, digits, - and _; not {}", TAKEN.join(", ")),
        );
        return None;
    }
    if value.get_ref().is_array() {
        let holder =
            DeTable::from_iter([(toml::Spanned::new(value.span(), "nodes".into()), value.clone())]);
        let nodes =
            Reader::new(&holder, value.span(), "a link", scope).with(LINK).strings("nodes")?;
        let (nodes, addresses) = (nodes.value, Vec::new());
        let pace = Pace::default();
        return Some(Link { name: name.clone(), nodes, subnet: None, addresses, pace });
    }
    let form = "a list of nodes such as [\"r1\", \"h1\"], or a table with `nodes` and `subnet`";
    let table = Reader::of(value, "a link", form, scope)?.with(LINK);
    let nodes = table.require("nodes", table.strings("nodes"));
    let subnet = table.network("subnet");
    let read = table.value("subnet").is_none() || subnet.is_some();
    let addresses = address::given(&table);
    let pace = pace::pace(&table);
    table.finish();
    let (nodes, addresses) = (nodes?.value, addresses?);
    read.then_some(Link { name: name.clone(), nodes, subnet, addresses, pace })
}
