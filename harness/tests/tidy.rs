//! The house rules that a machine can hold: which way imports point, how long a file is, that every
//! cited clause exists, where `unsafe` may stand, and that what is pure has no way to the world.

#[path = "../examples/mutants/place.rs"]
mod place;
#[path = "tidy/sources.rs"]
mod sources;

use std::collections::BTreeSet;
use std::fs;

use castnet_lab::scenario::clauses;
use place::Mutants;
use sources::{code, files, is_test, room, root, sources, words};

/// The most lines that a file may have.
const LONGEST_FILE: usize = 400;

/// What each module of the routing core may import from its own crate.
const CORE: [(&str, &[&str]); 24] = [
    ("addr", &[]),
    ("time", &[]),
    ("rng", &[]),
    ("version", &[]),
    ("prompt", &[]),
    ("manual", &[]),
    ("machine", &["time", "rng"]),
    ("wire", &["time", "version"]),
    ("ignored", &["addr", "wire"]),
    ("mrd", &["addr", "time", "rng", "ignored", "wire"]),
    ("gmp", &["addr", "time", "version", "machine", "ignored"]),
    ("mfc", &["addr", "time"]),
    ("fixed", &["addr", "time", "mfc"]),
    ("rib", &["addr", "mfc"]),
    ("pim", &["addr", "time", "machine", "ignored", "mfc", "rib", "wire"]),
    ("event", &["addr", "gmp", "mfc", "pim", "ignored"]),
    ("meaning", &["addr", "gmp", "wire"]),
    ("igmp", &["addr", "gmp", "wire", "ignored", "meaning"]),
    ("mld", &["addr", "gmp", "wire", "ignored", "meaning"]),
    ("host", &["addr", "time", "rng", "gmp", "igmp", "mld", "ignored", "wire"]),
    (
        "router",
        &[
            "addr", "time", "rng", "gmp", "igmp", "mld", "mfc", "fixed", "rib", "pim", "event",
            "ignored", "wire", "host", "mrd",
        ],
    ),
    ("drive", &["addr", "time", "mfc", "event", "router", "wire"]),
    ("kernel", &["addr", "time", "mfc", "event", "router", "drive", "wire"]),
    (
        "daemon",
        &[
            "addr", "time", "rng", "gmp", "mfc", "fixed", "rib", "pim", "event", "ignored",
            "router", "drive", "kernel", "host", "mrd",
        ],
    ),
];

/// What each module of the laboratory may import from its own crate.
const LAB: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("english", &[]),
    ("printable", &[]),
    ("output", &[]),
    ("knobs", &["vocabulary"]),
    ("recipe", &["knobs"]),
    ("scenario", &["vocabulary", "knobs", "recipe"]),
    ("lab", &["knobs"]),
    ("protocol", &[]),
    ("plan", &["vocabulary", "knobs", "protocol", "recipe", "scenario"]),
    ("recording", &["scenario", "plan"]),
    ("device", &["vocabulary", "knobs", "plan", "recipe", "recording"]),
    ("capture", &["vocabulary", "protocol", "scenario", "plan", "recording"]),
    ("fabric", &["scenario", "plan", "recording", "capture"]),
    ("member", &["knobs", "device", "plan", "recording", "capture"]),
    (
        "role",
        &["lab", "knobs", "device", "recipe", "scenario", "plan", "recording", "capture", "member"],
    ),
    ("sim", &["knobs", "device", "scenario", "plan", "recording", "capture", "fabric", "member"]),
    ("backend", &["lab", "scenario", "plan", "recording", "capture", "fabric", "role", "sim"]),
    (
        "judge",
        &["knobs", "vocabulary", "protocol", "recipe", "scenario", "plan", "recording", "capture"],
    ),
    ("compare", &["protocol", "scenario", "plan", "recording", "capture"]),
    ("kernel", &[]),
    ("guest", &["lab", "plan", "recording", "backend"]),
    ("swarm", &["knobs", "scenario", "plan", "judge", "backend"]),
    ("snapshot", &["knobs", "protocol", "scenario", "plan", "recording", "capture", "judge"]),
    ("replay", &["scenario", "plan", "recording", "capture", "judge"]),
    ("explain", &["knobs", "protocol", "capture"]),
    (
        "report",
        &["vocabulary", "scenario", "plan", "recording", "capture", "judge", "snapshot", "replay"],
    ),
    (
        "runner",
        &[
            "lab",
            "scenario",
            "plan",
            "recording",
            "capture",
            "role",
            "backend",
            "guest",
            "judge",
            "compare",
            "swarm",
            "snapshot",
            "report",
        ],
    ),
    ("testing", &["lab", "scenario", "plan", "backend", "judge", "report", "runner"]),
];

/// What imports nothing, and may be imported by all of the laboratory.
const LEAVES: [&str; 3] = ["english", "output", "printable"];

/// What the rooms of [`INDEPENDENT`] may import of castnet: addresses, times, and messages with
/// their meaning. A judge that computes with the device's formulas would not see their faults.
const SHARED: [&str; 5] = ["addr", "time", "version", "wire", "gmp::message"];

/// The rooms of the laboratory that know no device, and what else each may import of castnet.
const INDEPENDENT: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("knobs", &[]),
    ("scenario", &[]),
    ("plan", &[]),
    ("recording", &[]),
    // The capture turns octets into meanings, and back.
    ("capture", &["igmp", "mld"]),
    ("judge", &[]),
    ("compare", &[]),
    // Only the random numbers.
    ("swarm", &["rng"]),
    ("snapshot", &[]),
    ("replay", &[]),
    ("explain", &[]),
    ("report", &[]),
];

/// The only files with `unsafe` in them.
const UNSAFE: [&str; 2] = ["src/kernel/sys.rs", "harness/src/lab/sys.rs"];

/// Where messages are octets and not meanings. The models read octets as Linux does.
const OCTETS: [&str; 6] = [
    "src/wire/",
    "src/igmp/",
    "src/mld/",
    "harness/src/capture/decode/",
    "harness/src/capture/encode.rs",
    "harness/src/sim/model/",
];

/// What a pure module may use of the standard library: no clock, socket, thread, file or process.
const PURE: [&str; 11] = [
    "cmp::",
    "collections::",
    "error::Error",
    "fmt",
    "iter::",
    "marker::PhantomData",
    "mem::",
    "net::Ip",
    "ops::",
    "rc::Rc",
    "time::Duration",
];

fn check_imports(folder: &str, rules: &[(&str, &[&str])]) {
    for (name, text) in files(folder, "rs").iter().filter(|(name, _)| !is_test(name)) {
        let module = room(name, folder);
        let Some((_, allowed)) = rules.iter().find(|(rule, _)| *rule == module) else {
            let is_free = ["lib", "main", "bin", "cli"].contains(&module);
            assert!(is_free, "{name}: no rule for {module}");
            continue;
        };
        for import in words(&code(text), "crate::", |c| c.is_ascii_lowercase() || c == '_') {
            let known = import.is_empty() || import == module || LEAVES.contains(&import);
            let fine = known || allowed.contains(&import);
            assert!(fine, "{name}: {module} must not import {import}");
        }
    }
}

#[test]
fn imports_point_one_way() {
    check_imports("src", &CORE);
    check_imports("harness/src", LAB);
    for rules in [&CORE[..], LAB] {
        for (position, (module, allowed)) in rules.iter().enumerate() {
            for import in *allowed {
                let before = rules[..position].iter().any(|(other, _)| other == import);
                assert!(before, "{module} may import {import}, which stands below it");
            }
        }
    }
}

/// The imports of castnet beyond [`SHARED`] and what the room may use.
fn foreign(code: &str, more: &[&str]) -> Vec<String> {
    let is_path = |c: char| c.is_ascii_lowercase() || c == '_' || c == ':';
    let allowed = |path: &&str| {
        let mut prefixes = SHARED.iter().chain(more);
        prefixes.any(|prefix| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    };
    words(code, "castnet::", is_path).filter(|path| !allowed(path)).map(str::to_owned).collect()
}

#[test]
fn who_judges_does_not_compute_with_the_formulas_of_the_device() {
    let mut read = 0;
    for (name, text) in files("harness/src", "rs").iter().filter(|(name, _)| !is_test(name)) {
        let room = room(name, "harness/src");
        if let Some((_, more)) = INDEPENDENT.iter().find(|(own, _)| *own == room) {
            assert_eq!(foreign(&code(text), more), Vec::<String>::new(), "{name}");
            read += 1;
        }
    }
    assert!(read > 100, "only {read} files were read");
    let sample = "use castnet::gmp::message::Version;\nuse castnet::gmp::params::Params;\n\
                  use castnet::{router, time::Instant};\nuse castnet::wire::igmp;";
    assert_eq!(foreign(sample, &[]), ["gmp::params::", ""]);
}

#[test]
fn files_have_one_subject_and_so_few_lines() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{name} has {lines} lines; split it");
    }
}

#[test]
fn every_cited_clause_exists() {
    let known: BTreeSet<&str> = clauses::all().map(|clause| clause.id.as_str()).collect();
    let mut cited = 0;
    // The tests of the catalogue itself cite ids that do not exist.
    for (name, text) in [sources(), files("scenarios", "toml")].concat() {
        if name.contains("scenario/tests") || name.contains("tests/diagnostics") {
            continue;
        }
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        for tail in words(&text, "RFC", is_id).filter(|tail| tail.matches('-').count() >= 2) {
            let id = format!("RFC{}", tail.trim_end_matches('.'));
            assert!(known.contains(id.as_str()), "{name} cites {id}, which no catalogue has");
            cited += 1;
        }
    }
    assert!(cited > 100, "only {cited} citations were found");
}

#[test]
fn unsafe_stands_where_it_is_allowed() {
    for (name, text) in sources() {
        let has = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe("]
                .iter()
                .any(|word| code.contains(word))
        });
        assert!(!has || UNSAFE.contains(&name.as_str()) || name.ends_with("tidy.rs"), "{name}");
    }
}

/// The paths of the standard library beyond [`PURE`].
fn impure(code: &str) -> Vec<String> {
    let path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<&str> = code.lines().filter(is_code).collect();
    let code = code.join("\n");
    let used = code.match_indices("std::").flat_map(|(at, marker)| {
        let rest = &code[at + marker.len()..];
        let (stem, list) = rest.split_at(rest.find(|c| !path(c)).unwrap_or(rest.len()));
        let list = list.strip_prefix('{').and_then(|list| list.split_once('}'));
        let items = list.map_or(vec![""], |(list, _)| list.split(',').map(str::trim).collect());
        items.into_iter().map(move |item| format!("{stem}{item}")).collect::<Vec<_>>()
    });
    let is_pure = |path: &str| PURE.iter().any(|pure| path.starts_with(pure));
    used.filter(|path| !is_pure(path)).collect()
}

/// CI builds the core for a target without Linux, so only the standard library could give it a
/// clock, a socket or a thread.
#[test]
fn what_is_pure_has_no_way_to_the_world() {
    let outside =
        ["kernel", "daemon", "bin", "prompt", "manual"].map(|module| format!("src/{module}"));
    let core = files("src", "rs").into_iter();
    let core = core.filter(|(name, _)| !outside.iter().any(|module| name.starts_with(module)));
    let mut read = 0;
    for (name, text) in core.chain(files("harness/src/sim/model", "rs")) {
        if !is_test(&name) {
            // Code for tests only stands at the end.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            assert_eq!(impure(code), Vec::<String>::new(), "{name}");
            read += 1;
        }
    }
    assert!(read > 30, "only {read} files were read");
    let sample = "use std::time::{Duration, Instant};\nuse std::net::{IpAddr, TcpStream};\n\
                  use std::{fs};\n// std::thread\nlet at = std::time::SystemTime::now();";
    let caught = ["time::Instant", "net::TcpStream", "fs", "time::SystemTime::now"];
    assert_eq!(impure(sample), caught);
}

/// Whether code imports a codec of messages.
fn knows_octets(code: &str) -> bool {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: String = code.lines().filter(is_code).collect::<Vec<_>>().join(" ");
    code.split("wire::").skip(1).any(|path| {
        let list = path.strip_prefix('{').and_then(|list| list.split_once('}'));
        let items = list.map_or(vec![path], |(list, _)| list.split(',').map(str::trim).collect());
        items.into_iter().any(|item| item.starts_with("igmp") || item.starts_with("mld"))
    })
}

#[test]
fn messages_are_octets_in_few_places() {
    let mut octets = 0;
    for (name, text) in [files("src", "rs"), files("harness/src", "rs")].concat() {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let may = is_test(&name) || OCTETS.iter().any(|place| name.starts_with(place));
        assert!(may || !knows_octets(code), "{name} reads octets; `gmp::message` has the meaning");
        octets += usize::from(knows_octets(code));
    }
    assert!(octets > 5, "only {octets} files know octets");
    for code in [
        "use castnet::wire::igmp::Message;",
        "use castnet::wire::{\n    Malformed, igmp,\n};",
        "let query = crate::wire::igmp::Query::default();",
    ] {
        assert!(knows_octets(code), "{code}");
    }
    assert!(!knows_octets("use castnet::wire::{Malformed, ipv4};\n// wire::igmp"));
}

#[test]
fn nothing_is_left_open() {
    for (name, text) in sources().iter().filter(|(name, _)| !name.ends_with("tidy.rs")) {
        for mark in ["todo!(", "unimplemented!(", "FIXME", "XXX", "#[ignore"] {
            assert!(!text.contains(mark), "{name}: {mark}");
        }
    }
}

/// A deliberate fault without a place would never be tried.
#[test]
fn every_deliberate_fault_has_its_place() {
    let text = fs::read_to_string(root().join("harness/mutants.toml")).unwrap();
    let mut words = BTreeSet::new();
    let mutants = toml::from_str::<Mutants>(&text).unwrap().mutant;
    for mutant in &mutants {
        let source = fs::read_to_string(root().join(&mutant.file)).unwrap();
        let faulty = mutant.put(&source).unwrap();
        assert_ne!(faulty, source, "{}", mutant.name);
        let of_file = mutants.iter().filter(|other| other.file == mutant.file);
        let numbered: Vec<_> = of_file.enumerate().collect();
        let all = place::put_all(&numbered, &source, "0").unwrap();
        assert!(all.len() > source.len() + numbered.len(), "{}", mutant.file);
        words.extend(mutant.interval.clone());
    }
    let computed = ["RV", "GMI", "OQPI", "OHPI", "LMQT", "SQI", "LMQC"].map(str::to_owned);
    assert_eq!(words, BTreeSet::from(computed), "each has a wrong formula, and nothing else has");
}
