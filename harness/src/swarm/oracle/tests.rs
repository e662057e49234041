use super::*;

const RULES: Rules =
    Rules { gmi: 10_000, lmqt: 2_000, ohpi: 8_000, most_sources: 9, is_channel: false };

fn set(all: &[usize]) -> Sources {
    all.iter().copied().collect()
}

/// INCLUDE (1,2), or EXCLUDE ((1,2),(3,4)), at the time 1000 with timers that end at 11,000.
fn known(excludes: bool) -> Known {
    let mut known = Known::default();
    known.hears(&RULES, 1_000, &Said::Record(Type::IsIn, set(&[1, 2])));
    if excludes {
        known.hears(&RULES, 1_000, &Said::Record(Type::IsEx, set(&[1, 2, 3, 4])));
    }
    known
}

/// Whether it excludes, the first list, the second list, and what is asked.
type Row = (bool, Type, &'static [usize], &'static [usize], &'static [usize]);

// RFC3376-6.4.2-01 to RFC3376-6.4.2-08: the records are of (2,3) in INCLUDE, of (2,3,5) in EXCLUDE.
#[test]
fn each_row_of_the_tables_is_as_the_rfc_has_it() {
    let rows: [Row; 12] = [
        (false, Type::IsIn, &[1, 2, 3], &[], &[]),
        (false, Type::Allow, &[1, 2, 3], &[], &[]),
        (false, Type::Block, &[1, 2], &[], &[2]),
        (false, Type::IsEx, &[2], &[3], &[]),
        (false, Type::ToEx, &[2], &[3], &[2]),
        (false, Type::ToIn, &[1, 2, 3], &[], &[1]),
        (true, Type::IsIn, &[1, 2, 3, 5], &[4], &[]),
        (true, Type::Allow, &[1, 2, 3, 5], &[4], &[]),
        (true, Type::Block, &[1, 2, 5], &[3, 4], &[2, 5]),
        (true, Type::IsEx, &[2, 5], &[3], &[]),
        (true, Type::ToEx, &[2, 5], &[3], &[2, 5]),
        (true, Type::ToIn, &[1, 2, 3, 5], &[4], &[1]),
    ];
    for (excludes, record, timed, blocked, asked) in rows {
        let mut known = known(excludes);
        let sources = if excludes { set(&[2, 3, 5]) } else { set(&[2, 3]) };
        let asks = known.hears(&RULES, 2_000, &Said::Record(record, sources));
        let keys: Vec<usize> = known.timed.keys().copied().collect();
        assert_eq!(keys, timed, "{excludes} {record:?}");
        assert_eq!(known.blocked, set(blocked), "{excludes} {record:?}");
        assert_eq!(asks.sources, set(asked), "{excludes} {record:?}");
        assert_eq!(asks.group, excludes && record == Type::ToIn, "{excludes} {record:?}");
        assert!(asked.iter().all(|source| known.timed[source] == 4_000), "{record:?}");
    }
}

// RFC3376-6.2.3-01, RFC3376-6.2.3-02, RFC3376-6.5-01
#[test]
fn a_source_that_ends_is_forgotten_or_blocked_by_the_mode() {
    let mut included = known(false);
    included.hears(&RULES, 2_000, &Said::Record(Type::Block, set(&[2])));
    included.pass(4_000);
    assert_eq!(included.timed.keys().copied().collect::<Vec<_>>(), [1]);
    let mut excluded = known(true);
    excluded.hears(&RULES, 2_000, &Said::Record(Type::Block, set(&[2])));
    excluded.pass(4_000);
    assert_eq!(excluded.blocked, set(&[2, 3, 4]));
    // The group ends before the sources that are still requested.
    excluded.hears(&RULES, 5_000, &Said::Record(Type::ToIn, set(&[1])));
    excluded.pass(7_000);
    assert_eq!((excluded.excludes, excluded.wants(1), excluded.wants(5)), (false, true, false));
}

// RFC3376-7.3.2-02, RFC3376-7.3.2-03
#[test]
fn older_hosts_void_what_they_would_not_understand() {
    for (is_first, leaves) in [(false, true), (true, false)] {
        let mut known = Known::default();
        known.hears(&RULES, 1_000, &Said::Older(is_first));
        let none = Asked::default();
        assert_eq!(known.hears(&RULES, 2_000, &Said::Record(Type::Block, set(&[1]))), none);
        known.hears(&RULES, 2_000, &Said::Record(Type::ToEx, set(&[1])));
        assert!(known.wants(1));
        let asked = known.hears(&RULES, 3_000, &Said::Record(Type::ToIn, set(&[])));
        assert_eq!(asked.group, leaves);
    }
}
