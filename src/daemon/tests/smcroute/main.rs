//! smcrouted and smcroutectl beside smcroute's own, in network namespaces.
//!
//! The network: source - (e0) r1 (e1) - host. Where smcroute is not there, what needs it is ignored with a
//! message, or fails if CASTNET_REQUIRE_PEERS=1.

mod alone;
mod bench;
mod benched;
mod pairs;
#[path = "../../../../harness/tests/privileged/mod.rs"]
mod privileged;
#[path = "../live/rig.rs"]
#[allow(dead_code, reason = "what other suites need of it")]
mod rig;
#[path = "../serving.rs"]
#[allow(dead_code, reason = "what other suites need of it")]
mod serving;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use privileged::fallible as trial;

fn main() -> ExitCode {
    let required = std::env::var_os("CASTNET_REQUIRE_PEERS").is_some_and(|value| value == "1");
    let is_missing = bench::theirs("smcrouted").is_none() && !required;
    if is_missing {
        eprintln!("SKIPPED: smcroute's own programs are not there");
    }
    let trials = vec![
        trial("every_verb_does_and_says_the_same_in_all_pairs_of_programs", pairs::verbs)
            .with_ignored_flag(is_missing),
        trial("callers_of_smcroute_need_no_change", alone::callers),
        trial("a_wrong_file_changes_nothing_and_is_named", alone::typo),
        trial("clients_that_stall_or_leave_early_hold_nobody_up", alone::strangers),
        trial("an_interface_that_returns_is_forwarded_to_again", alone::returns),
        trial("routes_of_every_kind_forward_in_both_families", benched::kinds),
        trial("a_command_hears_of_loads_and_of_flows", alone::hook),
        trial("the_exit_code_says_what_was_wrong", alone::codes),
    ];
    privileged::run(&Arguments::from_args(), trials)
}
