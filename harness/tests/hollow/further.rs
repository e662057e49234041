//! Further scenarios that would pass without proving anything, one by one.

use castnet_lab::judge::Outcome::{Pass, Vacuous};

use super::{DATA, QUERY, TO_H1, comes_out, refused, refused_with, vacuous};

const OTHER: &str = "delivery = { to = 'h2', group = '239.1.1.1' }";

/// Each of these is absent whatever the router does.
#[test]
fn the_absence_of_what_nobody_could_make_proves_nothing() {
    let never = "of = 'r1', group = '239.9.9.9', source = 's1', absent = true";
    vacuous("", &format!("mfc = {{ {never} }}\nat = '4s'"));
    for kind in ["leave", "v1-report", "v3-report", "group-specific-query"] {
        let packet = format!("packet = {{ on = 'up', kind = '{kind}' }}\ncount = 0");
        vacuous("", &packet);
    }
    for field in ["ttl = 7", "tos = 3", "length = 99", "router-alert = false"] {
        vacuous("", &format!("packet = {{ on = 'lan', kind = 'query', {field} }}\ncount = 0"));
    }
    vacuous("", "packet = { on = 'lan', kind = 'query', from = 'h1' }\ncount = 0");
    vacuous("", "packet = { on = 'lan', kind = 'query', group = '239.9.9.9' }\ncount = 0");
    let members = "members = { of = 'r1', on = 'up', groups = [] }\nat = '4s'";
    vacuous("", members);
    vacuous("", &format!("{OTHER}\nreceived = 0"));
    vacuous("", &format!("{OTHER}\nreceived = '<= 3'"));
}

#[test]
fn what_nobody_sends_is_refused_or_proves_nothing() {
    let from =
        |who: &str| format!("packet = {{ on = 'lan', kind = 'data', from = '{who}' }}\ncount = 0");
    // h1 could send, and does not.
    refused(&from("h1"), "[[expect]]", "no other expectation looks at a device");
    comes_out("", &format!("{}\nafter = 'leave + LMQT + 1s'", from("r1")), Pass);
    let entry = "mfc = { of = 'r1', group = '239.1.1.1', source = 'h1', absent = true }\nat = '4s'";
    vacuous("", entry);
    let delivery = "delivery = { to = 'h1', group = '239.9.9.9' }";
    for claim in ["received = 0", "none-after = '1s'", "exactly-once = true", "ttl = 31"] {
        refused(&format!("{delivery}\n{claim}"), "[[expect]]", "this can never be judged");
    }
}

#[test]
fn a_time_in_which_nothing_is_sent_or_heard_proves_nothing() {
    let stop = "[[act]]\nat = '6s'\nstop = { who = 's1' }";
    for claim in [
        format!("{TO_H1}\nnone-after = '7s'"),
        format!("{TO_H1}\nreceived = 0\nafter = '7s'\nwithin = '1s'"),
        format!("{TO_H1}\nexactly-once = true\nafter = '7s'\nwithin = '1s'"),
        format!("{TO_H1}\nttl = 31\nafter = '7s'\nwithin = '1s'"),
        format!("{DATA}\ncount = 0\nafter = '7s'\nwithin = '1s'"),
    ] {
        vacuous(stop, &claim);
    }
    let some = format!("{DATA}\ncount = '<= 5'\nafter = '7s'\nwithin = '1s'");
    refused_with("", stop, &some, "count = ", "can never fail");
    // The last datagram came before the leave anyway.
    let early = "[[act]]\nat = '4s'\nstop = { who = 's1' }";
    let latency = format!("{TO_H1}\nleave-latency = '<= 2s'");
    refused_with("", early, &latency, "leave-latency = ", "can never fail");
}

#[test]
fn an_order_or_a_spacing_without_its_packets_proves_nothing() {
    let step = |kind: &str| format!("{{ on = 'up', kind = '{kind}' }}");
    vacuous("", &format!("order = [{}, {}]", step("leave"), step("query")));
    vacuous("", &format!("{QUERY}\ncount = '<= 2'\nspacing = '3s'\nafter = '8s'\nwithin = '1s'"));
    refused(&format!("{QUERY}\ncount = 1\nspacing = '1s'"), "spacing", "there is no next one");
}

#[test]
fn what_says_nothing_is_refused() {
    refused(&format!("{TO_H1}\nexactly-once = false"), "exactly-once", "claims nothing");
    refused(&format!("{QUERY}\ncount = '3..1'"), "count = ", "");
    refused("mfc = { of = 'r1', group = '239.1.1.1', source = 's1' }\nat = '4s'", "mfc", "");
    let late = format!("{QUERY}\ncount = 1\nafter = '13s'");
    refused(&late, "[[expect]]", "this can never be judged");
    let zero = format!("{QUERY}\ncount = 0\nafter = 'leave'\nwithin = '0s'");
    refused(&zero, "within = '0s'", "give it some time, such as \"1s\"");
    let often = "[[act]]\nat = '2s'\nreport = { who = 'h1', group = '239.1.1.1', every = '1ns' }";
    refused_with("", often, QUERY, "every = '1ns'", "at least 10us");
}

#[test]
fn a_fault_that_strikes_nothing_makes_the_run_vacuous() {
    let claim = format!("{QUERY}\ncount = '>= 1'");
    for fault in [
        "on = 'lan'\nkind = 'leave'\nfrom = 'h2'\ndrop = true",
        "on = 'lan'\nkind = 'leave'\nnth = '9'\ndrop = true",
        "on = 'up'\nkind = 'query'\ngroup = '239.1.1.1'\ndrop = true",
        "on = 'lan'\nkind = 'data'\nafter = '1s'\nfor = '1ms'\ngroup = '239.9.9.9'\ncorrupt = true",
    ] {
        comes_out(&format!("[[fault]]\n{fault}"), &claim, Vacuous);
    }
}

/// The tolerance widens one window and narrows the other one, so that both could pass.
#[test]
fn two_counts_of_one_time_that_contradict_each_other_are_refused() {
    let why = "of two expectations that contradict each other one is false";
    let late = "after = 'leave'\nwithin = '1s'";
    let asked = "packet = { on = 'lan', kind = 'group-specific-query', group = '239.1.1.1' }";
    let any = |count: &str, time: &str| format!("{QUERY}\ncount = {count}\n{time}");
    let one = |count: &str, time: &str| format!("{asked}\ncount = {count}\n{time}");
    let received = |count: &str, time: &str| format!("{TO_H1}\nreceived = {count}\n{time}");
    let order = |time: &str| {
        format!(
            "order = [{{ on = 'lan', kind = 'leave' }}, {{ on = 'lan', kind = 'query' }}]\n{time}"
        )
    };
    for (first, second, told) in [
        (any("0", late), any("'>= 1'", late), "at least 1 by this one, and none by"),
        (any("0", late), one("2", late), "at least 2 by this one, and none by"),
        (one("'>= 2'", late), any("'<= 1'", late), "at most 1 by this one, and at least 2 by"),
        (
            any("0", "after = '5s'\nwithin = '1s'"),
            one("1", "after = 'join + 4s'\nwithin = '500ms'"),
            "at least 1 by this one",
        ),
        (any("0", "after = 'leave'"), one("1", late), "at least 1 by this one"),
        (any("0", late), order(late), "at least 1 by this one"),
        (received("0", late), received("'>= 1'", late), "at least 1 by this one"),
        (
            format!("{TO_H1}\nnone-after = 'leave'\nfor = '1s'"),
            received("'5..6'", late),
            "at least 5 by this one",
        ),
        (
            format!("{TO_H1}\nleave-latency = '1050ms..3s'"),
            format!("{TO_H1}\nnone-after = '6s'"),
            "none by this one, and at least 1 by",
        ),
        (
            format!("{TO_H1}\njoin-latency = '50ms..2s'"),
            received("'>= 1'", "after = 'join'\nwithin = '50ms'"),
            "at least 1 by this one, and none by",
        ),
    ] {
        for pair in [[&first, &second], [&second, &first]] {
            let both = format!("{}\n[[expect]]\n{}", pair[0], pair[1]);
            refused(&both, "by that of line", why);
        }
        refused(&format!("{first}\n[[expect]]\n{second}"), told, why);
    }
}

#[test]
fn two_counts_that_can_both_be_true_are_taken() {
    let late = "after = 'leave'\nwithin = '1s'";
    let queries = |kind: &str, count: &str, time: &str| {
        format!("packet = {{ on = 'lan', kind = '{kind}' }}\ncount = {count}\n{time}")
    };
    let of_group = |group: &str, count: &str| {
        let packet = "on = 'lan', kind = 'group-specific-query'";
        format!("packet = {{ {packet}, group = '{group}' }}\ncount = {count}\n{late}")
    };
    for (first, second) in [
        (queries("v3-report", "0", late), queries("query", "'>= 1'", late)),
        // A damaged message is none of those that are asked for without a word of damage.
        (
            queries("query", "0", late),
            format!(
                "packet = {{ on = 'lan', kind = 'query', good-checksum = false }}\ncount = '>= 1'\n{late}"
            ),
        ),
        (of_group("239.1.1.2", "0"), of_group("239.1.1.1", "2")),
        (of_group("239.1.1.1", "'<= 2'"), queries("query", "'>= 2'", late)),
        (
            queries("group-specific-query", "0", "after = 'join'\nwithin = '4s'"),
            queries("group-specific-query", "'>= 1'", late),
        ),
        (
            queries("group-specific-query", "0", "after = '7s'\nwithin = '1s'"),
            queries("group-specific-query", "'>= 1'", "after = 'leave'"),
        ),
        (
            format!("{TO_H1}\nleave-latency = '900ms..1100ms'"),
            format!("{TO_H1}\nnone-after = 'leave + 1100ms'"),
        ),
    ] {
        for pair in [[&first, &second], [&second, &first]] {
            let both = format!("{}\n[[expect]]\n{}", pair[0], pair[1]);
            let plan = super::scenario("", "", &both);
            assert!(plan.is_ok(), "{}", plan.err().unwrap_or_default());
        }
    }
}
