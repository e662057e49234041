//! The page that explains scenarios: its examples compile, and it names every key.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use castnet_lab::knobs::INTERVALS;
use castnet_lab::plan::{compile, load_within};
use castnet_lab::scenario::{Invariant, is_template, page};
use castnet_lab::vocabulary::kind::WORDS;

const PAGE: &str = include_str!("../../docs/scenario.md");

/// The blocks of TOML, in the order of the page.
fn examples() -> Vec<&'static str> {
    let blocks = PAGE.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default()).collect()
}

fn assert_compiles(scenario: &str) {
    compile("docs/scenario.md", scenario).unwrap_or_else(|told| panic!("{told}"));
}

#[test]
fn every_example_compiles() {
    let examples = examples();
    let (whole, additions) = examples.split_first().unwrap();
    assert!(whole.starts_with("title"));
    assert_compiles(whole);
    assert!(additions.len() >= 4 && additions.iter().all(|text| text.starts_with('[')));
    assert_compiles(&examples.join("\n"));
}

/// Examples of several files have their names behind the word `toml`.
#[test]
fn examples_of_several_files_compile_together() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenario-page");
    let mut plans = Vec::new();
    for block in PAGE.split("```toml ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, rest.split("```").next().unwrap()).unwrap();
        if !is_template(&path) {
            // Where cargo builds outside of the repository, nothing above the file would be read.
            let loaded = load_within(&path, std::slice::from_ref(&folder));
            plans.extend(loaded.unwrap_or_else(|told| panic!("{told}")));
        }
    }
    assert_eq!(plans.len(), 8);
    assert!(PAGE.contains(&format!("`igmp/{}`", plans[2].name)), "{}", plans[2].name);
    for plan in &plans[6..] {
        assert!(PAGE.contains(&format!("`{}`", plan.name)), "{}", plan.name);
    }
}

/// The page's tables follow from the vocabulary.
#[test]
fn the_tables_of_the_page_are_those_of_the_vocabulary() {
    let written = page::written(PAGE).unwrap_or_else(|name| panic!("no table `{name}`"));
    if std::env::var_os("CASTNET_WRITE_PAGE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scenario.md");
        fs::write(path, written).unwrap();
    } else {
        let how = "CASTNET_WRITE_PAGE=1 cargo test -p castnet-lab --test scenario_page";
        assert!(written == PAGE, "docs/scenario.md is not what the vocabulary says: {how}");
    }
}

/// The page names every word that the compiler knows.
#[test]
fn every_word_of_the_language_is_on_the_page() {
    let kinds = WORDS.into_iter();
    let rules = Invariant::WORDS.iter().map(|(word, _)| *word);
    let intervals = INTERVALS.iter().flat_map(|row| row.aliases.iter().copied().chain([row.word]));
    for word in kinds.chain(rules).chain(intervals) {
        assert!(PAGE.contains(&format!("`{word}`")), "`{word}` is not on the page");
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words: BTreeSet<&str> = PAGE.split(|c| !is_word(c)).collect();
    for (old, new) in [
        ("tolerance =", "zzzzzzzz ="),
        ("subnet =", "zzzzzzzz ="),
        ("igmp-version =", "zzzzzzzzz ="),
        ("keepalive =", "zzzzzzzzz ="),
        ("query-interval =", "zzzzzzzzzzzzzz ="),
        ("rate =", "rate = \"1pps\", zzzzzzzz ="),
        ("max-resp =", "zzzzzzzz ="),
        ("for =", "zzzzzzzz ="),
    ] {
        for word in listed(&examples()[0].replacen(old, new, 1)) {
            assert!(words.contains(word.as_str()), "the key {word} is not on the page");
        }
    }
    for (old, new) in [
        ("fast-leave =", "zzzzzzzzzz ="),
        ("ports =", "zzzzz ="),
        ("wrong-if =", "zzzzzzzz ="),
        ("since =", "zzzzz ="),
        ("link = \"lan\", igmp = ", "zzzz = \"lan\", igmp = "),
    ] {
        for word in listed(&examples().join("\n").replacen(old, new, 1)) {
            assert!(words.contains(word.as_str()), "the key {word} is not on the page");
        }
    }
}

/// The keys that the compiler lists beside an unknown one.
fn listed(wrong: &str) -> Vec<String> {
    let told = compile("wrong.toml", wrong).unwrap_err().to_string();
    let known = told.split("known here: ").nth(1).unwrap_or_else(|| panic!("{told}"));
    known.lines().next().unwrap().split(", ").map(str::to_owned).collect()
}
