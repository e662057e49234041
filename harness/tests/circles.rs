//! No circles of files: which file knows which follows from the paths that its code writes.
//!
//! A module's name stands for its file, and a name that a module hands on (`pub use`) for the file in
//! which it is defined; handing a name on is no knowledge. A file below another one is a part of it, and
//! may use what that one defines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A module's path from the root of its crate; the root is empty.
type Module = Vec<String>;

/// The segments of a path in code: `super`, `check`, `Claim`.
type Segments = Vec<String>;

#[derive(Default)]
struct Crate {
    /// The code of each module, without comments, literals and tests.
    code: BTreeMap<Module, String>,
    /// What a module hands on: the path behind each public name of another module's.
    handed_on: BTreeMap<(Module, String), Segments>,
}

impl Crate {
    fn read(folder: &Path) -> Self {
        let mut read = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(below) = folders.pop() {
            for entry in fs::read_dir(&below).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap();
                if ["tests", "main", "bin"].contains(&name) {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let tail = path.strip_prefix(folder).unwrap().with_extension("");
                    let parts = tail.iter().map(|part| part.to_str().unwrap().to_owned());
                    let module = parts.filter(|part| !["mod", "lib"].contains(&part.as_str()));
                    let text = fs::read_to_string(&path).unwrap();
                    read.code.insert(module.collect(), stripped(&text));
                }
            }
        }
        for (module, code) in &read.code {
            for import in imports(code).filter(|import| import.is_public) {
                for (path, name) in import.names {
                    read.handed_on.insert((module.clone(), name), path);
                }
            }
        }
        read
    }

    /// The module that a path leads to, or that defines what it names; `None` in another crate.
    fn leads_to(&self, from: &[String], path: &[String], hops: usize) -> Option<Module> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let (mut at, rest) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" => (from.to_vec(), &path[1..]),
            "super" => (from[..from.len().checked_sub(ups)?].to_vec(), &path[ups..]),
            first => {
                let child = [from, &[first.to_owned()]].concat();
                self.code.contains_key(&child).then(|| (from.to_vec(), path))?
            }
        };
        for part in rest {
            let child = [&at[..], std::slice::from_ref(part)].concat();
            if self.code.contains_key(&child) {
                at = child;
                continue;
            }
            let behind = self.handed_on.get(&(at.clone(), part.clone())).filter(|_| hops > 0);
            return behind.map_or(Some(at.clone()), |path| self.leads_to(&at, path, hops - 1));
        }
        Some(at)
    }

    /// The modules that a module knows, each with a path that shows it.
    fn known(&self, module: &Module, code: &str) -> BTreeMap<Module, String> {
        let imports = imports(code).filter(|import| !import.is_public);
        let imported = imports.flat_map(|import| import.names).map(|(path, _)| path);
        let paths = imported.chain(paths(code));
        let leads = paths.filter_map(|path| {
            let to = self.leads_to(module, &path, 8)?;
            (!module.starts_with(&to)).then(|| (to, path.join("::")))
        });
        leads.collect()
    }

    /// Every circle, with the paths that make it.
    fn circles(&self) -> Vec<String> {
        let known: BTreeMap<&Module, _> =
            self.code.iter().map(|(module, code)| (module, self.known(module, code))).collect();
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            known.keys().map(|module| (*module, reachable(module, &known))).collect();
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for (module, reach) in &reached {
            if !reach.contains(module) || !told.insert(*module) {
                continue;
            }
            let circle: BTreeSet<&Module> =
                reach.iter().copied().filter(|other| reached[other].contains(module)).collect();
            let mut text = String::new();
            for one in &circle {
                for (other, path) in known[one].iter().filter(|(other, _)| circle.contains(other)) {
                    let (one, other) = (one.join("::"), other.join("::"));
                    writeln!(text, "{one} knows {other}: {path}").unwrap();
                }
            }
            told.extend(circle);
            circles.push(text);
        }
        circles
    }
}

fn reachable<'c>(
    from: &Module,
    known: &'c BTreeMap<&Module, BTreeMap<Module, String>>,
) -> BTreeSet<&'c Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = known[from].keys().collect();
    while let Some(next) = open.pop() {
        if let Some(further) = known.get(next)
            && reached.insert(next)
        {
            open.extend(further.keys());
        }
    }
    reached
}

/// The code without comments, literals and the tests at its end.
fn stripped(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    let mut stripped = String::new();
    let mut is_literal = false;
    let mut before = ' ';
    for c in lines.flat_map(|line| line.chars().chain(['\n'])) {
        if c == '"' && before != '\\' && before != '\'' {
            is_literal = !is_literal;
        } else if !is_literal {
            stripped.push(c);
        }
        before = c;
    }
    stripped
}

struct Imports {
    is_public: bool,
    /// Each path, and the name that it is known by.
    names: Vec<(Segments, String)>,
}

/// The `use` items.
fn imports(code: &str) -> impl Iterator<Item = Imports> {
    let items = code.split(';').filter_map(|item| {
        let at = item.rfind("use ").filter(|&at| {
            let before = item[..at].chars().next_back();
            before.is_none_or(char::is_whitespace)
        })?;
        let line = item[..at].lines().next_back().unwrap_or_default();
        let is_public = line.trim_start().starts_with("pub");
        Some((is_public, &item[at + 4..]))
    });
    items.map(|(is_public, tree)| {
        let mut names = Vec::new();
        branches(tree, &[], &mut names);
        Imports { is_public, names }
    })
}

/// Every name of a tree such as `super::{check::{Claim, When}, Plan}`.
fn branches(tree: &str, above: &[String], names: &mut Vec<(Segments, String)>) {
    let segments = |path: &str| -> Segments {
        let own = path.split("::").map(|part| part.trim().to_owned());
        above.iter().cloned().chain(own.filter(|part| !part.is_empty())).collect()
    };
    if let Some((path, list)) = tree.split_once('{') {
        let list = &list[..list.rfind('}').unwrap_or(list.len())];
        let (mut depth, mut begin) = (0, 0);
        for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    branches(&list[begin..at], &segments(path), names);
                    begin = (at + 1).min(list.len());
                }
                _ => {}
            }
        }
        return;
    }
    let (path, name) =
        tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name)));
    let mut path = segments(path);
    path.pop_if(|last| last == "self" || last == "*");
    let Some(last) = path.last() else { return };
    let name = name.map_or_else(|| last.clone(), |name| name.trim().to_owned());
    names.push((path, name));
}

/// The paths that code writes where it uses something.
fn paths(code: &str) -> impl Iterator<Item = Segments> {
    let items = code.split(';').filter(|item| !item.trim_start().starts_with("use "));
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = items.flat_map(move |item| item.split(move |c| !is_path(c)));
    let paths = words.filter(|word| word.contains("::")).map(|word| word.trim_matches(':'));
    paths.map(|path| path.split("::").map(str::to_owned).collect())
}

fn check(folder: &str) {
    let read = Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder));
    assert!(read.code.len() > 30, "only {} files below {folder}", read.code.len());
    let circles = read.circles();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

#[test]
fn the_routing_core_has_no_circles_of_files() {
    check("src");
}

#[test]
fn the_laboratory_has_no_circles_of_files() {
    check("harness/src");
}

#[test]
fn a_circle_is_found_through_a_name_that_is_handed_on() {
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let mut made = Crate::default();
    for (path, code) in [
        ("room", "mod one; mod two; pub use one::{One, Other as Else};"),
        ("room::one", "use super::two;\nfn of() { two::of() }"),
        ("room::two", "use super::{Else};"),
        ("room::three", "use super::one::One;"),
    ] {
        made.code.insert(module(path), stripped(code));
    }
    made.handed_on.insert((module("room"), "Else".to_owned()), module("one::Other"));
    let circles = made.circles();
    let wanted = "room::one knows room::two: super::two\nroom::two knows room::one: super::Else\n";
    assert_eq!(circles, [wanted]);
}
