//! A silence proves nothing where nobody could have been heard, whatever the devices do.

use castnet_lab::judge::Outcome::{Fail, Pass, Vacuous};

use super::{TO_H1, comes_out, vacuous};

fn act(at: &str, what: &str) -> String {
    format!("[[act]]\nat = '{at}'\n{what}")
}

/// Claims of silence at h1, and of its link, in a time in which it is a member.
fn silences() -> [String; 4] {
    let time = "after = '3500ms'\nwithin = '1s'";
    [
        format!("{TO_H1}\nnone-after = '3500ms'\nfor = '1s'"),
        format!("{TO_H1}\nreceived = 0\n{time}"),
        format!("packet = {{ on = 'lan', kind = 'data' }}\ncount = 0\n{time}"),
        format!("packet = {{ on = 'lan', kind = 'data', from = 'r1' }}\ncount = '<= 5'\n{time}"),
    ]
}

#[test]
fn no_way_leads_over_interfaces_that_are_down() {
    for link in ["up", "lan"] {
        let down = act("3s", &format!("down = {{ who = 'r1', link = '{link}' }}"));
        for claim in silences() {
            vacuous(&down, &claim);
        }
    }
    // It is up again in time for something to come.
    let flap = [
        act("3s", "down = { who = 'r1', link = 'up' }"),
        act("3600ms", "up = { who = 'r1', link = 'up' }"),
    ];
    for claim in silences() {
        comes_out(&flap.join("\n"), &claim, Fail);
    }
}

#[test]
fn faults_on_the_way_keep_everything_from_it() {
    for fault in ["kind = 'data'\ndrop = true", "to = 'r1'\ndrop = true", "partition = ['r1']"] {
        let fault = format!("[[fault]]\non = 'up'\nafter = '3s'\n{fault}");
        for claim in silences() {
            vacuous(&fault, &claim);
        }
    }
    // A fault that leaves some of them alone hides nothing.
    let some = "[[fault]]\non = 'up'\nkind = 'data'\nafter = '6200ms'\nfor = '500ms'\ndrop = true";
    comes_out(some, &format!("{TO_H1}\nnone-after = 'leave + LMQT + 100ms'"), Pass);
    // Nor does one that is not on the way.
    let others = "[[fault]]\non = 'lan'\nkind = 'data'\nto = 'h2'\ndrop = true";
    comes_out(others, &format!("{TO_H1}\nnone-after = 'leave + LMQT + 100ms'"), Pass);
}

#[test]
fn the_dead_and_those_who_are_cut_off_say_nothing() {
    let time = "count = 0\nafter = '3500ms'\nwithin = '4s'";
    let dead = act("3s", "kill = { who = 'r1' }");
    for from in ["", ", from = 'r1'"] {
        let query = format!("packet = {{ on = 'lan', kind = 'general-query'{from} }}\n{time}");
        vacuous(&dead, &query);
        vacuous(&act("3s", "down = { who = 'r1', link = 'lan' }"), &query);
        let back = format!("{dead}\n{}", act("5s", "restart = { who = 'r1' }"));
        comes_out(&back, &query, Fail);
    }
    let report = "packet = { on = 'lan', kind = 'report', from = 'h1' }";
    vacuous(&act("3s", "down = { who = 'h1', link = 'lan' }"), &format!("{report}\n{time}"));
}

/// The kernel of a dead daemon might still forward: a silence shows that it does not.
#[test]
fn whether_a_dead_daemon_leaves_its_entries_behind_can_be_claimed() {
    let dead = act("3s", "kill = { who = 'r1' }");
    comes_out(&dead, &format!("{TO_H1}\nnone-after = '3500ms'\nfor = '1s'"), Pass);
}

/// The socket drops what it does not want, whatever the routers do.
#[test]
fn a_socket_that_wants_none_of_the_sources_that_send_is_silent_anyway() {
    let none = format!("{TO_H1}\nreceived = 0\nafter = '3s'\nwithin = '1s'");
    for filter in ["exclude = ['s1']", "from = ['10.7.0.1']"] {
        let join = format!("join = {{ who = 'h1', group = '239.1.1.1', {filter} }}");
        let verdict = super::newer(&act("2s", &join), &none);
        assert_eq!(verdict.outcome, Vacuous, "{filter}\n{verdict}");
    }
}

#[test]
fn a_datagram_like_none_that_ever_was_proves_nothing_by_its_absence() {
    for field in ["tos = 3", "length = 999", "to = '239.9.9.9'", "ttl = 7", "router-alert = true"] {
        vacuous("", &format!("packet = {{ on = 'lan', kind = 'data', {field} }}\ncount = 0"));
    }
    // What the source sends, not lowered; and what one more router would make of it.
    for ttl in [32, 30] {
        comes_out(
            "",
            &format!("packet = {{ on = 'lan', kind = 'data', ttl = {ttl} }}\ncount = 0"),
            Pass,
        );
    }
}
