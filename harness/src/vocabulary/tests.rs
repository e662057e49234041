//! Each word is in the vocabulary once, and each row is where it is looked up.

use std::collections::BTreeSet;

use super::field::FIELDS;
use super::kind::{KINDS, SPELLINGS};
use super::unspoken;

#[test]
fn each_kind_has_the_row_that_is_looked_up() {
    for row in &KINDS {
        assert_eq!(row.kind.row().word, row.word);
        assert_eq!(row.versions.is_some(), row.kind.word() != "data");
        // The page marks each packet with the one kind that is no union.
        assert_eq!(row.mark.is_some(), row.versions.is_some() && !row.is_union, "{row:?}");
        // What can be made is one message.
        assert_eq!(row.is_made, row.versions.is_some() && !row.is_union, "{row:?}");
    }
    let words: BTreeSet<&str> = SPELLINGS.iter().map(|(word, _)| *word).collect();
    assert!(words.len() == SPELLINGS.len() && !words.contains(""), "{SPELLINGS:?}");
}

#[test]
fn each_field_has_one_row_and_each_spelling_one_field() {
    let mut spellings = BTreeSet::new();
    for (position, row) in FIELDS.iter().enumerate() {
        assert_eq!(row.field as usize, position, "{row:?}");
        for spelling in row.key.spellings() {
            assert!(spellings.insert(spelling), "{spelling} stands twice");
            assert!(unspoken::answer(spelling).is_none(), "{spelling}");
        }
    }
}
