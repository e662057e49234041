//! Limits at or above all that there can be, and counts of several times whose sums cannot be.

use castnet_lab::judge::Outcome::Pass;

use super::{ENTRY, QUERY, TO_H1, comes_out, refused};

const NEVER: &str = "can never fail";

/// s1 sends 1200 datagrams in the run, and 400 until 4 s; there is one router that could send each of
/// them on once.
#[test]
fn an_upper_limit_that_all_that_is_sent_keeps_is_refused() {
    for count in ["'<= 1201'", "'0..1201'", "'<= 1300'"] {
        refused(&format!("{TO_H1}\nreceived = {count}"), "received = ", NEVER);
        for from in ["", ", from = 'r1'"] {
            let data = format!("packet = {{ on = 'lan', kind = 'data'{from} }}");
            refused(&format!("{data}\ncount = {count}"), "count = ", NEVER);
        }
    }
    refused(&format!("mfc = {{ {ENTRY}, packets = '<= 500' }}\nat = '4s'"), "packets", NEVER);
    comes_out("", &format!("{TO_H1}\nreceived = '<= 1000'"), Pass);
    comes_out("", &format!("mfc = {{ {ENTRY}, packets = '<= 405' }}\nat = '4s'"), Pass);
    // Some slack above is no lie where some must come.
    comes_out("", &format!("{TO_H1}\nreceived = '390..1300'"), Pass);
}

#[test]
fn an_upper_limit_of_a_ttl_above_all_that_are_sent_is_refused() {
    refused(&format!("{TO_H1}\nttl = '2..255'"), "ttl = ", NEVER);
    refused(&format!("{TO_H1}\nttl = '31..33'"), "ttl = ", NEVER);
    comes_out("", &format!("{TO_H1}\nttl = '31..32'"), Pass);
}

#[test]
fn counts_of_several_times_whose_sums_contradict_each_other_are_refused() {
    let count = |count: &str, from: &str, time: &str| {
        format!("{QUERY}\ncount = {count}\nafter = '{from}'\nwithin = '{time}'")
    };
    let why = "of expectations whose sums contradict each other one is false";
    let all = |each: [String; 3]| each.join("\n[[expect]]\n");
    let halves = |each: &str| [count(each, "join", "4s"), count(each, "leave", "4s")];
    let [first, second] = halves("'>= 2'");
    refused(&all([count("3", "join", "8s"), first, second]), "at least 4 in all by those of", why);
    let [first, second] = halves("'<= 2'");
    let told = "at least 5 in all by that of";
    refused(&all([count("'>= 5'", "join", "8s"), first.clone(), second.clone()]), told, why);
    let late = count("'>= 5'", "join + 500ms", "7s");
    refused(&all([second, late, first]), told, why);
    // An overlap may have all of them, and a gap any number.
    let overlap = [count("'>= 2'", "join", "5s"), count("'>= 2'", "leave", "4s")];
    let [first, second] = overlap;
    assert!(super::scenario("", "", &all([count("3", "join", "8s"), first, second])).is_ok());
    let gap = [count("'<= 2'", "join", "3s"), count("'<= 2'", "leave", "4s")];
    let [first, second] = gap;
    assert!(super::scenario("", "", &all([count("'>= 5'", "join", "8s"), first, second])).is_ok());
}
