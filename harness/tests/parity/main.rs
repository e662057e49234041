//! The models of the simulator against the running kernel: each script is played on both, and what
//! they do is compared.
//!
//! It has a `main` of its own for the reason that `lab.rs` gives. The scripts mostly wait, and so are
//! played side by side.

mod ground;
mod host;
mod host_scripts;
mod packets;
mod script;

use castnet_lab::lab::privilege;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let mut args = Arguments::from_args();
    if !args.list
        && let Err(refusal) = privilege::enter()
    {
        let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
        assert!(!required, "{refusal}");
        eprintln!("SKIPPED (no privilege): {refusal}");
        return;
    }
    let trials = vec![
        trial("host::v3_changes", host_scripts::v3_changes),
        trial("host::v3_answers", host_scripts::v3_answers),
        trial("host::v3_suppression", host_scripts::v3_suppression),
        trial("host::v3_many_groups", host_scripts::v3_many_groups),
        trial("host::v3_robustness", host_scripts::v3_robustness),
        trial("host::v3_down_and_up", host_scripts::v3_down_and_up),
        trial("host::v2_unsolicited", host_scripts::v2_unsolicited),
        trial("host::v1_unsolicited", host_scripts::v1_unsolicited),
        trial("host::v2_sockets", host_scripts::v2_sockets),
        trial("host::v2_queries", host_scripts::v2_queries),
        trial("host::v2_suppression", host_scripts::v2_suppression),
        trial("host::v2_down_and_up", host_scripts::v2_down_and_up),
        trial("host::falling_back", host_scripts::falling_back),
        trial("host::forced_3_and_older_queries", host_scripts::forced_3_and_older_queries),
        trial("host::forced_2_and_version_1_queries", host_scripts::forced_2_and_version_1_queries),
        trial("host::what_is_heard", host_scripts::what_is_heard),
        trial("host::link_local_groups", host_scripts::link_local_groups),
    ];
    args.test_threads.get_or_insert(trials.len());
    libtest_mimic::run(&args, trials).exit();
}

fn trial<F: Future<Output = ()>>(name: &str, body: impl Fn() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Failed::from)?.block_on(body());
        Ok(())
    })
}
