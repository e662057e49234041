//! What the laboratory itself sends says nothing about a device.

use castnet_lab::judge::Outcome::Pass;

use super::{QUERY, comes_out, refused_with, vacuous};

const LEAVE: &str =
    "[[act]]\nat = '6s'\ninject = { who = 'i1', kind = 'leave', group = '239.1.1.4' }";
const OWN: &str = "packet = { on = 'lan', kind = 'leave', from = 'i1' }\ncount = 1";

#[test]
fn a_file_may_not_consist_of_it() {
    let why = "the laboratory itself sends this";
    let step = |kind: &str| format!("{{ on = 'lan', kind = '{kind}', from = 'i1' }}");
    for own in [
        OWN.to_owned(),
        "packet = { on = 'up', kind = 'data', from = 's1' }\ncount = '>= 100'".to_owned(),
        format!("order = [{}, {}]", step("leave"), step("v2-report")),
    ] {
        refused_with("", LEAVE, &own, "[[expect]]", why);
        refused_with("", LEAVE, &format!("{own}\n[[expect]]\n{OWN}"), "[[expect]]", why);
        // Beside another one it says what that one is about.
        if !own.starts_with("order") {
            comes_out(LEAVE, &format!("{own}\n[[expect]]\n{QUERY}\ncount = '>= 1'"), Pass);
        }
    }
}

#[test]
fn it_shows_no_clause() {
    let other = format!("{QUERY}\ncount = '>= 1'");
    let with = |proves: &str| format!("{OWN}\n{proves}\n[[expect]]\n{other}");
    let (top, host) = ("proves = ['RFC2236-3-17']", "RFC2236-3-17");
    refused_with(top, LEAVE, &with(""), host, "no expectation shows");
    refused_with("", LEAVE, &with(top), host, "the laboratory itself sends this");
}

/// Without a sender it is claimed of devices, of which none did it.
#[test]
fn what_only_the_laboratory_has_sent_proves_nothing() {
    let leave = "packet = { on = 'lan', kind = 'leave', group = '239.1.1.4' }\ncount = '>= 1'";
    vacuous(LEAVE, leave);
    let data = "packet = { on = 'up', kind = 'data' }\ncount = '>= 100'";
    vacuous("", data);
    comes_out("", &data.replace("'up'", "'lan'"), Pass);
}

#[test]
fn clauses_for_a_family_that_no_run_is_of_are_refused() {
    let why = "no run shows these clauses";
    let query = format!("{QUERY}\ncount = '>= 1'");
    let both = "{ ipv4 = ['RFC2236-3-06'], ipv6 = ['RFC2710-4-01'] }";
    refused_with(&format!("proves = {both}"), "", &query, "RFC2710-4-01", why);
    refused_with("", "", &format!("{query}\nproves = {both}"), "RFC2710-4-01", why);
    let one = "{ ipv4 = ['RFC2236-3-06'], ipv6 = [] }";
    assert!(super::scenario(&format!("proves = {one}"), "", &query).is_ok());
}

#[test]
fn a_fault_that_nobody_can_see_is_refused() {
    for delay in ["0s", "1ns", "9us"] {
        let fault = format!("[[fault]]\non = 'lan'\nkind = 'query'\ndelay = '{delay}'");
        let query = format!("{QUERY}\ncount = '>= 1'");
        refused_with("", &fault, &query, "delay = ", "`delay` is at least 10us");
    }
}
