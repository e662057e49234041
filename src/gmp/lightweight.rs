//! What a record changes for a router of the lightweight protocols: RFC 5790 sections 5 and 6.1.2.
//!
//! Such a router keeps no list of excluded sources: a group timer means that all sources are wanted, and
//! each source timer that one is. In the words of [`super::change`] a group is EXCLUDE (A,{}) while its
//! group timer runs, and INCLUDE (A) otherwise.

use super::change::{Change, Filter, Record, Sources};

/// The new state, and the actions that go with it.
pub(super) fn change(filter: &Filter, record: &Record) -> Change {
    let a = filter.timed();
    let all_wanted = matches!(filter, Filter::Exclude { .. });
    let with = |sources, all_wanted| Change::to(state(sources, all_wanted));
    match record {
        // RFC5790-5.3-01
        Record::IsIn(b) | Record::Allow(b) => {
            Change { at_gmi: b.clone(), ..with(a | b, all_wanted) }
        }
        // RFC5790-5.3-01, RFC5790-6.1.2-01: the sources of a full host's record are passed over.
        Record::IsEx(_) | Record::ToEx(_) => Change { group_timer: true, ..with(a.clone(), true) },
        Record::Block(b) => Change { ask_sources: a & b, ..with(a.clone(), all_wanted) },
        // RFC5790-5.4-01
        Record::ToIn(b) => Change {
            at_gmi: b.clone(),
            ask_sources: a - b,
            ask_group: all_wanted,
            ..with(a | b, all_wanted)
        },
    }
}

fn state(sources: Sources, all_wanted: bool) -> Filter {
    match all_wanted {
        true => Filter::Exclude { requested: sources, excluded: Sources::new() },
        false => Filter::Include { wanted: sources },
    }
}
