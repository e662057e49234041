//! Which packet comes first.

use castnet::wire::igmp::Message;

use super::super::Outcome::{Fail, Pass, Vacuous};
use super::{GROUP, NS, Run, ms};

const LEAVE: &str = "{ on = 'lan', kind = 'leave' }";
const QUERY: &str = "{ on = 'lan', kind = 'query', from = 'r1' }";
const REPORT: &str = "{ on = 'lan', kind = 'v2-report' }";

fn order(steps: &[&str]) -> Run {
    let steps = steps.join(", ");
    Run::new(&format!("order = [{steps}]\nafter = 'leave'\nwithin = '1s'"))
}

impl Run {
    fn h1_leaves(self, at: castnet::time::Instant) -> Self {
        self.igmp(at, "h1:lan", GROUP, &Message::Leave { group: GROUP })
    }

    fn h2_reports(self, at: castnet::time::Instant) -> Self {
        self.igmp(at, "h2:lan", GROUP, &Message::V2Report { group: GROUP })
    }
}

#[test]
fn each_packet_comes_after_the_one_before_it() {
    let run = || order(&[LEAVE, QUERY, REPORT]);
    run().h1_leaves(ms(5100)).asks(ms(5200)).h2_reports(ms(5300)).comes_out(Pass);
    run().h1_leaves(ms(5200)).asks(ms(5200) + NS).h2_reports(ms(5300)).comes_out(Pass);
    run().h1_leaves(ms(5200)).asks(ms(5100)).h2_reports(ms(5300)).comes_out(Fail);
    run().h1_leaves(ms(5100)).asks(ms(5300)).h2_reports(ms(5200)).comes_out(Fail);
    // The first one counts: a later one in the right place does not help.
    run().asks(ms(5050)).h1_leaves(ms(5100)).asks(ms(5200)).h2_reports(ms(5300)).comes_out(Fail);
    // Further repetitions do not matter.
    let run = run().h1_leaves(ms(5100)).asks(ms(5200)).h2_reports(ms(5300));
    run.h1_leaves(ms(5400)).asks(ms(5500)).comes_out(Pass);
}

#[test]
fn the_first_pair_that_is_wrong_is_named_with_both_times() {
    order(&[LEAVE, QUERY, REPORT]).h1_leaves(ms(5100)).asks(ms(5300)).h2_reports(ms(5200)).says(
        Fail,
        &[
            "v2-report on lan came before query from r1 on lan:",
            "   5.200 s  h2:lan  10.0.2.3 > 239.1.1.1 v2 Membership Report 239.1.1.1",
            "   5.300 s  r1:lan  10.0.2.1 > 239.1.1.1 v2 Membership Query, group 239.1.1.1, max \
             resp 0.5 s",
            "from leave at 5.001 s",
            "to   leave at 5.001 s + 1.000 s + tolerance 0.100 s = 6.101 s",
        ],
    );
    let finding = order(&[LEAVE, QUERY]).h1_leaves(ms(5200)).asks(ms(5100)).finding();
    assert_eq!(finding.at, Some(ms(5100)));
}

#[test]
fn what_tells_two_steps_apart_is_in_their_words() {
    let first = "{ on = 'lan', kind = 'query', version = 2, max-resp = 'LMQI' }";
    let second = "{ on = 'lan', kind = 'query', sources = [], suppress = false }";
    let words = "query with version 2, max-resp LMQI on lan, then \
                 query with suppress false, sources none on lan within 1s after leave";
    assert_eq!(order(&[first, second]).plan.checks[0].text, words);
}

#[test]
fn of_the_same_kind_each_step_has_a_packet_of_its_own() {
    let run = || order(&[QUERY, REPORT, QUERY]);
    run().asks(ms(5100)).h2_reports(ms(5200)).asks(ms(5300)).comes_out(Pass);
    run().asks(ms(5100)).asks(ms(5200)).h2_reports(ms(5300)).asks(ms(5400)).comes_out(Fail);
    run().asks(ms(5100)).h2_reports(ms(5200)).comes_out(Fail);
    order(&[QUERY, QUERY]).asks(ms(5100)).comes_out(Fail);
    order(&[QUERY, QUERY]).asks(ms(5100)).asks(ms(5200)).comes_out(Pass);
}

#[test]
fn the_window_ends_late_by_the_tolerance() {
    let run = |asked| order(&[LEAVE, QUERY]).h1_leaves(ms(5100)).asks(asked);
    run(ms(6101) - NS).comes_out(Pass);
    run(ms(6101)).comes_out(Fail);
    // Packets before the window are ignored.
    let run = order(&[LEAVE, QUERY]).asks(ms(5000)).h1_leaves(ms(5100));
    run.asks(ms(5200)).comes_out(Pass);
}

#[test]
fn an_order_that_never_begins_proves_nothing_and_one_that_breaks_off_is_wrong() {
    order(&[LEAVE, QUERY]).asks(ms(5200)).says(
        Vacuous,
        &[
            "there was no leave on lan",
            "from leave at 5.001 s",
            "to   leave at 5.001 s + 1.000 s + tolerance 0.100 s = 6.101 s",
        ],
    );
    order(&[LEAVE, QUERY]).h1_leaves(ms(5100)).says(
        Fail,
        &[
            "there was no query from r1 on lan, but before it came",
            "   5.100 s  h1:lan  10.0.2.2 > 239.1.1.1 Leave Group 239.1.1.1",
            "from leave at 5.001 s",
            "to   leave at 5.001 s + 1.000 s + tolerance 0.100 s = 6.101 s",
        ],
    );
    order(&[LEAVE, QUERY]).h1_leaves(ms(5100)).asks(ms(5200)).not_done(3).comes_out(Vacuous);
}
