//! Each word is in the vocabulary once, and each row is where it is looked up.

use std::collections::BTreeSet;

use castnet::addr::Family;

use super::field::FIELDS;
use super::kind::{KINDS, PacketKind, WORDS, spellings};
use super::unspoken;

#[test]
fn each_kind_has_the_row_that_is_looked_up() {
    for row in &KINDS {
        assert_eq!(row.kind.row().word, row.word);
        assert_eq!(row.versions.is_some(), row.kind != PacketKind::Data && !row.kind.is_pim());
        // The page marks each packet with the one kind that is no union.
        assert_eq!(row.mark.is_some(), row.kind != PacketKind::Data && !row.is_union, "{row:?}");
        // What can be made is one message.
        assert_eq!(row.is_made, row.versions.is_some() && !row.is_union, "{row:?}");
    }
    for family in [Family::V4, Family::V6] {
        let spellings = spellings(Some(family));
        let words: BTreeSet<&str> = spellings.iter().map(|(word, _)| *word).collect();
        assert!(words.len() == spellings.len() && !words.contains(""), "{spellings:?}");
        assert!(words.iter().all(|word| WORDS.contains(word)), "{words:?}");
    }
}

/// MLDv1 is to IPv6 what IGMPv2 is to IPv4, and MLDv2 what IGMPv3 is.
#[test]
fn a_version_of_mld_is_called_by_its_own_number() {
    let kind = |word: &str, family| {
        let spellings = spellings(Some(family));
        spellings.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    };
    let [v4, v6] = [Family::V4, Family::V6].map(|of| move |word: &str| kind(word, of));
    assert_eq!(
        (v4("v2-report"), v6("v1-report")),
        (Some(PacketKind::V2Report), Some(PacketKind::V2Report))
    );
    assert_eq!(
        (v4("v3-report"), v6("v2-report")),
        (Some(PacketKind::V3Report), Some(PacketKind::V3Report))
    );
    assert_eq!((v6("v3-report"), v4("done"), v6("done")), (None, None, Some(PacketKind::Leave)));
    let versions = |kind: PacketKind| kind.row().versions_in(Family::V6);
    assert_eq!(versions(PacketKind::Query), Some(1..=2));
    assert_eq!(versions(PacketKind::V3Report), Some(2..=2));
    assert_eq!(versions(PacketKind::Leave), Some(1..=1));
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
