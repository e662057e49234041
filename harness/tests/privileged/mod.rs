//! What tests on the running kernel have in common. They have a `main` of their own, because a user
//! namespace can only be entered before any thread is started. Without the right to make namespaces they are
//! ignored, and that is said; or they fail if CASTNET_REQUIRE_NETNS=1.

use std::process::ExitCode;

use castnet_lab::lab::privilege;
use libtest_mimic::{Arguments, Failed, Trial};

/// Runs them, where they can run.
pub(crate) fn run(arguments: &Arguments, mut trials: Vec<Trial>) -> ExitCode {
    // When they are only listed too: nextest takes the ignored ones from the list.
    if let Err(refusal) = privilege::enter() {
        let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
        assert!(!required, "{refusal}");
        eprintln!("SKIPPED (no privilege): {refusal}");
        trials = trials.into_iter().map(|trial| trial.with_ignored_flag(true)).collect();
    }
    libtest_mimic::run(arguments, trials).exit_code()
}

/// One of them, on a runtime of its own.
#[allow(dead_code, reason = "some have another kind of test")]
pub(crate) fn trial<F: Future<Output = ()>>(
    name: &str,
    body: impl Fn() -> F + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Failed::from)?.block_on(body());
        Ok(())
    })
}
