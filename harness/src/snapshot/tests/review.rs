//! Pending reviews, and their acceptance or rejection.

use std::fs;

use super::golden::Tree;
use super::made::{Made, lan_query, ms};
use crate::snapshot::golden::{Shelf, pending};
use crate::snapshot::review::{Item, State, items};

fn waiting(tree: &Tree) -> Vec<Item> {
    items(tree.root()).unwrap()
}

fn only(tree: &Tree) -> Item {
    let mut items = waiting(tree);
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}

fn plain() -> Made {
    Made::new(|_| 0)
}

fn kept() -> Tree {
    let tree = Tree::new();
    tree.runs(plain(), true);
    tree.accept();
    assert!(waiting(&tree).is_empty());
    tree
}

#[test]
fn a_scenario_of_which_nothing_is_kept_is_missing_until_it_has_been_run() {
    let tree = Tree::new();
    let missing = only(&tree);
    assert_eq!((missing.name.as_str(), &missing.state), ("x.netns", &State::Missing));
    let error = missing.accept().unwrap_err().to_string();
    assert_eq!(error, "nothing to accept yet: run scenarios/x.toml");
    tree.runs(plain(), true);
    assert_eq!(only(&tree).state, State::New);
    assert_eq!(only(&tree).traces().unwrap()[0], None);
    only(&tree).reject().unwrap();
    assert_eq!(only(&tree).state, State::Missing);
}

#[test]
fn what_changed_is_kept_if_accepted_and_forgotten_if_rejected() {
    let tree = kept();
    let before = fs::read(tree.shelf().pcapng).unwrap();
    let change = || plain().sends(ms(6000), "r1:lan", &lan_query());
    tree.runs(change(), true);
    assert_eq!(only(&tree).state, State::Changed);
    assert_eq!(only(&tree).capture(), pending(&tree.shelf().pcapng));
    only(&tree).reject().unwrap();
    assert!(waiting(&tree).is_empty());
    assert_eq!(fs::read(tree.shelf().pcapng).unwrap(), before);
    tree.runs(change(), true);
    let [Some(kept), Some(made)] = only(&tree).traces().unwrap() else { panic!() };
    assert!(!kept.contains("2*LMQI") && made.contains("2*LMQI"));
    only(&tree).accept().unwrap();
    assert!(waiting(&tree).is_empty());
    assert_ne!(fs::read(tree.shelf().pcapng).unwrap(), before);
    assert!(fs::read_to_string(tree.shelf().snap).unwrap().contains("2*LMQI"));
}

#[test]
fn what_insta_accepted_leaves_its_capture_to_be_accepted() {
    let tree = kept();
    tree.runs(plain().sends(ms(6000), "r1:lan", &lan_query()), true);
    let Shelf { snap, pcapng } = tree.shelf();
    fs::rename(pending(&snap), &snap).unwrap();
    assert_eq!(only(&tree).state, State::Changed);
    only(&tree).accept().unwrap();
    assert!(waiting(&tree).is_empty() && !pending(&pcapng).exists());
}

#[test]
fn what_no_scenario_wants_is_an_orphan_until_it_is_taken_away() {
    let tree = kept();
    let scenario = tree.root().join("scenarios/x.toml");
    let text = fs::read_to_string(&scenario).unwrap();
    fs::write(&scenario, text.replace("golden = [\"netns\"]\n", "")).unwrap();
    let why = "scenarios/x.toml does not want it".to_owned();
    assert_eq!(only(&tree).state, State::Orphaned(why));
    fs::remove_file(&scenario).unwrap();
    let why = "there is no scenarios/x.toml any more".to_owned();
    assert_eq!(only(&tree).state, State::Orphaned(why));
    // Rejected, it stays.
    only(&tree).reject().unwrap();
    only(&tree).accept().unwrap();
    assert!(waiting(&tree).is_empty() && !tree.shelf().snap.exists());
    assert!(!tree.shelf().pcapng.exists());
}

#[test]
fn what_other_tests_keep_is_none_of_its_business() {
    let tree = kept();
    let other = tree.root().join("fixtures/traces/other.snap");
    fs::write(other, "---\nsource: harness/tests/other.rs\n---\ntext\n").unwrap();
    assert!(waiting(&tree).is_empty());
}
